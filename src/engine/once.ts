/** One round without a loop that goes on for ever: passes until everything is Synced, waits for a person, or fails. */
import type { ClockDep } from '#domain/clock.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { Release } from '#domain/release.ts';
import { elapsed, type Ms, seconds } from '#domain/units.ts';
import type { Controller } from './controller.ts';
import { inKey } from './in-key.ts';
import { releaseKey } from './keys.ts';
import type { Selection } from './operator.ts';
import { targetKey } from './target.ts';

export type RoundResult = 'synced' | 'held' | 'failed';
const LOOK_EVERY = seconds(1);

/** Passes by hand, app after app, in the order of the environment, each under its key: on a shared database others may work on the same apps. */
export async function convergeOnce(
  controller: Controller,
  deps: ClockDep,
  limit: Ms,
  only: (app: string) => boolean,
  signal: AbortSignal,
): Promise<RoundResult> {
  const started = deps.clock.now();
  for (;;) {
    const targets = controller.environments.targets().filter(({ app }) => only(app.app));
    const names = new Set(targets.map(({ environment }) => environment.name));
    const turn = async (key: string, work: (within: AbortSignal) => Promise<unknown>): Promise<void> => {
      // What could not be had this time is tried in the next round.
      await inKey({ ...deps, within: controller.within }, key, work, signal);
    };
    const releases = async (): Promise<void> => {
      for (const name of names) await turn(releaseKey(name), (within) => controller.release(name, within));
    };
    await releases();
    for (const key of controller.environments.targets().flatMap((target) => (only(target.app.app) ? [targetKey(target)] : [])))
      await turn(key, (within) => controller.pass(key, within));
    await releases();
    const statuses = targets.map(({ environment, app }) => controller.statusOf(environment.name, app.app));
    const result = verdictOf(statuses, activeIn(controller, names));
    if (result !== null) return result;
    if (signal.aborted || elapsed(started, deps.clock.now()) > limit) return 'failed';
    await deps.clock.sleep(LOOK_EVERY, signal).catch(() => undefined);
  }
}
const LOOKS_AT_A_TIME = 16;
/** Sees how the chosen apps are; writes nothing. */
export async function lookAt(controller: Controller, { environment, app }: Selection, signal: AbortSignal): Promise<void> {
  const chosen = controller.environments
    .targets()
    .filter((target) => environment === null || target.environment.name === environment)
    .filter((target) => app === null || target.app.name === app || target.app.app === app);
  for (let at = 0; at < chosen.length; at += LOOKS_AT_A_TIME)
    await Promise.all(chosen.slice(at, at + LOOKS_AT_A_TIME).map((target) => controller.look(targetKey(target), signal)));
}
const activeIn = (controller: Controller, names: ReadonlySet<string>): readonly Release[] =>
  [...names].flatMap((name) => controller.environments.view(name)?.state?.book.active ?? []);
/** Null: something still moves. */
export function verdictOf(statuses: readonly (AppStatus | null)[], releases: readonly Release[] = []): RoundResult | null {
  // A release that waits for nobody goes on, whatever its apps are at this moment.
  if (releases.some(({ hold, heldSince, phase }) => hold === null && heldSince === null && phase !== 'stalled')) return null;
  if (releases.some(({ phase }) => phase === 'stalled')) return 'failed';
  const verdicts = statuses.map((status) => (status === null ? null : verdictOfApp(status)));
  if (verdicts.includes('failed')) return 'failed';
  if (verdicts.includes(null)) return null;
  return verdicts.includes('held') || releases.some(({ hold }) => hold !== null) ? 'held' : 'synced';
}
const isTrue = (status: AppStatus, type: string): boolean =>
  status.conditions.some((condition) => condition.type === type && condition.status === 'true');
function verdictOfApp(status: AppStatus): RoundResult | null {
  if (status.excluded === true) return 'synced';
  // Ready, and something is still to be written down: the end of a release, say.
  if (isTrue(status, 'Ready')) return isTrue(status, 'Reconciling') ? null : 'synced';
  if (isTrue(status, 'Stalled')) return 'failed';
  // While anything moves, what is held may still be let through.
  if (isTrue(status, 'Reconciling')) return null;
  if (isTrue(status, 'Held')) return 'held';
  if (status.sync === 'Synced' && status.health !== 'Unknown') return status.health === 'Degraded' ? 'failed' : 'synced';
  return null;
}
