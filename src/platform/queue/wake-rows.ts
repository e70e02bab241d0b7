/** Rows of pg-boss's job table that only one statement of ours can write: update-or-insert on the key. */
import { z } from 'zod';

export interface WakeRow {
  readonly key: string;
  readonly priority: number;
  /** From now, below zero for the past; the clock that counts is the database's. */
  readonly delayMs: number;
}
export interface SqlDep {
  readonly executeSql: (text: string, values: unknown[]) => Promise<{ readonly rows: unknown }>;
}
/** Where the queue's rows are: pg-boss says it. The names are its own or checked by it. */
export interface JobTable {
  readonly schema: string;
  readonly table: string;
  readonly queue: string;
}
const Counts = z.tuple([z.object({ waiting: z.coerce.number(), active: z.coerce.number() })]);

/** Max priority, min start. One statement is one transaction; policy `stately` gives the unique index it conflicts on.
 *  A row left by a crashed holder (`retry`) is due already: it only takes the higher priority. Sorted, so that two writers cannot deadlock.
 *  `created_on` is set to the start: pg-boss orders equal priorities by it, and the law asks for the earlier start. */
export async function putWakes(sql: SqlDep, { schema, table, queue }: JobTable, rows: readonly WakeRow[]): Promise<void> {
  const sorted = [...mergedByKey(rows).values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  await sql.executeSql(
    `with wanted as (
       select key, priority, ${schema}.job_now() + delay_ms * interval '1 millisecond' as start
       from unnest($2::text[], $3::int[], $4::float8[]) as given (key, priority, delay_ms)
     ), retried as (
       update ${schema}.${table} job set priority = greatest(job.priority, wanted.priority)
       from wanted where job.name = $1 and job.state = 'retry' and job.singleton_key = wanted.key
       returning job.singleton_key
     )
     insert into ${schema}.${table} as job
       (name, singleton_key, priority, start_after, created_on, keep_until, policy, retry_limit, expire_seconds, deletion_seconds, heartbeat_seconds)
     select $1, wanted.key, wanted.priority, wanted.start, wanted.start, wanted.start + queue.retention_seconds * interval '1 second',
       queue.policy, queue.retry_limit, queue.expire_seconds, queue.deletion_seconds, queue.heartbeat_seconds
     from wanted join ${schema}.queue queue on queue.name = $1
     where wanted.key not in (select singleton_key from retried)
     order by wanted.key
     on conflict (name, state, (coalesce(singleton_key, ''))) where state <= 'active' and policy = 'stately'
     do update set priority = greatest(job.priority, excluded.priority),
       start_after = least(job.start_after, excluded.start_after),
       created_on = least(job.created_on, excluded.created_on)`,
    [queue, sorted.map(({ key }) => key), sorted.map(({ priority }) => priority), sorted.map(({ delayMs }) => delayMs)],
  );
}
const Taken = z.array(z.object({ id: z.string(), retryCount: z.coerce.number() }));
/** The claim on a key that nobody works on, as pg-boss's own fetch writes it; rows that wait for it stay. Null: somebody has it. */
export async function takeKey(sql: SqlDep, { schema, table, queue }: JobTable, key: string): Promise<z.infer<typeof Taken>[number] | null> {
  const { rows } = await sql.executeSql(
    `insert into ${schema}.${table} as job
       (name, singleton_key, state, start_after, started_on, heartbeat_on, keep_until, policy, retry_limit, expire_seconds, deletion_seconds, heartbeat_seconds)
     select $1, $2, 'active', ${schema}.job_now(), ${schema}.job_now(), ${schema}.job_now(),
       ${schema}.job_now() + queue.retention_seconds * interval '1 second',
       queue.policy, queue.retry_limit, queue.expire_seconds, queue.deletion_seconds, queue.heartbeat_seconds
     from ${schema}.queue queue where queue.name = $1
     on conflict (name, state, (coalesce(singleton_key, ''))) where state <= 'active' and policy = 'stately' do nothing
     returning id, retry_count as "retryCount"`,
    [queue, key],
  );
  return Taken.parse(rows)[0] ?? null;
}
function mergedByKey(rows: readonly WakeRow[]): ReadonlyMap<string, WakeRow> {
  const merged = new Map<string, WakeRow>();
  for (const row of rows) {
    const old = merged.get(row.key) ?? row;
    merged.set(row.key, {
      key: row.key,
      priority: Math.max(old.priority, row.priority),
      delayMs: Math.min(old.delayMs, row.delayMs),
    });
  }
  return merged;
}
/** Keys that wait, keys that are worked on, by every holder. */
export async function countKeys(sql: SqlDep, { schema, table, queue }: JobTable): Promise<z.infer<typeof Counts>[0]> {
  const { rows } = await sql.executeSql(
    `select count(distinct singleton_key) filter (where state < 'active') as waiting, count(*) filter (where state = 'active') as active
     from ${schema}.${table} where name = $1 and state <= 'active'`,
    [queue],
  );
  return Counts.parse(rows)[0];
}
