/** Apps and their intents: the statements. */
import { z } from 'zod';
import type { Json } from '#domain/json.ts';
import type { Database } from './db.ts';
import type { AppRow, IntentEnd, IntentOpened, IntentRow } from './port.ts';

const App = z.tuple([z.object({ generation: z.coerce.number(), memory: z.json().nullable(), status: z.json().nullable() })]);
const Names = z.array(z.object({ app: z.string() }));
const Intents = z.array(
  z
    .object({
      id: z.string(),
      key: z.string(),
      environment: z.string(),
      app: z.string(),
      generation: z.coerce.number(),
      step: z.json(),
      opened_at: z.coerce.number(),
    })
    .transform(({ opened_at: at, ...row }): IntentRow => ({ ...row, at })),
);
const Opened = z.tuple([z.object({ opened: z.boolean(), current: z.boolean() })]);

export async function takeApp(database: Database, environment: string, app: string, atLeast: number): Promise<AppRow> {
  const rows = await database.query(
    `insert into trimtab_apps (environment, app, generation) values ($1, $2, $3::bigint + 1)
     on conflict (environment, app) do update set generation = greatest(trimtab_apps.generation, $3::bigint) + 1
     returning generation, memory, status`,
    [environment, app, atLeast],
  );
  return App.parse(rows)[0];
}
export async function saveApp(database: Database, environment: string, app: string, memory: Json, status: Json | null): Promise<void> {
  await database.query(
    `insert into trimtab_apps (environment, app, generation, memory, status) values ($1, $2, 0, $3::jsonb, $4::jsonb)
     on conflict (environment, app) do update set memory = excluded.memory, status = coalesce(excluded.status, trimtab_apps.status)`,
    [environment, app, JSON.stringify(memory), status === null ? null : JSON.stringify(status)],
  );
}
export async function listApps(database: Database, environment: string): Promise<readonly string[]> {
  const rows = await database.query('select app from trimtab_apps where environment = $1 order by app', [environment]);
  return Names.parse(rows).map(({ app }) => app);
}

/** One statement: the generation and the open intent are checked where the row is written. */
export async function openIntent(database: Database, intent: IntentRow): Promise<IntentOpened> {
  const rows = await database.query(
    `with current as (
       select 1 from trimtab_apps where environment = $3 and app = $4 and generation = $5::bigint for update
     ), opened as (
       insert into trimtab_intents (id, key, environment, app, generation, step, opened_at)
       select $1, $2, $3, $4, $5::bigint, $6::jsonb, $7::bigint from current
       on conflict do nothing
       returning 1
     )
     select exists (select 1 from opened) as opened, exists (select 1 from current) as current`,
    [intent.id, intent.key, intent.environment, intent.app, intent.generation, JSON.stringify(intent.step), intent.at],
  );
  const [{ opened, current }] = Opened.parse(rows);
  return opened ? 'opened' : current ? 'busy' : 'stale';
}
export async function openIntents(database: Database, environment: string, app: string): Promise<readonly IntentRow[]> {
  const rows = await database.query(
    `select id, key, environment, app, generation, step, opened_at from trimtab_intents
     where environment = $1 and app = $2 and state = 'open' order by opened_at, id`,
    [environment, app],
  );
  return Intents.parse(rows);
}
export async function closeIntent(database: Database, id: string, end: IntentEnd, note: string, at: number): Promise<void> {
  await database.query(`update trimtab_intents set state = $2, note = $3, closed_at = $4::bigint where id = $1 and state = 'open'`, [
    id,
    end,
    note,
    at,
  ]);
}
