import { describe, expect, test } from 'vitest';
import { groupName, regionCode } from '#domain/ids.ts';
import type { MachineGuest } from '#domain/machine-config.ts';
import type { ObservedAddress } from '#domain/observed.ts';
import * as price from '#domain/price.ts';
import { SHIPPED_PRICES } from '#domain/price-book.ts';
import { REGIONS } from '#domain/regions.ts';
import { aConfig, aGroup, aMachine, aVolume, observedApp } from '#test/support/builders.ts';
import { aStep, createStep, destroyStep, plainStep, restampStep, updateStep } from '#test/support/steps.ts';

const { totalPerHour } = price;
const priceMachines = (held: Parameters<typeof price.priceMachines>[0]) => price.priceMachines(held, SHIPPED_PRICES);
const priceVolumes = (held: Parameters<typeof price.priceVolumes>[0]) => price.priceVolumes(held, SHIPPED_PRICES);
const priceAddresses = (held: Parameters<typeof price.priceAddresses>[0]) => price.priceAddresses(held, SHIPPED_PRICES);
const priceCertificates = (held: Parameters<typeof price.priceCertificates>[0]) => price.priceCertificates(held, SHIPPED_PRICES);
const priceApp = (held: Parameters<typeof price.priceApp>[0]) => price.priceApp(held, SHIPPED_PRICES);
const priceOfPlan = (held: Parameters<typeof price.priceOfPlan>[0], steps: Parameters<typeof price.priceOfPlan>[1]) => {
  const { beforePerHour, afterPerHour } = price.priceOfPlan(held, steps, SHIPPED_PRICES);
  return { beforePerHour, afterPerHour };
};
const computePerHour = (config: Parameters<typeof price.computePerHour>[0], region: string) =>
  price.computePerHour(config, region, SHIPPED_PRICES);

const group = aGroup();
const machineIn = (state: string, region = 'iad', guest: MachineGuest = { cpu_kind: 'shared', cpus: 1, memory_mb: 256 }) =>
  aMachine(group, 'app-1', { state, region: regionCode(region), config: aConfig({ guest }) });
const address = (type: ObservedAddress['type'], ip: string): ObservedAddress => ({ ip, type, region: null, createdAt: null });
const certificate = (hostname: string) => ({ hostname, configured: true, status: 'active', expiresAt: null });

describe('a running machine', () => {
  // Dollars a month of 720 hours, times the region's markup, in micro-dollars an hour.
  test.each([
    { size: 'shared 1x 256 MB', region: 'iad', guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 }, perHour: 2_701 }, // (0.695 + 1.25) / 720
    { size: 'shared 1x 256 MB', region: 'nrt', guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 }, perHour: 3_533 }, // × 1.307692308
    { size: 'shared 2x 1 GB', region: 'gru', guest: { cpu_kind: 'shared', cpus: 2, memory_mb: 1_024 }, perHour: 14_337 }, // (1.39 + 5) × 1.615384615
    { size: 'performance 2x 4 GB', region: 'ewr', guest: { cpu_kind: 'performance', cpus: 2, memory_mb: 4_096 }, perHour: 86_111 }, // 42 + 20
    { size: 'performance 1x 2 GB', region: 'jnb', guest: { cpu_kind: 'performance', cpus: 1, memory_mb: 2_048 }, perHour: 56_096 }, // 31 × 1.302884615
    { size: 'no stated size', region: 'iad', guest: {}, perHour: 2_701 },
  ])('of $size costs $perHour micro-dollars an hour in $region', ({ region, guest, perHour }) => {
    expect(priceMachines({ machines: [machineIn('started', region, guest)] })).toEqual([
      { item: 'compute', subject: 'app-1', microUsdPerHour: perHour },
    ]);
  });
  test('every region that the platform names has a price', () => {
    expect(REGIONS.filter((region) => !SHIPPED_PRICES.regions.has(region))).toEqual([]);
  });
  test('a price is whole micro-dollars, at least one, whatever the size and region', () => {
    for (const region of [...REGIONS, 'xxx'])
      for (const cpus of [1, 2, 8]) {
        const price = computePerHour({ guest: { cpu_kind: 'shared', cpus, memory_mb: 256 * cpus } }, region);
        expect(Number.isInteger(price) && price > 0).toBe(true);
      }
  });
});

describe('what the book does not know is an estimate that says so', () => {
  test('an unknown region is priced as the dearest one', () => {
    const [line] = priceMachines({ machines: [machineIn('started', 'xyz')] });
    expect(line).toEqual({ item: 'compute', subject: 'app-1 (estimate: unknown region)', microUsdPerHour: 5_020 }); // 1.945 × 1.858173077
    expect(SHIPPED_PRICES.dearestRegion).toBe('eze');
  });
  test('a region named like a property of every object is unknown too', () => {
    expect(priceMachines({ machines: [machineIn('started', 'constructor')] })[0]).toMatchObject({
      subject: 'app-1 (estimate: unknown region)',
      microUsdPerHour: 5_020,
    });
  });
  test('an unknown kind of CPU is priced as the dearer one', () => {
    const [line] = priceMachines({ machines: [machineIn('started', 'iad', { cpu_kind: 'quantum', cpus: 1, memory_mb: 1_024 })] });
    expect(line).toEqual({ item: 'compute', subject: 'app-1 (estimate: unknown size)', microUsdPerHour: 36_111 }); // 21 + 5
  });
  test('a machine on a sick host has no size to be read', () => {
    const [line] = priceMachines({ machines: [aMachine(group, 'app-1', { config: null, hostStatus: 'unreachable' })] });
    expect(line).toMatchObject({ subject: 'app-1 (estimate: unknown size)' });
    expect(line?.microUsdPerHour).toBeGreaterThan(0);
  });
  test('a GPU costs its own price by the hour, whatever the region', () => {
    const gpu = (gpu_kind: string) =>
      machineIn('started', 'nrt', { cpu_kind: 'performance', cpus: 8, memory_mb: 32_768, gpu_kind, gpus: 2 });
    // (8 × 21 + 32 × 5) × 1.307692308 / 720 + 2 × 1.50
    expect(priceMachines({ machines: [gpu('a10')] })[0]).toMatchObject({ subject: 'app-1', microUsdPerHour: 3_595_726 });
    // The dearest known: 2 × 3.50
    expect(priceMachines({ machines: [gpu('h900')] })[0]).toMatchObject({
      subject: 'app-1 (estimate: unknown GPU)',
      microUsdPerHour: 7_595_726,
    });
  });
});

describe('by state', () => {
  test.each(['started', 'starting', 'stopping', 'restarting', 'suspending', 'replacing', 'updating'])('%s: compute', (state) => {
    expect(priceMachines({ machines: [machineIn(state)] })).toMatchObject([{ item: 'compute', microUsdPerHour: 2_701 }]);
  });
  // One GB of root file system: 0.15 / 720.
  test.each(['stopped', 'suspended', 'created', 'failed', 'a word of tomorrow'])('%s: its root file system only', (state) => {
    expect(priceMachines({ machines: [machineIn(state)] })).toEqual([{ item: 'rootfs', subject: 'app-1', microUsdPerHour: 208 }]);
  });
  test.each(['destroyed', 'destroying', 'launch_failed', 'replaced', 'migrated'])('%s: nothing', (state) => {
    expect(priceMachines({ machines: [machineIn(state)] })).toEqual([]);
  });
});

describe('everything else', () => {
  test('a volume costs by its size, attached or not, until it is on its way out', () => {
    const volumes = [aVolume('vol_1', { sizeGb: 3 }), aVolume('vol_2', { sizeGb: 100 }), aVolume('vol_3', { state: 'pending_destroy' })];
    expect(priceVolumes({ volumes })).toEqual([
      { item: 'volume', subject: 'data vol_1', microUsdPerHour: 625 }, // 0.45 / 720
      { item: 'volume', subject: 'data vol_2', microUsdPerHour: 20_833 }, // 15 / 720
    ]);
  });
  test('of the addresses only a dedicated IPv4 costs', () => {
    const addresses = [
      address('shared_v4', '66.0.0.1'),
      address('v6', '2a09::1'),
      address('private_v6', 'fdaa::1'),
      address('v4', '137.0.0.1'),
    ];
    expect(priceAddresses({ addresses })).toEqual([{ item: 'address', subject: '137.0.0.1', microUsdPerHour: 2_778 }]); // 2 / 720
  });
  test('a wildcard certificate costs ten times a plain one', () => {
    expect(priceCertificates({ certificates: [certificate('app.example.com'), certificate('*.example.com')] })).toEqual([
      { item: 'certificate', subject: 'app.example.com', microUsdPerHour: 139 }, // 0.10 / 720
      { item: 'certificate', subject: '*.example.com', microUsdPerHour: 1_389 }, // 1 / 720
    ]);
  });
  test('an app costs what all it holds costs', () => {
    const observed = observedApp({
      machines: [machineIn('started'), machineIn('stopped')],
      volumes: [aVolume('vol_1', { sizeGb: 3 })],
      addresses: [address('v4', '137.0.0.1')],
      certificates: [certificate('app.example.com')],
    });
    expect(totalPerHour(priceApp(observed))).toBe(2_701 + 208 + 625 + 2_778 + 139);
  });
});

describe('a plan', () => {
  const started = machineIn('started');
  const stopped = aMachine(group, 'app-2', { state: 'stopped', region: regionCode('iad') });
  const observed = observedApp({ machines: [started, stopped] });
  const before = 2_701 + 208;
  const big = aConfig({ guest: { cpu_kind: 'shared', cpus: 2, memory_mb: 1_024 } });
  const bigPerHour = 8_875; // (1.39 + 5) / 720
  const ipAction = { kind: 'ip-address', type: 'v4' } as const;
  const volume = {
    kind: 'volume',
    verb: 'create',
    name: 'data',
    region: regionCode('iad'),
    sizeGb: 3,
    snapshotRetention: null,
    autoBackup: null,
    compute: null,
    requireUniqueZone: false,
    known: [],
  } as const;
  test.each([
    { does: 'nothing', steps: [], change: 0 },
    { does: 'makes a machine', steps: [createStep('app-3', { region: 'iad', config: big })], change: bigPerHour },
    { does: 'makes a machine that does not boot', steps: [createStep('app-3', { region: 'iad', launch: 'skip' })], change: 208 },
    { does: 'grows a running machine', steps: [updateStep(started, 'keep', big)], change: bigPerHour - 2_701 },
    { does: 'grows a sleeping machine', steps: [updateStep(stopped, 'keep', big)], change: 0 },
    { does: 'grows and wakes a sleeping machine', steps: [updateStep(stopped, 'start', big)], change: bigPerHour - 208 },
    { does: 'starts a machine', steps: [plainStep('start', stopped)], change: 2_701 - 208 },
    { does: 'stops a machine', steps: [plainStep('stop', started)], change: 208 - 2_701 },
    { does: 'destroys both machines', steps: [destroyStep(started), destroyStep(stopped)], change: -before },
    { does: 'destroys a machine nobody saw', steps: [destroyStep(aMachine(group, 'app-9'))], change: 0 },
    { does: 'stamps a machine', steps: [restampStep(started)], change: 0 },
    { does: 'takes a dedicated address', steps: [aStep({ ...ipAction, verb: 'create', region: null }, 'v4')], change: 2_778 },
    { does: 'makes a volume', steps: [aStep(volume, 'data')], change: 625 },
    {
      does: 'asks for a certificate',
      steps: [aStep({ kind: 'certificate', verb: 'create', hostname: 'app.example.com' }, 'app.example.com')],
      change: 139,
    },
    {
      does: 'takes a shared address',
      steps: [aStep({ kind: 'ip-address', verb: 'create', type: 'shared_v4', region: null }, 's')],
      change: 0,
    },
    { does: 'opens a release', steps: [aStep({ kind: 'app', verb: 'open-release', image: 'i', definition: {} }, 'release')], change: 0 },
  ])('that $does moves the rate by $change', ({ steps, change }) => {
    expect(priceOfPlan(observed, steps)).toEqual({ beforePerHour: before, afterPerHour: before + change });
  });
  test('never ends below zero', () => {
    const release = aStep({ ...ipAction, verb: 'destroy', ip: '137.0.0.1' }, '137.0.0.1');
    expect(priceOfPlan(observedApp(), [release])).toEqual({ beforePerHour: 0, afterPerHour: 0 });
  });
  test('takes a machine that is going already for what it costs: nothing', () => {
    const going = aMachine(group, 'app-2', { state: 'destroying' });
    expect(priceOfPlan(observedApp({ machines: [started, going] }), [destroyStep(going)])).toEqual({
      beforePerHour: 2_701,
      afterPerHour: 2_701,
    });
  });
  test('prices machines of every group alike', () => {
    const other = aMachine(aGroup({ name: groupName('jobs') }), 'jobs-1', { region: regionCode('iad') });
    expect(priceOfPlan(observedApp({ machines: [other] }), [destroyStep(other)])).toEqual({ beforePerHour: 2_701, afterPerHour: 0 });
  });
});
