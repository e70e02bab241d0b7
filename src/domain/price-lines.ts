/** Lines of a price book as they are written, and what is wrong with them. The shipped book is `prices-fly.json` and `prices-neon.json`: each line
 *  with the day it was read and its source. A file of one's own may replace lines, from a day on. Pure. */
import { closest, distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { decimalToNano } from './ratio.ts';
import { isKnownRegion, REGIONS } from './regions.ts';

export const AREAS = ['north-america', 'europe', 'asia-pacific', 'oceania', 'south-america', 'africa', 'india'] as const;
export type Area = (typeof AREAS)[number];
export const NEON_PLANS = ['launch', 'scale'] as const;
const NEON_ITEMS = ['compute', 'storage', 'history', 'snapshot', 'branch', 'branches', 'transfer', 'transfer.free', 'private'] as const;

/** Without one of these something would cost nothing by mistake. */
export const REQUIRED_ITEMS: readonly string[] = [
  'machine.shared.cpu',
  'machine.performance.cpu',
  'machine.memory',
  'machine.rootfs',
  'volume.storage',
  'snapshot.storage',
  'snapshot.free',
  'address.ipv4',
  'address.egress',
  'certificate.single',
  'certificate.wildcard',
  'certificate.free',
  ...AREAS.flatMap((area) => [`egress.${area}`, `private.${area}`]),
  ...REGIONS.map((region) => `region.${region}`),
  ...NEON_PLANS.flatMap((plan) => NEON_ITEMS.map((item) => `neon.${plan}.${item}`)),
];
const OPEN_ITEMS = /^(gpu\.[a-z0-9-]+|reservation\.(shared|performance)\.\d+)$/;

const Day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'expected a day such as 2026-08-07');
const Amount = z
  .union([z.string(), z.number().transform(String)])
  .refine((text) => decimalToNano(text) !== null, 'expected a decimal number of at most nine places');
export const PriceLine = z.strictObject({
  item: z.string().min(1),
  unit: z.string().optional(),
  value: Amount,
  /** Of a region: which transfer prices it has. */
  area: z.enum(AREAS).optional(),
  /** Valid from this day (UTC). Absent: always. */
  since: Day.optional(),
  read: Day,
  source: z.string().min(1, 'expected where this price is written'),
});
export type PriceLine = z.infer<typeof PriceLine>;
export const Reservation = z.strictObject({
  class: z.enum(['shared', 'performance']),
  region: z.string(),
  creditPerMonth: Amount,
  perYear: Amount,
  since: Day,
  until: Day.optional(),
});
export const PriceFile = z.strictObject({
  lines: z.array(PriceLine).default([]),
  /** Prices of this file are in this currency; `usd`: dollars for one unit of it. */
  currency: z.strictObject({ code: z.string().regex(/^[A-Z]{3}$/, 'expected a currency such as EUR'), usd: Amount }).optional(),
  reservations: z.array(Reservation).default([]),
});
export type PriceFile = z.infer<typeof PriceFile>;

/** What cannot stand in a book, one sentence each. */
export function faultsOf(lines: readonly PriceLine[]): readonly string[] {
  const known = new Set(REQUIRED_ITEMS);
  const seen = new Set<string>();
  return lines.flatMap(({ item, value, area, since }) => {
    const key = `${item} ${since ?? ''}`;
    const again = seen.has(key);
    seen.add(key);
    if (again) return [`${item} is there twice${since === undefined ? '' : ` for ${since}`}`];
    if (!known.has(item) && !OPEN_ITEMS.test(item)) return [`${item} is no price line${unknownText(item)}`];
    if ((decimalToNano(value) ?? 0n) < 0n) return [`${item} is below zero`];
    if (item.startsWith('region.') && area === undefined) return [`${item} names no area`];
    if (item.startsWith('region.') && (decimalToNano(value) ?? 0n) === 0n) return [`${item} would make a region free`];
    return [];
  });
}
export function reservationFaults({ reservations }: PriceFile): readonly string[] {
  return reservations.flatMap(({ region, creditPerMonth }) => [
    ...(isKnownRegion(region) ? [] : [`reservation in ${region}: the platform has no such region`]),
    ...((decimalToNano(creditPerMonth) ?? 0n) <= 0n ? [`reservation in ${region}: expected a credit above zero`] : []),
  ]);
}
const MOST_TYPOS = 4;
function unknownText(item: string): string {
  if (item.startsWith('region.')) return ': the platform has no such region';
  const near = closest(item, [...REQUIRED_ITEMS]);
  return distance(item, near) <= MOST_TYPOS ? `: did you mean ${near}?` : '';
}
