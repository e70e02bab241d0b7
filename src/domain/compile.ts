/** A parsed folder and its fly.toml files → the compiled document that a revision is, or every problem at once. Pure. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { type AppScene, compileApp } from './compile-app.ts';
import { filesNeeded } from './compile-config.ts';
import type { ResolvedImages } from './compile-image.ts';
import { compileMigrations, type MigrationsResult } from './compile-migrations.ts';
import { sealedPaths, sealedUrl, sealedUrlPaths } from './compile-secrets.ts';
import { type CompiledSmoke, compileSmoke } from './compile-smoke.ts';
import { DEFAULT_SYNC, mergeSync } from './compile-sync.ts';
import { defaultPrefix } from './desired-lookup.ts';
import type { DesiredFolder, Located } from './desired-parse.ts';
import type { EnvironmentDocument } from './desired-schema.ts';
import { failure, type TrimtabError } from './errors.ts';
import { environmentName, orgSlug, type RevisionId, regionCode, revisionId } from './ids.ts';
import { type Problem, sortProblems } from './problem.ts';
import { err, ok, type Result } from './result.ts';
import { COMPILER_VERSION, type CompiledApp, type CompiledEnvironment, type DeclaredEnvironment, type Owner } from './revision.ts';

export interface CompileInput {
  /** Text of a file of the same state of the source, by its path from the root; null when there is none. `configPaths`, then `extraPaths` say
   *  which are asked. */
  readonly readFile: (path: string) => string | null;
  readonly resolvedImages: ResolvedImages;
  /** Every file under a folder that `migrationFolder` names, by path; null when there is no such folder. */
  readonly readFolder?: (folder: string) => ReadonlyMap<string, string> | null;
}
export interface Compiled {
  readonly id: RevisionId;
  readonly document: CompiledEnvironment;
  readonly warnings: readonly Problem[];
}
/** Nothing of it is used; the environment stays on its last good revision. */
export interface Rejected {
  /** SOURCE_EMPTY or DESIRED_INVALID. */
  readonly error: TrimtabError;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export function compileEnvironment(folder: DesiredFolder, input: CompileInput): Result<Compiled, Rejected> {
  const { environment } = folder;
  if (environment === null) return err(reject(folder, folder.problems, []));
  const scene = sceneOf(environment.document, folder, input);
  const results = folder.apps.map((app) => compileApp(app, scene));
  const migrations = compileMigrations(environment, folder.lookup, input.readFolder ?? (() => null));
  const { smoke, ...smoked } = compileSmoke(folder);
  const url = sealedUrl(environment, input.readFile);
  const found = [
    ...folder.problems,
    ...migrations.problems,
    ...results.flatMap((result) => result.problems),
    ...smoked.problems,
    ...url.problems,
  ];
  const problems = sortProblems(found);
  const warnings = sortProblems([...migrations.warnings, ...smoked.warnings, ...results.flatMap((result) => result.warnings)]);
  if (problems.length > 0) return err(reject(folder, problems, warnings));
  const apps = results.flatMap(({ app }) => (app === null ? [] : [app]));
  const document = assemble(environment.document, folder, scene, { apps, smoke, migrations, sealed: url.sealed });
  return ok({ id: revisionIdOf(document), document, warnings });
}

/** The fly.toml files and the encrypted files this folder needs. An excluded app needs none. */
export const configPaths = (folder: DesiredFolder): readonly string[] =>
  [
    ...new Set(
      folder.apps
        .flatMap(({ document: { spec } }) =>
          spec.excluded === true ? [] : [...(spec.config === undefined ? [] : [spec.config]), ...sealedPaths(spec.secrets)],
        )
        .concat(sealedUrlPaths(folder.environment)),
    ),
  ].sort();

/** What those files name in turn: `[[files]] local_path`, a `machine_config` in a file. Each may be absent: two places are looked into. */
export const extraPaths = (folder: DesiredFolder, readFile: CompileInput['readFile']): readonly string[] => {
  const ofApps = folder.apps.flatMap(({ document }) => sealedPaths(document.spec.secrets));
  const sealed = new Set([...ofApps, ...sealedUrlPaths(folder.environment)]);
  return [
    ...new Set(
      configPaths(folder).flatMap((path) => {
        const text = sealed.has(path) ? null : readFile(path);
        return text === null ? [] : filesNeeded(path, text);
      }),
    ),
  ].sort();
};

/** Content hash: equal documents have equal ids, in whatever order their sources were written. */
export function revisionIdOf(document: CompiledEnvironment): RevisionId {
  // The canonical text in pieces: as one string it is several times as large as the document. `apps` sorts before all other keys.
  const { apps, ...frame } = document;
  const hash = createHash('sha256').update('{"apps":[');
  for (const [at, app] of apps.entries()) hash.update(`${at === 0 ? '' : ','}${canonicalize(app) ?? ''}`);
  hash.update(`],${(canonicalize(frame) ?? '').slice(1)}`);
  return revisionId(hash.digest('hex').slice(0, REVISION_HEX));
}
/** 128 bits. */
const REVISION_HEX = 32;

function sceneOf({ spec }: EnvironmentDocument, folder: DesiredFolder, input: CompileInput): AppScene {
  return {
    ...input,
    sync: mergeSync(DEFAULT_SYNC, spec.sync),
    primaryRegion: spec.primaryRegion === undefined ? null : regionCode(spec.primaryRegion),
    lookup: folder.lookup,
  };
}
function assemble(
  document: EnvironmentDocument,
  folder: DesiredFolder,
  scene: AppScene,
  { apps, ...more }: Parts & { readonly apps: readonly CompiledApp[] },
): CompiledEnvironment {
  const { spec, metadata } = document;
  return {
    compilerVersion: COMPILER_VERSION,
    name: environmentName(metadata.name),
    organization: orgSlug(spec.organization),
    protection: spec.protection ?? 'production',
    primaryRegion: scene.primaryRegion,
    owners: (spec.owners ?? []).map(ownerOf),
    sync: scene.sync,
    apps: [...apps].sort((a, b) => (a.name < b.name ? -1 : 1)),
    declared: declaredOf(document, folder, more),
  };
}
const ownerOf = ({ name, slack, email }: NonNullable<EnvironmentDocument['spec']['owners']>[number]): Owner => ({
  name,
  ...(slack === undefined ? {} : { slack }),
  ...(email === undefined ? {} : { email }),
});
interface Parts {
  readonly sealed: Readonly<Record<string, string>> | null;
  readonly smoke: CompiledSmoke | null;
  readonly migrations: MigrationsResult;
}
function declaredOf(
  { spec, metadata }: EnvironmentDocument,
  folder: DesiredFolder,
  { smoke, sealed, migrations: found }: Parts,
): DeclaredEnvironment {
  const { approval, notify } = spec;
  const { database, migrations } = found;
  return {
    credentials: { fly: spec.credentials?.fly?.env ?? 'FLY_API_TOKEN', neon: spec.credentials?.neon?.env ?? 'NEON_API_KEY' },
    envPrefix: spec.envPrefix ?? defaultPrefix(metadata.name),
    variables: spec.variables ?? {},
    lookups: folder.lookup.asked(),
    budgets: folder.budgets.map(budgetOf).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
    ...(approval === undefined ? {} : { approval }),
    ...(database === undefined ? {} : { database }),
    ...(sealed === null ? {} : { sealed }),
    ...(migrations === null ? {} : { migrations }),
    ...(smoke === null ? {} : { smoke }),
    ...(notify === undefined ? {} : { notify }),
  };
}
const budgetOf = <Doc>({ document }: Located<Doc>): Doc => document;

function reject(folder: DesiredFolder, problems: readonly Problem[], warnings: readonly Problem[]): Rejected {
  const [first] = problems;
  const more = problems.length > 1 ? ` and ${problems.length - 1} more` : '';
  const said = first === undefined ? folder.folder : `${first.file}:${first.line}:${first.column} ${first.message}${more}`;
  return { error: failure(folder.empty ? 'SOURCE_EMPTY' : 'DESIRED_INVALID', said), problems, warnings };
}
