/** What the engine asks of the world beside the platform. */
import type { Cause } from '#domain/change.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { AppName, EnvironmentName, IntentId } from '#domain/ids.ts';
import type { AppMemory } from '#domain/memory.ts';
import type { Result } from '#domain/result.ts';
import type { SecretRecord } from '#domain/secret-picture.ts';
import type { Instant } from '#domain/units.ts';
import type { AnyStep } from '#kinds/registry.ts';
import type { ApprovalRow } from '#platform/store/port.ts';

export type Stored<T> = Promise<Result<T, TrimtabError>>;

export interface AppState {
  /** Rises with every writer that takes the app over; an intent is opened only under the newest. */
  readonly generation: number;
  readonly memory: AppMemory;
  readonly status: AppStatus | null;
  /** Nothing was stored of this app: memory is rebuilt from stamps. */
  readonly fresh: boolean;
}
export interface NewIntent {
  readonly id: IntentId;
  readonly key: string;
  readonly environment: EnvironmentName;
  readonly app: AppName;
  readonly generation: number;
  readonly step: IntentStep;
  readonly at: Instant;
}
/** A step as it is written down before its call: enough to look it up, and to tell people about it. */
export interface IntentStep extends AnyStep {
  readonly cause: Cause;
  readonly why: string;
}
export interface OpenIntent extends Omit<NewIntent, 'at'> {
  readonly openedAt: Instant;
}
/** `busy`: one is open for this key already · `stale`: somebody else took the app over · `halted`: a person's halt stands in the store. */
export type Opened = 'opened' | 'busy' | 'stale' | 'halted';
/** What others may have changed of an app since this process looked: read before its memory is believed. */
export interface Situation {
  /** Null: nobody ever took the app. */
  readonly generation: number | null;
  /** Of its environment: the accepted revision, and the version of the release book. */
  readonly accepted: string | null;
  readonly book: number;
  readonly intents: readonly OpenIntent[];
  readonly approvals: readonly ApprovalRow[];
  /** Of the apps asked for, as they were saved last. */
  readonly others: readonly SavedStatus[];
}
export interface SavedStatus {
  readonly environment: EnvironmentName;
  readonly app: AppName;
  readonly generation: number;
  readonly status: AppStatus;
}
export type IntentEnd = 'landed' | 'failed' | 'absent';

export interface AuditRow {
  readonly at: Instant;
  readonly actor: string;
  readonly environment: EnvironmentName;
  readonly app: AppName | null;
  /** `kind/subject pointer`, or a verb. */
  readonly what: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly why: string;
  readonly result: string;
}
export interface AppStore {
  /** Takes the app over: a new generation, above `atLeast` (the highest stamp seen). */
  takeApp(environment: EnvironmentName, app: AppName, atLeast: number, signal: AbortSignal): Stored<AppState>;
  /** Without taking it over. */
  readApp(environment: EnvironmentName, app: AppName, signal: AbortSignal): Stored<AppState>;
  situation(environment: EnvironmentName, app: AppName, others: readonly AppName[], signal: AbortSignal): Stored<Situation>;
  /** Fails with FLY_CANCELLED when somebody else took the app over. A null status leaves the stored one as it is. */
  saveApp(environment: EnvironmentName, app: AppName, state: Omit<AppState, 'fresh'>, signal: AbortSignal): Stored<void>;
  /** What a pass that failed has to tell; its memory stays. */
  saveStatus(environment: EnvironmentName, app: AppName, generation: number, status: AppStatus, signal: AbortSignal): Stored<void>;
  /** Nothing is left of it. */
  forgetApp(environment: EnvironmentName, app: AppName, generation: number, signal: AbortSignal): Stored<void>;
  openIntent(intent: NewIntent, signal: AbortSignal): Stored<Opened>;
  closeIntent(id: IntentId, end: IntentEnd, note: string, at: Instant, signal: AbortSignal): Stored<void>;
  audit(rows: readonly AuditRow[], signal: AbortSignal): Stored<void>;
  secrets(environment: EnvironmentName, app: AppName, signal: AbortSignal): Stored<readonly SecretRecord[]>;
  saveSecrets(environment: EnvironmentName, app: AppName, records: readonly SecretRecord[], signal: AbortSignal): Stored<void>;
}
export interface AppStoreDep {
  readonly store: AppStore;
}
/** Writes are stopped by a person or by configuration: the reason; null when they are allowed. */
export interface HaltDep {
  readonly halted: (environment: EnvironmentName) => string | null;
}
