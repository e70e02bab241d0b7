/** One file of this machine, by an absolute path, one from the home folder, or one relative to where the process was started. */
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { cancelled, decode, LARGEST_FILE_BYTES, notText, tooLarge } from './limits.ts';

export async function readOutside(path: string, signal: AbortSignal): Promise<Result<string | null, TrimtabError>> {
  if (signal.aborted) return err(cancelled(path));
  const place = path.startsWith('~/') ? resolve(homedir(), path.slice(2)) : resolve(path);
  try {
    const found = await stat(place);
    if (!found.isFile()) return err(failure('DESIRED_INVALID', `${path}: no file`));
    if (found.size > LARGEST_FILE_BYTES) return err(tooLarge(path, found.size));
    const text = decode(await readFile(place, { signal }));
    return text === null ? err(notText(path)) : ok(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ('code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return ok(null);
    return err(failure('DESIRED_INVALID', `${path}: ${error.message}`));
  }
}
