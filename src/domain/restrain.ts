/** Which changes wait, and why: mode, halt, grace, approval, dependencies, contention, prune. The planner says what is to be done; this says
 *  what is not done now. Pure. */
import type { GatedBudget } from './budget-gate.ts';
import type { Change, Drift, KindName } from './change.ts';
import { driftKey } from './change.ts';
import type { Finding, PlanContext } from './finding.ts';
import { CONTENTION_LIMIT, CONTENTION_WINDOW_MS, correctionsSince } from './memory.ts';
import { type Hold, type HoldReason, type Notice, noticeHold } from './plan.ts';
import { slotOf } from './scale.ts';
import { isUnready } from './secret-plan.ts';
import type { Instant } from './units.ts';
import { after, instant, ms } from './units.ts';
import { windowHold, windowsHolding } from './window.ts';

export interface Controls {
  /** Null: writes are allowed; else who stopped them and why. */
  readonly halted: string | null;
  /** A person said `trimtab apply` for this app and revision. */
  readonly approved: boolean;
  /** Null, or why nothing but drift is written: no release brings it yet. */
  readonly waits: Notice | null;
  /** Null, or why new values of secrets are not written: no release brings them yet. */
  readonly values: Notice | null;
  /** Why git asks for something else than what the app must be now. */
  readonly notices: readonly Notice[];
  /** Apps of `dependsOn` that are not Synced yet. */
  readonly waitsFor: readonly string[];
  /** Somebody else's platform release that is under way. */
  readonly foreignRelease: string | null;
  /** Neither git nor the world moved, only trimtab's own version did, and too much would change. */
  readonly massChange: string | null;
  /** Budgets that gate plans of this app. */
  readonly gates: readonly GatedBudget[];
  /** Stamps of several revisions and an empty store. */
  readonly stateLost: string | null;
}
export interface Restrained {
  readonly now: readonly Change[];
  readonly holds: readonly Hold[];
}
/** When a drift may be corrected: at once when urgent, else after the grace from first seen. */
export function correctAt(drift: Pick<Drift, 'key' | 'urgent'>, context: PlanContext): Instant {
  const first = context.memory.drifts[drift.key]?.at ?? context.now;
  return drift.urgent ? first : after(first, context.app.sync.selfHeal.grace);
}

/** The platform's pace: what waits for it goes on by itself. */
export const PASSING: readonly HoldReason[] = [
  'WaitingForHealth',
  'WaitingForPlatform',
  'WaitingForVolume',
  'WaitingForReleaseCommand',
  'LeaseHeld',
  'PartialPicture',
  'ReleaseWaits',
];
/** When a drift is put right by itself, as this plan has it; null: not before a person acts. */
export function correctionDue(
  drift: Pick<Drift, 'key' | 'urgent' | 'subject'>,
  held: readonly Hold[],
  context: PlanContext,
): Instant | null {
  const first = lettingGo(drift, correctAt(drift, context), context);
  const ends = held.flatMap(({ change, reason, until }) => {
    if (change === null || change.subject !== drift.subject || reason === 'Grace') return [];
    return [until ?? (PASSING.includes(reason) || reason === 'ForeignRelease' ? first : null)];
  });
  const known = ends.flatMap((end) => end ?? []);
  return known.length < ends.length ? null : instant(Math.max(first, ...known));
}

/** A window may stand where the grace ends. */
function lettingGo({ urgent }: Pick<Drift, 'urgent'>, due: Instant, { app, now }: PlanContext): Instant {
  if (urgent) return due;
  return windowHold(windowsHolding(app.sync.windows, 'corrections'), instant(Math.max(due, now)))?.until ?? due;
}

type Rule = (
  change: Change,
  context: PlanContext,
  controls: Controls,
) => { readonly message: string; readonly until?: Instant | null; readonly reason?: HoldReason } | null;

/** Under which corrections of one thing are counted: a machine made again under its next name is the same thing. */
export const correctionKey = (
  change: Pick<Change, 'app' | 'subject'> & { readonly action: { readonly kind: KindName } },
  pointer: string,
): string => driftKey(change.app, change.action.kind, slotOf(change.subject), pointer);

/** In this order: the first that applies names the hold. */
const RULES: readonly (readonly [HoldReason, Rule])[] = [
  ['ObserveOnly', (_change, { app }) => (app.sync.mode === 'observe' ? { message: 'this app is only looked at' } : null)],
  ['Halted', (_change, _context, { halted }) => (halted === null ? null : { message: halted })],
  [
    'StateLost',
    (change, _context, { stateLost, approved }) =>
      stateLost === null || approved || isFloor(change) || wakes(change) ? null : { message: stateLost },
  ],
  [
    'ForeignRelease',
    (change, _context, { foreignRelease }) => (foreignRelease === null || isFloor(change) ? null : { message: foreignRelease }),
  ],
  [
    'MassChange',
    (change, _context, { massChange, approved }) => (massChange === null || approved || isFloor(change) ? null : { message: massChange }),
  ],
  [
    'PruneDisabled',
    (change, { app }) =>
      change.cause === 'prune' && change.destroys && !app.sync.prune.enabled ? { message: `${change.subject} left git` } : null,
  ],
  ['PruneHold', pruneHold],
  ['SyncWindow', outsideWindow],
  ['ReleaseWaits', waitsForRelease],
  ['WaitingForDependency', waitsForDependency],
  ['SecretUnready', waitsForSecrets],
  ['ApprovalRequired', asksForApproval],
  ['SelfHealDisabled', selfHealDisabled],
  ['Contended', (change, context) => contended(change, context, 'Contended')],
  ['CrashLoop', (change, context) => contended(change, context, 'CrashLoop')],
  ['ImagePullFailed', pullFailed],
  ['Grace', inGrace],
];
/** What rests and should not is started as it is stamped: that needs no target. */
const wakes = ({ urgent, action }: Change): boolean => urgent && (action.verb === 'start' || action.verb === 'uncordon');
const isFloor = (change: Change): boolean => change.cause === 'floor';

/** `overBudget`: why the plan as a whole waits for a person; null: it does not. */
export function restrain(finding: Finding, context: PlanContext, controls: Controls, overBudget: string | null = null): Restrained {
  const now: Change[] = [];
  const holds: Hold[] = [...finding.holds, ...controls.notices.map((notice) => noticeHold(context.app.app, notice))];
  const scaleIns = scaleInApprovals(finding.now, context, controls);
  const hasValues = finding.now.some(
    (change) => setsValues(change) && change.cause === 'change' && holdFor(change, context, controls) === null,
  );
  for (const change of finding.now) {
    const hold =
      scaleIns.get(change.subject) ??
      holdFor(standsFor(change, finding), context, controls) ??
      (hasValues ? waitsWithValues(change, controls) : null) ??
      gated(change, controls, overBudget);
    if (hold === null) now.push(change);
    else holds.push(hold);
  }
  return { now: endGraces(now, holds), holds };
}
/** A second machine that is made so that a correction disturbs nobody waits as that correction does. */
function standsFor(change: Change, { later, temporary }: Finding): Change {
  if (change.cause !== 'drift' || change.action.verb !== 'create' || !temporary.includes(change.subject)) return change;
  const corrects = ({ group, cause, action }: Change): boolean => group === change.group && cause === 'drift' && action.verb === 'update';
  return later.flat().find(corrects) ?? change;
}
/** A change that is written to the app ends its graces: one disturbance, not two. */
function endGraces(now: readonly Change[], holds: Hold[]): readonly Change[] {
  if (!now.some(({ cause }) => cause === 'change')) return now;
  const ended = holds.filter(({ reason, change }) => reason === 'Grace' && change !== null);
  for (const hold of ended) holds.splice(holds.indexOf(hold), 1);
  return [...now, ...ended.flatMap(({ change }) => (change === null ? [] : [change]))];
}
function holdFor(change: Change, context: PlanContext, controls: Controls): Hold | null {
  for (const [reason, rule] of RULES) {
    const found = rule(change, context, controls);
    if (found !== null)
      return {
        reason: found.reason ?? reason,
        app: change.app,
        subject: change.subject,
        message: found.message,
        until: found.until ?? null,
        change,
      };
  }
  return null;
}
const setsValues = ({ action }: Change): boolean => action.kind === 'secret' && action.verb === 'set' && !action.staged;
/** New values come in a release. What somebody else set is put back with them, not before: one write, one disturbance. */
function waitsWithValues(change: Change, { values }: Controls): Hold | null {
  if (values === null || !setsValues(change)) return null;
  const { app, subject, why } = change;
  return { reason: values.reason, app, subject, message: `${why}: ${values.message}`, until: values.until, change };
}
/** What git asks for anew. What puts back what was, or must run, never waits for money. */
function gated(change: Change, { approved }: Controls, overBudget: string | null): Hold | null {
  if (overBudget === null || approved || change.cause !== 'change') return null;
  return { reason: 'BudgetGate', app: change.app, subject: change.subject, message: `${change.why}: ${overBudget}`, until: null, change };
}
function pruneHold(change: Change, { app, memory, now }: PlanContext) {
  if (change.cause !== 'prune' || !change.destroys) return null;
  const { action, subject } = change;
  const since =
    action.kind === 'secret' ? memory.unknownSecrets[subject] : 'machine' in action ? memory.orphans[action.machine] : undefined;
  const until = after(since ?? now, app.sync.prune.holdFor);
  return now >= until ? null : { message: `${change.subject} left git and is removed when the hold ends`, until };
}
/** Corrections that a window holds; what is urgent, and the floor, never wait. A person's word passes it. */
function outsideWindow(change: Change, { app, now }: PlanContext, { approved }: Controls) {
  if (change.cause !== 'drift' || change.urgent || approved) return null;
  const hold = windowHold(windowsHolding(app.sync.windows, 'corrections'), now);
  return hold === null ? null : { message: `${change.why}: ${hold.reason}`, until: hold.until };
}
function waitsForDependency(change: Change, _context: PlanContext, { waitsFor }: Controls) {
  if (waitsFor.length === 0 || change.cause !== 'change') return null;
  return { message: `${change.why}: waits for ${waitsFor.join(', ')}` };
}
/** Nothing of a change is written while a secret is missing or wrong: all of it is named first. */
function waitsForSecrets(change: Change, context: PlanContext) {
  if (change.cause !== 'change') return null;
  const names = isUnready(context);
  return names.length === 0 ? null : { message: `${change.why}: waits for ${names.join(', ')}` };
}
function waitsForRelease(change: Change, _context: PlanContext, { waits, approved }: Controls) {
  if (waits === null || approved || change.cause === 'drift' || change.cause === 'floor') return null;
  return { message: `${change.why}: ${waits.message}`, reason: waits.reason, until: waits.until };
}
function asksForApproval(change: Change, { memory }: PlanContext, { approved }: Controls) {
  if (approved) return null;
  if (change.needsApproval !== null) return { message: `${change.why}: ${change.needsApproval}` };
  const disturbs = change.restarts || change.destroys;
  if (memory.settling && disturbs && !change.urgent) return { message: `${change.why}: first change after taking the app over` };
  return null;
}
function selfHealDisabled(change: Change, { app }: PlanContext, { approved }: Controls) {
  const corrects = change.cause === 'drift' && !change.urgent;
  return corrects && !approved && !app.sync.selfHeal.enabled ? { message: `${change.why}: drift is only shown here` } : null;
}
/** The same field put back three times in ten minutes: two sides pull, or it does not stay up. */
function contended(change: Change, { memory, now }: PlanContext, reason: 'Contended' | 'CrashLoop') {
  const since = instant(now - CONTENTION_WINDOW_MS);
  const states = reason === 'CrashLoop';
  for (const field of change.fields) {
    if ((field.group === 'state') !== states) continue;
    const key = correctionKey(change, field.pointer);
    if (change.cause !== 'drift' && change.cause !== 'floor') continue;
    if (correctionsSince(memory, key, since) < CONTENTION_LIMIT) continue;
    const oldest = memory.corrections[key]?.findLast((_at, index, all) => index === all.length - CONTENTION_LIMIT) ?? now;
    const by =
      memory.drifts[driftKey(change.app, change.action.kind, change.subject, field.pointer)]?.actor ??
      'somebody the platform does not name';
    return {
      message: `${change.subject} ${field.pointer}: put back by trimtab ${CONTENTION_LIMIT} times in ten minutes, and ${states ? 'it does not stay up' : `changed again by ${by}`}`,
      until: after(oldest, ms(CONTENTION_WINDOW_MS)),
    };
  }
  return null;
}
/** The platform says yes to an image it cannot pull, and the old version runs on: asking again at once changes nothing. */
function pullFailed(change: Change, { memory, now }: PlanContext) {
  const image = change.fields.find(({ pointer }) => pointer === '/image');
  if (change.cause !== 'change' || image === undefined) return null;
  const key = correctionKey(change, image.pointer);
  if (correctionsSince(memory, key, instant(now - CONTENTION_WINDOW_MS)) < CONTENTION_LIMIT) return null;
  const oldest = memory.corrections[key]?.findLast((_at, index, all) => index === all.length - CONTENTION_LIMIT) ?? now;
  return {
    message: `${change.subject} was given ${String(image.to)} ${CONTENTION_LIMIT} times and still runs ${String(image.from)}`,
    until: after(oldest, ms(CONTENTION_WINDOW_MS)),
  };
}
function inGrace(change: Change, context: PlanContext) {
  if (change.cause !== 'drift' || change.urgent || context.app.sync.selfHeal.grace === 0) return null;
  const ends = change.fields.map(({ pointer }) =>
    correctAt({ key: driftKey(change.app, change.action.kind, change.subject, pointer), urgent: false }, context),
  );
  const wait = ends.length === 0 ? context.now : instant(Math.max(...ends));
  return context.now >= wait ? null : { message: `${change.why}: announced, corrected when the grace ends`, until: wait };
}

/** Under protection a count goes down by more than half, or below two from above, only with a person's word. */
function scaleInApprovals(changes: readonly Change[], context: PlanContext, controls: Controls): ReadonlyMap<string, Hold> {
  const held = new Map<string, Hold>();
  if (context.environment.protection !== 'production' || controls.approved) return held;
  const temporary = new Set(context.memory.temporary);
  const counted = changes.filter(
    (change) => change.destroys && change.action.kind === 'machine-group' && change.cause === 'change' && !temporary.has(change.subject),
  );
  const byGroup = Map.groupBy(counted, ({ group }) => group ?? '');
  for (const [group, going] of byGroup) {
    const before = Math.max(
      ...going.flatMap(({ fields }) => fields.map(({ from }) => (typeof from === 'number' ? from : 0))),
      going.length,
    );
    const left = before - going.length;
    if (left * 2 >= before && !(before >= 2 && left < 2)) continue;
    for (const change of going)
      held.set(change.subject, {
        reason: 'ApprovalRequired',
        app: change.app,
        subject: change.subject,
        message: `${change.why}: ${group} goes from ${before} to ${left} machines under protection: production`,
        until: null,
        change,
      });
  }
  return held;
}
