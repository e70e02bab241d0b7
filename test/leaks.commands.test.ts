/** No value of a secret comes out of the program as it is put together for people: a controller and every command that there is run in this
 *  process, as `bin/trimtab` runs them, on a clock that goes faster, beside a platform, a database and pages on real sockets. Sources, the
 *  database's password and trimtab's own tokens are marked; what was said, answered, stored and written to files is searched for them. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ms } from '#domain/units.ts';
import { showByPath } from '#http/page/shown.ts';
import { realClock } from '#platform/clock.ts';
import { openPglite, openPostgres } from '#platform/store/db.ts';
import { startSimulator } from '#simulator/server.ts';
import { makeProgram } from '#src/program.ts';
import { serverUrl } from '#test/support/databases.ts';
import { everyCommand } from '#test/support/every-command.ts';
import { openDatabaseOn, type TestDatabase } from '#test/support/fresh-database.ts';
import { type MarkedWorld, makeMarkedWorld } from '#test/support/marked-world.ts';
import { MARK, makeSaid, marked, markedWord } from '#test/support/marks.ts';
import { freePort } from '#test/support/ports.ts';
import { type Served, serveHttp } from '#test/support/servers.ts';

const given = vi.hoisted(() => ({ speed: 40, signals: new Map<string, AbortSignal>(), running: '' }));
// The controller's hours are minutes here.
vi.mock('#platform/clock.ts', async () => {
  const { makeScaledClock } = await import('#simulator/clock.ts');
  return { realClock: makeScaledClock(given.speed) };
});
// A signal of the process would end the tests.
vi.mock('#src/commands/context.ts', async (original) => {
  const actual = await original<typeof import('#src/commands/context.ts')>();
  const makeContext: typeof actual.makeContext = (config, options) =>
    actual.makeContext(config, { ...options, signal: given.signals.get(given.running) ?? options.signal });
  return { ...actual, makeContext };
});

const said = makeSaid();
const end = new AbortController();
let world: MarkedWorld;
let page: Served;
let migrated: TestDatabase;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let controller: Promise<void>;
let port = 0;
let pageIsWell = true;
/** By command line: how it ended. */
const exits = new Map<string, unknown>();

/** One command line, as the shell would give it. */
async function give(...words: readonly string[]): Promise<void> {
  given.running = words.join(' ');
  await makeProgram().parseAsync([...words], { from: 'user' });
  exits.set(words.join(' '), process.exitCode ?? 0);
  process.exitCode = undefined;
}
const api = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers: { authorization: `Bearer ${tokenOf()}` } });
/** Of the controller, from the file that commands read. */
const tokenOf = (): string =>
  z.object({ token: z.string() }).parse(JSON.parse(readFileSync(join(dataDir(), 'state/holder.json'), 'utf8'))).token;
const dataDir = (): string => join(world.root, '.trimtab');

beforeAll(async () => {
  page = await serveHttp((_, answer) => {
    // A page that shows what it should not, as a framework's error page does.
    const login = Buffer.from(`user:${marked('env')}`).toString('base64');
    answer.writeHead(pageIsWell ? 200 : 500).end(`<pre>${markedWord('password')} ${marked('file')} ${login}</pre>`);
  });
  migrated = await openDatabaseOn(serverUrl);
  simulator = await startSimulator({ clock: realClock, seed: 'leaks', apiPort: 0, edgePort: 0 });
  port = await freePort();
  world = await makeMarkedWorld(environmentWith(page.port));
  const address = new URL(migrated.url);
  address.password = markedWord('password');
  world.write({
    ...world.files,
    ...MIGRATIONS,
    'mounted/DATABASE_URL': address.href,
    'invoice.csv': 'description,amount\nmachines,1.00\n',
  });
  for (const [name, value] of Object.entries(variables())) vi.stubEnv(name, value);
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said.note(`${name} during ${given.running}`, Buffer.from(text).toString());
      return true;
    });
  await life();
}, 120_000);
afterAll(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  end.abort();
  await controller.catch(() => undefined);
  await Promise.all([simulator.close(), page.close(), migrated.drop()]);
  rmSync(world.root, { recursive: true, force: true });
});
const environmentWith = (pagePort: number): string => `  database:
    url: { from: { file: mounted/DATABASE_URL } }
    migrations: { directory: db, format: golang-migrate }
  smoke:
    run: always
    checks:
      - { name: page, http: "http://127.0.0.1:${pagePort}/", retries: 0 }
      - { name: rows, sql: "select count(*) from notes", expect: { value: 0 } }
      - { name: inside, exec: { app: web, command: [echo, "all fine"] }, expect: { output: fine } }
`;
const MIGRATIONS = {
  'db/0001_notes.up.sql': 'create table notes (id bigint primary key);\n',
  'db/0001_notes.down.sql': 'drop table notes;\n',
};
const variables = (): Readonly<Record<string, string>> => ({
  ...world.environment,
  FLY_API_TOKEN: markedWord('fly'),
  ...{ FLY_FLAPS_BASE_URL: simulator.apiUrl, FLY_API_BASE_URL: simulator.apiUrl, FLY_UIEX_BASE_URL: simulator.apiUrl },
  ...{ FLY_METRICS_TOKEN: markedWord('metrics'), FLY_METRICS_BASE_URL: simulator.apiUrl },
  ...{ NEON_API_KEY: markedWord('neon'), NEON_ORG_ID: 'org', NEON_API_BASE_URL: simulator.apiUrl },
  ...{ TRIMTAB_STATE_KEY: markedWord('state-key'), TRIMTAB_WEBHOOK_SECRET: markedWord('webhook'), TRIMTAB_GIT_TOKEN: markedWord('git') },
  ...{ TRIMTAB_SOURCE: world.root, TRIMTAB_DATA_DIR: dataDir(), TRIMTAB_DATABASE_URL: '', TRIMTAB_SERVER: '' },
  ...{
    TRIMTAB_PORT: String(port),
    TRIMTAB_TICK_SECONDS: '1',
    TRIMTAB_POLL_SECONDS: '2',
    TRIMTAB_SIMULATOR_PORT: '0',
    TRIMTAB_EDGE_PORT: '0',
  },
  ...{ GITHUB_STEP_SUMMARY: join(world.root, 'summary.md'), GITHUB_OUTPUT: join(world.root, 'output.txt') },
});

async function life(): Promise<void> {
  given.signals.set('run', end.signal);
  controller = give('run');
  // One of them comes by a command only.
  await until('it waits for what is pushed', async () => text('stdout').includes('held (SecretUnready)'));
  await give('secrets', 'sync', 'test');
  await until('everything runs', async () => (await history()).some(({ phase }) => phase === 'complete'));
  await commands([]);
  await answers();
  // A release that goes wrong, with a new value, and then a page that shows what it has.
  world.write({ 'mounted/FROM_MOUNT': `${marked('another file')}\n`, 'desired-state/test/web.yaml': withImage('v2-crash') });
  const before = (await history()).length;
  // The new value has no other side: all is back but that.
  await until(
    'it has failed',
    async () => (await history()).length > before && ['failed', 'stalled'].includes((await history())[0]?.phase ?? ''),
  );
  pageIsWell = false;
  await commands(['--output', 'json']);
  await answers();
  await give('eject', 'test');
  end.abort();
  await controller;
  await tables();
  files();
}
const Tables = z.array(z.object({ schema: z.string(), name: z.string() }));
const Rows = z.array(z.object({ row: z.string() }));
/** Every table of the database that trimtab stands on, and of the one it migrated. (On a server that counts its own time the queue would wait for
 *  hours that only the clock here has seen; its rows hold keys alone.) */
async function tables(): Promise<void> {
  for (const database of [await openPglite({ folder: join(dataDir(), 'state/db') }), openPostgres(migrated.url)]) {
    const all = await database.query(
      "select table_schema as schema, table_name as name from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')",
      [],
    );
    for (const { schema, name } of Tables.parse(all)) {
      const rows = Rows.parse(await database.query(`select row_to_json(t)::text as row from "${schema}"."${name}" t`, []));
      said.note(`table ${schema}.${name}`, rows.map(({ row }) => row).join('\n'));
    }
    await database.close();
  }
}
/** Every file that is there now, but those that values come from. */
function files(): void {
  const sources = /^(mounted|secrets\.enc\.json|\.env$|manager\.json$)/;
  for (const entry of readdirSync(world.root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(world.root, path);
    if (entry.isFile() && !sources.test(name)) said.note(`file ${name}`, readFileSync(path, 'latin1'));
  }
}
const withImage = (tag: string): string => (world.files['desired-state/test/web.yaml'] ?? '').replace('web:v1', `web:${tag}`);
const Releases = z.object({ releases: z.array(z.object({ phase: z.string() })) });
const history = async () => Releases.parse(await (await api('/api/v1/releases?environment=test')).json()).releases;
const PATIENCE_MS = 60_000;
async function until(what: string, reached: () => Promise<boolean>): Promise<void> {
  // By the real clock: the machine may be slow, and the other one goes faster.
  for (const from = performance.now(); performance.now() - from < PATIENCE_MS; ) {
    if (await reached().catch(() => false)) return;
    await realClock.sleep(ms(2_000));
  }
  throw new Error(
    `not so: ${what}\n${said.all
      .slice(-40)
      .map(({ text }) => text)
      .join('')}`,
  );
}

/** Those that need words of their own, or have another side with another flag. */
const MORE: readonly (readonly string[])[] = [
  ['halt', '--off', 'test'],
  ['plan', 'test', '--markdown'],
  ['plan', 'test', '--github'],
  ['secrets', 'sync', 'test', '--from-here', '--apply'],
  ['db', 'migrate', 'test', '--dry-run'],
  ['cost', '--csv'],
  ['cost', 'whatif', 'test', '--set', 'web.memory=1gb'],
  ['report', 'sign', 'apps'],
  ['rollback', 'test', '--app', 'web', '--to', '1', '--reason', 'a look'],
  ['override', 'test', 'web', '--count', '2', '--for', '2h', '--reason', 'a look'],
  ['override', 'test', 'web', '--end'],
  ['history', 'test', '--app', 'web'],
  ['report', '--list'],
  ['deploy', 'test', '--image', 'web=registry.fly.io/acme-web:v1'],
  ['token', 'add', 'ben', '--role', 'operator'],
];
/** Last, because nothing is as it was afterwards; or on their own. */
const APART: readonly string[] = ['run', 'eject', 'simulator'];
async function commands(form: readonly string[]): Promise<void> {
  const own: Readonly<Record<string, readonly string[]>> = {
    import: ['--folder', join(world.root, 'imported'), '--force'],
    smoke: ['--junit', junit('smoke')],
    preflight: ['--junit', junit('preflight')],
  };
  const lines = everyCommand(makeProgram(), words()).filter(([name = '']) => !APART.includes(name));
  for (const line of [...lines.map((one) => [...one, ...(own[one[0] ?? ''] ?? [])]), ...MORE]) {
    await give(...form, ...line);
    // What was stopped, stays so only for its own line.
    if (line[0] === 'halt') await give(...form, 'halt', '--off', 'test');
  }
  await give(...form, 'run', '--once');
  given.signals.set([...form, 'simulator'].join(' '), AbortSignal.timeout(300));
  await give(...form, 'simulator');
}
const words = (): Readonly<Record<string, string>> => ({ file: join(world.root, 'invoice.csv'), folder: world.root });
const junit = (name: string): string => join(world.root, `${name}.xml`);

const Paths = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });
/** Everything that can be read, and every body that can be sent with something wrong in it. */
async function answers(): Promise<void> {
  const { paths } = Paths.parse(parse(readFileSync('openapi/trimtab.yaml', 'utf8')));
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path: `/api/v1${path.replace('{name}', 'test')}` })),
  );
  const [machine] = simulator.simulator.world.machines.values();
  const names: Readonly<Record<string, string>> = { environment: 'test', app: 'web', number: '1', week: '', machine: machine?.id ?? '' };
  const shown = Object.keys(showByPath).map((path) => path.replaceAll(/:(\w+)/g, (_, name: string) => names[name] ?? name));
  const pages = [...shown.filter((path) => path !== '*'), '/metrics', '/readyz', `/${MARK}`.toLowerCase()];
  for (const { method, path } of [...described, ...pages.map((one) => ({ method: 'GET', path: one }))]) {
    const reads = method === 'GET';
    const body = reads ? {} : { body: `{"environment": 7, "values": {"acme-web": {"PUSHED": ["${MARK}"]}}, "${markedWord('key')}": 1}` };
    const answer = await api(reads ? `${path}?environment=test&app=web` : `${path}?environment=none`, { method, ...body });
    said.note(`${method} ${path}`, `${answer.status} ${await answer.text()}`);
  }
}

describe('marked values', () => {
  test('were where they belong: on the platform, in the address that was connected to, and on a page', () => {
    const names = [...simulator.simulator.world.secrets.values()].map(({ name }) => name).sort();
    expect(names).toEqual(['FROM_DOTENV', 'FROM_ENV', 'FROM_EXEC', 'FROM_MOUNT', 'FROM_SOPS', 'PLAIN', 'PUSHED']);
    expect(text('stdout')).toContain('migrated: db/0001_notes.up.sql');
    expect(text('stdout during --output json smoke')).toContain('status 500, expected 2xx');
  });
  test('were there while every command of the program ran, as text and as JSON', () => {
    const lines = everyCommand(makeProgram(), words()).map((line) => line.join(' '));
    expect(lines.length).toBeGreaterThan(40);
    const silent = lines.flatMap((line) => {
      const forms = APART.some((name) => line.startsWith(name)) ? [line] : [line, `--output json ${line}`];
      return forms.filter((one) => ![...exits.keys()].some((given) => given.startsWith(one)) || spoken(one) === '');
    });
    expect(silent).toEqual([]);
  });
  test('are in nothing that was said or answered: output, logs, errors, API, pages, metrics', () => {
    expect(said.all.filter(({ where }) => !/^(table|file) /.test(where)).length).toBeGreaterThan(250);
    expect(said.leaks()).toEqual([]);
  });
  test('are in no table and no file: there were many of both, and a release that failed among them', () => {
    const tables = said.all.filter(({ where, text: row }) => where.startsWith('table ') && row !== '').map(({ where }) => where.slice(6));
    for (const name of ['trimtab_apps', 'trimtab_audit', 'trimtab_intents', 'trimtab_releases', 'trimtab_revisions', 'trimtab_secrets'])
      expect(tables).toContain(`public.${name}`);
    expect(text('table public.trimtab_releases')).toContain('v2-crash');
    for (const name of ['summary.md', 'smoke.xml', 'preflight.xml', 'imported/desired-state/test/environment.yaml'])
      expect(text(`file ${name}`), name).not.toBe('');
  });
});
const text = (where: string): string => said.all.flatMap((one) => (one.where.startsWith(where) ? [one.text] : [])).join('');
/** What the command itself said, without the controller's log lines between. */
const spoken = (line: string): string =>
  said.all
    .filter(({ where }) => where.startsWith(`stdout during ${line}`) || where.startsWith(`stderr during ${line}`))
    .map((one) => one.text)
    .filter((one) => !one.startsWith('{"level"') || line === 'run')
    .join('');
