/** A clock that stands still until the test moves it. `run` moves it from timer to timer until the work is done. */
import type { Clock } from '#domain/clock.ts';
import { type Instant, instant, type Ms } from '#domain/units.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}
export interface SteppedClock extends Clock {
  /** Moves time, running what falls due in order. */
  advance(span: Ms): Promise<void>;
  /** Lets the work finish, jumping over every wait. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Timers that are set. */
  waiting(): number;
}

export function makeSteppedClock(start: Instant): SteppedClock {
  let now = start;
  let order = 0;
  const timers = new Set<Timer>();
  const after = (span: number, run: () => void): (() => void) => {
    const timer = { at: now + Math.max(0, span), order: order++, run };
    timers.add(timer);
    return () => timers.delete(timer);
  };
  const next = (): Timer | undefined => [...timers].sort((a, b) => a.at - b.at || a.order - b.order)[0];
  const fire = (timer: Timer): void => {
    timers.delete(timer);
    now = instant(Math.max(now, timer.at));
    timer.run();
  };
  // Long chains of promises settle within one turn of the event loop's check phase.
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => now,
    after,
    sleep: (span, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const cancel = after(span, resolve);
        signal?.addEventListener(
          'abort',
          () => {
            cancel();
            reject(signal.reason);
          },
          { once: true },
        );
      }),
    waiting: () => timers.size,
    async advance(span) {
      const until = now + span;
      await settle();
      for (let timer = next(); timer !== undefined && timer.at <= until; timer = next()) {
        fire(timer);
        await settle();
      }
      now = instant(until);
      await settle();
    },
    async run(work) {
      let done = false;
      const finished = (): void => {
        done = true;
      };
      work.then(finished, finished);
      await settle();
      while (!done) {
        const timer = next();
        if (timer !== undefined) fire(timer);
        await settle();
      }
      return work;
    },
  };
}
