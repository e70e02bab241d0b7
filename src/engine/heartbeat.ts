/** A dead man's switch: an address somewhere else is called after each complete observation, and whoever waits for the calls notices when they end.
 *  It never keeps anything waiting: while a call is under way, the next observation makes none. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { Event, TellDep } from '#domain/events.ts';
import type { Result } from '#domain/result.ts';
import { elapsed, type Instant, seconds } from '#domain/units.ts';
import type { Observation } from './fleets.ts';

export interface HeartbeatDeps extends ClockDep, TellDep {
  /** Of all environments. */
  readonly organizations: () => readonly string[];
  /** When each was last seen, by whomever. */
  readonly observations: () => readonly Observation[];
  readonly call: (signal: AbortSignal) => Promise<Result<void, TrimtabError>>;
  readonly deadline: (span: number, signal: AbortSignal) => AbortSignal;
}
export interface Heartbeat {
  hear(event: Event): void;
  /** The call that is under way, if any. */
  settled(): Promise<void>;
}
/** Such services count minutes, and refuse who calls every second. */
const AT_MOST_EVERY = seconds(10);
const MAY_TAKE = seconds(10);

export function makeHeartbeat(deps: HeartbeatDeps, signal: AbortSignal): Heartbeat {
  const { clock, tell } = deps;
  const looks = new Map<string, { readonly at: Instant; readonly complete: boolean }>();
  let calledAt: Instant | null = null;
  let underWay: Promise<void> | null = null;
  let reached: boolean | null = null;
  /** When it was seen whole: by this process, or by another one that looked later. */
  const wholeAt = (organization: string): Instant | null => {
    const own = looks.get(organization) ?? null;
    const seen = deps.observations().find((one) => one.organization === organization)?.at ?? null;
    if (seen !== null && (own === null || seen > own.at)) return seen;
    return own?.complete === true ? own.at : null;
  };
  const isComplete = (): boolean => {
    const times = deps.organizations().map(wholeAt);
    return times.length > 0 && times.every((at) => at !== null && (calledAt === null || at > calledAt));
  };
  const call = async (): Promise<void> => {
    const done = await deps.call(deps.deadline(MAY_TAKE, signal));
    if (!signal.aborted && reached !== done.ok)
      tell({ type: 'HeartbeatChanged', reached: done.ok, message: done.ok ? '' : done.error.message });
    reached = done.ok;
  };
  return {
    settled: () => underWay ?? Promise.resolve(),
    hear: (event) => {
      if (event.type !== 'OrganizationObserved') return;
      const now = clock.now();
      looks.set(event.organization, { at: now, complete: event.missingRegions.length === 0 });
      if (underWay !== null || signal.aborted || !isComplete() || (calledAt !== null && elapsed(calledAt, now) < AT_MOST_EVERY)) return;
      calledAt = now;
      underWay = call().finally(() => {
        underWay = null;
      });
    },
  };
}
