import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { makePriceBook, pricesAt, SHIPPED_BOOK, SHIPPED_FILES, SHIPPED_PRICES } from '#domain/price-book.ts';
import { REQUIRED_ITEMS } from '#domain/price-lines.ts';
import { classOfGuest, type MeteredItem, rateOf } from '#domain/rates.ts';
import { amountOf, decimalToNano, microToDollars, roundedQuotient } from '#domain/ratio.ts';
import { instant } from '#domain/units.ts';

const HOUR = 3_600_000n;
const MONTH = 720n * HOUR;
const GB = 1_000_000_000n;
const cost = (item: MeteredItem, cls: string, region: string, units: bigint): number =>
  amountOf(rateOf(SHIPPED_PRICES, item, cls, region).rate, units);
const line = (item: string, value: string, more: object = {}) => ({ item, value, read: '2026-11-01', source: 'contract 7', ...more });
const faultsOf = (...lines: readonly object[]): readonly string[] => {
  const made = makePriceBook(...SHIPPED_FILES, { lines });
  return made.ok ? [] : made.error;
};

describe('worked out by hand, in micro-dollars', () => {
  test.each([
    // 0.695 + 0.25 × 5 = 1.945
    { what: 'shared-cpu-1x 256 MB, a month in iad', item: 'compute', cls: 'shared:1:256', region: 'iad', units: MONTH, micro: 1_945_000 },
    // 1.945 × 31 / 30 = 2.0098333…
    { what: 'the same in a month of 31 days', item: 'compute', cls: 'shared:1:256', region: 'iad', units: 744n * HOUR, micro: 2_009_833 },
    // (0.695 + 5) × 1.153846154 = 6.57115384703
    { what: 'shared-cpu-1x 1 GB, a month in fra', item: 'compute', cls: 'shared:1:1024', region: 'fra', units: MONTH, micro: 6_571_154 },
    // (2 × 21 + 4 × 5) × 1.307692308 = 81.076923096
    {
      what: 'performance-2x 4 GB, a month in nrt',
      item: 'compute',
      cls: 'performance:2:4096',
      region: 'nrt',
      units: MONTH,
      micro: 81_076_923,
    },
    // 1.945 / 2,592,000 s = 0.00000075038…
    { what: 'shared-cpu-1x 256 MB, one second', item: 'compute', cls: 'shared:1:256', region: 'iad', units: 1_000n, micro: 1 },
    {
      what: 'an l40s beside 8 performance CPUs and 32 GB, one hour',
      item: 'compute',
      cls: 'performance:8:32768:l40s:1',
      region: 'ord',
      units: HOUR,
      micro: 1_819_444,
    }, // 328 × 1.25 / 720 + 1.25
    { what: '1 GB of rootfs stopped for ten days', item: 'rootfs', cls: '1', region: 'iad', units: 240n * HOUR, micro: 50_000 },
    { what: 'three stopped machines of 1 GB for 30 days', item: 'rootfs', cls: '1', region: 'iad', units: 3n * MONTH, micro: 450_000 },
    { what: 'a volume of 10 GB, a month', item: 'volume', cls: 'gb', region: 'nrt', units: 10n * MONTH, micro: 1_500_000 },
    { what: 'a volume of 3 GB, one hour', item: 'volume', cls: 'gb', region: 'nrt', units: 3n * HOUR, micro: 625 },
    { what: '25 GB of snapshots, a month', item: 'snapshot', cls: 'mb', region: 'nrt', units: 25_000n * MONTH, micro: 2_000_000 },
    { what: 'a dedicated IPv4, a month', item: 'address', cls: 'ipv4', region: '', units: MONTH, micro: 2_000_000 },
    { what: 'a static egress address, a month', item: 'address', cls: 'egress', region: '', units: MONTH, micro: 3_600_000 },
    { what: 'a certificate, a month', item: 'certificate', cls: 'single', region: '', units: MONTH, micro: 100_000 },
    { what: 'a wildcard certificate, half a month', item: 'certificate', cls: 'wildcard', region: '', units: MONTH / 2n, micro: 500_000 },
    { what: '100 GB out of fra', item: 'egress', cls: 'bytes', region: 'fra', units: 100n * GB, micro: 2_000_000 },
    { what: '50 GB out of sin', item: 'egress', cls: 'bytes', region: 'sin', units: 50n * GB, micro: 2_000_000 },
    { what: '1 GB out of jnb', item: 'egress', cls: 'bytes', region: 'jnb', units: GB, micro: 120_000 },
    { what: '20 GB between regions, from iad', item: 'private', cls: 'bytes', region: 'iad', units: 20n * GB, micro: 120_000 },
    { what: '10 GB between regions, from sin', item: 'private', cls: 'bytes', region: 'sin', units: 10n * GB, micro: 150_000 },
    { what: '1 GB between regions, from bom', item: 'private', cls: 'bytes', region: 'bom', units: GB, micro: 50_000 },
  ] as const)('$what: $micro', ({ item, cls, region, units, micro }) => {
    expect(cost(item, cls, region, units)).toBe(micro);
  });
  test('a year of seconds, each priced exactly, is a year', () => {
    const { rate } = rateOf(SHIPPED_PRICES, 'compute', 'shared:1:256', 'nrt');
    const seconds = 31_536_000n;
    expect(amountOf({ nano: rate.nano * seconds, per: rate.per }, 1_000n)).toBe(amountOf(rate, seconds * 1_000n));
  });
});

describe('the shipped book', () => {
  test('has every line, with the day it was read and its source', () => {
    for (const item of REQUIRED_ITEMS) {
      const found = SHIPPED_PRICES.lines.get(item);
      expect(found?.read, item).toMatch(/^2026-\d\d-\d\d$/);
      expect(found?.source, item).toMatch(/^https:/);
    }
  });
  test('names nothing twice', () => {
    const items = ['fly', 'neon'].flatMap((name) =>
      [...readFileSync(`src/domain/prices-${name}.json`, 'utf8').matchAll(/"item": "([^"]+)"/g)].map(([, item]) => item),
    );
    expect(new Set(items).size).toBe(items.length);
  });
  test.each(REQUIRED_ITEMS.filter((item) => !item.startsWith('region.')))('without %s it is refused', (item) => {
    const without = SHIPPED_FILES.map((file) => JSON.parse(JSON.stringify(file))).map((file) => ({
      lines: file.lines.filter((one: { item: string }) => one.item !== item),
    }));
    const made = makePriceBook(...without);
    expect(made).toEqual({ ok: false, error: [`${item} is missing`] });
  });
});

describe('prices of one’s own', () => {
  test('replace the shipped ones, from their day on', () => {
    const made = makePriceBook(...SHIPPED_FILES, {
      lines: [line('machine.memory', '6', { since: '2026-09-01' }), line('volume.storage', '0.1')],
    });
    if (!made.ok) throw new Error(made.error.join());
    const at = (day: string) => pricesAt(made.value, instant(Date.parse(day)));
    expect(at('2026-08-31T23:59:59Z').nano('machine.memory')).toBe(5_000_000_000n);
    expect(at('2026-09-01T00:00:00Z').nano('machine.memory')).toBe(6_000_000_000n);
    expect(at('2020-01-01T00:00:00Z').nano('volume.storage')).toBe(100_000_000n);
    // 0.695 + 0.25 × 6
    expect(amountOf(rateOf(at('2026-10-01T00:00:00Z'), 'compute', 'shared:1:256', 'iad').rate, MONTH)).toBe(2_195_000);
  });
  test('may be in another currency; factors and counts stay', () => {
    const lines = [line('address.ipv4', '2'), line('certificate.free', '20'), line('region.nrt', '1.5', { area: 'asia-pacific' })];
    const made = makePriceBook(...SHIPPED_FILES, { currency: { code: 'EUR', usd: '1.1' }, lines });
    if (!made.ok) throw new Error(made.error.join());
    const [prices] = made.value.editions;
    expect([prices.nano('address.ipv4'), prices.nano('certificate.free'), prices.regions.get('nrt')?.markup]).toEqual([
      2_200_000_000n,
      20_000_000_000n,
      1_500_000_000n,
    ]);
  });
  test('may hold reservations', () => {
    const reservations = [{ class: 'shared', region: 'nrt', creditPerMonth: '5', perYear: '36', since: '2026-11-01' }];
    const made = makePriceBook(...SHIPPED_FILES, { reservations });
    expect(made).toMatchObject({
      ok: true,
      value: { reservations: [{ kind: 'shared', region: 'nrt', creditPerMonth: 5_000_000_000n, until: null }] },
    });
    expect(makePriceBook(...SHIPPED_FILES, { reservations: [{ ...reservations[0], region: 'xxx', creditPerMonth: '0' }] })).toEqual({
      ok: false,
      error: ['reservation in xxx: the platform has no such region', 'reservation in xxx: expected a credit above zero'],
    });
  });
  test.each([
    {
      fault: 'an unknown line',
      lines: [line('machine.sharde.cpu', '1')],
      said: ['machine.sharde.cpu is no price line: did you mean machine.shared.cpu?'],
    },
    {
      fault: 'a region that does not exist',
      lines: [line('region.abc', '1', { area: 'europe' })],
      said: ['region.abc is no price line: the platform has no such region'],
    },
    { fault: 'a region without an area', lines: [line('region.nrt', '1')], said: ['region.nrt names no area'] },
    {
      fault: 'a region that would be free',
      lines: [line('region.nrt', '0', { area: 'europe' })],
      said: ['region.nrt would make a region free'],
    },
    { fault: 'a price below zero', lines: [line('volume.storage', '-1')], said: ['volume.storage is below zero'] },
    { fault: 'one line twice', lines: [line('volume.storage', '1'), line('volume.storage', '2')], said: ['volume.storage is there twice'] },
    {
      fault: 'no number',
      lines: [line('volume.storage', 'cheap')],
      said: ['lines.0.value: expected a decimal number of at most nine places'],
    },
    {
      fault: 'no source',
      lines: [line('volume.storage', '1', { source: '' })],
      said: ['lines.0.source: expected where this price is written'],
    },
    {
      fault: 'no date',
      lines: [{ item: 'volume.storage', value: '1', source: 'x' }],
      said: ['lines.0.read: Invalid input: expected string, received undefined'],
    },
  ])('$fault is told', ({ lines, said }) => {
    expect(faultsOf(...lines)).toEqual(said);
  });
  test('a file that is no book is told', () => {
    expect(makePriceBook(...SHIPPED_FILES, 'prices')).toMatchObject({ ok: false });
    expect(makePriceBook(...SHIPPED_FILES, { line: [] })).toEqual({ ok: false, error: ['the file: Unrecognized key: "line"'] });
    expect(SHIPPED_BOOK.editions).toHaveLength(1);
  });
});

describe('what the book does not know is an estimate, never nothing', () => {
  test.each([
    { item: 'compute', cls: 'shared:1:256', region: 'zzz', guess: 'unknown region' },
    { item: 'compute', cls: 'quantum:1:256', region: 'iad', guess: 'unknown size' },
    { item: 'compute', cls: '?', region: 'iad', guess: 'unknown size' },
    { item: 'compute', cls: 'performance:8:32768:h900:1', region: 'iad', guess: 'unknown GPU' },
    { item: 'egress', cls: 'bytes', region: 'zzz', guess: 'unknown region' },
    { item: 'private', cls: 'bytes', region: '', guess: 'unknown region' },
    { item: 'rootfs', cls: '?', region: 'iad', guess: 'unknown size of the root file system' },
  ] as const)('$item $cls in $region: $guess', ({ item, cls, region, guess }) => {
    const priced = rateOf(SHIPPED_PRICES, item, cls, region);
    expect(priced.guess).toBe(guess);
    expect(amountOf(priced.rate, MONTH)).toBeGreaterThan(0);
  });
  test('transfer from an unknown region costs as from the dearest area', () => {
    expect(cost('egress', 'bytes', 'zzz', GB)).toBe(120_000);
  });
});

describe('numbers', () => {
  test.each([
    ['0.695', 695_000_000n],
    ['21', 21_000_000_000n],
    ['-0.000000001', -1n],
    ['1.0000000001', null],
    ['1e3', null],
    ['', null],
  ])('%s billionths', (text, nano) => expect(decimalToNano(text)).toBe(nano));
  test.each([
    [5n, 2n, 3n],
    [-5n, 2n, -3n],
    [4n, 3n, 1n],
    [-4n, 3n, -1n],
    [0n, 7n, 0n],
  ])('%d / %d rounds to %d', (dividend, divisor, quotient) => expect(roundedQuotient(dividend, divisor)).toBe(quotient));
  test.each([
    [1_234_567_890, '$1,234.57'],
    [-5_000, '-$0.01'],
    [4_999, '$0.00'],
    [0, '$0.00'],
  ])('%d reads %s', (micro, text) => expect(microToDollars(micro)).toBe(text));
  test('a machine’s size is one word', () => {
    expect([
      classOfGuest(undefined),
      classOfGuest(null),
      classOfGuest({ cpu_kind: 'performance', cpus: 8, memory_mb: 32_768, gpu_kind: 'a10' }),
    ]).toEqual(['shared:1:256', '?', 'performance:8:32768:a10:1']);
  });
});
