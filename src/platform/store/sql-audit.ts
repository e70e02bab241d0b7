/** The audit: the statements. */
import { z } from 'zod';
import type { AuditEntry, AuditQuery, NumberedEntry } from './audit-port.ts';
import type { Database, Parameter } from './db.ts';

const Rows = z.array(
  z
    .object({
      seq: z.coerce.number(),
      at: z.coerce.number(),
      actor: z.string(),
      environment: z.string(),
      app: z.string().nullable(),
      what: z.string(),
      from_text: z.string().nullable(),
      to_text: z.string().nullable(),
      why: z.string(),
      result: z.string(),
    })
    .transform(({ from_text: from, to_text: to, ...row }): NumberedEntry => ({ ...row, from, to })),
);
const COLUMNS = 'seq, at, actor, environment, app, what, from_text, to_text, why, result';

/** One statement for any number of rows. */
export async function appendAudit(database: Database, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await database.query(
    `insert into trimtab_audit (at, actor, environment, app, what, from_text, to_text, why, result)
     select (row->>'at')::bigint, row->>'actor', row->>'environment', row->>'app', row->>'what', row->>'from', row->>'to', row->>'why', row->>'result'
     from jsonb_array_elements($1::jsonb) with ordinality as entries(row, position) order by position`,
    [JSON.stringify(entries)],
  );
}
/** Only the conditions that are asked for are in the text: the planner sees which index holds them. */
export function auditStatement({ environment, app, actor, action, since, until, before, limit }: AuditQuery): {
  readonly text: string;
  readonly parameters: readonly Parameter[];
} {
  const parameters: Parameter[] = [];
  const given = (value: Parameter): string => `$${parameters.push(value)}`;
  const conditions = [
    ...(environment === null ? [] : [`environment = ${given(environment)}`]),
    ...(app === null ? [] : [`app = ${given(app)}`]),
    ...(actor === null ? [] : [`actor = ${given(actor)}`]),
    ...(action === null ? [] : [`what like ${given(`${action.replaceAll(/[\\%_]/g, '\\$&')}%`)}`]),
    ...(since === null ? [] : [`at >= ${given(since)}::bigint`]),
    ...(until === null ? [] : [`at < ${given(until)}::bigint`]),
    ...(before === null ? [] : [`(at, seq) < (${given(before.at)}::bigint, ${given(before.seq)}::bigint)`]),
  ];
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')} `;
  return { text: `select ${COLUMNS} from trimtab_audit ${where}order by at desc, seq desc limit ${given(limit)}::int`, parameters };
}
export async function searchAudit(database: Database, query: AuditQuery): Promise<readonly NumberedEntry[]> {
  const { text, parameters } = auditStatement(query);
  return Rows.parse(await database.query(text, parameters));
}
/** By the table's own key: what is new is at its end. */
export async function auditAfter(database: Database, environment: string, seq: number, limit: number): Promise<readonly NumberedEntry[]> {
  const rows = await database.query(
    `select ${COLUMNS} from trimtab_audit where seq > $2::bigint and environment = $1 order by seq limit $3::int`,
    [environment, seq, limit],
  );
  return Rows.parse(rows);
}
