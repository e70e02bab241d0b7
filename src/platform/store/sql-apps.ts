/** Apps and their intents: the statements. */
import { z } from 'zod';
import type { Json } from '#domain/json.ts';
import type { Database } from './db.ts';
import type { AppRow, AppSaved, IntentEnd, IntentOpened, IntentRow, Writer } from './port.ts';

const App = z.tuple([z.object({ generation: z.coerce.number(), memory: z.json().nullable(), status: z.json().nullable() })]);
const Names = z.array(z.object({ app: z.string() }));
const Opened = z.tuple([z.object({ opened: z.boolean(), current: z.boolean(), halted: z.boolean() })]);

export async function takeApp(database: Database, environment: string, app: string, atLeast: number): Promise<AppRow> {
  const rows = await database.query(
    `insert into trimtab_apps (environment, app, generation) values ($1, $2, $3::bigint + 1)
     on conflict (environment, app) do update set generation = greatest(trimtab_apps.generation, $3::bigint) + 1
     returning generation, memory, status`,
    [environment, app, atLeast],
  );
  return App.parse(rows)[0];
}
export async function readApp(database: Database, environment: string, app: string): Promise<AppRow | null> {
  const rows = await database.query('select generation, memory, status from trimtab_apps where environment = $1 and app = $2', [
    environment,
    app,
  ]);
  return rows.length === 0 ? null : App.parse(rows)[0];
}
export async function saveApp(
  database: Database,
  environment: string,
  app: string,
  { writer, generation }: Writer,
  { memory, status }: Pick<AppRow, 'memory' | 'status'>,
): Promise<AppSaved> {
  const rows = await database.query(
    `update trimtab_apps set memory = coalesce($4::jsonb, memory), status = coalesce($5::jsonb, status), writer = $6, changed_at = clock_timestamp()
     where environment = $1 and app = $2 and generation = $3::bigint returning app`,
    [environment, app, generation, textOf(memory), textOf(status), writer],
  );
  return rows.length === 0 ? 'stale' : 'saved';
}
const textOf = (value: Json | null): string | null => (value === null ? null : JSON.stringify(value));
export async function listApps(database: Database, environment: string): Promise<readonly string[]> {
  const rows = await database.query('select app from trimtab_apps where environment = $1 order by app', [environment]);
  return Names.parse(rows).map(({ app }) => app);
}

export async function forgetApp(database: Database, environment: string, app: string, generation: number): Promise<void> {
  await database.query('delete from trimtab_apps where environment = $1 and app = $2 and generation = $3::bigint', [
    environment,
    app,
    generation,
  ]);
}

/** One statement: the generation, the halts and the open intent are checked where the row is written. */
export async function openIntent(database: Database, intent: IntentRow): Promise<IntentOpened> {
  const rows = await database.query(
    `with current as (
       select 1 from trimtab_apps where environment = $3 and app = $4 and generation = $5::bigint for update
     ), halted as (
       select 1 from trimtab_halts where scope in ('*', $3)
     ), opened as (
       insert into trimtab_intents (id, key, environment, app, generation, step, opened_at)
       select $1, $2, $3, $4, $5::bigint, $6::jsonb, $7::bigint from current where not exists (select 1 from halted)
       on conflict do nothing
       returning 1
     )
     select exists (select 1 from opened) as opened, exists (select 1 from current) as current, exists (select 1 from halted) as halted`,
    [intent.id, intent.key, intent.environment, intent.app, intent.generation, JSON.stringify(intent.step), intent.at],
  );
  const [{ opened, current, halted }] = Opened.parse(rows);
  if (opened) return 'opened';
  if (!current) return 'stale';
  return halted ? 'halted' : 'busy';
}
export async function closeIntent(database: Database, id: string, end: IntentEnd, note: string, at: number): Promise<void> {
  await database.query(`update trimtab_intents set state = $2, note = $3, closed_at = $4::bigint where id = $1 and state = 'open'`, [
    id,
    end,
    note,
    at,
  ]);
}
