/** The outbox and what was told: the statements. */
import { z } from 'zod';
import type { Json } from '#domain/json.ts';
import type { Database } from './db.ts';
import type { ClaimedNotice, ClaimWish, KeptNotice, NoticeQueue, NoticeRow, OutboxStore, ToldRow } from './outbox-port.ts';

const Told = z.array(z.object({ version: z.coerce.number(), memory: z.json() }));
const Version = z.array(z.object({ version: z.coerce.number() }));
const row = { id: z.string(), target: z.string(), environment: z.string(), thread: z.string(), notice: z.json(), at: z.coerce.number() };
const Claimed = z.array(z.object({ ...row, attempts: z.coerce.number(), reference: z.string().nullable() }));
const Queue = z.array(z.object({ target: z.string(), environment: z.string(), waiting: z.coerce.number(), oldest_at: z.coerce.number() }));
const Kept = z.array(
  z.object({
    ...row,
    state: z.enum(['waiting', 'sent', 'dropped', 'withdrawn']),
    attempts: z.coerce.number(),
    note: z.string(),
    ended_at: z.coerce.number().nullable(),
  }),
);

export async function readTold(database: Database, environment: string): Promise<ToldRow | null> {
  const rows = await database.query('select version, memory from trimtab_told where environment = $1', [environment]);
  return Told.parse(rows)[0] ?? null;
}
/** One statement: the messages are written where the memory of them is, or not at all. */
export async function saveTold(
  database: Database,
  environment: string,
  memory: Json,
  version: number,
  notices: readonly NoticeRow[],
): Promise<number | null> {
  const rows = await database.query(
    `with saved as (
       insert into trimtab_told (environment, version, memory) select $1, 1, $2::jsonb where $3::bigint = 0 or exists (
         select 1 from trimtab_told where environment = $1 and version = $3::bigint)
       on conflict (environment) do update set version = trimtab_told.version + 1, memory = excluded.memory where trimtab_told.version = $3::bigint
       returning version
     ), written as (
       insert into trimtab_notices (id, target, environment, thread, notice, at, next_at)
       select given->>'id', given->>'target', given->>'environment', given->>'thread', given->'notice', (given->>'at')::bigint, (given->>'at')::bigint
       from saved, jsonb_array_elements($4::jsonb) with ordinality as listed(given, position) order by position
       on conflict do nothing
     )
     select version from saved`,
    [environment, JSON.stringify(memory), version, JSON.stringify(notices)],
  );
  return Version.parse(rows)[0]?.version ?? null;
}
export async function claimNotices(database: Database, { by, now, until, except }: ClaimWish): Promise<readonly ClaimedNotice[]> {
  const rows = await database.query(
    `with due as (
       select distinct on (target) target, id from trimtab_notices as one
       where state = 'waiting' and next_at <= $2::bigint and claimed_until <= $2::bigint
         and target not in (select jsonb_array_elements_text($4::jsonb))
         and not exists (
           select 1 from trimtab_notices as other where other.state = 'waiting' and other.target = one.target
             and (other.claimed_until > $2::bigint or (other.thread = one.thread and other.position < one.position)))
       order by target, position
     ), claimed as (
       update trimtab_notices as taken set claimed_by = $1, claimed_until = $3::bigint, attempts = attempts + 1
       from due where taken.target = due.target and taken.id = due.id and taken.state = 'waiting' and taken.claimed_until <= $2::bigint
       returning taken.id, taken.target, taken.environment, taken.thread, taken.notice, taken.at, taken.attempts
     )
     select claimed.*, threads.reference from claimed left join trimtab_notice_threads as threads using (target, thread) order by target`,
    [by, now, until, JSON.stringify(except)],
  );
  return Claimed.parse(rows);
}
type Delayed = Parameters<OutboxStore['delayNotice']>[0];
export async function delayNotice(database: Database, { id, target, by, nextAt, note }: Delayed): Promise<void> {
  await database.query(
    `update trimtab_notices set claimed_by = null, claimed_until = 0, next_at = $4::bigint, note = $5
     where target = $1 and id = $2 and claimed_by = $3 and state = 'waiting'`,
    [target, id, by, nextAt, note],
  );
}
type Ended = Parameters<OutboxStore['endNotice']>[0];
export async function endNotice(database: Database, { id, target, thread, end, at, note, reference }: Ended): Promise<void> {
  await database.query(
    `with ended as (
       update trimtab_notices set state = $3, ended_at = $4::bigint, note = $5, claimed_by = null, claimed_until = 0 where target = $1 and id = $2
     )
     insert into trimtab_notice_threads (target, thread, reference, at) select $1, $6, $7, $4::bigint where $7::text is not null
     on conflict do nothing`,
    [target, id, end, at, note, thread, reference],
  );
}
export async function noticeQueue(database: Database): Promise<readonly NoticeQueue[]> {
  const rows = await database.query(
    `select target, environment, count(*) as waiting, min(at) as oldest_at from trimtab_notices where state = 'waiting'
     group by target, environment order by target`,
    [],
  );
  return Queue.parse(rows).map(({ oldest_at: oldestAt, ...queue }) => ({ ...queue, oldestAt }));
}
export async function readNotices(database: Database, environment: string | null, limit: number): Promise<readonly KeptNotice[]> {
  const rows = await database.query(
    `select id, target, environment, thread, notice, at, state, attempts, note, ended_at from trimtab_notices
     where $1::text is null or environment = $1 order by position desc limit $2::int`,
    [environment, limit],
  );
  return Kept.parse(rows).map(({ ended_at: endedAt, ...kept }) => ({ ...kept, endedAt }));
}
export async function forgetNotices(database: Database, before: number): Promise<void> {
  await database.query(`delete from trimtab_notices where state <> 'waiting' and ended_at < $1::bigint`, [before]);
  await database.query('delete from trimtab_notice_threads where at < $1::bigint', [before]);
}
