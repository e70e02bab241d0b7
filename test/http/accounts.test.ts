/** The routes about money and weeks, spoken by the client that commands use: what comes over the wire is what the operator says, and what is wrong is
 *  refused with what to do. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRemoteOperator } from '#cli/remote.ts';
import { CHECKLIST } from '#domain/checklist.ts';
import { instant, microUsd } from '#domain/units.ts';
import { auditedOperator } from '#engine/audited.ts';
import type { Operator } from '#engine/operator.ts';
import { makeHttp } from '#http/controller.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { operatorOf } from '#test/support/operator.ts';
import { pagesOf } from '#test/support/people.ts';
import { deployByHand, oneApp } from '#test/support/worlds.ts';

const TOKEN = 'the-token-of-this-controller';
const signal = AbortSignal.timeout(60_000);
const DAY_S = 86_400;
const DOLLAR = 1_000_000;
const BUDGET = `apiVersion: trimtab.dev/v1alpha1
kind: Budget
metadata: { name: everything }
spec: { scope: { organization: acme }, monthly: { amount: 100 } }
`;
let harness: Harness;
let local: Operator;
let remote: Operator;
const httpOf = () =>
  makeHttp({
    operator: local,
    metrics: async function* () {
      yield '';
    },
    metricsType: 'text/plain',
    notReady: () => null,
    token: TOKEN,
    version: '1.2.3',
    now: () => harness.clock.now(),
    webhook: { secret: null, branches: null, onPush: () => undefined },
    ...pagesOf(harness),
  });
beforeAll(async () => {
  const files = { ...oneApp({ mode: 'observe' }), 'desired-state/test/budget.yaml': BUDGET };
  harness = await makeHarness({ files, seed: 'accounts', start: false });
  await deployByHand(harness, 'acme-web', 2);
  await harness.pass(16 * DAY_S);
  await harness.restart();
  await harness.pass(120);
  local = auditedOperator(operatorOf(harness), { store: harness.store, clock: harness.clock });
  const http = httpOf();
  remote = makeRemoteOperator({ url: 'http://controller.test', token: TOKEN, fetch: async (request) => http.fetch(request) });
}, 60_000);
afterAll(() => harness.stop());
/** As it arrives: JSON knows no `undefined`. */
const wire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
type Asked = (operator: Operator) => Promise<{ readonly ok: boolean; readonly value?: unknown }>;
const READS: readonly { readonly what: string; readonly ask: Asked; readonly has: RegExp }[] = [
  { what: 'cost', ask: (one) => one.cost({ environment: null, month: null }, signal), has: /"summary":\{"organization":"acme"/ },
  { what: 'cost of a month that was', ask: (one) => one.cost({ environment: 'test', month: '2026-09' }, signal), has: /"month":"2026-09"/ },
  { what: 'days', ask: (one) => one.costDays({ environment: null, month: null }, signal), has: /"day":"2026-10-02","amount":\d/ },
  {
    what: 'days of an environment',
    ask: (one) => one.costDays({ environment: 'test', month: '2026-10' }, signal),
    has: /"app":"acme-web"/,
  },
  { what: 'advice', ask: (one) => one.advise(null, signal), has: /^\[/ },
  { what: 'what if', ask: (one) => one.whatIf('test', ['web.memory=1gb'], signal), has: /"expectedPerHour"/ },
  { what: 'this week', ask: (one) => one.weekRecord(null, signal), has: /"item":"restore-point"/ },
  { what: 'weeks', ask: (one) => one.weekRecords(signal), has: /^\[/ },
];
test.each(READS)('$what is the same over the wire', async ({ ask, has }) => {
  const [here, there] = [await ask(local), await ask(remote)];
  expect(here.ok).toBe(true);
  expect(there).toEqual({ ok: true, value: wire(here.value) });
  expect(JSON.stringify(there.value)).toMatch(has);
});
test('the days add up to the month, and none of them is told before it came', async () => {
  const [days, cost] = [
    await remote.costDays({ environment: null, month: null }, signal),
    await remote.cost({ environment: null, month: null }, signal),
  ];
  if (!days.ok || !cost.ok) throw new Error('not answered');
  const sum = days.value.reduce((total, { amount }) => total + amount, 0);
  const month = cost.value.flatMap(({ entries }) => entries).reduce((total, { amount }) => total + amount, 0);
  // Every day is rounded once per line.
  expect(Math.abs(sum - month)).toBeLessThan(200);
  expect(sum).toBeGreaterThan(DOLLAR);
  const today = new Date(harness.clock.now()).toISOString().slice(0, 10);
  expect(days.value.at(-1)?.day).toBe(today);
  for (const { amount, apps } of days.value) expect(apps.reduce((total, one) => total + one.amount, 0)).toBe(amount);
});
test('days of a month that is over and of one that has not begun', async () => {
  const past = await remote.costDays({ environment: null, month: '2026-02' }, signal);
  if (!past.ok) throw new Error(past.error.message);
  expect([past.value.length, past.value.every(({ amount }) => amount === 0)]).toEqual([28, true]);
  expect(await remote.costDays({ environment: null, month: '2027-01' }, signal)).toEqual({ ok: true, value: [] });
});
test('a line that no API tells is entered, counted in its days, and taken away', async () => {
  const line = { label: 'Support plan', amount: microUsd(29 * DOLLAR), monthly: true, note: 'by the year', by: 'ann', to: null };
  const added = await remote.addCostLine({ ...line, from: instant(Date.UTC(2026, 8, 1)) }, signal);
  expect(added).toMatchObject({ ok: true, value: { id: 'support-plan', by: 'ann' } });
  const cost = await remote.cost({ environment: null, month: null }, signal);
  if (!cost.ok) throw new Error(cost.error.message);
  expect(cost.value[0]?.lines).toMatchObject([{ label: 'Support plan', note: 'by the year' }]);
  expect(cost.value[0]?.entries.some(({ item, amount }) => item === 'fee' && amount > 0)).toBe(true);
  expect(await remote.removeCostLine('support-plan', signal)).toEqual({ ok: true, value: undefined });
  expect(await remote.removeCostLine('support-plan', signal)).toMatchObject({ ok: false, error: { code: 'REQUEST_INVALID' } });
});
test('what the dashboard shows is kept with its gap', async () => {
  const kept = await remote.actual(microUsd(43_100_000), null, 'ann', signal);
  expect(kept).toMatchObject({ ok: true, value: { amount: 43_100_000, by: 'ann', gap: expect.any(Number) } });
});
test('a budget is seen by name, and that stands in the audit', async () => {
  expect(await remote.ackBudget('everything', 'ann', signal)).toMatchObject({
    ok: true,
    value: { name: 'everything', state: { ackedBy: 'ann' } },
  });
  expect(await remote.ackBudget('nothing', 'ann', signal)).toMatchObject({ ok: false, error: { code: 'REQUEST_INVALID' } });
  const rows = await harness.store.audit('*', null, 10, signal);
  if (!rows.ok) throw new Error(rows.error.message);
  const acked = rows.value.filter(({ what }) => what.startsWith('budget ack'));
  expect(acked.map(({ actor, what, result }) => `${actor} ${what}: ${result}`).sort()).toEqual([
    'ann budget ack everything: done',
    'ann budget ack nothing: REQUEST_INVALID: there is no budget nothing',
  ]);
});
test('a week is signed item by item, and nothing else is', async () => {
  const signed = await remote.signWeek(null, 'restore-point', 'seen in the project', 'ann', signal);
  if (!signed.ok) throw new Error(signed.error.message);
  expect(signed.value.checklist.map(({ item }) => item)).toEqual([...CHECKLIST]);
  expect(signed.value.checklist.filter((one) => one.signed !== null)).toMatchObject([
    { item: 'restore-point', signed: { by: 'ann', note: 'seen in the project' } },
  ]);
});
describe('what makes no sense is refused, and nothing is done', () => {
  test.each([
    { method: 'GET', path: 'cost?month=2026-13', status: 400, said: '2026-13 is not a month' },
    { method: 'GET', path: 'cost/days?month=soon', status: 400, said: 'soon is not a month' },
    { method: 'GET', path: 'cost?environment=tets', status: 404, said: 'known: test' },
    { method: 'GET', path: 'cost/whatif?set=nobody.memory=1gb', status: 400, said: 'no environment has the app nobody' },
    { method: 'GET', path: 'weeks/record?week=2026-10-01', status: 400, said: 'that week begins on' },
    { method: 'GET', path: 'weeks/record?week=2030-01-07', status: 400, said: 'has not begun' },
    { method: 'POST', path: 'cost/lines?label=x&amount=1.5&from=0', status: 400, said: 'whole numbers' },
    { method: 'POST', path: 'cost/lines?label=x&amount=1', status: 400, said: 'whole numbers' },
    { method: 'POST', path: 'cost/lines?label=x&amount=1&from=10&to=5', status: 400, said: 'end before it begins' },
    { method: 'POST', path: 'cost/actual?amount=much', status: 400, said: 'whole number of micro-dollars' },
    { method: 'POST', path: 'cost/actual?amount=1&organization=nobody', status: 400, said: 'which organization' },
    { method: 'POST', path: 'weeks/sign?item=nothing', status: 400, said: 'there is no item nothing' },
  ])('$method $path', async ({ method, path, status, said }) => {
    const before = await harness.store.documents('line', 10, signal);
    const answer = await httpOf().request(`/api/v1/${path}`, { method, headers: { authorization: `Bearer ${TOKEN}` } });
    const text = await answer.text();
    expect([answer.status, text.includes(said)], text).toEqual([status, true]);
    expect(JSON.parse(text)).toMatchObject({ error: { code: expect.any(String), remedy: expect.any(String) } });
    expect(await harness.store.documents('line', 10, signal)).toEqual(before);
  });
  test.each(['cost/lines', 'cost/lines/remove', 'cost/actual', 'cost/ack', 'weeks/sign'])('POST %s needs the token', async (path) => {
    expect((await httpOf().request(`/api/v1/${path}`, { method: 'POST' })).status).toBe(401);
  });
});
test('a controller of another version is told apart', async () => {
  const other = makeRemoteOperator({ url: 'http://old.test', token: TOKEN, fetch: () => Promise.resolve(Response.json([{ name: 'x' }])) });
  expect(await other.costDays({ environment: null, month: null }, signal)).toMatchObject({ ok: false, error: { code: 'FLY_BAD_REPLY' } });
});
