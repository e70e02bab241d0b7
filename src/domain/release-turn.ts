/** What comes next in a release, from its row and what is observed: pure, so that a kill anywhere goes on. */
import type { AppFact, Effect, FailureReason, Release, ReleaseFacts, ReleasePhase, ReleaseReport, Turn } from './release.ts';
import { ENDED, isBackward, isEnded } from './release.ts';
import type { Instant, Ms } from './units.ts';
import { after, elapsed, minutes, ms, seconds } from './units.ts';

/** A preflight that fails is asked again: what lacks may come without a commit. */
const PREFLIGHT_AGAIN = seconds(30);
const SMOKE_AGAIN = minutes(1);
const TROUBLE_AGAIN = seconds(10);
const LOOK_AGAIN = seconds(2);
const NOW = ms(0);

export function advance(release: Release, facts: ReleaseFacts): Turn {
  if (isEnded(release)) return { release, effect: null, again: null };
  if (isNewer(release, facts)) return enter(release, 'superseded', facts, 'a newer revision came');
  return TURNS[release.phase](release, facts);
}
/** The newest revision wins, but never in the middle of a migration; on the way back only a new commit does. */
function isNewer({ phase, to, accepted }: Release, facts: ReleaseFacts): boolean {
  if (phase === 'migrations') return false;
  return isBackward({ phase }) ? facts.accepted !== accepted : facts.wanted !== to;
}
type TurnOf = (release: Release, facts: ReleaseFacts) => Turn;
const stays: TurnOf = (release) => ({ release, effect: null, again: null });
const TURNS: Readonly<Record<ReleasePhase, TurnOf>> = {
  preflight: (release, facts) => {
    if (facts.halted !== null) return { release: { ...release, hold: 'Halted', message: facts.halted }, effect: null, again: null };
    if (!facts.declares.preflight) return enter(release, 'approval', facts);
    const { report } = facts;
    if (report?.effect !== 'preflight') return carryOut(release, facts, 'preflight');
    const noted = note(release, facts);
    if (!failedIn(report)) return enter(noted, 'approval', facts);
    return {
      release: {
        ...noted,
        retryAt: after(facts.now, PREFLIGHT_AGAIN),
        message: `preflight: ${firstFailure(report)}`,
        hold: 'PreflightFailed',
      },
      effect: null,
      again: PREFLIGHT_AGAIN,
    };
  },
  approval: (release, facts) => {
    const { gate, now } = facts;
    if (gate === null) return enter({ ...release, openedAt: now }, 'migrations', facts);
    const again = gate.until === null ? null : elapsed(now, gate.until);
    return { release: { ...release, message: gate.message, hold: gate.reason }, effect: null, again };
  },
  migrations: (release, facts) => {
    if (!facts.declares.migrations) return enter(release, 'apps', facts);
    const { report } = facts;
    const late = isLate(release, facts);
    if (report?.effect !== 'migrations' && !late) return carryOut(release, facts, 'migrations');
    const noted = note(release, facts);
    if (report !== null && !failedIn(report)) return enter(noted, 'apps', facts);
    // Nothing but the database was touched, and that is mended forwards only.
    const message = report === null ? `not done in time: ${release.message}` : firstFailure(report);
    return enter({ ...noted, failure: { reason: 'Migration', phase: 'migrations', apps: [], message } }, 'failed', facts, message);
  },
  apps: (release, facts) => {
    const seen = see(release, facts);
    const failed = facts.apps.filter(({ state }) => state === 'failed');
    const [first] = failed;
    if (first !== undefined) return goBack(seen, facts, first.reason ?? 'Deadline', failed, first.message);
    if (facts.apps.every(({ state }) => state === 'done')) return enter(seen, 'smoke', facts);
    const unmet = facts.apps.filter(({ state }) => state !== 'done');
    if (isLate(seen, facts)) return goBack(seen, facts, 'Deadline', unmet, `not live in time: ${unmet.map(textOf).join('; ')}`);
    return { release: seen, effect: null, again: LOOK_AGAIN };
  },
  smoke: (release, facts) => {
    if (!facts.declares.smoke) return enter(release, 'complete', facts);
    const { report } = facts;
    if (report?.effect !== 'smoke' && isLate(release, facts))
      return goBack(release, facts, 'Smoke', [], `not done in time: ${release.message}`);
    if (report?.effect !== 'smoke') return carryOut(release, facts, 'smoke');
    const noted = note(release, facts);
    return failedIn(report) ? goBack(noted, facts, 'Smoke', [], firstFailure(report)) : enter(noted, 'complete', facts);
  },
  returning: (release, facts) => {
    const seen = see(release, facts);
    if (facts.apps.every(({ state }) => state === 'done')) return enter(seen, 'returnSmoke', facts);
    const failed = facts.apps.filter(({ state }) => state === 'failed');
    const unmet = facts.apps.filter(({ state }) => state !== 'done');
    if (failed.length > 0 || isLate(seen, facts)) return enter(seen, 'stalled', facts, stalledText(unmet));
    return { release: seen, effect: null, again: LOOK_AGAIN };
  },
  returnSmoke: (release, facts) => {
    if (!facts.declares.smoke) return enter(release, 'failed', facts, release.failure?.message);
    const { report } = facts;
    if (report?.effect !== 'smoke' && isLate(release, facts))
      return enter(release, 'stalled', facts, `smoke checks not done in time: ${release.message}`);
    if (report?.effect !== 'smoke') return carryOut(release, facts, 'smoke');
    const noted = note(release, facts);
    if (!failedIn(report)) return enter(noted, 'failed', facts, release.failure?.message);
    const message = `back on the last good revision, and its smoke checks fail: ${firstFailure(report)}`;
    return enter({ ...noted, retryAt: after(facts.now, SMOKE_AGAIN) }, 'stalled', facts, message);
  },
  stalled: (release, facts) => {
    const seen = see(release, facts);
    const unmet = facts.apps.filter(({ state }) => state !== 'done');
    if (unmet.length > 0) return { release: { ...seen, message: stalledText(unmet) }, effect: null, again: LOOK_AGAIN };
    if (facts.report?.effect === 'smoke' && failedIn(facts.report))
      return { release: { ...note(seen, facts), retryAt: after(facts.now, SMOKE_AGAIN) }, effect: null, again: SMOKE_AGAIN };
    if (facts.report === null && facts.declares.smoke) return carryOut(seen, facts, 'smoke');
    return enter(facts.report === null ? seen : note(seen, facts), 'failed', facts, release.failure?.message);
  },
  complete: stays,
  failed: stays,
  superseded: stays,
};
const textOf = ({ app, message }: AppFact): string => `${app}: ${message}`;
const stalledText = (unmet: readonly AppFact[]): string => `the way back does not work: ${unmet.map(textOf).join('; ')}`;

function enter(release: Release, phase: ReleasePhase, facts: ReleaseFacts, message = ''): Turn {
  const { now } = facts;
  const next: Release = {
    ...release,
    phase,
    message,
    hold: null,
    phaseSince: now,
    heldSince: null,
    retryAt: phase === 'stalled' ? release.retryAt : null,
    touched: release.touched || phase === 'apps',
    endedAt: ENDED.includes(phase) ? now : null,
    deadline: deadlineOf(phase, facts),
    changes:
      phase === 'apps' || phase === 'returning'
        ? release.changes.map((change) => ({ ...change, state: 'waiting' as const, message: '' }))
        : release.changes,
  };
  return { release: next, effect: null, again: ENDED.includes(phase) ? null : NOW };
}
/** A phase that asks a part which cannot find out. */
const MAY_TAKE: Readonly<Partial<Record<ReleasePhase, Ms>>> = { migrations: minutes(60), smoke: minutes(15), returnSmoke: minutes(15) };
function deadlineOf(phase: ReleasePhase, { now, appsMayTake }: ReleaseFacts): Instant | null {
  const span = phase === 'apps' || phase === 'returning' ? appsMayTake : MAY_TAKE[phase];
  return span === undefined ? null : after(now, span);
}
function carryOut(release: Release, { now, trouble }: ReleaseFacts, effect: Effect): Turn {
  if (trouble !== null)
    return { release: { ...release, message: trouble, retryAt: after(now, TROUBLE_AGAIN) }, effect: null, again: TROUBLE_AGAIN };
  const wait = release.retryAt === null ? 0 : elapsed(now, release.retryAt);
  return wait > 0 ? { release, effect: null, again: ms(wait) } : { release, effect, again: NOW };
}
/** Back to the last good revision; with none there is nothing to go back to, and what was written stays. */
function goBack(release: Release, facts: ReleaseFacts, reason: FailureReason, apps: readonly AppFact[], message: string): Turn {
  const failure = { reason, phase: release.phase, apps: apps.map(({ app }) => app), message };
  const failed = { ...release, failure };
  return release.from === null
    ? enter(failed, 'failed', facts, `${message}; there is no last good revision to go back to`)
    : enter(failed, 'returning', facts, message);
}
const REPORTS_KEPT = 12;
function note(release: Release, { report, now }: ReleaseFacts): Release {
  if (report === null) return release;
  const { took, items } = report;
  return { ...release, reports: [...release.reports, { phase: release.phase, at: now, took, items }].slice(-REPORTS_KEPT) };
}
const failedIn = ({ items }: Pick<ReleaseReport, 'items'>): boolean => items.some(({ state }) => state === 'failed');
function firstFailure({ items }: Pick<ReleaseReport, 'items'>): string {
  const failed = items.filter(({ state }) => state === 'failed');
  const [first] = failed;
  const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
  return first === undefined ? '' : `${first.what}: ${first.message}${more}`;
}
/** What is seen of the apps; the deadline stands still while all that is not done is held on purpose. */
function see(release: Release, { apps, now }: ReleaseFacts): Release {
  const facts = new Map(apps.map((fact) => [fact.app, fact]));
  const changes = release.changes.map((change) => {
    const fact = facts.get(change.app);
    return fact === undefined ? change : { ...change, state: fact.state, message: fact.message };
  });
  const unmet = apps.filter(({ state }) => state !== 'done' && state !== 'waiting');
  const held = unmet.length > 0 && unmet.every(({ state }) => state === 'held');
  const message = unmet.map(textOf).join('; ');
  if (held) return { ...release, changes, message, heldSince: release.heldSince ?? now };
  const rested = release.heldSince === null ? ms(0) : elapsed(release.heldSince, now);
  const deadline = release.deadline === null ? null : after(release.deadline, rested);
  return { ...release, changes, message, heldSince: null, deadline };
}
const isLate = ({ deadline, heldSince }: Release, { now }: ReleaseFacts): boolean =>
  deadline !== null && heldSince === null && now >= deadline;
