/** Desired state in a folder of this machine. Links are followed as long as they stay inside the root (mounted volumes are made of such). */
import type { Dirent } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import {
  cancelled,
  DEEPEST,
  decode,
  insideRoot,
  isHidden,
  isYaml,
  LARGEST_FILE_BYTES,
  LARGEST_TOTAL_BYTES,
  leavesRoot,
  MOST_FILES,
  nothingThere,
  notText,
  tooLarge,
  tooManyFiles,
  tooMuch,
} from './limits.ts';
import type { DesiredSource, SourceSnapshot } from './port.ts';

export interface FolderSourceOptions {
  /** The root that paths are relative to. */
  readonly root: string;
  /** The folder under it that holds the YAML files; empty: the root itself. */
  readonly folder: string;
}

export function makeFolderSource(options: FolderSourceOptions): DesiredSource {
  const description = join(options.root, options.folder);
  return {
    description,
    read: (signal) =>
      guarded(description, async () => {
        const root = await realpath(options.root);
        const paths = await pathsUnder(root, options.folder, isYaml, description);
        if (!paths.ok) return paths;
        if (paths.value.length === 0) return err(nothingThere(description));
        const files = await readAll(root, paths.value, description, signal);
        if (!files.ok) return files;
        return ok(snapshot(root, description, files.value));
      }),
  };
}

const snapshot = (root: string, description: string, files: ReadonlyMap<string, string>): SourceSnapshot => {
  // A file read once stays as it was for this snapshot.
  const kept = new Map<string, Result<string | null, TrimtabError>>();
  return {
    files,
    commit: null,
    rewritten: false,
    async readFile(path, signal) {
      const inside = insideRoot(path);
      if (inside === null) return err(leavesRoot(path));
      const known = files.get(inside);
      if (known !== undefined) return ok(known);
      const read = kept.get(inside) ?? (await guarded(description, () => readOne(root, inside, signal)));
      kept.set(inside, read);
      return read;
    },
    readFolder: async (folder, wanted, signal) => {
      const inside = insideRoot(folder);
      if (inside === null) return err(leavesRoot(folder));
      return guarded(description, async () => {
        if (!(await isFolder(join(root, inside)))) return ok(null);
        const paths = await pathsUnder(root, inside, wanted, description);
        return paths.ok ? readAll(root, paths.value, description, signal) : paths;
      });
    },
  };
};

/** Files under the folder, sorted, relative to the root. */
async function pathsUnder(
  root: string,
  folder: string,
  wanted: (path: string) => boolean,
  description: string,
): Promise<Result<readonly string[], TrimtabError>> {
  const found: string[] = [];
  const top = folder === '' ? '' : insideRoot(folder);
  if (top === null) return err(leavesRoot(folder));
  let level: readonly string[] = [top];
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) {
    const below: string[] = [];
    for (const at of level) {
      for (const entry of await readdir(join(root, at), { withFileTypes: true })) {
        const path = at === '' ? entry.name : `${at}/${entry.name}`;
        if (isHidden(entry.name) || entry.name === 'node_modules') continue;
        if (entry.isDirectory()) below.push(path);
        else if (wanted(path) && isFileOrLink(entry)) found.push(path);
      }
      if (found.length > MOST_FILES) return err(tooManyFiles(description));
    }
    level = below;
  }
  return ok(found.sort());
}
const isFileOrLink = (entry: Dirent): boolean => entry.isFile() || entry.isSymbolicLink();

async function readAll(
  root: string,
  paths: readonly string[],
  description: string,
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, string>, TrimtabError>> {
  const files = new Map<string, string>();
  let total = 0;
  for (const path of paths) {
    const read = await readOne(root, path, signal);
    if (!read.ok) return read;
    // Deleted between listing and reading: as if it had not been listed.
    if (read.value === null) continue;
    files.set(path, read.value);
    total += read.value.length;
    if (total > LARGEST_TOTAL_BYTES) return err(tooMuch(description));
  }
  return ok(files);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}
/** Null when there is no such file. */
async function readOne(root: string, path: string, signal: AbortSignal): Promise<Result<string | null, TrimtabError>> {
  if (signal.aborted) return err(cancelled(path));
  try {
    const real = await realpath(join(root, path));
    if (!(real === root || real.startsWith(root + sep))) return err(leavesRoot(path));
    const { size } = await stat(real);
    if (size > LARGEST_FILE_BYTES) return err(tooLarge(path, size));
    const text = decode(await readFile(real, { signal }));
    return text === null ? err(notText(path)) : ok(text);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ok(null);
    if (signal.aborted) return err(cancelled(path));
    throw error;
  }
}

/** The file system's refusals as a value. */
async function guarded<T>(description: string, run: () => Promise<Result<T, TrimtabError>>): Promise<Result<T, TrimtabError>> {
  try {
    return await run();
  } catch (error) {
    const code = codeOf(error);
    if (code === null) throw error;
    const path =
      error instanceof Error && 'path' in error && typeof error.path === 'string' ? ` (${relative(description, error.path) || '.'})` : '';
    return err(failure('SOURCE_UNAVAILABLE', `${description}: ${code}${path}`));
  }
}
const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
