import { expect, test } from 'vitest';
import type { Event } from '#domain/events.ts';
import { ok } from '#domain/result.ts';
import { whyNoSmoke } from '#domain/smoke.ts';
import { NO_PARTS, type ReleaseParts } from '#engine/release-ports.ts';
import { type Files, type Harness, makeHarness } from '#test/support/harness.ts';
import { FLY_TOML, oneApp } from '#test/support/worlds.ts';

const budget = (amount: number, act: string): string => `apiVersion: trimtab.dev/v1alpha1
kind: Budget
metadata: { name: all }
spec:
  scope: { organization: acme }
  monthly: { amount: ${amount} }
  acts:
    - { on: critical, in: test, do: ${act} }
`;
const OWNERS = '  owners: [ { name: ann, slack: U1 } ]\n';
const world = (amount: number, act: string, more: Parameters<typeof oneApp>[0] = {}): Files => ({
  ...oneApp({ ...more, env: OWNERS }),
  'desired-state/test/budget.yaml': budget(amount, act),
});
const told = (harness: Harness, type: Event['type']): readonly Event[] => harness.events.filter((event) => event.type === type);
const overridden = (harness: Harness) => harness.status('acme-web')?.conditions.find(({ type }) => type === 'Overridden');

test('a budget that the month will not keep is told by name, and acts; what it did ends with its line in git', async () => {
  // Two machines of 256 MB in nrt: $5.09 a month.
  const harness = await makeHarness({ files: world(4, '{ suspend: [web] }'), seed: 'budget' });
  await harness.untilSettled();
  await harness.pass(300);
  expect(told(harness, 'BudgetCrossed')[0]).toMatchObject({
    budget: 'all',
    news: 'crossed',
    level: 'critical',
    owners: [{ name: 'ann', slack: 'U1' }],
  });
  expect(told(harness, 'BudgetActed')).toMatchObject([{ environment: 'test', act: 'suspended web', begins: true }]);
  expect(harness.machines('acme-web').map(({ state }) => state)).toEqual(['stopped', 'stopped']);
  expect(overridden(harness)).toMatchObject({ status: 'true', reason: 'BudgetAct' });
  expect(overridden(harness)?.message).toContain('suspended web by budget all');
  expect(harness.status('acme-web')).toMatchObject({ sync: 'Synced', health: 'Healthy' });
  // What rests costs so little that the forecast falls: the act goes on all the same, and over a restart.
  expect(told(harness, 'BudgetCrossed').at(-1)).toMatchObject({ news: 'cleared' });
  await harness.restart();
  await harness.pass(300);
  expect(told(harness, 'BudgetCrossed')).toHaveLength(2);
  expect(harness.machines('acme-web').map(({ state }) => state)).toEqual(['stopped', 'stopped']);
  harness.files.set('desired-state/test/budget.yaml', budget(4, '{ skipSmoke: true }'));
  await harness.pass(120);
  await harness.untilSettled();
  expect(harness.machines('acme-web').map(({ state }) => state)).toEqual(['started', 'started']);
  expect(overridden(harness)?.status).toBe('false');
  await harness.stop();
});
test('again after half an hour when nobody said that they saw it; a restart tells nothing twice', async () => {
  const harness = await makeHarness({ files: world(4, '{ skipSmoke: true }'), seed: 'budget-remind' });
  await harness.untilSettled();
  await harness.pass(600);
  await harness.restart();
  await harness.pass(1_500);
  expect(told(harness, 'BudgetCrossed').map((event) => ('news' in event ? event.news : ''))).toEqual(['crossed', 'reminder']);
  await harness.stop();
});
test('who saw it is not told again', async () => {
  const harness = await makeHarness({ files: world(4, '{ skipSmoke: true }'), seed: 'budget-ack' });
  await harness.untilSettled();
  await harness.pass(180);
  const { budgets } = harness.controller().money;
  expect(await budgets.ack('all', 'ann', AbortSignal.timeout(1_000))).toMatchObject({ ok: true, value: { state: { ackedBy: 'ann' } } });
  expect(await budgets.ack('none', 'ann', AbortSignal.timeout(1_000))).toMatchObject({ ok: false, error: { code: 'REQUEST_INVALID' } });
  await harness.pass(2_400);
  expect(told(harness, 'BudgetCrossed')).toHaveLength(1);
  expect(budgets.releaseActs('test')).toEqual({ interval: null, skipMigrations: false, skipSmoke: true });
  await harness.stop();
});
test('under protection the last machine that serves stays', async () => {
  const harness = await makeHarness({ files: world(4, '{ suspend: [web] }', { protection: 'production' }), seed: 'budget-production' });
  await harness.untilSettled();
  await harness.pass(300);
  expect(
    harness
      .machines('acme-web')
      .map(({ state }) => state)
      .sort(),
  ).toEqual(['started', 'stopped']);
  await harness.stop();
});
test('while a budget asks for it a release of counts alone is not smoked, and one of an image is', async () => {
  const smoked: string[] = [];
  const smoke: NonNullable<ReleaseParts['smoke']> = ({ environment, changed }) => {
    const why = whyNoSmoke(environment, changed);
    smoked.push(why ?? 'asked');
    return Promise.resolve(ok({ items: [] }));
  };
  const env = `${OWNERS}  smoke: { run: always, checks: [ { http: "https://example.com/healthz" } ] }\n`;
  const files = (more: Parameters<typeof oneApp>[0], act = '{ skipSmoke: true }'): Files => ({
    ...oneApp({ ...more, env }),
    'desired-state/test/budget.yaml': budget(4, act),
  });
  const harness = await makeHarness({ files: files({}), seed: 'budget-smoke', parts: { ...NO_PARTS, smoke } });
  const commit = async (next: Files): Promise<void> => {
    for (const [path, text] of Object.entries(next)) harness.files.set(path, text);
    await harness.pass(40);
    await harness.untilSettled();
  };
  await harness.untilSettled();
  await harness.pass(300);
  expect(smoked).toEqual(['asked']);
  await commit(files({ machines: '{ nrt: 3 }' }));
  expect(smoked.slice(1)).toEqual(['only counts, addresses and certificates were changed']);
  await commit(files({ machines: '{ nrt: 3 }', image: 'registry.fly.io/acme-web:v2' }));
  expect(smoked.slice(2)).toEqual(['asked']);
  // Without the act `always` means always.
  await commit(files({ machines: '{ nrt: 2 }', image: 'registry.fly.io/acme-web:v2' }, '{ skipMigrations: true }'));
  expect(smoked.slice(3)).toEqual(['asked']);
  await harness.stop();
});
test('a lower floor is written into the services, and taken back', async () => {
  const toml = FLY_TOML.replace('auto_stop_machines = "off"', 'auto_stop_machines = "stop"\n  min_machines_running = 2');
  const harness = await makeHarness({ files: world(4_000, '{ minMachinesRunning: 0 }', { toml }), seed: 'budget-floor' });
  await harness.untilSettled();
  const floor = () => harness.machines('acme-web').map(({ config }) => config.services?.[0]?.min_machines_running);
  expect(floor()).toEqual([2, 2]);
  harness.files.set('desired-state/test/budget.yaml', budget(4, '{ minMachinesRunning: 0 }'));
  await harness.pass(300);
  expect(floor()).toEqual([0, 0]);
  harness.files.set('desired-state/test/budget.yaml', budget(4, '{ skipSmoke: true }'));
  await harness.pass(300);
  expect(floor()).toEqual([2, 2]);
  await harness.stop();
});
test('automatic revisions come at most once in the interval, the newest of them', async () => {
  const harness = await makeHarness({ files: world(4, '{ throttleReleases: { interval: 30m } }'), seed: 'budget-throttle' });
  await harness.untilSettled();
  await harness.pass(300);
  const memory = () => harness.machines('acme-web').map(({ config }) => config.guest?.memory_mb);
  const commit = (size: string) =>
    harness.files.set('desired-state/test/web.yaml', world(4, '', { memory: size })['desired-state/test/web.yaml'] ?? '');
  commit('512mb');
  await harness.pass(120);
  commit('1gb');
  await harness.pass(1_200);
  expect(memory()).toEqual([256, 256]);
  await harness.pass(400);
  await harness.untilSettled();
  expect(memory()).toEqual([1_024, 1_024]);
  await harness.stop();
});
