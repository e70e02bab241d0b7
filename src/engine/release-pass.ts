/** One pass over an environment's release: gather the facts, let the domain decide, write the book, carry out what is due. It moves phases, sets
 *  targets and wakes apps; apps are written by their own passes alone. */
import type { TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { appName, type EnvironmentName, environmentName, revisionId } from '#domain/ids.ts';
import { AppMemory } from '#domain/memory.ts';
import { isBackward, isEnded, isForward, type Release, type Turn } from '#domain/release.ts';
import { afterTime, afterTurn, endsOf, type ReleaseBook } from '#domain/release-book.ts';
import { advance } from '#domain/release-turn.ts';
import { ok, type Result } from '#domain/result.ts';
import { newWith } from '#domain/secret-records.ts';
import { elapsed, type Ms, ms, seconds } from '#domain/units.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { Environments, EnvironmentView } from './environments.ts';
import { type BeginDeps, beginRelease } from './release-begin.ts';
import { carryOut } from './release-effects.ts';
import { type FactsDeps, factsOf, NO_OUTCOME, type Outcome } from './release-facts.ts';
import { tellRelease } from './release-report.ts';
import { toJson } from './revisions.ts';
import { makeAppStore } from './state.ts';
import type { AcceptedRevision, EnvironmentState } from './targets.ts';

export interface ReleasePassDeps extends BeginDeps, FactsDeps, TellDep {
  readonly environments: Environments;
  readonly deadline: (span: number, signal: AbortSignal) => AbortSignal;
  /** Takes in what other controllers wrote. */
  readonly refresh: (environment: EnvironmentName, signal: AbortSignal) => Promise<Result<void, TrimtabError>>;
  /** Every app of the environment has something to look at. */
  readonly wakeApps: (environment: EnvironmentName, signal: AbortSignal) => Promise<void>;
  /** The release has ended: what people approved of it has served. */
  readonly onEnded: (environment: EnvironmentName) => void;
}
/** Turns of one pass: each phase once, there and back, with room. */
const MOST_TURNS = 40;
/** A release that waits is looked at again, whether or not something woke it. */
const LOOK_AGAIN = seconds(30);

/** Null: nothing is under way, and nothing ends by itself. */
export async function releasePass(
  deps: ReleasePassDeps,
  name: EnvironmentName,
  signal: AbortSignal,
): Promise<Result<Ms | null, TrimtabError>> {
  const refreshed = await deps.refresh(name, signal);
  if (!refreshed.ok) return refreshed;
  let outcome: Outcome = NO_OUTCOME;
  for (let turns = 0; turns < MOST_TURNS && !signal.aborted; turns++) {
    const view = deps.environments.view(name);
    const state = view?.state ?? null;
    if (view === null || state === null) return ok(null);
    const timed = afterTime(state.book, deps.clock.now());
    if (timed !== state.book) {
      const saved = await deps.environments.write(name, timed, [], signal);
      if (!saved.ok) return saved;
      continue;
    }
    const { active } = state.book;
    if (active === null) {
      const begun = await begin(deps, view, state, signal);
      if (!begun.ok) return begun;
      if (!begun.value) return ok(nextEnd(deps, state.book));
      continue;
    }
    const prepared = await prepare(deps, state, active, signal);
    if (!prepared.ok) return prepared;
    const turn = advance(prepared.value, factsOf(deps, state, prepared.value, outcome));
    outcome = NO_OUTCOME;
    const written = await write(deps, state, turn, signal);
    if (!written.ok) return written;
    if (!written.value) continue;
    if (turn.effect !== null) outcome = await carryOut(deps, state, turn.effect, signal);
    else if (turn.again === null || turn.again > 0) return ok(soonest(deps, state.book, turn.again));
  }
  return ok(ms(0));
}
function nextEnd({ clock }: ReleasePassDeps, book: ReleaseBook): Ms | null {
  const ends = endsOf(book);
  return ends.length === 0 ? null : ms(Math.max(0, Math.min(...ends) - clock.now()));
}
const soonest = (deps: ReleasePassDeps, book: ReleaseBook, again: Ms | null): Ms =>
  ms(Math.min(again ?? LOOK_AGAIN, LOOK_AGAIN, nextEnd(deps, book) ?? LOOK_AGAIN));

/** False: nothing is due. */
async function begin(
  deps: ReleasePassDeps,
  view: EnvironmentView,
  state: EnvironmentState,
  signal: AbortSignal,
): Promise<Result<boolean, TrimtabError>> {
  const begun = await beginRelease(deps, view, state, signal);
  if (!begun.ok) return begun;
  const { value } = begun;
  const { name, book } = state;
  if (value.is === 'nothing') return ok(false);
  if (value.is === 'moves') {
    const saved = await deps.environments.write(name, { ...book, lastGood: value.to.id }, [value.to], signal);
    if (!saved.ok) return saved;
    deps.tell({ type: 'TargetChanged', environment: name, from: state.good?.id ?? null, to: value.to.id });
    deps.tell({
      type: 'EnvironmentSynced',
      environment: name,
      revision: value.to.id,
      took: elapsed(deps.environments.acceptedAt(name), deps.clock.now()),
    });
    await deps.wakeApps(name, signal);
    return ok(true);
  }
  const { release, to, from } = value;
  const more: AcceptedRevision[] = from === null ? [to] : [to, from];
  const next = { ...book, number: release.number, active: release, lastGood: release.from };
  const kept = await deps.store.saveRelease({ environment: name, number: release.number, release: toJson(release) }, signal);
  if (!kept.ok) return kept;
  const saved = await deps.environments.write(name, next, more, signal);
  if (!saved.ok) return saved;
  if (saved.value === 'saved') await tellRelease(deps, null, release, signal);
  return ok(true);
}
/** What has to be known before it is let through: which migrations it brings. */
async function prepare(
  { parts }: ReleasePassDeps,
  state: EnvironmentState,
  active: Release,
  signal: AbortSignal,
): Promise<Result<Release, TrimtabError>> {
  const document = state.to?.document ?? null;
  const migrations = document?.declared?.database?.migrations;
  const due = active.phase === 'approval' && migrations !== undefined && migrations.run !== 'never';
  if (!due || document === null || parts.migrations === null) return ok(active);
  const planned = await parts.migrations.plan(document, signal);
  if (!planned.ok) return planned;
  const { set, pending } = planned.value;
  return ok({ ...active, migrations: { set, pending: [...pending] } });
}
/** What fails is pinned with the values that this release wrote: told by their fingerprints. */
async function withSecrets(
  deps: StoreDep,
  { provedAt, active: before }: ReleaseBook,
  release: Release,
  signal: AbortSignal,
): Promise<Result<Release, TrimtabError>> {
  if (release.failure === null || before === null || before.failure !== null) return ok(release);
  const store = makeAppStore(deps.store, RELEASES);
  const secrets: Release['secrets'] = {};
  for (const { app } of release.changes) {
    const records = await store.secrets(environmentName(release.environment), appName(app), signal);
    if (!records.ok) return records;
    const row = await deps.store.readApp(release.environment, app, signal);
    if (!row.ok) return row;
    const proved = AppMemory.safeParse(row.value?.memory).data?.provedSecrets ?? {};
    const set = newWith(records.value, proved, { provedAt, startedAt: release.startedAt });
    if (Object.keys(set).length > 0) secrets[app] = set;
  }
  const names = Object.entries(secrets).flatMap(([app, set]) => Object.keys(set).map((name) => `${app}/${name}`));
  const { failure } = release;
  if (names.length === 0) return ok(release);
  return ok({ ...release, secrets, failure: { ...failure, message: `${failure.message} (new with it: ${names.join(', ')})` } });
}
const RELEASES = 'releases';
/** False: somebody else was faster, and everything is looked at again. */
async function write(
  deps: ReleasePassDeps,
  state: EnvironmentState,
  turn: Turn,
  signal: AbortSignal,
): Promise<Result<boolean, TrimtabError>> {
  const { name, book, good, to, effective } = state;
  const before = book.active;
  if (before === null) return ok(false);
  const named = await withSecrets(deps, book, turn.release, signal);
  if (!named.ok) return named;
  const release = named.value;
  if (JSON.stringify(before) === JSON.stringify(release)) return ok(true);
  const next = afterTurn(book, release, { from: good?.document ?? null, to: to?.document ?? effective.document });
  // The list of releases first: a crash in between does this turn again.
  const kept = await deps.store.saveRelease({ environment: name, number: release.number, release: toJson(release) }, signal);
  if (!kept.ok) return kept;
  const saved = await deps.environments.write(name, next, [], signal);
  if (!saved.ok) return saved;
  if (saved.value === 'moved') return ok(false);
  const told = await tellRelease(deps, before, release, signal);
  if (!told.ok) return told;
  if (before.hold !== release.hold && directionOf(before) === directionOf(release)) await deps.wakeApps(name, signal);
  if (directionOf(before) !== directionOf(release)) {
    const [from, now] = [placeOf(before), placeOf(release)];
    if (from !== now && now !== null)
      deps.tell({ type: 'TargetChanged', environment: name, from: from === null ? null : revisionId(from), to: revisionId(now) });
    await deps.wakeApps(name, signal);
  }
  if (release.phase === 'complete')
    deps.tell({
      type: 'EnvironmentSynced',
      environment: name,
      revision: revisionId(release.to),
      took: elapsed(deps.environments.acceptedAt(name), deps.clock.now()),
    });
  if (isEnded(release)) deps.onEnded(name);
  return ok(true);
}
const directionOf = (release: Release): string =>
  isEnded(release) ? release.phase : isForward(release) ? 'forward' : isBackward(release) ? 'back' : 'waits';
const placeOf = (release: Release): string | null => (isForward(release) || release.phase === 'complete' ? release.to : release.from);
