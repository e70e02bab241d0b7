/** What people said: halts and approvals. The statements. */
import { z } from 'zod';
import type { Database } from './db.ts';
import type { ApprovalRow, HaltRow } from './port.ts';

const Halts = z.array(
  z
    .object({ scope: z.string(), by_whom: z.string(), reason: z.string(), since: z.coerce.number() })
    .transform(({ by_whom: by, ...row }): HaltRow => ({ ...row, by })),
);
const Approvals = z.array(
  z
    .object({ environment: z.string(), app: z.string(), revision: z.string(), by_whom: z.string(), at: z.coerce.number() })
    .transform(({ by_whom: by, ...row }): ApprovalRow => ({ ...row, by })),
);

export async function readHalts(database: Database): Promise<readonly HaltRow[]> {
  return Halts.parse(await database.query('select scope, by_whom, reason, since from trimtab_halts order by scope', []));
}
export async function saveHalt(database: Database, { scope, by, reason, since }: HaltRow): Promise<void> {
  await database.query(
    `insert into trimtab_halts (scope, by_whom, reason, since) values ($1, $2, $3, $4::bigint)
     on conflict (scope) do update set by_whom = excluded.by_whom, reason = excluded.reason, since = excluded.since`,
    [scope, by, reason, since],
  );
}
export async function endHalt(database: Database, scope: string): Promise<void> {
  await database.query('delete from trimtab_halts where scope = $1', [scope]);
}
export async function readApprovals(database: Database, environment: string): Promise<readonly ApprovalRow[]> {
  const rows = await database.query(
    'select environment, app, revision, by_whom, at from trimtab_approvals where environment = $1 order by app',
    [environment],
  );
  return Approvals.parse(rows);
}
export async function saveApproval(database: Database, { environment, app, revision, by, at }: ApprovalRow): Promise<void> {
  await database.query(
    `insert into trimtab_approvals (environment, app, revision, by_whom, at) values ($1, $2, $3, $4, $5::bigint)
     on conflict (environment, app) do update set revision = excluded.revision, by_whom = excluded.by_whom, at = excluded.at`,
    [environment, app, revision, by, at],
  );
}
export async function endApproval(database: Database, environment: string, app: string): Promise<void> {
  await database.query('delete from trimtab_approvals where environment = $1 and app = $2', [environment, app]);
}
