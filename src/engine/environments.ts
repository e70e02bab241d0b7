/** The environments this controller looks after: what was accepted, what is released, and what every app must be. Backed by the store, so that a
 *  restart goes on from the last good revision even when the source is broken at that moment. */
import type { ClockDep } from '#domain/clock.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import type { AppName, EnvironmentName } from '#domain/ids.ts';
import { isJsonObject, type Json } from '#domain/json.ts';
import { takesPart } from '#domain/pins.ts';
import { type Problem, problemText } from '#domain/problem.ts';
import { afterCommit, type ReleaseBook } from '#domain/release-book.ts';
import { ok, type Result } from '#domain/result.ts';
import { COMPILER_VERSION, type CompiledEnvironment } from '#domain/revision.ts';
import { elapsed, type Instant } from '#domain/units.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { ReadEnvironment } from './desired.ts';
import { type BookSaved, followStore, type Kept, openEnvironment, retarget, type Scope, save, writeBook } from './environment.ts';
import { releaseKey } from './keys.ts';
import type { AppTarget } from './target.ts';
import { type AcceptedRevision, type EnvironmentState, proposalOf, targetsOf } from './targets.ts';

export interface EnvironmentView {
  readonly name: EnvironmentName;
  readonly state: EnvironmentState | null;
  readonly lastGood: string | null;
  /** Of the newest read; empty when it was accepted. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly commit: string | null;
  readonly author: string | null;
}
export interface Environments {
  /** What the store has of it is known from now on: also what it was compiled to, and asked for, before this process began. */
  open(name: string, signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** Accepts what compiled; the keys of releases and apps that have something to look at. */
  take(read: readonly ReadEnvironment[], signal: AbortSignal): Promise<Result<readonly string[], TrimtabError>>;
  noteUnreadable(error: TrimtabError): void;
  target(key: string): AppTarget | null;
  /** As what would be released has it, whether it was approved or not. */
  proposal(key: string): AppTarget | null;
  targets(): readonly AppTarget[];
  targetsOf(environment: string): readonly AppTarget[];
  keysOf(apps: ReadonlySet<AppName>): readonly string[];
  all(): readonly CompiledEnvironment[];
  names(): readonly EnvironmentName[];
  views(): readonly EnvironmentView[];
  view(environment: string): EnvironmentView | null;
  size(): number;
  previous(folder: string): CompiledEnvironment | null;
  /** The accepted revision, when this compiler made it; null: compile. */
  compiledFrom(folder: string): AcceptedRevision | null;
  /** Writes the release book, with the revisions it refers to now; targets follow. */
  write(
    environment: string,
    book: ReleaseBook,
    more: readonly AcceptedRevision[],
    signal: AbortSignal,
  ): Promise<Result<BookSaved, TrimtabError>>;
  /** Another controller may have accepted something or written the book: read again when it is not what is known here. */
  follow(
    environment: string,
    seen: { readonly accepted: string | null; readonly version: number },
    signal: AbortSignal,
  ): Promise<Result<void, TrimtabError>>;
  /** The same, asking the store. */
  refresh(environment: string, signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** Who only observes has a last good revision too: everything looks as git says. True when it is new. */
  /** Whether it is of interest who is Synced: not for a revision that is last good, nor for one that a release brings. */
  awaitsSynced(environment: EnvironmentName): boolean;
  noteSynced(target: AppTarget, statusOf: (environment: EnvironmentName, app: string) => AppStatus | null): boolean;
  /** Keyed fingerprints of secrets of this app that failed in a release. */
  pinnedSecrets(target: Pick<AppTarget, 'environment' | 'app'>): ReadonlySet<string>;
  /** How long ago the accepted revision came. */
  acceptedAt(environment: string): Instant;
  flush(signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** Nothing is left of an app that left git. */
  forget(target: AppTarget): void;
}
export function makeEnvironments(deps: StoreDep & TellDep & ClockDep): Environments {
  const kept = new Map<string, Kept>();
  const scope = { ...deps, kept };
  const of = (environment: string): Kept | undefined => kept.get(environment);
  const byKey = (key: string): Kept | undefined => kept.get(key.split('/')[1] ?? '');
  const targets = (): readonly AppTarget[] => [...kept.values()].flatMap((one) => [...one.targets.values()]);
  return {
    open: async (name, signal) => {
      const opened = await openEnvironment(scope, name, signal);
      return opened.ok ? ok(undefined) : opened;
    },
    take: async (read, signal) => {
      const woken: string[] = [];
      for (const one of read) {
        const taken = await takeOne(scope, one, signal);
        if (!taken.ok) return taken;
        // The release first: it decides what the apps must be.
        if (taken.value !== null) woken.push(releaseKey(taken.value), ...(of(taken.value)?.targets.keys() ?? []));
      }
      return ok(woken);
    },
    noteUnreadable: (error) => {
      for (const one of kept.values()) one.problems = [sourceProblem(error)];
    },
    target: (key) => byKey(key)?.targets.get(key) ?? null,
    proposal: (key) => {
      const one = byKey(key);
      const target = one?.targets.get(key);
      return one === undefined || target === undefined || one.state === null ? null : proposalOf(one.state, target);
    },
    targets,
    targetsOf: (environment) => [...(of(environment)?.targets.values() ?? [])],
    keysOf: (apps) => [...kept.values()].flatMap((one) => [...one.targets].filter(([, { app }]) => apps.has(app.app)).map(([key]) => key)),
    all: () => [...kept.values()].flatMap(({ accepted }) => (accepted === null ? [] : [accepted.document])),
    names: () => [...kept.values()].map(({ name }) => name),
    views: () => [...kept.values()].map(viewOf),
    view: (environment) => {
      const one = of(environment);
      return one === undefined ? null : viewOf(one);
    },
    size: () => [...kept.values()].reduce((sum, one) => sum + one.targets.size, 0),
    previous: (folder) => of(folder)?.accepted?.document ?? null,
    compiledFrom: (folder) => {
      const accepted = of(folder)?.accepted ?? null;
      return accepted !== null && accepted.document.compilerVersion === COMPILER_VERSION ? accepted : null;
    },
    write: async (environment, book, more, signal) => {
      const one = of(environment);
      if (one === undefined) return ok('moved');
      for (const revision of more) one.documents.set(revision.id, revision);
      return writeBook(scope, one, book, signal);
    },
    follow: async (environment, seen, signal) => {
      const one = of(environment);
      return one === undefined ? ok(undefined) : followStore(scope, one, seen, signal);
    },
    refresh: async (environment, signal) => {
      const one = of(environment);
      if (one === undefined) return ok(undefined);
      const row = await deps.store.environment(environment, signal);
      if (!row.ok) return row;
      const book = await deps.store.releaseBook(environment, signal);
      if (!book.ok) return book;
      return followStore(scope, one, { accepted: row.value.accepted, version: book.value?.version ?? 0 }, signal);
    },
    awaitsSynced: (environment) => awaitsSynced(of(environment)),
    noteSynced: (target, statusOf) => noteSynced(scope, target, statusOf),
    forget: ({ environment, app }) => {
      const one = kept.get(environment.name);
      if (one === undefined || one.state === null) return;
      one.known = one.known.filter((name) => name !== app.app);
      one.targets = targetsOf(one.state, one.known);
    },
    pinnedSecrets: ({ environment, app }) => {
      const pins = of(environment.name)?.book.pins.filter((pin) => pin.app === app.app) ?? [];
      return new Set(pins.flatMap(({ secrets }) => Object.values(secrets)));
    },
    acceptedAt: (environment) => of(environment)?.acceptedAt ?? deps.clock.now(),
    flush: async (signal) => {
      for (const one of kept.values()) {
        if (!one.dirty) continue;
        const saved = await save(scope, one, signal);
        if (!saved.ok) return saved;
      }
      return ok(undefined);
    },
  };
}
const viewOf = ({ name, state, book, problems, warnings, commit, author }: Kept): EnvironmentView => ({
  ...{ name, state, problems, warnings, commit, author },
  lastGood: book.lastGood,
});
const sourceProblem = ({ code, message }: TrimtabError): Problem => ({
  file: 'source',
  line: 1,
  column: 1,
  rule: code,
  message,
  remedy: 'nothing is changed meanwhile',
});

async function takeOne(scope: Scope, read: ReadEnvironment, signal: AbortSignal): Promise<Result<EnvironmentName | null, TrimtabError>> {
  const found = await openEnvironment(scope, read.name, signal);
  if (!found.ok) return found;
  const one = found.value;
  one.commit = read.commit?.sha ?? null;
  one.author = read.commit?.author ?? null;
  if (!read.compiled.ok) {
    refuse(scope, one, read.compiled.error.problems, read.compiled.error.warnings);
    return ok(null);
  }
  const { id, document, warnings } = read.compiled.value;
  one.problems = [];
  const before = one.accepted;
  const accepted = { id, sourceHash: read.sourceHash, document };
  if (before?.id === id) {
    // A restart reads what it had: targets are made, nothing is announced.
    if (one.targets.size > 0) return ok(null);
    retarget(one);
    return ok(one.name);
  }
  one.warnings = warnings;
  const commit: Json = read.commit === null ? null : { ...read.commit };
  const row = {
    environment: one.name,
    id,
    sourceHash: read.sourceHash,
    commit,
    document: isJsonObject(document) ? document : null,
    acceptedAt: scope.clock.now(),
  };
  const saved = await scope.store.saveRevision(row, signal);
  if (!saved.ok) return saved;
  scope.tell({ type: 'RevisionAccepted', environment: one.name, revision: id, apps: document.apps.length, commit: one.commit, warnings });
  one.accepted = accepted;
  one.acceptedAt = scope.clock.now();
  one.documents.set(id, accepted);
  const book = afterCommit(one.book, document, id);
  retarget(one);
  if (JSON.stringify(book) !== JSON.stringify(one.book)) {
    const written = await writeBook(scope, one, book, signal);
    if (!written.ok) return written;
  }
  const written = await save(scope, one, signal);
  return written.ok ? ok(one.name) : written;
}
function refuse(scope: Scope, one: Kept, problems: readonly Problem[], warnings: readonly Problem[]): void {
  const said = problems.map(problemText).join('\n');
  const before = one.problems.map(problemText).join('\n');
  one.problems = problems;
  one.warnings = warnings;
  if (said !== before) scope.tell({ type: 'RevisionRefused', environment: one.name, problems });
  if (one.accepted !== null && one.targets.size === 0) retarget(one);
}
const awaitsSynced = (one: Kept | undefined): one is Kept & { readonly accepted: NonNullable<Kept['accepted']> } =>
  one !== undefined && one.accepted !== null && one.book.lastGood !== one.accepted.id && !one.accepted.document.apps.some(takesPart);
function noteSynced(scope: Scope, target: AppTarget, statusOf: (environment: EnvironmentName, app: string) => AppStatus | null): boolean {
  const one = scope.kept.get(target.environment.name);
  if (!awaitsSynced(one)) return false;
  const { id } = one.accepted;
  const isSettled = ({ app, revision, gone }: AppTarget): boolean => {
    const status = statusOf(one.name, app.app);
    const synced = revision === id && status?.sync === 'Synced' && status.attemptedRevision === id;
    return gone || app.excluded || app.app === target.app.app || synced;
  };
  // Asked once per app and pass: the one that was not settled the last time mostly still is not.
  const waitsFor = one.waitsFor === null ? undefined : one.targets.get(one.waitsFor);
  if (waitsFor !== undefined && !isSettled(waitsFor)) return false;
  one.waitsFor = one.targets.entries().find(([, other]) => !isSettled(other))?.[0] ?? null;
  if (one.waitsFor !== null || target.revision !== id) return false;
  one.book = { ...one.book, lastGood: id };
  retarget(one);
  scope.tell({ type: 'EnvironmentSynced', environment: one.name, revision: id, took: elapsed(one.acceptedAt, scope.clock.now()) });
  return true;
}
