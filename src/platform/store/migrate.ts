/** Brings the schema to this version: plain SQL files in their order, each once. A file that changed after it ran is refused. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { type Database, reaching } from './db.ts';

const Applied = z.array(z.object({ name: z.string(), hash: z.string() }));
const FOLDER = join(import.meta.dirname, '../../../migrations');
/** Any constant: two controllers that start at once migrate one after the other. */
const MIGRATION_LOCK = 7_309_217;

export async function migrate(database: Database, folder = FOLDER): Promise<Result<readonly string[], TrimtabError>> {
  const migrated = await reaching(() => migrateFrom(database, folder));
  return migrated.ok ? migrated.value : migrated;
}
async function migrateFrom(database: Database, folder: string): Promise<Result<readonly string[], TrimtabError>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  // Under the lock: of two that make a table at the same time, `if not exists` refuses one all the same.
  await database.exec(
    `begin; select pg_advisory_xact_lock(${MIGRATION_LOCK}); create table if not exists trimtab_migrations (name text primary key, hash text not null); commit;`,
  );
  const applied = Applied.parse(await database.query('select name, hash from trimtab_migrations', []));
  const known = new Map(applied.map(({ name, hash }) => [name, hash]));
  const done: string[] = [];
  for (const name of names) {
    const text = await readFile(join(folder, name), 'utf8');
    const hash = createHash('sha256').update(text).digest('hex');
    const before = known.get(name);
    if (before !== undefined && before !== hash)
      return err(failure('STORE_FOREIGN', `migration ${name} changed after it ran here: this state belongs to another build of trimtab`));
    if (before !== undefined) continue;
    if (await runOnce(database, name, hash, text)) done.push(name);
  }
  return ok(done);
}

/** False: another process ran it in the meantime. */
async function runOnce(database: Database, name: string, hash: string, text: string): Promise<boolean> {
  try {
    // The name is a file of ours and the hash is hex: nothing to escape.
    await database.exec(
      `begin; select pg_advisory_xact_lock(${MIGRATION_LOCK}); insert into trimtab_migrations (name, hash) values ('${name}', '${hash}'); ${text}; commit;`,
    );
    return true;
  } catch (thrown) {
    await database.exec('rollback');
    const applied = Applied.parse(await database.query('select name, hash from trimtab_migrations where name = $1', [name]));
    if (applied[0]?.hash === hash) return false;
    throw thrown;
  }
}
