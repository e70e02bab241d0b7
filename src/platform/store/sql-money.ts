/** Quantities, documents about money, and counts of the audit: the statements. */
import { z } from 'zod';
import type { Database } from './db.ts';
import type { DocumentRow, QuantityRow } from './meter-port.ts';

const Quantities = z.array(
  z
    .object({
      environment: z.string().nullable(),
      app: z.string(),
      region: z.string(),
      item: z.string(),
      class: z.string(),
      at: z.coerce.number(),
      quantity: z.coerce.number(),
    })
    .transform(({ class: cls, ...row }): QuantityRow => ({ ...row, cls })),
);
const Documents = z.array(z.object({ key: z.string(), at: z.coerce.number(), document: z.json() }));
const Removed = z.array(z.object({ key: z.string() }));
const Counts = z.array(z.object({ environment: z.string(), app: z.string().nullable(), count: z.coerce.number() }));

export async function saveQuantities(database: Database, organization: string, rows: readonly QuantityRow[]): Promise<void> {
  if (rows.length === 0) return;
  await database.query(
    `insert into trimtab_quantities (organization, environment, app, region, item, class, at, quantity)
     select $1, environment, app, region, item, cls, at, quantity
     from jsonb_to_recordset($2::jsonb) as given(environment text, app text, region text, item text, cls text, at bigint, quantity bigint)
     on conflict (organization, app, region, item, class, at) do update set quantity = excluded.quantity, environment = excluded.environment`,
    [organization, JSON.stringify(rows)],
  );
}
export async function quantities(database: Database, organization: string, from: number, to: number): Promise<readonly QuantityRow[]> {
  const rows = await database.query(
    `select environment, app, region, item, class, at, quantity from trimtab_quantities
     where organization = $1 and at >= $2::bigint and at < $3::bigint order by at, app, item, class`,
    [organization, from, to],
  );
  return Quantities.parse(rows);
}
export async function saveDocument(database: Database, kind: string, { key, at, document }: DocumentRow): Promise<void> {
  await database.query(
    `insert into trimtab_cost_documents (kind, key, at, document) values ($1, $2, $3::bigint, $4::jsonb)
     on conflict (kind, key) do update set at = excluded.at, document = excluded.document`,
    [kind, key, at, JSON.stringify(document)],
  );
}
export async function removeDocument(database: Database, kind: string, key: string): Promise<boolean> {
  const rows = await database.query('delete from trimtab_cost_documents where kind = $1 and key = $2 returning key', [kind, key]);
  return Removed.parse(rows).length > 0;
}
export async function documents(database: Database, kind: string, limit: number): Promise<readonly DocumentRow[]> {
  const rows = await database.query(
    'select key, at, document from trimtab_cost_documents where kind = $1 order by at desc, key desc limit $2::int',
    [kind, limit],
  );
  return Documents.parse(rows);
}
export async function document(database: Database, kind: string, key: string): Promise<DocumentRow | null> {
  const rows = await database.query('select key, at, document from trimtab_cost_documents where kind = $1 and key = $2', [kind, key]);
  return Documents.parse(rows)[0] ?? null;
}
export async function countAudit(
  database: Database,
  { what, result, from, to }: { readonly what: string; readonly result: string; readonly from: number; readonly to: number },
): Promise<readonly { readonly environment: string; readonly app: string | null; readonly count: number }[]> {
  const rows = await database.query(
    `select environment, app, count(*) as count from trimtab_audit
     where starts_with(what, $1) and result = $2 and at >= $3::bigint and at < $4::bigint group by 1, 2 order by 1, 2`,
    [what, result, from, to],
  );
  return Counts.parse(rows);
}
