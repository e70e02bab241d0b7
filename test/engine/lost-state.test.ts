/** The store is gone: an empty one is never itself a reason to write. What was meant is told by the stamps, or by a person. */
import { expect, test } from 'vitest';
import { makeMemoryStore } from '#platform/store/memory.ts';
import { actByHand, only } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const signal = new AbortController().signal;
const memories = (harness: Harness): readonly unknown[] => harness.machines(APP).map(({ config }) => config.guest?.memory_mb);
const running = (harness: Harness): number =>
  [...harness.simulator.world.releases.values()].filter(({ status }) => status === 'running' || status === 'pending').length;
/** Four machines, some of them at the next content, a release under way. */
async function inTheMiddle(): Promise<Harness> {
  const harness = await makeHarness({ files: oneApp({ machines: '{ nrt: 4 }' }) });
  await harness.untilSettled();
  await harness.pass(10);
  for (const [path, text] of Object.entries(oneApp({ machines: '{ nrt: 4 }', memory: '512mb' }))) harness.files.set(path, text);
  for (let spent = 0; spent < 90 && !memories(harness).includes(512); spent++) await harness.pass(1);
  expect(new Set(memories(harness))).toEqual(new Set([256, 512]));
  await harness.restart({ store: makeMemoryStore() });
  return harness;
}
async function approve(harness: Harness): Promise<void> {
  const { environments, approvals } = harness.controller();
  const target = only(environments.targets());
  await approvals.give(target.environment.name, APP, target.revision, 'ann', signal);
  await harness.controller().wake([target], signal);
}

test('lost in the middle of a rollout, nothing is written until a person names the target, however many passes go by', async () => {
  const harness = await inTheMiddle();
  await harness.pass(40);
  const before = harness.writes();
  await harness.pass(900);
  expect(harness.writes()).toBe(before);
  expect(harness.status(APP)?.held.map(({ reason }) => reason)).toContain('StateLost');
  await harness.restart();
  await harness.pass(120);
  expect(harness.writes()).toBe(before);
  await approve(harness);
  await harness.untilSettled(300);
  await harness.pass(10);
  expect(memories(harness)).toEqual([512, 512, 512, 512]);
  expect(running(harness)).toBe(0);
  await harness.stop();
});
test('what the floor needs is done meanwhile', async () => {
  const harness = await inTheMiddle();
  await harness.pass(60);
  const machine = only(harness.machines(APP));
  await actByHand(harness, machine, 'stop');
  await harness.pass(90);
  expect(harness.machines(APP).map(({ state }) => state)).toEqual(['started', 'started', 'started', 'started']);
  expect(new Set(memories(harness))).toEqual(new Set([256, 512]));
  await harness.stop();
});
test('stamps that all agree with git: a release that was left open is ours, and is closed', async () => {
  const harness = await makeHarness({ files: oneApp() });
  harness.simulator.faults.add({ kind: 'callerDiesBeforeCommit', operation: 'PATCH /api/v1/releases', skip: 1, count: 1 });
  await harness.pass(60);
  expect(harness.simulator.faults.list()).toEqual([]);
  expect(running(harness)).toBe(1);
  const instances = harness.machines(APP).map(({ instanceId }) => instanceId);
  await harness.restart({ store: makeMemoryStore() });
  await harness.untilSettled(60);
  await harness.pass(10);
  expect(running(harness)).toBe(0);
  expect(harness.machines(APP).map(({ instanceId }) => instanceId)).toEqual(instances);
  await harness.stop();
});
