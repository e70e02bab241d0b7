/** The measured controller of `idle.ts`, a process of its own under the words of the launcher: a fleet that is as git says, passed over once. */
import type { Event } from '#domain/events.ts';
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
import { makeHeapKeeper } from '#platform/heap.ts';
import { openPgBossQueue, type PgBossQueue } from '#platform/queue/pg-boss-queue.ts';
import { type Database, openPostgres } from '#platform/store/db.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import { migrate } from '#platform/store/migrate.ts';
import type { Store } from '#platform/store/port.ts';
import { makeSqlStore } from '#platform/store/sql.ts';
import { makeTestReader } from '#test/support/secrets.ts';
import { snapshotOf } from '#test/support/snapshot.ts';
import { APPS, fleetFiles } from './fleet.ts';

const IDLE_TICKS = 5;
const TICK_S = 2;
/** As in `compose.ts`. */
const CONCURRENCY = 8;
const FLEET = environmentName('fleet');

/** What one pass over the whole fleet cost. */
export interface Noop {
  readonly cpuS: number;
  readonly writes: number;
  readonly requests: number;
  readonly bytes: number;
  readonly statements: number;
  readonly storeWrites: number;
  readonly perTick: number;
}
interface Counts {
  requests: number;
  bytes: number;
  statements: number;
  storeWrites: number;
}
async function measure(url: string, databaseUrl: string | undefined): Promise<Noop> {
  const counts: Counts = { requests: 0, bytes: 0, statements: 0, storeWrites: 0 };
  const keepSmall = makeHeapKeeper();
  // As in `serve.ts`.
  const tell = ({ type }: Event): void => (type === 'PassFinished' || type === 'OrganizationObserved' ? keepSmall() : undefined);
  const store = await openStore(databaseUrl, counts);
  const queue = databaseUrl === undefined ? null : await openQueue(databaseUrl);
  const files = new Map(Object.entries(fleetFiles(APPS)));
  const fly = makeFlyClient({
    token: 'bench',
    flapsBaseUrl: url,
    apiBaseUrl: url,
    uiexBaseUrl: url,
    fetch: counting(counts),
    clock: realClock,
    random: makeRandom('bench'),
    limits: makeLimits({ clock: realClock }),
    userAgent: 'trimtab/bench',
    onRequest: () => {
      counts.requests += 1;
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
    tell,
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
  const { signal } = new AbortController();
  await controller.readSource(signal);
  const keys = controller.environments.targets().map(({ app }) => `app/fleet/${app.app}`);
  // The first round takes the apps over from their stamps. Then its release ends: a fleet that is as git says has been proved.
  await passAll(controller.pass, keys, signal);
  for (let tries = 0; tries < LONGEST_RELEASE && controller.environments.views()[0]?.lastGood === null; tries++) {
    await controller.release(FLEET, signal);
    if (tries % 3 === 2) await passAll(controller.pass, keys, signal);
  }
  if (controller.environments.views()[0]?.lastGood === null) throw new Error('the fleet was not proved');
  await passAll(controller.pass, keys, signal);
  const synced = keys.filter((key) => controller.statusOf(FLEET, key.split('/')[2] ?? '')?.sync === 'Synced').length;
  if (synced !== APPS) throw new Error(`${APPS - synced} apps are not Synced before the idle round`);
  for (const key of keys) expectFull(controller.runtime(key));
  const writes = await counter(url, 'writes');
  const before = { ...counts };
  const cpu = process.cpuUsage();
  await passAll(controller.pass, keys, signal);
  const used = process.cpuUsage(cpu);
  const spent = {
    requests: counts.requests - before.requests,
    bytes: counts.bytes - before.bytes,
    statements: counts.statements - before.statements,
    storeWrites: counts.storeWrites - before.storeWrites,
  };
  const written = (await counter(url, 'writes')) - writes;
  const perTick = (await idleTicks(fly, counts, signal)) / IDLE_TICKS;
  await queue?.close();
  await store.close();
  return { cpuS: (used.user + used.system) / 1e6, writes: written, ...spent, perTick };
}
/** Passes over the release; it moves a phase each. */
const LONGEST_RELEASE = 30;
function counting(counts: Counts): ReturnType<typeof makeTransport> {
  const send = makeTransport();
  return async (request) => {
    const response = await send(request);
    counts.bytes += (await response.text()).length;
    return response;
  };
}
function counted(database: Database, counts: Counts): Database {
  return {
    ...database,
    query: (text, parameters) => {
      counts.statements += 1;
      if (!/^\s*select/i.test(text)) counts.storeWrites += 1;
      return database.query(text, parameters);
    },
  };
}
/** The whole picture is young: the idle pass reads machines, as between two resyncs. */
function expectFull(runtime: { readonly full: object | null } | null): void {
  if (runtime?.full === null || runtime === null) throw new Error('an app was not seen whole');
}
async function idleTicks(fly: ReturnType<typeof makeFlyClient>, counts: Pick<Counts, 'requests'>, signal: AbortSignal): Promise<number> {
  const { makeFleet } = await import('#engine/fleet.ts');
  const { orgSlug } = await import('#domain/ids.ts');
  const fleet = makeFleet({ fly, tell: () => undefined, now: realClock.now }, orgSlug('acme'));
  const started = counts.requests;
  await fleet.look(signal);
  // A fleet that has been quiet for a while: what the list told late is behind it.
  await realClock.sleep(seconds(16));
  const before = counts.requests;
  if (before === started) throw new Error('the fleet was not looked at');
  for (let tick = 0; tick < IDLE_TICKS; tick++) {
    await realClock.sleep(ms(1_100));
    await fleet.look(signal);
  }
  return counts.requests - before;
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
async function openStore(url: string | undefined, counts: Counts): Promise<Store> {
  if (url === undefined) return makeMemoryStore();
  const setup = openPostgres(url);
  await setup.exec('drop schema if exists bench cascade; create schema bench');
  await setup.close();
  const database = openPostgres(url, { schema: 'bench' });
  await migrate(database);
  return makeSqlStore(counted(database, counts));
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

const [url = ''] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await measure(url, process.env['DATABASE_URL']))}\n`);
process.exit(0);
