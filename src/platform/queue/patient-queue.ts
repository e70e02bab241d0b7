/** A queue whose database need not be there yet: it is opened when it answers. What is woken before that is lost, and said to be. */
import type { Clock } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { seconds } from '#domain/units.ts';
import { once } from '#platform/store/patient.ts';
import type { PgBossQueue } from './pg-boss-queue.ts';

const LOOK_EVERY = seconds(1);

export function makePatientQueue(open: () => Promise<Result<PgBossQueue, TrimtabError>>, clock: Clock): PgBossQueue {
  let queue: PgBossQueue | null = null;
  const ready = once(async () => {
    const opened = await open();
    if (!opened.ok) return opened;
    queue = opened.value;
    return ok(undefined);
  }, clock);
  return {
    wake: async (wakes, signal) => {
      const opened = await ready();
      return opened.ok && queue !== null ? queue.wake(wakes, signal) : opened;
    },
    run: async (work, concurrency, signal) => {
      while (!signal.aborted) {
        await ready();
        if (queue !== null) return queue.run(work, concurrency, signal);
        await clock.sleep(LOOK_EVERY, signal).catch(() => undefined);
      }
    },
    within: async (key, work, signal) => {
      const opened = await ready();
      return opened.ok && queue !== null ? queue.within(key, work, signal) : opened.ok ? ok(null) : opened;
    },
    depth: () => queue?.depth() ?? { waiting: 0, active: 0 },
    close: async () => queue?.close(),
  };
}
