/** A platform in trouble: nothing is written on half a picture, nothing is made twice, and it goes on by itself. */
import { expect, test } from 'vitest';
import { FAULT_KINDS } from '#simulator/faults.ts';
import { destroyByHand, only } from '#test/support/hands.ts';
import { makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const SURVIVABLE = FAULT_KINDS.filter((kind) => !kind.startsWith('callerDies'));

test.each(SURVIVABLE)('with %s now and then, everything is made, once', async (kind) => {
  const harness = await makeHarness({ files: oneApp(), seed: kind });
  harness.simulator.faults.add({ kind, probability: 0.15, seed: kind, count: 25 });
  await harness.pass(300);
  harness.simulator.faults.clear();
  await harness.untilSettled(1_500);
  expect(harness.machines(APP)).toHaveLength(2);
  expect(harness.simulator.world.counters.rateLimitViolations).toBe(0);
  await harness.stop();
});
test('a token that is refused stalls the app, says what to do, and does not loop', async () => {
  const harness = await makeHarness({ files: oneApp(), token: 'wrong-token' });
  await harness.pass(30);
  const before = harness.simulator.world.counters.requests;
  await harness.pass(600);
  expect(harness.simulator.world.counters.requests - before).toBeLessThan(600);
  expect(harness.events.map(({ type }) => type)).not.toContain('SourceFailed');
  expect(harness.status(APP)?.conditions.find(({ type }) => type === 'Stalled')).toMatchObject({
    status: 'true',
    reason: 'FLY_UNAUTHORIZED',
    message: expect.stringContaining('set a valid FLY_API_TOKEN'),
  });
  expect(harness.writes()).toBe(0);
  await harness.stop();
});
test('a token that reaches another app only stalls this one', async () => {
  const harness = await makeHarness({ files: oneApp(), token: 'only:acme-other' });
  await harness.pass(60);
  expect(harness.status(APP)?.conditions.find(({ type }) => type === 'Stalled')).toMatchObject({ status: 'true', reason: 'FLY_FORBIDDEN' });
  expect(harness.writes()).toBe(0);
  await harness.stop();
});
test('an image that cannot be asked for at this moment keeps its environment as it is, and the others go on', async () => {
  const other = Object.entries(oneApp({ machines: '{ nrt: 1 }', image: 'registry.fly.io/acme-two:v1' })).map(([path, text]) => [
    path.replace('/test/', '/two/'),
    text.replace('name: test', 'name: two').replace('app: acme-web', 'app: acme-two'),
  ]);
  const harness = await makeHarness({ files: { ...oneApp(), ...Object.fromEntries(other) } });
  await harness.untilSettled();
  const [, two = ''] = other.find(([path]) => path?.endsWith('web.yaml')) ?? [];
  // Its image was asked for before the app existed: the next commit asks again.
  harness.files.set('desired-state/two/web.yaml', `${two}  adopt: true\n`);
  await harness.pass(30);
  await harness.untilSettled();
  for (const [path, text] of Object.entries(oneApp({ image: 'registry.fly.io/acme-web:v2' }))) harness.files.set(path, text);
  harness.files.set('desired-state/two/web.yaml', two.replace('nrt: 1', 'nrt: 2'));
  harness.simulator.faults.add({ kind: 'badGatewayBeforeCommit', operation: 'POST /graphql' });
  await harness.pass(90);
  expect(harness.machines('acme-two')).toHaveLength(2);
  expect(harness.machines(APP).map(({ image }) => image.tag)).toEqual(['v1', 'v1']);
  expect(
    harness
      .controller()
      .environments.views()
      .map(({ problems }) => problems),
  ).toEqual([[], []]);
  harness.simulator.faults.clear();
  await harness.pass(60);
  await harness.untilSettled();
  expect(harness.machines(APP).map(({ image }) => image.tag)).toEqual(['v2', 'v2']);
  await harness.stop();
});
test('a region without room is held, and goes on when there is room', async () => {
  const harness = await makeHarness({ files: oneApp() });
  harness.simulator.world.capacity.set('nrt', 1);
  await harness.pass(60);
  expect(harness.machines(APP)).toHaveLength(1);
  expect(harness.status(APP)?.held.map(({ reason }) => reason)).toContain('NoCapacity');
  harness.simulator.world.capacity.delete('nrt');
  await harness.untilSettled(900);
  expect(harness.machines(APP)).toHaveLength(2);
  await harness.stop();
});
test('while the platform is down nothing is taken for gone', async () => {
  const harness = await makeHarness({ files: oneApp() });
  await harness.untilSettled();
  const ids = harness.machines(APP).map(({ id }) => id);
  const before = harness.writes();
  harness.simulator.faults.add({ kind: 'badGatewayBeforeCommit' });
  await harness.pass(300);
  expect(harness.status(APP)?.sync).toBe('Unknown');
  harness.simulator.faults.clear();
  await harness.untilSettled(900);
  expect(harness.machines(APP).map(({ id }) => id)).toEqual(ids);
  expect(harness.writes()).toBe(before);
  await harness.stop();
});
test('words that no document names are no reason to write, and no health', async () => {
  const harness = await makeHarness({ files: oneApp() });
  await harness.untilSettled();
  const before = { writes: harness.writes(), ids: harness.machines(APP).map(({ id }) => id) };
  harness.simulator.faults.add({ kind: 'unknownWords' });
  await harness.pass(180);
  expect({ writes: harness.writes(), ids: harness.machines(APP).map(({ id }) => id) }).toEqual(before);
  expect(harness.status(APP)?.health).not.toBe('Healthy');
  harness.simulator.faults.clear();
  await harness.untilSettled(180);
  expect(harness.machines(APP).map(({ id }) => id)).toEqual(before.ids);
  await harness.stop();
});
test('an image that the registry does not have leaves the others on the old version', async () => {
  const harness = await makeHarness({ files: oneApp({ machines: '{ nrt: 4 }' }) });
  await harness.untilSettled();
  for (const [path, text] of Object.entries(oneApp({ machines: '{ nrt: 4 }', image: 'registry.fly.io/acme-web:v2-missing' })))
    harness.files.set(path, text);
  await harness.pass(300);
  expect(harness.machines(APP).map(({ image, state }) => `${image.tag} ${state}`)).toEqual([
    'v1 started',
    'v1 started',
    'v1 started',
    'v1 started',
  ]);
  expect(harness.status(APP)?.held.map(({ reason }) => reason)).toEqual(['RevisionPinned']);
  await harness.stop();
});
test('a version that fails its checks goes to no more machines than may be unavailable', async () => {
  const harness = await makeHarness({ files: oneApp({ machines: '{ nrt: 6 }' }) });
  await harness.untilSettled();
  for (const [path, text] of Object.entries(oneApp({ machines: '{ nrt: 6 }', image: 'registry.fly.io/acme-web:v2-failing' })))
    harness.files.set(path, text);
  await harness.pass(400);
  expect(harness.machines(APP).filter(({ image }) => image.tag !== 'v1').length).toBeLessThanOrEqual(1);
  await harness.stop();
});
test('during a rollout no more machines are away than may be', async () => {
  const harness = await makeHarness({ files: oneApp({ machines: '{ nrt: 6 }' }) });
  await harness.untilSettled();
  for (const [path, text] of Object.entries(oneApp({ machines: '{ nrt: 6 }', memory: '512mb' }))) harness.files.set(path, text);
  let most = 0;
  for (let spent = 0; spent < 240; spent++) {
    await harness.pass(0.5);
    const serving = harness
      .machines(APP)
      .filter(({ state, checks }) => state === 'started' && checks.every(({ status }) => status === 'passing'));
    most = Math.max(most, 6 - serving.length);
  }
  expect(most).toBeLessThanOrEqual(2);
  expect(harness.machines(APP).map(({ config }) => config.guest?.memory_mb)).toEqual([512, 512, 512, 512, 512, 512]);
  await harness.stop();
});
test('an empty desired state deletes nothing', async () => {
  const harness = await makeHarness({ files: oneApp() });
  await harness.untilSettled();
  const before = harness.writes();
  harness.files.clear();
  await harness.pass(300);
  expect(harness.machines(APP)).toHaveLength(2);
  expect(harness.writes()).toBe(before);
  await destroyByHand(harness, only(harness.machines(APP)));
  await harness.pass(120);
  expect(harness.machines(APP)).toHaveLength(2);
  await harness.stop();
});
