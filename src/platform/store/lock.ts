/** One process per data folder: an exclusive lock of the operating system, held by SQLite's own file locking and given back by the kernel when
 *  the process dies, however it dies. Beside it a file that tells who holds it. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

export const Holder = z.object({ pid: z.number().int(), address: z.string().nullable(), token: z.string(), since: z.number().int() });
export type Holder = z.infer<typeof Holder>;
export interface FolderLock {
  /** Tells others where this process answers. */
  announce(holder: Holder): Promise<void>;
  release(): Promise<void>;
}
const holderFile = (folder: string): string => join(folder, 'holder.json');

/** Fails with STORE_LOCKED, naming the holder's process. */
export async function lockFolder(folder: string): Promise<Result<FolderLock, TrimtabError>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(folder, 'lock.db'), { timeout: 0 });
  try {
    // A row is written so that the lock is a write lock, and never committed.
    database.exec('pragma journal_mode = delete; begin exclusive');
  } catch (thrown) {
    database.close();
    if (!(thrown instanceof Error) || !/locked|busy/i.test(thrown.message)) throw thrown;
    const holder = await readHolder(folder);
    const who = holder === null ? 'another process' : `process ${holder.pid}${holder.address === null ? '' : ` at ${holder.address}`}`;
    return err(failure('STORE_LOCKED', `${folder} is in use by ${who}`));
  }
  return ok({
    announce: async (holder) => {
      const fresh = `${holderFile(folder)}.${process.pid}`;
      await writeFile(fresh, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
      await rename(fresh, holderFile(folder));
    },
    release: async () => {
      await rm(holderFile(folder), { force: true });
      database.close();
    },
  });
}
/** Null: nobody said so, or what is there cannot be read. The file outlives a killed process: ask the address before believing it. */
export async function readHolder(folder: string): Promise<Holder | null> {
  try {
    const parsed = Holder.safeParse(JSON.parse(await readFile(holderFile(folder), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch (thrown) {
    if (thrown instanceof SyntaxError || (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) return null;
    throw thrown;
  }
}
