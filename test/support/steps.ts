/** Steps and plans written by hand: what a planner might hand over, right or wrong. */
import type { Action, MachineAction, Step } from '#domain/change.ts';
import { stepKey } from '#domain/change.ts';
import { environmentName, intentId, regionCode } from '#domain/ids.ts';
import type { MachineConfig } from '#domain/machine-config.ts';
import type { ObservedMachine } from '#domain/observed.ts';
import type { Plan } from '#domain/plan.ts';
import { sealPlan } from '#domain/plan.ts';
import { microUsd } from '#domain/units.ts';
import { APP, aConfig, aGroup, aStamp, REVISION } from '#test/support/builders.ts';

export function aStep(action: Action, subject: string, over: Partial<Step> = {}): Step {
  const change = {
    app: APP,
    subject,
    action,
    cause: 'change',
    urgent: false,
    fields: [],
    why: `${action.verb} ${subject}`,
    group: null,
    region: null,
    restarts: false,
    destroys: action.verb === 'destroy',
    downtime: false,
    needsApproval: null,
    ...over,
  } as const;
  return { key: stepKey(change), intent: intentId(`i-${subject}`), ...change };
}
const at = (machine: ObservedMachine) => ({ kind: 'machine-group', machine: machine.id, instance: machine.instanceId }) as const;
const onMachine = (machine: ObservedMachine, action: MachineAction, over: Partial<Step>): Step =>
  aStep(action, machine.name, { group: aGroup().name, region: machine.region, ...over });

export const destroyStep = (machine: ObservedMachine, over: Partial<Step> = {}): Step =>
  onMachine(machine, { ...at(machine), verb: 'destroy', volume: null }, over);
export const plainStep = (verb: 'start' | 'stop' | 'uncordon', machine: ObservedMachine, over: Partial<Step> = {}): Step =>
  onMachine(machine, { ...at(machine), verb }, over);
export const restampStep = (machine: ObservedMachine, over: Partial<Step> = {}): Step =>
  onMachine(machine, { ...at(machine), verb: 'restamp', stamp: aStamp(aGroup(), machine.name) }, { cause: 'adoption', ...over });
export const updateStep = (
  machine: ObservedMachine,
  launch: 'keep' | 'start' | 'skip' = 'keep',
  config: MachineConfig = aConfig(),
  over: Partial<Step> = {},
): Step => onMachine(machine, { ...at(machine), verb: 'update', config, stamp: aStamp(aGroup(), machine.name), launch }, over);
export const createStep = (
  name: string,
  { region = 'nrt', launch = 'start' as 'start' | 'skip', config = aConfig() } = {},
  over: Partial<Step> = {},
): Step =>
  aStep(
    { kind: 'machine-group', verb: 'create', name, region: regionCode(region), config, stamp: aStamp(aGroup(), name), launch },
    name,
    over,
  );

const NOTHING_COSTS = {
  beforePerHour: microUsd(0),
  afterPerHour: microUsd(0),
  alwaysOnBeforePerHour: microUsd(0),
  alwaysOnAfterPerHour: microUsd(0),
};
/** All of it in the first wave, ready to be written. */
export const planOfSteps = (steps: readonly Step[], over: Partial<Omit<Plan, 'id'>> = {}): Plan =>
  sealPlan({
    environment: environmentName('staging'),
    app: APP,
    revision: REVISION,
    generation: 2,
    waves: steps.length === 0 ? [] : [{ steps, ready: true }],
    held: [],
    drifts: [],
    cost: NOTHING_COSTS,
    downtime: false,
    ...over,
  });
