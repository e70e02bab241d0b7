/** The published rate limits, held on our side: per action and per machine or app id, on an injected clock.
 *  Source: Fly "Working with the Machines API", 2026-08-07 (fly-behaviour.md §1). Fan-out over many ids is free; one id is not polled.
 *  The platform counts all processes together, and they do not all know of each other: each keeps to its share (docs/decisions/0170). */
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

/** The part of a published limit that one process may use, of its rate and of its burst. */
export interface Share {
  readonly rate: number;
  readonly burst: number;
}
/** Who works on an app: the controller that has its key, or a command that is the engine for its duration. */
export const LEAD: Share = { rate: 2 / 3, burst: 2 / 3 };
/** Everybody else together: previews, preflight, the survey, commands beside a controller. */
export const REST: Share = { rate: 1 / 3, burst: 1 / 3 };
/** Who holds the lock of an environment without any state: two more runs may begin at any one moment, and nobody can count them. */
export const LOCKED: Share = { rate: 2 / 3, burst: 1 / 3 };
/** What only the lead sends is not shared; one of the burst stays as air all the same. What only the others send is all theirs. */
const ofLead = (action: string): boolean =>
  /^(machine|volume|app|ip|certificate)\./.test(action) && !isRead(action) && !OF_ALL.includes(action);
const isRead = (action: string): boolean => /\.(get|list|show|find|machines)$/.test(action);
/** The lock without any state stands in metadata; `eject` takes stamps off. */
const OF_ALL: readonly string[] = ['machine.metadata'];
const OF_OTHERS: readonly string[] = ['machine.exec'];
function rateFor(action: string, { rate, burst }: Share): Rate {
  const published = SPECIAL[action] ?? ORDINARY;
  const alone = ofLead(action) || OF_OTHERS.includes(action);
  return { everyMs: published.everyMs / (alone ? 1 : rate), burst: Math.max(1, Math.floor(published.burst * burst)) };
}

/** Longer queues are somebody else's business: the engine asks again later instead of holding a worker. */
const LONGEST_WAIT = ms(60_000);
/** The slowest of the rates above, in the smallest share. */
const LONGEST_REFILL = ms(10_000);
const NEVER = Number.NEGATIVE_INFINITY;
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
  /** The same for everything there is. */
  emptyAll(): void;
  /** Buckets in memory. */
  size(): number;
}
export interface LimitsOptions {
  readonly clock: Clock;
  /** Asked at every request; absent: LEAD. */
  readonly share?: () => Share;
  /** A process that knows of no other one may follow one that used every burst up: it begins with what a second brings. */
  readonly startsEmpty?: boolean;
  readonly onThrottled?: (throttled: Throttled) => void;
  /** The wait for a turn that all processes on one state take, one every so long. For what no single app or machine is asked. */
  readonly turn?: (name: string, every: Ms, signal: AbortSignal) => Promise<Ms>;
  /** Every request takes such a turn: of several processes that are not the lead, all together keep to one share. */
  readonly alwaysByTurn?: boolean;
}
/** Done by whichever process has the app, and counted by the platform for all apps together. */
const SPANNING: readonly string[] = ['app.create'];

/** A token bucket per action and id, kept as one number: the instant at which the bucket will be full again. */
export function makeLimits(options: LimitsOptions): Limits {
  const { clock } = options;
  const fullAt = new Map<string, number>();
  const emptied = new Map<string, Instant>();
  const born = options.startsEmpty === true ? clock.now() : NEVER;
  let allEmptiedAt: number = NEVER;
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
    emptyAll: () => {
      allEmptiedAt = clock.now();
    },
    async take(action, id, signal) {
      if (signal.aborted) return cancelled(action);
      const rate = rateFor(action, options.share?.() ?? LEAD);
      const key = `${action}\n${id}`;
      const byTurn = options.alwaysByTurn === true || SPANNING.includes(action);
      const turn = byTurn ? ((await options.turn?.(`${action} ${id}`, ms(rate.everyMs), signal)) ?? 0) : 0;
      const now = clock.now();
      if (fullAt.size >= sweepAt) sweep(now);
      const emptiedAt = Math.max(emptied.get(id) ?? NEVER, allEmptiedAt);
      const refilled = emptiedAt + rate.burst * rate.everyMs;
      const begun = born + ORDINARY.everyMs + (rate.burst - 1) * rate.everyMs;
      const full = Math.max(now, fullAt.get(key) ?? 0, refilled, begun);
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
