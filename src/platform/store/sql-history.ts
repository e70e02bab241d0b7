/** Identity and revisions: the statements. */
import { z } from 'zod';
import type { Database } from './db.ts';
import type { EnvironmentRow, RevisionRow } from './port.ts';

const Values = z.array(z.object({ value: z.string() }));
const Revisions = z.array(
  z
    .object({
      environment: z.string(),
      id: z.string(),
      source_hash: z.string(),
      commit: z.json().nullable(),
      document: z.json(),
      accepted_at: z.coerce.number(),
    })
    .transform(({ source_hash: sourceHash, accepted_at: acceptedAt, ...row }): RevisionRow => ({ ...row, sourceHash, acceptedAt })),
);
const Environments = z.array(
  z
    .object({ accepted: z.string().nullable(), applied: z.string().nullable(), last_good: z.string().nullable() })
    .transform(({ last_good: lastGood, ...row }): EnvironmentRow => ({ ...row, lastGood })),
);

/** The value that is stored: the given one, when there was none. */
export async function claimFact(database: Database, name: string, value: string): Promise<string> {
  await database.query('insert into trimtab_meta (key, value) values ($1, $2) on conflict do nothing', [name, value]);
  const rows = await database.query('select value from trimtab_meta where key = $1', [name]);
  return Values.parse(rows)[0]?.value ?? value;
}
export async function saveRevision(database: Database, revision: RevisionRow): Promise<void> {
  await database.query(
    `insert into trimtab_revisions (environment, id, source_hash, commit, document, accepted_at)
     values ($1, $2, $3, $4::jsonb, $5::jsonb, $6::bigint) on conflict do nothing`,
    [
      revision.environment,
      revision.id,
      revision.sourceHash,
      revision.commit === null ? null : JSON.stringify(revision.commit),
      JSON.stringify(revision.document),
      revision.acceptedAt,
    ],
  );
}
export async function readRevision(database: Database, environment: string, id: string): Promise<RevisionRow | null> {
  const rows = await database.query(
    'select environment, id, source_hash, commit, document, accepted_at from trimtab_revisions where environment = $1 and id = $2',
    [environment, id],
  );
  return Revisions.parse(rows)[0] ?? null;
}
export async function readEnvironment(database: Database, name: string): Promise<EnvironmentRow> {
  const rows = await database.query('select accepted, applied, last_good from trimtab_environments where name = $1', [name]);
  return Environments.parse(rows)[0] ?? { accepted: null, applied: null, lastGood: null };
}
export async function saveEnvironment(database: Database, name: string, row: EnvironmentRow): Promise<void> {
  await database.query(
    `insert into trimtab_environments (name, accepted, applied, last_good) values ($1, $2, $3, $4)
     on conflict (name) do update set accepted = excluded.accepted, applied = excluded.applied, last_good = excluded.last_good`,
    [name, row.accepted, row.applied, row.lastGood],
  );
}
