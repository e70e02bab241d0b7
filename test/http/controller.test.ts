/** The controller's surface: every route, who may write, what is refused, and what a page shows. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failure } from '#domain/errors.ts';
import { err } from '#domain/result.ts';
import type { Operator } from '#engine/operator.ts';
import { type HttpDeps, makeHttp } from '#http/controller.ts';
import { only, updateByHand, withEnv } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { pagesOf } from '#test/support/people.ts';
import { oneApp } from '#test/support/worlds.ts';

const TOKEN = 'the-token-of-this-controller';
let harness: Harness;
let operator: Operator;
const httpFor = (over: Partial<HttpDeps> = {}) =>
  makeHttp({
    operator,
    metrics: async function* () {
      yield 'trimtab_build_info{version="1.2.3"} 1\n';
      yield 'trimtab_other 2\n';
    },
    metricsType: 'text/plain; version=0.0.4',
    notReady: () => null,
    token: TOKEN,
    version: '1.2.3',
    now: () => harness.clock.now(),
    webhook: { secret: null, branches: null, onPush: () => undefined },
    ...pagesOf(harness),
    ...over,
  });
interface Asked {
  readonly method?: string;
  readonly token?: string;
  readonly http?: ReturnType<typeof httpFor>;
}
async function ask(path: string, { method = 'GET', token, http = httpFor() }: Asked = {}) {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  // The controller's world stands still until its clock is told to go on.
  const answering = http.request(path, { method, headers });
  await harness.pass(2);
  const answer = await answering;
  const text = await answer.text();
  const json: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : null;
  return { status: answer.status, text, json, headers: answer.headers };
}
const write = (path: string, over: Asked = {}) => ask(path, { method: 'POST', token: TOKEN, ...over });

beforeAll(async () => {
  harness = await makeHarness({ files: oneApp() });
  await harness.untilSettled();
  operator = harness.operator();
});
afterAll(() => harness.stop());

describe('looking needs no token', () => {
  test.each([
    { path: '/healthz', said: /^ok\n$/, type: /text\/plain/ },
    { path: '/readyz', said: /^ready\n$/, type: /text\/plain/ },
    { path: '/metrics', said: /^trimtab_build_info\{version="1\.2\.3"\} 1$/m, type: /text\/plain; version=0\.0\.4/ },
    { path: '/', said: /All as git says[\s\S]*acme-web/, type: /text\/html/ },
    { path: '/api/v1/environments', said: /"name":"test"/, type: /application\/json/ },
    { path: '/api/v1/environments/test', said: /^\{"name":"test"/, type: /application\/json/ },
    { path: '/api/v1/plan', said: /"app":"acme-web"/, type: /application\/json/ },
    { path: '/api/v1/plan?environment=test&app=web', said: /"app":"acme-web"/, type: /application\/json/ },
    { path: '/api/v1/audit?limit=4', said: /release 1/, type: /application\/json/ },
  ])('$path', async ({ path, said, type }) => {
    const answer = await ask(path);
    expect(answer).toMatchObject({ status: 200, text: expect.stringMatching(said) });
    expect(answer.headers.get('content-type')).toMatch(type);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });
  test('what is ready says why it is not', async () => {
    const answer = await ask('/readyz', { http: httpFor({ notReady: () => 'the state database does not answer' }) });
    expect(answer).toMatchObject({ status: 503, text: 'not ready: the state database does not answer\n' });
    expect((await ask('/healthz', { http: httpFor({ notReady: () => 'anything' }) })).status).toBe(200);
  });
});
const WRITES = ['approve', 'refresh', 'halt', 'unhalt', 'eject', 'preflight', 'smoke'] as const;
describe('writing needs the token', () => {
  test.each(WRITES)('POST /api/v1/%s', async (name) => {
    const before = harness.writes();
    for (const token of [undefined, '', 'wrong', `${TOKEN}x`]) {
      const answer = await ask(`/api/v1/${name}`, { method: 'POST', ...(token === undefined ? {} : { token }) });
      expect(answer).toMatchObject({
        status: 401,
        json: { error: { code: 'UNAUTHORIZED', remedy: expect.stringContaining('holder.json') } },
      });
      expect(answer.text).not.toContain(TOKEN);
    }
    expect(harness.writes()).toBe(before);
  });
  test('reading secrets needs it too: their sources are asked', async () => {
    expect((await ask('/api/v1/secrets')).status).toBe(401);
    expect((await ask('/api/v1/secrets', { token: TOKEN })).status).toBe(200);
  });
});
describe('what makes no sense is refused with what to do', () => {
  test.each([
    { path: '/api/v1/nothing', status: 404, said: 'no such page' },
    { path: '/api/v1/environments/production', status: 404, said: 'known: test' },
    { path: '/api/v1/plan?environment=production', status: 404, said: 'known: test' },
    { path: '/api/v1/plan?app=wbe', status: 404, said: 'there is no app wbe' },
    { path: '/api/v1/audit?limit=many', status: 400, said: 'a whole number from 1 to 1000' },
    { path: '/api/v1/audit?limit=0', status: 400, said: 'a whole number from 1 to 1000' },
    { path: '/api/v1/audit?limit=1001', status: 400, said: 'a whole number from 1 to 1000' },
  ])('GET $path', async ({ path, status, said }) => {
    const answer = await ask(path);
    expect(answer).toMatchObject({
      status,
      text: expect.stringContaining(said),
      json: { error: { code: expect.any(String), message: expect.any(String), remedy: expect.any(String) } },
    });
  });
  test('a page that is not there is a page that says so', async () => {
    expect(await ask('/nothing')).toMatchObject({ status: 404, text: expect.stringContaining('There is no such page.') });
  });
  test.each(['approve?app=wbe', 'eject?app=wbe', 'halt?scope=tets', 'unhalt?scope=tets', 'approve?environment=production'])(
    'POST %s',
    async (path) => {
      const before = harness.writes();
      expect((await write(`/api/v1/${path}`)).status).toBe(404);
      expect(harness.writes()).toBe(before);
    },
  );
  test.each([
    { code: 'STORE_UNAVAILABLE', status: 503 },
    { code: 'SOURCE_UNAVAILABLE', status: 503 },
    { code: 'FLY_UNAUTHORIZED', status: 502 },
    { code: 'HALTED', status: 409 },
    { code: 'DESIRED_INVALID', status: 422 },
    { code: 'STORE_FOREIGN', status: 500 },
  ] as const)('$code is $status, with code and remedy', async ({ code, status }) => {
    const http = httpFor({ operator: { ...operator, plan: () => Promise.resolve(err(failure(code, 'so it is'))) } });
    expect(await ask('/api/v1/plan', { http })).toMatchObject({
      status,
      json: { error: { code, message: 'so it is', remedy: expect.stringMatching(/./) } },
    });
  });
});
test('a halt stops writes, stands on the page, and its end lets what it held be done', async () => {
  expect((await write('/api/v1/halt?scope=test&by=tester&reason=%3Cb%3Ea%20rehearsal%3C/b%3E')).status).toBe(200);
  await updateByHand(harness, only(harness.machines('acme-web')), withEnv({ LOG_LEVEL: 'debug' }));
  const before = harness.writes();
  await harness.pass(90);
  expect(harness.writes()).toBe(before);
  const page = await ask('/');
  expect(page.text).toContain('<b>Writes are stopped:</b> halted by tester: &lt;b&gt;a rehearsal&lt;/b&gt;');
  expect(page.text).toContain('Waits: halted by tester');
  expect((await write('/api/v1/unhalt?scope=test')).status).toBe(200);
  await harness.pass(20);
  await harness.untilSettled();
  expect(harness.machines('acme-web').map(({ config }) => config.env?.['LOG_LEVEL'])).toEqual(['info', 'info']);
});
test('a commit is read at once when it is asked for', async () => {
  harness.files.set('desired-state/test/web.yaml', `${harness.files.get('desired-state/test/web.yaml') ?? ''}  labels_: {}\n`);
  expect((await write('/api/v1/refresh')).status).toBe(200);
  const [environment] = (await ask('/api/v1/environments/test')).text.match(/"valid":false/) ?? [];
  expect(environment).toBe('"valid":false');
  const page = await ask('/');
  expect(page.text).toMatch(/The newest desired state was refused;[\s\S]*<code>desired-state\/test\/web\.yaml:\d+:\d+<\/code>/);
  for (const [path, text] of Object.entries(oneApp())) harness.files.set(path, text);
  await write('/api/v1/refresh');
});
test('an excluded app is shown as excluded, by the page and the API', async () => {
  const files = oneApp({ extra: '  excluded: true\n' });
  for (const [path, text] of Object.entries(files)) harness.files.set(path, text);
  await harness.pass(30);
  expect((await ask('/')).text).toMatch(/<b>web<\/b>[\s\S]*Excluded/);
  expect((await ask('/api/v1/environments')).json).toMatchObject([{ apps: [{ name: 'web', excluded: true }] }]);
  for (const [path, text] of Object.entries(oneApp())) harness.files.set(path, text);
  await harness.pass(60);
});
test('eject takes the stamps off, and stops writes there', async () => {
  const answer = await write('/api/v1/eject?environment=test');
  expect(answer).toMatchObject({ status: 200, json: ['app-nrt-1', 'app-nrt-2'] });
  expect(
    harness
      .machines('acme-web')
      .flatMap(({ config }) => Object.keys(config.metadata ?? {}))
      .filter((key) => key.startsWith('trimtab_')),
  ).toEqual([]);
});
