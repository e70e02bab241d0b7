/** What is known of secrets: the statements. No column holds a value. */
import { z } from 'zod';
import type { Database } from './db.ts';
import type { SecretRow } from './port.ts';

const nullable = z.union([z.null(), z.coerce.number()]);
const Secrets = z.array(
  z
    .object({
      name: z.string(),
      key_id: z.string(),
      fingerprint: z.string().nullable(),
      digest: z.string(),
      version: nullable,
      staged: z.boolean(),
      since: z.coerce.number(),
      set_at: nullable,
      older: z.array(z.string()),
    })
    .transform(({ key_id: keyId, set_at: setAt, ...row }): SecretRow => ({ ...row, keyId, setAt })),
);

export async function readSecrets(database: Database, environment: string, app: string): Promise<readonly SecretRow[]> {
  const rows = await database.query(
    `select name, key_id, fingerprint, digest, version, staged, since, set_at, older from trimtab_secrets
     where environment = $1 and app = $2 order by name`,
    [environment, app],
  );
  return Secrets.parse(rows);
}
/** One statement for any number of rows: they were one write. */
export async function saveSecrets(database: Database, environment: string, app: string, rows: readonly SecretRow[]): Promise<void> {
  if (rows.length === 0) return;
  await database.query(
    `insert into trimtab_secrets (environment, app, name, key_id, fingerprint, digest, version, staged, since, set_at, older)
     select $1, $2, row->>'name', row->>'keyId', row->>'fingerprint', row->>'digest', (row->>'version')::bigint, (row->>'staged')::boolean,
       (row->>'since')::bigint, (row->>'setAt')::bigint, row->'older'
     from jsonb_array_elements($3::jsonb) as entries(row)
     on conflict (environment, app, name) do update set key_id = excluded.key_id, fingerprint = excluded.fingerprint, digest = excluded.digest,
       version = excluded.version, staged = excluded.staged, since = excluded.since, set_at = excluded.set_at, older = excluded.older`,
    [environment, app, JSON.stringify(rows)],
  );
}
