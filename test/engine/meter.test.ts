import { expect, test } from 'vitest';
import { monthSpan } from '#domain/calendar.ts';
import { sharesBy, totalOf } from '#domain/ledger.ts';
import type { MachineRow } from '#simulator/world.ts';
import { allocateEgress } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { deployByHand, oneApp } from '#test/support/worlds.ts';

const DAY_S = 86_400;
const signal = AbortSignal.timeout(60_000);
/** From the platform's own log: milliseconds in starting and started, until now. */
function ranFor({ events, state }: MachineRow, now: number): number {
  let since: number | null = null;
  let sum = 0;
  for (const { type, timestamp, request } of [...events].reverse()) {
    const restarts = JSON.stringify(request ?? {}).includes('"restarting":true');
    if (type === 'start') since ??= timestamp;
    else if (since !== null && type !== 'launch' && !(type === 'exit' && restarts)) {
      sum += timestamp - since;
      since = null;
    }
  }
  return sum + (since === null || state === 'destroyed' ? 0 : now - since);
}
async function unitsOf(harness: Harness, item: string): Promise<number> {
  await harness.pass(10);
  const now = harness.clock.now();
  const units = await harness.store.unitsBetween('acme', null, monthSpan(now).from, now, signal);
  if (!units.ok) throw new Error(units.error.message);
  return Number(units.value.filter((row) => row.item === item).reduce((sum, row) => sum + row.units, 0n));
}
const truth = (harness: Harness): number =>
  [...harness.simulator.world.machines.values()].reduce((sum, row) => sum + ranFor(row, harness.clock.now()), 0);
async function act(harness: Harness, index: number, verb: 'stop' | 'start'): Promise<void> {
  const row = [...harness.simulator.world.machines.values()][index];
  await harness.byHand('POST', `/v1/apps/${row?.app}/machines/${row?.id}/${verb}`, {});
}

test('a controller that was away for two days bills those two days by the platform’s own times', async () => {
  const harness = await makeHarness({ files: oneApp({ mode: 'observe' }), seed: 'meter', start: false });
  await deployByHand(harness, 'acme-web', 2);
  await harness.restart();
  await harness.pass(3_600);
  await act(harness, 0, 'stop');
  await harness.pass(3_600);
  expect(await unitsOf(harness, 'compute')).toBe(truth(harness));
  await harness.stop();
  await harness.pass(6 * 3_600);
  await act(harness, 0, 'start');
  await harness.pass(DAY_S);
  await act(harness, 1, 'stop');
  await act(harness, 0, 'stop');
  await harness.pass(DAY_S - 6 * 3_600);
  await act(harness, 1, 'start');
  await harness.pass(600);
  await harness.restart();
  await harness.pass(120);
  expect(await unitsOf(harness, 'compute')).toBe(truth(harness));
  // What neither runs nor is gone holds its root file system.
  const lifetimes = [...harness.simulator.world.machines.values()].reduce((sum, row) => sum + harness.clock.now() - row.createdAt, 0);
  expect((await unitsOf(harness, 'rootfs')) / (lifetimes - truth(harness))).toBeCloseTo(1, 3);
  await harness.stop();
});
test('what ran for weeks before the first look is known within a minute: the month so far, and the week before', async () => {
  const harness = await makeHarness({ files: oneApp({ mode: 'observe' }), seed: 'weeks', start: false });
  await deployByHand(harness, 'acme-web', 1);
  await harness.pass(16 * DAY_S);
  await harness.restart();
  await harness.pass(30);
  const summary = await harness.controller().money.costs.summary({ organization: 'acme', environments: null }, signal);
  if (!summary.ok) throw new Error(summary.error.message);
  expect(summary.value.monthToDate).toBeGreaterThan(0);
  expect(summary.value.weekBefore).toBeGreaterThan(0);
  expect(summary.value.weekOverWeek).toBeCloseTo(0, 2);
  await harness.stop();
});
test('a machine that was destroyed while nobody looked ended when it ended', async () => {
  const harness = await makeHarness({ files: oneApp({ mode: 'observe' }), seed: 'meter-gone', start: false });
  await deployByHand(harness, 'acme-web', 2);
  await harness.restart();
  await harness.pass(600);
  await harness.stop();
  await act(harness, 0, 'stop');
  await harness.pass(3_600);
  const gone = [...harness.simulator.world.machines.values()][0];
  await harness.byHand('DELETE', `/v1/apps/acme-web/machines/${gone?.id}?force=true`);
  await harness.pass(DAY_S);
  await harness.restart();
  await harness.pass(60);
  expect(await unitsOf(harness, 'compute')).toBe(truth(harness));
  await harness.stop();
});
test('apps that git does not know are counted with everything they hold', async () => {
  const harness = await makeHarness({ files: oneApp({ mode: 'observe' }), seed: 'meter-foreign', start: false });
  await deployByHand(harness, 'acme-web', 1);
  await deployByHand(harness, 'acme-secret-experiment', 1);
  await deployByHand(harness, 'fly-builder-quiet-river-1', 1);
  await harness.byHand('POST', '/v1/apps/acme-secret-experiment/volumes', { name: 'data', region: 'nrt', size_gb: 10 });
  await harness.byHand('POST', '/v1/apps/acme-secret-experiment/ip_assignments', { type: 'v4' });
  await harness.restart();
  await harness.pass(7_200);
  const { costs } = harness.controller().money;
  const month = await costs.monthEntries('acme', null, signal);
  if (!month.ok) throw new Error(month.error.message);
  const items = (app: string) =>
    sharesBy(
      month.value.entries.filter((entry) => entry.app === app),
      'item',
    ).map(({ key }) => key);
  expect([...items('acme-secret-experiment')].sort()).toEqual(['address', 'compute', 'rootfs', 'volume']);
  expect(items('fly-builder-quiet-river-1')).toEqual(['builder']);
  expect(sharesBy(month.value.entries, 'environment').map(({ key }) => key)).toEqual(['(unmanaged)', 'test']);
  for (const dimension of ['environment', 'app', 'group', 'label', 'region', 'item'] as const)
    expect(totalOf(sharesBy(month.value.entries, dimension)), dimension).toBe(totalOf(month.value.entries));
  // Three machines of (0.695 + 1.25) × 1.307692308, a volume of 10 GB, an address; the hour of the volume that has begun counts.
  const perHour = totalOf(costs.rates('acme'));
  expect(perHour).toBe(3 * 3_533 + 2_083 + 2_778);
  expect(totalOf(month.value.entries) / perHour).toBeCloseTo(2, 1);
  await harness.stop();
});
test('static egress addresses are billed from when they were given until they are released', async () => {
  const harness = await makeHarness({ files: oneApp({ mode: 'observe' }), seed: 'meter-egress', start: false });
  await deployByHand(harness, 'acme-web', 1);
  const [machine] = harness.machines('acme-web');
  await allocateEgress(harness, { appId: 'acme-web', machineId: machine?.id });
  await harness.pass(7_200);
  await harness.restart();
  await harness.pass(3_600);
  const hours = async (): Promise<number> => (await unitsOf(harness, 'address')) / 3_600_000;
  expect(await hours()).toBeCloseTo(3, 1);
  await harness.byHand('DELETE', `/v1/apps/acme-web/machines/${machine?.id}?force=true`);
  await harness.pass(7_200);
  const ended = await hours();
  // Seen to be gone within the hour.
  expect(ended).toBeGreaterThanOrEqual(3);
  expect(ended).toBeLessThanOrEqual(4.1);
  await harness.pass(7_200);
  expect(await hours()).toBe(ended);
  await harness.stop();
});
test('a world that stands still writes nothing', async () => {
  const harness = await makeHarness({ files: oneApp({}), seed: 'meter-idle' });
  await harness.untilSettled();
  await harness.pass(120);
  let writes = 0;
  const { rewriteIntervals } = harness.store;
  harness.store.rewriteIntervals = (...given) => {
    writes += given[1].length;
    return rewriteIntervals(...given);
  };
  await harness.pass(3_600);
  expect(writes).toBe(0);
  await harness.stop();
});
