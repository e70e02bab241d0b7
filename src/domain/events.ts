/** What the engine tells. Metrics, log lines and the flight recorder are subscribers; the engine knows none of them. */

import type { BudgetLevel, BudgetNews } from './budget.ts';
import type { Cause, FieldGroup, KindName, Verb } from './change.ts';
import type { AppStatus } from './condition.ts';
import type { ErrorCode } from './errors.ts';
import type { AppName, Digest, EnvironmentName, OrgSlug, RevisionId } from './ids.ts';
import type { HoldReason } from './plan.ts';
import type { FailureReason, ReleaseKind, ReleasePhase } from './release.ts';
import type { Owner } from './revision.ts';
import type { Instant, Ms } from './units.ts';

interface Of {
  readonly environment: EnvironmentName;
  readonly app: AppName;
}
interface OfRelease {
  readonly environment: EnvironmentName;
  readonly number: number;
  readonly kind: ReleaseKind;
}
interface StepOf extends Of {
  readonly kind: KindName;
  readonly verb: Verb;
  readonly subject: string;
  readonly cause: Cause;
  readonly why: string;
}
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly rule: string;
  readonly message: string;
  readonly remedy: string;
}
export type PassResult = 'synced' | 'progress' | 'held' | 'failed' | 'unknown';
export type Event =
  | { readonly type: 'ControllerStarted'; readonly version: string; readonly environments: readonly EnvironmentName[] }
  | { readonly type: 'ControllerStopped' }
  | {
      readonly type: 'RevisionAccepted';
      readonly environment: EnvironmentName;
      readonly revision: RevisionId;
      readonly apps: number;
      readonly commit: string | null;
      readonly warnings: readonly Problem[];
    }
  | { readonly type: 'RevisionRefused'; readonly environment: EnvironmentName; readonly problems: readonly Problem[] }
  | { readonly type: 'TargetChanged'; readonly environment: EnvironmentName; readonly from: RevisionId | null; readonly to: RevisionId }
  /** Somebody forced the branch: the commit read before is no longer in it. */
  | { readonly type: 'SourceRewritten'; readonly environment: EnvironmentName; readonly commit: string | null }
  | { readonly type: 'SourceFailed'; readonly code: ErrorCode; readonly message: string }
  | ({ readonly type: 'AppAdopted'; readonly machines: number } & Of)
  /** The tag that git names points to another image; what was resolved goes on. */
  | ({ readonly type: 'ImageTagMoved'; readonly reference: string; readonly from: Digest; readonly to: Digest } & Of)
  | ({ readonly type: 'DriftSeen'; readonly drift: DriftFact; readonly correctAt: Instant | null; readonly keep: string } & Of)
  | ({ readonly type: 'DriftCorrected'; readonly drift: DriftFact; readonly after: Ms } & Of)
  /** It went away without us. */
  | ({ readonly type: 'DriftGone'; readonly drift: DriftFact; readonly after: Ms } & Of)
  | ({ readonly type: 'StepStarted' } & StepOf)
  | ({
      readonly type: 'StepFinished';
      readonly result: 'landed' | 'failed' | 'ambiguous';
      readonly code: ErrorCode | null;
      readonly message: string;
      readonly took: Ms;
    } & StepOf)
  /** A call cut off by a crash or a timeout, looked up. */
  | ({ readonly type: 'IntentRecovered'; readonly key: string; readonly outcome: 'landed' | 'absent' } & Of)
  | ({
      readonly type: 'HoldBegan';
      readonly reason: HoldReason;
      readonly subject: string | null;
      readonly message: string;
      readonly remedy: string;
    } & Of)
  | ({ readonly type: 'HoldEnded'; readonly reason: HoldReason; readonly subject: string | null } & Of)
  | ({ readonly type: 'GuardRefused'; readonly rule: string; readonly message: string } & Of)
  | ({ readonly type: 'AppStalled'; readonly code: ErrorCode; readonly message: string; readonly remedy: string } & Of)
  | ({ readonly type: 'AppStatusChanged'; readonly status: AppStatus; readonly previous: Pick<AppStatus, 'sync' | 'health'> | null } & Of)
  | ({ readonly type: 'AppForgotten' } & Of)
  | ({ readonly type: 'PassFinished'; readonly result: PassResult; readonly took: Ms; readonly steps: number } & Of)
  | ({
      readonly type: 'ReleaseStarted';
      readonly actor: string;
      readonly from: string | null;
      readonly to: string;
      readonly apps: readonly AppName[];
    } & OfRelease)
  /** `hold`: why it waits on purpose; null: it does not. */
  | ({ readonly type: 'ReleasePhase'; readonly phase: ReleasePhase; readonly message: string; readonly hold: string | null } & OfRelease)
  /** What it brings is pinned, and it goes back. No app named: it is not known which one. */
  | ({
      readonly type: 'ReleaseFailing';
      readonly reason: FailureReason;
      readonly apps: readonly AppName[];
      readonly message: string;
    } & OfRelease)
  | ({
      readonly type: 'ReleaseEnded';
      readonly result: 'complete' | 'failed' | 'superseded';
      readonly took: Ms;
      readonly apps: readonly AppName[];
      readonly message: string;
    } & OfRelease)
  | { readonly type: 'EnvironmentSynced'; readonly environment: EnvironmentName; readonly revision: RevisionId; readonly took: Ms }
  | {
      readonly type: 'OrganizationObserved';
      readonly organization: OrgSlug;
      readonly machines: number;
      readonly missingRegions: readonly string[];
    }
  | { readonly type: 'ObservationFailed'; readonly organization: OrgSlug; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'HaltChanged'; readonly halted: boolean; readonly by: string; readonly reason: string }
  | { readonly type: 'MigrationApplied'; readonly environment: EnvironmentName; readonly file: string; readonly took: Ms }
  | {
      readonly type: 'MigrationFailed';
      readonly environment: EnvironmentName;
      readonly code: ErrorCode;
      readonly message: string;
      readonly remedy: string;
    }
  /** A budget went over a limit, came back below it, or nobody said that they saw it. Owners are told by name. */
  | {
      readonly type: 'BudgetCrossed';
      readonly budget: string;
      readonly news: BudgetNews;
      readonly level: BudgetLevel;
      readonly reason: string;
      readonly organization: string;
      readonly environments: readonly string[] | null;
      readonly owners: readonly Owner[];
    }
  /** What a budget does begins or ends. */
  | {
      readonly type: 'BudgetActed';
      readonly budget: string;
      readonly environment: EnvironmentName;
      readonly act: string;
      readonly reason: string;
      readonly begins: boolean;
    }
  /** A message to people: it arrived, it did not (and is tried again), it was given up, or its target left git. */
  | {
      readonly type: 'Notified';
      readonly environment: string;
      readonly target: string;
      readonly occasion: string;
      readonly result: 'sent' | 'failed' | 'dropped' | 'withdrawn';
      readonly message: string;
    }
  /** The dead man's switch is reached, or is not: told when that changes. */
  | { readonly type: 'HeartbeatChanged'; readonly reached: boolean; readonly message: string }
  | { readonly type: 'StoreLost'; readonly message: string }
  | { readonly type: 'StoreBack' }
  | { readonly type: 'Bugged'; readonly key: string; readonly message: string }
  /** A key was handed out; it was due so long ago. */
  | { readonly type: 'WorkTaken'; readonly key: string; readonly waited: Ms };

export interface DriftFact {
  readonly kind: KindName;
  readonly subject: string;
  readonly pointer: string;
  readonly field: FieldGroup;
  readonly from: string;
  readonly to: string;
  /** Who, where the platform tells: lease owner, release user, event source. */
  readonly actor: string | null;
}
export type Tell = (event: Event) => void;
export interface TellDep {
  readonly tell: Tell;
}
