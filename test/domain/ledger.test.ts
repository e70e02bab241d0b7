import { describe, expect, test } from 'vitest';
import { datedEntries, NOBODY, ownLines, priceUnits, reservationCredits, sharesBy, totalOf, unitsOverFree } from '#domain/ledger.ts';
import { neonEntries } from '#domain/neon-price.ts';
import { SHIPPED_PRICES } from '#domain/price-book.ts';
import { instant, microUsd } from '#domain/units.ts';

const HOUR = 3_600_000n;
const NOVEMBER = { from: Date.UTC(2026, 10), to: Date.UTC(2026, 11) };
const units = (over: object = {}) => ({
  environment: 'staging',
  app: 'web',
  group: 'app',
  region: 'iad',
  item: 'compute',
  cls: 'shared:1:256',
  rests: false,
  units: 720n * HOUR,
  guessed: false,
  ...over,
});

describe('entries', () => {
  test('are units times their price; what this version does not know is told, never left out', () => {
    const entries = priceUnits([units(), units({ region: 'zzz' }), units({ item: 'quantum' })], SHIPPED_PRICES);
    expect(entries.map(({ item, amount, guess }) => [item, amount, guess])).toEqual([
      ['compute', 1_945_000, null],
      ['compute', 3_614_147, 'unknown region'],
      ['fee', 0, 'unknown item quantum'],
    ]);
  });
  test('of builders and of the controller itself are lines of their own', () => {
    const entries = priceUnits([units({ app: 'fly-builder-x' }), units({ app: 'trimtab' }), units()], SHIPPED_PRICES);
    expect(ownLines(entries, 'trimtab').map(({ item }) => item)).toEqual(['builder', 'controller', 'compute']);
  });
  test('add up to the same by whatever one asks', () => {
    const entries = [
      ...priceUnits(
        [
          units(),
          units({ app: 'api', group: 'jobs', region: 'fra', units: 1_234_567n }),
          units({ environment: null, app: 'x', item: 'rootfs', cls: '?' }),
        ],
        SHIPPED_PRICES,
      ),
      ...datedEntries([{ label: 'Support', amount: microUsd(29_000_000), monthly: true, from: 0, to: null }], NOVEMBER),
    ];
    for (const dimension of ['environment', 'app', 'group', 'label', 'region', 'item'] as const)
      expect(totalOf(sharesBy(entries, dimension))).toBe(totalOf(entries));
    expect(sharesBy(entries, 'environment').map(({ key }) => key)).toEqual([NOBODY, 'staging', '(unmanaged)']);
    expect(sharesBy(entries, 'label', (app) => (app === 'web' ? 'core' : null)).map(({ key }) => key)).toEqual([
      NOBODY,
      'core',
      '(no label)',
    ]);
  });
});
describe('what is free', () => {
  const one = (from: number, to: number, quantity = 1) => ({ bornAt: from, quantity, from, to });
  test.each([
    { what: 'nothing held', all: [], free: 10, over: 0n },
    { what: 'less than is free', all: [one(0, 100), one(0, 100)], free: 2, over: 0n },
    { what: 'one more than is free, for a while', all: [one(0, 100), one(0, 100), one(50, 80)], free: 2, over: 30n },
    { what: 'a quantity over it', all: [one(0, 10, 15)], free: 10, over: 50n },
    { what: 'outside of the span', all: [one(100, 500, 5)], free: 0, over: 0n },
  ])('$what', ({ all, free, over }) => expect(unitsOverFree(all, free, { from: 0, to: 100 })).toBe(over));
});
describe('credits and fees', () => {
  const block = (creditPerMonth: bigint) => ({
    kind: 'shared' as const,
    region: 'iad',
    creditPerMonth,
    perYear: 36_000_000_000n,
    since: instant(0),
    until: null,
  });
  test('a reservation pays what its region and class cost, and no more', () => {
    const entries = priceUnits([units(), units({ region: 'fra' }), units({ cls: 'performance:1:2048' })], SHIPPED_PRICES);
    const credits = (credit: bigint) => reservationCredits(entries, [block(credit)], NOVEMBER).map(({ item, amount }) => [item, amount]);
    expect(credits(5_000_000_000n)).toEqual([
      ['credit', -1_945_000],
      ['fee', 3_000_000],
    ]);
    expect(credits(1_000_000_000n)).toEqual([
      ['credit', -1_000_000],
      ['fee', 3_000_000],
    ]);
    expect(reservationCredits(entries, [{ ...block(1n), since: instant(NOVEMBER.to) }], NOVEMBER)).toEqual([]);
  });
  const line = (over: object) => ({ label: 'Support', amount: microUsd(30_000_000), monthly: true, from: 0, to: null, ...over });
  const day = 86_400_000;
  test.each([
    { what: 'a whole month', lines: [line({})], span: NOVEMBER, amount: 30_000_000 },
    {
      what: 'a week of a month of 30 days',
      lines: [line({})],
      span: { from: NOVEMBER.from, to: NOVEMBER.from + 7 * day },
      amount: 7_000_000,
    },
    { what: 'from the sixteenth on', lines: [line({ from: NOVEMBER.from + 15 * day })], span: NOVEMBER, amount: 15_000_000 },
    { what: 'until the sixteenth', lines: [line({ to: NOVEMBER.from + 15 * day })], span: NOVEMBER, amount: 15_000_000 },
    { what: 'two months of different length', lines: [line({})], span: { from: Date.UTC(2026, 9), to: NOVEMBER.to }, amount: 60_000_000 },
    { what: 'once, on its day', lines: [line({ monthly: false, from: NOVEMBER.from + day })], span: NOVEMBER, amount: 30_000_000 },
    { what: 'once, on another day', lines: [line({ monthly: false, from: NOVEMBER.to })], span: NOVEMBER, amount: 0 },
    { what: 'a credit', lines: [line({ amount: microUsd(-10_000_000) })], span: NOVEMBER, amount: -10_000_000 },
  ])('$what', ({ lines, span, amount }) => expect(totalOf(datedEntries(lines, span))).toBe(amount));
});
describe('a database on Neon', () => {
  const amount = (cls: string, quantity: number, app = 'p1') => ({ environment: null, app, item: 'neon', cls, quantity });
  // The provider's own examples.
  test.each([
    { what: '500,000 compute seconds on Scale', all: [amount('scale/compute_unit_seconds', 500_000)], micro: 30_833_333 },
    { what: '2.5 TB-hours of root branches', all: [amount('scale/root_branch_bytes_month', 2_500_000_000_000)], micro: 1_176_075 },
    { what: '2 GB for a month of 31 days', all: [amount('launch/root_branch_bytes_month', 1_488_000_000_000)], micro: 700_000 },
    { what: '288 branch-hours in a day on Launch', all: [amount('launch/extra_branches_month', 288)], micro: 145_161 },
    {
      what: 'transfer within the free 100 GB of all projects',
      all: [amount('launch/public_network_transfer_bytes', 60e9), amount('launch/public_network_transfer_bytes', 40e9, 'p2')],
      micro: 0,
    },
    { what: 'transfer over it', all: [amount('launch/public_network_transfer_bytes', 150e9)], micro: 5_000_000 },
    { what: 'a metric of tomorrow', all: [amount('launch/dreams', 1)], micro: 0 },
  ])('$what', ({ all, micro }) => expect(totalOf(neonEntries(all, SHIPPED_PRICES))).toBe(micro));
  test('an unknown plan is priced as Scale, and says so', () => {
    expect(neonEntries([amount('platinum/compute_unit_seconds', 3_600)], SHIPPED_PRICES)).toMatchObject([
      { amount: 222_000, guess: 'unknown plan platinum' },
    ]);
  });
});
