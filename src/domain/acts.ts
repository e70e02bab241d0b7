/** What a budget may do when it is crossed: each act opted into in git, with its reason, changing only what git would say, and gone with its
 *  cause. The target of an app is what git says with the acts on it; nothing is remembered, so nothing has to be undone. Pure. */
import type { BudgetLevel } from './budget.ts';
import { LEVELS } from './budget.ts';
import type { BudgetDocument } from './desired-schema.ts';
import { hashOwned, ownedView } from './flyconfig/ownership.ts';
import type { MachineConfig } from './machine-config.ts';
import type { CompiledApp, CompiledGroup } from './revision.ts';
import type { Ms } from './units.ts';

export interface ActiveAct {
  readonly budget: string;
  readonly environment: string;
  readonly do: NonNullable<BudgetDocument['spec']['acts']>[number]['do'];
  readonly reason: string;
}
/** Apps are suspended one after the other: the next when the one before did not help in this time. */
const SUSPEND_EVERY_MS = 600_000;
/** Acts of a warning go on while it is critical. `lasts`: how long it has been so. */
export function activeActs(budget: BudgetDocument, level: BudgetLevel, reason: string, lasts: number): readonly ActiveAct[] {
  const reached = LEVELS.indexOf(level);
  return (budget.spec.acts ?? [])
    .filter(({ on }) => LEVELS.indexOf(on) <= reached)
    .map(({ in: environment, do: act }) => ({
      budget: budget.metadata.name,
      environment,
      do: act.suspend === undefined ? act : { ...act, suspend: act.suspend.slice(0, 1 + Math.floor(lasts / SUSPEND_EVERY_MS)) },
      reason,
    }));
}
export interface Acted {
  readonly app: CompiledApp;
  /** What was changed and why; null: nothing. */
  readonly overridden: string | null;
}
/** `acts`: those of the app's environment. Apps of `suspend` rest from the first on. */
export function withActs(app: CompiledApp, acts: readonly ActiveAct[]): Acted {
  const said: string[] = [];
  let groups = app.groups;
  for (const { budget, do: act, reason } of acts) {
    const next = groupsAfter(app, groups, act);
    if (next === groups) continue;
    groups = next;
    said.push(`${actText(act)} by budget ${budget}: ${reason}`);
  }
  return said.length === 0 ? { app, overridden: null } : { app: { ...app, groups }, overridden: said.join('; ') };
}
function groupsAfter(app: CompiledApp, groups: readonly CompiledGroup[], act: ActiveAct['do']): readonly CompiledGroup[] {
  const { minMachinesRunning: floor, autostop, suspend } = act;
  if (floor !== undefined)
    return changed(groups, (group) =>
      group.minMachinesRunning <= floor ? group : withService(group, { min_machines_running: floor }, { minMachinesRunning: floor }),
    );
  if (autostop !== undefined)
    // Without autostart nobody would wake it again.
    return changed(groups, (group) =>
      group.autostop !== 'off' || (group.config.services ?? []).length === 0
        ? group
        : withService(group, { autostop: autostop === 'suspend' ? 'suspend' : true, autostart: true }, { autostop }),
    );
  if (suspend?.includes(app.name) === true)
    return changed(groups, (group) => (group.resting === true ? group : { ...group, resting: true }));
  return groups;
}
const changed = (groups: readonly CompiledGroup[], change: (group: CompiledGroup) => CompiledGroup): readonly CompiledGroup[] => {
  const next = groups.map(change);
  return next.every((group, at) => group === groups[at]) ? groups : next;
};
function withService(
  group: CompiledGroup,
  service: NonNullable<MachineConfig['services']>[number],
  facts: Partial<CompiledGroup>,
): CompiledGroup {
  const config: MachineConfig = { ...group.config, services: (group.config.services ?? []).map((one) => ({ ...one, ...service })) };
  return { ...group, ...facts, config, hash: hashOwned(ownedView(config, group.ownership)) };
}
export function actText(act: ActiveAct['do']): string {
  if (act.throttleReleases !== undefined) return `automatic releases at most every ${act.throttleReleases.interval / 60_000} minutes`;
  if (act.skipMigrations !== undefined) return 'migrations only when they changed';
  if (act.skipSmoke !== undefined) return 'smoke checks only when something visible changed';
  if (act.minMachinesRunning !== undefined) return `minMachinesRunning ${act.minMachinesRunning}`;
  if (act.autostop !== undefined) return `autostop ${act.autostop}`;
  return `suspended ${act.suspend?.join(', ') ?? ''}`;
}
/** What releases of an environment do differently meanwhile. */
export interface ReleaseActs {
  /** At least so long between two automatic releases; null: as commits come. */
  readonly interval: Ms | null;
  readonly skipMigrations: boolean;
  readonly skipSmoke: boolean;
}
export function releaseActs(acts: readonly ActiveAct[]): ReleaseActs {
  const intervals = acts.flatMap(({ do: { throttleReleases } }) => throttleReleases?.interval ?? []);
  return {
    interval: intervals.reduce<Ms | null>((longest, one) => (longest === null || one > longest ? one : longest), null),
    skipMigrations: acts.some(({ do: { skipMigrations } }) => skipMigrations === true),
    skipSmoke: acts.some(({ do: { skipSmoke } }) => skipSmoke === true),
  };
}
