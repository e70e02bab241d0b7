/** State that outlives the process. Every method answers with a value: STORE_UNAVAILABLE when the database cannot be reached, STORE_FOREIGN
 *  when it belongs to another platform or organization. Payloads are JSON; the rooms that own them parse them. */
import type { TrimtabError } from '#domain/errors.ts';
import type { Json } from '#domain/json.ts';
import type { Result } from '#domain/result.ts';
import type { AuditEntry, AuditStore } from './audit-port.ts';
import type { LoginStore } from './login-port.ts';
import type { MeterStore } from './meter-port.ts';
import type { OutboxStore } from './outbox-port.ts';

export type { AuditEntry };

export type Stored<T> = Promise<Result<T, TrimtabError>>;
/** Instants are milliseconds since 1970; money is integer micro-dollars. */
export interface AppRow {
  readonly generation: number;
  readonly memory: Json | null;
  readonly status: Json | null;
}
/** Who writes an app's state, and under which generation. */
export interface Writer {
  readonly writer: string;
  readonly generation: number;
}
export interface IntentRow {
  readonly id: string;
  readonly key: string;
  readonly environment: string;
  readonly app: string;
  readonly generation: number;
  readonly step: Json;
  readonly at: number;
}
export type IntentOpened = 'opened' | 'busy' | 'stale' | 'halted';
/** `stale`: somebody else took the app over, and nothing was written. */
export type AppSaved = 'saved' | 'stale';
export type IntentEnd = 'landed' | 'failed' | 'absent';
export interface RevisionRow {
  readonly environment: string;
  readonly id: string;
  readonly sourceHash: string;
  readonly commit: Json | null;
  readonly document: Json;
  readonly acceptedAt: number;
}
export interface EnvironmentRow {
  readonly accepted: string | null;
  readonly applied: string | null;
  readonly lastGood: string | null;
}
export interface HaltRow {
  /** `*`: everything; else an environment. */
  readonly scope: string;
  readonly by: string;
  readonly reason: string;
  readonly since: number;
}
export interface ApprovalRow {
  readonly environment: string;
  /** `*`: every app of the environment. */
  readonly app: string;
  readonly revision: string;
  readonly by: string;
  readonly at: number;
}
/** What is under way, pinned, overridden or paused in one environment. */
export interface ReleaseBookRow {
  /** Rises with every write. */
  readonly version: number;
  readonly book: Json;
}
export interface ReleaseRow {
  readonly environment: string;
  readonly number: number;
  readonly release: Json;
}
/** What is true of an app at one moment, whoever made it so. */
export interface SituationRow {
  /** Null: nobody ever took the app. */
  readonly generation: number | null;
  /** Of its environment: the accepted revision, and the version of the release book (0: none). */
  readonly accepted: string | null;
  readonly book: number;
  readonly intents: readonly IntentRow[];
  /** For the app, and for the whole environment. */
  readonly approvals: readonly ApprovalRow[];
  /** Of the other apps asked for. */
  readonly statuses: readonly StatusRow[];
}
export interface StatusRow {
  readonly environment: string;
  readonly app: string;
  readonly generation: number;
  readonly status: Json;
}
export interface StatusRows {
  readonly rows: readonly StatusRow[];
  /** To ask on from. */
  readonly cursor: number;
}
export interface ObservationRow {
  readonly organization: string;
  readonly at: number;
}

/** One declared secret as it was last written, or found. Never a value. */
export interface SecretRow {
  readonly name: string;
  /** Of the key its fingerprints were made with. */
  readonly keyId: string;
  readonly fingerprint: string | null;
  readonly digest: string;
  readonly version: number | null;
  readonly staged: boolean;
  readonly since: number;
  readonly setAt: number | null;
  readonly older: readonly string[];
}
export interface Store extends MeterStore, LoginStore, AuditStore, OutboxStore {
  /** Remembers what this state is about, and refuses another: `platform` and `organization` among the facts. */
  claimIdentity(facts: Readonly<Record<string, string>>, signal: AbortSignal): Stored<void>;
  /** Takes an app over: a new generation, above the stored one and above `atLeast`. */
  takeApp(environment: string, app: string, atLeast: number, signal: AbortSignal): Stored<AppRow>;
  /** Without taking it: null when nobody ever did. */
  readApp(environment: string, app: string, signal: AbortSignal): Stored<AppRow | null>;
  /** Null leaves what is stored as it is. */
  saveApp(environment: string, app: string, by: Writer, state: Pick<AppRow, 'memory' | 'status'>, signal: AbortSignal): Stored<AppSaved>;
  apps(environment: string, signal: AbortSignal): Stored<readonly string[]>;
  /** An app of which nothing is left; its history stays. Somebody who took it over meanwhile keeps it. */
  forgetApp(environment: string, app: string, generation: number, signal: AbortSignal): Stored<void>;
  /** `stale` when the generation is not the app's newest, `busy` when an intent is open for this key, `halted` while a person's halt stands. */
  openIntent(intent: IntentRow, signal: AbortSignal): Stored<IntentOpened>;
  closeIntent(id: string, end: IntentEnd, note: string, at: number, signal: AbortSignal): Stored<void>;
  saveRevision(revision: RevisionRow, signal: AbortSignal): Stored<void>;
  revision(environment: string, id: string, signal: AbortSignal): Stored<RevisionRow | null>;
  environment(name: string, signal: AbortSignal): Stored<EnvironmentRow>;
  saveEnvironment(name: string, row: EnvironmentRow, signal: AbortSignal): Stored<void>;
  situation(environment: string, app: string, others: readonly string[], signal: AbortSignal): Stored<SituationRow>;
  /** Statuses that others than `writer` saved since `after` (0: all); some may be told twice. */
  statuses(after: number, writer: string, signal: AbortSignal): Stored<StatusRows>;
  /** Who looks at an organization now, and when this process saw it last (null: not yet); answers who looked before. */
  watchOrganization(organization: string, writer: string, seenAt: number | null, signal: AbortSignal): Stored<string | null>;
  /** How long to wait for one's turn, when one is given every `every` milliseconds to all processes together. */
  takeTurn(name: string, every: number, signal: AbortSignal): Stored<number>;
  /** When each organization was last seen, by whomever. */
  observations(signal: AbortSignal): Stored<readonly ObservationRow[]>;
  halts(signal: AbortSignal): Stored<readonly HaltRow[]>;
  halt(row: HaltRow, signal: AbortSignal): Stored<void>;
  unhalt(scope: string, signal: AbortSignal): Stored<void>;
  approvals(environment: string, signal: AbortSignal): Stored<readonly ApprovalRow[]>;
  approve(row: ApprovalRow, signal: AbortSignal): Stored<void>;
  endApproval(environment: string, app: string, signal: AbortSignal): Stored<void>;
  releaseBook(environment: string, signal: AbortSignal): Stored<ReleaseBookRow | null>;
  /** `version`: as it was read, 0 for a first book. Answers the new version; null when somebody else wrote since, and nothing is written. */
  saveReleaseBook(environment: string, book: Json, version: number, signal: AbortSignal): Stored<number | null>;
  /** By environment and number: written again as it goes on. */
  saveRelease(row: ReleaseRow, signal: AbortSignal): Stored<void>;
  /** Newest first. */
  releases(environment: string, limit: number, signal: AbortSignal): Stored<readonly ReleaseRow[]>;
  /** By name. */
  secrets(environment: string, app: string, signal: AbortSignal): Stored<readonly SecretRow[]>;
  /** Writes over the rows of these names; all or none. */
  saveSecrets(environment: string, app: string, rows: readonly SecretRow[], signal: AbortSignal): Stored<void>;
  close(): Promise<void>;
}
export interface StoreDep {
  readonly store: Store;
}
