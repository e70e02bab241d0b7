/** The status document of an app after a pass. */
import type { AppStatus } from '#domain/condition.ts';
import { ERRORS, type TrimtabError } from '#domain/errors.ts';
import type { PlanContext } from '#domain/finding.ts';
import { isReady } from '#domain/health.ts';
import { foreignMachines, mustRun } from '#domain/members.ts';
import { isActive, isStarted } from '#domain/observed.ts';
import { priceApp } from '#domain/price.ts';
import { verdictAfter, verdictOf } from '#domain/release-verdict.ts';
import { membersIn } from '#domain/secret-mark.ts';
import { unknownNames } from '#domain/secret-plan.ts';
import { secretStatuses } from '#domain/secret-status.ts';
import {
  appHealth,
  conditionsAfter,
  conditionsExcluded,
  conditionsOf,
  driftStatuses,
  groupStatuses,
  holdStatuses,
  pendingOf,
} from '#domain/status-of.ts';
import type { Instant } from '#domain/units.ts';
import { microUsd } from '#domain/units.ts';
import type { Decision } from './decide.ts';
import { prefixOf } from './secret-reader.ts';
import { type AppTarget, attemptOf } from './target.ts';

/** Nothing is on its way: no machine between two states, none that should serve and does not yet. */
export function isSettled(context: PlanContext): boolean {
  const { app, now } = context;
  return app.groups.every((group) =>
    membersIn(context, group).every(
      ({ machine, moving }) => !moving && (!isStarted(machine) || isReady(machine, now) || isOld(machine.updatedAt, now)),
    ),
  );
}
/** A machine that fails its checks for long is looked at with the resync, not every tick. */
const OLD_MS = 600_000;
const isOld = (at: Instant, now: Instant): boolean => now - at > OLD_MS;

/** Somebody stops a machine that must run: it can be started the moment it rests. Only for as long as a quick stop takes; a guest may use
 *  minutes to end. */
export function isGoingDown(context: PlanContext): boolean {
  const { app, now } = context;
  return app.groups.some((group) =>
    membersIn(context, group).some(
      (member) => DOWNWARD.includes(member.machine.state) && now - member.machine.updatedAt < QUICK_STOP_MS && mustRun(member, group),
    ),
  );
}
const DOWNWARD: readonly string[] = ['stopping', 'suspending'];
const QUICK_STOP_MS = 3_000;

export function statusAfter(target: AppTarget, context: PlanContext, decision: Decision, previous: AppStatus | null): AppStatus {
  const { plan, synced } = decision;
  const { now, observed, owner } = context;
  const asGitSays = target.app.excluded || (target.gone ? !observed.machines.some(isActive) : synced);
  const sync = asGitSays ? 'Synced' : 'OutOfSync';
  const health = target.gone ? 'Healthy' : appHealth(context);
  const verdict = { sync, health, revision: target.revision, overridden: target.overridden, now } as const;
  return {
    environment: target.environment.name,
    name: target.app.name,
    app: target.app.app,
    appliedRevision: synced ? target.revision : (previous?.appliedRevision ?? context.memory.syncedRevision),
    attemptedRevision: target.revision,
    sync,
    health,
    conditions: [...conditionsOf(verdict, plan, previous?.conditions ?? [])],
    groups: [...groupStatuses(context)],
    drifts: [...driftStatuses(context, plan)],
    held: [...holdStatuses(plan)],
    foreign: foreignMachines(observed, owner).map(({ name, id }) => `${name} ${id}`),
    pending: [...pendingOf(plan)],
    secrets: target.gone ? [] : [...secretStatuses(context, prefixOf(target.environment))],
    unknownSecrets: target.gone ? [] : [...unknownNames(context)],
    ...tagMoved(target, context),
    release: verdictOf(context, plan, synced),
    costLines: target.app.excluded ? [] : [...priceApp(observed, context.prices)],
    costMonthToDateMicroUsd: previous?.costMonthToDateMicroUsd ?? microUsd(0),
    observedAt: observed.observedAt,
    syncedAt: synced ? now : (previous?.syncedAt ?? null),
  };
}
function tagMoved({ app: { image } }: AppTarget, { memory: { tag } }: PlanContext): Pick<AppStatus, 'tagMoved'> {
  if (tag === null || image === null || image.digest === null || tag.reference !== image.reference) return {};
  return { tagMoved: { reference: tag.reference, runs: image.digest, pointsTo: tag.digest, since: tag.since } };
}
/** Not looked at: what was seen of it before says nothing about it now. */
export function statusExcluded(target: AppTarget, previous: AppStatus | null, now: Instant): AppStatus {
  const verdict = { sync: 'Synced', health: 'Healthy', revision: target.revision, overridden: null, now } as const;
  const base = { ...emptyStatus(target), costMonthToDateMicroUsd: previous?.costMonthToDateMicroUsd ?? microUsd(0) };
  const conditions = conditionsExcluded(verdict, previous?.conditions ?? []);
  return {
    ...base,
    ...{ excluded: true, sync: verdict.sync, health: verdict.health },
    attemptedRevision: target.revision,
    conditions: [...conditions],
  };
}
export function statusAfterFailure(target: AppTarget, error: TrimtabError, previous: AppStatus | null, now: Instant): AppStatus {
  // What was seen of an older revision says nothing about this one.
  const seen = previous !== null && previous.attemptedRevision === target.revision ? previous : null;
  const unknown = ERRORS[error.code].condition === 'Unknown' || ERRORS[error.code].condition === 'Stalled';
  const sync = unknown ? 'Unknown' : (seen?.sync ?? 'Unknown');
  const health = unknown ? 'Unknown' : (previous?.health ?? 'Unknown');
  const verdict = { sync, health, revision: target.revision, overridden: target.overridden, now } as const;
  const base = previous ?? emptyStatus(target);
  return {
    ...base,
    sync,
    health,
    attemptedRevision: target.revision,
    release: verdictAfter(error, attemptOf(target).attempt ?? null),
    conditions: [...conditionsAfter(error, verdict, base.conditions)],
  };
}
const emptyStatus = (target: AppTarget): AppStatus => ({
  environment: target.environment.name,
  name: target.app.name,
  app: target.app.app,
  appliedRevision: null,
  attemptedRevision: null,
  sync: 'Unknown',
  health: 'Unknown',
  conditions: [],
  groups: [],
  drifts: [],
  held: [],
  foreign: [],
  pending: [],
  release: null,
  costLines: [],
  costMonthToDateMicroUsd: microUsd(0),
  observedAt: null,
  syncedAt: null,
});
