/** Migrations on a database that is real: order, history, the old tools' tables, and what is left when something goes wrong. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { MigrationFormat } from '#domain/migrations/files.ts';
import { readMigrations } from '#domain/migrations/files.ts';
import { modeOf, type ParsedMigration } from '#domain/migrations/statements.ts';
import { ms } from '#domain/units.ts';
import { realClock } from '#platform/clock.ts';
import type { MigrationLimits, MigrationRun } from '#platform/migrations/port.ts';
import { makeMigrationRunner } from '#platform/migrations/runner.ts';
import { OUR_LOCK } from '#platform/migrations/session.ts';
import { loadSqlParser } from '#platform/migrations/sql-parser.ts';
import { isServer, openDatabase } from '#test/support/databases.ts';
import type { TestDatabase } from '#test/support/fresh-database.ts';

type Texts = Readonly<Record<string, string>>;
/** Pauses pass twenty times as fast. */
const runner = makeMigrationRunner({ clock: { ...realClock, sleep: (span, signal) => realClock.sleep(ms(span / 20), signal) } });
const FOLDER = 'db/migrations';
const never = new AbortController().signal;
let opened: TestDatabase | null = null;
afterAll(async () => {
  await opened?.drop();
});
async function database(): Promise<TestDatabase> {
  if (opened === null) opened = await openDatabase();
  else await opened.clear();
  return opened;
}
async function setOf(texts: Texts, format: MigrationFormat | null = null) {
  const files = Object.entries(texts).map(([name, text]) => ({ path: `${FOLDER}/${name}`, text }));
  const set = readMigrations(files, format);
  expect(set.problems).toEqual([]);
  const parse = await loadSqlParser();
  const parsed = set.migrations.map((migration): ParsedMigration => {
    const read = parse(migration.sql);
    const statements = read.ok ? read.value : [];
    return { migration, statements, mode: modeOf(migration, statements) };
  });
  return { set, parsed };
}
interface Options {
  readonly format?: MigrationFormat;
  readonly limits?: Partial<MigrationLimits>;
  readonly signal?: AbortSignal;
  readonly stopped?: () => string | null;
}
async function run(on: TestDatabase, texts: Texts, options: Options = {}): Promise<MigrationRun> {
  const limits = { statement: ms(20_000), lock: ms(500), ...options.limits };
  const hooks = { stopped: options.stopped ?? (() => null), refuses: () => null, onApplied: () => undefined };
  return runner.run(on.url, { ...(await setOf(texts, options.format ?? null)), limits }, hooks, options.signal ?? never);
}
const filesOf = ({ applied }: MigrationRun): readonly string[] => applied.map(({ file }) => file.slice(FOLDER.length + 1));
const golang = (on: TestDatabase) => on.query('select version::int, dirty from schema_migrations');
const ours = (on: TestDatabase) => on.query('select version::int, state from trimtab_migrations order by version');
const tables = async (on: TestDatabase): Promise<readonly unknown[]> =>
  (await on.query("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1")).map(
    ({ relname }) => relname,
  );

const USERS = 'create table users (id int primary key);\n';
const ORDERS = "-- ünïcode\ncreate table orders (id int primary key, said text default 'a;b');\ninsert into orders values (1);\n";
const UP = { '0001_users.up.sql': USERS, '0002_orders.up.sql': ORDERS };

describe('golang-migrate', () => {
  test('applies in order, once, and keeps the history that the old tool reads', async () => {
    const on = await database();
    const first = await run(on, UP);
    expect(first.error).toBeNull();
    expect(filesOf(first)).toEqual(['0001_users.up.sql', '0002_orders.up.sql']);
    expect(await golang(on)).toEqual([{ version: 2, dirty: false }]);
    expect(await ours(on)).toEqual([
      { version: 1, state: 'applied' },
      { version: 2, state: 'applied' },
    ]);
    expect(filesOf(await run(on, UP))).toEqual([]);
    const third = await run(on, { ...UP, '0003_more.up.sql': 'alter table orders add column n int;' });
    expect(filesOf(third)).toEqual(['0003_more.up.sql']);
    expect(await golang(on)).toEqual([{ version: 3, dirty: false }]);
  });
  test('adopts what the old tool applied, never runs it again, and goes on from there', async () => {
    const on = await database();
    await on.query(
      'create table schema_migrations (version bigint not null primary key, dirty boolean not null); insert into schema_migrations values (2, false); create table users (id int); create table orders (id int)',
    );
    const ran = await run(on, { ...UP, '0003_more.up.sql': 'alter table orders add column n int;' });
    expect(ran.error).toBeNull();
    expect(filesOf(ran)).toEqual(['0003_more.up.sql']);
    expect(await ours(on)).toEqual([
      { version: 1, state: 'adopted' },
      { version: 2, state: 'adopted' },
      { version: 3, state: 'applied' },
    ]);
  });
  test('one that fails says file, line, statement and message, and leaves nothing of itself', async () => {
    const on = await database();
    const ran = await run(on, {
      ...UP,
      '0003_bad.up.sql': '-- ü\ncreate table good (id int);\n\nalter table nowhere\n  add column n int;\n',
    });
    expect(ran.error).toMatchObject({
      code: 'MIGRATION_FAILED',
      fault: {
        file: `${FOLDER}/0003_bad.up.sql`,
        statement: 'alter table nowhere\n  add column n int',
        message: 'relation "nowhere" does not exist',
        sqlState: '42P01',
      },
    });
    expect(filesOf(ran)).toEqual(['0001_users.up.sql', '0002_orders.up.sql']);
    expect(await golang(on)).toEqual([{ version: 2, dirty: false }]);
    expect(await tables(on)).toEqual(['orders', 'schema_migrations', 'trimtab_migrations', 'users']);
    const position = await run(on, { ...UP, '0003_bad.up.sql': 'select 1;\nselect "nobody"\n  from users;' });
    expect(position.error).toMatchObject({ fault: { line: 2, statement: 'select "nobody"\n  from users' } });
    expect(filesOf(await run(on, { ...UP, '0003_bad.up.sql': 'select 1' }))).toEqual(['0003_bad.up.sql']);
  });
  test('an old file that was edited is an error, and line ends are no edit', async () => {
    const on = await database();
    await run(on, UP);
    const crlf = { ...UP, '0001_users.up.sql': `${USERS.replace('\n', '\r\n')}\n\n` };
    expect((await run(on, crlf)).error).toBeNull();
    const edited = await run(on, { ...UP, '0001_users.up.sql': 'create table users (id bigint);', '0003_x.up.sql': 'select 1' });
    expect(edited.error).toMatchObject({ code: 'MIGRATION_EDITED' });
    expect(edited.error?.remedy).toContain('git log -p -- db/migrations/0001_users.up.sql');
    expect(await golang(on)).toEqual([{ version: 2, dirty: false }]);
  });
  test('a number below what was applied is refused, and so is a database that knows more', async () => {
    const on = await database();
    await run(on, { '0001_users.up.sql': USERS, '0003_orders.up.sql': ORDERS });
    const late = await run(on, { '0001_users.up.sql': USERS, '0002_late.up.sql': 'select 1', '0003_orders.up.sql': ORDERS });
    expect(late.error).toMatchObject({ code: 'MIGRATION_HISTORY', remedy: 'give it a number above 3' });
    const back = await run(on, { '0001_users.up.sql': USERS });
    expect(back).toMatchObject({ error: null, applied: [], notes: ['the database knows versions that are not here: 3'] });
    const branch = await run(on, { '0001_users.up.sql': USERS, '0004_other.up.sql': 'select 1' });
    expect(branch.error).toMatchObject({ code: 'MIGRATION_HISTORY' });
  });
  test('dirty stops, with the statement and message of our own failure; forced by the old tool it goes on', async () => {
    const on = await database();
    await run(on, UP);
    const broken = { ...UP, '0003_i.up.sql': 'create unique index concurrently i on orders (nobody);' };
    const failed = await run(on, broken);
    expect(failed.error).toMatchObject({ code: 'MIGRATION_FAILED', fault: { sqlState: '42703' } });
    expect(await golang(on)).toEqual([{ version: 3, dirty: true }]);
    const again = await run(on, broken);
    expect(again.error).toMatchObject({ code: 'MIGRATION_DIRTY' });
    expect(again.error?.message).toContain('column "nobody" does not exist');
    expect(again.error?.message).toContain('create unique index concurrently i on orders (nobody)');
    expect(again.error?.remedy).toContain('migrate force 3');
    await on.query('delete from schema_migrations; insert into schema_migrations values (2, false)');
    const mended = await run(on, { ...UP, '0003_i.up.sql': 'create unique index concurrently i on orders (id);' });
    expect(mended.error).toBeNull();
    expect(await golang(on)).toEqual([{ version: 3, dirty: false }]);
  });
  test('a file with its own transactions has them', async () => {
    const on = await database();
    const own = 'begin;\ncreate table a (id int);\ncommit;\nbegin;\ncreate table b (id int);\nselect 1 / 0;\ncommit;\n';
    const ran = await run(on, { '0001_own.up.sql': own });
    expect(ran.error).toMatchObject({ fault: { line: 6, statement: 'select 1 / 0' } });
    expect(await tables(on)).toContain('a');
    expect(await tables(on)).not.toContain('b');
    expect(await golang(on)).toEqual([{ version: 1, dirty: true }]);
  });
  test('what a migration sets for its session ends with it', async () => {
    const on = await database();
    const dump =
      "select pg_catalog.set_config('search_path', '', false);\ncreate table public.dumped (id int);\nset statement_timeout = 1;";
    const ran = await run(on, { '0001_dump.up.sql': dump, '0002_users.up.sql': USERS });
    expect(ran.error).toBeNull();
    expect(await golang(on)).toEqual([{ version: 2, dirty: false }]);
  });
  test('a schema_migrations of another tool is left alone', async () => {
    const on = await database();
    await on.query("create table schema_migrations (version varchar primary key); insert into schema_migrations values ('2024')");
    const ran = await run(on, UP);
    expect(ran.error).toMatchObject({ code: 'MIGRATION_HISTORY' });
    expect(await tables(on)).toEqual(['schema_migrations']);
  });
});

const goose = (up: string, more = ''): string =>
  `${more}-- +goose Up\n${up}\n-- +goose Down\ndrop table if exists a_table_that_must_stay;\n`;
describe('goose', () => {
  const FILES = {
    '00001_users.sql': goose(USERS),
    '00002_function.sql': goose(
      '-- +goose StatementBegin\ncreate function twice(n int) returns int as $$ begin return n * 2; end $$ language plpgsql;\n-- +goose StatementEnd',
    ),
  };
  const versions = async (on: TestDatabase): Promise<readonly unknown[]> =>
    (await on.query('select version_id::int as v from goose_db_version where is_applied order by id')).map(({ v }) => v);
  test('applies what goes up alone, and writes goose’s table as goose does', async () => {
    const on = await database();
    const ran = await run(on, FILES);
    expect(ran.error).toBeNull();
    expect(await versions(on)).toEqual([0, 1, 2]);
    expect(await on.query('select twice(21) as n')).toEqual([{ n: 42 }]);
    expect(filesOf(await run(on, FILES))).toEqual([]);
  });
  test('adopts goose’s table, and runs again what goose took back', async () => {
    const on = await database();
    await on.query(
      'create table goose_db_version (id serial primary key, version_id bigint not null, is_applied boolean not null, tstamp timestamp default now()); insert into goose_db_version (version_id, is_applied) values (0, true), (1, true), (2, true), (2, false)',
    );
    const ran = await run(on, FILES);
    expect(ran.error).toBeNull();
    expect(filesOf(ran)).toEqual(['00002_function.sql']);
    expect(await ours(on)).toEqual([
      { version: 1, state: 'adopted' },
      { version: 2, state: 'applied' },
    ]);
  });
  test('NO TRANSACTION runs statement by statement, and a failure half-way is dirty', async () => {
    const on = await database();
    const file = (second: string): Texts => ({
      ...FILES,
      '00003_i.sql': goose(`create index concurrently i on users (id);\n${second}`, '-- +goose NO TRANSACTION\n'),
    });
    const failed = await run(on, file('create index concurrently j on users (nobody);'));
    expect(failed.error).toMatchObject({ code: 'MIGRATION_FAILED', fault: { line: 4 } });
    expect(await versions(on)).toEqual([0, 1, 2]);
    const again = await run(on, file('create index concurrently j on users (id);'));
    expect(again.error).toMatchObject({ code: 'MIGRATION_DIRTY' });
    expect(again.error?.remedy).toContain('DELETE FROM trimtab_migrations WHERE version = 3');
    await on.query('drop index i; delete from trimtab_migrations where version = 3');
    expect((await run(on, file('create index concurrently j on users (id);'))).error).toBeNull();
    expect(await versions(on)).toEqual([0, 1, 2, 3]);
  });
  test('files of another tool than the database’s are refused', async () => {
    const on = await database();
    await run(on, FILES);
    await on.query('drop table trimtab_migrations');
    expect((await run(on, UP)).error).toMatchObject({ code: 'MIGRATION_HISTORY', remedy: expect.stringContaining('format: goose') });
  });
});

test('plain numbered files have their history in our table alone', async () => {
  const on = await database();
  const files = {
    '1_users.sql': USERS,
    'V2__orders.sql': ORDERS,
    '10_last.sql': '-- no transaction\ncreate index concurrently i on orders (id);\nselect 1;',
  };
  expect((await run(on, files)).error).toBeNull();
  expect(await tables(on)).toEqual(['orders', 'trimtab_migrations', 'users']);
  expect(await ours(on)).toHaveLength(3);
  expect(filesOf(await run(on, files))).toEqual([]);
});
test('writes that are stopped end a run between two migrations', async () => {
  const on = await database();
  let asked = 0;
  const ran = await run(on, UP, { stopped: () => (asked++ === 0 ? null : 'halted by somebody') });
  expect(ran.error).toMatchObject({ code: 'HALTED' });
  expect(filesOf(ran)).toEqual(['0001_users.up.sql']);
  expect(await golang(on)).toEqual([{ version: 1, dirty: false }]);
});
test('a database that is not there is told without its password', async () => {
  const { set, parsed } = await setOf(UP);
  const job = { set, parsed, limits: { statement: ms(1_000), lock: ms(1_000) } };
  const ran = await runner.run(
    'postgres://u:hunter2@127.0.0.1:9/nothing',
    job,
    { stopped: () => null, refuses: () => null, onApplied: () => undefined },
    never,
  );
  expect(ran.error).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  expect(JSON.stringify(ran)).not.toContain('hunter2');
});
test('a look reads, and makes nothing', async () => {
  const on = await database();
  const { set } = await setOf(UP);
  const seen = await runner.look(on.url, set, () => ['users'], never);
  expect(seen.ok && seen.value.outlook.pending.map(({ version }) => version)).toEqual([1, 2]);
  expect(await tables(on)).toEqual([]);
});

describe('killed between the last statement and the row of history', () => {
  // Not waited for in place: the embedded database lives in this process.
  const die = (on: TestDatabase, name: string, text: string): Promise<string | null> =>
    new Promise((resolve) => {
      const program = join(import.meta.dirname, '../../support/migrate-and-die.ts');
      const child = spawn(process.execPath, [program, on.url, `${FOLDER}/${name}`, text], { stdio: 'inherit' });
      child.once('exit', (_code, signal) => resolve(signal));
    });
  const gone = async (on: TestDatabase): Promise<void> => {
    // The server notices a closed connection by itself.
    for (let tries = 0; tries < 50; tries++) {
      const [row] = await on.query(`select pg_try_advisory_lock(${OUR_LOCK}) as free, pg_advisory_unlock_all()`);
      if (row?.['free'] === true) return;
      await realClock.sleep(ms(50));
    }
    throw new Error('the lock was never given back');
  };
  test('in a transaction: neither is there, and the next run does both', async () => {
    const on = await database();
    const texts = { '0001_users.up.sql': USERS };
    expect(await die(on, '0001_users.up.sql', USERS)).toBe('SIGKILL');
    await gone(on);
    expect(await on.query("select to_regclass('users') as users")).toEqual([{ users: null }]);
    expect(await golang(on)).toEqual([]);
    expect(filesOf(await run(on, texts))).toEqual(['0001_users.up.sql']);
  });
  test('outside of one: it is marked, and a person is asked', async () => {
    const on = await database();
    await on.query('create table users (id int)');
    const text = 'create index concurrently i on users (id);';
    expect(await die(on, '0001_i.up.sql', text)).toBe('SIGKILL');
    await gone(on);
    expect(await golang(on)).toEqual([{ version: 1, dirty: true }]);
    const again = await run(on, { '0001_i.up.sql': text });
    expect(again.error).toMatchObject({ code: 'MIGRATION_DIRTY', message: expect.stringContaining('was cut off half-way') });
    await on.query('update schema_migrations set dirty = false');
    expect(await run(on, { '0001_i.up.sql': text })).toMatchObject({ error: null, applied: [] });
  });
});
/** What takes two sessions at a time. */
if (isServer)
  describe('beside others', () => {
    test('two runners at once: one waits, and each migration runs once', async () => {
      const on = await database();
      const slow = { ...UP, '0003_slow.up.sql': 'select pg_sleep(0.3); create table slow (id int);' };
      const both = await Promise.all([run(on, slow), run(on, slow)]);
      expect(both.map(({ error }) => error)).toEqual([null, null]);
      expect(both.map(filesOf).sort((a, b) => a.length - b.length)).toEqual([[], Object.keys(slow)]);
    });
    test('the old tool is waited for, by its own lock', async () => {
      const on = await database();
      const { golangLock } = await import('#platform/migrations/session.ts');
      const name = new URL(on.url).pathname.slice(1);
      const holding = on.query(`select pg_advisory_lock(${golangLock('public', 'schema_migrations', name)}), pg_sleep(0.7)`);
      await realClock.sleep(ms(100));
      const started = performance.now();
      expect((await run(on, UP)).error).toBeNull();
      expect(performance.now() - started).toBeGreaterThan(300);
      await holding;
    });
    test('a locked table is waited for a bounded time, and what failed is taken back', async () => {
      const on = await database();
      await run(on, UP);
      const holding = on.query('begin; lock table users in access exclusive mode; select pg_sleep(8); rollback').catch(() => undefined);
      await realClock.sleep(ms(150));
      const started = performance.now();
      const limits = { lock: ms(100) };
      const more = { ...UP, '0003_more.up.sql': 'create table fresh (id int);\nalter table users add column n int;' };
      const ran = await run(on, more, { limits });
      expect(ran.error).toMatchObject({ code: 'MIGRATION_FAILED', fault: { sqlState: '55P03' } });
      expect(performance.now() - started).toBeLessThan(8_000);
      expect(await golang(on)).toEqual([{ version: 2, dirty: false }]);
      expect(await tables(on)).not.toContain('fresh');
      await on.query("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(8)%' and pid <> pg_backend_pid()");
      await holding;
      expect(filesOf(await run(on, more))).toEqual(['0003_more.up.sql']);
    });
    test('a deadline cancels the statement on the server too, and no connection stays', async () => {
      const on = await database();
      const ran = await run(
        on,
        { '0001_slow.up.sql': 'create table a (id int); select pg_sleep(30);' },
        { signal: AbortSignal.timeout(300) },
      );
      expect(ran.error).toMatchObject({ code: 'MIGRATION_TIMEOUT' });
      await realClock.sleep(ms(200));
      expect(await on.query('select query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')).toEqual(
        [],
      );
      expect(await tables(on)).not.toContain('a');
    });
    test('writes that are stopped end a transaction within a second, and nothing of it is there', async () => {
      const on = await database();
      const started = performance.now();
      const stopped = (): string | null => (performance.now() - started > 300 ? 'halted by somebody' : null);
      const ran = await run(on, { '0001_slow.up.sql': 'create table a (id int); select pg_sleep(30);' }, { stopped });
      expect(ran.error).toMatchObject({ code: 'HALTED' });
      expect(performance.now() - started).toBeLessThan(5_000);
      expect(await tables(on)).not.toContain('a');
    });
    test('a server that goes away meanwhile is no failure of the migration', async () => {
      const on = await database();
      const end = realClock
        .sleep(ms(300))
        .then(() =>
          on.query("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(29)%' and pid <> pg_backend_pid()"),
        );
      const ran = await run(on, { '0001_slow.up.sql': 'create table a (id int); select pg_sleep(29);' });
      await end;
      expect(ran.error).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      expect(await tables(on)).not.toContain('a');
      expect(filesOf(await run(on, { '0001_slow.up.sql': 'create table a (id int);' }))).toEqual(['0001_slow.up.sql']);
    });
    test('a user without the right to make tables is told so', async () => {
      const on = await database();
      await on.query(
        'do $$ begin create role nobody_here login; exception when duplicate_object then null; end $$; revoke create on schema public from public',
      );
      const url = new URL(on.url);
      url.username = 'nobody_here';
      const ran = await run({ ...on, url: url.href }, UP);
      expect(ran.error).toMatchObject({
        code: 'MIGRATION_FAILED',
        message: expect.stringContaining('permission denied for schema public (42501)'),
      });
      await on.query('drop role nobody_here');
    });
    test('a statement takes no longer than its limit', async () => {
      const on = await database();
      const ran = await run(on, { '0001_slow.up.sql': 'select pg_sleep(30);' }, { limits: { statement: ms(200) } });
      expect(ran.error).toMatchObject({ code: 'MIGRATION_FAILED', fault: { sqlState: '57014' } });
    });
  });
