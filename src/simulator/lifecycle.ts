/** What machines do by themselves after they were asked: prepare, boot, run, crash, rest, go. Timing is seeded and realistic.
 *  Source: fly-behaviour.md §2. */
import type { JsonObject } from '#domain/json.ts';
import { removeChecks, resumeChecks, startChecks } from './checks.ts';
import { behaviourOf, resolveImage } from './images.ts';
import type { MachineRow, UnderWay, World } from './world.ts';

/** Uniform between, in ms. */
const TIMES = {
  prepare: [900, 2_200],
  start: [300, 1_200],
  resume: [80, 250],
  stop: [250, 900],
  suspend: [300, 900],
  destroy: [200, 700],
  crash: [700, 1_500],
  job: [900, 1_800],
} as const satisfies Record<string, readonly [number, number]>;
/** Unset restart behaves as on-failure with ten tries within five minutes. */
const DEFAULT_TRIES = 10;
const KEPT_EVENTS = 40;

export const timeFor = (world: World, what: keyof typeof TIMES): number => world.random.integer(TIMES[what][0], TIMES[what][1]);

export function addEvent(world: World, row: MachineRow, type: string, status: string, source: string, request?: JsonObject): void {
  const event = {
    id: world.id('event'),
    type,
    status,
    source,
    timestamp: world.clock.now(),
    ...(request === undefined ? {} : { request }),
  };
  row.events.unshift(event);
  row.events.length = Math.min(row.events.length, KEPT_EVENTS);
}
/** State and version move `updated_at`, and the organization-wide list some time later. */
export function setState(world: World, row: MachineRow, state: string): void {
  row.state = state;
  row.updatedAt = world.clock.now();
  const shown = { state, instanceId: row.instanceId, updatedAt: row.updatedAt, config: row.config };
  const show = (): void => {
    if (row.shown === null || row.shown.updatedAt <= shown.updatedAt) row.shown = shown;
  };
  if (world.listLagMs === 0) show();
  else world.schedule(world.listLagMs, show);
}
/** The next thing of this course; void when the machine was asked for something else in between. */
export function soon(world: World, row: MachineRow, span: number, next: () => void): void {
  const { course } = row;
  world.schedule(span, () => {
    if (row.course === course) next();
  });
}
/** Runs, or is about to. */
export const isUp = (state: string): boolean => ['started', 'starting', 'restarting', 'replacing'].includes(state);
export const turn = (row: MachineRow): void => {
  row.course += 1;
};

/** A new machine: pull, prepare, boot. A registry without the image ends it. */
export function launch(world: World, row: MachineRow, skipLaunch: boolean): void {
  turn(row);
  row.underWay = { skipLaunch, former: null };
  addEvent(world, row, 'launch', 'created', 'user');
  setState(world, row, 'created');
  prepare(world, row);
}
/** A new version of a machine. When the registry does not have the image, the old version goes on as if nothing had been asked. */
export function replaceVersion(world: World, row: MachineRow, former: NonNullable<UnderWay['former']>, skipLaunch: boolean): void {
  turn(row);
  row.underWay = { skipLaunch, former };
  addEvent(world, row, 'update', 'replacing', 'user');
  setState(world, row, 'replacing');
  prepare(world, row);
}
function prepare(world: World, row: MachineRow): void {
  soon(world, row, timeFor(world, 'prepare'), () => {
    const { skipLaunch, former } = row.underWay ?? { skipLaunch: false, former: null };
    row.underWay = null;
    const image = resolveImage(world, row.config.image ?? '');
    if (image === null) return former === null ? failLaunch(world, row) : takeBack(world, row, former);
    row.image = image;
    row.restarts = 0;
    if (former !== null && isUp(former.state)) exitOnRequest(world, row, false);
    if (!skipLaunch) {
      if (former !== null) addEvent(world, row, 'launch', 'created', 'user');
      return boot(world, row);
    }
    removeChecks(row);
    setState(world, row, 'stopped');
  });
}
function failLaunch(world: World, row: MachineRow): void {
  addEvent(world, row, 'launch', 'failed', 'flyd');
  setState(world, row, 'launch_failed');
  soon(world, row, timeFor(world, 'destroy'), () => gone(world, row));
}
function takeBack(world: World, row: MachineRow, former: NonNullable<UnderWay['former']>): void {
  row.instanceId = former.instanceId;
  row.config = former.config;
  addEvent(world, row, 'update', 'failed', 'flyd');
  setState(world, row, isUp(former.state) ? 'started' : 'stopped');
}
export function boot(world: World, row: MachineRow, source = 'flyd'): void {
  turn(row);
  removeChecks(row);
  const resumed = row.state === 'suspended';
  setState(world, row, 'starting');
  addEvent(world, row, 'start', 'starting', source);
  const { slowness } = behaviourOf(row.image);
  soon(world, row, timeFor(world, resumed ? 'resume' : 'start') * slowness, () => {
    addEvent(world, row, 'start', 'started', 'flyd');
    setState(world, row, 'started');
    startChecks(world, row);
    run(world, row);
  });
}
function run(world: World, row: MachineRow): void {
  const behaviour = behaviourOf(row.image);
  const refuses = behaviour.picky && world.apps.get(row.app)?.refused?.includes(row.secretsVersion) === true;
  if (isJob(row)) return soon(world, row, jobTime(world, row), () => finishJob(world, row, behaviour.crashes));
  if (behaviour.crashes || refuses) soon(world, row, timeFor(world, 'crash'), () => crash(world, row, behaviour.outOfMemory));
}
/** Runs once and ends: release commands, scheduled machines, anything that destroys itself. */
const isJob = (row: MachineRow): boolean =>
  row.config.auto_destroy === true || (row.config.schedule !== undefined && row.config.schedule !== '');

/** `sleep 90` takes its time. */
function jobTime(world: World, row: MachineRow): number {
  const slept = /\bsleep (\d+)/.exec((row.config.init?.cmd ?? []).join(' '))?.[1];
  return slept === undefined ? timeFor(world, 'job') : Number(slept) * 1_000;
}
function finishJob(world: World, row: MachineRow, crashes: boolean): void {
  const command = (row.config.init?.cmd ?? []).join(' ');
  const code = crashes || /\bfail|\bfalse\b|exit 1/.test(command) ? 1 : 0;
  exitWith(world, row, { exit_code: code, guest_exit_code: code, requested_stop: false, restarting: false, oom_killed: false });
  removeChecks(row);
  setState(world, row, 'stopped');
  if (row.config.auto_destroy === true) soon(world, row, timeFor(world, 'destroy'), () => gone(world, row));
}
/** One crash, and another try if the restart policy has any left. */
export function crash(world: World, row: MachineRow, outOfMemory: boolean): void {
  const { policy = '', max_retries: tries = DEFAULT_TRIES } = row.config.restart ?? {};
  const again = policy !== 'no' && (policy === 'always' || row.restarts < tries);
  row.restarts += 1;
  const code = outOfMemory ? 137 : 1;
  exitWith(world, row, { exit_code: code, guest_exit_code: code, requested_stop: false, restarting: again, oom_killed: outOfMemory });
  removeChecks(row);
  turn(row);
  if (!again) return setState(world, row, 'stopped');
  setState(world, row, 'starting');
  // The host waits longer after each crash, up to 15 seconds.
  const pause = Math.min(15_000, 500 * 2 ** Math.min(row.restarts, 10));
  soon(world, row, pause, () => boot(world, row));
}
function exitWith(world: World, row: MachineRow, exit: JsonObject): void {
  const exitEvent = { ...exit, guest_signal: -1, signal: -1, exited_at: new Date(world.clock.now()).toISOString() };
  addEvent(world, row, 'exit', 'stopped', 'flyd', { exit_event: exitEvent, restart_count: row.restarts });
}
/** Ends in `stopped`. A repeat is a success. */
export function stop(world: World, row: MachineRow, source = 'user'): void {
  if (row.state === 'stopped' || row.state === 'stopping') return;
  turn(row);
  if (row.state === 'suspended') return setState(world, row, 'stopped');
  addEvent(world, row, 'stop', 'stopping', source);
  setState(world, row, 'stopping');
  soon(world, row, timeFor(world, 'stop'), () => rest(world, row));
}
function rest(world: World, row: MachineRow): void {
  exitOnRequest(world, row, false);
  removeChecks(row);
  setState(world, row, 'stopped');
}
const exitOnRequest = (world: World, row: MachineRow, restarting: boolean): void =>
  exitWith(world, row, { exit_code: 0, guest_exit_code: 0, requested_stop: true, restarting, oom_killed: false });
export function suspend(world: World, row: MachineRow, source = 'user'): void {
  if (row.state === 'suspended' || row.state === 'suspending') return;
  turn(row);
  addEvent(world, row, 'suspend', 'suspending', source);
  setState(world, row, 'suspending');
  soon(world, row, timeFor(world, 'suspend'), () => {
    addEvent(world, row, 'suspend', 'suspended', 'flyd');
    setState(world, row, 'suspended');
  });
}
export function restart(world: World, row: MachineRow): void {
  turn(row);
  addEvent(world, row, 'restart', 'restarting', 'user');
  setState(world, row, 'restarting');
  soon(world, row, timeFor(world, 'stop'), () => {
    exitOnRequest(world, row, true);
    boot(world, row);
  });
}
export function destroy(world: World, row: MachineRow, source = 'user'): void {
  if (row.state === 'destroyed' || row.state === 'destroying') return;
  turn(row);
  addEvent(world, row, 'destroy', 'destroying', source);
  setState(world, row, 'destroying');
  soon(world, row, timeFor(world, 'destroy'), () => gone(world, row));
}
function gone(world: World, row: MachineRow): void {
  addEvent(world, row, 'destroy', 'destroyed', 'flyd');
  for (const volume of world.volumes.values()) if (volume.attachedMachine === row.id) volume.attachedMachine = null;
  row.lease = null;
  removeChecks(row);
  setState(world, row, 'destroyed');
}
/** After a restart of the simulator: what was under way goes on, and what rested rests as it was. */
export function resume(world: World, row: MachineRow): void {
  row.shown = { state: row.state, instanceId: row.instanceId, updatedAt: row.updatedAt, config: row.config };
  switch (row.state) {
    case 'created':
    case 'replacing':
      return prepare(world, row);
    case 'restarting':
    case 'starting':
      return boot(world, row);
    case 'stopping':
      return soon(world, row, timeFor(world, 'stop'), () => rest(world, row));
    case 'suspending':
      return setState(world, row, 'suspended');
    case 'destroying':
    case 'launch_failed':
      return gone(world, row);
    case 'started':
      resumeChecks(world, row);
      return run(world, row);
    default:
      return;
  }
}
