/** Does a machine serve, does a group, does an app? Pure. */
import type { Health } from './condition.ts';
import { worstHealth } from './condition.ts';
import type { ObservedExit, ObservedMachine } from './observed.ts';
import { isActive, isStarted } from './observed.ts';
import { isStandby } from './stamp.ts';
import type { Instant } from './units.ts';

/** Fillers for older clients; they say nothing about the machine. */
const COMPATIBILITY_CHECK = 'bg_deployments_compat';
/** A machine without checks serves when it has stayed up this long. */
const STAYS_UP_MS = 1_000;

/** Started, on a sound host, and every configured check passed on this instance. */
export function isReady(machine: ObservedMachine, now: Instant): boolean {
  if (!isStarted(machine) || machine.hostStatus !== 'ok') return false;
  const started = startedAt(machine);
  const wanted = configuredChecks(machine);
  // A start that lies ahead of us was told by a faster clock: waiting for ours would be waiting for nothing.
  if (wanted === 0) return started === null || Math.abs(now - started) >= STAYS_UP_MS;
  const checks = machine.checks.filter(({ name }) => !name.startsWith(COMPATIBILITY_CHECK));
  return (
    checks.length >= wanted &&
    checks.every(({ status, updatedAt }) => status === 'passing' && (started === null || updatedAt === null || updatedAt >= started))
  );
}
/** Newest start of the instance that runs now. */
export const startedAt = (machine: Pick<ObservedMachine, 'events'>): Instant | null =>
  machine.events.find(({ type }) => type === 'start')?.at ?? null;
function configuredChecks({ config }: Pick<ObservedMachine, 'config'>): number {
  const inServices = (config?.services ?? []).reduce((sum, service) => sum + (service.checks?.length ?? 0), 0);
  return inServices + Object.keys(config?.checks ?? {}).length;
}
export const lastExit = (machine: Pick<ObservedMachine, 'events'>): ObservedExit | null =>
  machine.events.find(({ exit }) => exit !== undefined)?.exit ?? null;

/** The platform's own client takes the newest exit for a crash loop by this rule. What crashed before the machine was written anew says nothing
 *  of what it runs now. */
export function isCrashLooping({ events }: Pick<ObservedMachine, 'events'>): boolean {
  const written = events.findIndex(({ type }) => type === 'update' || type === 'launch');
  const exit = lastExit({ events: written < 0 ? events : events.slice(0, written) });
  return exit !== null && !exit.requestedStop && exit.restarting && exit.restartCount > 1 && exit.exitCode !== 0;
}

export interface HealthScene {
  readonly now: Instant;
  readonly autostop: 'off' | 'stop' | 'suspend';
  /** The group has at least as many started as it must, without this machine. */
  readonly atFloor: boolean;
  /** The machine this one stands by for; null: it is no standby. */
  readonly primary: ObservedMachine | null;
}
/** A stopped machine is healthy when it rests on purpose (design.md §2). */
export function stoppedIsHealthy(machine: ObservedMachine, { autostop, atFloor, primary }: HealthScene): boolean {
  const exit = lastExit(machine);
  // A standby sleeps while its primary is not lost, whether or not that one runs.
  if (isStandby(machine)) return primary !== null && primary.hostStatus === 'ok' && isActive(primary);
  const runsByPlan = (machine.config?.schedule ?? '') !== '';
  // Made for a schedule whose time has not come: nothing exited yet.
  if (runsByPlan && exit === null) return true;
  if ((runsByPlan || machine.config?.restart?.policy === 'no') && exit?.exitCode === 0) return true;
  return autostop !== 'off' && atFloor && (exit === null || exit.requestedStop || exit.exitCode === 0);
}
const COMING: readonly string[] = [
  'created',
  'creating',
  'starting',
  'restarting',
  'replacing',
  'updating',
  'destroying',
  'stopping',
  'suspending',
];
/** Past this a machine that should come up counts as one that does not. */
const COMES_UP_MS = 300_000;

export function machineHealth(machine: ObservedMachine, scene: HealthScene): Health {
  if (machine.hostStatus !== 'ok') return 'Unknown';
  if (isReady(machine, scene.now)) return machine.cordoned ? 'Degraded' : 'Healthy';
  if (isCrashLooping(machine)) return 'Degraded';
  if (machine.state === 'suspended') return scene.autostop === 'off' || !scene.atFloor ? 'Degraded' : 'Suspended';
  if (machine.state === 'stopped') return stoppedIsHealthy(machine, scene) ? 'Healthy' : 'Degraded';
  if (COMING.includes(machine.state)) return scene.now - machine.updatedAt < COMES_UP_MS ? 'Progressing' : 'Degraded';
  if (!isStarted(machine)) return 'Degraded';
  const since = startedAt(machine) ?? machine.updatedAt;
  return scene.now - since < COMES_UP_MS && !wasPassing(machine, since) ? 'Progressing' : 'Degraded';
}
/** First results come within a minute of the start; a check that turned bad later had passed before. */
const FIRST_RESULT_MS = 60_000;
const wasPassing = (machine: ObservedMachine, since: Instant): boolean =>
  machine.checks.some(({ status, updatedAt }) => status !== 'passing' && updatedAt !== null && updatedAt - since > FIRST_RESULT_MS);

export interface GroupScene {
  readonly now: Instant;
  readonly autostop: 'off' | 'stop' | 'suspend';
  /** At least so many must be there, and so many started in the primary region. */
  readonly wanted: number;
  readonly floor: number;
  readonly primaryRegion: string | null;
}
/** Suspended only when all of it rests; Missing while machines are lacking. */
export function groupHealth(members: readonly ObservedMachine[], scene: GroupScene): Health {
  if (members.length === 0) return scene.wanted === 0 ? 'Healthy' : 'Missing';
  const counted = members.filter((machine) => !isStandby(machine));
  const started = counted.filter(
    (machine) => isStarted(machine) && (scene.primaryRegion === null || machine.region === scene.primaryRegion),
  );
  const byId = new Map<string, ObservedMachine>(members.map((machine) => [machine.id, machine]));
  const healths = members.map((machine) => {
    const others = started.filter((other) => other.id !== machine.id).length;
    const [standsFor] = machine.config?.standbys ?? [];
    const primary = standsFor === undefined ? null : (byId.get(standsFor) ?? null);
    return machineHealth(machine, { now: scene.now, autostop: scene.autostop, atFloor: others >= scene.floor, primary });
  });
  const missing: readonly Health[] = counted.length < scene.wanted ? ['Missing'] : [];
  const resting = healths.every((health) => health === 'Suspended')
    ? healths
    : healths.map((health) => (health === 'Suspended' ? 'Healthy' : health));
  return worstHealth([...resting, ...missing]);
}
