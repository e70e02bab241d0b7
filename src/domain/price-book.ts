/** What things cost: a book is a list of editions, each valid from a day on. Parsed from data, complete or refused: no price is ever guessed to be
 *  nothing. Nano-dollars inside, so that a third of a cent stays one. Pure. */
import { type Area, faultsOf, PriceFile, type PriceLine, REQUIRED_ITEMS, reservationFaults } from './price-lines.ts';
import fly from './prices-fly.json' with { type: 'json' };
import neon from './prices-neon.json' with { type: 'json' };
import { decimalToNano, NANO } from './ratio.ts';
import { Bug, err, ok, type Result } from './result.ts';
import { type Instant, instant } from './units.ts';

/** The platform bills a month as 30 days. */
export const HOURS_PER_MONTH = 720;
const NEVER = instant(0);

export interface RegionPrice {
  /** Billionths. */
  readonly markup: bigint;
  readonly area: Area;
}
export interface ReservedBlock {
  readonly kind: 'shared' | 'performance';
  readonly region: string;
  /** Nano-dollars. */
  readonly creditPerMonth: bigint;
  readonly perYear: bigint;
  readonly since: Instant;
  readonly until: Instant | null;
}
/** One edition: amounts are nano-dollars per unit of their line. */
export interface Prices {
  readonly since: Instant;
  /** Item → its line, for people and for what has its own rule. */
  readonly lines: ReadonlyMap<string, PriceLine>;
  readonly regions: ReadonlyMap<string, RegionPrice>;
  readonly dearestRegion: string;
  readonly dearestGpu: string | null;
  readonly dearestArea: Area;
  /** Of an item that is certainly there. */
  readonly nano: (item: string) => bigint;
}
export interface PriceBook {
  /** Oldest first; the first is valid from ever. */
  readonly editions: readonly [Prices, ...Prices[]];
  readonly reservations: readonly ReservedBlock[];
}

/** The lines of `files`, later ones over earlier ones. Every fault of all of them at once. */
export function makePriceBook(...files: readonly unknown[]): Result<PriceBook, readonly string[]> {
  const lines: PriceLine[] = [];
  const reservations: ReservedBlock[] = [];
  const faults: string[] = [];
  for (const file of files) {
    const parsed = PriceFile.safeParse(file);
    if (!parsed.success) {
      faults.push(...parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`));
      continue;
    }
    const given = inDollars(parsed.data);
    faults.push(...faultsOf(given.lines), ...reservationFaults(given));
    // A line of a later file replaces the earlier one of the same item, from its own day on.
    lines.push(...given.lines);
    reservations.push(...given.reservations.map(toBlock));
  }
  const missing = REQUIRED_ITEMS.filter((item) => !lines.some((line) => line.item === item && line.since === undefined));
  faults.push(...missing.map((item) => `${item} is missing`));
  if (faults.length > 0) return err(faults);
  const days = [...new Set(lines.map((line) => dayToInstant(line.since)))].sort((a, b) => a - b);
  const [first = NEVER, ...rest] = days;
  return ok({ editions: [editionAt(lines, first), ...rest.map((day) => editionAt(lines, day))], reservations });
}
function editionAt(all: readonly PriceLine[], at: Instant): Prices {
  const valid = all.filter(({ since }) => dayToInstant(since) <= at);
  // The last given of the newest day wins.
  const lines = new Map<string, PriceLine>();
  for (const line of valid) {
    const known = lines.get(line.item);
    if (known === undefined || dayToInstant(line.since) >= dayToInstant(known.since)) lines.set(line.item, line);
  }
  const nano = (item: string): bigint => {
    const line = lines.get(item);
    if (line === undefined) throw new Bug('a price line is missing in a complete book', { item });
    return nanoOf(line.value);
  };
  const under = (prefix: string): readonly string[] =>
    [...lines.keys()].filter((item) => item.startsWith(prefix)).map((item) => item.slice(prefix.length));
  const dearest = (prefix: string): string | null =>
    under(prefix).reduce<string | null>((best, one) => (best === null || nano(prefix + one) > nano(prefix + best) ? one : best), null);
  const regions = new Map(under('region.').flatMap((code) => regionOf(lines.get(`region.${code}`)).map((price) => [code, price] as const)));
  const areas = [...regions.values()].map(({ area }) => area);
  const dearestArea = areas.reduce((best, area) => (nano(`egress.${area}`) > nano(`egress.${best}`) ? area : best), areas[0] ?? 'africa');
  return { since: at, lines, regions, nano, dearestRegion: dearest('region.') ?? '', dearestGpu: dearest('gpu.'), dearestArea };
}
const regionOf = (line: PriceLine | undefined): readonly RegionPrice[] =>
  line?.area === undefined ? [] : [{ markup: nanoOf(line.value), area: line.area }];
const nanoOf = (text: string): bigint => decimalToNano(text) ?? 0n;
const dayToInstant = (day: string | undefined): Instant => (day === undefined ? NEVER : instant(Date.parse(`${day}T00:00:00Z`)));

/** Factors and counts stay; what is money is exchanged. */
function inDollars(file: PriceFile): PriceFile {
  if (file.currency === undefined) return file;
  const usd = nanoOf(file.currency.usd);
  const exchange = (value: string): string => nanoToDecimal((nanoOf(value) * usd) / NANO);
  return {
    ...file,
    lines: file.lines.map((line) => (isMoney(line.item) ? { ...line, value: exchange(line.value) } : line)),
    reservations: file.reservations.map((one) => ({
      ...one,
      creditPerMonth: exchange(one.creditPerMonth),
      perYear: exchange(one.perYear),
    })),
  };
}
const isMoney = (item: string): boolean => !(item.startsWith('region.') || item.endsWith('.free') || item.endsWith('.branches'));
const nanoToDecimal = (nano: bigint): string => `${nano / NANO}.${(nano % NANO).toString().padStart(9, '0')}`;
const toBlock = ({ class: kind, region, creditPerMonth, perYear, since, until }: PriceFile['reservations'][number]): ReservedBlock => ({
  ...{ kind, region, creditPerMonth: nanoOf(creditPerMonth), perYear: nanoOf(perYear), since: dayToInstant(since) },
  until: until === undefined ? null : dayToInstant(until),
});

export const SHIPPED_FILES: readonly unknown[] = [fly, neon];
export const SHIPPED_BOOK: PriceBook = shipped();
function shipped(): PriceBook {
  const made = makePriceBook(...SHIPPED_FILES);
  if (!made.ok) throw new Bug('the shipped price book is broken', { faults: made.error });
  return made.value;
}
/** What was valid then. */
export function pricesAt({ editions }: PriceBook, at: Instant): Prices {
  return editions.findLast(({ since }) => since <= at) ?? editions[0];
}
export const SHIPPED_PRICES: Prices = SHIPPED_BOOK.editions[0];
