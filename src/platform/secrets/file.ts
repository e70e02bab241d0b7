/** A file that holds one value, as orchestrators mount secrets. Relative to the source's folder; one line end at its end is not part of it. */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { err, ok, type Result } from '#domain/result.ts';
import type { SecretFault } from '#domain/secret-picture.ts';
import { LONGEST_VALUE, SecretValue } from '#domain/secret-value.ts';
import type { Origin } from './port.ts';

export const makeFileOrigin = (root: string): Origin<'file'> => ({
  kind: 'file',
  cost: 'cheap',
  read: async ({ spec }, signal) => {
    const text = await readText(resolve(root, spec), spec, LONGEST_VALUE + 2, signal);
    if (!text.ok) return text;
    return ok(text.value === null ? null : new SecretValue(text.value.replace(/\r?\n$/, '')));
  },
});

/** Null when there is none. */
export async function readText(
  path: string,
  shown: string,
  most: number,
  signal: AbortSignal,
): Promise<Result<string | null, SecretFault>> {
  const fault = (message: string, remedy: string) => err({ code: 'SECRET_SOURCE_FAILED', message: `${shown} ${message}`, remedy } as const);
  try {
    if ((await stat(path)).size > most) return fault(`is larger than ${most} bytes`, 'is it the right file?');
    return ok(await readFile(path, { encoding: 'utf8', signal }));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT') return ok(null);
    if (code === '' && !signal.aborted) throw error;
    return fault(`cannot be read (${signal.aborted ? 'ended' : code})`, 'let the user that trimtab runs as read it');
  }
}
