/** What one commit holds: its facts, its YAML files, any other blob. */
import type { TrimtabError } from '#domain/errors.ts';
import { commitSha } from '#domain/ids.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { instant, isoToInstant } from '#domain/units.ts';
import type { Git } from './git-command.ts';
import { GitFailed } from './git-command.ts';
import {
  DEEPEST,
  decode,
  insideRoot,
  isHidden,
  LARGEST_FILE_BYTES,
  LARGEST_TOTAL_BYTES,
  leavesRoot,
  MOST_FILES,
  notText,
  tooLarge,
  tooManyFiles,
  tooMuch,
} from './limits.ts';
import type { SourceCommit } from './port.ts';

/** `name`: whatever names it. */
export async function commitOf(git: Git, name: string): Promise<SourceCommit> {
  const text = await git.run(['log', '-1', '--format=%H%x00%an <%ae>%x00%aI%x00%B', name, '--']);
  const [sha = '', author = '', at = '', message = ''] = text.split('\0');
  return { sha: commitSha(sha), author, message: message.trim(), at: isoToInstant(at) ?? instant(0) };
}

/** Files under the folder, at their paths from the repository's root. */
export async function filesOf(
  git: Git,
  sha: string,
  { folder, wanted }: { readonly folder: string; readonly wanted: (path: string) => boolean },
  description: string,
): Promise<Result<ReadonlyMap<string, string>, TrimtabError>> {
  const top = folder === '' ? '' : insideRoot(folder);
  if (top === null) return err(leavesRoot(folder));
  const entries = (await entriesUnder(git, sha, top)).filter(
    ({ path }) => wanted(path) && !isHidden(path) && path.split('/').length <= DEEPEST,
  );
  if (entries.length === 0) return ok(new Map());
  if (entries.length > MOST_FILES) return err(tooManyFiles(description));
  const refused = entries.map(refusalOf).find((refusal) => refusal !== null);
  if (refused !== undefined) return err(refused);
  if (entries.reduce((sum, entry) => sum + entry.size, 0) > LARGEST_TOTAL_BYTES) return err(tooMuch(description));
  const blobs = batchToBlobs(await git.batch(entries.map((entry) => entry.object)));
  const files = new Map<string, string>();
  for (const [index, { path }] of entries.entries()) {
    const text = decode(blobs[index] ?? new Uint8Array());
    if (text === null) return err(notText(path));
    files.set(path, text);
  }
  return ok(files);
}

/** Null when the commit has no such file. */
export async function readBlob(git: Git, sha: string, path: string): Promise<Result<string | null, TrimtabError>> {
  const entry = (await entriesUnder(git, sha, path)).find((one) => one.path === path);
  if (entry === undefined) return ok(null);
  const refused = refusalOf(entry);
  if (refused !== null) return err(refused);
  const [blob] = batchToBlobs(await git.batch([entry.object]));
  const text = decode(blob ?? new Uint8Array());
  return text === null ? err(notText(path)) : ok(text);
}

interface Entry {
  readonly mode: string;
  readonly object: string;
  readonly size: number;
  readonly path: string;
}
async function entriesUnder(git: Git, sha: string, path: string): Promise<readonly Entry[]> {
  const listed = await git.run(['ls-tree', '-r', '-z', '--long', '--full-tree', sha, ...(path === '' ? [] : ['--', path])]);
  return listed.split('\0').flatMap((line) => {
    const found = /^(\d+) (\w+) ([0-9a-f]+) +(\d+|-)\t(.+)$/s.exec(line);
    if (found === null) return [];
    const [, mode = '', , object = '', size = '', at = ''] = found;
    return [{ mode, object, size: Number(size) || 0, path: at }];
  });
}

const LINK = '120000';
const SUBMODULE = '160000';
/** A link in a commit may point anywhere on the machine that checks it out: none is followed. */
function refusalOf(entry: Entry): TrimtabError | null {
  if (entry.mode === LINK || entry.mode === SUBMODULE) return leavesRoot(entry.path);
  return entry.size > LARGEST_FILE_BYTES ? tooLarge(entry.path, entry.size) : null;
}

/** `<object> blob <size>\n<bytes>\n`, repeated. */
function batchToBlobs(bytes: Uint8Array): readonly Uint8Array[] {
  const blobs: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) break;
    const size = Number(new TextDecoder().decode(bytes.subarray(at, end)).split(' ')[2]);
    if (!Number.isInteger(size)) throw new GitFailed('an object of the commit is missing');
    blobs.push(bytes.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return blobs;
}
