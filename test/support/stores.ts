/** Every store there is, for the law tests: in memory, PGlite, and PostgreSQL when DATABASE_URL is given (in CI it must be). */
import { Bug } from '#domain/result.ts';
import { openPglite, openPostgres } from '#platform/store/db.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import { migrate } from '#platform/store/migrate.ts';
import type { Store } from '#platform/store/port.ts';
import { makeSqlStore } from '#platform/store/sql.ts';

export interface StoreKind {
  readonly name: string;
  readonly open: () => Promise<Store>;
}
const url = process.env['DATABASE_URL'];
if (process.env['CI'] === 'true' && (url === undefined || url === ''))
  throw new Bug('CI runs the store on a real PostgreSQL: DATABASE_URL is missing');

let serial = 0;
async function openRealStore(address: string): Promise<Store> {
  const schema = `test_${process.pid}_${serial++}`;
  const admin = openPostgres(address);
  await admin.exec(`create schema ${schema}`);
  await admin.close();
  const database = openPostgres(address, { schema });
  const migrated = await migrate(database);
  if (!migrated.ok) throw new Bug(migrated.error.message);
  return makeSqlStore(database);
}
async function openEmbeddedStore(): Promise<Store> {
  const database = await openPglite();
  const migrated = await migrate(database);
  if (!migrated.ok) throw new Bug(migrated.error.message);
  return makeSqlStore(database);
}
export const STORES: readonly StoreKind[] = [
  { name: 'memory', open: () => Promise.resolve(makeMemoryStore()) },
  { name: 'PGlite', open: openEmbeddedStore },
  ...(url === undefined || url === '' ? [] : [{ name: 'PostgreSQL', open: () => openRealStore(url) }]),
];
