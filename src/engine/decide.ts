/** What to do about one app now: every kind's findings, what holds them, the release around them, the waves, the guard. Pure. */

import { budgetGate, type RateChange } from '#domain/budget-gate.ts';
import type { Change, Step } from '#domain/change.ts';
import { stepKey } from '#domain/change.ts';
import type { Finding, PlanContext } from '#domain/finding.ts';
import { intentFor, joinFindings, NOTHING } from '#domain/finding.ts';
import type { Refusal } from '#domain/guard.ts';
import { pinnedReference, runningReference } from '#domain/image.ts';
import type { DriftNews } from '#domain/learn.ts';
import { learnFromFinding, learnFromObservation } from '#domain/learn.ts';
import type { AppMemory } from '#domain/memory.ts';
import { isActive } from '#domain/observed.ts';
import { planOrphans } from '#domain/orphans.ts';
import type { Hold, Plan, Wave } from '#domain/plan.ts';
import { sealPlan } from '#domain/plan.ts';
import { priceOfPlan } from '#domain/price.ts';
import { isProven } from '#domain/proof.ts';
import { type CommandGate, planReleaseCommand } from '#domain/release-command.ts';
import type { Controls, Restrained } from '#domain/restrain.ts';
import { restrain } from '#domain/restrain.ts';
import { isUnready, mergeSecretWrites, writesSecrets } from '#domain/secret-plan.ts';
import { closeRelease, openRelease } from '#kinds/app.ts';
import { KINDS, rankOf } from '#kinds/registry.ts';
import { takenUp } from './lost-state.ts';

export interface Decision {
  readonly plan: Plan;
  readonly memory: AppMemory;
  readonly news: DriftNews;
  readonly refusals: readonly Refusal[];
  /** Everything git asks for is what was observed. */
  readonly synced: boolean;
}
export type Guard = (plan: Plan) => readonly Refusal[];

/** `gone`: the app left git; only its machines are looked at, by the rules of prune. */
export function decide(base: PlanContext, controls: Controls, guard: (memory: AppMemory) => Guard, gone = false): Decision {
  const context = { ...base, memory: learnFromObservation(base) };
  const finding = findAll(context, gone);
  // Who only looks stamps nothing: what runs is what counts.
  const asked = [...finding.now, ...finding.later.flat()].filter(
    ({ cause }) => context.app.sync.mode !== 'observe' || cause !== 'adoption',
  );
  const unmet = finding.holds.some(({ reason }) => UNMET.includes(reason));
  const content = asked.length === 0 && !unmet;
  const synced = content && context.observed.complete && !gone && isProven(context) && lacksNoSecret(context);
  const found = learnFromFinding(context, finding, synced);
  const lost = controls.stateLost !== null && !controls.approved && !synced;
  const learned = { ...found, memory: takenUp(context, { ...found.memory, lost }, synced || controls.approved) };
  const after = { ...context, memory: learned.memory };
  const overBudget = controls.gates.length === 0 ? null : budgetGate(controls.gates, costOfAsked(context, finding));
  const allowed = restrain(finding, context, controls, overBudget?.message ?? null);
  const restrained = { ...allowed, now: mergeSecretWrites(allowed.now) };
  const frozen = controls.halted !== null || controls.foreignRelease !== null || context.app.sync.mode === 'observe' || gone;
  const gate = planReleaseCommand(after, restrained.now.some(isContent), frozen);
  const { now, holds } = behindGate(after, restrained, gate);
  const waves = wavesOf(after, now, finding.later, synced, gate);
  const plan = planOf(after, waves, holds, finding);
  const refusals = guard(learned.memory)(plan);
  return {
    plan: refusals.length === 0 ? plan : withoutRefused(after, plan, refusals, finding),
    memory: learned.memory,
    news: learned.news,
    refusals,
    synced,
  };
}
/** What all that git asks for anew would cost, whether or not it is held. */
function costOfAsked({ observed, prices, shares }: PlanContext, { now, later, temporary }: Finding): RateChange {
  const steps = lasting([...now, ...later.flat()], temporary).filter(({ cause }) => cause === 'change');
  return priceOfPlan(observed, steps, prices, shares);
}
/** A second machine for the time of a rollout is there for minutes: what a plan comes to is without it. */
const lasting = <C extends Change>(changes: readonly C[], temporary: readonly string[]): readonly C[] =>
  changes.filter(({ action, subject }) => !(action.verb === 'create' && temporary.includes(subject)));
/** What is there and cannot be checked now is no lack; what is not there is. */
const lacksNoSecret = (context: PlanContext): boolean =>
  context.app.excluded ||
  !context.app.enabled ||
  isUnready(context).every((name) => context.observed.secrets.some((secret) => secret.name === name));
/** Holds that say by themselves that the app is not as git asks. */
const UNMET: readonly string[] = ['NoCapacity', 'NoImage', 'WaitingForVolume', 'ForeignMachines', 'HostUnreachable'];

function findAll(context: PlanContext, gone: boolean): Finding {
  if (gone) return planOrphans(context, true);
  const { app } = context;
  if (app.excluded) return NOTHING;
  if (context.observed.info !== null) return joinFindings(KINDS.map((kind) => kind.plan(context)));
  return app.enabled ? appFirst(context) : NOTHING;
}
/** Before the app is there only it is planned, and what its secrets lack is said; all the rest is shown as what follows. */
function appFirst(context: PlanContext): Finding {
  const { app, environment, observed } = context;
  const made = { name: app.app, organization: environment.organization, status: 'pending', network: '' };
  const isFirst = ({ name }: (typeof KINDS)[number]): boolean => name === 'app' || name === 'secret';
  const own = joinFindings(KINDS.filter(isFirst).map((kind) => kind.plan(context)));
  const there = { ...context, observed: { ...observed, info: made } };
  const follows = joinFindings(KINDS.filter((kind) => !isFirst(kind)).map((kind) => kind.plan(there)));
  const later = [...own.later, follows.now, ...follows.later].filter((wave) => wave.length > 0);
  return { ...own, later, holds: [...own.holds, ...follows.holds] };
}

const isContent = (change: Change): boolean =>
  change.cause === 'change' &&
  change.action.kind === 'machine-group' &&
  (change.action.verb === 'create' || change.action.verb === 'update');

/** After a release command that failed, nothing of its revision is written. */
function behindGate({ app }: PlanContext, { now, holds }: Restrained, { is, hold }: CommandGate): Restrained {
  if (hold === null) return { now, holds };
  const whole = { reason: hold.reason, app: app.app, message: hold.message, until: null };
  if (is !== 'failed') return { now, holds: [...holds, { ...whole, subject: null, change: null }] };
  const held = now.filter(isContent).map((change) => ({ ...whole, subject: change.subject, change }));
  return { now: now.filter((change) => !isContent(change)), holds: [...holds, ...held] };
}
/** Bodies name the secrets' version, which the write of the secrets brings. What must run at once does not wait for it. */
const comesAfterSecrets = ({ action, urgent }: Change): boolean =>
  !urgent && action.kind === 'machine-group' && (action.verb === 'create' || action.verb === 'update');
/** The first wave is what may be written at once. Content of a new revision comes inside a platform release, and behind its command. */
function wavesOf(
  context: PlanContext,
  now: readonly Change[],
  later: readonly (readonly Change[])[],
  synced: boolean,
  gate: CommandGate,
): readonly Wave[] {
  const release = context.memory.release;
  const afterSecrets = writesSecrets(now) ? now.filter(comesAfterSecrets) : [];
  const content = now.filter(isContent);
  const rest = now.filter((change) => !isContent(change) && !afterSecrets.includes(change));
  const bookkeeping = releaseChange(context, content, synced && now.length === 0, gate);
  const unopened = content.length > 0 && (release === null || bookkeeping !== null);
  const held = unopened || gate.is === 'waiting' || gate.is === 'running' || afterSecrets.length > 0;
  // The command sees what the machines will see: secrets and the like are written first.
  const unready = unopened || writesSecrets(now) || rest.some(({ action, cause }) => action.kind !== 'machine-group' && cause === 'change');
  const tidying = gate.now.filter(({ destroys }) => destroys);
  const running = gate.now.filter(({ destroys }) => !destroys);
  const opening = bookkeeping === null ? [] : [bookkeeping];
  const waves = [
    { changes: [...opening, ...rest, ...tidying, ...(unready ? [] : running), ...(held ? [] : content)], ready: true },
    { changes: unready ? running : [], ready: false },
    { changes: held ? [...content, ...afterSecrets.filter((change) => !isContent(change))] : [], ready: false },
    ...later.map((changes) => ({ changes, ready: false })),
  ];
  return waves.filter(({ changes }) => changes.length > 0).map(({ changes, ready }) => ({ ready, steps: inOrder(context, changes) }));
}
function releaseChange(context: PlanContext, content: readonly Change[], settled: boolean, gate: CommandGate): Change | null {
  const { release } = context.memory;
  // A command under way may be changing a database: the newest revision waits until it ends.
  if (gate.is === 'running') return null;
  const mine = release !== null && release.revision === context.revision;
  if (gate.is === 'failed')
    return release === null ? null : closeRelease(context, release.id, release.version, mine ? 'failed' : 'interrupted');
  if (release !== null && !mine && (content.length > 0 || settled))
    return closeRelease(context, release.id, release.version, context.release === 'back' ? 'failed' : 'interrupted');
  if (release !== null && settled) return closeRelease(context, release.id, release.version, 'complete');
  if (release === null && content.length > 0) return openRelease(context, imageOf(context));
  return null;
}
function imageOf({ app, observed }: PlanContext): string {
  if (app.image !== null) return pinnedReference(app.image);
  const running = observed.machines.filter(isActive).map(({ image }) => runningReference(image));
  return running.find((reference) => reference !== null) ?? 'unknown';
}
/** Rising rank when something is made, and falling when it goes; names break ties. */
function inOrder(context: PlanContext, changes: readonly Change[]): readonly Step[] {
  const rank = (change: Change): number => (change.destroys ? 100 - rankOf(change.action.kind) : rankOf(change.action.kind));
  return [...changes]
    .sort((a, b) => Number(b.urgent) - Number(a.urgent) || rank(a) - rank(b) || (a.subject < b.subject ? -1 : 1))
    .map((change) => ({ ...change, key: stepKey(change), intent: intentFor(context.seed, change) }));
}

function planOf(context: PlanContext, waves: readonly Wave[], held: readonly Hold[], finding: Finding): Plan {
  const { environment, app, revision, generation, observed } = context;
  const steps = [...waves.flatMap((wave) => wave.steps), ...held.flatMap(({ change }) => (change === null ? [] : [change]))];
  return sealPlan({
    environment: environment.name,
    app: app.app,
    revision,
    generation,
    waves,
    held,
    drifts: finding.drifts,
    cost: priceOfPlan(observed, lasting(steps, finding.temporary), context.prices, context.shares),
    downtime: steps.some(({ downtime }) => downtime),
  });
}
/** A refused step is held, with all that stands beside it when the rule names no step. */
function withoutRefused(context: PlanContext, plan: Plan, refusals: readonly Refusal[], finding: Finding): Plan {
  const all = refusals.some(({ step }) => step === null);
  const keys = new Map(refusals.map((refusal) => [refusal.step, refusal]));
  const refused: Hold[] = [];
  const waves = plan.waves.flatMap((wave) => {
    const steps = wave.steps.filter((step) => {
      const refusal = keys.get(step.key) ?? (all ? keys.get(null) : undefined);
      if (refusal === undefined) return true;
      refused.push({
        reason: 'GuardRefused',
        app: plan.app,
        subject: step.subject,
        message: `${refusal.rule}: ${refusal.message}`,
        until: null,
        change: step,
      });
      return false;
    });
    return steps.length === 0 ? [] : [{ ...wave, steps }];
  });
  return planOf(context, waves, [...plan.held, ...refused], finding);
}
