/** What is looked up after a cut-off call: what may be repeated is done again at once, what would be made twice is waited for. */
import { describe, expect, test } from 'vitest';
import { actByHand, only } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
async function cutOff(operation: string, change: (harness: Harness) => Promise<unknown>): Promise<Harness> {
  const harness = await makeHarness({ files: oneApp() });
  await harness.untilSettled();
  await harness.pass(10);
  harness.simulator.faults.add({ kind: 'callerDiesBeforeCommit', operation, count: 1 });
  await change(harness);
  for (let spent = 0; spent < 60 && harness.simulator.faults.list().length > 0; spent++) await harness.pass(1);
  expect(harness.simulator.faults.list()).toEqual([]);
  await harness.restart();
  return harness;
}
const commit = (harness: Harness): Promise<void> => {
  for (const [path, text] of Object.entries(oneApp({ memory: '512mb' }))) harness.files.set(path, text);
  return Promise.resolve();
};
const openReleases = ({ simulator }: Harness) =>
  [...simulator.world.releases.values()].filter(({ status }) => status === 'running' || status === 'pending').length;

describe('a call that was cut off before the platform did it', () => {
  test('closes the release a few seconds later', async () => {
    const harness = await makeHarness({ files: oneApp() });
    await harness.untilSettled();
    await harness.pass(10);
    await commit(harness);
    for (let spent = 0; spent < 60 && openReleases(harness) === 0; spent++) await harness.pass(1);
    harness.simulator.faults.add({ kind: 'callerDiesBeforeCommit', operation: 'PATCH /api/v1/releases', count: 1 });
    for (let spent = 0; spent < 120 && harness.simulator.faults.list().length > 0; spent++) await harness.pass(1);
    expect(harness.simulator.faults.list()).toEqual([]);
    await harness.restart();
    await harness.pass(15);
    expect(openReleases(harness)).toBe(0);
    await harness.stop();
  });
  test.each([
    { what: 'a stopped machine', verb: 'start', state: 'stop' },
    { what: 'a cordoned machine', verb: 'uncordon', state: 'cordon' },
  ] as const)('puts $what right as soon as its lease has ended', async ({ verb, state }) => {
    const harness = await cutOff(`=POST /apps/{app_name}/machines/{machine_id}/${verb}`, (one) =>
      actByHand(one, only(one.machines(APP)), state),
    );
    await harness.pass(75);
    expect(harness.machines(APP).map(({ state: is, cordoned }) => `${is} ${cordoned}`)).toEqual(['started false', 'started false']);
    await harness.stop();
  });
  test('writes the new version as soon as the lease of the dead has ended', async () => {
    const harness = await cutOff('=POST /apps/{app_name}/machines/{machine_id}', commit);
    await harness.pass(90);
    expect(harness.machines(APP).map(({ config }) => config.guest?.memory_mb)).toEqual([512, 512]);
    await harness.stop();
  });
  test('does not make a machine a second time before the first call can no longer land', async () => {
    const harness = await cutOff('=POST /apps/{app_name}/machines', (one) => {
      for (const [path, text] of Object.entries(oneApp({ machines: '{ nrt: 3 }' }))) one.files.set(path, text);
      return Promise.resolve();
    });
    await harness.pass(150);
    expect(harness.machines(APP)).toHaveLength(2);
    await harness.untilSettled(120);
    expect(harness.machines(APP)).toHaveLength(3);
    await harness.stop();
  });
});
