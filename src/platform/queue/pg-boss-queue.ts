/** The queue between processes: pg-boss on PostgreSQL keeps the keys, this file keeps the law of `engine/queue.ts` on it.
 *  Tried with pg-boss 12: its `send` swallows an urgent wake behind a delayed one, and a due retry may sit until the backstop of its notifier.
 *  So wakes are written by one statement of ours (`wake-rows.ts`), and due keys are fetched by our own loop, at the moment this process knows, else every second. */
import { PgBoss } from 'pg-boss';
import { z } from 'zod';
import type { Clock } from '#domain/clock.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { elapsed, type Instant, instant, type Ms, ms, seconds } from '#domain/units.ts';
import { reaching } from '#platform/store/db.ts';
import { countKeys, type JobTable, putWakes, takeKey } from './wake-rows.ts';

type Work = (key: string, waited: Ms, signal: AbortSignal) => Promise<void>;
/** Fits the engine's `Queue`, which this floor does not see; the law tests hold the fit. */
export interface PgBossQueue {
  wake(
    wakes: readonly { readonly key: string; readonly priority: number; readonly at: Instant }[],
    signal: AbortSignal,
  ): Promise<Result<void, TrimtabError>>;
  run(work: Work, concurrency: number, signal: AbortSignal): Promise<void>;
  /** Null: somebody works on it. */
  within<T>(
    key: string,
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Result<{ readonly result: T } | null, TrimtabError>>;
  /** As last counted: every five seconds while it runs, else at a wake. */
  depth(): { readonly waiting: number; readonly active: number };
  close(): Promise<void>;
}
export interface PgBossOptions {
  readonly url: string;
  readonly clock: Clock;
  /** pg-boss's own schema, apart from anybody else's installation in the same database. */
  readonly schema?: string;
}
interface Held {
  readonly key: string;
  readonly attempt: { readonly id: string; readonly retryCount: number };
  readonly lost: AbortController;
  /** The database has heard of us after `asked`. */
  readonly keep: (asked: Instant) => void;
  readonly end: () => void;
}
const QUEUE = 'keys';
/** What another process made due is seen this late at most. */
const POLL = seconds(1);
const COUNT_EVERY = seconds(5);
/** A holder that is silent for 10 s (the shortest that pg-boss takes) has lost its keys; the supervisor looks every 2 s: takeover within 15 s. */
const HEARTBEAT_S = 10;
const SUPERVISE_S = 2;
const TOUCH_EVERY = seconds(3);
/** Work stops itself before anybody else can have its key. */
const SILENT_LIMIT = seconds(8);
/** Twice the deadline of a step: a longer pass hangs. */
const EXPIRE_S = 360;
/** Every attempt is a crash of its holder; the key is never given up. */
const RETRY_LIMIT = 1_000_000;
/** Handed on to `pg`: over a line that is half open a statement would wait for ever. */
const PATIENCE = { connectionTimeoutMillis: 10_000, query_timeout: 10_000, keepAlive: true };
/** A wake nearer than this is fetched by a timer of this process: a rollout stays with who began it, and what is in memory stays true. A later
 *  one goes to whoever looks first, so that work spreads over the holders by itself. */
const NEAR = seconds(10);

export async function openPgBossQueue(options: PgBossOptions): Promise<Result<PgBossQueue, TrimtabError>> {
  const schema = options.schema ?? 'trimtab_queue';
  const boss = new PgBoss({
    connectionString: options.url,
    schema,
    max: 3,
    application_name: 'trimtab queue',
    ...PATIENCE,
    schedule: false,
    registerInstance: false,
    reindex: false,
    openTelemetry: { enabled: false },
    superviseIntervalSeconds: SUPERVISE_S,
    monitorIntervalSeconds: 1,
  });
  // What fails in the background fails again at our next statement, and is told there; unheard, the event would end the process.
  boss.on('error', () => undefined);
  const opened = await reaching(async () => {
    await boss.start();
    const settings = { expireInSeconds: EXPIRE_S, heartbeatSeconds: HEARTBEAT_S, retryLimit: RETRY_LIMIT, retryDelay: 0 };
    await boss.createQueue(QUEUE, { policy: 'stately', ...settings });
    await boss.updateQueue(QUEUE, settings);
    return await boss.getQueue(QUEUE);
  });
  if (!opened.ok || opened.value === null) {
    await reaching(() => boss.stop({ graceful: false, close: true }));
    return opened.ok ? err(failure('STORE_UNAVAILABLE', 'pg-boss made no queue')) : opened;
  }
  return ok(makeQueue(boss, { schema, table: opened.value.table, queue: QUEUE }, options.clock));
}

function makeQueue(boss: PgBoss, table: JobTable, clock: Clock): PgBossQueue {
  const held = new Map<Held, Promise<void>>();
  const bell = makeBell();
  let waiting = 0;
  /** Every pass ends with a wake: while keys are handed out they are counted by the clock. */
  let running = false;
  const count = async (): Promise<void> => {
    ({ waiting } = await countKeys(boss.getDb(), table));
  };
  const take = async (limit: number): Promise<readonly { readonly held: Held; readonly due: Instant; readonly priority: number }[]> => {
    const asked = clock.now();
    const jobs = await boss.fetch(QUEUE, { batchSize: limit, includeMetadata: true });
    return jobs
      .map(({ id, retryCount, singletonKey, startAfter, priority }) => ({
        held: makeHeld(clock, singletonKey ?? '', { id, retryCount }, asked),
        due: instant(startAfter.getTime()),
        priority,
      }))
      .sort((a, b) => b.priority - a.priority || a.due - b.due);
  };
  /** The row goes when the work has ended; a wake that came meanwhile has a row of its own and is due now. */
  const carry = async (one: Held, waited: Ms, work: Work, signal: AbortSignal): Promise<void> => {
    // A key whose claim was lost may come back to this same process before the old work has ended.
    await Promise.all([...held].filter(([other]) => other !== one && other.key === one.key).map(([, ending]) => ending));
    if (!one.lost.signal.aborted) await work(one.key, waited, AbortSignal.any([signal, one.lost.signal]));
    await reaching(() => boss.deleteJob(QUEUE, one.attempt));
  };
  return {
    wake: async (wakes) => {
      if (wakes.length === 0) return ok(undefined);
      const now = clock.now();
      const put = await reaching(async () => {
        await putWakes(
          boss.getDb(),
          table,
          wakes.map(({ key, priority, at }) => ({ key, priority, delayMs: at - now })),
        );
        if (!running) await count();
      });
      if (!put.ok) return put;
      const delays = new Set(wakes.map(({ at }) => Math.max(0, at - now)).filter((delay) => delay < NEAR));
      for (const delay of delays) clock.after(ms(delay), bell.ring);
      return ok(undefined);
    },
    run: async (work, concurrency, signal) => {
      const stopHeart = beat(boss, held, clock);
      signal.addEventListener('abort', bell.ring, { once: true });
      running = true;
      let counted = clock.now();
      while (!signal.aborted) {
        const free = concurrency - held.size;
        const taken = free > 0 ? await reaching(() => take(free)) : ok([]);
        for (const { due, held: one } of taken.ok ? taken.value : []) {
          const waited = ms(Math.max(0, elapsed(due, clock.now())));
          const carried = carry(one, waited, work, signal).finally(() => {
            one.end();
            held.delete(one);
            bell.ring();
          });
          held.set(one, carried);
        }
        if (elapsed(counted, clock.now()) >= COUNT_EVERY) {
          await reaching(count);
          counted = clock.now();
        }
        await bell.heard(clock, POLL);
      }
      running = false;
      await Promise.all(held.values());
      stopHeart();
    },
    within: async (key, work, signal) => {
      const asked = clock.now();
      const taken = await reaching(() => takeKey(boss.getDb(), table, key));
      if (!taken.ok) return taken;
      if (taken.value === null) return ok(null);
      const one = makeHeld(clock, key, taken.value, asked);
      const ended = Promise.withResolvers<void>();
      held.set(one, ended.promise);
      const stopHeart = beat(boss, held, clock);
      try {
        return ok({ result: await work(AbortSignal.any([signal, one.lost.signal])) });
      } finally {
        stopHeart();
        one.end();
        await reaching(() => boss.deleteJob(QUEUE, one.attempt));
        held.delete(one);
        ended.resolve();
        bell.ring();
      }
    },
    depth: () => ({ waiting, active: held.size }),
    close: async () => void (await reaching(() => boss.stop({ graceful: false, close: true }))),
  };
}

/** Aborts by itself when the database was silent for too long, whatever a call to it still waits for. */
function makeHeld(clock: Clock, key: string, attempt: Held['attempt'], asked: Instant): Held {
  const lost = new AbortController();
  let disarm = (): void => undefined;
  const keep = (from: Instant): void => {
    disarm();
    const left = ms(Math.max(0, SILENT_LIMIT - elapsed(from, clock.now())));
    disarm = clock.after(left, () => lost.abort(new Error('the claim on the key cannot be kept')));
  };
  keep(asked);
  return { key, attempt, lost, keep, end: () => disarm() };
}
/** Not in the types of pg-boss 12, but in what it returns: the claims that are still ours. */
const Touched = z.object({ settled: z.array(z.string()) });
/** Keeps the claims of what is worked on, and aborts what it has lost. Stops with the returned function. */
function beat(boss: PgBoss, held: ReadonlyMap<Held, unknown>, clock: Clock): () => void {
  let stopped = false;
  const touch = async (): Promise<void> => {
    const all = [...held.keys()].filter(({ lost }) => !lost.signal.aborted);
    if (all.length === 0) return;
    const asked = clock.now();
    const attempts = all.map(({ attempt }) => attempt);
    const touched = await reaching(() => boss.touch(QUEUE, attempts));
    if (!touched.ok) return;
    const settled = new Set(Touched.parse(touched.value).settled);
    for (const one of all) {
      if (!held.has(one)) continue;
      if (settled.has(one.attempt.id)) one.keep(asked);
      else one.lost.abort(new Error('the claim on the key is lost'));
    }
  };
  const again = (): void => {
    if (!stopped) clock.after(TOUCH_EVERY, () => void touch().finally(again));
  };
  again();
  return () => {
    stopped = true;
  };
}

interface Bell {
  readonly ring: () => void;
  /** Resolves at the next ring, or at one since the last hearing, or after `limit`. */
  heard(clock: Clock, limit: Ms): Promise<void>;
}
function makeBell(): Bell {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    heard: async (clock, limit) => {
      if (!rung)
        await new Promise<void>((resolve) => {
          const disarm = clock.after(limit, resolve);
          wake = () => {
            disarm();
            resolve();
          };
        });
      wake = null;
      rung = false;
    },
  };
}
