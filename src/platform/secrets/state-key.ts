/** The key of fingerprints. From configuration; else one that is made once and lies in the data folder, readable by its owner alone, never in
 *  the database: whoever has that must not be able to try values. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StateKey } from '#domain/secret-value.ts';

export interface LoadedKey {
  readonly key: StateKey;
  /** Null: it was configured; else where it lies. */
  readonly file: string | null;
}
const OWNER_ONLY = 0o600;
const KEY_BYTES = 32;

export async function loadStateKey(configured: string | null, folder: string): Promise<LoadedKey> {
  if (configured !== null) return { key: new StateKey(configured), file: null };
  const file = join(folder, 'state.key');
  await mkdir(folder, { recursive: true });
  try {
    // Two processes that start together agree on the one that was first.
    await writeFile(file, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: OWNER_ONLY, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return { key: new StateKey((await readFile(file, 'utf8')).trim()), file };
}
/** What it means that none is configured, in words. */
export const madeKeyText = (file: string): string =>
  `TRIMTAB_STATE_KEY is not set: fingerprints of secrets use a key of this machine (${file}).\nWithout that file, or on another machine, every secret is seen as for the first time: taken as it is, without a write, and a value that changed meanwhile is not noticed.\n`;
