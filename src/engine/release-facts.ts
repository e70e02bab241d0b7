/** What a release is decided on: its apps as their own passes tell them, and what lets it through. */
import type { ClockDep } from '#domain/clock.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { EnvironmentName } from '#domain/ids.ts';
import { provedIn } from '#domain/pins.ts';
import { type AppFact, attemptName, isBackward, type Release, type ReleaseFacts } from '#domain/release.ts';
import type { CompiledApp, CompiledEnvironment } from '#domain/revision.ts';
import { budgetOf } from '#domain/rollout.ts';
import { type Ms, ms } from '#domain/units.ts';
import { windowHold, windowsHolding } from '#domain/window.ts';
import type { Halts } from './halts.ts';
import type { ReleaseParts } from './release-ports.ts';
import type { EnvironmentState } from './targets.ts';

export interface FactsDeps extends ClockDep {
  readonly parts: ReleaseParts;
  readonly halts: Pick<Halts, 'reasonFor'>;
  readonly statusOf: (environment: EnvironmentName, app: string) => AppStatus | null;
}
export type Outcome = Pick<ReleaseFacts, 'report' | 'trouble'>;
export const NO_OUTCOME: Outcome = { report: null, trouble: null };

export function factsOf(deps: FactsDeps, state: EnvironmentState, release: Release, outcome: Outcome): ReleaseFacts {
  const document = state.to?.document ?? state.effective.document;
  return {
    ...outcome,
    now: deps.clock.now(),
    accepted: state.accepted.id,
    // Of a commit that is given up nothing more is wanted than what runs.
    wanted: state.book.spent?.accepted === state.accepted.id && state.good !== null ? state.good.id : state.effective.id,
    halted: deps.halts.reasonFor(state.name),
    declares: declaresOf(deps.parts, document, release.kind),
    gate: gateOf(deps, state, release, document),
    apps: appFacts(deps, state, release),
    appsMayTake: appsMayTake(document, release),
  };
}
/** `whenChanged` and `always` are the same here: a release is a change. */
function declaresOf({ preflight }: ReleaseParts, { declared }: CompiledEnvironment, kind: Release['kind']): ReleaseFacts['declares'] {
  const { database, smoke } = declared ?? {};
  return {
    preflight: preflight !== null,
    // Values that are new alone bring no files.
    migrations: kind !== 'secrets' && database?.migrations !== undefined && database.migrations.run !== 'never',
    smoke: smoke !== undefined && smoke.run !== 'never',
  };
}
/** Pause, a pinned migration set, a person's word, a window: the first that applies. */
function gateOf({ clock }: FactsDeps, state: EnvironmentState, release: Release, document: CompiledEnvironment): ReleaseFacts['gate'] {
  const { pause, migrationPin } = state.book;
  if (pause !== null) return { reason: 'Paused', message: `releases are paused by ${pause.by}: ${pause.reason}`, until: pause.until };
  if (migrationPin !== null && migrationPin.set === release.migrations?.set && release.migrations.pending.length > 0)
    return {
      reason: 'RevisionPinned',
      message: `its migrations failed in release ${migrationPin.release} (${migrationPin.reason})`,
      until: null,
    };
  const changed = changedApps(document, release);
  const missing = approvalsMissing(state, release, changed);
  if (missing === null) return null;
  if (missing !== '') return { reason: state.massChange === null ? 'ApprovalRequired' : 'MassChange', message: missing, until: null };
  const windows = [state.accepted.document.sync, ...changed.map(({ sync }) => sync)].flatMap((sync) =>
    windowsHolding(sync.windows, 'releases'),
  );
  const hold = windowHold(windows, clock.now());
  return hold === null ? null : { reason: 'SyncWindow', message: hold.reason, until: hold.until };
}
export const changedApps = (document: CompiledEnvironment, release: Pick<Release, 'changes'>): readonly CompiledApp[] =>
  document.apps.filter(({ app }) => release.changes.some((change) => change.app === app));

/** Null: enough people said so, which opens windows too. Empty: nobody has to. Else who is lacking. */
function approvalsMissing(state: EnvironmentState, release: Release, changed: readonly CompiledApp[]): string | null {
  const { accepted, massChange } = state;
  const policy = accepted.document.declared?.approval;
  const counted = countedApprovers(release, policy?.notAuthor === true);
  const needed = policy?.minApprovers ?? 1;
  // Who asks for it by a command has said so.
  const own = release.kind === 'rollback' || release.kind === 'override' || release.actor !== (release.author ?? 'git');
  if (counted.length >= needed) return null;
  // A new revision waits for approval; a value that was issued is none.
  const manual = release.kind !== 'secrets' && changed.some(({ sync }) => sync.mode === 'manual');
  if (massChange === null && (!manual || (own && policy === undefined))) return '';
  const people =
    needed === 1 && policy?.notAuthor !== true
      ? ''
      : ` (${counted.length} of ${needed}${policy?.notAuthor === true ? ', not its author' : ''})`;
  return massChange ?? `revision ${release.to.slice(0, 12)} waits for approval${people}`;
}
function countedApprovers({ approvals, plan, author }: Release, notAuthor: boolean): readonly string[] {
  const people = [...new Set(approvals.map(({ by }) => by))];
  return plan === null ? [] : people.filter((by) => !(notAuthor && isAuthor(by, author)));
}
/** `Ann Example <ann@example.com>`, or a part of it. */
export function isAuthor(by: string, author: string | null): boolean {
  if (author === null) return false;
  const same = (text: string): boolean => text.trim().toLowerCase() === by.trim().toLowerCase();
  const [, name = author, email = ''] = /^(.*?)\s*<([^>]*)>$/.exec(author) ?? [];
  return same(author) || same(name) || same(email) || (email.includes('@') && same(email.split('@')[0] ?? ''));
}

/** On the way back only apps count that have somewhere to go back to. */
function appFacts({ statusOf }: FactsDeps, { name, good }: EnvironmentState, release: Release): readonly AppFact[] {
  const back = isBackward(release);
  const attempt = attemptName(release.number, back ? 'back' : 'forward');
  return release.changes.flatMap(({ app }) => {
    if (back && provedIn(good?.document ?? null, app) === null) return [];
    const verdict = statusOf(name, app)?.release ?? null;
    if (verdict === null || verdict.attempt !== attempt) return [{ app, state: 'progress', reason: null, message: 'not looked at yet' }];
    const { state, reason, message } = verdict;
    return [{ app, state, reason, message }];
  });
}
/** Every wave of every app, one after the other, each as long as one machine may take; two more for what must be made and go. */
function appsMayTake(document: CompiledEnvironment, release: Release): Ms {
  const spans = changedApps(document, release).map(({ groups, rollout }) => {
    const waves = groups.map(({ regions }) => {
      const count = regions.reduce((sum, { max }) => sum + max, 0);
      return count === 0 ? 0 : Math.ceil(count / budgetOf(rollout, count)) + 2;
    });
    return waves.reduce((sum, one) => sum + one, 1) * rollout.waitTimeout;
  });
  return ms(spans.reduce((sum, one) => sum + one, 0));
}
