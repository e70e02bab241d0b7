/** The folder of desired state that a person works in: reads what a commit had, writes files, and makes a commit of them where it is a git work
 *  tree. Nothing is pushed. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { type Git, GitFailed, makeGit } from './git-command.ts';
import { insideRoot, isYaml } from './limits.ts';

export interface WorkTree {
  /** YAML files of a folder, by their path from the root. */
  yamlFiles(folder: string): ReadonlyMap<string, string>;
  read(path: string): string | null;
  /** The same of a commit; empty where this is no git work tree, or does not have it. */
  yamlFilesAt(commit: string, folder: string): Promise<ReadonlyMap<string, string>>;
  readAt(commit: string, path: string): Promise<string | null>;
  /** Files that differ from what is committed would be mixed into it: then nothing is written. Null: written, but this is no git work tree. */
  commit(
    files: ReadonlyMap<string, string>,
    message: string,
  ): Promise<Result<{ readonly sha: string; readonly branch: string } | null, TrimtabError>>;
}

/** `root`: the folder that holds `desired-state`. */
export async function openWorkTree(root: string, signal: AbortSignal): Promise<WorkTree> {
  const git = makeGit(root, signal);
  const prefix = await inGit(() => git.run(['rev-parse', '--show-prefix']));
  const inside = prefix === null ? null : prefix.trim();
  const show = async (commit: string, path: string): Promise<string | null> =>
    inside === null ? null : inGit(() => git.run(['show', `${commit}:${inside}${path}`]));
  return {
    yamlFiles: (folder) => filesUnder(root, folder),
    read: (path) => (insideRoot(path) === null || !existsSync(join(root, path)) ? null : readFileSync(join(root, path), 'utf8')),
    yamlFilesAt: async (commit, folder) => {
      const listed =
        inside === null ? null : await inGit(() => git.run(['ls-tree', '-r', '--name-only', '-z', commit, '--', `${folder}/`]));
      const paths = (listed ?? '').split('\0').filter(isYaml);
      const texts = await Promise.all(paths.map(async (path): Promise<[string, string]> => [path, (await show(commit, path)) ?? '']));
      return new Map(texts);
    },
    readAt: show,
    commit: (files, message) => commitAll(git, root, inside !== null, files, message),
  };
}
async function commitAll(
  git: Git,
  root: string,
  isGit: boolean,
  files: ReadonlyMap<string, string>,
  message: string,
): ReturnType<WorkTree['commit']> {
  const paths = [...files.keys()];
  const dirty = isGit ? await inGit(() => git.run(['status', '--porcelain', '--', ...paths])) : '';
  if (dirty === null || dirty.trim() !== '')
    return err(failure('SOURCE_UNAVAILABLE', `not committed: ${paths.join(', ')} have changes of their own; commit or stash these first`));
  for (const [path, text] of files) writeFileSync(join(root, path), text);
  if (!isGit) return ok(null);
  const made = await inGit(async () => {
    await git.run(['commit', '--quiet', `--message=${message}`, '--', ...paths]);
    const [sha, branch] = [await git.run(['rev-parse', 'HEAD']), await git.run(['rev-parse', '--abbrev-ref', 'HEAD'])];
    return { sha: sha.trim(), branch: branch.trim() };
  });
  return made === null ? err(failure('SOURCE_UNAVAILABLE', `${paths.join(', ')} are written, and git did not commit them`)) : ok(made);
}
/** Null: git refused. */
async function inGit<T>(run: () => Promise<T>): Promise<T | null> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof GitFailed) return null;
    throw error;
  }
}
function filesUnder(root: string, folder: string): ReadonlyMap<string, string> {
  if (!existsSync(join(root, folder))) return new Map();
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter(isYaml).sort();
  return new Map(names.map((name) => [`${folder}/${name}`, readFileSync(join(root, folder, name), 'utf8')]));
}
