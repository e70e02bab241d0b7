/** What controllers on one database tell each other: the statements. */
import { z } from 'zod';
import type { Database } from './db.ts';
import type { ApprovalRow, IntentRow, ObservationRow, SituationRow, StatusRow, StatusRows } from './port.ts';

const Status = z.object({ environment: z.string(), app: z.string(), generation: z.coerce.number(), status: z.json() });
const Intent = z
  .object({
    id: z.string(),
    key: z.string(),
    environment: z.string(),
    app: z.string(),
    generation: z.number(),
    step: z.json(),
    opened_at: z.number(),
  })
  .transform(({ opened_at: at, ...row }): IntentRow => ({ ...row, at }));
const Approval = z
  .object({ environment: z.string(), app: z.string(), revision: z.string(), by_whom: z.string(), at: z.number() })
  .transform(({ by_whom: by, ...row }): ApprovalRow => ({ ...row, by }));
const Situations = z.tuple([
  z.object({
    generation: z.coerce.number().nullable(),
    accepted: z.string().nullable(),
    book: z.coerce.number().nullable(),
    intents: z.array(Intent),
    approvals: z.array(Approval),
    statuses: z.array(Status),
  }),
]);
const Statuses = z.array(z.object({ ...Status.shape, changed: z.coerce.number() }));
const Watchers = z.tuple([z.object({ writer: z.string().nullable() })]);
const Turns = z.tuple([z.object({ wait: z.coerce.number() })]);
const Observations = z.array(z.object({ organization: z.string(), at: z.coerce.number() }));

/** One statement, so that it is one moment. */
export async function readSituation(
  database: Database,
  environment: string,
  app: string,
  others: readonly string[],
): Promise<SituationRow> {
  const rows = await database.query(
    `select
       (select generation from trimtab_apps where environment = $1 and app = $2) as generation,
       (select accepted from trimtab_environments where name = $1) as accepted,
       (select version from trimtab_release_books where environment = $1) as book,
       (select coalesce(json_agg(row_to_json(open) order by open.opened_at, open.id), '[]') from (
          select id, key, environment, app, generation, step, opened_at from trimtab_intents
          where environment = $1 and app = $2 and state = 'open') open) as intents,
       (select coalesce(json_agg(row_to_json(given) order by given.app), '[]') from (
          select environment, app, revision, by_whom, at from trimtab_approvals where environment = $1 and app in ($2, '*')) given) as approvals,
       (select coalesce(json_agg(row_to_json(other) order by other.app), '[]') from (
          select environment, app, generation, status from trimtab_apps
          where environment = $1 and status is not null and app in (select jsonb_array_elements_text($3::jsonb))) other) as statuses`,
    [environment, app, JSON.stringify(others)],
  );
  const [{ book, ...situation }] = Situations.parse(rows);
  return { ...situation, book: book ?? 0 };
}
/** Rows are seen in the order they were committed, not in that of their clock: what was written a little before is told again. */
const OVERLAP = "interval '5 seconds'";
export async function readStatuses(database: Database, after: number, writer: string): Promise<StatusRows> {
  const rows = await database.query(
    `select environment, app, generation, status, extract(epoch from changed_at) * 1000 as changed from trimtab_apps
     where changed_at > to_timestamp($1::float8 / 1000) - ${OVERLAP} and writer <> $2 and status is not null order by changed_at`,
    [after, writer],
  );
  const parsed = Statuses.parse(rows);
  return { rows: parsed.map(({ changed: _, ...row }): StatusRow => row), cursor: parsed.at(-1)?.changed ?? after };
}
export async function watchOrganization(
  database: Database,
  organization: string,
  writer: string,
  at: number | null,
): Promise<string | null> {
  const rows = await database.query(
    `with former as (select writer from trimtab_observations where organization = $1)
     insert into trimtab_observations (organization, writer, at) values ($1, $2, $3::bigint)
     on conflict (organization) do update set writer = excluded.writer, at = greatest(trimtab_observations.at, excluded.at)
     returning (select writer from former) as writer`,
    [organization, writer, at],
  );
  return Watchers.parse(rows)[0].writer;
}
export async function takeTurn(database: Database, name: string, every: number): Promise<number> {
  const rows = await database.query(
    `insert into trimtab_turns (name, at) values ($1, clock_timestamp())
     on conflict (name) do update set at = greatest(trimtab_turns.at + $2::float8 * interval '1 millisecond', clock_timestamp())
     returning extract(epoch from at - clock_timestamp()) * 1000 as wait`,
    [name, every],
  );
  return Math.max(0, Turns.parse(rows)[0].wait);
}
export async function readObservations(database: Database): Promise<readonly ObservationRow[]> {
  return Observations.parse(
    await database.query('select organization, at from trimtab_observations where at is not null order by organization', []),
  );
}
