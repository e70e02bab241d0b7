/** What was read of an environment folder the last time: the same texts again need no parsing, and mostly nothing has changed. */
import { createHash } from 'node:crypto';
import { isMigrationFile, type MigrationFolder } from '#domain/compile-migrations.ts';
import type { FolderClaims } from '#domain/desired-rules.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { SourceSnapshot } from '#platform/source/port.ts';

type Answers = Readonly<Record<string, string | null>>;
export interface Remembered {
  /** Digest of every text that was read. */
  readonly print: string;
  /** The files that the folder's documents name. */
  readonly paths: readonly string[];
  /** The folder of migrations that they name. */
  readonly migrations: MigrationFolder | null;
  /** What was asked of the process's variables, and the answers. */
  readonly asked: Answers;
  readonly sourceHash: string;
  readonly claims: FolderClaims;
}
/** By the environment's name. */
export type SourceMemory = Map<string, Remembered>;

export function printOf(
  files: ReadonlyMap<string, string>,
  paths: readonly string[],
  configs: ReadonlyMap<string, string>,
  migrations: ReadonlyMap<string, string> | null,
): string {
  const hash = createHash('sha256');
  for (const [path, text] of [...files, ...(migrations ?? [])]) hash.update(`${JSON.stringify(path)}${text.length}:`).update(text);
  for (const path of paths) {
    const text = configs.get(path);
    hash.update(`${JSON.stringify(path)}${text?.length ?? ''}:`).update(text ?? '');
  }
  return hash.digest('base64');
}

/** Null: something is another way than it was, or was never read. */
export async function recall(
  last: Remembered | undefined,
  snapshot: SourceSnapshot,
  now: { readonly files: ReadonlyMap<string, string>; readonly stored: Answers },
  signal: AbortSignal,
): Promise<Result<Remembered | null, TrimtabError>> {
  if (last === undefined || !answersAlike(last.asked, now.stored)) return ok(null);
  const configs = await readTexts(snapshot, last.paths, signal);
  if (!configs.ok) return configs;
  const migrations = await readMigrationFolder(snapshot, last.migrations, signal);
  if (!migrations.ok) return migrations;
  return ok(printOf(now.files, last.paths, configs.value, migrations.value) === last.print ? last : null);
}
/** The process's own variables stay as they are while it lives: only what is stored may answer otherwise. */
const answersAlike = (asked: Answers, stored: Answers): boolean =>
  Object.entries(asked).every(([name, answer]) => !Object.hasOwn(stored, name) || stored[name] === answer);

/** Null: none is named, or it is not there. As with a file that leaves the source, one that does counts as absent. */
export async function readMigrationFolder(
  snapshot: SourceSnapshot,
  named: MigrationFolder | null,
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, string> | null, TrimtabError>> {
  if (named === null) return ok(null);
  const read = await snapshot.readFolder(named.folder, (path) => isMigrationFile(named.isTool, path), signal);
  return !read.ok && read.error.code === 'DESIRED_INVALID' ? ok(null) : read;
}
/** A path that leaves the source is a fault of its environment, told where it is written: the file counts as absent. */
export async function readTexts(
  snapshot: SourceSnapshot,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, string>, TrimtabError>> {
  const texts = new Map<string, string>();
  for (const path of paths) {
    const text = await snapshot.readFile(path, signal);
    if (!text.ok && text.error.code !== 'DESIRED_INVALID') return text;
    if (text.ok && text.value !== null) texts.set(path, text.value);
  }
  return ok(texts);
}
