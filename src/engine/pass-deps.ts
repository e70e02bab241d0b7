/** Everything a pass may use. */

import type { ClockDep } from '#domain/clock.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { TellDep } from '#domain/events.ts';
import type { EnvironmentName } from '#domain/ids.ts';
import type { RandomDep } from '#domain/random.ts';
import type { Ms } from '#domain/units.ts';
import type { FlyDep } from '#platform/fly/port.ts';
import type { ExecuteDeps } from './execute.ts';
import type { AppStoreDep, HaltDep } from './ports.ts';
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
  readonly onSynced: (target: AppTarget) => void;
  /** The app trimtab itself runs as (FLY_APP_NAME). */
  readonly selfApp: string | null;
}
