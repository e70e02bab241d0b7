/** The platform's proxy: routes requests for `<app>.fly.dev`, starts what sleeps, and puts to sleep what idles. Source: fly-behaviour.md §9. */
import type { MachineService } from '#domain/machine-config.ts';
import { ms, seconds } from '#domain/units.ts';
import { isPassing } from './checks.ts';
import { boot, stop, suspend } from './lifecycle.ts';
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
export async function routeRequest(world: World, app: string, signal: AbortSignal): Promise<Response> {
  const until = world.clock.now() + START_PATIENCE;
  for (;;) {
    world.catchUp();
    const rows = machinesOf(world, app).filter((row) => row.state !== 'destroyed');
    if (rows.length === 0) return Response.json({ error: `no machines for ${app}` }, { status: 404 });
    const running = rows.filter(takesRequests).sort((a, b) => a.load - b.load);
    const [best] = running;
    if (best === undefined || best.load >= softLimitOf(best)) {
      const asleep = rows.find(
        (row) => (row.state === 'stopped' || row.state === 'suspended') && !row.cordoned && isWeb(row) && mayStart(row),
      );
      if (asleep !== undefined) boot(world, asleep, 'proxy');
    }
    if (best !== undefined) return serve(world, best);
    if (signal.aborted || world.clock.now() >= until) {
      return Response.json({ error: 'could not find a good candidate within 30s' }, { status: 503 });
    }
    await world.clock.sleep(LOOK_EVERY);
  }
}
async function serve(world: World, row: MachineRow): Promise<Response> {
  row.load += 1;
  row.lastRequestAt = world.clock.now();
  await world.clock.sleep(ms(world.random.integer(5, 25)));
  row.load -= 1;
  const { repository, tag } = row.image;
  const headers = { 'fly-machine-id': row.id, 'fly-region': row.region };
  return Response.json(
    { app: row.app, machine: row.id, region: row.region, version: row.instanceId, image: `${repository}:${tag}` },
    { headers },
  );
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
