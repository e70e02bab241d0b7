/** A release over real migrations, from the commit to the last good revision: the database first, then the apps. And one whose file fails in its
 *  second statement: the release fails, nothing of secrets and machines is touched, and what is told is enough to mend it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Release } from '#domain/release.ts';
import { ok } from '#domain/result.ts';
import { SecretValue } from '#domain/secret-value.ts';
import { NO_PARTS, type ReleaseParts } from '#engine/release-ports.ts';
import { composeMigrations } from '#src/compose-database.ts';
import { openDatabase } from '#test/support/databases.ts';
import type { TestDatabase } from '#test/support/fresh-database.ts';
import { type Files, type Harness, makeHarness } from '#test/support/harness.ts';
import { digestsOf } from '#test/support/secret-world.ts';
import { API, book, commit, tags, type Versions, world } from '#test/support/web-behind-api.ts';

let on: TestDatabase;
beforeAll(async () => {
  on = await openDatabase();
});
afterAll(() => on.drop());

const SECRET = '  secrets: { TOKEN: { from: { env: TOKEN } } }\n';
const withFiles = (versions: Versions, files: Readonly<Record<string, string>>): Files => ({
  ...world({ apiExtra: SECRET, migrations: Object.keys(files), ...versions }),
  ...Object.fromEntries(Object.entries(files).map(([name, sql]) => [`db/migrations/${name}`, sql])),
});
const FIRST = { '0001_people.up.sql': 'create table people (id int primary key, name text);' };
const SECOND = { ...FIRST, '0002_email.up.sql': 'alter table people add column email text;\ncreate table mails (id int);' };
const BROKEN = { ...SECOND, '0003_bad.up.sql': 'create table half (id int);\nalter table nowhere add column n int;' };
const versionsIn = async (): Promise<readonly number[]> => {
  const rows = await on.query('select version from schema_migrations');
  return rows.map((row) => Number(row['version']));
};

/** Time stands still while the database works. */
function onRealDatabase(): { readonly parts: ReleaseParts; readonly works: () => Promise<unknown> } {
  let under: Promise<unknown> = Promise.resolve();
  const { part } = composeMigrations({
    config: { variables: { PATH: process.env['PATH'] ?? '' }, databaseUrl: null, source: '.' },
    reader: { connection: () => Promise.resolve(ok(new SecretValue(on.url))) },
    tell: () => undefined,
    halted: () => null,
    deadline: (_span, within) => within,
  });
  const noted = <T>(asked: Promise<T>): Promise<T> => {
    under = asked;
    return asked;
  };
  const migrations: ReleaseParts['migrations'] = {
    plan: (environment, signal) => noted(part.plan(environment, signal)),
    apply: (environment, signal) => noted(part.apply(environment, signal)),
  };
  return { parts: { ...NO_PARTS, migrations }, works: () => under };
}
async function until(harness: Harness, works: () => Promise<unknown>, is: () => boolean): Promise<void> {
  for (let spent = 0; spent < 300; spent++) {
    await harness.pass(1);
    await works();
    if (is()) return;
  }
  throw new Error(`never came: ${JSON.stringify(book(harness))}`);
}

test('the database is ahead of the apps, and a file that fails half-way changes neither', { timeout: 60_000 }, async () => {
  const { parts, works } = onRealDatabase();
  const files = withFiles({}, FIRST);
  const harness = await makeHarness({ files, parts, environment: { TOKEN: 'one', DATABASE_URL: on.url } });
  const rests = (number: number) => () => book(harness)?.number === number && book(harness)?.active === null;
  await until(harness, works, rests(1));
  expect([await versionsIn(), tags(harness, API)]).toEqual([[1], 'v1']);

  commit(harness, withFiles({ api: 'v2' }, SECOND));
  let ahead = false;
  await until(harness, works, () => {
    if (book(harness)?.active?.phase === 'apps' && tags(harness, API) === 'v1') ahead = true;
    return rests(2)();
  });
  expect([await versionsIn(), tags(harness, API), ahead]).toEqual([[2], 'v2', true]);

  const [before, writes] = [digestsOf(harness, API), harness.writes()];
  commit(harness, withFiles({ api: 'v3', apiExtra: SECRET.replace('env: TOKEN', 'env: NEW_TOKEN') }, BROKEN));
  harness.environment['NEW_TOKEN'] = 'two';
  await until(harness, works, () => book(harness)?.active?.hold === 'RevisionPinned');
  expect([digestsOf(harness, API), harness.writes(), tags(harness, API)]).toEqual([before, writes, 'v2']);
  // The file was one transaction: nothing of its first statement is there.
  expect(await on.query("select to_regclass('half') as half")).toEqual([{ half: null }]);
  const rows = await harness.store.releases('test', 9, new AbortController().signal);
  const failed = (rows.ok ? rows.value : []).map(({ release }) => Release.parse(release)).find(({ phase }) => phase === 'failed');
  expect(failed?.failure).toMatchObject({ reason: 'Migration', message: expect.stringContaining('relation "nowhere" does not exist') });
  expect(failed?.reports.at(-1)?.items.at(-1)).toMatchObject({
    what: 'db/migrations/0003_bad.up.sql',
    message: expect.stringContaining('alter table nowhere add column n int'),
    remedy: expect.any(String),
  });

  // Forward: the file is mended, under the same number, for it was never applied.
  commit(harness, withFiles({ api: 'v3' }, { ...SECOND, '0003_bad.up.sql': 'create table half (id int);' }));
  await until(harness, works, () => book(harness)?.active === null && tags(harness, API) === 'v3');
  expect(await versionsIn()).toEqual([3]);
  await harness.stop();
});
