/** From units that were counted to entries of money, and their sums by whatever one asks. Every entry is rounded once; every sum is a sum of
 *  entries, so that all breakdowns of a span come to the same total. Pure. */
import type { Prices, ReservedBlock } from './price-book.ts';
import { METERED_ITEMS, rateOf, toMeteredItem } from './rates.ts';
import { amountOf } from './ratio.ts';
import { type MicroUsd, microUsd } from './units.ts';

export const COST_ITEMS = [...METERED_ITEMS, 'database', 'builder', 'controller', 'fee', 'credit'] as const;
export type CostItem = (typeof COST_ITEMS)[number];

export interface MeteredUnits {
  /** Null: no environment of git looks after this app. */
  readonly environment: string | null;
  readonly app: string;
  readonly group: string;
  readonly region: string;
  readonly item: string;
  readonly cls: string;
  /** The platform may stop it when nobody asks for it. */
  readonly rests: boolean;
  /** Quantity × milliseconds; of transfer bytes. */
  readonly units: bigint;
  readonly guessed: boolean;
}
export interface CostEntry extends Omit<MeteredUnits, 'units' | 'item'> {
  readonly item: CostItem;
  readonly amount: MicroUsd;
  /** What it rests on that is not known; null: nothing. */
  readonly guess: string | null;
}
/** Rows of items this version does not know are told as a guess of nothing, never left out. */
export function priceUnits(rows: readonly MeteredUnits[], prices: Prices): readonly CostEntry[] {
  return rows.map(({ units, item: word, ...row }) => {
    const item = toMeteredItem(word);
    if (item === null) return { ...row, item: 'fee', amount: microUsd(0), guess: `unknown item ${word}` };
    const { rate, guess } = rateOf(prices, item, row.cls, row.region);
    return { ...row, item, amount: amountOf(rate, units), guess: item === 'rootfs' ? null : guess };
  });
}
export const BUILDER_PREFIX = 'fly-builder-';
/** Builders and the controller itself are told apart, whatever they are made of. */
export function ownLines(entries: readonly CostEntry[], selfApp: string | null): readonly CostEntry[] {
  return entries.map((entry) =>
    entry.app === selfApp ? { ...entry, item: 'controller' } : entry.app.startsWith(BUILDER_PREFIX) ? { ...entry, item: 'builder' } : entry,
  );
}
export const totalOf = (entries: readonly Pick<CostEntry, 'amount'>[]): MicroUsd =>
  microUsd(entries.reduce((sum, { amount }) => sum + amount, 0));

export const DIMENSIONS = ['environment', 'app', 'group', 'label', 'region', 'item'] as const;
export type Dimension = (typeof DIMENSIONS)[number];
export interface Share {
  readonly key: string;
  readonly amount: MicroUsd;
  readonly guessed: boolean;
}
/** The word for what belongs to nothing of the kind that is asked for. */
export const NOBODY = '(organization)';
/** Largest first. `labelOf`: the team or whatever label an app has. */
export function sharesBy(
  entries: readonly CostEntry[],
  dimension: Dimension,
  labelOf: (app: string) => string | null = () => null,
): readonly Share[] {
  const keyOf = (entry: CostEntry): string => {
    switch (dimension) {
      case 'environment':
        return entry.environment ?? (entry.app === '' ? NOBODY : '(unmanaged)');
      case 'app':
        return entry.app || NOBODY;
      case 'group':
        return entry.app === '' ? NOBODY : `${entry.app}/${entry.group || '-'}`;
      case 'label':
        return entry.app === '' ? NOBODY : (labelOf(entry.app) ?? '(no label)');
      case 'region':
        return entry.region || '(none)';
      case 'item':
        return entry.item;
    }
  };
  const groups = Map.groupBy(entries, keyOf);
  return [...groups]
    .map(([key, all]) => ({ key, amount: totalOf(all), guessed: all.some(({ guessed, guess }) => guessed || guess !== null) }))
    .sort((a, b) => b.amount - a.amount || (a.key < b.key ? -1 : 1));
}

/** What is free of a thing up to an amount at any moment goes to the oldest first; the result is what remains to be paid, as units of those who pay. */
export interface Stretch {
  readonly bornAt: number;
  readonly quantity: number;
  readonly from: number;
  readonly to: number;
}
export function unitsOverFree(stretches: readonly Stretch[], free: number, span: { readonly from: number; readonly to: number }): bigint {
  const clipped = stretches
    .map((one) => ({ ...one, from: Math.max(one.from, span.from), to: Math.min(one.to, span.to) }))
    .filter(({ from, to }) => to > from);
  const times = [...new Set(clipped.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  let over = 0n;
  for (const [at, start] of times.entries()) {
    const end = times[at + 1];
    if (end === undefined) break;
    const held = clipped.reduce((sum, { quantity, from, to }) => (from <= start && to >= end ? sum + quantity : sum), 0);
    over += BigInt(Math.max(0, held - free)) * BigInt(end - start);
  }
  return over;
}

/** A month's credit of a block pays CPU and memory of its class in its region, never more than these cost; what is left over is lost. */
export function reservationCredits(
  entries: readonly CostEntry[],
  blocks: readonly ReservedBlock[],
  span: { readonly from: number; readonly to: number },
): readonly CostEntry[] {
  const active = blocks.filter(({ since, until }) => since < span.to && (until === null || until > span.from));
  const places = Map.groupBy(active, ({ kind, region }) => `${kind} ${region}`);
  return [...places.values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const { kind, region } = first;
    const used = totalOf(
      entries.filter((entry) => entry.region === region && entry.item === 'compute' && entry.cls.startsWith(`${kind}:`)),
    );
    const credit = all.reduce((sum, { creditPerMonth }) => sum + creditPerMonth, 0n);
    const amount = Math.min(used, amountOf({ nano: credit, per: 1n }, 1n));
    const price = all.reduce((sum, { perYear }) => sum + perYear, 0n);
    return [
      organizationEntry('credit', `reservation ${kind}`, region, -amount),
      organizationEntry('fee', `reservation ${kind}`, region, amountOf({ nano: price, per: 12n }, 1n)),
    ];
  });
}
/** What the organization pays or is spared as a whole. */
export const organizationEntry = (item: CostItem, cls: string, region: string, amount: number, guess: string | null = null): CostEntry => ({
  ...{ environment: null, app: '', group: '', region, item, cls, rests: false, guessed: guess !== null, guess },
  amount: microUsd(amount),
});

/** A line that no API tells: a plan, support, a credit, an old allowance. From a day on, monthly or once. */
export interface DatedLine {
  readonly label: string;
  readonly amount: MicroUsd;
  readonly monthly: boolean;
  readonly from: number;
  /** Null: it goes on. */
  readonly to: number | null;
}
/** A monthly amount is spread over the days of its month, so that a week has its part; what is paid once counts on its day. */
export function datedEntries(lines: readonly DatedLine[], span: { readonly from: number; readonly to: number }): readonly CostEntry[] {
  return lines.flatMap(({ label, amount, monthly, from, to }) => {
    const item = amount < 0 ? 'credit' : 'fee';
    if (!monthly) return from >= span.from && from < span.to ? [organizationEntry(item, label, '', amount)] : [];
    const [start, end] = [Math.max(from, span.from), Math.min(to ?? span.to, span.to)];
    const share = monthsBetween(start, end);
    return share.of === 0n
      ? []
      : [organizationEntry(item, label, '', amountOf({ nano: BigInt(amount) * 1_000n * share.part, per: share.of }, 1n))];
  });
}
/** Whole calendar months count one each, parts by their length. */
function monthsBetween(from: number, to: number): { readonly part: bigint; readonly of: bigint } {
  let part = 0n;
  let of = 1n;
  for (let start = from; start < to; ) {
    const date = new Date(start);
    const [begin, next] = [Date.UTC(date.getUTCFullYear(), date.getUTCMonth()), Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)];
    const end = Math.min(next, to);
    const length = BigInt(next - begin);
    part = part * length + BigInt(end - start) * of;
    of *= length;
    start = end;
  }
  return from < to ? { part, of } : { part: 0n, of: 0n };
}
