/** The never-rules of trimtab, checked on every plan before it is carried out. Shares no code with the planner: it reads machines, stamps and
 *  counts by itself, so that one mistake is not made twice. Pure. */
import type { Step } from './change.ts';
import { groupOf, isAlive, isHelper, isStandby, mayServe, RESERVED, serves } from './guard-machines.ts';
import { isClosed } from './guard-window.ts';
import type { AppMemory } from './memory.ts';
import type { ObservedApp, ObservedMachine } from './observed.ts';
import type { Plan } from './plan.ts';
import { priceOfPlan } from './price.ts';
import type { Prices } from './price-book.ts';
import type { CompiledApp } from './revision.ts';
import type { SecretsPicture } from './secret-picture.ts';
import type { Instant } from './units.ts';

export const GUARD_RULES = [
  'foreign-machine',
  'own-app',
  'writes-stopped',
  'partial-picture',
  'stale-picture',
  'needs-approval',
  'too-many-deletes',
  'quarantine',
  'last-healthy',
  'scale-in',
  'mass-change',
  'release-window',
  'one-release',
  'budget-gate',
  'secrets',
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
  readonly secrets: Pick<SecretsPicture, 'records' | 'pinned'>;
  readonly memory: Pick<AppMemory, 'adopted' | 'adoptedAddresses' | 'temporary' | 'release'>;
  /** A person approved this app at this revision. */
  readonly approved: boolean;
  readonly halted: string | null;
  readonly massChange: string | null;
  /** A release of the environment brings this, and was let through. */
  readonly released?: boolean;
  /** A release is taken back: what stood before it may stand again. */
  readonly back?: boolean;
  /** Limits on what a plan may add without a person, in micro-dollars an hour; the smallest of all budgets. Null: none. */
  readonly mostIncreasePerHour: number | null;
  readonly prices: Prices;
  /** The app trimtab itself runs as. */
  readonly selfApp: string | null;
}

type Rule = (steps: readonly Step[], scene: GuardScene, plan: Plan) => readonly Refusal[];

/** Only what would be written now is judged; what follows is judged when its turn comes. */
export function guardPlan(plan: Plan, scene: GuardScene): readonly Refusal[] {
  const first = plan.waves[0];
  const steps = first?.ready === true ? first.steps : [];
  return steps.length === 0 ? [] : RULES.flatMap((rule) => rule(steps, scene, plan));
}
const refuse = (rule: GuardRule, step: Step | null, message: string): Refusal => ({ rule, step: step?.key ?? null, message });

const RULES: readonly Rule[] = [
  writesStopped,
  ownApp,
  massChange,
  releaseWindow,
  oneRelease,
  budgetGate,
  foreignMachine,
  pictureFor,
  needsApproval,
  tooManyDeletes,
  quarantine,
  lastHealthy,
  scaleIn,
  secretWrites,
];

function writesStopped(_steps: readonly Step[], { halted, app }: GuardScene): readonly Refusal[] {
  if (halted !== null) return [refuse('writes-stopped', null, halted)];
  if (app.excluded) return [refuse('writes-stopped', null, `${app.app} is excluded`)];
  return app.sync.mode === 'observe' ? [refuse('writes-stopped', null, 'sync.mode is observe')] : [];
}
/** Never its own app, never the platform's builders. */
function ownApp(_steps: readonly Step[], { app, selfApp }: GuardScene): readonly Refusal[] {
  if (selfApp !== null && app.app === selfApp) return [refuse('own-app', null, `${app.app} is the app trimtab itself runs as`)];
  return app.app.startsWith('fly-builder-') ? [refuse('own-app', null, `${app.app} is a builder`)] : [];
}
/** New content outside of its window: only in a release that was let through, or by a person's word. */
function releaseWindow(steps: readonly Step[], { app, approved, released = true, now }: GuardScene): readonly Refusal[] {
  if (approved || released || app.sync.windows.length === 0) return [];
  const content = steps.filter(({ cause, action }) => cause === 'change' && (action.verb === 'create' || action.verb === 'update'));
  if (content.length === 0 || !isClosed(app.sync.windows, now)) return [];
  return content.map((step) => refuse('release-window', step, 'outside its window, and no release was let through'));
}
/** None is opened while one of ours is open, and no plan opens two. */
function oneRelease(steps: readonly Step[], { memory: { release } }: GuardScene): readonly Refusal[] {
  const opened = steps.filter(({ action }) => action.kind === 'app' && action.verb === 'open-release');
  const most = release === null ? 1 : 0;
  return opened.slice(most).map((step) => refuse('one-release', step, 'another release of ours is open'));
}
function massChange(steps: readonly Step[], { massChange: reason, approved }: GuardScene): readonly Refusal[] {
  if (reason === null || approved) return [];
  return steps.filter(({ cause }) => cause === 'change').map((step) => refuse('mass-change', step, reason));
}

/** Nothing that git asks for anew, where all of it together adds more than a budget lets through. */
function budgetGate(steps: readonly Step[], scene: GuardScene, { waves }: Plan): readonly Refusal[] {
  const { mostIncreasePerHour: most, approved, observed, prices } = scene;
  if (most === null || approved) return [];
  const asked = waves.flatMap((wave) => wave.steps).filter(({ cause }) => cause === 'change');
  const { alwaysOnBeforePerHour: before, alwaysOnAfterPerHour: after, ...expected } = priceOfPlan(observed, asked, prices);
  if (Math.min(after - before, expected.afterPerHour - expected.beforePerHour) <= most) return [];
  return steps
    .filter(({ cause }) => cause === 'change')
    .map((step) => refuse('budget-gate', step, 'the plan costs more than the budget lets through'));
}

const machineOf = (step: Step, observed: ObservedApp): ObservedMachine | null => {
  const { action } = step;
  if (action.kind !== 'machine-group' || !('machine' in action)) return null;
  return observed.machines.find(({ id }) => id === action.machine) ?? null;
};
const isOurs = (machine: ObservedMachine, { owner, app }: GuardScene): boolean =>
  machine.metadata['trimtab_owner'] === owner && machine.metadata['trimtab_app'] === app.app;
/** Stamping is the one write to a machine that is not ours yet: once, where git asks for it, and only machines of the platform's own launches
 *  that nobody else has stamped. */
function mayAdopt({ metadata }: ObservedMachine, { app, memory }: GuardScene): boolean {
  if (!app.adopt || memory.adopted || metadata['trimtab_owner'] !== undefined) return false;
  if (metadata['fly_platform_version'] !== 'v2' || metadata['fly_canary'] === 'true') return false;
  const group = metadata['fly_process_group'] ?? metadata['process_group'] ?? '';
  return group === '' || (!RESERVED.includes(group) && app.groups.some(({ name }) => name === group));
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
  const deleting = steps.filter(({ destroys, action }) => destroys || action.verb === 'destroy' || action.verb === 'quarantine');
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
function irreplaceable(step: Step, { memory, observed }: GuardScene): string | null {
  const { action } = step;
  if (action.verb !== 'destroy') return null;
  switch (action.kind) {
    case 'ip-address':
      if (action.type === 'v4' || observed.addresses.some(({ ip, type }) => ip === action.ip && type === 'v4'))
        return `${action.ip} is a dedicated address`;
      return memory.adoptedAddresses.includes(action.ip) ? `${action.ip} was there before trimtab` : null;
    case 'certificate':
      return `the certificate of ${action.hostname}`;
    case 'secret':
      return `the value of ${action.names.join(', ')} cannot be had back`;
    case 'machine-group': {
      const volume = volumeOf(action.machine, observed) ?? action.volume;
      return volume === null ? null : `machine ${action.machine} holds volume ${volume}`;
    }
  }
}
/** The plan may name no volume; what is attached or mounted counts. */
function volumeOf(machine: string, { machines, volumes }: ObservedApp): string | null {
  const attached = volumes.find(({ attachedMachine }) => attachedMachine === machine)?.id;
  const mounted = machines.find(({ id }) => id === machine)?.config?.mounts?.find(({ volume }) => volume !== undefined)?.volume;
  return attached ?? mounted ?? null;
}
function tooManyDeletes(steps: readonly Step[], { app }: GuardScene): readonly Refusal[] {
  const pruned = steps.filter(({ cause, action }) => cause === 'prune' && action.verb === 'destroy');
  const { enabled, maxDeletes } = app.sync.prune;
  const most = enabled ? maxDeletes : 0;
  return pruned.slice(most).map((step) => refuse('too-many-deletes', step, `prune may delete ${most} in one pass`));
}

/** Only what left git, and only where git asks for it. */
function quarantine(steps: readonly Step[], { app }: GuardScene): readonly Refusal[] {
  const unasked = steps.filter(({ action, cause }) => action.verb === 'quarantine' && !(app.sync.prune.quarantine && cause === 'prune'));
  return unasked.map((step) => refuse('quarantine', step, 'sync.prune.quarantine does not ask for it'));
}

/** An update that leaves the machine stopped is no update in place. */
function takesAway({ action }: Step): boolean {
  if (action.kind !== 'machine-group') return false;
  return (
    action.verb === 'destroy' ||
    action.verb === 'stop' ||
    action.verb === 'quarantine' ||
    (action.verb === 'update' && action.launch === 'skip')
  );
}

/** Under protection no step takes the last healthy machine of a group away; an update in place is announced as downtime instead. */
function lastHealthy(steps: readonly Step[], scene: GuardScene): readonly Refusal[] {
  if (scene.protection !== 'production' || scene.approved) return [];
  const { machines } = scene.observed;
  // A machine that restarts in the same wave stands in for nobody.
  const moved = steps.filter((step) => step.action.verb === 'update' || takesAway(step));
  const disturbed = new Set(moved.map((step) => machineOf(step, scene.observed)?.id));
  return steps.flatMap((step) => {
    const machine = machineOf(step, scene.observed);
    if (machine === null || !takesAway(step) || !mayServe(machine) || isStandby(machine) || isHelper(machine)) return [];
    const group = groupOf(machine);
    const replaced = machines.some(
      (other) => !disturbed.has(other.id) && groupOf(other) === group && isOurs(other, scene) && !isStandby(other) && serves(other),
    );
    return replaced ? [] : [refuse('last-healthy', step, `${machine.name} is the last healthy machine of group ${group}`)];
  });
}
/** By more than half, or below two from above. Machines that are extra for a while do not count. */
function scaleIn(steps: readonly Step[], scene: GuardScene): readonly Refusal[] {
  if (scene.protection !== 'production' || scene.approved) return [];
  const extra = new Set(scene.memory.temporary);
  const counts = (machine: ObservedMachine): boolean =>
    isAlive(machine) && isOurs(machine, scene) && !extra.has(machine.name) && !isStandby(machine) && !isHelper(machine);
  const going = steps.flatMap((step) => {
    const machine = step.action.verb === 'destroy' && step.cause !== 'prune' ? machineOf(step, scene.observed) : null;
    return machine === null || !counts(machine) ? [] : [{ step, group: groupOf(machine) }];
  });
  return [...Map.groupBy(going, ({ group }) => group)].flatMap(([group, leaving]) => {
    const members = scene.observed.machines.filter((machine) => counts(machine) && groupOf(machine) === group);
    const rest = members.length - leaving.length;
    const changes = leaving.some(({ step }) => step.cause === 'change');
    // Down to what git says a surplus may go; a plan that calls more than that drift is mistaken.
    if (!changes && rest >= asked(group, members, scene).least) return [];
    // A count that goes down in small steps goes down as far as git says.
    const left = changes ? Math.min(rest, asked(group, members, scene).most) : rest;
    if (left * 2 >= members.length && !(members.length >= 2 && left < 2)) return [];
    return leaving.map(({ step }) => refuse('scale-in', step, `group ${group} would go from ${members.length} to ${left} machines`));
  });
}
/** How many machines git asks for, whole group. */
function asked(name: string, members: readonly ObservedMachine[], { app }: GuardScene): { readonly least: number; readonly most: number } {
  const group = app.enabled ? app.groups.find((one) => one.name === name) : undefined;
  if (group === undefined) return { least: 0, most: 0 };
  const elsewhere = members.filter((machine) => !group.regions.some(({ region }) => region === machine.region)).length;
  return {
    least: group.regions.reduce((sum, { min }) => sum + min, 0),
    most: group.regions.reduce((sum, { max }) => sum + max, group.elsewhere === 'keep' ? elsewhere : 0),
  };
}
/** Only what git declares is set, never what failed in a release, never an older value of a source that git does not bind without a person; only
 *  what nobody declares is taken away, and only where git says so. */
function secretWrites(steps: readonly Step[], { app, secrets, approved, back = false }: GuardScene): readonly Refusal[] {
  return steps.flatMap((step) => {
    const { action } = step;
    if (action.kind !== 'secret' || action.verb === 'learn') return [];
    if (action.verb === 'destroy') {
      const wrong = action.names.filter((name) => app.unknownSecrets !== 'prune' || Object.hasOwn(app.secrets ?? {}, name));
      return wrong.map((name) => refuse('secrets', step, `${name} is not to be taken away`));
    }
    return action.items.flatMap(({ name, fingerprint, from }) => {
      const declared = app.secrets?.[name];
      if (declared === undefined) return [refuse('secrets', step, `${name} is not declared`)];
      if (secrets.pinned.has(fingerprint) && !approved) return [refuse('secrets', step, `this value of ${name} failed in a release`)];
      const bound = declared.from.value !== undefined || declared.from.sops !== undefined;
      const older = (secrets.records.get(name)?.older ?? []).includes(fingerprint);
      // Git names where the value before comes from.
      const named = from === 'previous' && declared.previous !== undefined;
      return older && !bound && !named && !approved && !back ? [refuse('secrets', step, `${name} would go back to an older value`)] : [];
    });
  });
}
