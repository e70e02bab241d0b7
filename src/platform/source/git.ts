/** Desired state on a branch of a git repository: a bare copy in the data folder, fetched at each read; blobs of one commit, no work tree. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#domain/clock.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { minutes } from '#domain/units.ts';
import type { GitAddress } from './git-address.ts';
import { withoutCredentials } from './git-address.ts';
import { type Git, type GitAccess, GitFailed, makeGit, NO_ACCESS } from './git-command.ts';
import { commitOf, filesOf, readBlob } from './git-tree.ts';
import { insideRoot, isYaml, leavesRoot, nothingThere } from './limits.ts';
import type { DesiredSource, SourceCommit, SourceSnapshot } from './port.ts';

export interface GitSourceOptions {
  readonly address: GitAddress;
  /** Where copies of repositories are kept; made when missing. */
  readonly copies: string;
  readonly clock: Clock;
  /** Absent: the repository is open, or the address and the user's own ssh know the way. */
  readonly access?: GitAccess;
}

/** A first fetch of a large repository takes a minute or two; a poll takes a second. */
const DEADLINE = minutes(5);
const OURS = 'refs/trimtab/source';

export function makeGitSource(options: GitSourceOptions): DesiredSource {
  const { address, clock, access = NO_ACCESS } = options;
  const description = withoutCredentials(address.url) + (address.branch === null ? '' : `#${address.branch}`);
  // The name says nothing: the address may carry credentials.
  const place = `${address.url}#${address.branch ?? ''}`;
  const directory = join(options.copies, `${createHash('sha256').update(place).digest('hex').slice(0, 16)}.git`);
  /** What this process fetched last. */
  let tip: string | null = null;
  return {
    description,
    read: (signal) =>
      inTime(clock, description, signal, async (within) => {
        await mkdir(directory, { recursive: true });
        const git = makeGit(directory, within, address.url, access);
        const old = await tipOf(git, directory, tip);
        const commit = await fetchBranch(git, address);
        // Each is a process: side by side.
        const [rewritten, files] = await Promise.all([
          isRewritten(git, old, commit.sha),
          filesOf(git, commit.sha, { folder: address.folder, wanted: isYaml }, description),
        ]);
        tip = commit.sha;
        if (!files.ok) return files;
        if (files.value.size === 0) return err(nothingThere(description));
        const snapshot: SourceSnapshot = {
          files: files.value,
          commit,
          rewritten,
          readFile: (path, wanted) => {
            const inside = insideRoot(path);
            if (inside === null) return Promise.resolve(err(leavesRoot(path)));
            return inTime(clock, description, wanted, (allowed) => readBlob(makeGit(directory, allowed), commit.sha, inside));
          },
          readFolder: async (folder, wanted, within) => {
            const inside = insideRoot(folder);
            if (inside === null) return err(leavesRoot(folder));
            return inTime(clock, description, within, async (allowed) => {
              const found = await filesOf(makeGit(directory, allowed), commit.sha, { folder: inside, wanted }, description);
              // git has no empty folders.
              return found.ok && found.value.size === 0 ? ok(null) : found;
            });
          },
        };
        return ok(snapshot);
      }),
  };
}

/** What was fetched last, by this process or one before it; a copy that is not there, or not any more, is begun. Empty: nothing was. */
async function tipOf(git: Git, directory: string, known: string | null): Promise<string> {
  if (existsSync(join(directory, 'HEAD'))) return known ?? (await git.run(['rev-parse', '--verify', '--quiet', `${OURS}^{commit}`])).trim();
  await git.run(['init', '--bare', '--quiet', '.']);
  return '';
}
async function fetchBranch(git: Git, address: GitAddress): Promise<SourceCommit> {
  const from = address.branch === null ? 'HEAD' : `refs/heads/${address.branch}`;
  await git.run(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules', address.url, `+${from}:${OURS}`]);
  return commitOf(git, OURS);
}
/** Commits of the old tip that the new one does not contain. */
async function isRewritten(git: Git, old: string, sha: string): Promise<boolean> {
  if (old === '' || old === sha) return false;
  return (await git.run(['rev-list', '--count', '--max-count=1', old, `^${sha}`, '--'])).trim() !== '0';
}

/** Ends with the deadline or the caller, and turns git's refusals into a value. */
async function inTime<T>(
  clock: Clock,
  description: string,
  signal: AbortSignal,
  run: (within: AbortSignal) => Promise<Result<T, TrimtabError>>,
): Promise<Result<T, TrimtabError>> {
  const late = new AbortController();
  const disarm = clock.after(DEADLINE, () => late.abort());
  try {
    return await run(AbortSignal.any([signal, late.signal]));
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error;
    if (signal.aborted) return err(failure('FLY_CANCELLED', `${description}: reading was cancelled`));
    const why = late.signal.aborted ? 'no answer in time' : withoutCredentials(error.message);
    return err(failure('SOURCE_UNAVAILABLE', `${description}: ${why}`));
  } finally {
    disarm();
  }
}
