/** The changes a group's plan is made of, each with its words for people. Pure. */
import type { Cause, Change, FieldDifference, Launch } from './change.ts';
import type { PlanContext } from './finding.ts';
import { intentFor } from './finding.ts';
import type { RegionCode } from './ids.ts';
import { runningReference } from './image.ts';
import { createAction, stampFor, updateAction, type WantedImage } from './machine-body.ts';
import type { Member } from './members.ts';
import { isStarted, type ObservedVolume } from './observed.ts';
import type { CompiledGroup } from './revision.ts';
import { QUARANTINE_KEY } from './stamp.ts';

const list = (fields: readonly FieldDifference[]): string => [...new Set(fields.map(({ group }) => group))].join(', ');

function base(context: PlanContext, group: CompiledGroup, member: Member) {
  return {
    app: context.app.app,
    subject: member.machine.name,
    group: group.name,
    region: member.machine.region,
    fields: [],
    urgent: false,
    restarts: false,
    destroys: false,
    downtime: false,
    needsApproval: null,
  } as const;
}
export function createChange(
  context: PlanContext,
  group: CompiledGroup,
  image: WantedImage,
  place: { readonly name: string; readonly region: RegionCode; readonly volume: ObservedVolume | null },
  reason: { readonly cause: Cause; readonly urgent: boolean; readonly fields: readonly FieldDifference[]; readonly why: string },
): Change {
  return {
    app: context.app.app,
    subject: place.name,
    action: createAction(context, group, image, place),
    cause: reason.cause,
    urgent: reason.urgent,
    fields: reason.fields,
    why: reason.why,
    group: group.name,
    region: place.region,
    restarts: false,
    destroys: false,
    downtime: false,
    needsApproval: null,
  };
}
export function updateChange(
  context: PlanContext,
  group: CompiledGroup,
  image: WantedImage,
  member: Member,
  launch: Launch,
  alone: boolean,
): Change {
  const drift = member.drifted && !member.outdated;
  const started = isStarted(member.machine);
  return {
    ...base(context, group, member),
    action: updateAction(context, group, image, member.machine, { launch, release: !drift }),
    cause: drift ? 'drift' : 'change',
    fields: member.differences,
    why: `${drift ? 'put back' : 'write'} ${list(member.differences) || 'content'} of ${member.machine.name}`,
    restarts: started,
    downtime: member.ready && alone,
  };
}
/** A machine the platform gave up on: the same content again, as a new instance, started. */
export function reviveChange(context: PlanContext, group: CompiledGroup, image: WantedImage, member: Member): Change {
  return {
    ...base(context, group, member),
    action: updateAction(context, group, image, member.machine, { launch: 'start', release: false }),
    cause: 'drift',
    urgent: true,
    fields: [{ pointer: 'state', from: member.machine.state, to: 'started', group: 'state' }],
    why: `bring ${member.machine.name} up again: it is ${member.machine.state}`,
  };
}
export function startChange(context: PlanContext, group: CompiledGroup, member: Member, cause: Cause, why: string): Change {
  const { machine } = member;
  return {
    ...base(context, group, member),
    action: { kind: 'machine-group', verb: 'start', machine: machine.id, instance: machine.instanceId },
    cause,
    urgent: true,
    fields: cause === 'release' ? [] : [{ pointer: 'state', from: machine.state, to: 'started', group: 'state' }],
    why,
  };
}
/** It rests on purpose: nothing of it changes. */
export function stopChange(context: PlanContext, group: CompiledGroup, member: Member): Change {
  const { machine } = member;
  return {
    ...base(context, group, member),
    action: { kind: 'machine-group', verb: 'stop', machine: machine.id, instance: machine.instanceId },
    cause: 'drift',
    urgent: true,
    fields: [],
    why: `stop ${machine.name}: its group rests`,
  };
}
export function uncordonChange(context: PlanContext, group: CompiledGroup, member: Member): Change {
  const { machine } = member;
  const back = machine.metadata[QUARANTINE_KEY] !== undefined;
  return {
    ...base(context, group, member),
    action: { kind: 'machine-group', verb: 'uncordon', machine: machine.id, instance: machine.instanceId },
    cause: 'drift',
    urgent: true,
    fields: [{ pointer: 'cordoned', from: true, to: false, group: 'cordon' }],
    why: `let requests reach ${machine.name} again: ${back ? 'git has it again, out of quarantine' : 'it is cordoned'}`,
  };
}
export function restampChange(context: PlanContext, group: CompiledGroup, member: Member, why: string): Change {
  const { machine } = member;
  const intent = intentFor(context.seed, `${context.app.app}/machine-group/${machine.name}`);
  const keepsContent = member.copy ? { hash: member.stamp.hash, image: member.stamp.image } : {};
  const stamp = {
    ...stampFor(
      context,
      group,
      machine.name,
      { reference: runningReference(machine.image) ?? '', digest: machine.image.digest ?? null },
      intent,
      member.stamp.secrets,
    ),
    ...keepsContent,
  };
  return {
    ...base(context, group, member),
    action: { kind: 'machine-group', verb: 'restamp', machine: machine.id, instance: machine.instanceId, stamp },
    cause: member.copy ? 'drift' : 'change',
    why,
  };
}
export function destroyChange(
  context: PlanContext,
  group: Pick<CompiledGroup, 'name'>,
  member: Member,
  reason: { readonly cause: Cause; readonly why: string; readonly alone: boolean; readonly fields: readonly FieldDifference[] },
): Change {
  const { machine } = member;
  const volume = context.observed.volumes.find(({ attachedMachine }) => attachedMachine === machine.id) ?? null;
  const mounted = machine.config?.mounts?.[0]?.volume;
  const volumeText = volume?.id ?? mounted;
  return {
    app: context.app.app,
    subject: machine.name,
    action: { kind: 'machine-group', verb: 'destroy', machine: machine.id, instance: machine.instanceId, volume: volume?.id ?? null },
    cause: reason.cause,
    urgent: false,
    fields: reason.fields,
    why: reason.why,
    group: group.name,
    region: machine.region,
    restarts: false,
    destroys: true,
    downtime: member.ready && reason.alone,
    needsApproval: volumeText === undefined ? null : `machine ${machine.name} (${machine.id}) holds volume ${volumeText}`,
  };
}
