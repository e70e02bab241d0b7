/** Money against what is exactly true: a month of fifty apps and its invoice, forecasts at mid-month, the work of one cost pass, a year of
 *  intervals on PostgreSQL, and the metrics of a thousand apps. */
import { monthSpan } from '#domain/calendar.ts';
import { forecastMonth } from '#domain/forecast.ts';
import { appName, instanceId, machineId, regionCode } from '#domain/ids.ts';
import { totalOf } from '#domain/ledger.ts';
import type { ObservedEvent, ObservedMachine } from '#domain/observed.ts';
import { SHIPPED_BOOK } from '#domain/price-book.ts';
import { makeRandom, type Random } from '#domain/random.ts';
import { ok } from '#domain/result.ts';
import { instant, microUsd } from '#domain/units.ts';
import { makeCosts } from '#engine/costs.ts';
import { entriesBetween } from '#engine/ledger.ts';
import { makeMeter } from '#engine/meter.ts';
import { machinesSeen } from '#engine/sightings.ts';
import { openPostgres } from '#platform/store/db.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import { migrate } from '#platform/store/migrate.ts';
import { makeSqlStore } from '#platform/store/sql.ts';
import { makeVirtualClock } from '#simulator/clock.ts';
import { makeMetrics } from '#telemetry/metrics.ts';
import { aStatus } from '#test/support/events.ts';
import { type Figure, median, round } from './figure.ts';

const signal = new AbortController().signal;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MONTH = monthSpan(instant(Date.UTC(2026, 9, 1)));
const ORGANIZATION = 'acme';
/** As many as the platform keeps. */
const KEPT_EVENTS = 40;

export async function measureMeter(): Promise<readonly Figure[]> {
  return [await meterError(), forecastError(), await costPass(), ...(await yearOfIntervals()), ...(await metricsOfMany())];
}

interface Life {
  readonly app: string;
  readonly id: string;
  readonly events: readonly ObservedEvent[];
  /** Micro-dollars, from the log that made the events, by its own arithmetic. */
  readonly invoice: number;
  readonly versions: readonly { readonly at: number; readonly memory: number }[];
}
/** One machine's month: autostop, crashes, and a deploy every few days that may change its size. */
function aLife(random: Random, app: string, id: string): Life {
  const events: ObservedEvent[] = [];
  const versions = [{ at: MONTH.from - DAY, memory: 256 }];
  let invoice = 0;
  const tell = (at: number, type: string, status: string, restarting?: boolean): void => {
    const exit = {
      exitCode: restarting === true ? 1 : 0,
      oomKilled: false,
      requestedStop: restarting !== true,
      restarting: restarting === true,
      restartCount: 0,
    };
    events.push({
      id: `${id}-${events.length}`,
      type,
      status,
      source: type === 'launch' ? 'user' : 'flyd',
      at: instant(at),
      ...(restarting === undefined ? {} : { exit }),
    });
  };
  const charge = (from: number, to: number, perMs: number): void => {
    invoice += Math.max(0, Math.min(to, MONTH.to) - Math.max(from, MONTH.from)) * perMs;
  };
  const perMs = (memory: number): number => ((0.695 + (memory / 1_024) * 5) * 1.307692308 * 1e6) / (720 * HOUR);
  const restPerMs = (0.15 * 1e6) / (720 * HOUR);
  let at = MONTH.from - DAY;
  tell(at, 'launch', 'created');
  let restsFrom = at;
  let nextDeploy = at + random.integer(2, 6) * DAY;
  at += 1_500;
  while (at < MONTH.to) {
    const memory = versions.at(-1)?.memory ?? 256;
    tell(at, 'start', 'starting');
    tell(at + 700, 'start', 'started');
    charge(restsFrom, at, restPerMs);
    let end = at + random.integer(20, 300) * 60_000;
    if (random.next() < 0.05) tell(at + random.integer(5, 15) * 60_000, 'exit', 'stopped', true);
    if (end >= nextDeploy) {
      end = Math.max(nextDeploy, at + 16 * 60_000);
      tell(end, 'update', 'replacing');
      tell(end + 1_200, 'exit', 'stopped', false);
      tell(end + 1_200, 'launch', 'created');
      versions.push({ at: end, memory: random.pick([256, 512, 1_024]) });
      nextDeploy = end + random.integer(2, 6) * DAY;
      charge(at, end, perMs(memory));
      restsFrom = end;
      at = end + 1_200;
      continue;
    }
    tell(end, 'stop', 'stopping');
    tell(end + 600, 'exit', 'stopped', false);
    charge(at, end, perMs(memory));
    restsFrom = end;
    at = end + random.integer(30, 400) * 60_000;
  }
  charge(restsFrom, at, restsFrom < MONTH.to ? restPerMs : 0);
  return { app, id, events: events.sort((a, b) => a.at - b.at), invoice, versions };
}
function seenAt({ app, id, events, versions }: Life, now: number): ObservedMachine | null {
  const known = events.filter((event) => event.at <= now);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return null;
  const memory = versions.findLast((version) => version.at <= now)?.memory ?? 256;
  const state = last.type === 'start' || last.exit?.restarting === true ? 'started' : last.type === 'stop' ? 'stopping' : 'stopped';
  return {
    ...{
      id: machineId(id),
      name: id,
      app: appName(app),
      region: regionCode('nrt'),
      state,
      instanceId: instanceId('01'),
      hostStatus: 'ok',
      cordoned: false,
    },
    config: { guest: { cpu_kind: 'shared', cpus: 1, memory_mb: memory } },
    ...{ metadata: {}, image: { registry: '', repository: '' }, checks: [], events: known.slice(-KEPT_EVENTS).reverse() },
    ...{ createdAt: first.at, updatedAt: last.at, privateIp: null },
  };
}
/** Looked at every half hour, and not at all for two days. */
async function meterError(): Promise<Figure> {
  const random = makeRandom('invoice');
  const lives = Array.from({ length: 50 }, (_, app) =>
    Array.from({ length: 2 }, (_one, at) => aLife(random, `acme-${app}`, `m${app}-${at}`)),
  ).flat();
  const store = makeMemoryStore();
  const meter = makeMeter({ store });
  const away = { from: MONTH.from + 10 * DAY, to: MONTH.from + 12 * DAY };
  for (let now = MONTH.from - DAY; now <= MONTH.to + HOUR; now += HOUR / 2) {
    if (now >= away.from && now < away.to) continue;
    for (const life of lives) {
      const machine = seenAt(life, now);
      if (machine !== null)
        meter.see(machinesSeen({ organization: ORGANIZATION, environment: 'staging', app: appName(life.app) }, [machine], instant(now)));
    }
    await meter.flush(instant(now), signal);
  }
  const ledger = { store, book: SHIPPED_BOOK, selfApp: null, datedLines: () => Promise.resolve(ok([])) };
  const counted = await entriesBetween(ledger, ORGANIZATION, MONTH, instant(MONTH.to + HOUR), signal);
  if (!counted.ok) throw new Error(counted.error.message);
  const invoice = lives.reduce((sum, life) => sum + life.invoice, 0);
  const error = Math.abs(totalOf(counted.value) / invoice - 1) * 100;
  return {
    name: 'meter_error_month',
    value: Math.round(error * 10_000) / 10_000,
    unit: '%',
    limit: 0.1,
    work: true,
    note: `50 apps, 31 days, two of them unwatched: $${round(totalOf(counted.value) / 1e6)} of $${round(invoice / 1e6)}`,
  };
}

/** Micro-dollars of what may rest in an hour. */
type Usage = (at: number, random: Random) => number;
const isWeekend = (at: number): boolean => [0, 6].includes(new Date(at).getUTCDay());
const isDay = (at: number): boolean => new Date(at).getUTCHours() >= 8 && new Date(at).getUTCHours() < 20;
const PATTERNS: Readonly<Record<string, Usage>> = {
  office: (at, random) => (isDay(at) && !isWeekend(at) ? 9_000 : 800) * (0.8 + random.next() * 0.4),
  weekends: (at, random) => (isWeekend(at) ? 12_000 : 2_000) * (0.7 + random.next() * 0.6),
  growing: (at, random) => (isDay(at) ? 6_000 : 1_500) * (1 + (at - MONTH.from) / (60 * DAY)) * (0.8 + random.next() * 0.4),
};
function forecastError(): Figure {
  const now = MONTH.from + 15.5 * DAY;
  const errors = Object.entries(PATTERNS).map(([name, usage]) => {
    const random = makeRandom(name);
    const all = new Map<number, number>();
    for (let at = MONTH.from - 14 * DAY; at < MONTH.to; at += HOUR) all.set(at, usage(at, random));
    const sum = (from: number, to: number): number =>
      [...all].reduce((total, [at, amount]) => (at >= from && at < to ? total + amount : total), 0);
    const committed = 3_000;
    const spent = sum(MONTH.from, now) + (committed * (now - MONTH.from)) / HOUR;
    const past = new Map([...all].filter(([at]) => at + HOUR <= now));
    const { amount } = forecastMonth({
      now: instant(now),
      month: MONTH,
      spent: microUsd(spent),
      committedPerHour: committed,
      variablePerHour: 0,
      hours: past,
      knownFrom: instant(MONTH.from - 14 * DAY),
      dated: microUsd(0),
    });
    const actual = sum(MONTH.from, MONTH.to) + (committed * (MONTH.to - MONTH.from)) / HOUR;
    return { name, error: Math.abs(amount / actual - 1) * 100 };
  });
  const worst = Math.max(...errors.map(({ error }) => error));
  return {
    name: 'forecast_error_mid_month',
    value: round(worst),
    unit: '%',
    limit: 10,
    work: true,
    note: errors.map(({ name, error }) => `${name} ${round(error)} %`).join(', '),
  };
}

async function costPass(): Promise<Figure> {
  const store = makeMemoryStore();
  const meter = makeMeter({ store });
  const clock = makeVirtualClock(instant(MONTH.from + 20 * DAY));
  const machines = Array.from({ length: 5_000 }, (_, at) => ({ app: `acme-${at % 1_000}`, id: `m${at}` }));
  const look = (): void => {
    for (const { app, id } of machines) {
      const life: Life = {
        app,
        id,
        events: [{ id: `${id}-1`, type: 'start', status: 'started', source: 'flyd', at: instant(MONTH.from) }],
        invoice: 0,
        versions: [],
      };
      const machine = seenAt(life, clock.now());
      if (machine !== null)
        meter.see(machinesSeen({ organization: ORGANIZATION, environment: 'fleet', app: appName(app) }, [machine], clock.now()));
    }
  };
  look();
  await meter.flush(clock.now(), signal);
  const ledger = { store, book: SHIPPED_BOOK, selfApp: null, datedLines: () => Promise.resolve(ok([])) };
  const costs = makeCosts({ ...ledger, clock, meter, timeZone: 'UTC', organizations: () => [ORGANIZATION] });
  await costs.refresh(signal);
  const used: number[] = [];
  for (let run = 0; run < 5; run++) {
    clock.touch();
    look();
    const cpu = process.cpuUsage();
    await meter.flush(clock.now(), signal);
    if (costs.rates(ORGANIZATION).length !== machines.length) throw new Error('not every machine has a rate');
    const summary = await costs.summary({ organization: ORGANIZATION, environments: null }, signal);
    if (!summary.ok) throw new Error(summary.error.message);
    const spent = process.cpuUsage(cpu);
    used.push((spent.user + spent.system) / 1_000);
  }
  return {
    name: 'cost_pass_cpu',
    value: round(median(used)),
    unit: 'ms',
    limit: 200,
    work: false,
    note: '5,000 machines seen, compared with what is stored, priced and summed up',
  };
}

async function yearOfIntervals(): Promise<readonly Figure[]> {
  const url = process.env['DATABASE_URL'];
  if (url === undefined || url === '') return [];
  const setup = openPostgres(url);
  await setup.exec('drop schema if exists bench_meter cascade; create schema bench_meter');
  await setup.close();
  const database = openPostgres(url, { schema: 'bench_meter' });
  await migrate(database);
  const store = makeSqlStore(database);
  const from = Date.UTC(2026, 0, 1);
  // 200 intervals for each of 5,000 machines: running and resting by turns, 43.8 hours each.
  for (let part = 0; part < 50; part++)
    await database.query(
      `insert into trimtab_intervals (organization, resource, started_at, ended_at, born_at, environment, app, group_name, region, subject, item, class, quantity, rests, guessed)
       select 'acme', 'm' || machine, $1::bigint + turn * 157680000::bigint, $1::bigint + (turn + 1) * 157680000::bigint, $1::bigint, 'fleet', 'acme-' || (machine % 1000), 'app', 'nrt', 'm' || machine,
         case when turn % 2 = 0 then 'compute' else 'rootfs' end, case when turn % 2 = 0 then 'shared:1:256' else '?' end, 1, true, false
       from generate_series($2::int, $3::int) as machine, generate_series(0, 199) as turn`,
      [from, part * 100, part * 100 + 99],
    );
  await database.exec('analyze trimtab_intervals');
  for (let month = 0; month < 12; month++) {
    const span = monthSpan(instant(Date.UTC(2026, month, 2)));
    const units = await store.unitsBetween(ORGANIZATION, null, span.from, span.to, signal);
    if (!units.ok) throw new Error(units.error.message);
    await store.sealMonth(ORGANIZATION, `2026-${String(month + 1).padStart(2, '0')}`, units.value, signal);
  }
  const timed = async (run: () => Promise<unknown>): Promise<number> => {
    const times: number[] = [];
    for (let round_ = 0; round_ < 5; round_++) {
      const started = performance.now();
      await run();
      times.push(performance.now() - started);
    }
    return median(times);
  };
  const year = await timed(async () => {
    const rows = await store.monthUnits(ORGANIZATION, null, '2026-01', '2026-12', signal);
    if (!rows.ok || rows.value.length !== 24_000) throw new Error('not every app in every month');
  });
  const june = monthSpan(instant(Date.UTC(2026, 5, 2)));
  const month = await timed(() => store.unitsBetween(ORGANIZATION, null, june.from, june.to, signal));
  const app = await timed(() => store.unitsBetween(ORGANIZATION, 'acme-7', from, Date.UTC(2027, 0, 1), signal));
  await database.exec('drop schema bench_meter cascade');
  await store.close();
  const note = '1,000,000 intervals of 5,000 machines and 1,000 apps';
  return [
    { name: 'year_by_month_and_app', value: round(year), unit: 'ms', limit: 300, work: false, note },
    { name: 'one_month_from_intervals', value: round(month), unit: 'ms', limit: 300, work: false, note },
    { name: 'year_of_one_app', value: round(app), unit: 'ms', limit: 300, work: false, note },
  ];
}

const GROUPS = ['nrt', 'fra'].map((region) => ({
  ...{
    group: 'app',
    region,
    desiredMin: 2,
    desiredMax: 3,
    states: { started: 2, stopped: 1 },
    ready: 2,
    checks: { passing: 2, critical: 1 },
  },
  ...{ minMachinesRunning: 1, started: 2, primary: region === 'nrt' },
}));
const COSTS = (['compute', 'rootfs', 'volume', 'address', 'certificate'] as const).map((item) => ({
  item,
  subject: item,
  microUsdPerHour: microUsd(100),
}));
async function metricsOfMany(): Promise<readonly Figure[]> {
  const APPS = 1_000;
  const statuses = Array.from({ length: APPS }, (_, at) => ({
    ...aStatus({ groups: GROUPS, costLines: COSTS }),
    app: `acme-${at}`,
    name: `acme-${at}`,
  }));
  const metrics = makeMetrics('bench', {
    statuses: () => statuses,
    environments: () => [{ name: 'staging', organization: ORGANIZATION, mode: 'automatic', accepted: 'r', applied: 'r', valid: true }],
    queue: () => ({ waiting: 0, active: 0 }),
    observations: () => [],
    monthToDate: () => 1_000_000,
    environmentCosts: () => [{ environment: 'staging', forecast: 1, week: 1, weekOverWeek: null }],
    budgets: () => [{ budget: 'all', amount: 1, used: 1, forecast: 1 }],
    noticeQueues: () => [],
    restorePoints: () => [],
    now: () => instant(MONTH.from),
  });
  const times: number[] = [];
  let text = '';
  for (let run = 0; run < 7; run++) {
    const started = performance.now();
    text = (await Array.fromAsync(metrics.text())).join('');
    times.push(performance.now() - started);
  }
  const series = text.split('\n').filter((line) => line.includes('app="acme-')).length / APPS;
  return [
    { name: 'metrics_1000_apps', value: round(median(times)), unit: 'ms', limit: 250, work: false },
    { name: 'series_per_app', value: round(series), unit: 'series', limit: 40, work: true },
  ];
}
