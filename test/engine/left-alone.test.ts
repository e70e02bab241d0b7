/** Apps that are left alone: excluded on purpose, or gone with everything that was theirs. */
import { expect, test } from 'vitest';
import { only, updateByHand, withEnv, withMemory } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp, type WorldOptions } from '#test/support/worlds.ts';

const APP = 'acme-web';
const WEB = 'desired-state/test/web.yaml';
const SIGNAL = new AbortController().signal;
const settled = async (options: WorldOptions = {}): Promise<Harness> => {
  const harness = await makeHarness({ files: oneApp(options) });
  await harness.untilSettled();
  return harness;
};
const exclude = (harness: Harness, excluded: boolean): void =>
  void harness.files.set(WEB, oneApp({ extra: `  excluded: ${excluded}\n` })[WEB] ?? '');
const requestsOf = (harness: Harness): number =>
  [...harness.simulator.world.counters.byRoute].reduce((sum, [route, count]) => (route.includes('{app_name}') ? sum + count : sum), 0);
const machines = (harness: Harness) => harness.machines(APP).map(({ name, instanceId, state }) => ({ name, instanceId, state }));

test('an excluded app is not read, not compared and not touched, and is shown as excluded', async () => {
  const harness = await settled();
  exclude(harness, true);
  await harness.pass(30);
  expect(harness.status(APP)).toMatchObject({ excluded: true, groups: [], costLines: [], drifts: [], pending: [] });
  expect(harness.status(APP)?.conditions[0]).toMatchObject({ type: 'Ready', status: 'unknown', reason: 'Excluded' });
  const before = { requests: requestsOf(harness), writes: harness.writes() };
  await updateByHand(harness, only(harness.machines(APP)), withMemory(512));
  const byHand = { requests: requestsOf(harness), writes: harness.writes() };
  await harness.pass(600);
  expect({ requests: requestsOf(harness), writes: harness.writes() }).toEqual(byHand);
  expect(byHand.writes).toBe(before.writes + 1);
  expect(harness.status(APP)?.excluded).toBe(true);
  const plan = await harness.controller().preview(`app/test/${APP}`, SIGNAL);
  expect(plan).toMatchObject({ ok: true, value: { plan: { waves: [], held: [], drifts: [] } } });
  expect(requestsOf(harness)).toBe(byHand.requests);
  await harness.stop();
});
test('excluded no more, it is taken over as it is: nothing that was changed meanwhile is put back without a word', async () => {
  const harness = await settled();
  exclude(harness, true);
  await harness.pass(30);
  const [first] = harness.machines(APP);
  if (first !== undefined) await updateByHand(harness, first, withEnv({ LOG_LEVEL: 'debug' }));
  await harness.pass(30);
  const before = machines(harness);
  exclude(harness, false);
  await harness.pass(120);
  expect(machines(harness)).toEqual(before);
  expect(harness.status(APP)?.held).toMatchObject([
    { reason: 'ApprovalRequired', message: expect.stringContaining('first change after taking the app over') },
  ]);
  expect(harness.status(APP)?.excluded).toBeUndefined();
  // A person's word, and it is as git says again.
  const { approvals, environments, wake } = harness.controller();
  const [target] = environments.targets();
  if (target === undefined) throw new Error('there is no target');
  await approvals.give(target.environment.name, APP, target.revision, 'tester', SIGNAL);
  await wake([target], SIGNAL);
  await harness.untilSettled();
  expect(harness.machines(APP).map(({ config }) => config.env?.['LOG_LEVEL'])).toEqual(['info', 'info']);
  await harness.stop();
});
test('excluded and back without anybody touching it, not a single machine is written', async () => {
  const harness = await settled();
  const before = { machines: machines(harness), writes: harness.writes() };
  exclude(harness, true);
  await harness.pass(60);
  exclude(harness, false);
  await harness.pass(60);
  await harness.untilSettled();
  expect({ machines: machines(harness), writes: harness.writes() }).toEqual(before);
  await harness.stop();
});
test('a switch by a variable keeps its stored answer when the controller starts again without it', async () => {
  const files = oneApp({ extra: '  excluded: { unless: DEPLOY_WEB }\n' });
  const harness = await makeHarness({ files, environment: { TEST_DEPLOY_WEB: 'true' } });
  await harness.untilSettled();
  expect(machines(harness)).toHaveLength(2);
  delete harness.environment['TEST_DEPLOY_WEB'];
  await harness.restart();
  await harness.pass(60);
  expect(harness.status(APP)?.excluded).toBeUndefined();
  expect(harness.status(APP)?.sync).toBe('Synced');
  await harness.stop();
});
test('an app that left git and of which nothing is left is forgotten, told, and asked for no more', async () => {
  const files = oneApp();
  const harness = await makeHarness({
    files: {
      ...files,
      'desired-state/test/other.yaml': files[WEB]?.replaceAll('acme-web', 'acme-other').replace('name: web', 'name: other') ?? '',
    },
  });
  await harness.untilSettled();
  harness.files.delete('desired-state/test/other.yaml');
  await harness.pass(60);
  // Its machines are still there: it is shown, and nothing is destroyed without `prune`.
  expect(harness.status('acme-other')?.held.map(({ reason }) => reason)).toContain('PruneDisabled');
  for (const { id } of harness.machines('acme-other')) await harness.byHand('DELETE', `/v1/apps/acme-other/machines/${id}?force=true`);
  await harness.pass(120);
  expect(harness.events.filter(({ type }) => type === 'AppForgotten')).toMatchObject([{ app: 'acme-other' }]);
  expect(harness.status('acme-other')).toBeNull();
  expect(await harness.store.apps('test', SIGNAL)).toMatchObject({ value: [APP] });
  await harness.restart();
  await harness.untilSettled();
  expect(
    harness
      .controller()
      .environments.targets()
      .map(({ app }) => app.app),
  ).toEqual([APP]);
  await harness.stop();
});
