/** Killed before or after the commit of any call, trimtab goes on: no duplicate, nothing lost. */
import { describe, expect, test } from 'vitest';
import { destroyByHand, only } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const SLOTS = ['app-nrt-1', 'app-nrt-2'];
/** Longer than the longest flight of a call: what may still land is waited for. */
const PATIENCE_S = 900;

async function expectWhole(harness: Harness, count: number): Promise<void> {
  await harness.untilSettled(PATIENCE_S);
  const machines = harness.machines(APP);
  expect(machines.map(({ state }) => state)).toEqual(Array.from({ length: count }, () => 'started'));
  expect(new Set(machines.map(({ config }) => config.metadata?.['trimtab_intent'])).size).toBe(count);
  expect([...harness.simulator.world.addresses.values()]).toEqual([]);
  expect(harness.simulator.world.counters.rateLimitViolations).toBe(0);
  const before = harness.writes();
  await harness.pass(200);
  expect(harness.writes()).toBe(before);
  await harness.stop();
}
/** Operations that a first convergence, a change and a scale-in send. */
const CALLS = ['=POST /apps', 'POST /api/v1/releases', '=POST /apps/{app_name}/machines', 'PATCH /api/v1/releases'] as const;
const UPDATES = ['/lease', '=POST /apps/{app_name}/machines/{machine_id}'] as const;
const WHEN = ['callerDiesBeforeCommit', 'callerDiesAfterCommit'] as const;

describe.each(WHEN)('%s', (kind) => {
  test.each(CALLS)('of %s while everything is made', async (operation) => {
    const harness = await makeHarness({ files: oneApp() });
    harness.simulator.faults.add({ kind, operation, count: 1 });
    await harness.pass(40);
    expect(harness.simulator.faults.list()).toEqual([]);
    await harness.restart();
    await expectWhole(harness, 2);
  });
  test.each(UPDATES)('of %s while a change is rolled out', async (operation) => {
    const harness = await makeHarness({ files: oneApp() });
    await harness.untilSettled();
    for (const [path, text] of Object.entries(oneApp({ memory: '512mb' }))) harness.files.set(path, text);
    harness.simulator.faults.add({ kind, operation, count: 1 });
    await harness.pass(60);
    expect(harness.simulator.faults.list()).toEqual([]);
    await harness.restart();
    await harness.untilSettled(PATIENCE_S);
    expect(harness.machines(APP).map(({ config }) => config.guest?.memory_mb)).toEqual([512, 512]);
    expect(harness.machines(APP).map(({ name }) => name)).toEqual(SLOTS);
    await expectWhole(harness, 2);
  });
  test('of a scale-in', async () => {
    const harness = await makeHarness({ files: oneApp({ machines: '{ nrt: 3 }' }) });
    await harness.untilSettled();
    for (const [path, text] of Object.entries(oneApp({ machines: '{ nrt: 2 }' }))) harness.files.set(path, text);
    harness.simulator.faults.add({ kind, operation: '=DELETE /apps/{app_name}/machines/{machine_id}', count: 1 });
    await harness.pass(60);
    await harness.restart();
    await expectWhole(harness, 2);
  });
  test('of the write that makes a lost machine again', async () => {
    const harness = await makeHarness({ files: oneApp() });
    await harness.untilSettled();
    harness.simulator.faults.add({ kind, operation: '=POST /apps/{app_name}/machines', count: 1 });
    await destroyByHand(harness, only(harness.machines(APP)));
    await harness.pass(30);
    await harness.restart();
    await expectWhole(harness, 2);
  });
});
test('a store that was lost is rebuilt from git and stamps, without a write', async () => {
  const { makeMemoryStore } = await import('#platform/store/memory.ts');
  const harness = await makeHarness({ files: oneApp() });
  await harness.untilSettled();
  const before = harness.writes();
  const instances = harness.machines(APP).map(({ instanceId }) => instanceId);
  await harness.restart({ store: makeMemoryStore() });
  await harness.untilSettled(60);
  await harness.pass(120);
  expect(harness.writes()).toBe(before);
  expect(harness.machines(APP).map(({ instanceId }) => instanceId)).toEqual(instances);
  await harness.stop();
});
