/** One full pass over 1,000 apps and 5,000 machines that are as git says: the simulator in another process, over HTTP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { environmentName } from '#domain/ids.ts';
import { SHIPPED_BOOK } from '#domain/price-book.ts';
import { makeRandom } from '#domain/random.ts';
import { ok } from '#domain/result.ts';
import { minutes, ms, seconds } from '#domain/units.ts';
import { makeController } from '#engine/controller.ts';
import { makeHalts } from '#engine/halts.ts';
import { makeMemoryQueue } from '#engine/memory-queue.ts';
import { NO_PARTS } from '#engine/release-ports.ts';
import { realClock } from '#platform/clock.ts';
import { makeFlyClient } from '#platform/fly/client.ts';
import { makeLimits } from '#platform/fly/limits.ts';
import { makeTransport } from '#platform/fly/transport.ts';
import { openPgBossQueue, type PgBossQueue } from '#platform/queue/pg-boss-queue.ts';
import { openPostgres } from '#platform/store/db.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import { migrate } from '#platform/store/migrate.ts';
import type { Store } from '#platform/store/port.ts';
import { makeSqlStore } from '#platform/store/sql.ts';
import { makeTestReader } from '#test/support/secrets.ts';
import { snapshotOf } from '#test/support/snapshot.ts';
import { type Figure, round } from './figure.ts';
import { APPS, fleetFiles, MACHINES_PER_APP } from './fleet.ts';
import { measureMemory } from './memory.ts';

const IDLE_TICKS = 5;
const TICK_S = 2;
/** As in `compose.ts`. */
const CONCURRENCY = 8;

export async function measureIdle(folder: string): Promise<readonly Figure[]> {
  const databaseUrl = process.env['DATABASE_URL'];
  // Without a server a figure is missing: that is told, and in CI it is a failure.
  if (databaseUrl === undefined && process.env['CI'] === 'true') throw new Error('DATABASE_URL is missing: peak_resident_memory needs it');
  const world = join(folder, 'world');
  await ended(spawn(process.execPath, [join(import.meta.dirname, 'make-fleet.ts'), world], { stdio: 'inherit' }));
  const server = spawn(process.execPath, [join(import.meta.dirname, 'serve-fleet.ts'), world], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await firstLine(server);
  const store = await openStore(databaseUrl);
  const queue = databaseUrl === undefined ? null : await openQueue(databaseUrl);
  const files = new Map(Object.entries(fleetFiles(APPS)));
  const requests = { count: 0 };
  const fly = makeFlyClient({
    token: 'bench',
    flapsBaseUrl: url,
    apiBaseUrl: url,
    uiexBaseUrl: url,
    fetch: makeTransport(),
    clock: realClock,
    random: makeRandom('bench'),
    limits: makeLimits({ clock: realClock }),
    userAgent: 'trimtab/bench',
    onRequest: () => {
      requests.count += 1;
    },
  });
  const controller = makeController({
    clock: realClock,
    random: makeRandom('bench'),
    store,
    source: {
      description: 'bench',
      read: () => Promise.resolve(ok(snapshotOf(files))),
    },
    tell: () => undefined,
    queue: queue ?? makeMemoryQueue(realClock),
    shared: queue !== null,
    startEmpty: () => undefined,
    halts: makeHalts({ readOnly: false, fileReason: () => null }),
    flyFor: () => ok(fly),
    parts: NO_PARTS,
    desiredFolder: 'desired-state',
    process: {},
    reader: makeTestReader({ clock: realClock }),
    only: null,
    selfApp: null,
    book: SHIPPED_BOOK,
    timeZone: 'UTC',
    deadline: (span, signal) => AbortSignal.any([signal, AbortSignal.timeout(span)]),
    tick: seconds(TICK_S),
    poll: minutes(60),
    resync: minutes(60),
    concurrency: CONCURRENCY,
  });
  const stop = new AbortController();
  await controller.readSource(stop.signal);
  const keys = controller.environments.targets().map(({ app }) => `app/fleet/${app.app}`);
  // The first round takes the apps over from their stamps; the second is the idle one.
  await passAll(controller.pass, keys, stop.signal);
  const synced = keys.filter((key) => controller.statusOf(environmentName('fleet'), key.split('/')[2] ?? '')?.sync === 'Synced').length;
  if (synced !== APPS) throw new Error(`${APPS - synced} apps are not Synced after the first round`);
  for (const key of keys) expectFull(controller.runtime(key));
  const writes = await counter(url, 'writes');
  const cpu = process.cpuUsage();
  await passAll(controller.pass, keys, stop.signal);
  const used = process.cpuUsage(cpu);
  const after = await counter(url, 'writes');
  const perTick = (await idleTicks(fly, requests, stop.signal)) / IDLE_TICKS;
  const violations = await counter(url, 'rateLimitViolations');
  if (databaseUrl === undefined) process.stdout.write('peak_resident_memory is not measured: DATABASE_URL is missing\n');
  const memory = databaseUrl === undefined ? [] : await measureMemory(folder, url, databaseUrl);
  server.kill('SIGTERM');
  await queue?.close();
  await store.close();
  return [
    {
      name: 'idle_pass_writes',
      value: after - writes,
      unit: 'writes',
      limit: 0,
      work: true,
      note: `${APPS} apps, ${APPS * MACHINES_PER_APP} machines`,
    },
    { name: 'requests_per_idle_tick', value: perTick, unit: 'requests', limit: 2, work: true },
    { name: 'rate_limit_violations_fleet', value: violations, unit: 'requests', limit: 0, work: true },
    {
      name: 'noop_pass_cpu',
      value: round((used.user + used.system) / 1e6),
      unit: 's',
      limit: 2,
      work: false,
      note: 'machines read anew, every app compared and planned',
    },
    ...memory,
  ];
}
/** The whole picture is young: the idle pass reads machines, as between two resyncs. */
function expectFull(runtime: { readonly full: object | null } | null): void {
  if (runtime?.full === null || runtime === null) throw new Error('an app was not seen whole');
}
async function idleTicks(
  fly: ReturnType<typeof makeFlyClient>,
  requests: { readonly count: number },
  signal: AbortSignal,
): Promise<number> {
  const { makeFleet } = await import('#engine/fleet.ts');
  const { orgSlug } = await import('#domain/ids.ts');
  const fleet = makeFleet({ fly, tell: () => undefined, now: realClock.now }, orgSlug('acme'));
  const started = requests.count;
  await fleet.look(signal);
  // A fleet that has been quiet for a while: what the list told late is behind it.
  await realClock.sleep(seconds(16));
  const before = requests.count;
  if (before === started) throw new Error('the fleet was not looked at');
  for (let tick = 0; tick < IDLE_TICKS; tick++) {
    await realClock.sleep(ms(1_100));
    await fleet.look(signal);
  }
  return requests.count - before;
}
async function passAll(
  pass: (key: string, signal: AbortSignal) => Promise<unknown>,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...keys];
  const worker = async (): Promise<void> => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) await pass(key, signal);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}
async function openStore(url: string | undefined): Promise<Store> {
  if (url === undefined) return makeMemoryStore();
  const setup = openPostgres(url);
  await setup.exec('drop schema if exists bench cascade; create schema bench');
  await setup.close();
  const database = openPostgres(url, { schema: 'bench' });
  await migrate(database);
  return makeSqlStore(database);
}
/** As a controller on PostgreSQL has it: its own supervision runs while everything is measured. */
async function openQueue(url: string): Promise<PgBossQueue> {
  const opened = await openPgBossQueue({ url, clock: realClock, schema: 'bench_queue' });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}
async function counter(url: string, name: string): Promise<number> {
  const counters: unknown = await (await fetch(`${url}/_sim/counters`)).json();
  return typeof counters === 'object' && counters !== null && name in counters ? Number(Reflect.get(counters, name)) : Number.NaN;
}
const ended = (child: ChildProcess): Promise<void> =>
  new Promise((done, fail) => {
    child.once('exit', (code) => (code === 0 ? done() : fail(new Error(`exit ${code}`))));
  });
const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((done) => {
    child.stdout?.once('data', (data: Buffer) => done(String(data).trim()));
  });
