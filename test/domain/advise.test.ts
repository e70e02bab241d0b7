import { describe, expect, test } from 'vitest';
import { type AdviceInput, adviseAll, type Holding } from '#domain/advise.ts';
import { SHIPPED_PRICES } from '#domain/price-book.ts';
import { UNATTACHED } from '#domain/rates.ts';
import { microUsd } from '#domain/units.ts';
import { costOfApp, withSettings } from '#domain/whatif.ts';
import { aConfig, aGroup, anApp, anEnvironment } from '#test/support/builders.ts';

const DAY = 86_400_000;
const holding = (over: Partial<Holding>): Holding => ({
  ...{
    resource: 'm1',
    environment: 'staging',
    app: 'acme-web',
    group: 'app',
    region: 'iad',
    subject: 'app-1',
    item: 'compute',
    cls: 'shared:1:256',
  },
  ...{ amount: microUsd(2_701), heldForMs: 30 * DAY },
  ...over,
});
const advice = (over: Partial<AdviceInput>) =>
  adviseAll({ environments: [], holdings: [], prices: SHIPPED_PRICES, peakMemoryMb: new Map(), month: [], ...over }).map(
    ({ kind, saves, change }) => ({ kind, saves, change }),
  );
const iad = { primaryRegion: null, groups: [aGroup({ machines: { iad: 1 } })] };

describe('proposals', () => {
  test('a group that always runs could rest outside of working hours', () => {
    // (1.945 - 0.15) × (1 - 60 / 168)
    expect(advice({ environments: [anEnvironment({ apps: [anApp(iad)] })] })).toEqual([
      {
        kind: 'idle',
        saves: 1_153_903,
        change: '# desired-state/staging: App web\nspec: { groups: { app: { autostop: stop, minMachinesRunning: 0 } } }',
      },
    ]);
  });
  test('a floor keeps machines awake', () => {
    const groups = [aGroup({ machines: { iad: 2 }, autostop: 'stop', minMachinesRunning: 1 })];
    expect(advice({ environments: [anEnvironment({ apps: [anApp({ groups })] })] })).toMatchObject([{ kind: 'floor', saves: 1_153_903 }]);
  });
  test('what serves nothing, is switched off or rests already is left alone', () => {
    const silent = aGroup({ machines: { iad: 1 }, config: aConfig({ services: [] }) });
    const apps = [
      anApp({ groups: [silent], visibility: 'public' }),
      anApp({ ...iad, enabled: false }),
      anApp({ ...iad, excluded: true }),
      anApp({ groups: [aGroup({ autostop: 'stop' })] }),
    ];
    expect(advice({ environments: [anEnvironment({ apps })] })).toEqual([]);
  });
  test('memory that was never used, where the platform’s metrics tell', () => {
    const groups = [
      aGroup({ machines: { iad: 1 }, config: aConfig({ services: [], guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 2_048 } }) }),
    ];
    const input = { environments: [anEnvironment({ apps: [anApp({ groups, visibility: 'public' })] })] };
    // 300 MB × 1.5 → 512 MB; 1.5 GB × $5
    expect(advice({ ...input, peakMemoryMb: new Map([['acme-web', 300]]) })).toMatchObject([{ kind: 'memory', saves: 7_499_520 }]);
    expect(advice({ ...input, peakMemoryMb: new Map([['acme-web', 1_900]]) })).toEqual([]);
  });
  test.each([
    {
      what: 'a volume that is attached to nothing',
      one: { item: 'volume', cls: UNATTACHED, resource: 'vol_1', amount: microUsd(625) },
      kind: 'volume',
      saves: 450_000,
    },
    {
      what: 'a machine that has been stopped for a month',
      one: { item: 'rootfs', cls: '?', amount: microUsd(208) },
      kind: 'rootfs',
      saves: 149_760,
    },
    { what: 'an app that git does not know', one: { environment: null }, kind: 'unmanaged', saves: 1_944_720 },
    {
      what: 'snapshots above the free part',
      one: { item: 'snapshot', cls: 'mb', subject: 'vol_1 vs_1', amount: microUsd(2_222) },
      kind: 'snapshot',
      saves: 799_840,
    },
  ])('$what', ({ one, kind, saves }) => {
    expect(advice({ holdings: [holding(one)] })).toMatchObject([{ kind, saves }]);
  });
  test('a volume that a machine uses, a machine stopped yesterday and snapshots within the free part are none', () => {
    const holdings = [
      holding({ item: 'volume', cls: 'gb' }),
      holding({ item: 'rootfs', cls: '?', heldForMs: DAY }),
      holding({ item: 'snapshot', cls: 'mb', amount: microUsd(1_000) }),
    ];
    expect(advice({ holdings })).toEqual([]);
  });
  test('an idle Authentik, and a dedicated address on a private app', () => {
    const apps = [
      anApp({ name: 'authentik', groups: [aGroup({ machines: { iad: 1 }, config: aConfig({ services: [] }) })], visibility: 'private' }),
    ];
    const holdings = [holding({}), holding({ item: 'address', cls: 'ipv4', subject: '1.2.3.4', amount: microUsd(2_778) })];
    expect(advice({ environments: [anEnvironment({ apps })], holdings }).map(({ kind }) => kind)).toEqual(['authentik', 'address']);
  });
  test('reservations whose credit would be used to the end', () => {
    // $11.67 a month: two blocks of $5 for $3 each.
    expect(advice({ holdings: Array.from({ length: 6 }, () => holding({})) })).toMatchObject([{ kind: 'reservation', saves: 4_000_000 }]);
    expect(advice({ holdings: [holding({})] })).toEqual([]);
  });
});

describe('what if', () => {
  const apps = [
    anApp({ ...iad }),
    anApp({ name: 'api', app: anApp().app, groups: [aGroup({ machines: { iad: 2 }, autostop: 'stop', minMachinesRunning: 1 })] }),
  ];
  const costs = (...settings: readonly string[]) => {
    const changed = withSettings(apps, settings);
    if (!changed.ok) throw new Error(changed.error);
    return changed.value.map((app) => [
      costOfApp(app, SHIPPED_PRICES, { app: 0.5 }).expectedPerHour,
      costOfApp(app, SHIPPED_PRICES, {}).alwaysOnPerHour,
    ]);
  };
  test.each([
    // What may rest runs half of its time: 2,701 / 2 + 208 / 2.
    {
      settings: [],
      want: [
        [2_701, 2_701],
        [2_909, 5_402],
      ],
    },
    {
      settings: ['web.memory=1gb'],
      want: [
        [7_910, 7_910],
        [2_909, 5_402],
      ],
    },
    {
      settings: ['web.size=performance-1x'],
      want: [
        [43_056, 43_056],
        [2_909, 5_402],
      ],
    },
    {
      settings: ['web.machines=3'],
      want: [
        [8_103, 8_103],
        [2_909, 5_402],
      ],
    },
    {
      settings: ['web/app.machines=nrt:1,iad:1', 'web.memory=512'],
      want: [
        [10_241, 10_241],
        [2_909, 5_402],
      ],
    },
    {
      settings: ['web.enabled=false'],
      want: [
        [0, 0],
        [2_909, 5_402],
      ],
    },
    {
      settings: ['web.autostop=stop'],
      want: [
        [1_455, 2_701],
        [2_909, 5_402],
      ],
    },
  ])('$settings', ({ settings, want }) => {
    expect(costs(...settings)).toEqual(want);
  });
  test.each([
    [
      'nonsense',
      'nonsense: expected app.field=value, with one of machines, memory, size, cpus, autostop, minMachinesRunning, enabled, volume',
    ],
    ['shop.memory=1gb', 'shop.memory=1gb: there is no app shop; known: web, api'],
    ['web/jobs.memory=1gb', 'web/jobs.memory=1gb: there is no group jobs; known: app'],
    [
      'web.colour=red',
      'web.colour=red: there is no field colour; known: machines, memory, size, cpus, autostop, minMachinesRunning, enabled, volume',
    ],
    ['web.memory=9gb', 'web.memory=9gb: 1 shared CPUs take 256 to 2048 MB in steps of 256, not 9216'],
    ['web.memory=lots', 'web.memory=lots: expected memory such as 512mb or 2gb'],
    ['web.machines=xyz:1', 'web.machines=xyz:1: the platform has no region xyz'],
    ['web.machines=many', 'web.machines=many: expected a number of machines, or region:number'],
    ['web.volume=10gb', 'web.volume=10gb: app has no volume'],
    ['web.autostop=maybe', 'web.autostop=maybe: expected off, stop or suspend'],
  ])('%s is refused', (setting, said) => {
    expect(withSettings(apps, [setting])).toEqual({ ok: false, error: said });
  });
});
