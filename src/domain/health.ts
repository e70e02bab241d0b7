/** Does a machine serve, does a group, does an app? Pure. */
import type { ObservedExit, ObservedMachine } from './observed.ts';
import { isStarted } from './observed.ts';
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
  if (wanted === 0) return started === null || now - started >= STAYS_UP_MS;
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

/** The platform's own client takes the newest exit for a crash loop by this rule. */
export function isCrashLooping(machine: Pick<ObservedMachine, 'events'>): boolean {
  const exit = lastExit(machine);
  return exit !== null && !exit.requestedStop && exit.restarting && exit.restartCount > 1 && exit.exitCode !== 0;
}
