/** Counts given as ranges, apps switched off and on again, a version of trimtab that would change everything. */
import { expect, test } from 'vitest';
import type { MachineRow } from '#simulator/world.ts';
import { actByHand, cloneByHand, destroyByHand, only } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { FLY_TOML, oneApp, type WorldOptions } from '#test/support/worlds.ts';

const APP = 'acme-web';
const settled = async (options: WorldOptions): Promise<Harness> => {
  const harness = await makeHarness({ files: oneApp(options) });
  await harness.untilSettled();
  return harness;
};
async function commit(harness: Harness, options: WorldOptions): Promise<void> {
  for (const [path, text] of Object.entries(oneApp(options))) harness.files.set(path, text);
  await harness.pass(120);
}
const alive = (harness: Harness): readonly MachineRow[] => harness.machines(APP).filter(({ state }) => state !== 'destroyed');
const SLEEPY = FLY_TOML.replace('auto_stop_machines = "off"', 'auto_stop_machines = "stop"\n  min_machines_running = 0');
const MOUNTED = `${FLY_TOML}\n[[mounts]]\n  source = "data"\n  destination = "/data"\n`;

test('inside its range no count is a drift; below it is filled up, above it the copy goes first', async () => {
  const harness = await settled({ machines: '{ nrt: { min: 2, max: 4 } }' });
  expect(alive(harness)).toHaveLength(2);
  await cloneByHand(harness, only(alive(harness)));
  await harness.pass(120);
  expect(alive(harness)).toHaveLength(3);
  expect(harness.status(APP)).toMatchObject({ sync: 'Synced', drifts: [] });
  const names = alive(harness).map(({ name }) => name);
  await cloneByHand(harness, only(alive(harness)));
  await cloneByHand(harness, only(alive(harness)));
  await harness.pass(120);
  expect(alive(harness)).toHaveLength(4);
  expect(names.filter((name) => !alive(harness).some((row) => row.name === name))).toEqual([]);
  for (const row of alive(harness).slice(0, 3)) await destroyByHand(harness, row);
  await harness.pass(120);
  expect(alive(harness)).toHaveLength(2);
  await harness.stop();
});
test('above its range what is stopped goes before what runs, and a new revision keeps the count', async () => {
  const harness = await settled({ machines: '{ nrt: { min: 1, max: 3 } }', toml: SLEEPY });
  await cloneByHand(harness, only(alive(harness)));
  await cloneByHand(harness, only(alive(harness)));
  await harness.pass(120);
  expect(alive(harness)).toHaveLength(3);
  await commit(harness, { machines: '{ nrt: { min: 1, max: 3 } }', toml: SLEEPY, memory: '512mb' });
  await harness.untilSettled();
  expect(alive(harness).map(({ config }) => config.guest?.memory_mb)).toEqual([512, 512, 512]);
  const [, second] = alive(harness);
  if (second === undefined) throw new Error('there is no second one');
  await actByHand(harness, second, 'stop');
  await commit(harness, { machines: '{ nrt: { min: 1, max: 2 } }', toml: SLEEPY, memory: '512mb' });
  expect(alive(harness)).toHaveLength(2);
  expect(alive(harness).map(({ id }) => id)).not.toContain(second.id);
  await harness.stop();
});
test('switched off its machines go and its volumes stay; on again they come back on the same volumes, as many as there were', async () => {
  const harness = await settled({ machines: '{ nrt: { min: 1, max: 3 } }', toml: MOUNTED });
  await commit(harness, { machines: '{ nrt: 2 }', toml: MOUNTED });
  await harness.untilSettled();
  await commit(harness, { machines: '{ nrt: { min: 1, max: 3 } }', toml: MOUNTED });
  await harness.untilSettled();
  const volumes = [...harness.simulator.world.volumes.keys()].sort();
  expect(volumes).toHaveLength(2);
  await commit(harness, { machines: '{ nrt: { min: 1, max: 3 } }', toml: MOUNTED, extra: '  enabled: false\n' });
  // Machines with volumes wait for a person.
  expect(alive(harness)).toHaveLength(2);
  const { approvals, environments, wake } = harness.controller();
  const [target] = environments.targets();
  if (target === undefined) throw new Error('there is no target');
  await approvals.give(target.environment.name, APP, target.revision, 'tester', AbortSignal.timeout(1_000));
  await wake([target], AbortSignal.timeout(1_000));
  await harness.pass(120);
  expect(alive(harness)).toEqual([]);
  expect([...harness.simulator.world.volumes.keys()].sort()).toEqual(volumes);
  await commit(harness, { machines: '{ nrt: { min: 1, max: 3 } }', toml: MOUNTED });
  await harness.untilSettled();
  await harness.pass(120);
  expect(alive(harness)).toHaveLength(2);
  expect([...harness.simulator.world.volumes.keys()].sort()).toEqual(volumes);
  expect(
    alive(harness)
      .flatMap(({ config }) => config.mounts?.[0]?.volume ?? [])
      .sort(),
  ).toEqual(volumes);
  await harness.stop();
});
