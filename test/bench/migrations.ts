/** Five hundred migrations on PostgreSQL, beside `psql` with the same files: history, checksums and locks may cost half as much again. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { readMigrations } from '#domain/migrations/files.ts';
import { modeOf, type ParsedMigration } from '#domain/migrations/statements.ts';
import { ms } from '#domain/units.ts';
import { realClock } from '#platform/clock.ts';
import { makeMigrationRunner } from '#platform/migrations/runner.ts';
import { type Figure, median, round } from './figure.ts';

const MIGRATIONS = 500;
/** The disk has moods: each side is measured so often, in turns, and the middle one counts. */
const ROUNDS = 3;
const LIMIT = 1.5;

export async function measureMigrations(folder: string): Promise<readonly Figure[]> {
  const server = process.env['DATABASE_URL'] ?? '';
  const psql = findPsql();
  if (server === '' || psql === null) {
    if (process.env['CI'] === 'true') throw new Error('CI measures migrations on a real PostgreSQL: DATABASE_URL or psql is missing');
    process.stdout.write('migrations_500_vs_psql: not measured, there is no PostgreSQL (set DATABASE_URL)\n');
    return [];
  }
  const files = write(join(folder, 'migrations'));
  const theirs: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    theirs.push(await on(server, (url) => byPsql(psql, url, files)));
    ours.push(await on(server, (url) => byUs(url, files)));
  }
  const [a, b] = [median(ours), median(theirs)];
  const note = `${round(a)} ms against ${round(b)} ms of psql`;
  return [{ name: 'migrations_500_vs_psql', value: round(a / b), unit: 'ratio', limit: LIMIT, work: false, note }];
}
function findPsql(): string | null {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((x, y) => Number(y) - Number(x)) : [];
  return versions.map((version) => join(root, version, 'bin', 'psql')).find((path) => existsSync(path)) ?? null;
}
interface File {
  readonly path: string;
  readonly text: string;
}
/** As teams write them: a table, an index, a column, some rows. */
function write(folder: string): readonly File[] {
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: MIGRATIONS }, (_, at) => {
    const table = `t${at - (at % 4)}`;
    const text = [
      `create table ${table} (id bigint primary key, name text not null default '', at timestamptz not null default now());\n`,
      `create index ${table}_name on ${table} (name);\n`,
      `alter table ${table} add column n int not null default 0;\n`,
      `insert into ${table} (id, name) select i, 'row ' || i from generate_series(1, 100) i;\nupdate ${table} set n = id where id > 50;\n`,
    ][at % 4];
    const path = join(folder, `${String(at + 1).padStart(4, '0')}_step.up.sql`);
    writeFileSync(path, text ?? '');
    return { path, text: text ?? '' };
  });
}
let serial = 0;
async function on(server: string, run: (url: string) => Promise<number>): Promise<number> {
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  const name = `bench_${process.pid}_${serial++}`;
  await admin.query(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  try {
    return await run(url.href);
  } finally {
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  }
}
/** One process for all files, each in a transaction: the fastest that psql offers for the same promise. */
function byPsql(psql: string, url: string, files: readonly File[]): Promise<number> {
  const given = files.flatMap(({ path }) => ['-c', 'begin', '-f', path, '-c', 'commit']);
  const started = performance.now();
  execFileSync(psql, ['-q', '-X', '-v', 'ON_ERROR_STOP=1', url, ...given], { stdio: ['ignore', 'ignore', 'inherit'] });
  return Promise.resolve(performance.now() - started);
}
async function byUs(url: string, files: readonly File[]): Promise<number> {
  const runner = makeMigrationRunner({ clock: realClock });
  const started = performance.now();
  const set = readMigrations(files, 'golang-migrate');
  const parse = await runner.parser();
  const parsed = set.migrations.flatMap((migration): readonly ParsedMigration[] => {
    const read = parse(migration.sql);
    return read.ok ? [{ migration, statements: read.value, mode: modeOf(migration, read.value) }] : [];
  });
  const job = { set, parsed, limits: { statement: ms(0), lock: ms(10_000) } };
  const hooks = { stopped: () => null, refuses: () => null, onApplied: () => undefined };
  const ran = await runner.run(url, job, hooks, new AbortController().signal);
  const spent = performance.now() - started;
  if (ran.error !== null || ran.applied.length !== files.length) throw new Error(ran.error?.message ?? 'not all were applied');
  return spent;
}
