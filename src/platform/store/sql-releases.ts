/** Releases: the statements. */
import { z } from 'zod';
import type { Json } from '#domain/json.ts';
import type { Database } from './db.ts';
import type { ReleaseBookRow, ReleaseRow } from './port.ts';

const Books = z.array(z.object({ version: z.coerce.number(), book: z.json() }));
const Versions = z.array(z.object({ version: z.coerce.number() }));
const Releases = z.array(z.object({ environment: z.string(), number: z.coerce.number(), release: z.json() }));

export async function readReleaseBook(database: Database, environment: string): Promise<ReleaseBookRow | null> {
  const rows = await database.query('select version, book from trimtab_release_books where environment = $1', [environment]);
  return Books.parse(rows)[0] ?? null;
}
/** Null: somebody else wrote it since `version` was read. */
export async function saveReleaseBook(database: Database, environment: string, book: Json, version: number): Promise<number | null> {
  const rows = await database.query(
    `insert into trimtab_release_books (environment, version, book)
     select $1, $3::bigint + 1, $2::jsonb where $3::bigint = 0 or exists (select 1 from trimtab_release_books where environment = $1)
     on conflict (environment) do update set version = excluded.version, book = excluded.book
       where trimtab_release_books.version = $3::bigint
     returning version`,
    [environment, JSON.stringify(book), version],
  );
  return Versions.parse(rows)[0]?.version ?? null;
}
export async function saveRelease(database: Database, { environment, number, release }: ReleaseRow): Promise<void> {
  await database.query(
    `insert into trimtab_releases (environment, number, release) values ($1, $2::bigint, $3::jsonb)
     on conflict (environment, number) do update set release = excluded.release`,
    [environment, number, JSON.stringify(release)],
  );
}
export async function readReleases(database: Database, environment: string, limit: number): Promise<readonly ReleaseRow[]> {
  const rows = await database.query(
    'select environment, number, release from trimtab_releases where environment = $1 order by number desc limit $2::int',
    [environment, limit],
  );
  return Releases.parse(rows);
}
