/** A platform that fails a third of all calls: while it does, nothing is made twice and nothing is taken away; when it stops, all is as git says. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { perform } from '#simulator/acts.ts';
import { FAULT_KINDS, type FaultKind } from '#simulator/faults.ts';
import { destroyByHand, only, updateByHand, withMemory } from '#test/support/hands.ts';
import { type Files, type Harness, makeHarness, describe as tell } from '#test/support/harness.ts';
import { FLY_TOML, oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const MOUNTED = `${FLY_TOML}\n[[mounts]]\n  source = "data"\n  destination = "/data"\n`;
const SURVIVABLE = FAULT_KINDS.filter((kind) => !kind.startsWith('callerDies'));
const PATIENCE_S = 1_800;
/** Five minutes and a quarter: until then a status may be of before. */
const LONGEST_BACKOFF_S = 380;
const files = (over: { readonly memory?: string } = {}): Files =>
  oneApp({ machines: '{ nrt: 3 }', toml: MOUNTED, extra: '  addresses: [v6]\n', ...over });
const commit = (harness: Harness, texts: Files): void => {
  for (const [path, text] of Object.entries(texts)) harness.files.set(path, text);
};

const activeOf = (harness: Harness) => harness.machines(APP).filter(({ state }) => !['destroying', 'launch_failed'].includes(state));
/** At no moment more than git asks for. */
async function passBounded(harness: Harness, span: number): Promise<void> {
  for (let spent = 0; spent < span; spent++) {
    await harness.pass(1);
    expect(activeOf(harness).length).toBeLessThanOrEqual(3);
    expect(harness.simulator.world.volumes.size).toBeLessThanOrEqual(3);
    expect(harness.simulator.world.addresses.size).toBeLessThanOrEqual(1);
  }
}
async function expectWhole(harness: Harness, memory: number): Promise<void> {
  await harness.untilSettled(PATIENCE_S);
  const machines = activeOf(harness);
  expect(
    machines.map(({ state, config }) => `${state} ${config.guest?.memory_mb}`),
    tell(harness.controller()),
  ).toEqual(Array(3).fill(`started ${memory}`));
  expect(harness.simulator.world.volumes.size).toBe(3);
  expect(harness.simulator.world.addresses.size).toBe(1);
  expect(harness.simulator.world.counters.rateLimitViolations).toBe(0);
  await harness.pass(240);
  const before = harness.writes();
  await harness.pass(240);
  expect(harness.writes()).toBe(before);
  await harness.stop();
}
const destroyed = ({ simulator }: Harness): number =>
  simulator.world.counters.byRoute.get('DELETE /apps/{app_name}/machines/{machine_id}') ?? 0;

test.each(SURVIVABLE)('with %s at every third call everything is made once, changed and put back', async (kind) => {
  const harness = await makeHarness({ files: files(), seed: kind });
  const trouble = (seed: string): void => harness.simulator.faults.add({ kind, probability: 0.3, seed });
  trouble('create');
  await passBounded(harness, 180);
  harness.simulator.faults.clear();
  await harness.untilSettled(PATIENCE_S);
  trouble('rollout');
  commit(harness, files({ memory: '512mb' }));
  await passBounded(harness, 180);
  harness.simulator.faults.clear();
  await harness.untilSettled(PATIENCE_S);
  expect(destroyed(harness)).toBe(0);
  await updateByHand(harness, only(harness.machines(APP)), withMemory(1_024));
  trouble('drift');
  await passBounded(harness, 120);
  harness.simulator.faults.clear();
  await harness.pass(LONGEST_BACKOFF_S);
  await expectWhole(harness, 512);
});

const trouble = fc.record({
  kind: fc.constantFrom<FaultKind>(...FAULT_KINDS),
  probability: fc.constantFrom(0.05, 0.2, 0.5),
  seed: fc.stringMatching(/^[a-z]{4}$/),
});
test('with any mixture of faults and kills nothing is made twice, and in the end all is as git says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(trouble, { minLength: 1, maxLength: 4 }), async (troubles) => {
      const harness = await makeHarness({ files: files(), seed: 'mixture' });
      for (const fault of troubles) harness.simulator.faults.add(fault);
      for (let round = 0; round < 6; round++) {
        await passBounded(harness, 20);
        // Whoever was killed is started again; who was not is killed now and then all the same.
        if (round % 2 === 0 || troubles.some(({ kind }) => kind.startsWith('callerDies'))) await harness.restart();
        if (round === 3) commit(harness, files({ memory: '512mb' }));
      }
      harness.simulator.faults.clear();
      await harness.restart();
      await harness.pass(30);
      await expectWhole(harness, 512);
    }),
    { numRuns: 15, seed: 20_261_124 },
  );
}, 120_000);

test.each(['unauthorized', 'forbidden'] as const)(
  'when every call is %s the app is Stalled with what to do, and asked seldom',
  async (kind) => {
    const harness = await makeHarness({ files: files() });
    await harness.untilSettled();
    harness.simulator.faults.add({ kind, operation: '/apps/{app_name}' });
    await destroyByHand(harness, only(harness.machines(APP))).catch(() => undefined);
    await harness.pass(120);
    const status = harness.status(APP);
    const stalled = status?.conditions.find(({ type }) => type === 'Stalled');
    expect(stalled?.status).toBe('true');
    expect(stalled?.message.length).toBeGreaterThan(20);
    const { counters } = harness.simulator.world;
    const asked = (): number =>
      [...counters.byRoute].reduce((sum, [route, count]) => (route.includes('{app_name}') ? sum + count : sum), 0);
    const before = asked();
    await harness.pass(1_800);
    expect(asked() - before).toBeLessThan(150);
    harness.simulator.faults.clear();
    await harness.untilSettled(PATIENCE_S);
    expect(activeOf(harness)).toHaveLength(3);
    await harness.stop();
  },
);
test('an app that answers 404 for a while is not made a second time, and nothing of it is lost', async () => {
  const harness = await makeHarness({ files: files() });
  await harness.untilSettled();
  const ids = harness.machines(APP).map(({ id }) => id);
  harness.simulator.faults.add({ kind: 'notFound', operation: '/apps/{app_name}' });
  await passBounded(harness, 120);
  harness.simulator.faults.clear();
  await harness.untilSettled(PATIENCE_S);
  await harness.pass(60);
  expect(harness.machines(APP).map(({ id }) => id)).toEqual(ids);
  await harness.stop();
});
test.each(['brokenJson', 'halfAnswer', 'badGatewayBeforeCommit', 'hang'] as const)(
  'while every answer is %s nothing is written, and the app is Unknown',
  async (kind) => {
    const harness = await makeHarness({ files: files() });
    await harness.untilSettled();
    const before = harness.writes();
    harness.simulator.faults.add({ kind });
    await harness.pass(300);
    expect(harness.writes()).toBe(before);
    expect(harness.status(APP)?.sync).toBe('Unknown');
    harness.simulator.faults.clear();
    await harness.untilSettled(PATIENCE_S);
    await harness.pass(30);
    expect(harness.writes()).toBe(before);
    await harness.stop();
  },
);
test('regions that the organization-wide list cannot reach are not taken for gone', async () => {
  const harness = await makeHarness({ files: files() });
  await harness.untilSettled();
  const before = harness.writes();
  perform(harness.simulator.world, { act: 'errorRegions', regions: ['nrt'] });
  await harness.pass(300);
  expect(harness.writes()).toBe(before);
  await harness.stop();
});
test('with a second region in the list a full one is stepped over, and returned to when there is room', async () => {
  const harness = await makeHarness({ files: oneApp({ machines: '{ nrt: 2, fra: 1 }' }) });
  perform(harness.simulator.world, { act: 'capacity', region: 'nrt', machines: 1 });
  const regions = (): readonly string[] =>
    activeOf(harness)
      .map(({ region }) => region)
      .sort();
  await harness.pass(120);
  expect(regions()).toEqual(['fra', 'fra', 'nrt']);
  perform(harness.simulator.world, { act: 'capacity', region: 'nrt', machines: null });
  await harness.pass(900);
  await harness.untilSettled(PATIENCE_S);
  expect(regions()).toEqual(['fra', 'nrt', 'nrt']);
  expect(harness.simulator.world.counters.rateLimitViolations).toBe(0);
  await harness.stop();
});
test('a machine on a host that cannot be reached is told of, not written to and not replaced, and put right when the host is back', async () => {
  const harness = await makeHarness({ files: oneApp({ machines: '{ nrt: 2 }' }) });
  await harness.untilSettled();
  const { id } = only(harness.machines(APP));
  perform(harness.simulator.world, { act: 'hostUnreachable', machine: id });
  const before = harness.writes();
  await harness.pass(300);
  expect(harness.writes()).toBe(before);
  expect(activeOf(harness)).toHaveLength(2);
  expect(harness.status(APP)?.held.map(({ reason }) => reason)).toContain('HostUnreachable');
  perform(harness.simulator.world, { act: 'hostRecovered', machine: id });
  await harness.untilSettled();
  expect(harness.writes()).toBe(before);
  await harness.stop();
});
