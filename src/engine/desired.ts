/** From the source to compiled revisions: one result per environment folder, each on its own. */
import { createHash } from 'node:crypto';
import { type Compiled, compileEnvironment, configPaths, extraPaths, type Rejected } from '#domain/compile.ts';
import { carriedImages } from '#domain/compile-image.ts';
import { migrationFolder } from '#domain/compile-migrations.ts';
import type { Told } from '#domain/desired-lookup.ts';
import { type DesiredFolder, parseDesired } from '#domain/desired-parse.ts';
import { claimsOf, type FolderClaims, problemsAcross } from '#domain/desired-rules.ts';
import { failure, remedyOf, type TrimtabError } from '#domain/errors.ts';
import type { RevisionId } from '#domain/ids.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import type { DesiredSourceDep, SourceCommit, SourceSnapshot } from '#platform/source/port.ts';
import { readAppsEnv } from './apps-env.ts';
import { type FlyFor, type ImageRetries, resolveImages, resolveLate } from './images.ts';
import { type ReadOutside, withOutside } from './outside.ts';
import { printOf, readMigrationFolder, readTexts, recall, type SourceMemory } from './unchanged-source.ts';

export interface ReadDesiredDeps extends DesiredSourceDep {
  readonly flyFor: FlyFor;
  /** The folder under the source's root that holds one folder per environment. */
  readonly folder: string;
  /** Environments that have a branch or a repository of their own, by name; the source above is not asked about them. */
  readonly own?: ReadonlyMap<string, OwnSource>;
  readonly process: Readonly<Record<string, string | undefined>>;
  /** Before an environment is read: what was accepted of it before this process began. */
  readonly open?: (name: string, signal: AbortSignal) => Promise<Result<void, TrimtabError>>;
  /** The last accepted document of an environment folder. */
  readonly previous: (name: string) => CompiledEnvironment | null;
  /** A command asks its own environment anew; the controller's own poll keeps the stored answers. */
  readonly keepsLookups: boolean;
  /** Answers that a command sent: they count instead of the stored ones, and are stored in turn. */
  readonly told?: Told;
  /** Only this environment is served by the process: bare variables are its own. */
  readonly only?: string | null;
  /** What an environment folder was accepted from by this compiler: the same source again needs no work. */
  readonly known?: (name: string) => { readonly sourceHash: string; readonly id: RevisionId } | null;
  /** Reads what a variable of the process names outside the source; absent: nothing is. */
  readonly readOutside?: ReadOutside | undefined;
  /** For one that reads again and again: what was read the last time, and when what had no digest is asked again. */
  readonly memory?: SourceMemory;
  readonly retries?: ImageRetries;
}
export interface OwnSource extends DesiredSourceDep {
  readonly folder: string;
}
export interface ReadEnvironment {
  /** Name of its folder. */
  readonly name: string;
  /** The branch no longer contains the commit that was read before: somebody forced it. */
  readonly rewritten: boolean;
  /** Hash over everything that was read for it: equal sources have equal hashes, whatever the compiler. */
  readonly sourceHash: string;
  readonly commit: SourceCommit | null;
  readonly compiled: Result<Compiled, Rejected>;
}

export async function readDesired(deps: ReadDesiredDeps, signal: AbortSignal): Promise<Result<readonly ReadEnvironment[], TrimtabError>> {
  const own = deps.own ?? new Map<string, OwnSource>();
  const snapshot = await deps.source.read(signal);
  // Where every environment has its own source, the common one may be empty.
  if (!snapshot.ok && !(own.size > 0 && snapshot.error.code === 'SOURCE_EMPTY')) return snapshot;
  const folders = snapshot.ok ? foldersOf(snapshot.value, deps.folder) : new Map<string, ReadonlyMap<string, string>>();
  const common = [...folders.keys()].filter((name) => !own.has(name));
  // A name without a prefix is meant for one environment: the others of the source are not moved by it.
  const bareFor = (name: string): boolean => common.length + own.size === 1 || deps.only === name;
  const found: Found[] = [];
  let late: TrimtabError | null = null;
  for (const name of common) {
    if (!snapshot.ok) break;
    const one = await readOne(
      deps,
      snapshot.value,
      { name, files: folders.get(name) ?? new Map(), bare: bareFor(name), root: deps.folder },
      signal,
    );
    if (one.ok) found.push(one.value);
    else if (!isOfPlatform(one.error)) return one;
    // Its image cannot be resolved at this moment: it stays as it is, the others go on.
    else late = one.error;
  }
  const unreadable: ReadEnvironment[] = [];
  for (const [name, source] of own) {
    const one = await readOwn(deps, name, source, bareFor(name), signal);
    if (one.ok) found.push(one.value);
    else if (isOfPlatform(one.error)) late = one.error;
    else unreadable.push(notRead(name, one.error));
  }
  if (found.length + unreadable.length === 0 && late !== null) return err(late);
  if (found.length + unreadable.length === 0)
    return err(failure('SOURCE_EMPTY', `${deps.source.description}: no environment folder under ${deps.folder}/`));
  return ok([...withoutShared(found), ...unreadable].sort((a, b) => (a.name < b.name ? -1 : 1)));
}
const isOfPlatform = ({ code }: TrimtabError): boolean => code.startsWith('FLY_');
async function readOwn(
  deps: ReadDesiredDeps,
  name: string,
  { source, folder }: OwnSource,
  bare: boolean,
  signal: AbortSignal,
): Promise<Result<Found, TrimtabError>> {
  const snapshot = await source.read(signal);
  if (!snapshot.ok) return snapshot;
  const files = foldersOf(snapshot.value, folder).get(name);
  if (files === undefined)
    return err(failure('SOURCE_EMPTY', `${source.description}: no folder ${folder === '' ? '' : `${folder}/`}${name}`));
  return readOne(deps, snapshot.value, { name, files, bare, root: folder }, signal);
}
/** The other environments go on; this one keeps its last good revision. */
function notRead(name: string, error: TrimtabError): ReadEnvironment {
  const problem = { file: 'source', line: 1, column: 1, rule: error.code, message: error.message, remedy: remedyOf(error) };
  return { name, rewritten: false, sourceHash: '', commit: null, compiled: err({ error, problems: [problem], warnings: [] }) };
}
/** `desired-state/<environment>/…`; the rest of the path is free. */
function foldersOf(snapshot: SourceSnapshot, folder: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const prefix = folder === '' ? '' : `${folder}/`;
  const folders = new Map<string, Map<string, string>>();
  for (const [path, text] of snapshot.files) {
    const [name, ...rest] = path.slice(prefix.length).split('/');
    if (!path.startsWith(prefix) || name === undefined || rest.length === 0) continue;
    folders.set(name, (folders.get(name) ?? new Map<string, string>()).set(path, text));
  }
  return new Map([...folders].sort(([a], [b]) => (a < b ? -1 : 1)));
}
type Found = ReadEnvironment & { readonly claims: FolderClaims };
interface Folder {
  readonly name: string;
  readonly files: ReadonlyMap<string, string>;
  readonly bare: boolean;
  /** That holds one folder per environment. */
  readonly root: string;
}
async function readOne(
  deps: ReadDesiredDeps,
  snapshot: SourceSnapshot,
  { name, files, bare, root }: Folder,
  signal: AbortSignal,
): Promise<Result<Found, TrimtabError>> {
  const opened = await deps.open?.(name, signal);
  if (opened?.ok === false) return opened;
  const previous = deps.previous(name);
  const known = deps.known?.(name) ?? null;
  const stored = deps.keepsLookups ? { ...previous?.declared?.lookups, ...deps.told?.[name] } : {};
  const told = { name, commit: snapshot.commit, rewritten: snapshot.rewritten };
  const asAccepted = (document: CompiledEnvironment, id: RevisionId) => resolveLate(deps, name, { id, document, warnings: [] }, signal);
  const memory = deps.memory?.get(name);
  const last =
    deps.keepsLookups && previous !== null
      ? await recall(memory, withOutside(snapshot, deps, memory?.asked ?? {}), { files, stored }, signal)
      : ok(null);
  if (!last.ok) return last;
  if (last.value !== null && previous !== null && known?.sourceHash === last.value.sourceHash) {
    const { sourceHash, claims } = last.value;
    return ok({ ...told, sourceHash, claims, compiled: ok(await asAccepted(previous, known.id)) });
  }
  const appsEnv = await readAppsEnv(snapshot, name, signal);
  if (!appsEnv.ok) return appsEnv;
  const folder = parseDesired({
    folder: root === '' ? name : `${root}/${name}`,
    files,
    lookup: { process: deps.process, file: appsEnv.value.variables, bare, stored },
  });
  const reachable = withOutside(snapshot, deps, folder.lookup.asked());
  const configs = await readConfigs(reachable, folder, appsEnv.value, signal);
  if (!configs.ok) return configs;
  const { paths, texts } = configs.value;
  const migrations = await readMigrations(snapshot, folder, signal);
  if (!migrations.ok) return migrations;
  const { named, files: sql } = migrations.value;
  const sourceHash = hashOf(files, new Map([...texts, ...(sql ?? [])]), folder);
  const claims = claimsOf(folder);
  const read = { ...told, sourceHash, claims };
  const remember = ({ declared }: CompiledEnvironment): void =>
    void deps.memory?.set(name, {
      print: printOf(files, paths, texts, sql),
      ...{ paths, asked: declared?.lookups ?? {}, sourceHash, claims, migrations: named },
    });
  if (previous !== null && known?.sourceHash === sourceHash) {
    remember(previous);
    return ok({ ...read, compiled: ok(await asAccepted(previous, known.id)) });
  }
  const readFile = (path: string): string | null => texts.get(path) ?? null;
  const compiled = compileEnvironment(folder, { readFile, readFolder: () => sql, resolvedImages: carriedImages(previous) });
  if (!compiled.ok) return ok({ ...read, compiled });
  const resolved = await resolveImages(deps.flyFor, compiled.value, signal);
  if (!resolved.ok) return resolved;
  remember(resolved.value.document);
  return ok({ ...read, compiled: resolved });
}
interface Configs {
  readonly paths: readonly string[];
  readonly texts: ReadonlyMap<string, string>;
}
async function readConfigs(
  snapshot: SourceSnapshot,
  folder: DesiredFolder,
  first: Configs,
  signal: AbortSignal,
): Promise<Result<Configs, TrimtabError>> {
  const stated = configPaths(folder);
  const texts = await readTexts(snapshot, stated, signal);
  if (!texts.ok) return texts;
  const named = extraPaths(folder, (path) => texts.value.get(path) ?? null);
  const extra = await readTexts(snapshot, named, signal);
  if (!extra.ok) return extra;
  return ok({ paths: [...first.paths, ...stated, ...named], texts: new Map([...first.texts, ...texts.value, ...extra.value]) });
}
async function readMigrations(snapshot: SourceSnapshot, { environment }: DesiredFolder, signal: AbortSignal) {
  const named = environment === null ? null : migrationFolder(environment.document);
  const files = await readMigrationFolder(snapshot, named, signal);
  return files.ok ? ok({ named, files: files.value }) : files;
}
function hashOf(files: ReadonlyMap<string, string>, configs: ReadonlyMap<string, string>, folder: DesiredFolder): string {
  const parts = [...files, ...configs].sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash('sha256').update('[[');
  for (const [at, part] of parts.entries()) hash.update(`${at === 0 ? '' : ','}${JSON.stringify(part)}`);
  return hash.update(`],${JSON.stringify(folder.lookup.asked())}]`).digest('hex');
}
/** One Fly app in two folders, or one name for two: neither is believed. */
function withoutShared(found: readonly Found[]): readonly ReadEnvironment[] {
  const across = problemsAcross(found.map(({ claims }) => claims));
  return found.map(({ claims: { folder }, ...one }) => {
    const mine = across.filter(({ file, message }) => file.startsWith(`${folder}/`) || message.includes(folder));
    const [first] = mine;
    if (first === undefined || !one.compiled.ok) return one;
    const error = failure('DESIRED_INVALID', first.message);
    return { ...one, compiled: err({ error, problems: mine, warnings: one.compiled.value.warnings }) };
  });
}
