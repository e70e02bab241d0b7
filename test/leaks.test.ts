/** No value of a secret comes out anywhere: every source, every command, a release, a rotation, a drift, faults and a crash with marked values,
 *  then everything that was said, answered or stored is searched for them, plain and encoded. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { apply, eject, explain, halt, plan, status } from '#cli/commands.ts';
import type { CliContext, ExitCode } from '#cli/context.ts';
import { makeRemoteOperator } from '#cli/remote.ts';
import { secretsStatus, secretsSync } from '#cli/secrets.ts';
import type { Event } from '#domain/events.ts';
import { ok } from '#domain/result.ts';
import { makeHttp } from '#http/controller.ts';
import { type Database, openPglite } from '#platform/store/db.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import { migrate } from '#platform/store/migrate.ts';
import type { Store } from '#platform/store/port.ts';
import { makeSqlStore } from '#platform/store/sql.ts';
import { eventToLine } from '#telemetry/log.ts';
import { makeLogger } from '#telemetry/logger.ts';
import { makeMetrics } from '#telemetry/metrics.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { type MarkedWorld, makeMarkedWorld } from '#test/support/marked-world.ts';
import { found, MARK, makeSaid, marked } from '#test/support/marks.ts';
import { operatorOf } from '#test/support/operator.ts';
import { pagesOf } from '#test/support/people.ts';
import { setByHand, withSecrets } from '#test/support/secret-world.ts';

/** What was said, by where. */
const { all: said, note, leaks } = makeSaid();
const ALL = { environment: null, app: null };
let database: Database;
let harness: Harness;
let world: MarkedWorld;

/** Every write goes into memory, which answers, and in the same order into the database, whose tables are read in the end. */
function doubled(first: Store, writes: (() => Promise<unknown>)[], second: Store): Store {
  return new Proxy(first, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      const other: unknown = Reflect.get(second, name);
      if (typeof method !== 'function' || typeof other !== 'function' || name === 'close') return method;
      return (...given: unknown[]) => {
        const kept = structuredClone(given.map((one) => (one instanceof AbortSignal ? null : one)));
        writes.push(() => Reflect.apply(other, second, kept));
        return Reflect.apply(method, target, given);
      };
    },
  });
}
beforeAll(async () => {
  database = await openPglite();
  const migrated = await migrate(database);
  if (!migrated.ok) throw new Error(migrated.error.message);
  const writes: (() => Promise<unknown>)[] = [];
  world = await makeMarkedWorld();
  const { files, environment, root } = world;
  const store = doubled(makeMemoryStore(), writes, makeSqlStore(database));
  harness = await makeHarness({ files, environment, store, secrets: { root } });
  await life(harness);
  for (const write of writes) await write();
}, 120_000);
afterAll(async () => {
  await harness.stop();
  await database.close();
  rmSync(world.root, { recursive: true, force: true });
});

/** Everything that may happen to secrets. */
async function life(at: Harness): Promise<void> {
  await at.pass(20);
  await command('sync', (context) => secretsSync(context, ALL, { PUSHED: marked('pushed') }, { apply: true, fromHere: false, limitS: 1 }));
  await at.untilSettled();
  at.files.set('desired-state/test/web.yaml', (at.files.get('desired-state/test/web.yaml') ?? '').replace('web:v1', 'web:v2'));
  at.environment['FROM_ENV'] = marked('rotated');
  await at.pass(40);
  await at.untilSettled();
  // What was put right is told when it is seen, with the next whole look. A program among the sources takes real time beside this clock: it may
  // be over before anybody looked.
  for (let times = 0; times < 5 && !at.events.some(({ type }) => type === 'DriftCorrected'); times++) {
    await setByHand(at, { FROM_MOUNT: marked(`hand ${times}`), UNKNOWN: marked('unknown') });
    await at.pass(70);
    if (times === 0) await commands('drifted');
    await at.untilSettled();
    await at.pass(70);
  }
  // A rule that is broken, a program that fails loudly, a file nobody can open.
  const broken = withSecrets({
    FROM_ENV: `{ from: { env: FROM_ENV }, must: { contain: sslmode=require, match: "^[0-9]+$" } }`,
    FROM_EXEC: `{ from: { exec: { command: [sh, -c, "cat manager.json; cat manager.json >&2; exit 7"] } } }`,
    FROM_DOTENV: '{ from: { exec: { command: [cat, .env] } } }',
    FROM_SOPS: '{ from: { sops: { file: secrets.enc.json, key: NONE } } }',
  });
  const good = new Map(at.files);
  for (const [path, text] of Object.entries(broken)) at.files.set(path, text);
  await at.pass(60);
  await commands('broken');
  for (const [path, text] of good) at.files.set(path, text);
  await at.pass(60);
  // The platform breaks off, in every way it has, while a value is on its way.
  for (const kind of [
    'timeoutAfterCommit',
    'badGatewayBeforeCommit',
    'brokenJson',
    'halfAnswer',
    'unknownWords',
    'forbidden',
    'callerDiesAfterCommit',
  ] as const) {
    at.simulator.faults.add({ kind, operation: '=POST /apps/{app_name}/secrets', count: 1 });
    at.environment['FROM_ENV'] = marked(`again ${kind}`);
    await at.pass(60);
    if (kind === 'callerDiesAfterCommit') await at.restart();
    await at.pass(200);
  }
  await at.untilSettled(900);
  // A release with a new value that fails, killed in the middle of its first write, and again on its way back.
  const web = 'desired-state/test/web.yaml';
  for (const image of ['web:v3-crash', 'web:v4']) {
    at.files.set(web, (at.files.get(web) ?? '').replace(/web:v\S+/, image));
    at.environment['FROM_ENV'] = marked(`released with ${image}`);
    const operation = '=POST /apps/{app_name}/machines/{machine_id}';
    at.simulator.faults.add({ kind: 'callerDiesAfterCommit', operation, count: 1 });
    for (let spent = 0; spent < 120 && at.simulator.faults.list().length > 0; spent++) await at.pass(1);
    at.simulator.faults.add({ kind: 'callerDiesAfterCommit', operation, count: 1 });
    await at.restart();
    await at.pass(150);
    await at.restart();
    await commands(`a release of ${image}`);
    at.simulator.faults.clear();
    await at.pass(300);
  }
  await at.untilSettled(900);
  await commands('after faults');
  await command('eject', (context) => eject(context, ALL));
  tellEvents(at);
}
async function commands(when: string): Promise<void> {
  await command(`${when}: plan`, (context) => plan(context, ALL, { markdown: false, github: null }));
  await command(`${when}: plan --markdown`, (context) => plan(context, ALL, { markdown: true, github: null }));
  await command(`${when}: status`, (context) => status(context, ALL));
  await command(`${when}: explain`, (context) => explain(context, { environment: null, app: 'web' }));
  await command(`${when}: secrets status`, (context) => secretsStatus(context, ALL));
  await command(`${when}: secrets sync`, (context) =>
    secretsSync(context, ALL, { FROM_ENV: marked('here'), PUSHED: marked('pushed') }, { apply: false, fromHere: true, limitS: 1 }),
  );
  await command(`${when}: apply`, (context) => apply(context, ALL, 1));
  await command(`${when}: halt`, (context) => halt(context, 'nowhere', false, 'a look'));
  await command(`${when}: halt --off`, (context) => halt(context, 'nowhere', true, ''));
  await http(when);
}
/** In text and in JSON, by the API of a controller. */
async function command(where: string, run: (context: CliContext) => Promise<ExitCode>): Promise<void> {
  for (const json of [false, true]) {
    const operator = makeRemoteOperator({ url: 'http://controller.test', token: TOKEN, fetch: surfaces().fetch });
    const context: CliContext = {
      clock: harness.clock,
      signal: AbortSignal.timeout(30_000),
      user: 'ann',
      terminal: false,
      json,
      out: (text) => note(`${where} stdout`, text),
      err: (text) => note(`${where} stderr`, text),
      open: () =>
        Promise.resolve(ok({ operator, server: 'http://controller.test', converge: null, look: null, close: () => Promise.resolve() })),
    };
    let code: ExitCode | null = null;
    const running = run(context).then((answer) => {
      code = answer;
    });
    for (let spent = 0; spent < 120 && code === null; spent++) await harness.pass(1);
    await running;
    note(`${where} exit`, code);
  }
}
const TOKEN = 'token-of-the-controller';
function surfaces() {
  const statuses = () =>
    harness
      .controller()
      .environments.targets()
      .flatMap(({ environment, app }) => harness.controller().statusOf(environment.name, app.app) ?? []);
  const metrics = makeMetrics('test', {
    statuses,
    environments: () => [],
    queue: () => ({ waiting: 0, active: 0 }),
    monthToDate: () => 0,
    environmentCosts: () => [],
    budgets: () => [],
    noticeQueues: () => [],
    restorePoints: () => [],
    observations: () => [],
    now: () => harness.clock.now(),
  });
  for (const event of harness.events) metrics.tell(event);
  const app = makeHttp({
    operator: operatorOf(harness),
    metrics: metrics.text,
    metricsType: 'text/plain',
    notReady: () => null,
    token: TOKEN,
    version: 'test',
    now: () => harness.clock.now(),
    webhook: { secret: null, branches: null, onPush: () => undefined },
    ...pagesOf(harness),
  });
  return { fetch: async (request: Request) => app.fetch(request) };
}
async function http(when: string): Promise<void> {
  const authorization = `Bearer ${TOKEN}`;
  const ask = async (path: string, body?: string): Promise<void> => {
    const request = new Request(`http://controller.test${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization },
      ...(body === undefined ? {} : { body }),
    });
    const answering = surfaces().fetch(request);
    let answer: Response | null = null;
    const waiting = Promise.resolve(answering).then((given) => {
      answer = given;
    });
    for (let spent = 0; spent < 60 && answer === null; spent++) await harness.pass(1);
    await waiting;
    note(`${when}: ${path}`, await (await answering).text());
  };
  for (const path of [
    '/',
    '/metrics',
    '/api/v1/environments',
    '/api/v1/plan',
    '/api/v1/audit',
    '/api/v1/secrets',
    `/api/v1/${MARK.toLowerCase()}`,
  ])
    await ask(path);
  // Bodies that are not as they should be, and hold values.
  await ask('/api/v1/secrets/sync', `{"apply": false, "by": "x", "values": {"acme-web": {"PUSHED": ["${MARK}"]}}}`);
  await ask('/api/v1/secrets/sync', `not json ${MARK}`);
}
function tellEvents(at: Harness): void {
  const lines: string[] = [];
  const loggers = [true, false].map((terminal) => makeLogger(terminal, { write: (text) => lines.push(text) }));
  for (const event of at.events) {
    note(`event ${event.type}`, event);
    const line = eventToLine(event);
    if (line !== null) for (const log of loggers) log(line, at.clock.now());
  }
  note('log', lines.join(''));
}

describe('marked values', () => {
  test('were all there: every source was read, and the platform has what they gave', () => {
    const names = [...harness.simulator.world.secrets.values()].map(({ name }) => name).sort();
    expect(names).toEqual(['FROM_DOTENV', 'FROM_ENV', 'FROM_EXEC', 'FROM_MOUNT', 'FROM_SOPS', 'PLAIN', 'PUSHED', 'UNKNOWN']);
  });
  test('are in nothing that was said: commands, API, page, metrics, logs, events', () => {
    expect(said.length).toBeGreaterThan(90);
    expect(leaks()).toEqual([]);
  });
  test('are in no table of the database', async () => {
    const Names = z.array(z.object({ table_name: z.string() }));
    const tables = Names.parse(
      await database.query(`select table_name from information_schema.tables where table_schema = 'public' order by 1`, []),
    );
    const rows: Record<string, number> = {};
    for (const { table_name: table } of tables) {
      const texts = z
        .array(z.object({ row: z.string() }))
        .parse(await database.query(`select row_to_json(t)::text as row from ${table} t`, []));
      rows[table] = texts.length;
      expect(
        texts.filter(({ row }) => found(row).length > 0),
        table,
      ).toEqual([]);
    }
    // The search means something only where there is something to search.
    for (const table of ['trimtab_apps', 'trimtab_audit', 'trimtab_intents', 'trimtab_revisions', 'trimtab_secrets'])
      expect(rows[table], table).toBeGreaterThan(0);
  });
  test('were told of by many kinds of events', () => {
    const types = new Set(harness.events.map(({ type }: Event) => type));
    for (const type of [
      'ReleaseEnded',
      'StepFinished',
      'DriftSeen',
      'DriftCorrected',
      'AppStatusChanged',
      'IntentRecovered',
      'RevisionAccepted',
    ] as const)
      expect(types).toContain(type);
  });
});
