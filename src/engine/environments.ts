/** The environments this controller looks after: what was accepted, what is applied, and what every app must be. Backed by the store, so that a
 *  restart goes on from the last good revision even when the source is broken at that moment. */
import { z } from 'zod';
import type { ClockDep } from '#domain/clock.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { type AppName, type EnvironmentName, environmentName, revisionId } from '#domain/ids.ts';
import { isJsonObject, type Json } from '#domain/json.ts';
import { type Problem, problemText } from '#domain/problem.ts';
import { ok, type Result } from '#domain/result.ts';
import { COMPILER_VERSION, type CompiledEnvironment } from '#domain/revision.ts';
import { elapsed, type Instant } from '#domain/units.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { ReadEnvironment } from './desired.ts';
import type { AppTarget } from './target.ts';
import { type AcceptedRevision, type EnvironmentState, massChangeOf, proposalOf, targetsOf } from './targets.ts';

export interface EnvironmentView {
  readonly name: EnvironmentName;
  readonly state: EnvironmentState | null;
  readonly lastGood: string | null;
  /** Of the newest read; empty when it was accepted. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly commit: string | null;
}
export interface Environments {
  /** Accepts what compiled; the keys of apps whose target moved. */
  take(read: readonly ReadEnvironment[], signal: AbortSignal): Promise<Result<readonly string[], TrimtabError>>;
  noteUnreadable(error: TrimtabError): void;
  target(key: string): AppTarget | null;
  /** As the accepted revision has it, whether it was approved or not. */
  proposal(key: string): AppTarget | null;
  targets(): readonly AppTarget[];
  keysOf(apps: ReadonlySet<AppName>): readonly string[];
  all(): readonly CompiledEnvironment[];
  names(): readonly EnvironmentName[];
  views(): readonly EnvironmentView[];
  size(): number;
  previous(folder: string): CompiledEnvironment | null;
  /** The accepted revision, when this compiler made it; null: compile. */
  compiledFrom(folder: string): AcceptedRevision | null;
  /** A person lets the accepted revision through; the keys of its apps. */
  apply(environment: EnvironmentName, signal: AbortSignal): Promise<Result<readonly string[], TrimtabError>>;
  /** True when with this app the whole environment is Synced at its accepted revision. */
  noteSynced(target: AppTarget, statusOf: (environment: EnvironmentName, app: string) => AppStatus | null): boolean;
  flush(signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** Nothing is left of an app that left git. */
  forget(target: AppTarget): void;
}
interface Kept {
  readonly name: EnvironmentName;
  state: EnvironmentState | null;
  targets: ReadonlyMap<string, AppTarget>;
  known: readonly string[];
  lastGood: string | null;
  /** The store lacks what is here. */
  dirty: boolean;
  problems: readonly Problem[];
  warnings: readonly Problem[];
  commit: string | null;
  acceptedAt: Instant;
  /** Key of an app that was not Synced at the accepted revision when last asked; null: none is known. */
  waitsFor: string | null;
}
/** Written by ourselves: only its frame is looked at. */
const Document = z.custom<CompiledEnvironment>(
  (value) =>
    z
      .object({ compilerVersion: z.number(), name: z.string(), apps: z.array(z.object({ app: z.string(), groups: z.array(z.unknown()) })) })
      .safeParse(value).success,
);

export function makeEnvironments(deps: StoreDep & TellDep & ClockDep): Environments {
  const kept = new Map<string, Kept>();
  const scope = { ...deps, kept };
  const targets = (): readonly AppTarget[] => [...kept.values()].flatMap((one) => [...one.targets.values()]);
  return {
    take: async (read, signal) => {
      const woken: string[] = [];
      for (const one of read) {
        const keys = await takeOne(scope, one, signal);
        if (!keys.ok) return keys;
        woken.push(...keys.value);
      }
      return ok(woken);
    },
    noteUnreadable: (error) => {
      for (const one of kept.values()) one.problems = [sourceProblem(error)];
    },
    target: (key) => kept.get(key.split('/')[1] ?? '')?.targets.get(key) ?? null,
    proposal: (key) => {
      const one = kept.get(key.split('/')[1] ?? '');
      const target = one?.targets.get(key);
      return one === undefined || target === undefined || one.state === null ? null : proposalOf(one.state, target);
    },
    targets,
    keysOf: (apps) => [...kept.values()].flatMap((one) => [...one.targets].filter(([, { app }]) => apps.has(app.app)).map(([key]) => key)),
    all: () => [...kept.values()].flatMap(({ state }) => (state === null ? [] : [state.accepted.document])),
    names: () => [...kept.values()].map(({ name }) => name),
    views: () =>
      [...kept.values()].map(({ name, state, lastGood, problems, warnings, commit }) => ({
        name,
        state,
        lastGood,
        problems,
        warnings,
        commit,
      })),
    size: () => [...kept.values()].reduce((sum, one) => sum + one.targets.size, 0),
    previous: (folder) => kept.get(folder)?.state?.accepted.document ?? null,
    compiledFrom: (folder) => {
      const accepted = kept.get(folder)?.state?.accepted;
      return accepted !== undefined && accepted.document.compilerVersion === COMPILER_VERSION ? accepted : null;
    },
    apply: async (environment, signal) => {
      const one = kept.get(environment);
      if (one === undefined || one.state === null) return ok([]);
      retarget(one, { ...one.state, applied: one.state.accepted, massChange: null });
      const saved = await save(scope, one, signal);
      return saved.ok ? ok([...one.targets.keys()]) : saved;
    },
    noteSynced: (target, statusOf) => noteSynced(scope, target, statusOf),
    forget: ({ environment, app }) => {
      const one = kept.get(environment.name);
      if (one === undefined || one.state === null) return;
      one.known = one.known.filter((name) => name !== app.app);
      one.targets = targetsOf(one.state, one.known);
    },
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
type Scope = StoreDep & TellDep & ClockDep & { readonly kept: Map<string, Kept> };

const sourceProblem = ({ code, message }: TrimtabError): Problem => ({
  file: 'source',
  line: 1,
  column: 1,
  rule: code,
  message,
  remedy: 'nothing is changed meanwhile',
});

async function takeOne(scope: Scope, read: ReadEnvironment, signal: AbortSignal): Promise<Result<readonly string[], TrimtabError>> {
  const found = await open(scope, read.name, signal);
  if (!found.ok) return found;
  const one = found.value;
  one.commit = read.commit?.sha ?? null;
  if (!read.compiled.ok) {
    refuse(scope, one, read.compiled.error.problems, read.compiled.error.warnings);
    return ok([]);
  }
  const { id, document, warnings } = read.compiled.value;
  one.problems = [];
  const before = one.state?.accepted ?? null;
  const accepted = { id, sourceHash: read.sourceHash, document };
  if (before?.id === id) {
    // A restart reads what it had: targets are made, nothing is announced.
    if (one.targets.size > 0 || one.state === null) return ok([]);
    retarget(one, one.state);
    return ok([...one.targets.keys()]);
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
  const automatic = document.sync.mode !== 'manual';
  const massChange = massChangeOf(before, accepted);
  scope.tell({ type: 'RevisionAccepted', environment: one.name, revision: id, apps: document.apps.length, commit: one.commit, warnings });
  retarget(one, { name: one.name, accepted, applied: automatic ? accepted : (one.state?.applied ?? null), massChange });
  one.acceptedAt = scope.clock.now();
  if (automatic) scope.tell({ type: 'TargetChanged', environment: one.name, from: before?.id ?? null, to: id });
  const written = await save(scope, one, signal);
  return written.ok ? ok([...one.targets.keys()]) : written;
}
function refuse(scope: Scope, one: Kept, problems: readonly Problem[], warnings: readonly Problem[]): void {
  const said = problems.map(problemText).join('\n');
  const before = one.problems.map(problemText).join('\n');
  one.problems = problems;
  one.warnings = warnings;
  if (said !== before) scope.tell({ type: 'RevisionRefused', environment: one.name, problems });
  if (one.state !== null && one.targets.size === 0) retarget(one, one.state);
}
/** From memory, else from the store, else new. */
async function open(scope: Scope, name: string, signal: AbortSignal): Promise<Result<Kept, TrimtabError>> {
  const known = scope.kept.get(name);
  if (known !== undefined) return ok(known);
  const row = await scope.store.environment(name, signal);
  if (!row.ok) return row;
  const apps = await scope.store.apps(name, signal);
  if (!apps.ok) return apps;
  const accepted = await revisionOf(scope, name, row.value.accepted, signal);
  if (!accepted.ok) return accepted;
  const applied = await revisionOf(scope, name, row.value.applied, signal);
  if (!applied.ok) return applied;
  const one: Kept = {
    name: environmentName(name),
    state:
      accepted.value === null ? null : { name: environmentName(name), accepted: accepted.value, applied: applied.value, massChange: null },
    targets: new Map(),
    known: apps.value,
    lastGood: row.value.lastGood,
    dirty: false,
    problems: [],
    warnings: [],
    commit: null,
    acceptedAt: scope.clock.now(),
    waitsFor: null,
  };
  scope.kept.set(name, one);
  return ok(one);
}
async function revisionOf(
  scope: Scope,
  environment: string,
  id: string | null,
  signal: AbortSignal,
): Promise<Result<AcceptedRevision | null, TrimtabError>> {
  if (id === null) return ok(null);
  const row = await scope.store.revision(environment, id, signal);
  if (!row.ok) return row;
  const document = Document.safeParse(row.value?.document);
  if (row.value === null || !document.success) return ok(null);
  return ok({ id: revisionId(row.value.id), sourceHash: row.value.sourceHash, document: document.data });
}
function retarget(one: Kept, state: EnvironmentState): void {
  const before = one.targets;
  one.state = state;
  one.known = [...new Set([...one.known, ...[...before.values()].map(({ app }) => app.app)])];
  one.targets = targetsOf(state, one.known);
  one.dirty = true;
}
async function save(scope: Scope, one: Kept, signal: AbortSignal): Promise<Result<void, TrimtabError>> {
  const row = { accepted: one.state?.accepted.id ?? null, applied: one.state?.applied?.id ?? null, lastGood: one.lastGood };
  const saved = await scope.store.saveEnvironment(one.name, row, signal);
  if (saved.ok) one.dirty = false;
  return saved;
}
function noteSynced(scope: Scope, target: AppTarget, statusOf: (environment: EnvironmentName, app: string) => AppStatus | null): boolean {
  const one = scope.kept.get(target.environment.name);
  const id = one?.state?.accepted.id;
  if (one === undefined || id === undefined || one.lastGood === id) return false;
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
  one.lastGood = id;
  one.dirty = true;
  scope.tell({ type: 'EnvironmentSynced', environment: one.name, revision: id, took: elapsed(one.acceptedAt, scope.clock.now()) });
  return true;
}
