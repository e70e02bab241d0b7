/** Examples that the platform's own pages work out (about/pricing, about/billing, about/cost-management; read 2026-08-07), to the cent.
 *  (Theirs for three at half the month is $5.72: they round one machine's month first.) */
import { describe, expect, test } from 'vitest';
import { SHIPPED_PRICES as prices } from '#domain/price-book.ts';
import { classOfGuest, type MeteredItem, rateOf } from '#domain/rates.ts';
import { amountOf, microToDollars } from '#domain/ratio.ts';

const DAY = 86_400_000;
const MONTH = 30 * DAY;
const GB = 1_000_000_000;
const dollars = (item: MeteredItem, cls: string, region: string, units: number): string => {
  const { rate, guess } = rateOf(prices, item, cls, region);
  expect(guess).toBeNull();
  return microToDollars(amountOf(rate, BigInt(units)));
};
const shared = (memory: number): string => classOfGuest({ cpu_kind: 'shared', cpus: 1, memory_mb: memory });

describe('the platform’s own examples', () => {
  test.each([
    { says: 'three shared-1x 1 GB in sjc, always on', item: 'compute', cls: shared(1_024), region: 'sjc', units: 3 * MONTH, is: '$20.37' },
    { says: 'one shared-1x 256 MB in sjc, always on', item: 'compute', cls: shared(256), region: 'sjc', units: MONTH, is: '$2.32' },
    {
      says: 'three shared-1x 512 MB in sjc, half the month',
      item: 'compute',
      cls: shared(512),
      region: 'sjc',
      units: 1.5 * MONTH,
      is: '$5.71',
    },
    { says: 'five of them, half the month', item: 'compute', cls: shared(512), region: 'sjc', units: 2.5 * MONTH, is: '$9.52' },
    { says: 'five of them, all the month', item: 'compute', cls: shared(512), region: 'sjc', units: 5 * MONTH, is: '$19.05' },
    { says: 'a GB of memory more, in iad', item: 'compute', cls: 'shared:0:1024', region: 'iad', units: MONTH, is: '$5.00' },
    { says: '1 GB of rootfs, stopped for ten days', item: 'rootfs', cls: 'gb', region: 'nrt', units: 10 * DAY, is: '$0.05' },
    {
      says: 'three machines of 1 GB of rootfs, stopped for 30 days',
      item: 'rootfs',
      cls: 'gb',
      region: 'nrt',
      units: 3 * MONTH,
      is: '$0.45',
    },
    {
      says: 'a volume of 10 GB, whether attached or not',
      item: 'volume',
      cls: 'gb:unattached',
      region: 'fra',
      units: 10 * MONTH,
      is: '$1.50',
    },
    { says: '2.5 GB of snapshots', item: 'snapshot', cls: 'mb', region: '', units: 2_500 * MONTH, is: '$0.20' },
    { says: 'a dedicated IPv4', item: 'address', cls: 'ipv4', region: '', units: MONTH, is: '$2.00' },
    { says: 'a static egress address', item: 'address', cls: 'egress', region: 'nrt', units: MONTH, is: '$3.60' },
    { says: 'a certificate', item: 'certificate', cls: 'single', region: '', units: MONTH, is: '$0.10' },
    { says: 'a wildcard certificate', item: 'certificate', cls: 'wildcard', region: '', units: MONTH, is: '$1.00' },
    { says: '100 GB to the internet from Europe', item: 'egress', cls: 'bytes', region: 'fra', units: 100 * GB, is: '$2.00' },
    { says: '100 GB to the internet from Asia Pacific', item: 'egress', cls: 'bytes', region: 'nrt', units: 100 * GB, is: '$4.00' },
    { says: '100 GB to the internet from India', item: 'egress', cls: 'bytes', region: 'bom', units: 100 * GB, is: '$12.00' },
    { says: '100 GB between regions from North America', item: 'private', cls: 'bytes', region: 'iad', units: 100 * GB, is: '$0.60' },
    { says: '100 GB between regions from South America', item: 'private', cls: 'bytes', region: 'gru', units: 100 * GB, is: '$1.50' },
    { says: '100 GB between regions from Africa', item: 'private', cls: 'bytes', region: 'jnb', units: 100 * GB, is: '$5.00' },
  ] as const)('$says: $is', ({ item, cls, region, units, is }) => {
    expect(dollars(item, cls, region, units)).toBe(is);
  });
});
