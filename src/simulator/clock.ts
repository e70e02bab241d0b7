/** Clocks of simulated worlds. The virtual one stands still until it is told to go on; the scaled one runs faster than real time. */
import type { Clock } from '#domain/clock.ts';
import { Bug } from '#domain/result.ts';
import type { Instant, Ms } from '#domain/units.ts';
import { instant } from '#domain/units.ts';

export interface VirtualClock extends Clock {
  /** Jumps from sleeper to sleeper; at each stop everything that can go on without time does. */
  advance(span: Ms): Promise<void>;
  /** When the next sleeper wakes; null when nobody sleeps. */
  nextDue(): Instant | null;
  /** Lets everything that needs no time go on. */
  settle(): Promise<void>;
  /** Something happened that is not to be seen from the clock: quiet starts anew. */
  touch(): void;
  /** Time stands still until this has ended: something real, which takes its own time (a process, a file). */
  hold<T>(work: Promise<T>): Promise<T>;
}
interface Sleeper {
  readonly at: Instant;
  readonly serial: number;
  readonly wake: () => void;
}
/** So many turns of the event loop without any activity count as quiet: replies, streams and database answers take a few each. */
const QUIET_TURNS = 12;
/** One advance of a day with a tick of a second stays far below it; beyond, something wakes itself without end. */
const MAX_WAKES = 5_000_000;

/** Behind everything of the same time: first come, first woken. Thousands may wait, so the place is found by halving. */
export function insertByTime<T extends { readonly at: number }>(items: T[], item: T): void {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.at ?? 0) > item.at) high = middle;
    else low = middle + 1;
  }
  items.splice(low, 0, item);
}

export function makeVirtualClock(start: Instant): VirtualClock {
  let now = start;
  let serial = 0;
  let activity = 0;
  let held = 0;
  const sleepers: Sleeper[] = [];
  const add = (span: number, wake: () => void): Sleeper => {
    const sleeper = { at: instant(now + Math.max(0, span)), serial: serial++, wake };
    insertByTime(sleepers, sleeper);
    activity += 1;
    return sleeper;
  };
  const remove = (sleeper: Sleeper): void => {
    const at = sleepers.indexOf(sleeper);
    if (at !== -1) sleepers.splice(at, 1);
  };
  const settle = async (): Promise<void> => {
    for (let quiet = 0, seen = activity; quiet < QUIET_TURNS; ) {
      await new Promise((resolve) => (held > 0 ? setTimeout(resolve, 1) : setImmediate(resolve)));
      quiet = activity === seen && held === 0 ? quiet + 1 : 0;
      seen = activity;
    }
  };
  return {
    now: () => now,
    sleep: (span, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        const stop = (): void => {
          remove(sleeper);
          reject(signal?.reason);
        };
        const sleeper = add(span, () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        });
        signal?.addEventListener('abort', stop, { once: true });
      }),
    after: (span, run) => {
      const sleeper = add(span, run);
      return () => remove(sleeper);
    },
    nextDue: () => sleepers[0]?.at ?? null,
    settle,
    touch: () => {
      activity += 1;
    },
    hold: async (work) => {
      held += 1;
      try {
        return await work;
      } finally {
        held -= 1;
        activity += 1;
      }
    },
    advance: async (span) => {
      const target = instant(now + span);
      await settle();
      for (let wakes = 0; ; wakes++) {
        if (wakes > MAX_WAKES) throw new Bug('the virtual clock never comes to rest', { now, target });
        const next = sleepers[0];
        if (next === undefined || next.at > target) break;
        sleepers.shift();
        now = instant(Math.max(now, next.at));
        activity += 1;
        next.wake();
        await settle();
      }
      now = target;
      await settle();
    },
  };
}

/** Real time, `factor` times as fast. */
export function makeScaledClock(factor: number): Clock {
  const origin = Date.now();
  const now = (): Instant => instant(origin + (Date.now() - origin) * factor);
  const timer = (span: number, run: () => void): ReturnType<typeof setTimeout> => setTimeout(run, span / factor);
  return {
    now,
    sleep: (span, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        const stop = (): void => {
          clearTimeout(handle);
          reject(signal?.reason);
        };
        const handle = timer(span, () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        });
        signal?.addEventListener('abort', stop, { once: true });
      }),
    after: (span, run) => {
      const handle = timer(span, run);
      handle.unref();
      return () => clearTimeout(handle);
    },
  };
}
