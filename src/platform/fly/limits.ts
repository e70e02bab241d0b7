/** The published rate limits, held on our side: per action and per machine or app id, on an injected clock.
 *  Source: Fly "Working with the Machines API", 2026-08-07 (fly-behaviour.md §1). Fan-out over many ids is free; one id is not polled. */
import type { Clock } from '#domain/clock.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { type Instant, type Ms, ms } from '#domain/units.ts';

interface Rate {
  readonly everyMs: number;
  readonly burst: number;
}
/** Requests are spread by the network on their way: without some air, an exact second here is less than a second there. */
const AIR = 1.05;
const perSecond = (count: number, burst: number): Rate => ({ everyMs: (1_000 / count) * AIR, burst });

const ORDINARY = perSecond(1, 3);
const SPECIAL: Readonly<Record<string, Rate>> = {
  'machine.get': perSecond(5, 10),
  /** 100 a minute, whichever app it is: callers give one id for all. No burst is published. */
  'app.delete': { everyMs: (60_000 / 100) * AIR, burst: 1 },
};

/** Longer queues are somebody else's business: the engine asks again later instead of holding a worker. */
const LONGEST_WAIT = ms(60_000);
/** The slowest of the rates above. */
const LONGEST_REFILL = ms(10_000);
/** Buckets that are full again say nothing; they are swept once this many are kept (5,000 machines touched within one burst fit). */
const SWEEP_ABOVE = 8_192;

export interface Throttled {
  readonly action: string;
  readonly id: string;
  readonly waited: Ms;
}
export interface Limits {
  /** Waits for a turn. Fails: FLY_RATE_LIMITED (the wait would be too long), FLY_CANCELLED. */
  take(action: string, id: string, signal: AbortSignal): Promise<Result<Ms, TrimtabError>>;
  /** Somebody else may have used up what these machines and apps allow: nothing of it is left for a burst of ours. */
  empty(ids: readonly string[]): void;
  /** Buckets in memory. */
  size(): number;
}
export interface LimitsOptions {
  readonly clock: Clock;
  /** A process that knows of no other one may follow one that used every burst up: it begins without. */
  readonly startsEmpty?: boolean;
  readonly onThrottled?: (throttled: Throttled) => void;
  /** The wait for a turn that all processes on one state take, one every so long. For what no single app or machine is asked. */
  readonly turn?: (name: string, every: Ms, signal: AbortSignal) => Promise<Ms>;
}
/** Done by whichever process has the app, and counted by the platform for all apps together. */
const SPANNING: readonly string[] = ['app.create'];

/** A token bucket per action and id, kept as one number: the instant at which the bucket will be full again. */
export function makeLimits(options: LimitsOptions): Limits {
  const { clock } = options;
  const fullAt = new Map<string, number>();
  const emptied = new Map<string, Instant>();
  const born = options.startsEmpty === true ? clock.now() : null;
  let sweepAt = SWEEP_ABOVE;

  const sweep = (now: Instant): void => {
    for (const [key, full] of fullAt) if (full <= now) fullAt.delete(key);
    sweepAt = Math.max(SWEEP_ABOVE, fullAt.size * 2);
  };

  return {
    size: () => fullAt.size,
    empty: (ids) => {
      const now = clock.now();
      if (emptied.size + ids.length >= SWEEP_ABOVE) for (const [id, at] of emptied) if (now - at > LONGEST_REFILL) emptied.delete(id);
      for (const id of ids) emptied.set(id, now);
    },
    async take(action, id, signal) {
      if (signal.aborted) return cancelled(action);
      const rate = SPECIAL[action] ?? ORDINARY;
      const key = `${action}\n${id}`;
      const turn = SPANNING.includes(action) ? ((await options.turn?.(`${action} ${id}`, ms(rate.everyMs), signal)) ?? 0) : 0;
      const now = clock.now();
      if (fullAt.size >= sweepAt) sweep(now);
      const emptiedAt = emptied.get(id) ?? born;
      const refilled = emptiedAt === null ? 0 : emptiedAt + rate.burst * rate.everyMs;
      const full = Math.max(now, fullAt.get(key) ?? 0, refilled);
      const own = Math.max(0, full + rate.everyMs - rate.burst * rate.everyMs - now);
      const wait = ms(Math.ceil(Math.max(own, turn)));
      if (wait > LONGEST_WAIT) {
        return err(
          failure('FLY_RATE_LIMITED', `${action} of ${id} would wait ${Math.round(wait / 1_000)} s for its turn`, { retryAfter: wait }),
        );
      }
      fullAt.set(key, full + rate.everyMs);
      if (wait === 0) return ok(wait);
      options.onThrottled?.({ action, id, waited: wait });
      return clock.sleep(wait, signal).then(
        () => ok(wait),
        () => cancelled(action),
      );
    },
  };
}

const cancelled = (action: string): Result<never, TrimtabError> => err(failure('FLY_CANCELLED', `${action} was cancelled while it waited`));
