/** Intervals and their sums: the statements. */
import { z } from 'zod';
import { Bug } from '#domain/result.ts';
import type { Database } from './db.ts';
import type { HourRow, IntervalRewrite, IntervalRow, MonthUnits, UnitsRow } from './meter-port.ts';

const Place = { environment: z.string().nullable(), app: z.string(), group_name: z.string(), region: z.string() };
const Intervals = z.array(
  z
    .object({
      ...Place,
      resource: z.string(),
      subject: z.string(),
      item: z.string(),
      class: z.string(),
      quantity: z.coerce.number(),
      rests: z.boolean(),
      guessed: z.boolean(),
      born_at: z.coerce.number(),
      started_at: z.coerce.number(),
      ended_at: z.coerce.number().nullable(),
    })
    .transform(
      ({ group_name: group, class: cls, born_at: bornAt, started_at: from, ended_at: to, ...row }): IntervalRow => ({
        ...row,
        group,
        cls,
        bornAt,
        from,
        to,
      }),
    ),
);
const units = z.string().transform(BigInt);
/** Read by hand: a year of a large fleet is tens of thousands of rows, and a schema takes ten times as long. */
function rowToUnits(row: unknown): UnitsRow {
  if (typeof row !== 'object' || row === null) throw new Bug('a row is no object');
  const text = (name: string): string => {
    const value: unknown = Reflect.get(row, name);
    if (typeof value !== 'string') throw new Bug('a column is no text', { name });
    return value;
  };
  const environment: unknown = Reflect.get(row, 'environment');
  return {
    environment: typeof environment === 'string' ? environment : null,
    app: text('app'),
    group: text('group_name'),
    region: text('region'),
    item: text('item'),
    cls: text('class'),
    rests: Reflect.get(row, 'rests') === true,
    units: BigInt(text('units')),
    guessed: Reflect.get(row, 'guessed') === true,
  };
}
const Hours = z.array(
  z
    .object({ environment: z.string().nullable(), app: z.string(), region: z.string(), class: z.string(), hour: z.coerce.number(), units })
    .transform(({ class: cls, ...row }): HourRow => ({ ...row, cls })),
);
const Month = z.object({ month: z.string() });
const Months = z.array(Month);
const monthIn = (row: unknown): string => Month.parse(row).month;

const COLUMNS =
  'resource, started_at, ended_at, born_at, environment, app, group_name, region, subject, item, class, quantity, rests, guessed';
/** One statement for any number of resources: what stands is cut at the time, what followed and is not given again goes, what is given is written. */
export async function rewriteIntervals(database: Database, organization: string, rewrites: readonly IntervalRewrite[]): Promise<void> {
  if (rewrites.length === 0) return;
  const cuts = rewrites.map(({ resource, from }) => ({ resource, from }));
  const rows = rewrites.flatMap((rewrite) => rewrite.rows);
  await database.query(
    `with cut as (select * from jsonb_to_recordset($2::jsonb) as cut(resource text, "from" bigint)),
     given as (
       select * from jsonb_to_recordset($3::jsonb) as given(
         resource text, "from" bigint, "to" bigint, "bornAt" bigint, environment text, app text, "group" text, region text,
         subject text, item text, cls text, quantity bigint, rests boolean, guessed boolean)
     ),
     trimmed as (
       update trimtab_intervals known set ended_at = cut."from" from cut
       where known.organization = $1 and known.resource = cut.resource and known.started_at < cut."from"
         and (known.ended_at is null or known.ended_at > cut."from")
     ),
     gone as (
       delete from trimtab_intervals known using cut
       where known.organization = $1 and known.resource = cut.resource and known.started_at >= cut."from"
         and not exists (select 1 from given where given.resource = known.resource and given."from" = known.started_at)
     )
     insert into trimtab_intervals (organization, ${COLUMNS})
     select $1, resource, "from", "to", "bornAt", environment, app, "group", region, subject, item, cls, quantity, rests, guessed from given
     on conflict (organization, resource, started_at) do update set
       ended_at = excluded.ended_at, born_at = excluded.born_at, environment = excluded.environment, app = excluded.app,
       group_name = excluded.group_name, region = excluded.region, subject = excluded.subject, item = excluded.item,
       class = excluded.class, quantity = excluded.quantity, rests = excluded.rests, guessed = excluded.guessed`,
    [organization, JSON.stringify(cuts), JSON.stringify(rows)],
  );
}
export async function recentIntervals(database: Database, organization: string, since: number): Promise<readonly IntervalRow[]> {
  const rows = await database.query(
    `select ${COLUMNS} from trimtab_intervals
     where organization = $1 and int8range(started_at, ended_at) && int8range($2::bigint, null) order by resource, started_at`,
    [organization, since],
  );
  return Intervals.parse(rows);
}
export async function intervalsOfItem(
  database: Database,
  organization: string,
  item: string,
  from: number,
  to: number,
): Promise<readonly IntervalRow[]> {
  const rows = await database.query(
    `select ${COLUMNS} from trimtab_intervals
     where organization = $1 and item = $2 and started_at < $4::bigint and (ended_at is null or ended_at > $3::bigint) order by born_at, resource, started_at`,
    [organization, item, from, to],
  );
  return Intervals.parse(rows);
}
/** What is billed by the hour counts an hour when it begins, from the birth of the thing on. */
const BY_THE_HOUR = "('volume', 'snapshot')";
export async function unitsBetween(
  database: Database,
  organization: string,
  app: string | null,
  from: number,
  to: number,
): Promise<readonly UnitsRow[]> {
  const rows = await database.query(
    `select environment, app, group_name, region, item, class, rests, sum(units)::text as units, bool_or(guessed) as guessed from (
       select environment, app, group_name, region, item, class, rests, guessed,
         case when item in ${BY_THE_HOUR}
           then quantity * 3600000 * ((ended - born_at + 3599999) / 3600000 - (started - born_at + 3599999) / 3600000)
           else quantity * (ended - started) end as units
       from (
         select *, greatest(started_at, $3::bigint) as started, least(coalesce(ended_at, $4::bigint), $4::bigint) as ended
         from trimtab_intervals
         where organization = $1 and ($2::text is null or app = $2) and int8range(started_at, ended_at) && int8range(least($3::bigint, $4::bigint), $4::bigint)
       ) as clipped where ended > started
     ) as counted group by 1, 2, 3, 4, 5, 6, 7 order by 2, 3, 4, 5, 6`,
    [organization, app, from, to],
  );
  return rows.map(rowToUnits);
}
export async function sealMonth(database: Database, organization: string, month: string, rows: readonly UnitsRow[]): Promise<void> {
  const given = rows.map((row) => ({ ...row, units: row.units.toString() }));
  // Whoever comes first writes; the sums of another would be the same.
  await database.query(
    `with sealed as (insert into trimtab_sealed_months (organization, month) values ($1, $2) on conflict do nothing returning 1)
     insert into trimtab_months (organization, month, environment, app, group_name, region, item, class, rests, units, guessed)
     select $1, $2, environment, app, "group", region, item, cls, rests, units, guessed
     from jsonb_to_recordset($3::jsonb) as given(environment text, app text, "group" text, region text, item text, cls text, rests boolean, units numeric, guessed boolean)
     where exists (select 1 from sealed)`,
    [organization, month, JSON.stringify(given)],
  );
}
export async function sealedMonths(database: Database, organization: string): Promise<readonly string[]> {
  const rows = await database.query('select month from trimtab_sealed_months where organization = $1 order by month', [organization]);
  return Months.parse(rows).map(({ month }) => month);
}
export async function unsealFrom(database: Database, organization: string, month: string): Promise<void> {
  await database.query(
    `with opened as (delete from trimtab_sealed_months where organization = $1 and month >= $2)
     delete from trimtab_months where organization = $1 and month >= $2`,
    [organization, month],
  );
}
export async function monthUnits(
  database: Database,
  organization: string,
  app: string | null,
  from: string,
  to: string,
): Promise<readonly MonthUnits[]> {
  const rows = await database.query(
    `select month, environment, app, group_name, region, item, class, rests, units::text as units, guessed from trimtab_months
     where organization = $1 and ($2::text is null or app = $2) and month >= $3 and month <= $4 order by month, app`,
    [organization, app, from, to],
  );
  return rows.map((row) => ({ ...rowToUnits(row), month: monthIn(row) }));
}
export async function hoursBetween(database: Database, organization: string, from: number, to: number): Promise<readonly HourRow[]> {
  const rows = await database.query(
    `select environment, app, region, class, hour, sum(least(ended, hour + 3600000) - greatest(started, hour))::text as units
     from (
       select environment, app, region, class, greatest(started_at, $2::bigint) as started, least(coalesce(ended_at, $3::bigint), $3::bigint) as ended
       from trimtab_intervals
       where organization = $1 and rests and item = 'compute' and int8range(started_at, ended_at) && int8range(least($2::bigint, $3::bigint), $3::bigint)
     ) as clipped
     cross join lateral generate_series(started / 3600000 * 3600000, ended - 1, 3600000) as hour
     where ended > started group by 1, 2, 3, 4, 5 order by hour, app`,
    [organization, from, to],
  );
  return Hours.parse(rows);
}
const First = z.tuple([z.object({ first: z.coerce.number().nullable() })]);
export async function firstInterval(database: Database, organization: string): Promise<number | null> {
  const rows = await database.query('select min(started_at) as first from trimtab_intervals where organization = $1', [organization]);
  return First.parse(rows)[0].first;
}
