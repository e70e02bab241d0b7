/** What is seen on the platform, parsed: unknown fields dropped, unknown states kept as text and treated as "not ready". */
import type { AppName, Digest, InstanceId, MachineId, OrgSlug, RegionCode, VolumeId } from './ids.ts';
import type { MachineConfig, MachineGuest } from './machine-config.ts';
import type { Instant } from './units.ts';

/** Open set: the platform may add states. Known ones: created, started, stopped, suspended, failed, creating, starting, stopping,
 *  restarting, suspending, destroying, updating, replacing, launch_failed, destroyed, replaced, migrated. */
export type MachineState = string;

export interface ObservedImage {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}
export interface ObservedCheck {
  readonly name: string;
  /** `passing`, `warning`, `critical`, or a word we do not know. */
  readonly status: string;
  readonly output: string;
  /** Last change of status. */
  readonly updatedAt: Instant | null;
}
export interface ObservedExit {
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly requestedStop: boolean;
  readonly restarting: boolean;
  readonly restartCount: number;
}
export interface ObservedEvent {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  /** `user`, `flyd`, `proxy`, … */
  readonly source: string;
  readonly at: Instant;
  readonly exit?: ObservedExit;
}
export interface ObservedMachine {
  readonly id: MachineId;
  readonly name: string;
  readonly app: AppName;
  readonly region: RegionCode;
  readonly state: MachineState;
  readonly instanceId: InstanceId;
  /** `ok`, `unknown`, `unreachable`. Anything but `ok`: config is not to be believed. */
  readonly hostStatus: string;
  readonly cordoned: boolean;
  /** Null when the host is not ok (`incomplete_config`). */
  readonly config: MachineConfig | null;
  /** Metadata of the config, also given on sick hosts when the platform still tells it. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly image: ObservedImage;
  readonly checks: readonly ObservedCheck[];
  /** Newest first. */
  readonly events: readonly ObservedEvent[];
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly privateIp: string | null;
}
/** An entry of the organization-wide list: no checks, services, env or cordon. */
export interface OrgMachine {
  readonly id: MachineId;
  readonly app: AppName;
  readonly name: string;
  readonly region: RegionCode;
  readonly state: MachineState;
  readonly instanceId: InstanceId;
  readonly updatedAt: Instant;
  readonly createdAt: Instant;
  readonly metadata: Readonly<Record<string, string>>;
  /** Absent: not told. */
  readonly guest?: MachineGuest;
}
export interface OrgMachinePicture {
  readonly machines: readonly OrgMachine[];
  /** Regions that are missing: absence there is not deletion. */
  readonly errorRegions: readonly RegionCode[];
  readonly lastUpdatedAt: Instant | null;
}
export interface ObservedVolume {
  readonly id: VolumeId;
  readonly app: AppName;
  readonly name: string;
  readonly state: string;
  readonly region: RegionCode;
  readonly sizeGb: number;
  readonly encrypted: boolean;
  readonly hostStatus: string;
  readonly attachedMachine: MachineId | null;
  readonly snapshotRetention: number | null;
  readonly createdAt: Instant;
}
export interface ObservedSnapshot {
  readonly id: string;
  readonly sizeBytes: number;
  readonly createdAt: Instant | null;
}
export type AddressType = 'v4' | 'v6' | 'shared_v4' | 'private_v6';
export interface ObservedAddress {
  readonly ip: string;
  readonly type: AddressType;
  readonly region: string | null;
  readonly createdAt: Instant | null;
}
/** A static egress address, by its v4. */
export interface ObservedEgress {
  readonly ip: string;
  readonly region: string;
  /** Null: the app's, for all its machines in the region. */
  readonly machine: MachineId | null;
  readonly updatedAt: Instant | null;
}
export interface ObservedCertificate {
  readonly hostname: string;
  readonly configured: boolean;
  /** The platform's word: `active`, `pending…`. */
  readonly status: string;
  readonly expiresAt: Instant | null;
  /** Absent: not told. */
  readonly createdAt?: Instant;
}
export interface ObservedSecret {
  readonly name: string;
  readonly digest: string;
  readonly createdAt: Instant | null;
  readonly updatedAt: Instant | null;
}
export interface ObservedLease {
  readonly owner: string;
  readonly description: string;
  readonly expiresAt: Instant;
  readonly version: InstanceId;
}
/** A release in the platform's own list. */
export interface ObservedRelease {
  readonly id: string;
  readonly version: number;
  /** `pending`, `running`, `complete`, `failed`, `interrupted`. */
  readonly status: string;
  readonly user: string | null;
  readonly imageRef: string | null;
  readonly createdAt: Instant;
}
export interface ObservedAppInfo {
  readonly name: AppName;
  readonly organization: OrgSlug;
  readonly status: string;
  readonly network: string;
  /** Absent: not told. */
  readonly volumes?: number;
}
/** One authoritative per-app read. `complete` is false when any part failed or the picture is known to be partial: nothing is deleted on it. */
export interface ObservedApp {
  readonly app: AppName;
  /** Null: the app does not exist. */
  readonly info: ObservedAppInfo | null;
  readonly machines: readonly ObservedMachine[];
  readonly volumes: readonly ObservedVolume[];
  readonly addresses: readonly ObservedAddress[];
  readonly certificates: readonly ObservedCertificate[];
  readonly secrets: readonly ObservedSecret[];
  /** The platform's newest release; null when there is none. */
  readonly currentRelease: ObservedRelease | null;
  readonly observedAt: Instant;
  readonly complete: boolean;
}

export const isActive = (machine: { readonly state: MachineState }): boolean =>
  machine.state !== 'destroyed' && machine.state !== 'destroying';
export const isStarted = (machine: { readonly state: MachineState }): boolean => machine.state === 'started';
