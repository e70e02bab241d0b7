/** `database.migrations` and the files it names → what a release will run: files and all, so that nothing of the source is needed then. */
import { createHash } from 'node:crypto';
import { type Lookup, MIGRATIONS_SWITCH } from './desired-lookup.ts';
import type { Located } from './desired-parse.ts';
import type { EnvironmentDocument } from './desired-schema.ts';
import type { Path } from './desired-yaml.ts';
import { type MigrationFile, readMigrations } from './migrations/files.ts';
import type { Problem } from './problem.ts';
import type { CompiledMigrations } from './revision.ts';
import { minutes, ms, seconds } from './units.ts';

type Declared = EnvironmentDocument['spec']['database'];
type Stated = NonNullable<NonNullable<Declared>['migrations']>;
type Run = NonNullable<Stated['run']>;
export interface MigrationsResult {
  /** With `run` as the process says it, where it does. */
  readonly database: Declared;
  readonly migrations: CompiledMigrations | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}
const AT: Path = ['spec', 'database', 'migrations'];
const TIMEOUT = minutes(30);
const LOCK_TIMEOUT = seconds(10);
/** By what a switch of the runbook says, in small letters. */
export const RUN_WORDS: Readonly<Record<string, Run>> = {
  true: 'always',
  '1': 'always',
  always: 'always',
  false: 'never',
  '0': 'never',
  never: 'never',
  whenchanged: 'whenChanged',
};

export function compileMigrations(
  { document, locate }: Located<EnvironmentDocument>,
  lookup: Lookup,
  readFolder: (folder: string) => ReadonlyMap<string, string> | null,
): MigrationsResult {
  const { database } = document.spec;
  const stated = database?.migrations;
  if (database === undefined || stated === undefined) return { database, migrations: null, problems: [], warnings: [] };
  const problems: Problem[] = [];
  const said = lookup.find(MIGRATIONS_SWITCH);
  const run = said === null ? (stated.run ?? 'whenChanged') : RUN_WORDS[said.toLowerCase()];
  if (run === undefined) {
    const message = `${MIGRATIONS_SWITCH} is neither true, false, always, whenChanged nor never`;
    problems.push({ ...locate([...AT, 'run']), rule: 'invalid-value', message, remedy: `set ${MIGRATIONS_SWITCH}=true, or unset it` });
  }
  const files = filesOf(stated, readFolder);
  if (files === null) {
    const message = `${stated.directory} does not exist, or is empty`;
    problems.push({
      ...locate([...AT, 'directory']),
      rule: 'config-missing',
      message,
      remedy: 'correct the path (from the root of the source), or commit the folder',
    });
  }
  const set = stated.command === undefined ? readMigrations(files ?? [], stated.format ?? null) : null;
  const migrations: CompiledMigrations = {
    format: set?.format ?? null,
    files: files ?? [],
    command: stated.command ?? null,
    set: set?.hash ?? commandSet(stated.command ?? [], files ?? []),
    timeout: stated.timeout ?? TIMEOUT,
    statementTimeout: stated.statementTimeout ?? ms(0),
    lockTimeout: stated.lockTimeout ?? LOCK_TIMEOUT,
  };
  return {
    database: { ...database, migrations: { ...stated, run: run ?? 'whenChanged' } },
    migrations,
    problems: [...problems, ...(set?.problems ?? [])],
    warnings: set?.warnings ?? [],
  };
}
function filesOf(
  { directory, command }: Stated,
  readFolder: (folder: string) => ReadonlyMap<string, string> | null,
): readonly MigrationFile[] | null {
  if (directory === undefined) return [];
  const found = readFolder(directory);
  if (found === null || found.size === 0) return null;
  return [...found]
    .filter(([path]) => isMigrationFile(command !== undefined, path))
    .map(([path, text]) => ({ path, text }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
/** A tool of the team may read anything beside SQL. */
export const isMigrationFile = (isTool: boolean, path: string): boolean => isTool || path.endsWith('.sql');
const commandSet = (command: readonly string[], files: readonly MigrationFile[]): string =>
  createHash('sha256')
    .update(JSON.stringify([command, files.map(({ path, text }) => [path, text])]))
    .digest('hex')
    .slice(0, 32);

/** The folder that has to be read for it; null: none. */
export interface MigrationFolder {
  readonly folder: string;
  readonly isTool: boolean;
}
export function migrationFolder({ spec }: EnvironmentDocument): MigrationFolder | null {
  const stated = spec.database?.migrations;
  return stated?.directory === undefined ? null : { folder: stated.directory, isTool: stated.command !== undefined };
}
