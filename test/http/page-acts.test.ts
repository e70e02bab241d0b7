/** What operators do on the pages, carried through by a real controller: approved as it was seen, paused, taken back, and written down. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditedOperator } from '#engine/audited.ts';
import { makeHttp } from '#http/controller.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { operatorOf } from '#test/support/operator.ts';
import { pagesOf } from '#test/support/people.ts';
import { oneApp } from '#test/support/worlds.ts';

const ORIGIN = 'http://trimtab.test';
const signal = AbortSignal.timeout(120_000);
let harness: Harness;
let http: ReturnType<typeof makeHttp>;
let cookie = '';
beforeAll(async () => {
  harness = await makeHarness({ files: oneApp({ mode: 'manual' }), seed: 'page-acts' });
  await harness.pass(30);
  const pages = pagesOf(harness);
  http = makeHttp({
    operator: auditedOperator(operatorOf(harness), { store: harness.store, clock: harness.clock }),
    metrics: async function* () {
      yield '';
    },
    metricsType: 'text/plain',
    notReady: () => null,
    token: 'of the commands',
    version: '1.2.3',
    now: () => harness.clock.now(),
    webhook: { secret: null, branches: null, onPush: () => undefined },
    ...pages,
  });
  const added = await pages.people.add('ann', 'operator', signal);
  if (!added.ok || added.value === null) throw new Error('no token');
  const opened = await send('/login', { token: added.value });
  cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
}, 60_000);
afterAll(() => harness.stop());
/** The controller's world stands still until its clock is told to go on. */
async function during<T>(asking: T | Promise<T>): Promise<T> {
  await harness.pass(2);
  return asking;
}
const get = async (path: string): Promise<string> => (await during(http.request(`${ORIGIN}${path}`, { headers: { cookie } }))).text();
const send = (path: string, fields: Readonly<Record<string, string>>) =>
  during(
    http.request(`${ORIGIN}${path}`, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN, cookie },
    }),
  );
const valueIn = (page: string, name: string): string => new RegExp(`name="${name}" value="([^"]+)"`).exec(page)?.[1] ?? '';
const act = async (name: string, fields: Readonly<Record<string, string>>) =>
  send(`/act/${name}`, { csrf: valueIn(await get('/environments/test'), 'csrf'), ...fields });
const images = () => harness.machines('acme-web').map(({ config }) => config.image?.split('@')[0]);
const commit = (from: string, to: string): void => {
  const path = 'desired-state/test/web.yaml';
  harness.files.set(path, harness.files.get(path)?.replace(from, to) ?? '');
};

test('a plan is approved as it was seen; one that was seen before another commit is refused', async () => {
  const first = await get('/environments/test/plan');
  const seen = valueIn(first, 'plan');
  expect(seen).toMatch(/^[0-9a-f]{16,}$/);
  expect(first).toContain(`<code>${seen}</code>`);
  commit(':v1', ':v2');
  await harness.pass(30);
  const before = harness.writes();
  const stale = await act('approve', { environment: 'test', plan: seen });
  expect([stale.status, (await stale.text()).includes('PLAN_NOT_CURRENT')]).toEqual([409, true]);
  await harness.pass(60);
  expect(harness.writes()).toBe(before);
  const now = valueIn(await get('/environments/test/plan'), 'plan');
  expect(now).not.toBe(seen);
  expect((await act('approve', { environment: 'test', plan: now })).status).toBe(303);
  await harness.pass(120);
  expect(images()).toEqual(['registry.fly.io/acme-web:v2', 'registry.fly.io/acme-web:v2']);
});
test('the history shows who and what; a way back goes through, with its reason', async () => {
  commit(':v2', ':v3');
  await harness.pass(30);
  expect((await act('approve', { environment: 'test', plan: valueIn(await get('/environments/test/plan'), 'plan') })).status).toBe(303);
  await harness.pass(120);
  expect(images()).toEqual(['registry.fly.io/acme-web:v3', 'registry.fly.io/acme-web:v3']);
  const history = await get('/environments/test/releases');
  const older = [...history.matchAll(/name="to" value="(#\d+)"/g)].map(([, number = '']) => number);
  expect(older.length).toBeGreaterThan(0);
  expect((await act('rollback', { environment: 'test', to: older[0] ?? '', app: '', reason: 'v3 loses orders' })).status).toBe(303);
  await harness.pass(180);
  expect(images()).toEqual(['registry.fly.io/acme-web:v2', 'registry.fly.io/acme-web:v2']);
  const page = await get('/environments/test');
  expect(page).toContain('rollback');
  expect(page).toContain('v3 loses orders');
});
test('a pause holds what comes, says until when and why, and ends', async () => {
  expect((await act('pause', { environment: 'test', hours: '4', reason: 'a freeze' })).status).toBe(303);
  expect(await get('/environments/test')).toMatch(/Releases are paused<\/b> until [\s\S]*a freeze/);
  expect((await act('resume', { environment: 'test' })).status).toBe(303);
  expect(await get('/environments/test')).not.toContain('Releases are paused');
});
test('a halt and its end are by name in the audit, like everything else', async () => {
  expect((await act('halt', { scope: 'test', reason: 'an incident' })).status).toBe(303);
  expect((await act('unhalt', { scope: 'test' })).status).toBe(303);
  const rows = await harness.store.audit('test', null, 100, signal);
  if (!rows.ok) throw new Error(rows.error.message);
  const said = rows.value.filter(({ actor }) => actor === 'ann').map(({ what, why }) => `${what}: ${why}`);
  for (const row of [
    'approve: asked by a person',
    'rollback web: v3 loses orders',
    'pause: a freeze',
    'halt: an incident',
    'unhalt: asked by a person',
  ])
    expect(said).toContain(row);
});
