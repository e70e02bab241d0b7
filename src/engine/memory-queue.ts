/** The queue inside one process: for a single controller and for deterministic tests. */
import type { Clock } from '#domain/clock.ts';
import { ok } from '#domain/result.ts';
import { elapsed, type Instant, instant, ms } from '#domain/units.ts';
import type { Queue, Wake } from './queue.ts';

interface Entry {
  readonly key: string;
  readonly priority: number;
  readonly at: Instant;
}
interface Waiter {
  readonly take: (entry: Entry) => void;
}

export function makeMemoryQueue(clock: Clock): Queue {
  const waiting = new Map<string, Entry>();
  const active = new Set<string>();
  const waiters: Waiter[] = [];
  let disarm: (() => void) | null = null;

  const add = ({ key, priority, at }: Wake): void => {
    const old = waiting.get(key);
    const merged =
      old === undefined ? { key, priority, at } : { key, priority: Math.max(old.priority, priority), at: instant(Math.min(old.at, at)) };
    waiting.set(key, merged);
  };
  const best = (): Entry | null => {
    const now = clock.now();
    let found: Entry | null = null;
    for (const entry of waiting.values()) {
      if (entry.at > now || active.has(entry.key)) continue;
      if (found === null || entry.priority > found.priority || (entry.priority === found.priority && entry.at < found.at)) found = entry;
    }
    return found;
  };
  const handOut = (): void => {
    disarm?.();
    disarm = null;
    while (waiters.length > 0) {
      const entry = best();
      if (entry === null) break;
      waiting.delete(entry.key);
      active.add(entry.key);
      waiters.shift()?.take(entry);
    }
    if (waiters.length === 0) return;
    let soonest: Instant | null = null;
    for (const { key, at } of waiting.values()) if (!active.has(key) && (soonest === null || at < soonest)) soonest = at;
    if (soonest !== null) disarm = clock.after(ms(Math.max(0, soonest - clock.now())), handOut);
  };
  const next = (signal: AbortSignal): Promise<Entry | null> =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve(null);
      const stop = (): void => {
        waiters.splice(waiters.indexOf(waiter), 1);
        resolve(null);
      };
      const waiter: Waiter = {
        take: (entry) => {
          signal.removeEventListener('abort', stop);
          resolve(entry);
        },
      };
      signal.addEventListener('abort', stop, { once: true });
      waiters.push(waiter);
      handOut();
    });

  return {
    wake: (wakes) => {
      for (const wake of wakes) add(wake);
      handOut();
      return Promise.resolve(ok(undefined));
    },
    run: async (work, concurrency, signal) => {
      const worker = async (): Promise<void> => {
        for (let entry = await next(signal); entry !== null; entry = await next(signal)) {
          await work(entry.key, elapsed(entry.at, clock.now()), signal);
          active.delete(entry.key);
        }
      };
      await Promise.all(Array.from({ length: concurrency }, worker));
    },
    within: async (key, work, signal) => {
      if (active.has(key)) return ok(null);
      active.add(key);
      try {
        return ok({ result: await work(signal) });
      } finally {
        active.delete(key);
        handOut();
      }
    },
    depth: () => ({ waiting: waiting.size, active: active.size }),
  };
}
