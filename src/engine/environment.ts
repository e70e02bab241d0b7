/** One environment as the controller keeps it, and how it is read from the store and written back. */
import type { ClockDep } from '#domain/clock.ts';
import { revisionIdOf } from '#domain/compile.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { type EnvironmentName, environmentName } from '#domain/ids.ts';
import type { Problem } from '#domain/problem.ts';
import { emptyBook, ReleaseBook } from '#domain/release-book.ts';
import { effectiveOf } from '#domain/release-effective.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Instant } from '#domain/units.ts';
import type { StoreDep } from '#platform/store/port.ts';
import { readRevision, toJson } from './revisions.ts';
import type { AppTarget } from './target.ts';
import { type AcceptedRevision, appliedOf, type EnvironmentState, massChangeOf, targetsOf } from './targets.ts';

/** `moved`: somebody else wrote the book meanwhile; it was read again, and what was decided on the old one is not true any more. */
export type BookSaved = 'saved' | 'moved';
export interface Kept {
  readonly name: EnvironmentName;
  accepted: AcceptedRevision | null;
  book: ReleaseBook;
  version: number;
  /** Revisions the book refers to, by id. */
  readonly documents: Map<string, AcceptedRevision>;
  state: EnvironmentState | null;
  targets: ReadonlyMap<string, AppTarget>;
  known: readonly string[];
  /** The store lacks what is here. */
  dirty: boolean;
  problems: readonly Problem[];
  warnings: readonly Problem[];
  commit: string | null;
  author: string | null;
  acceptedAt: Instant;
  /** Key of an app that was not Synced at the accepted revision when last asked; null: none is known. */
  waitsFor: string | null;
}
export type Scope = StoreDep & TellDep & ClockDep & { readonly kept: Map<string, Kept> };

/** From memory, else from the store, else new. */
export async function openEnvironment(scope: Scope, name: string, signal: AbortSignal): Promise<Result<Kept, TrimtabError>> {
  const known = scope.kept.get(name);
  if (known !== undefined) return ok(known);
  const row = await scope.store.environment(name, signal);
  if (!row.ok) return row;
  const apps = await scope.store.apps(name, signal);
  if (!apps.ok) return apps;
  const accepted = await readRevision(scope, name, row.value.accepted, signal);
  if (!accepted.ok) return accepted;
  const one: Kept = {
    name: environmentName(name),
    accepted: accepted.value,
    book: { ...emptyBook(), lastGood: row.value.lastGood },
    version: 0,
    documents: new Map(),
    state: null,
    targets: new Map(),
    known: apps.value,
    dirty: false,
    problems: [],
    warnings: [],
    commit: null,
    author: null,
    acceptedAt: scope.clock.now(),
    waitsFor: null,
  };
  const read = await readBook(scope, one, signal);
  if (!read.ok) return read;
  scope.kept.set(name, one);
  return ok(one);
}
/** As the store has it, with every revision it refers to. */
async function readBook(scope: Scope, one: Kept, signal: AbortSignal): Promise<Result<void, TrimtabError>> {
  const row = await scope.store.releaseBook(one.name, signal);
  if (!row.ok) return row;
  const book = ReleaseBook.safeParse(row.value?.book);
  if (row.value !== null && book.success) one.book = book.data;
  one.version = row.value?.version ?? 0;
  const { lastGood, active, pins } = one.book;
  for (const id of new Set([lastGood, active?.to ?? null, ...pins.map(({ instead }) => instead)])) {
    if (id === null || one.documents.has(id)) continue;
    const revision = await readRevision(scope, one.name, id, signal);
    if (!revision.ok) return revision;
    if (revision.value !== null) one.documents.set(id, revision.value);
  }
  return ok(undefined);
}
/** What another controller did: a revision it accepted, a book it wrote. */
export async function followStore(
  scope: Scope,
  one: Kept,
  { accepted, version }: { readonly accepted: string | null; readonly version: number },
  signal: AbortSignal,
): Promise<Result<void, TrimtabError>> {
  const newer = accepted !== null && accepted !== one.accepted?.id && !one.dirty;
  if (version === one.version && !newer) return ok(undefined);
  if (newer) {
    const revision = await readRevision(scope, one.name, accepted, signal);
    if (!revision.ok) return revision;
    one.accepted = revision.value ?? one.accepted;
    if (revision.value !== null) one.documents.set(revision.value.id, revision.value);
  }
  const read = await readBook(scope, one, signal);
  if (!read.ok) return read;
  const { dirty } = one;
  retarget(one);
  // It comes from the store: there is nothing to tell it.
  one.dirty = dirty;
  return read;
}
export async function writeBook(scope: Scope, one: Kept, book: ReleaseBook, signal: AbortSignal): Promise<Result<BookSaved, TrimtabError>> {
  const written = await scope.store.saveReleaseBook(one.name, toJson(book), one.version, signal);
  if (!written.ok) return written;
  if (written.value === null) {
    const read = await readBook(scope, one, signal);
    if (!read.ok) return read;
    retarget(one);
    return ok('moved');
  }
  one.book = book;
  one.version = written.value;
  retarget(one);
  const saved = await save(scope, one, signal);
  return saved.ok ? ok('saved') : saved;
}
export function retarget(one: Kept): void {
  const { accepted, book } = one;
  if (accepted === null) return;
  const revision = (id: string | null): AcceptedRevision | null => (id === null ? null : (one.documents.get(id) ?? null));
  const good = revision(book.lastGood);
  const effective = effectiveOf({
    accepted: accepted.document,
    good: good?.document ?? null,
    book,
    documents: (id) => revision(id)?.document ?? null,
  });
  const to = revision(book.active?.to ?? null);
  const asGit = effective.held.length === 0 && effective.overridden.length === 0;
  const id = asGit ? accepted.id : revisionIdOf(effective.document);
  one.known = [...new Set([...one.known, ...[...one.targets.values()].map(({ app }) => app.app)])];
  const document = asGit ? accepted.document : effective.document;
  one.state = {
    name: one.name,
    accepted,
    good,
    to,
    book,
    effective: { ...effective, document, id },
    massChange: massChangeOf(good, accepted),
  };
  one.targets = targetsOf(one.state, one.known);
  one.dirty = true;
}
export async function save(scope: Scope, one: Kept, signal: AbortSignal): Promise<Result<void, TrimtabError>> {
  const applied = one.state === null ? null : (appliedOf(one.state)?.id ?? null);
  const saved = await scope.store.saveEnvironment(
    one.name,
    { accepted: one.accepted?.id ?? null, applied, lastGood: one.book.lastGood },
    signal,
  );
  if (saved.ok) one.dirty = false;
  return saved;
}
