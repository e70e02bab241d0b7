/** The platform's proxy: routes requests for `<app>.fly.dev`, starts what sleeps, and puts to sleep what idles. Source: fly-behaviour.md §9. */
import type { MachineService } from '#domain/machine-config.ts';
import { ms, seconds } from '#domain/units.ts';
import { isPassing } from './checks.ts';
import { boot, stop, suspend } from './lifecycle.ts';
import { certificateHeader, hangOf, pageOf, siteOf } from './site.ts';
import { type MachineRow, machinesOf, type World } from './world.ts';

/** The platform looks "every few minutes". */
export const STOP_LOOP = seconds(120);
/** A machine counts as idle when nothing came for so long. */
const IDLE_MS = 60_000;
const START_PATIENCE = seconds(30);
const LOOK_EVERY = ms(50);
const DEFAULT_SOFT_LIMIT = 20;

const servicesOf = (row: MachineRow): readonly MachineService[] => row.config.services ?? [];
const isWeb = (row: MachineRow): boolean => servicesOf(row).some((service) => (service.ports ?? []).length > 0);
/** Unset autostart means on. */
const mayStart = (row: MachineRow): boolean => servicesOf(row).some((service) => service.autostart !== false);
/** Several services on one machine: the least aggressive wins. */
function autostopOf(row: MachineRow): 'off' | 'stop' | 'suspend' {
  const words = servicesOf(row).map((service) => service.autostop ?? false);
  if (words.length === 0 || words.some((word) => word === false || word === 'off')) return 'off';
  return words.some((word) => word === true || word === 'stop') ? 'stop' : 'suspend';
}
const softLimitOf = (row: MachineRow): number => servicesOf(row)[0]?.concurrency?.soft_limit ?? DEFAULT_SOFT_LIMIT;
const floorOf = (row: MachineRow): number => Math.max(0, ...servicesOf(row).map((service) => service.min_machines_running ?? 0));
const takesRequests = (row: MachineRow): boolean =>
  row.state === 'started' && !row.cordoned && row.hostStatus === 'ok' && isWeb(row) && isPassing(row);

/** Routes one request. Starts a sleeping machine when none runs, or all that run are above their soft limit. */
export async function routeRequest(
  world: World,
  app: string,
  signal: AbortSignal,
  url: URL = new URL(`https://${app}.fly.dev/`),
): Promise<Response> {
  const until = world.clock.now() + START_PATIENCE;
  for (;;) {
    world.catchUp();
    const rows = machinesOf(world, app).filter((row) => row.state !== 'destroyed');
    if (rows.length === 0) return refusal(world, 404, `no machines for ${app}`);
    const running = rows.filter(takesRequests).sort((a, b) => a.load - b.load);
    const [best] = running;
    if (best === undefined || best.load >= softLimitOf(best)) {
      const asleep = rows.find(
        (row) => (row.state === 'stopped' || row.state === 'suspended') && !row.cordoned && isWeb(row) && mayStart(row),
      );
      if (asleep !== undefined) boot(world, asleep, 'proxy');
    }
    if (best !== undefined) return serve(world, best, url, signal);
    if (signal.aborted || world.clock.now() >= until) {
      return refusal(world, 503, 'could not find a good candidate within 30s');
    }
    await world.clock.sleep(LOOK_EVERY);
  }
}
const refusal = (world: World, status: number, error: string): Response =>
  Response.json({ error }, { status, headers: certificateHeader(world, new Set()) });
async function serve(world: World, row: MachineRow, url: URL, signal: AbortSignal): Promise<Response> {
  row.load += 1;
  row.lastRequestAt = world.clock.now();
  const span = world.random.integer(5, 25) + hangOf(siteOf(world, row));
  // Who asked has gone: the answer is for nobody, the machine is free again.
  await world.clock.sleep(ms(span), signal).catch(() => undefined);
  row.load -= 1;
  return pageOf(world, row, url);
}

/** What comes over the edge: the host names the app, by its own name or by one of its certificates. */
export function answerEdge(world: World, request: Request): Promise<Response> {
  const host = (request.headers.get('host') ?? new URL(request.url).host).replace(/:\d+$/, '');
  const own = [...world.certificates.values()].find(({ hostname }) => hostname === host)?.app;
  const { pathname, search } = new URL(request.url);
  return routeRequest(world, own ?? host.split('.')[0] ?? '', request.signal, new URL(`https://${host}${pathname}${search}`));
}

/** One round of the stop loop: at most one machine per app and region. */
export function stopIdle(world: World): void {
  world.catchUp();
  const now = world.clock.now();
  for (const rows of groupsOf(world)) {
    const [first] = rows;
    if (first === undefined) continue;
    const over = rows.filter((row) => row.load > softLimitOf(row)).length;
    const excess = rows.length === 1 ? (first.load === 0 ? 1 : 0) : rows.length - (over + 1);
    // The floor holds in the primary region only, and the platform knows that region from the machine's own environment.
    const floor = first.region === first.config.env?.['PRIMARY_REGION'] ? floorOf(first) : 0;
    if (Math.min(excess, rows.length - floor) < 1) continue;
    const idle = rows.filter((row) => row.load === 0 && now - row.lastRequestAt >= IDLE_MS).at(-1);
    if (idle === undefined) continue;
    if (autostopOf(idle) === 'suspend' && (idle.config.guest?.memory_mb ?? 0) <= 2_048) suspend(world, idle, 'proxy');
    else stop(world, idle, 'proxy');
    world.onChange?.();
  }
}
function groupsOf(world: World): Iterable<readonly MachineRow[]> {
  const running = [...world.machines.values()].filter((row) => takesRequests(row) && autostopOf(row) !== 'off');
  return Map.groupBy(running, (row) => `${row.app}/${row.region}/${row.config.metadata?.['fly_process_group'] ?? ''}`).values();
}
/** Runs the stop loop until the signal aborts. */
export async function runStopLoop(world: World, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await world.clock.sleep(STOP_LOOP, signal).catch(() => undefined);
    if (!signal.aborted) stopIdle(world);
  }
}
