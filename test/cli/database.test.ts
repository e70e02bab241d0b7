/** `db migrate` by the API of a controller, on a database that is real: words, JSON, exit codes, the audit, and nowhere the password. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CliContext, ExitCode } from '#cli/context.ts';
import { migrate, migrationStatus } from '#cli/database.ts';
import { makeRemoteOperator } from '#cli/remote.ts';
import type { Event } from '#domain/events.ts';
import { ok } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { SecretValue } from '#domain/secret-value.ts';
import { makeDatabaseOperator } from '#engine/database-operator.ts';
import { makeHttp } from '#http/controller.ts';
import { realClock } from '#platform/clock.ts';
import { composeMigrations } from '#src/compose-database.ts';
import { eventToLine } from '#telemetry/log.ts';
import { openDatabase } from '#test/support/databases.ts';
import { compiledOf } from '#test/support/desired.ts';
import type { TestDatabase } from '#test/support/fresh-database.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { operatorOf } from '#test/support/operator.ts';
import { pagesOf } from '#test/support/people.ts';
import { oneApp } from '#test/support/worlds.ts';

const MARK = 'Zq7-Marked/X9';
const TOKEN = 'token-of-the-controller';
const signal = new AbortController().signal;
const events: Event[] = [];
let on: TestDatabase;
let url = '';
let harness: Harness;
let files: Readonly<Record<string, string>> = {};
let settings = '{ directory: db }';
let said = '';

const environment = (): CompiledEnvironment => {
  const text = `apiVersion: trimtab.dev/v1alpha1\nkind: Environment\nmetadata: { name: test }\nspec: { organization: acme, primaryRegion: nrt, database: { url: { from: { env: DATABASE_URL } }, migrations: ${settings} } }\n`;
  return compiledOf({ files: { 'desired-state/test/environment.yaml': text }, others: files }).document;
};
beforeAll(async () => {
  on = await openDatabase();
  const marked = new URL(on.url);
  marked.password = encodeURIComponent(MARK);
  url = marked.href;
  harness = await makeHarness({ files: oneApp(), start: false });
}, 60_000);
afterAll(async () => {
  await harness.stop();
  await on.drop();
});
function served() {
  const migrations = composeMigrations({
    config: { variables: { PATH: process.env['PATH'] ?? '' }, databaseUrl: null, source: '.' },
    reader: { connection: () => Promise.resolve(ok(new SecretValue(url))) },
    tell: (event) => events.push(event),
    halted: () => null,
    deadline: (_span, within) => within,
  });
  const db = makeDatabaseOperator({
    migrations,
    store: harness.store,
    clock: realClock,
    environments: () => [environment()],
    life: signal,
  });
  const webhook = { secret: null, branches: null, onPush: () => undefined };
  const about = {
    metrics: async function* () {
      yield '';
    },
    metricsType: 'text/plain',
    notReady: () => null,
    version: 'test',
    now: realClock.now,
  };
  return makeHttp({ operator: { ...operatorOf(harness), db }, token: TOKEN, webhook, ...about, ...pagesOf(harness) });
}
async function command(run: (context: CliContext) => Promise<ExitCode>, json = false) {
  const http = served();
  const fetch = async (request: Request): Promise<Response> => http.fetch(request);
  const operator = makeRemoteOperator({ url: 'http://controller.test', token: TOKEN, fetch });
  let text = '';
  const keep = (more: string): void => {
    text += more;
    said += more;
  };
  const server = 'http://controller.test';
  const context: CliContext = {
    ...{ clock: realClock, signal, user: 'anna', terminal: false, json, out: keep, err: keep },
    open: () => Promise.resolve(ok({ operator, server, converge: null, look: null, close: () => Promise.resolve() })),
  };
  return { code: await run(context), text };
}

test('what is pending is shown with what it would do, and 2 says so; nothing is written', async () => {
  files = { 'db/0001_a.sql': 'create table a (id int);', 'db/0002_b.sql': 'alter table elsewhere drop column n;' };
  const { code, text } = await command((context) => migrationStatus(context, null));
  expect({ code, text }).toMatchObject({
    code: 2,
    text: expect.stringMatching(/test.*plain · 0 applied, 2 pending\n {2}\+ db\/0001_a\.sql/),
  });
  expect(text).toContain('db/0002_b.sql:1  drop: DROP COLUMN loses n');
  expect(await on.query("select to_regclass('trimtab_migrations') as t")).toEqual([{ t: null }]);
});
test('what fails is 1, with place, words and remedy; what was applied before it stays, and the audit has both', async () => {
  const { code, text } = await command((context) => migrate(context, 'test'));
  expect(code).toBe(1);
  expect(text).toMatch(/✓ db\/0001_a\.sql {2}applied/);
  expect(text).toMatch(/✗ db\/0002_b\.sql.*db\/0002_b\.sql:1: relation "elsewhere" does not exist/);
  const rows = await harness.store.audit('test', null, 10, signal);
  expect(rows.ok && rows.value.map(({ actor, what }) => `${actor} ${what}`).sort()).toEqual([
    'anna migration db/0001_a.sql',
    'anna migration db/0002_b.sql',
  ]);
  said += JSON.stringify(rows);
});
test('put right, it is 0, and then nothing is pending; in JSON too', async () => {
  files = { ...files, 'db/0002_b.sql': 'select 1;' };
  expect((await command((context) => migrate(context, null))).code).toBe(0);
  const { code, text } = await command((context) => migrationStatus(context, 'test'), true);
  expect(code).toBe(0);
  expect(JSON.parse(text.slice(text.indexOf('[')))).toMatchObject([{ environment: 'test', applied: 2, pending: [], items: [] }]);
  files = { ...files, 'db/0001_a.sql': 'create table a (id bigint);' };
  expect(await command((context) => migrationStatus(context, 'test'))).toMatchObject({
    code: 1,
    text: expect.stringContaining('MIGRATION_EDITED'),
  });
});
test('an environment that is not there, and a database that is not there, are errors', async () => {
  expect((await command((context) => migrate(context, 'nowhere'))).code).toBe(1);
  const there = url;
  url = `postgres://app:${encodeURIComponent(MARK)}@127.0.0.1:9/nothing`;
  for (const run of [migrate, migrationStatus]) {
    const { code, text } = await command((context) => run(context, 'test'));
    expect({ code, text }).toMatchObject({ code: 1, text: expect.stringContaining('DATABASE_UNAVAILABLE') });
  }
  url = there;
});
test('without the token nothing is run', async () => {
  const answer = await served().request('/api/v1/migrate?environment=test', { method: 'POST' });
  expect(answer.status).toBe(401);
  expect((await served().request('/api/v1/migrations?environment=test')).status).toBe(200);
});
test('the password is nowhere, whatever was said, also by a tool that prints all it knows', async () => {
  files = { 'db/steps.txt': 'one' };
  settings = '{ directory: db, command: [sh, -c, "env; env >&2; exit 4"] }';
  const { code, text } = await command((context) => migrate(context, 'test'));
  expect({ code, text }).toMatchObject({ code: 1, text: expect.stringMatching(/exit code 4[\s\S]*DATABASE_URL=\[redacted\]/) });
  const rows = await harness.store.audit('test', null, 50, signal);
  said += JSON.stringify([rows, events, events.map(eventToLine)]);
  for (const needle of [MARK, encodeURIComponent(MARK), Buffer.from(MARK).toString('base64')]) expect(said).not.toContain(needle);
});
