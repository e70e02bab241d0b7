/** How far one app is with what its release asks: told by its own pass, read by the release. Pure. */
import type { Step } from './change.ts';
import { ERRORS, type TrimtabError } from './errors.ts';
import type { PlanContext } from './finding.ts';
import { isCrashLooping } from './health.ts';
import type { Member } from './members.ts';
import type { HoldReason, Plan } from './plan.ts';
import type { FailureReason, ReleaseVerdict } from './release.ts';
import { membersIn } from './secret-mark.ts';
import { elapsed, type Instant } from './units.ts';

/** The platform's own pace: none of these is a reason to go back, and none makes the deadline wait. */
const PACE: readonly HoldReason[] = [
  'WaitingForHealth',
  'WaitingForPlatform',
  'WaitingForVolume',
  'WaitingForReleaseCommand',
  'PartialPicture',
  'Grace',
  'Contended',
];
/** Holds that say that the new content does not come up. */
const FAILS: Readonly<Partial<Record<HoldReason, FailureReason>>> = {
  ImagePullFailed: 'ImagePull',
  CrashLoop: 'CrashLoop',
  ReleaseCommandFailed: 'ReleaseCommand',
};

export function verdictOf(context: PlanContext, plan: Plan, synced: boolean): ReleaseVerdict {
  const say = (state: ReleaseVerdict['state'], message: string, reason: FailureReason | null = null): ReleaseVerdict => ({
    attempt: context.attempt ?? null,
    state,
    reason,
    message,
    values: plan.held.flatMap(({ reason: why, change }) => (why === 'ReleaseWaits' && change !== null ? valuesIn(change) : [])),
  });
  // On the way back a value that stays is known only when all the rest is back.
  const stays = context.release === 'back' ? plan.held.find(({ reason }) => reason === 'SecretNotReversible') : undefined;
  const stuck = stays === undefined ? null : `SecretNotReversible: ${stays.message}`;
  if (synced) return stuck === null ? say('done', '') : say('failed', stuck);
  const failing = failureIn(context, plan);
  if (failing !== null) return say('failed', stuck ?? failing.message, failing.reason);
  if (stuck === null && onlyDrifts(context, plan)) return say('done', '');
  const first = plan.waves[0];
  if (first?.ready === true && first.steps.some(isWork)) return say('progress', first.steps[0]?.why ?? '');
  const holds = plan.held.filter(({ change }) => change === null || change.cause !== 'drift');
  const dependency = holds.find(({ reason }) => reason === 'WaitingForDependency');
  if (dependency !== undefined) return say('waiting', dependency.message);
  const pace = holds.find(({ reason }) => PACE.includes(reason));
  const waiting = holds.filter((hold) => !PACE.includes(hold.reason) && FAILS[hold.reason] === undefined);
  // What holds a change, before what is said of git.
  const held = waiting.find(({ change }) => change !== null) ?? waiting[0];
  if (stuck !== null && pace === undefined) return say('failed', stuck);
  if (held !== undefined && pace === undefined) return say('held', `${held.reason}: ${held.message}`);
  return say('progress', pace?.message ?? 'machines are coming up');
}
/** It was all as this revision asks, and what differs since was done by hand: that is put right, or waits for a person, beside the release. */
function onlyDrifts({ memory, revision }: PlanContext, { waves, held }: Plan): boolean {
  if (memory.syncedRevision !== revision) return false;
  const byHand = ({ cause }: { readonly cause: string }): boolean => cause === 'drift' || cause === 'floor';
  return (
    waves.every(({ steps }) => steps.every(byHand)) &&
    held.every(({ change, reason }) => (change === null ? !PACE.includes(reason) : byHand(change)))
  );
}
/** Names of secrets that this write gives new values. */
const valuesIn = ({ action, cause }: Pick<Step, 'action' | 'cause'>): readonly string[] =>
  action.kind === 'secret' && action.verb === 'set' && cause === 'change' ? action.items.map(({ name }) => name) : [];
const isWork = ({ cause }: Step): boolean => cause !== 'drift' && cause !== 'floor';

interface Failing {
  readonly reason: FailureReason;
  readonly message: string;
}
function failureIn(context: PlanContext, plan: Plan): Failing | null {
  // Machines still run with the value before: how they are says nothing of the one that is about to be written.
  if (plan.waves.some(({ steps }) => steps.some((step) => valuesIn(step).length > 0))) return null;
  const hold = plan.held.find(({ reason }) => FAILS[reason] !== undefined);
  const written = context.app.groups.flatMap((group) =>
    membersIn(context, group).filter(({ standby, current, stamp }) => !standby && current && stamp.revision === context.revision),
  );
  const crashing = written.find(({ machine, ready }) => !ready && (isCrashLooping(machine) || machine.state === 'failed'));
  if (crashing !== undefined) return { reason: 'CrashLoop', message: `${crashing.machine.name} does not stay up` };
  if (hold !== undefined && (hold.reason !== 'CrashLoop' || written.length > 0))
    return { reason: FAILS[hold.reason] ?? 'Checks', message: hold.message };
  const late = written.find((member) => isLate(member, context));
  return late === undefined ? null : { reason: 'Checks', message: lateText(late, context) };
}
/** Longer not ready than one machine may take. */
function isLate(member: Member, { memory, app, now }: PlanContext): boolean {
  const since = memory.unreadySince[unreadyKey(member)];
  return !member.ready && since !== undefined && elapsed(since, now) >= app.rollout.waitTimeout;
}
export const unreadyKey = ({ machine }: Pick<Member, 'machine'>): string => `${machine.id}@${machine.instanceId}`;
function lateText({ machine }: Member, { app }: PlanContext): string {
  const bad = machine.checks.filter(({ status }) => status !== 'passing').map(({ name, status }) => `${name} is ${status}`);
  return `${machine.name} does not pass within ${app.rollout.waitTimeout / 1_000} s (${bad.join(', ') || `it is ${machine.state}`})`;
}

/** After a pass that failed: the platform refuses what is written, or nothing can be said now. */
export function verdictAfter(error: TrimtabError, attempt: string | null): ReleaseVerdict {
  const { message } = error;
  if (error.code === 'FLY_INVALID') return { attempt, state: 'failed', reason: 'Refused', message, values: [] };
  const { condition } = ERRORS[error.code];
  // There is no other way than the way back: what a person has to mend there is said as such.
  const stuck = condition === 'Stalled' && attempt?.endsWith('/back') === true;
  return { attempt, state: stuck ? 'failed' : condition === 'Reconciling' ? 'progress' : 'held', reason: null, message, values: [] };
}
/** Since when each machine of this app is not ready, by machine and instance: what was not ready before goes on counting. */
export function unreadySince(members: readonly Member[], before: Readonly<Record<string, Instant>>, now: Instant): Record<string, Instant> {
  const unready = members.filter(
    ({ standby, current, ready, machine }) => !standby && current && !ready && RESTS.every((at) => at !== machine.state),
  );
  return Object.fromEntries(unready.map((member) => [unreadyKey(member), before[unreadyKey(member)] ?? now]));
}
/** What sleeps needs not be ready. */
const RESTS: readonly string[] = ['stopped', 'suspended', 'created'];
