/** The tables in the migrated database that say what was applied: the old tool's, in its own form, and ours with checksums. */
import pg from 'pg';
import { z } from 'zod';
import type { Migration, MigrationFormat } from '#domain/migrations/files.ts';
import type { History } from '#domain/migrations/history.ts';
import type { Ms } from '#domain/units.ts';
import type { Session } from './session.ts';

/** Names with their schemas: a migration may leave another search path behind. */
export interface Tables {
  readonly schema: string;
  readonly golang: string | null;
  readonly goose: string | null;
  readonly ours: string | null;
  /** A table of the old tool's name that is not in its form. */
  readonly strange: string | null;
}
const GOLANG = 'schema_migrations';
const GOOSE = 'goose_db_version';
const OURS = 'trimtab_migrations';

const Found = z.object({ schema: z.string(), name: z.string(), columns: z.string() });
const Schema = z.object({ schema: z.string().nullable() });
const count = z.coerce.number().int();

export async function findTables(session: Session): Promise<Tables> {
  const [current] = await session.query('select current_schema() as schema');
  const rows = await session.query(`
    select n.nspname as schema, c.relname as name,
      (select string_agg(a.attname || ' ' || format_type(a.atttypid, null), ',') from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and c.relname in ('${GOLANG}', '${GOOSE}', '${OURS}') and n.nspname = any (current_schemas(false))
    order by array_position(current_schemas(false), n.nspname)`);
  const found = rows.map((row) => Found.parse(row));
  const at = (name: string, ...columns: readonly string[]): string | null => {
    const table = found.find((one) => one.name === name && columns.every((column) => one.columns.split(',').includes(column)));
    return table === undefined ? null : qualified(table.schema, name);
  };
  const golang = at(GOLANG, 'version bigint', 'dirty boolean');
  return {
    schema: Schema.parse(current).schema ?? 'public',
    golang,
    goose: at(GOOSE, 'version_id bigint', 'is_applied boolean'),
    ours: at(OURS, 'version bigint', 'checksum text'),
    strange: golang === null && found.some(({ name }) => name === GOLANG) ? GOLANG : null,
  };
}
const quoted = (text: string): string => pg.escapeIdentifier(text);
const literal = (text: string | null): string => (text === null ? 'null' : pg.escapeLiteral(text));
const qualified = (schema: string, name: string): string => `${quoted(schema)}.${quoted(name)}`;

const GolangRow = z.object({ version: count, dirty: z.boolean() });
const GooseRow = z.object({ version: count, applied: z.boolean() });
const OurRow = z.object({
  version: count,
  name: z.string(),
  checksum: z.string(),
  state: z.enum(['applied', 'adopted', 'running', 'failed']),
  statement: z.string().nullable(),
  message: z.string().nullable(),
});
export async function readHistory(session: Session, { golang, goose, ours }: Tables): Promise<History> {
  const [row] = golang === null ? [] : await session.query(`select version, dirty from ${golang} order by version desc limit 1`);
  // goose writes a row for each time; the newest one counts.
  const versions =
    goose === null
      ? []
      : await session.query(
          `select distinct on (version_id) version_id as version, is_applied as applied from ${goose} order by version_id, id desc`,
        );
  const rows =
    ours === null ? [] : await session.query(`select version, name, checksum, state, statement, message from ${ours} order by version`);
  return {
    golang: golang === null ? null : row === undefined ? { version: null, dirty: false } : GolangRow.parse(row),
    goose:
      goose === null
        ? null
        : versions
            .map((one) => GooseRow.parse(one))
            .filter(({ applied }) => applied)
            .map(({ version }) => version),
    rows: rows.map((one) => OurRow.parse(one)),
  };
}

/** Those that are missing. Made once, before the first migration. */
export async function makeTables(session: Session, format: MigrationFormat, tables: Tables): Promise<Tables> {
  const { schema } = tables;
  const golang = tables.golang ?? qualified(schema, GOLANG);
  const goose = tables.goose ?? qualified(schema, GOOSE);
  const ours = tables.ours ?? qualified(schema, OURS);
  const missing = [
    ...(tables.ours === null ? [ourTable(ours)] : []),
    ...(format === 'golang-migrate' && tables.golang === null
      ? [`create table ${golang} (version bigint not null primary key, dirty boolean not null)`]
      : []),
    ...(format === 'goose' && tables.goose === null ? gooseTable(goose) : []),
  ];
  if (missing.length > 0) await session.query(`begin; ${missing.join('; ')}; commit`);
  return {
    ...tables,
    ours,
    golang: format === 'golang-migrate' ? golang : tables.golang,
    goose: format === 'goose' ? goose : tables.goose,
  };
}
const ourTable = (name: string): string => `create table ${name} (
  version bigint primary key,
  name text not null,
  checksum text not null,
  state text not null check (state in ('applied', 'adopted', 'running', 'failed')),
  statement text,
  message text,
  took_ms bigint,
  at timestamptz not null default now())`;
/** With the first row that goose itself makes. */
const gooseTable = (name: string): readonly string[] => [
  `create table ${name} (id integer primary key generated by default as identity, version_id bigint not null, is_applied boolean not null, tstamp timestamp not null default now())`,
  `insert into ${name} (version_id, is_applied) values (0, true)`,
];

/** One statement text each, to stand in the migration's own transaction. */
export const noteAdopted = ({ ours }: Tables, migrations: readonly Migration[]): string =>
  `insert into ${ours} (version, name, checksum, state) values ${migrations
    .map(({ version, name, checksum }) => `(${version}, ${literal(name)}, ${literal(checksum)}, 'adopted')`)
    .join(', ')} on conflict (version) do nothing`;
/** The old tool's row and ours in one statement: five hundred times, it counts. */
export function noteApplied(tables: Tables, format: MigrationFormat, migration: Migration, took: Ms): string {
  return `${toolRow(tables, format, migration.version)}${ourRow(tables, migration, 'applied', took)}`;
}
/** Before a migration that no transaction protects: golang-migrate's own mark, and ours. */
export function noteRunning(tables: Tables, format: MigrationFormat, migration: Migration): string {
  const mark = format === 'golang-migrate' ? `${golangRow(tables, migration.version, true)}; ` : '';
  return `begin; ${mark}${ourRow(tables, migration, 'running', null)}; commit`;
}
export const noteFailed = ({ ours }: Tables, { version }: Migration, statement: string | null, message: string): string =>
  `update ${ours} set state = 'failed', statement = ${literal(statement)}, message = ${literal(message)}, at = now() where version = ${version}`;

function toolRow({ golang, goose }: Tables, format: MigrationFormat, version: number): string {
  if (format === 'goose') return `with told as (insert into ${goose} (version_id, is_applied) values (${version}, true)) `;
  if (format === 'plain') return '';
  // Of an empty table nothing is updated, and the first row is made.
  return `with moved as (update ${golang} set version = ${version}, dirty = false returning 1), made as (insert into ${golang} (version, dirty) select ${version}, false where not exists (select from ${golang})) `;
}
/** Its table has one row: the version it is at. */
const golangRow = ({ golang }: Tables, version: number, dirty: boolean): string =>
  `delete from ${golang}; insert into ${golang} (version, dirty) values (${version}, ${dirty})`;
function ourRow({ ours }: Tables, { version, name, checksum }: Migration, state: 'applied' | 'running', took: Ms | null): string {
  const values = `${version}, ${literal(name)}, ${literal(checksum)}, '${state}', ${took === null ? 'null' : Math.round(took)}`;
  return `insert into ${ours} (version, name, checksum, state, took_ms) values (${values}) on conflict (version) do update set name = excluded.name, checksum = excluded.checksum, state = excluded.state, took_ms = excluded.took_ms, statement = null, message = null, at = now()`;
}

const COMMANDS = 'trimtab_migration_commands';
/** Of a team's own tool only this is known: which set it ended well with, last. */
export async function lastCommandSet(session: Session): Promise<string | null> {
  const [there] = await session.query(`select to_regclass('${COMMANDS}')::text as name`);
  if (typeof there?.['name'] !== 'string') return null;
  const [row] = await session.query(`select set_hash from ${COMMANDS} order by at desc limit 1`);
  return typeof row?.['set_hash'] === 'string' ? row['set_hash'] : null;
}
export async function noteCommandSet(session: Session, set: string): Promise<void> {
  await session.query(
    `create table if not exists ${COMMANDS} (set_hash text primary key, at timestamptz not null default now()); delete from ${COMMANDS}; insert into ${COMMANDS} (set_hash) values (${literal(set)})`,
  );
}

const Estimate = z.object({ name: z.string(), rows: count });
/** What the planner believes; a table that was never analysed counts as unknown, and unknown as large. */
export async function rowEstimates(session: Session, tables: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (tables.length === 0) return new Map();
  const names = tables.map(literal).join(', ');
  const rows = await session.query(
    `select name, coalesce((select case when c.reltuples < 0 then null else c.reltuples::bigint end from pg_class c where c.oid = to_regclass(name)), 1000000000) as rows from unnest(array[${names}]) as name`,
  );
  return new Map(rows.map((row) => Estimate.parse(row)).map(({ name, rows: guess }) => [name, guess]));
}
