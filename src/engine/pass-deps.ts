/** Everything a pass may use. */

import type { GatedBudget } from '#domain/budget-gate.ts';
import type { ClockDep } from '#domain/clock.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import type { AppName, EnvironmentName } from '#domain/ids.ts';
import type { ObservedApp } from '#domain/observed.ts';
import type { RunningShares } from '#domain/price.ts';
import type { Prices } from '#domain/price-book.ts';
import type { RandomDep } from '#domain/random.ts';
import type { Result } from '#domain/result.ts';
import type { Instant, Ms } from '#domain/units.ts';
import type { FlyDep } from '#platform/fly/port.ts';
import type { SecretPictureDeps } from './app-secrets.ts';
import type { ExecuteDeps } from './execute.ts';
import type { AppStoreDep, HaltDep, Situation } from './ports.ts';
import type { SecretReader } from './secret-reader.ts';
import type { AppTarget } from './target.ts';

export interface PassDeps extends FlyDep, ClockDep, RandomDep, TellDep, AppStoreDep, HaltDep, Pick<ExecuteDeps, 'deadline'> {
  /** How old a whole picture may become; longer for large fleets, so that the rate limits hold. */
  readonly resync: () => Ms;
  /** Never the same twice: intents of two passes never meet. */
  readonly nextSeed: () => string;
  /** Has a person approved this app at this revision? */
  readonly isApproved: (target: AppTarget) => boolean;
  /** Of another app of the environment; null: not seen yet. */
  readonly statusOf: (environment: EnvironmentName, app: string) => AppStatus | null;
  /** The revision another app of the environment must be at now; null: none. */
  readonly revisionOf: (environment: EnvironmentName, app: string) => string | null;
  readonly onSynced: (target: AppTarget, signal: AbortSignal) => Promise<void>;
  /** Nothing is left of it: it is no target any more. */
  readonly onForgotten: (target: AppTarget) => void;
  /** Takes in what others did; answers the target as it is now, null when the app is none any more. */
  readonly follow: (target: AppTarget, situation: Situation, signal: AbortSignal) => Promise<Result<AppTarget | null, TrimtabError>>;
  /** Somebody else may have used up the rate limits of these apps and machines. */
  readonly startEmpty: (ids: readonly string[]) => void;
  /** Budgets that gate what this app's plan adds. */
  readonly gates: (target: AppTarget) => readonly GatedBudget[];
  /** What was seen of the app: for the meter. */
  readonly onObserved: (target: AppTarget, observed: ObservedApp) => void;
  readonly prices: (at: Instant) => Prices;
  readonly shares: (app: AppName) => RunningShares;
  readonly reader: SecretReader;
  readonly pinnedSecrets: SecretPictureDeps['pinnedSecrets'];
  /** The app trimtab itself runs as (FLY_APP_NAME). */
  readonly selfApp: string | null;
}
