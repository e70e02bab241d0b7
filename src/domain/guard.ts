/** The never-rules of trimtab, checked on every plan before it is carried out. Shares no code with the planner: it reads machines, stamps and
 *  counts by itself, so that one mistake is not made twice. Pure. */
import type { Step } from './change.ts';
import type { AppMemory } from './memory.ts';
import type { ObservedApp, ObservedMachine } from './observed.ts';
import type { Plan } from './plan.ts';
import type { CompiledApp } from './revision.ts';
import type { Instant } from './units.ts';

export const GUARD_RULES = [
  'foreign-machine',
  'own-app',
  'writes-stopped',
  'partial-picture',
  'stale-picture',
  'needs-approval',
  'too-many-deletes',
  'last-healthy',
  'scale-in',
  'mass-change',
] as const;
export type GuardRule = (typeof GUARD_RULES)[number];
export interface Refusal {
  readonly rule: GuardRule;
  /** Key of the step; null: the whole plan. */
  readonly step: string | null;
  readonly message: string;
}
export interface GuardScene {
  readonly now: Instant;
  /** `organization/environment`. */
  readonly owner: string;
  readonly app: CompiledApp;
  readonly protection: 'production' | 'none';
  readonly observed: ObservedApp;
  readonly memory: Pick<AppMemory, 'adopted' | 'adoptedAddresses' | 'temporary'>;
  /** A person approved this app at this revision. */
  readonly approved: boolean;
  readonly halted: string | null;
  readonly massChange: string | null;
  /** The app trimtab itself runs as. */
  readonly selfApp: string | null;
}

type Rule = (steps: readonly Step[], scene: GuardScene) => readonly Refusal[];

/** Only what would be written now is judged; what follows is judged when its turn comes. */
export function guardPlan(plan: Plan, scene: GuardScene): readonly Refusal[] {
  const first = plan.waves[0];
  const steps = first?.ready === true ? first.steps : [];
  return steps.length === 0 ? [] : RULES.flatMap((rule) => rule(steps, scene));
}
const refuse = (rule: GuardRule, step: Step | null, message: string): Refusal => ({ rule, step: step?.key ?? null, message });

const RULES: readonly Rule[] = [
  writesStopped,
  ownApp,
  massChange,
  foreignMachine,
  pictureFor,
  needsApproval,
  tooManyDeletes,
  lastHealthy,
  scaleIn,
];

function writesStopped(_steps: readonly Step[], { halted, app }: GuardScene): readonly Refusal[] {
  if (halted !== null) return [refuse('writes-stopped', null, halted)];
  return app.sync.mode === 'observe' ? [refuse('writes-stopped', null, 'sync.mode is observe')] : [];
}
/** Never its own app, never the platform's builders. */
function ownApp(_steps: readonly Step[], { app, selfApp }: GuardScene): readonly Refusal[] {
  if (selfApp !== null && app.app === selfApp) return [refuse('own-app', null, `${app.app} is the app trimtab itself runs as`)];
  return app.app.startsWith('fly-builder-') ? [refuse('own-app', null, `${app.app} is a builder`)] : [];
}
function massChange(steps: readonly Step[], { massChange: reason, approved }: GuardScene): readonly Refusal[] {
  if (reason === null || approved) return [];
  return steps.filter(({ cause }) => cause === 'change').map((step) => refuse('mass-change', step, reason));
}

const machineOf = (step: Step, observed: ObservedApp): ObservedMachine | null => {
  const { action } = step;
  if (action.kind !== 'machine-group' || !('machine' in action)) return null;
  return observed.machines.find(({ id }) => id === action.machine) ?? null;
};
const isOurs = (machine: ObservedMachine, { owner, app }: GuardScene): boolean =>
  machine.metadata['trimtab_owner'] === owner && machine.metadata['trimtab_app'] === app.app;
const RESERVED: readonly string[] = ['fly_app_release_command', 'fly_app_test_machine_command', 'fly_app_console'];
/** Stamping is the one write to a machine that is not ours yet: once, where git asks for it, and only machines of the platform's own launches. */
function mayAdopt(machine: ObservedMachine, { app, memory }: GuardScene): boolean {
  const { fly_platform_version: version, fly_process_group: group = '' } = machine.metadata;
  return app.adopt && !memory.adopted && version === 'v2' && !RESERVED.includes(group);
}
function foreignMachine(steps: readonly Step[], scene: GuardScene): readonly Refusal[] {
  return steps.flatMap((step) => {
    const { action } = step;
    if (action.kind !== 'machine-group' || action.verb === 'create') return [];
    const machine = machineOf(step, scene.observed);
    if (machine === null) return [refuse('foreign-machine', step, `machine ${action.machine} was not observed`)];
    if (isOurs(machine, scene) || (action.verb === 'restamp' && mayAdopt(machine, scene))) return [];
    return [refuse('foreign-machine', step, `machine ${machine.name} carries no stamp of ${scene.owner}`)];
  });
}

/** A picture older than this is no ground for deleting. */
const STALE_AFTER_MS = 120_000;
function pictureFor(steps: readonly Step[], { observed, now }: GuardScene): readonly Refusal[] {
  const deleting = steps.filter(({ destroys, action }) => destroys || action.verb === 'destroy');
  if (!observed.complete) return deleting.map((step) => refuse('partial-picture', step, 'the platform did not tell everything'));
  if (now - observed.observedAt <= STALE_AFTER_MS) return [];
  return deleting.map((step) => refuse('stale-picture', step, 'what was seen is more than two minutes old'));
}
function needsApproval(steps: readonly Step[], scene: GuardScene): readonly Refusal[] {
  if (scene.approved) return [];
  return steps.flatMap((step) => {
    const why = irreplaceable(step, scene);
    return why === null ? [] : [refuse('needs-approval', step, why)];
  });
}
function irreplaceable({ action, cause }: Step, { memory }: GuardScene): string | null {
  if (action.verb !== 'destroy') return null;
  switch (action.kind) {
    case 'ip-address':
      if (action.type === 'v4') return `${action.ip} is a dedicated address`;
      return memory.adoptedAddresses.includes(action.ip) ? `${action.ip} was there before trimtab` : null;
    case 'certificate':
      return `the certificate of ${action.hostname}`;
    case 'machine-group':
      return action.volume === null || cause === 'floor' ? null : `machine ${action.machine} holds volume ${action.volume}`;
  }
}
function tooManyDeletes(steps: readonly Step[], { app }: GuardScene): readonly Refusal[] {
  const pruned = steps.filter(({ cause, action }) => cause === 'prune' && action.verb === 'destroy');
  const { maxDeletes } = app.sync.prune;
  return pruned.slice(maxDeletes).map((step) => refuse('too-many-deletes', step, `more than ${maxDeletes} in one pass`));
}

const groupOf = ({ metadata }: ObservedMachine): string => metadata['fly_process_group'] ?? 'app';
const isAlive = ({ state }: ObservedMachine): boolean => state !== 'destroyed' && state !== 'destroying';
const isHealthy = (machine: ObservedMachine): boolean =>
  machine.state === 'started' &&
  machine.hostStatus === 'ok' &&
  !machine.cordoned &&
  machine.checks.every(({ name, status }) => status === 'passing' || name.startsWith('bg_deployments_compat'));

/** Under protection no step takes the last healthy machine of a group away; an update in place is announced as downtime instead. */
function lastHealthy(steps: readonly Step[], scene: GuardScene): readonly Refusal[] {
  if (scene.protection !== 'production' || scene.approved) return [];
  const taken = steps.filter(({ action }) => action.kind === 'machine-group' && (action.verb === 'destroy' || action.verb === 'stop'));
  const ids = new Set(taken.map((step) => machineOf(step, scene.observed)?.id));
  return taken.flatMap((step) => {
    const machine = machineOf(step, scene.observed);
    if (machine === null || !isHealthy(machine)) return [];
    const others = scene.observed.machines.filter(
      (other) => !ids.has(other.id) && groupOf(other) === groupOf(machine) && isOurs(other, scene),
    );
    if (others.some(isHealthy)) return [];
    return [refuse('last-healthy', step, `${machine.name} is the last healthy machine of group ${groupOf(machine)}`)];
  });
}
/** By more than half, or below two from above. Machines that are extra for a while do not count. */
function scaleIn(steps: readonly Step[], scene: GuardScene): readonly Refusal[] {
  if (scene.protection !== 'production' || scene.approved) return [];
  const extra = new Set(scene.memory.temporary);
  const going = steps.filter(
    ({ action, cause, subject }) =>
      action.kind === 'machine-group' && action.verb === 'destroy' && cause === 'change' && !extra.has(subject),
  );
  return [...Map.groupBy(going, ({ group }) => group ?? 'app')].flatMap(([group, leaving]) => {
    const members = scene.observed.machines.filter(
      (machine) =>
        isAlive(machine) && isOurs(machine, scene) && groupOf(machine) === group && !extra.has(machine.name) && !isStandby(machine),
    );
    const left = members.length - leaving.length;
    if (left * 2 >= members.length && !(members.length >= 2 && left < 2)) return [];
    return leaving.map((step) => refuse('scale-in', step, `group ${group} would go from ${members.length} to ${left} machines`));
  });
}
const isStandby = ({ config }: ObservedMachine): boolean => (config?.standbys ?? []).length > 0;
