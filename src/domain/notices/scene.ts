/** Everything that is looked at to find out what one environment's people are to be told. Values only. */
import type { BudgetLevel } from '#domain/budget.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { Release } from '#domain/release.ts';
import type { Owner } from '#domain/revision.ts';
import type { Instant } from '#domain/units.ts';

export interface Scene {
  readonly now: Instant;
  readonly environment: string;
  readonly owners: readonly Owner[];
  /** Number of the newest release, and the one under way. */
  readonly newest: number;
  readonly active: Release | null;
  /** Those above the number that is known to be told, as they are kept; the newest first. */
  readonly releases: readonly Release[];
  readonly statuses: readonly AppStatus[];
  /** Machines of an app as they were seen last, one line each. */
  readonly proof: (app: string) => readonly string[];
  /** Of the newest desired state; none when it was accepted. */
  readonly problems: readonly string[];
  /** Rows behind those that are known, oldest first. */
  readonly audit: readonly AuditFact[];
  /** When the organization was last seen; null: never, by anybody. */
  readonly observedAt: Instant | null;
  /** This process, and the share of its requests that failed in the last minutes; null: too few to say. */
  readonly writer: string;
  readonly failing: number | null;
  readonly heard: Heard;
  readonly budgets: readonly BudgetFact[];
  /** 0.2: this week costs a fifth more than the one before; null: there was none. */
  readonly weekOverWeek: number | null;
  /** When a person last confirmed one; where nobody ever did, since when it is counted. Null: the environment has no database. */
  readonly restorePoint: { readonly at: Instant; readonly confirmed: boolean } | null;
  /** Finished since; null: none, or told. */
  readonly week: { readonly name: string; readonly lines: readonly string[] } | null;
  /** Null: not looked at this time. */
  readonly leaks: readonly string[] | null;
  /** Targets whose oldest message waits so long, or that gave one up lately. */
  readonly late: readonly { readonly target: string; readonly message: string }[];
}
export interface AuditFact {
  readonly seq: number;
  readonly at: number;
  readonly actor: string;
  readonly app: string | null;
  readonly what: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly why: string;
  readonly result: string;
}
/** Told by this process since the last look, kept by nobody else. */
export interface Heard {
  readonly guard: readonly { readonly rule: string; readonly app: string; readonly message: string; readonly at: Instant }[];
  readonly synced: readonly { readonly at: Instant; readonly late: boolean }[];
}
export interface BudgetFact {
  readonly name: string;
  readonly level: BudgetLevel;
  readonly since: Instant;
  readonly reason: string;
  readonly remindedAt: Instant | null;
  readonly ackedBy: string | null;
  readonly usedUp: boolean;
  readonly figures: readonly string[];
}
