/** How an app is, for people and machines: sync status, health, conditions, groups, drift, holds. Pure. */

import type { z } from 'zod';
import type { Condition, ConditionType, DriftStatus, GroupStatus, Health, HoldStatus, SyncStatus } from './condition.ts';
import { worstHealth } from './condition.ts';
import type { TrimtabError } from './errors.ts';
import { ERRORS, remedyOf } from './errors.ts';
import type { PlanContext } from './finding.ts';
import { groupHealth, isReady } from './health.ts';
import { adoptable } from './members.ts';
import type { ObservedMachine } from './observed.ts';
import { isStarted } from './observed.ts';
import type { Hold, Plan } from './plan.ts';
import { HOLD_REASONS, stepsOf } from './plan.ts';
import { correctionDue, PASSING } from './restrain.ts';
import type { CompiledGroup } from './revision.ts';
import { membersIn } from './secret-mark.ts';
import type { Instant } from './units.ts';

/** Holds that ask for a person because trimtab cannot go on by itself. */
const STUCK: readonly string[] = [
  'ReleaseCommandFailed',
  'NoImage',
  'ImagePullFailed',
  'GuardRefused',
  'StateLost',
  'HostUnreachable',
  'SecretUnready',
  'ReleaseStalled',
  'SecretNotReversible',
];

const wantedOf = (group: CompiledGroup): number => group.regions.reduce((sum, { min }) => sum + min, 0);

function groupScene(context: PlanContext, group: CompiledGroup) {
  const { now, app } = context;
  const rests = group.resting === true;
  const autostop = rests && group.autostop === 'off' ? 'stop' : group.autostop;
  const floor = rests ? 0 : group.minMachinesRunning;
  return { now, autostop, wanted: wantedOf(group), floor, primaryRegion: app.primaryRegion };
}
export function appHealth(context: PlanContext): Health {
  const { app, observed } = context;
  if (app.excluded || !app.enabled) return 'Healthy';
  if (observed.info === null) return 'Missing';
  return worstHealth(
    app.groups.map((group) => {
      return groupHealth(machinesOf(context, group), groupScene(context, group));
    }),
  );
}
/** Before adoption its machines are those that would be taken over. */
function machinesOf(context: PlanContext, group: CompiledGroup): readonly ObservedMachine[] {
  const { observed, owner, app, memory } = context;
  const members = membersIn(context, group).map(({ machine }) => machine);
  if (members.length > 0 || memory.adopted) return members;
  return adoptable(observed, owner, app.groups).flatMap((one) => (one.group.name === group.name ? [one.machine] : []));
}

export function groupStatuses(context: PlanContext): readonly GroupStatus[] {
  const { app, now } = context;
  return app.groups.flatMap((group) => {
    const machines = machinesOf(context, group).filter(({ config }) => (config?.standbys ?? []).length === 0);
    const regions = new Set([...group.regions.map(({ region }) => region), ...machines.map(({ region }) => region)]);
    return [...regions].map((region) => {
      const here = machines.filter((machine) => machine.region === region);
      const wanted = group.regions.find((one) => one.region === region);
      return {
        group: group.name,
        region,
        desiredMin: wanted?.min ?? 0,
        desiredMax: wanted?.max ?? 0,
        states: countBy(here.map(({ state }) => state)),
        ready: here.filter((machine) => isReady(machine, now)).length,
        checks: countBy(here.flatMap(({ checks }) => checks.map(({ status }) => status))),
        minMachinesRunning: group.minMachinesRunning,
        started: here.filter(isStarted).length,
        primary: region === app.primaryRegion,
      };
    });
  });
}
const countBy = (words: readonly string[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length]));

export function driftStatuses(context: PlanContext, plan: Plan): readonly z.infer<typeof DriftStatus>[] {
  return plan.drifts.map((drift) => {
    const record = context.memory.drifts[drift.key];
    const from = drift.field.from === undefined ? {} : { from: copy(drift.field.from) };
    const to = drift.field.to === undefined ? {} : { to: copy(drift.field.to) };
    return {
      kind: drift.kind,
      subject: drift.subject,
      pointer: drift.field.pointer,
      field: drift.field.group,
      ...from,
      ...to,
      firstSeen: record?.at ?? context.now,
      correctedAt: correctionDue(drift, plan.held, context),
    };
  });
}
/** Plain JSON, without the absent keys that replies may have. */
const copy = (value: unknown): z.infer<ReturnType<typeof z.json>> => JSON.parse(JSON.stringify(value));

export const holdStatuses = (plan: Plan): readonly z.infer<typeof HoldStatus>[] =>
  plan.held.map(({ reason, subject, message, until }) => ({ reason, subject, message, remedy: HOLD_REASONS[reason], until }));
export const pendingOf = (plan: Plan) =>
  stepsOf(plan).map(({ cause, action, subject, why }) => ({ cause, kind: action.kind, verb: action.verb, subject, why }));

export interface Verdict {
  readonly sync: SyncStatus;
  readonly health: Health;
  readonly revision: string;
  /** Somebody's word, or a budget's act, stands over git's; null: no. */
  readonly overridden: { readonly reason: 'Overridden' | 'BudgetAct'; readonly message: string } | null;
  readonly now: Instant;
}
/** Exactly these types, always; `since` moves only when status or reason does. */
export function conditionsOf(verdict: Verdict, plan: Plan, previous: readonly Condition[]): readonly Condition[] {
  // Not being stamped is no lack where trimtab only looks.
  const holds = plan.held.filter(({ change, reason }) => !(change?.cause === 'adoption' && reason === 'ObserveOnly'));
  const stuck = holds.find(({ reason }) => STUCK.includes(reason));
  const held = holds.find(({ reason }) => !STUCK.includes(reason) && !PASSING.includes(reason));
  const busy = stepsOf(plan).length > 0 || holds.some(({ reason }) => PASSING.includes(reason)) || verdict.health === 'Progressing';
  const ready = verdict.sync === 'Synced' && (verdict.health === 'Healthy' || verdict.health === 'Suspended');
  const make = maker(verdict, previous);
  return [
    make('Ready', ready, ready ? 'Synced' : verdict.sync === 'Synced' ? verdict.health : verdict.sync, readyMessage(verdict, ready)),
    make('Reconciling', busy, busy ? 'Progressing' : 'Idle', busy ? (pendingOf(plan)[0]?.why ?? 'waits for machines') : 'nothing to do'),
    make('Stalled', stuck !== undefined, stuck?.reason ?? 'None', stuck === undefined ? '' : holdText(stuck)),
    make('Held', held !== undefined, held?.reason ?? 'None', held === undefined ? '' : holdText(held)),
    make('Overridden', verdict.overridden !== null, verdict.overridden?.reason ?? 'None', verdict.overridden?.message ?? ''),
  ];
}
const readyMessage = ({ sync, health }: Verdict, ready: boolean): string =>
  ready ? 'everything is as git says' : sync === 'Synced' ? `as git says, but ${health.toLowerCase()}` : 'not as git says yet';
const holdText = ({ reason, message }: Hold): string => `${message}. ${HOLD_REASONS[reason]}`;

/** Nothing is known anew: what was seen stays, and a condition says what went wrong. */
export function conditionsAfter(error: TrimtabError, verdict: Verdict, previous: readonly Condition[]): readonly Condition[] {
  const { condition } = ERRORS[error.code];
  const message = `${error.message}. ${remedyOf(error)}`;
  const make = maker(verdict, previous);
  return [
    make('Ready', verdict.sync === 'Unknown' ? null : false, error.code, message),
    make('Reconciling', condition === 'Reconciling', condition === 'Reconciling' ? error.code : 'Idle', ''),
    make('Stalled', condition === 'Stalled', condition === 'Stalled' ? error.code : 'None', condition === 'Stalled' ? message : ''),
    make('Held', condition === 'Held', condition === 'Held' ? error.code : 'None', condition === 'Held' ? message : ''),
    make('Overridden', verdict.overridden !== null, verdict.overridden?.reason ?? 'None', verdict.overridden?.message ?? ''),
  ];
}
/** Nothing is asked of it, and nothing is said of it. */
export function conditionsExcluded(verdict: Verdict, previous: readonly Condition[]): readonly Condition[] {
  const make = maker(verdict, previous);
  return [
    make('Ready', null, 'Excluded', 'left alone on purpose (excluded: true): not looked at, not compared, not touched'),
    ...(['Reconciling', 'Stalled', 'Held', 'Overridden'] as const).map((type) => make(type, false, 'None', '')),
  ];
}
const maker =
  ({ now, revision }: Verdict, previous: readonly Condition[]) =>
  (type: ConditionType, value: boolean | null, reason: string, message: string): Condition => {
    const status = value === null ? 'unknown' : value ? 'true' : 'false';
    const old = previous.find((condition) => condition.type === type);
    const since = old !== undefined && old.status === status && old.reason === reason ? old.since : now;
    return { type, status, reason, message, since, revision };
  };
