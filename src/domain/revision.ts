/** A revision: one accepted state of the desired-state folder, compiled. Nothing in it depends on git, on the process environment or on the
 *  platform any more, and it holds no secret value. Rollback, pins, approvals and "last good" refer to its id (content hash). */
import type { CompiledSmoke } from './compile-smoke.ts';
import type { BudgetDocument, EnvironmentDocument } from './desired-schema.ts';
import type { SecretDeclaration } from './desired-sources.ts';
import type { AppName, ConfigHash, Digest, EnvironmentName, GroupName, OrgSlug, RegionCode } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { MachineConfig } from './machine-config.ts';
import type { MigrationFile, MigrationFormat } from './migrations/files.ts';
import type { AddressType } from './observed.ts';
import type { Ms } from './units.ts';

/** Rises when compiled documents of the same sources would differ. */
export const COMPILER_VERSION = 2;

export interface CompiledEnvironment {
  readonly compilerVersion: number;
  readonly name: EnvironmentName;
  readonly organization: OrgSlug;
  readonly protection: 'production' | 'none';
  readonly primaryRegion: RegionCode | null;
  readonly owners: readonly Owner[];
  readonly sync: SyncPolicy;
  /** Sorted by name. */
  readonly apps: readonly CompiledApp[];
  /** Checked and kept: what is not part of a machine. */
  readonly declared?: DeclaredEnvironment;
}
/** What an environment says beside its apps; no secret value. */
export interface DeclaredEnvironment {
  /** Names of the variables that hold the tokens. */
  readonly credentials: { readonly fly: string; readonly neon: string };
  readonly envPrefix: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Variables of the process that shaped this revision: the controller's own poll compiles with them again. */
  readonly lookups: Readonly<Record<string, string | null>>;
  /** Sorted by name. */
  readonly budgets: readonly BudgetDocument[];
  readonly approval?: EnvironmentDocument['spec']['approval'];
  readonly database?: EnvironmentDocument['spec']['database'];
  /** Encrypted file that the database's address comes from, by path. */
  readonly sealed?: Readonly<Record<string, string>>;
  /** The files themselves: a release runs those of its own revision, whatever came after it. */
  readonly migrations?: CompiledMigrations;
  readonly smoke?: CompiledSmoke;
  readonly notify?: EnvironmentDocument['spec']['notify'];
}
export interface CompiledMigrations {
  /** Null: a tool of the team reads them. */
  readonly format: MigrationFormat | null;
  readonly files: readonly MigrationFile[];
  readonly command: readonly string[] | null;
  /** Hash over what would be run. */
  readonly set: string;
  readonly timeout: Ms;
  /** 0: none but the whole deadline. */
  readonly statementTimeout: Ms;
  readonly lockTimeout: Ms;
}
export interface Owner {
  readonly name: string;
  readonly slack?: string;
  readonly email?: string;
}
export type SyncMode = 'observe' | 'manual' | 'automatic';
export interface SyncPolicy {
  readonly mode: SyncMode;
  readonly selfHeal: { readonly enabled: boolean; readonly grace: Ms };
  readonly prune: {
    readonly enabled: boolean;
    readonly maxDeletes: number;
    readonly holdFor: Ms;
    /** Said only where it is asked for. */
    readonly quarantine?: true;
  };
  readonly windows: readonly SyncWindow[];
}
export interface SyncWindow {
  readonly kind: 'allow' | 'deny';
  /** Five-field cron expression of the window's start. */
  readonly cron: string;
  readonly duration: Ms;
  readonly timeZone: string;
  readonly holds: readonly ('releases' | 'corrections')[];
}
export interface CompiledApp {
  /** `metadata.name`: what `dependsOn` refers to. */
  readonly name: string;
  readonly app: AppName;
  readonly labels: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  /** True: not created, compared or touched; `groups` is empty. */
  readonly excluded: boolean;
  readonly adopt: boolean;
  readonly visibility: 'public' | 'private' | null;
  readonly dependsOn: readonly string[];
  readonly sync: SyncPolicy;
  readonly primaryRegion: RegionCode | null;
  /** Null: keep what runs. */
  readonly image: CompiledImage | null;
  readonly groups: readonly CompiledGroup[];
  /** Address types the app must have; null: not managed (nothing is asked, nothing is drift). */
  readonly addresses: readonly AddressType[] | null;
  /** Hostnames the app must have a certificate for; null: not managed. */
  readonly certificates: readonly string[] | null;
  readonly rollout: Rollout;
  /** fly.toml as JSON: the definition our platform releases carry. */
  readonly definition: JsonObject;
  /** Names, sources and rules of its secrets; never a value that is secret. */
  readonly secrets?: Readonly<Record<string, SecretDeclaration>>;
  /** Files of its `sops` sources as they are in git, encrypted, by path: a revision needs no git to go back to. */
  readonly sealed?: Readonly<Record<string, string>>;
  /** Secrets on the platform that are not declared here. */
  readonly unknownSecrets?: 'report' | 'ignore' | 'prune';
  /** Runs once per platform release, before a machine is written. */
  readonly releaseCommand?: CompiledCommand;
}
export interface CompiledCommand {
  /** As fly.toml writes it. */
  readonly line: string;
  /** Whole, without image, stamp and release; without `guest` the largest of a group is taken. */
  readonly config: MachineConfig;
  readonly guestOf: string;
  /** Null: no limit. */
  readonly timeout: Ms | null;
}
export interface CompiledImage {
  /** As written in git: `repo:tag` or `repo@digest`. */
  readonly reference: string;
  /** Resolved when the string first appeared or changed for this app; null when the registry could not tell. */
  readonly digest: Digest | null;
}
export interface Rollout {
  readonly strategy: 'rolling' | 'immediate';
  /** Below 1: share of the group; from 1: machines. */
  readonly maxUnavailable: number;
  /** `auto`: a group of one without a volume gets a second machine first. */
  readonly surge: 'auto' | number;
  readonly waitTimeout: Ms;
}
export interface CompiledGroup {
  readonly name: GroupName;
  /** What trimtab owns of a machine's config: without image, metadata of releases, stamps and mount placement. */
  readonly config: MachineConfig;
  readonly ownership: Ownership;
  /** Hash over the owned view of `config` (image excluded: it is compared by digest). */
  readonly hash: ConfigHash;
  /** In order of preference: first the primary region. */
  readonly regions: readonly RegionCount[];
  /** `keep`: git states no counts, so machines of other regions stay and count. Absent: machines of other regions are surplus. */
  readonly elsewhere?: 'keep';
  /** At least so many started in the primary region. */
  readonly minMachinesRunning: number;
  readonly autostop: 'off' | 'stop' | 'suspend';
  /** Stopped on purpose for a while, its machines and their content left as they are. Never from git. */
  readonly resting?: true;
  /** At most one mount per machine. */
  readonly mount: CompiledMount | null;
}
export interface Ownership {
  /** `[[vm]]` or the YAML's `vm` states it; otherwise the live guest is kept. */
  readonly guest: boolean;
  /** Kept keys that were stated all the same (`schedule`, `dns`, …), top-level names of the config. */
  readonly stated: readonly string[];
  /** JSON pointers into the config whose live value is copied into every write and never compared. */
  readonly ignored: readonly string[];
}
export interface RegionCount {
  readonly region: RegionCode;
  readonly min: number;
  /** Equal to `min` for an exact count. */
  readonly max: number;
}
export interface CompiledMount {
  readonly name: string;
  readonly path: string;
  /** For a volume that has to be made. */
  readonly initialSizeGb: number;
  readonly snapshotRetention: number | null;
  readonly scheduledSnapshots: boolean | null;
}
