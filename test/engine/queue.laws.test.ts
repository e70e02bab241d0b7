import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeRandom } from '#domain/random.ts';
import { instant, ms } from '#domain/units.ts';
import type { Queue } from '#engine/queue.ts';
import { realClock } from '#platform/clock.ts';
import { openPgBossQueue } from '#platform/queue/pg-boss-queue.ts';
import { databaseUrl, type OpenQueue, openLine, openSharedQueue, QUEUES } from '#test/support/queues.ts';

const signal = AbortSignal.timeout(600_000);
const wake = async (queue: Queue, key: string, priority = 0, delay = 0): Promise<void> => {
  const woken = await queue.wake([{ key, priority, at: instant(realClock.now() + delay) }], signal);
  if (!woken.ok) throw new Error(woken.error.message);
};
interface Run {
  /** Keys in the order they were handed out. */
  readonly handed: readonly string[];
  readonly active: ReadonlySet<string>;
  readonly doubled: readonly string[];
  stop(): Promise<void>;
}
function run(queue: Queue, concurrency: number, work: (key: string, signal: AbortSignal) => Promise<unknown> = async () => undefined): Run {
  const stop = new AbortController();
  const handed: string[] = [];
  const doubled: string[] = [];
  const active = new Set<string>();
  const ended = queue.run(
    async (key, _waited, within) => {
      if (active.has(key)) doubled.push(key);
      active.add(key);
      handed.push(key);
      await work(key, within);
      active.delete(key);
    },
    concurrency,
    stop.signal,
  );
  return {
    handed,
    active,
    doubled,
    stop: () => {
      stop.abort();
      return ended;
    },
  };
}
const pause = (span: number): Promise<void> => realClock.sleep(ms(span));
const soon = { timeout: 5_000, interval: 5 };
function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, opened: promise };
}

describe.each(QUEUES)('the law of the queue: $name', ({ open }) => {
  let opened: OpenQueue;
  let queue: Queue;
  beforeEach(async () => {
    opened = await open();
    queue = opened.queue;
  });
  afterEach(() => opened.close());

  test('a key woken many times is handed out once', async () => {
    for (const priority of [0, 5, 0]) await wake(queue, 'a', priority);
    await queue.wake(
      [1, 2].map((priority) => ({ key: 'a', priority, at: realClock.now() })),
      signal,
    );
    await wake(queue, 'b');
    expect(queue.depth()).toEqual({ waiting: 2, active: 0 });
    const running = run(queue, 4);
    await expect.poll(() => running.handed.length, soon).toBe(2);
    await pause(200);
    await running.stop();
    expect([...running.handed].sort()).toEqual(['a', 'b']);
  });
  test('a key can be taken by itself: nobody else has it meanwhile, and a wake that comes is kept', async () => {
    const held = gate();
    const began = gate();
    const mine = queue.within(
      'a',
      async () => {
        began.open();
        await held.opened;
        return 'done';
      },
      signal,
    );
    await began.opened;
    expect(await queue.within('a', async () => 'too', signal)).toEqual({ ok: true, value: null });
    expect(await queue.within('b', async () => 'other', signal)).toEqual({ ok: true, value: { result: 'other' } });
    await wake(queue, 'a', 9);
    const running = run(queue, 4);
    await pause(300);
    expect(running.handed).toEqual([]);
    held.open();
    expect(await mine).toEqual({ ok: true, value: { result: 'done' } });
    await expect.poll(() => [...running.handed], soon).toEqual(['a']);
    await running.stop();
    expect(await queue.within('a', async () => 'again', signal)).toEqual({ ok: true, value: { result: 'again' } });
  });
  test('a key that is worked on cannot be taken', async () => {
    const held = gate();
    await wake(queue, 'a');
    const running = run(queue, 4, () => held.opened);
    await expect.poll(() => running.active.size, soon).toBe(1);
    expect(await queue.within('a', async () => 'mine', signal)).toEqual({ ok: true, value: null });
    held.open();
    await running.stop();
  });
  test('a second wake keeps the higher priority and the earlier time', async () => {
    await wake(queue, 'late-but-high', 9, 3_600_000);
    await wake(queue, 'middle', 5);
    await wake(queue, 'late-but-high', 0);
    const running = run(queue, 1);
    await expect.poll(() => running.handed, soon).toEqual(['late-but-high', 'middle']);
    await running.stop();
  });
  test('an urgent wake behind a queued delayed one is not swallowed, nor put off by a later one', async () => {
    const running = run(queue, 2);
    await wake(queue, 'a', 0, 3_600_000);
    await wake(queue, 'a', 9);
    await expect.poll(() => running.handed, soon).toEqual(['a']);
    await wake(queue, 'b', 9);
    await wake(queue, 'b', 0, 3_600_000);
    await expect.poll(() => running.handed.includes('b'), soon).toBe(true);
    await running.stop();
  });
  test('a key is not handed out again while it is worked on; the wake that came meanwhile is kept', async () => {
    const { open: letGo, opened: free } = gate();
    const running = run(queue, 4, () => free);
    await wake(queue, 'a');
    await expect.poll(() => running.handed, soon).toEqual(['a']);
    await wake(queue, 'a', 9);
    await wake(queue, 'other');
    await expect.poll(() => running.handed, soon).toEqual(['a', 'other']);
    await pause(150);
    expect(running.handed).toEqual(['a', 'other']);
    letGo();
    await expect.poll(() => running.handed, soon).toEqual(['a', 'other', 'a']);
    await running.stop();
    expect(running.doubled).toEqual([]);
  });
  test('among those due the higher priority goes first, then the earlier', async () => {
    const now = realClock.now();
    const wakes = [
      { key: 'low', priority: 0, at: instant(now - 9_000) },
      { key: 'second', priority: 5, at: instant(now - 3_000) },
      { key: 'first', priority: 5, at: instant(now - 6_000) },
      { key: 'top', priority: 9, at: instant(now - 1) },
    ];
    for (const one of wakes) await queue.wake([one], signal);
    const running = run(queue, 1);
    await expect.poll(() => running.handed.length, soon).toBe(4);
    await running.stop();
    expect(running.handed).toEqual(['top', 'first', 'second', 'low']);
  });
  test('a delayed wake comes at its time, not before', async () => {
    const running = run(queue, 2);
    const started = realClock.now();
    await wake(queue, 'a', 9, 400);
    await expect.poll(() => running.handed, soon).toEqual(['a']);
    const took = realClock.now() - started;
    await running.stop();
    expect(took).toBeGreaterThanOrEqual(395);
    expect(took).toBeLessThan(900);
  });
  test('a run ends when its last work has ended, and what waits stays', async () => {
    const { open: letGo, opened: free } = gate();
    const running = run(queue, 1, () => free);
    await wake(queue, 'a');
    await wake(queue, 'b');
    await expect.poll(() => running.handed.length, soon).toBe(1);
    const stopping = running.stop();
    await pause(100);
    expect(running.active.size).toBe(1);
    letGo();
    await stopping;
    expect(running.active.size).toBe(0);
    const next = run(queue, 1);
    await expect.poll(() => next.handed.length, soon).toBe(1);
    await next.stop();
  });
  test('whatever comes when: never twice at once, and after every wake the key is handed out again (seed in the name of the run)', async () => {
    const seed = `queue-${process.pid}`;
    const random = makeRandom(seed);
    const running = run(queue, 3, () => pause(random.integer(0, 15)));
    const owed = new Map<string, number>();
    for (let at = 0; at < 60; at++) {
      const key = `k${random.integer(0, 4)}`;
      owed.set(key, running.handed.length);
      await wake(queue, key, random.integer(0, 9), random.integer(0, 40));
      if (random.next() < 0.5) await pause(random.integer(0, 10));
    }
    await expect
      .poll(() => [...owed].filter(([key, since]) => !running.handed.slice(since).includes(key)), { ...soon, message: seed })
      .toEqual([]);
    await running.stop();
    expect(running.doubled, seed).toEqual([]);
  });
});

test('a database that cannot be reached is a value', async () => {
  const opened = await openPgBossQueue({ url: 'postgres://nobody@127.0.0.1:1/none', clock: realClock });
  expect(opened).toMatchObject({ ok: false, error: { code: 'STORE_UNAVAILABLE' } });
});
describe.runIf(databaseUrl !== '')('two holders of one queue', () => {
  test('share the keys, and never hold one at once', async () => {
    const shared = await openSharedQueue(databaseUrl);
    const [one, two] = [await shared.join(), await shared.join()];
    const active = new Set<string>();
    const doubled: string[] = [];
    const work = async (key: string): Promise<void> => {
      if (active.has(key)) doubled.push(key);
      active.add(key);
      await pause(10);
      active.delete(key);
    };
    const runs = [one, two].map(({ queue }) => run(queue, 2, work));
    for (let at = 0; at < 40; at++) await wake(at % 2 === 0 ? one.queue : two.queue, `k${at % 4}`, at % 10);
    await expect.poll(() => one.queue.depth().waiting, { timeout: 8_000 }).toBe(0);
    await Promise.all(runs.map(({ stop }) => stop()));
    expect(doubled).toEqual([]);
    expect(runs.flatMap(({ handed }) => handed).length).toBeGreaterThanOrEqual(4);
    await one.close();
    await two.close();
    await shared.drop();
  });
  test('the keys of one that vanishes are taken over within 15 seconds, and it is told to stop', { timeout: 30_000 }, async () => {
    const shared = await openSharedQueue(databaseUrl);
    const line = await openLine(databaseUrl);
    const [one, two] = [await shared.join(line.url), await shared.join()];
    let told = 0;
    const first = run(one.queue, 1, async (_key, within) => {
      await new Promise((aborted) => within.addEventListener('abort', aborted));
      told = realClock.now();
    });
    await wake(one.queue, 'a');
    await expect.poll(() => first.handed, soon).toEqual(['a']);
    const vanished = realClock.now();
    await line.freeze();
    const second = run(two.queue, 1);
    await expect.poll(() => second.handed, { timeout: 16_000, interval: 50 }).toEqual(['a']);
    const takenOver = realClock.now();
    expect(takenOver - vanished).toBeLessThanOrEqual(15_000);
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThan(takenOver);
    expect(await one.queue.wake([{ key: 'b', priority: 0, at: realClock.now() }], signal)).toMatchObject({
      ok: false,
      error: { code: 'STORE_UNAVAILABLE' },
    });
    await line.mend();
    await Promise.all([first.stop(), second.stop()]);
    await Promise.all([one.close(), two.close()]);
    await shared.drop();
  });
});
