/** The machines of an app. Identity: the machine's name (unique in its app) and the intent in its stamp. */

import { planAdoption } from '#domain/adoption.ts';
import type { MachineAction } from '#domain/change.ts';
import type { PlatformError } from '#domain/errors.ts';
import type { Finding, PlanContext } from '#domain/finding.ts';
import { joinFindings, NOTHING } from '#domain/finding.ts';
import { planGroup } from '#domain/group-plan.ts';
import type { ObservedApp, ObservedMachine } from '#domain/observed.ts';
import { isActive, isStarted } from '#domain/observed.ts';
import { planOrphans } from '#domain/orphans.ts';
import { priceMachines } from '#domain/price.ts';
import type { Result } from '#domain/result.ts';
import { ok } from '#domain/result.ts';
import { declaredNames, type SecretRecord } from '#domain/secret-picture.ts';
import { planSecrets, writesSecrets } from '#domain/secret-plan.ts';
import { INTENT_KEY, isQuarantined, stampToMetadata } from '#domain/stamp.ts';
import type { Instant } from '#domain/units.ts';
import type { FlyDep } from '#platform/fly/port.ts';
import type { Kind, Receipt, StepOf } from './kind.ts';
import { applyMachine } from './machine-writes.ts';

export const machineGroup: Kind<'machine-group'> = {
  name: 'machine-group',
  rank: 5,
  owned: ['config', 'image', 'state', 'cordoned', 'count', 'metadata'],
  plan: planMachines,
  undo: undoMachine,
  // All but a create name one machine; an update and a stamp are refused by the platform once the version they were made for has gone.
  repeatable: ({ verb }) => verb !== 'create',
  price: priceMachines,
  observe: async ({ fly }, app, signal) => {
    const machines = await fly.listMachines(app, signal);
    if (!machines.ok) return machines.error.code === 'FLY_NOT_FOUND' ? ok({ machines: [] }) : machines;
    return ok({ machines: machines.value });
  },
  find: findMachine,
  apply: applyMachine,
};

function planMachines(context: PlanContext): Finding {
  const { app, observed } = context;
  if (observed.info === null) return NOTHING;
  if (!app.enabled) return planOrphans(context, false);
  const adoption = planAdoption(context);
  if (adoption !== null) return withWhatFollows(context, adoption);
  return withRollout(context, joinFindings([...app.groups.map((group) => planGroup(context, group)), planOrphans(context, false)]));
}

/** While secrets are about to be written, people see the rollout that follows: every machine, for the version that write will have. */
function withRollout(context: PlanContext, found: Finding): Finding {
  if (!writesSecrets(planSecrets(context).now)) return found;
  const written = [...context.secrets.records.values()].map((record): [string, SecretRecord] => [
    record.name,
    { ...record, version: NEXT_VERSION, staged: false },
  ]);
  const name = declaredNames(context.app)[0] ?? '';
  const next = new Map(written.length > 0 ? written : [[name, nextRecord(name, context.now)]]);
  const after = joinFindings(
    context.app.groups.map((group) => planGroup({ ...context, secrets: { ...context.secrets, records: next } }, group)),
  );
  const due = new Set(found.now.map(({ subject }) => subject));
  const rollout = [after.now, ...after.later].map((wave) =>
    wave.filter(({ subject, fields }) => !due.has(subject) && fields.some(({ group }) => group === 'secret')),
  );
  return { ...found, later: [...found.later, ...rollout].filter((wave) => wave.length > 0) };
}
/** Above any the platform has given. */
const NEXT_VERSION = Number.MAX_SAFE_INTEGER;
const nextRecord = (name: string, now: Instant): SecretRecord => ({
  name,
  keyId: '',
  fingerprint: null,
  digest: '',
  version: NEXT_VERSION,
  staged: false,
  since: now,
  setAt: now,
  older: [],
});

/** Stamping changes nothing that runs; people also see what would be changed once the machines are ours. */
function withWhatFollows(context: PlanContext, adoption: Finding): Finding {
  const stamps = new Map(
    adoption.now.flatMap(({ action }) =>
      action.kind === 'machine-group' && action.verb === 'restamp' ? [[action.machine, stampToMetadata(action.stamp)]] : [],
    ),
  );
  if (stamps.size === 0) return adoption;
  const machines = context.observed.machines.map((machine) => ({
    ...machine,
    metadata: { ...machine.metadata, ...stamps.get(machine.id) },
  }));
  const taken = { ...context, memory: { ...context.memory, adopted: true }, observed: { ...context.observed, machines } };
  const after = joinFindings(context.app.groups.map((group) => planGroup(taken, group)));
  const later = [after.now, ...after.later].filter((wave) => wave.length > 0);
  return { ...adoption, later, drifts: after.drifts };
}

/** What a write is taken back by. A destroyed machine is another machine when it is made again. */
function undoMachine(action: MachineAction, before: ObservedApp): MachineAction | null {
  if (action.verb === 'create') return null;
  const machine = before.machines.find(({ id }) => id === action.machine);
  if (machine === undefined) return null;
  const at = { kind: 'machine-group', machine: machine.id, instance: machine.instanceId } as const;
  if (action.verb === 'start') return { ...at, verb: 'stop' };
  if (action.verb === 'stop') return { ...at, verb: 'start' };
  if (action.verb === 'update' && machine.config !== null)
    return { ...action, config: machine.config, launch: isStarted(machine) ? 'start' : 'skip' };
  return null;
}

async function findMachine(
  { fly }: FlyDep,
  step: StepOf<'machine-group'>,
  since: Instant,
  signal: AbortSignal,
): Promise<Result<Receipt | null, PlatformError>> {
  const { app, action, intent } = step;
  if (action.verb === 'create') {
    const listed = await fly.listMachines(app, signal);
    if (!listed.ok) return listed;
    const found = listed.value.find(
      (machine) => isActive(machine) && machine.name === action.name && machine.metadata[INTENT_KEY] === intent,
    );
    return ok(found === undefined ? null : { id: found.id });
  }
  const machine = await fly.getMachine(app, action.machine, signal);
  if (!machine.ok) {
    if (machine.error.code !== 'FLY_NOT_FOUND') return machine;
    return ok(action.verb === 'destroy' ? { id: action.machine } : null);
  }
  return ok(seenIn(machine.value, action, intent, since) ? { id: action.machine } : null);
}
function seenIn(machine: ObservedMachine, action: Exclude<MachineAction, { verb: 'create' }>, intent: string, since: Instant): boolean {
  switch (action.verb) {
    case 'update':
    case 'restamp':
      return machine.metadata[INTENT_KEY] === intent;
    case 'unstamp':
      return machine.metadata[INTENT_KEY] === undefined;
    case 'start':
      // What runs once may have ended by now.
      return isStarted(machine) || machine.state === 'starting' || machine.events.some(({ type, at }) => type === 'start' && at >= since);
    case 'stop':
      return machine.state === 'stopped' || machine.state === 'stopping';
    case 'uncordon':
      return !machine.cordoned;
    case 'quarantine':
      return isQuarantined(machine);
    case 'destroy':
      return !isActive(machine);
  }
}
