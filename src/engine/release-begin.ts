/** Is a release due, and of what? What of an environment differs from what was proved last becomes a release; what differs in nothing that runs
 *  only moves the last good revision. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { AppMemory } from '#domain/memory.ts';
import { changedParts, contentOf, provedIn, takesPart } from '#domain/pins.ts';
import type { Release, ReleaseKind } from '#domain/release.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledApp, CompiledEnvironment } from '#domain/revision.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { EnvironmentView } from './environments.ts';
import type { FactsDeps } from './release-facts.ts';
import { saveDerived } from './revisions.ts';
import type { AcceptedRevision, EnvironmentState } from './targets.ts';

export type BeginDeps = StoreDep & ClockDep & Pick<FactsDeps, 'statusOf'>;
/** `moves`: nothing that runs differs, the last good revision follows git · `release`: it has to be brought. */
export type Begun =
  | { readonly is: 'nothing' }
  | { readonly is: 'moves'; readonly to: AcceptedRevision }
  | { readonly is: 'release'; readonly release: Release; readonly to: AcceptedRevision; readonly from: AcceptedRevision | null };

export async function beginRelease(
  deps: BeginDeps,
  view: EnvironmentView,
  state: EnvironmentState,
  signal: AbortSignal,
): Promise<Result<Begun, TrimtabError>> {
  const { effective, book, accepted } = state;
  const wanted = effective.document.apps.filter(takesPart);
  const valued = new Set(
    wanted.filter(({ app }) => (deps.statusOf(state.name, app)?.release?.values ?? []).length > 0).map(({ app }) => app),
  );
  if (wanted.length === 0) return ok({ is: 'nothing' });
  const spent = book.spent?.accepted === accepted.id;
  if (spent || (state.good?.id === effective.id && !book.unsettled)) return ok(onlyValues(deps, view, state, valued));
  const from = await withBaselines(deps, state, wanted, signal);
  if (!from.ok) return from;
  if (from.value === 'unseen') return ok({ is: 'nothing' });
  const changes = changesOf(wanted, from.value?.document ?? null, valued, book.unsettled);
  const to = await toOf(deps, state, signal);
  if (!to.ok) return to;
  if (changes.length === 0) return ok({ is: 'moves', to: to.value });
  return ok({ is: 'release', to: to.value, from: from.value, release: releaseOf(deps, view, state, from.value, changes) });
}
/** Sources give new values, and git asks for nothing else than what runs: that is a release of what runs. */
function onlyValues(deps: BeginDeps, view: EnvironmentView, state: EnvironmentState, valued: ReadonlySet<string>): Begun {
  const { good } = state;
  const changes = changesOf(good?.document.apps.filter(takesPart) ?? [], good?.document ?? null, valued, false);
  if (good === null || changes.length === 0) return { is: 'nothing' };
  return {
    is: 'release',
    to: good,
    from: good,
    release: { ...releaseOf(deps, view, state, good, changes), kind: 'secrets', to: good.id, actor: 'trimtab' },
  };
}
/** `valued`: apps whose sources give new values. */
function changesOf(
  wanted: readonly CompiledApp[],
  from: CompiledEnvironment | null,
  valued: ReadonlySet<string>,
  all: boolean,
): Release['changes'] {
  return wanted.flatMap((app) => {
    const good = provedIn(from, app.app);
    const content = good === null ? (['new'] as const) : changedParts(contentOf(good), contentOf(app));
    const parts = valued.has(app.app) ? [...content, 'secrets' as const] : [...content];
    if (parts.length === 0 && !all) return [];
    return [{ app: app.app, name: app.name, parts, state: 'waiting' as const, message: '' }];
  });
}
const toOf = ({ store, clock }: BeginDeps, { name, accepted, effective }: EnvironmentState, signal: AbortSignal) =>
  effective.id === accepted.id
    ? Promise.resolve(ok(accepted))
    : saveDerived({ store }, name, effective.document, 'derived', clock.now(), signal);

/** An app that was never proved and runs already is taken over as it is: that is where its first release goes back to. Its own pass has noted
 *  how it runs; `unseen`: one was not looked at yet. */
async function withBaselines(
  { store, clock }: BeginDeps,
  { name, good, accepted }: EnvironmentState,
  wanted: readonly CompiledApp[],
  signal: AbortSignal,
): Promise<Result<AcceptedRevision | null | 'unseen', TrimtabError>> {
  const unknown = wanted.filter(({ app }) => provedIn(good?.document ?? null, app) === null);
  const found: CompiledApp[] = [];
  for (const { app } of unknown) {
    const row = await store.readApp(name, app, signal);
    if (!row.ok) return row;
    const memory = AppMemory.safeParse(row.value?.memory);
    // Where only a person can say what was meant, nothing begins before.
    if (!memory.success || memory.data.baseline === null || memory.data.lost) return ok('unseen');
    if (memory.data.baseline.app !== null) found.push(memory.data.baseline.app);
  }
  if (found.length === 0) return ok(good);
  const base = good?.document ?? { ...accepted.document, apps: [] };
  const rest = base.apps.filter(({ app }) => !found.some((one) => one.app === app));
  const apps = [...rest, ...found].sort((a, b) => (a.name < b.name ? -1 : 1));
  return saveDerived({ store }, name, { ...base, apps }, 'baseline', clock.now(), signal);
}
function releaseOf(
  { clock }: BeginDeps,
  view: EnvironmentView,
  { name, accepted, effective, book }: EnvironmentState,
  from: AcceptedRevision | null,
  changes: Release['changes'],
): Release {
  const now = clock.now();
  const kind = kindOf(effective, book, accepted.id, changes);
  return {
    environment: name,
    number: book.number + 1,
    kind,
    accepted: accepted.id,
    from: from?.id ?? null,
    to: effective.id,
    commit: view.commit,
    author: view.author,
    actor: actorOf(kind, book, changes) ?? view.author ?? 'git',
    phase: 'preflight',
    phaseSince: now,
    deadline: null,
    heldSince: null,
    retryAt: null,
    startedAt: now,
    endedAt: null,
    openedAt: null,
    touched: false,
    changes,
    secrets: {},
    migrations: null,
    plan: null,
    approvals: [],
    reports: [],
    failure: null,
    hold: null,
    message: '',
  };
}
type Book = EnvironmentState['book'];
function kindOf(effective: EnvironmentState['effective'], book: Book, accepted: string, changes: Release['changes']): ReleaseKind {
  const changed = new Set(changes.map(({ app }) => app));
  if (effective.held.some(({ app, pin }) => changed.has(app) && pin !== null && pin.instead !== null)) return 'rollback';
  if (book.overrides.some(({ app }) => changed.has(app))) return 'override';
  if (book.last?.accepted !== accepted) return 'deploy';
  if (book.last.phase === 'failed' && effective.held.length > 0) return 'derived';
  return book.images.some(({ app }) => changed.has(app)) || book.last.phase !== 'complete' ? 'deploy' : 'override';
}
/** Who asked for it by a command; null: nobody. */
function actorOf(kind: ReleaseKind, book: Book, changes: Release['changes']): string | null {
  const changed = new Set(changes.map(({ app }) => app));
  const of = <T extends { readonly app: string; readonly by: string }>(all: readonly T[]) =>
    all.findLast(({ app }) => changed.has(app))?.by;
  if (kind === 'rollback') return of(book.pins.filter(({ instead }) => instead !== null)) ?? null;
  if (kind === 'override') return of(book.overrides) ?? 'trimtab';
  return kind === 'derived' ? 'trimtab' : (of(book.images) ?? null);
}
