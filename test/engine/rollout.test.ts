/** How a change goes through a group: never more away than may be, in the right order, and what sleeps goes on sleeping. */
import { expect, test } from 'vitest';
import type { MachineRow } from '#simulator/world.ts';
import { approve } from '#test/support/approving.ts';
import { actByHand, only } from '#test/support/hands.ts';
import { type Files, type Harness, makeHarness } from '#test/support/harness.ts';
import { FLY_TOML, oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const SLEEPY = FLY_TOML.replace('auto_stop_machines = "off"', 'auto_stop_machines = "stop"\n  min_machines_running = 0');
const MOUNTED = `${FLY_TOML}\n[[mounts]]\n  source = "data"\n  destination = "/data"\n`;
/** Far below the time of any boot or check. */
const STEP_S = 0.1;

const settled = async (files: Files): Promise<Harness> => {
  const harness = await makeHarness({ files });
  await harness.untilSettled();
  return harness;
};
const commit = (harness: Harness, files: Files): void => {
  for (const [path, text] of Object.entries(files)) harness.files.set(path, text);
};
const serves = ({ state, checks, cordoned }: MachineRow): boolean =>
  state === 'started' && !cordoned && checks.every(({ status }) => status === 'passing');
const memoryOf = ({ config }: MachineRow): number => config.guest?.memory_mb ?? 0;
const memories = (harness: Harness): readonly number[] => harness.machines(APP).map(memoryOf);
/** Looks at the world at each step of the clock, until all machines have this much memory and serve again, or rest. */
async function watch(harness: Harness, memory: number, look: (rows: readonly MachineRow[]) => void): Promise<void> {
  for (let spent = 0; spent < 400; spent += STEP_S) {
    await harness.pass(STEP_S);
    const rows = harness.machines(APP);
    look(rows);
    if (rows.every((row) => memoryOf(row) === memory && (serves(row) || row.state === 'stopped'))) return;
  }
  throw new Error(`not written everywhere: ${memories(harness).join()}`);
}
const expectIdle = async (harness: Harness): Promise<void> => {
  await harness.untilSettled();
  await harness.pass(60);
  const before = harness.writes();
  await harness.pass(300);
  expect(harness.writes()).toBe(before);
  expect(harness.simulator.world.counters.rateLimitViolations).toBe(0);
  await harness.stop();
};

test.each([
  [6, '0.33', 1],
  [6, '0.5', 3],
  [6, '2', 2],
  [2, '0.33', 1],
])('of %i machines with maxUnavailable %s at no instant more than %i are away', async (count, maxUnavailable, allowed) => {
  const machines = `{ nrt: ${count} }`;
  const extra = `  rollout: { maxUnavailable: ${maxUnavailable} }\n`;
  const harness = await settled(oneApp({ machines, extra }));
  const names = harness.machines(APP).map(({ name }) => name);
  commit(harness, oneApp({ machines, extra, memory: '512mb' }));
  let most = 0;
  await watch(harness, 512, (rows) => {
    most = Math.max(most, count - rows.filter(serves).length);
  });
  expect(most).toBe(allowed);
  expect(harness.machines(APP).map(({ name }) => name)).toEqual(names);
  await expectIdle(harness);
});

test('a machine that is away anyway is counted, and written first', async () => {
  const harness = await settled(oneApp({ machines: '{ nrt: 4 }', grace: '1h' }));
  const row = only(harness.machines(APP));
  await actByHand(harness, row, 'stop');
  await harness.pass(1);
  commit(harness, oneApp({ machines: '{ nrt: 4 }', grace: '1h', memory: '512mb' }));
  const order: string[] = [];
  let fewest = 4;
  await watch(harness, 512, (rows) => {
    fewest = Math.min(fewest, rows.filter(serves).length);
    for (const { name, config } of rows) if (config.guest?.memory_mb === 512 && !order.includes(name)) order.push(name);
  });
  expect(fewest).toBe(3);
  expect(order).toHaveLength(4);
  await expectIdle(harness);
});

test('a version that fails its checks goes no further than the first machine, which is set back', async () => {
  const harness = await settled(oneApp({ machines: '{ nrt: 6 }' }));
  commit(harness, oneApp({ machines: '{ nrt: 6 }', image: 'registry.fly.io/acme-web:v2-failing' }));
  const written = new Set<string>();
  for (let spent = 0; spent < 600; spent++) {
    await harness.pass(1);
    for (const { name, image } of harness.machines(APP)) if (image.tag !== 'v1') written.add(name);
  }
  expect(written.size).toBe(1);
  expect(
    harness
      .machines(APP)
      .filter(serves)
      .map(({ image }) => image.tag),
  ).toEqual(['v1', 'v1', 'v1', 'v1', 'v1', 'v1']);
  commit(harness, oneApp({ machines: '{ nrt: 6 }', image: 'registry.fly.io/acme-web:v3' }));
  await harness.pass(30);
  await harness.untilSettled();
  expect(new Set(harness.machines(APP).map(({ image }) => image.tag))).toEqual(new Set(['v3']));
  await expectIdle(harness);
});
test('a version that crashes goes no further than the first machine, which is set back', async () => {
  const harness = await settled(oneApp({ machines: '{ nrt: 3 }' }));
  commit(harness, oneApp({ machines: '{ nrt: 3 }', image: 'registry.fly.io/acme-web:v2-crash' }));
  const written = new Set<string>();
  for (let spent = 0; spent < 300; spent++) {
    await harness.pass(1);
    for (const { name, image } of harness.machines(APP)) if (image.tag !== 'v1') written.add(name);
  }
  expect(written.size).toBe(1);
  expect(
    harness
      .machines(APP)
      .filter(serves)
      .map(({ image }) => image.tag),
  ).toEqual(['v1', 'v1', 'v1']);
  await harness.stop();
});

test('a machine that crashes again and again is set back at once, not when it happens to be up', async () => {
  const mounted = (image: string): Files => oneApp({ machines: '{ nrt: 1 }', toml: MOUNTED, image: `registry.fly.io/acme-web:${image}` });
  const harness = await settled(mounted('v1'));
  commit(harness, mounted('crash-v2'));
  const told = (type: string): boolean => harness.events.some((event) => event.type === type);
  for (let spent = 0; spent < 120 && !told('ReleaseFailing'); spent += 1) await harness.pass(1);
  expect(told('ReleaseFailing')).toBe(true);
  const since = harness.clock.now();
  for (let spent = 0; spent < 60 && only(harness.machines(APP)).image.tag !== 'v1'; spent += 1) await harness.pass(1);
  expect(harness.clock.now() - since).toBeLessThan(12_000);
  await expectIdle(harness);
});
test('a group of one without a volume gets a second machine first, and is never without one that serves', async () => {
  const harness = await settled(oneApp({ machines: '{ nrt: 1 }' }));
  commit(harness, oneApp({ machines: '{ nrt: 1 }', memory: '512mb' }));
  let fewest = 1;
  let most = 1;
  await watch(harness, 512, (rows) => {
    fewest = Math.min(fewest, rows.filter(serves).length);
    most = Math.max(most, rows.length);
  });
  await harness.untilSettled();
  expect([fewest, most]).toEqual([1, 2]);
  expect(memories(harness)).toEqual([512]);
  await expectIdle(harness);
});
test('a group of one with a volume is written where it is, on the same volume', async () => {
  const harness = await settled(oneApp({ machines: '{ nrt: 1 }', toml: MOUNTED }));
  const volumes = [...harness.simulator.world.volumes.keys()];
  commit(harness, oneApp({ machines: '{ nrt: 1 }', toml: MOUNTED, memory: '512mb' }));
  await watch(harness, 512, (rows) => expect(rows).toHaveLength(1));
  expect([...harness.simulator.world.volumes.keys()]).toEqual(volumes);
  expect(only(harness.machines(APP)).config.mounts?.[0]?.volume).toBe(volumes[0]);
  await expectIdle(harness);
});
test('scaled in with a person’s word and out again, a group with volumes takes the ones it had', async () => {
  const files = (count: number): Files => oneApp({ machines: `{ nrt: ${count} }`, toml: MOUNTED });
  const harness = await settled(files(3));
  const volumes = [...harness.simulator.world.volumes.keys()].sort();
  commit(harness, files(2));
  await harness.pass(60);
  expect(harness.machines(APP)).toHaveLength(3);
  expect(harness.status(APP)?.held.map(({ reason }) => reason)).toEqual(['ApprovalRequired']);
  await approve(harness);
  await harness.pass(60);
  expect(harness.machines(APP)).toHaveLength(2);
  expect([...harness.simulator.world.volumes.keys()].sort()).toEqual(volumes);
  commit(harness, files(3));
  await harness.pass(120);
  expect([...harness.simulator.world.volumes.keys()].sort()).toEqual(volumes);
  expect(harness.machines(APP).filter(serves)).toHaveLength(3);
  await expectIdle(harness);
});

test('machines that autostop put to sleep are left alone, and written without being woken while two others serve', async () => {
  const harness = await settled(oneApp({ machines: '{ nrt: 4 }', toml: SLEEPY }));
  const asleep = harness.machines(APP).slice(0, 2);
  for (const row of asleep) await actByHand(harness, row, 'stop');
  await harness.pass(120);
  const names = asleep.map(({ name }) => name);
  const sleeping = (rows: readonly MachineRow[]): readonly MachineRow[] => rows.filter(({ name }) => names.includes(name));
  expect(sleeping(harness.machines(APP)).map(({ state }) => state)).toEqual(['stopped', 'stopped']);
  commit(harness, oneApp({ machines: '{ nrt: 4 }', toml: SLEEPY, memory: '512mb' }));
  const woken = new Set<string>();
  let fewest = 4;
  await watch(harness, 512, (rows) => {
    for (const { name, state } of sleeping(rows)) if (state === 'starting' || state === 'started') woken.add(name);
    fewest = Math.min(fewest, rows.filter(serves).length);
  });
  expect([...woken]).toEqual([]);
  expect(fewest).toBeGreaterThanOrEqual(1);
  await expectIdle(harness);
});
test('with one that serves and one that sleeps, the cold one is written, started and proved before the warm one', async () => {
  const harness = await settled(oneApp({ toml: SLEEPY }));
  const [cold, warm] = harness.machines(APP);
  if (cold === undefined || warm === undefined) throw new Error('there are two');
  await actByHand(harness, cold, 'stop');
  await harness.pass(60);
  commit(harness, oneApp({ toml: SLEEPY, memory: '512mb' }));
  let fewest = 2;
  let coldServed = false;
  await watch(harness, 512, (rows) => {
    fewest = Math.min(fewest, rows.filter(serves).length);
    const [first, second] = [cold, warm].map(({ id }) => rows.find((row) => row.id === id));
    coldServed ||= first !== undefined && memoryOf(first) === 512 && serves(first);
    if (!coldServed) expect(second === undefined ? 0 : memoryOf(second)).toBe(256);
  });
  expect(coldServed).toBe(true);
  expect(fewest).toBe(1);
  await expectIdle(harness);
});
test('when all sleep, one is woken to prove what was written', async () => {
  const harness = await settled(oneApp({ toml: SLEEPY }));
  for (const row of harness.machines(APP)) await actByHand(harness, row, 'stop');
  await harness.pass(60);
  commit(harness, oneApp({ toml: SLEEPY, memory: '512mb' }));
  let awake = 0;
  await watch(harness, 512, () => undefined);
  for (let spent = 0; spent < 60; spent++) {
    await harness.pass(1);
    awake = Math.max(awake, harness.machines(APP).filter(({ state }) => state === 'started').length);
  }
  expect(awake).toBe(1);
  await expectIdle(harness);
});
test('fewer running in the primary region than the floor asks are started again, no more than that', async () => {
  const toml = SLEEPY.replace('min_machines_running = 0', 'min_machines_running = 1');
  const harness = await settled(oneApp({ machines: '{ nrt: 3 }', toml }));
  for (const row of harness.machines(APP)) await actByHand(harness, row, 'stop');
  await harness.pass(60);
  expect(harness.machines(APP).filter(({ state }) => state === 'started')).toHaveLength(1);
  await expectIdle(harness);
});
