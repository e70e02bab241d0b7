/** The migration phase of a release, and what a person sees of it: composed as in the program, on a database that is real. */
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Event } from '#domain/events.ts';
import { ok } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { SecretValue } from '#domain/secret-value.ts';
import { seconds } from '#domain/units.ts';
import { makeDatabaseOperator } from '#engine/database-operator.ts';
import type { Migrations } from '#engine/migrations.ts';
import { realClock } from '#platform/clock.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import { composeMigrations } from '#src/compose-database.ts';
import { openDatabase } from '#test/support/databases.ts';
import { compiledOf, problemsOf } from '#test/support/desired.ts';
import type { TestDatabase } from '#test/support/fresh-database.ts';

const signal = new AbortController().signal;
let on: TestDatabase;
let opened = false;
beforeEach(async () => {
  if (opened) return on.clear();
  on = await openDatabase();
  opened = true;
});
afterAll(() => on.drop());

const SETTINGS = '{ directory: db, format: golang-migrate }';
const environmentText = (migrations: string, url = '{ from: { env: DATABASE_URL } }'): string => `apiVersion: trimtab.dev/v1alpha1
kind: Environment
metadata: { name: test }
spec: { organization: acme, primaryRegion: nrt, variables: { COLOUR: blue }, database: { url: ${url}, migrations: ${migrations} } }
`;
type Files = Readonly<Record<string, string>>;
const textsOf = (
  files: Files,
  migrations = SETTINGS,
  process: Readonly<Record<string, string>> = {},
  url: string | undefined = undefined,
) => ({
  files: { 'desired-state/test/environment.yaml': environmentText(migrations, url) },
  others: Object.fromEntries(Object.entries(files).map(([name, text]) => [`db/${name}`, text])),
  process,
});
const environmentOf = (...given: Parameters<typeof textsOf>): CompiledEnvironment => compiledOf(textsOf(...given)).document;
interface Scene {
  readonly migrations: Migrations;
  readonly events: readonly Event[];
}
function scene(more: { readonly halted?: string; readonly own?: string; readonly url?: string; readonly deadlineMs?: number } = {}): Scene {
  const events: Event[] = [];
  const migrations = composeMigrations({
    config: {
      variables: { PATH: process.env['PATH'] ?? '' },
      databaseUrl: more.own ?? null,
      source: '.',
    },
    reader: { connection: () => Promise.resolve(ok(new SecretValue(more.url ?? on.url))) },
    tell: (event) => events.push(event),
    halted: () => more.halted ?? null,
    deadline: (span, within) => AbortSignal.any([within, AbortSignal.timeout(Math.min(span, more.deadlineMs ?? span))]),
  });
  return { migrations, events };
}
const UP: Files = { '0001_a.up.sql': 'create table a (id int);', '0002_b.up.sql': 'create table b (id int);' };

test('a release is told what is pending, applies it, and then nothing is', async () => {
  const environment = environmentOf(UP);
  const { migrations, events } = scene();
  expect(await migrations.part.plan(environment, signal)).toMatchObject({
    ok: true,
    value: { pending: ['db/0001_a.up.sql', 'db/0002_b.up.sql'] },
  });
  const ran = await migrations.part.apply(environment, signal);
  expect(ran.ok && ran.value.items.map(({ what, state }) => `${what} ${state}`)).toEqual(['db/0001_a.up.sql ok', 'db/0002_b.up.sql ok']);
  expect(events.map((event) => event.type)).toEqual(['MigrationApplied', 'MigrationApplied']);
  expect(await migrations.part.plan(environment, signal)).toMatchObject({ ok: true, value: { pending: [] } });
  const again = await migrations.part.apply(environment, signal);
  expect(again).toMatchObject({ ok: true, value: { items: [{ state: 'skipped', message: 'nothing is pending' }] } });
});
test('one that fails is the phase’s failure, with file, line, statement, message and remedy', async () => {
  const { migrations, events } = scene();
  const environment = environmentOf({ ...UP, '0003_c.up.sql': '-- why\nalter table nowhere add column n int;' });
  const ran = await migrations.part.apply(environment, signal);
  expect(ran.ok && ran.value.items.at(-1)).toMatchObject({
    what: 'db/0003_c.up.sql',
    state: 'failed',
    message: expect.stringMatching(/db\/0003_c\.up\.sql:2: relation "nowhere" does not exist.*\n {2}alter table nowhere add column n int/),
    remedy: expect.any(String),
  });
  expect(events.at(-1)).toMatchObject({ type: 'MigrationFailed', code: 'MIGRATION_FAILED' });
});
test('what cannot be read, or is sure to fail, stops the set before its first statement', async () => {
  const { migrations } = scene();
  for (const bad of ['selec 1;', 'select 1; create index concurrently i on a (id);']) {
    const ran = await migrations.part.apply(environmentOf({ ...UP, '0003_c.up.sql': bad }), signal);
    expect(ran.ok && ran.value.items).toMatchObject([
      { state: 'failed', message: expect.stringContaining('MIGRATION_INVALID: db/0003_c.up.sql:1') },
    ]);
  }
  expect(await on.query("select to_regclass('a') as a")).toEqual([{ a: null }]);
  // What was applied long ago is not judged any more.
  expect((await migrations.part.apply(environmentOf(UP), signal)).ok).toBe(true);
});
test('dangers are told of what is pending, on tables that are large or not known', async () => {
  const { migrations } = scene();
  await migrations.part.apply(environmentOf(UP), signal);
  await on.query('insert into a select generate_series(1, 20000); analyze a; insert into b values (1); analyze b');
  const environment = environmentOf({
    ...UP,
    '0003_c.up.sql': 'create index i on a (id);',
    '0004_d.up.sql': 'create index j on b (id);\ndrop table b;',
  });
  const seen = await migrations.look(environment, signal);
  expect(seen.ok && seen.value.items.map(({ what, state }) => `${what} ${state}`)).toEqual([
    'db/0003_c.up.sql:1 warning',
    'db/0004_d.up.sql:2 warning',
  ]);
  const alone = await migrations.check(environmentOf({ '0004_d.up.sql': 'drop table b;', '0005_e.up.sql': 'selec' }));
  expect(alone.map(({ what, state }) => `${what} ${state}`)).toEqual(['db/0005_e.up.sql:1 failed', 'db/0004_d.up.sql:1 warning']);
});
test('never means never, to a release; RUN_MIGRATIONS has the last word', async () => {
  const { migrations } = scene();
  const never = environmentOf(UP, '{ directory: db, run: never }');
  expect(await migrations.part.plan(never, signal)).toMatchObject({ ok: true, value: { pending: [] } });
  const said = environmentOf(UP, '{ directory: db, run: never }', { TEST_RUN_MIGRATIONS: 'true' });
  expect(said.declared?.database?.migrations?.run).toBe('always');
  expect(await migrations.part.plan(said, signal)).toMatchObject({
    ok: true,
    value: { pending: ['db/0001_a.up.sql', 'db/0002_b.up.sql'] },
  });
  expect(environmentOf(UP, SETTINGS, { TEST_RUN_MIGRATIONS: 'false' }).declared?.database?.migrations?.run).toBe('never');
  expect(problemsOf(textsOf(UP, SETTINGS, { TEST_RUN_MIGRATIONS: 'perhaps' })).map(({ rule }) => rule)).toEqual(['invalid-value']);
});
test('writes that are stopped, no address, and the database trimtab stands on: nothing is run', async () => {
  const environment = environmentOf(UP);
  expect(await scene({ halted: 'by somebody' }).migrations.part.apply(environment, signal)).toMatchObject({
    ok: false,
    error: { code: 'HALTED' },
  });
  const failed = (message: string) => ({ ok: true, value: { items: [{ state: 'failed', message: expect.stringContaining(message) }] } });
  expect(await scene({ url: '' }).migrations.part.apply(environment, signal)).toMatchObject(failed('DATABASE_URL_MISSING'));
  expect(await scene({ own: on.url }).migrations.part.apply(environment, signal)).toMatchObject(failed('DATABASE_OWN'));
  const away = scene({ url: 'postgres://u:hunter2@127.0.0.1:9/x' });
  const refused = await away.migrations.part.apply(environment, signal);
  expect(refused).toMatchObject({ ok: false, error: { code: 'DATABASE_UNAVAILABLE' } });
  expect(JSON.stringify([refused, away.events])).not.toContain('hunter2');
  expect(await on.query("select to_regclass('a') as a")).toEqual([{ a: null }]);
});
const FROM_ENV = '{ from: { env: DATABASE_URL } }';
const sops = (file: string): string => `{ from: { sops: { file: ${file} } } }`;
test.each([
  { what: 'a folder that is not there', files: {}, rule: 'config-missing' },
  { what: 'a number twice', files: { '1_a.up.sql': '', '01_b.up.sql': '' }, rule: 'migration-number-twice' },
  { what: 'a format beside a command', settings: '{ directory: db, command: [x], format: goose }', rule: 'invalid-value' },
  {
    what: 'an address in a file that is not sealed',
    files: { ...UP, 'sealed.json': '{ "DATABASE_URL": "plain" }' },
    url: sops('db/sealed.json'),
    rule: 'secret-in-git',
  },
  { what: 'an address in a file that is not there', url: sops('db/none.json'), rule: 'secret-file-missing' },
])('$what is told with the desired state', ({ files = UP, settings = SETTINGS, url = FROM_ENV, rule }) => {
  expect(problemsOf(textsOf(files, settings, {}, url)).map((problem) => problem.rule)).toContain(rule);
});
test('an encrypted file with the address is part of the revision', () => {
  const text = '{ "DATABASE_URL": "ENC[AES256_GCM,data:x]" }';
  const { document } = compiledOf(textsOf({ ...UP, 'sealed.json': text }, SETTINGS, {}, '{ from: { sops: { file: db/sealed.json } } }'));
  expect(document.declared?.sealed).toEqual({ 'db/sealed.json': text });
});

describe('the team’s own tool', () => {
  const tool = (script: string, more = ''): string =>
    JSON.stringify([process.execPath, '-e', script]).replace(/^/, '{ directory: db, command: ') + `${more} }`;
  const files: Files = { 'steps.txt': 'one' };
  test('is run with the address, once for the same files, and without what it need not see', async () => {
    process.env['A_TOKEN'] = 'for trimtab alone';
    const script = 'console.log(process.env.COLOUR, process.env.A_TOKEN, process.env.DATABASE_URL)';
    const { migrations } = scene();
    const environment = environmentOf(files, tool(script));
    expect(await migrations.part.plan(environment, signal)).toMatchObject({
      ok: true,
      value: { pending: [expect.stringContaining('-e')] },
    });
    const ran = await migrations.part.apply(environment, signal);
    expect(ran).toMatchObject({ ok: true, value: { items: [{ state: 'ok', message: 'blue undefined [redacted]' }] } });
    expect(await migrations.part.plan(environment, signal)).toMatchObject({ ok: true, value: { pending: [] } });
    const moved = environmentOf({ 'steps.txt': 'two' }, tool(script));
    expect(await migrations.part.plan(moved, signal)).toMatchObject({ ok: true, value: { pending: [expect.any(String)] } });
  });
  test('that fails, fails the phase with its output and exit code, and is due again', async () => {
    const { migrations } = scene();
    const environment = environmentOf(files, tool('console.error("no such table"); process.exit(3)'));
    const ran = await migrations.part.apply(environment, signal);
    expect(ran).toMatchObject({
      ok: true,
      value: { items: [{ state: 'failed', message: expect.stringMatching(/exit code 3\nno such table/) }] },
    });
    expect(await migrations.part.plan(environment, signal)).toMatchObject({ ok: true, value: { pending: [expect.any(String)] } });
  });
  test('that hangs is ended, with all it started', async () => {
    const { migrations } = scene({ deadlineMs: 3_000 });
    const settings = '{ directory: db, command: [sh, -c, "echo waits; sleep 60 & sleep 60"] }';
    const ran = await migrations.part.apply(environmentOf(files, settings), signal);
    expect(ran).toMatchObject({
      ok: true,
      value: { items: [{ state: 'failed', message: expect.stringMatching(/MIGRATION_TIMEOUT[\s\S]*waits/) }] },
    });
  });
  test('that is not there is told', async () => {
    const ran = await scene().migrations.part.apply(environmentOf(files, '{ command: [there-is-no-such-tool] }'), signal);
    expect(ran).toMatchObject({ ok: true, value: { items: [{ message: expect.stringContaining('cannot be started') }] } });
  });
});

test('a person’s run is answered, written down, and joined by whoever asks meanwhile', async () => {
  const store = makeMemoryStore();
  const environment = environmentOf({ ...UP, '0003_c.up.sql': 'select pg_sleep(0.3);' });
  const db = makeDatabaseOperator({
    migrations: scene().migrations,
    store,
    clock: realClock,
    environments: () => [environment],
    life: signal,
  });
  expect(await db.migrations(null, signal)).toMatchObject({ ok: true, value: [{ environment: 'test', pending: { length: 3 } }] });
  const both = await Promise.all([db.migrate('test', 'anna', signal), db.migrate(null, 'bert', signal)]);
  for (const ran of both) expect(ran).toMatchObject({ ok: true, value: [{ running: false, items: { length: 3 } }] });
  const rows = await store.audit('test', null, 10, signal);
  expect(rows.ok && rows.value.map(({ actor, what, result }) => `${actor} ${what} ${result}`).sort()).toEqual([
    'anna migration db/0001_a.up.sql ok',
    'anna migration db/0002_b.up.sql ok',
    'anna migration db/0003_c.up.sql ok',
  ]);
  expect(await db.migrate('nowhere', 'anna', signal)).toMatchObject({ ok: false, error: { code: 'MIGRATION_INVALID' } });
  const impatient = { ...realClock, sleep: () => realClock.sleep(seconds(0.05)) };
  const slow = environmentOf({ ...UP, '0003_c.up.sql': 'select pg_sleep(0.3);', '0004_d.up.sql': 'select pg_sleep(0.4);' });
  const asked = makeDatabaseOperator({ migrations: scene().migrations, store, clock: impatient, environments: () => [slow], life: signal });
  expect(await asked.migrate('test', 'anna', signal)).toMatchObject({ ok: true, value: [{ running: true, items: [] }] });
  await realClock.sleep(seconds(1));
  expect(await asked.migrate('test', 'anna', signal)).toMatchObject({ ok: true, value: [{ running: false, items: { length: 1 } }] });
});
