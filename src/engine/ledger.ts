/** The ledger of one organization: every entry of a span of time, from what is stored. Finished months are read from their sums. */
import { monthOf, monthSpan, type Span } from '#domain/calendar.ts';
import type { TrimtabError } from '#domain/errors.ts';
import {
  type CostEntry,
  type DatedLine,
  datedEntries,
  type MeteredUnits,
  organizationEntry,
  ownLines,
  priceUnits,
  reservationCredits,
  unitsOverFree,
} from '#domain/ledger.ts';
import { neonEntries } from '#domain/neon-price.ts';
import { type PriceBook, type Prices, pricesAt } from '#domain/price-book.ts';
import { rateOf } from '#domain/rates.ts';
import { amountOf, NANO } from '#domain/ratio.ts';
import { ok, type Result } from '#domain/result.ts';
import { hours, type Instant, instant } from '#domain/units.ts';
import type { StoreDep } from '#platform/store/port.ts';

export interface LedgerDeps extends StoreDep {
  readonly book: PriceBook;
  readonly selfApp: string | null;
  /** Dated lines that people entered. */
  readonly datedLines: (signal: AbortSignal) => Promise<Result<readonly DatedLine[], TrimtabError>>;
}
/** Late events of a month come within two days of its end: a controller that was away longer makes the sums again. */
const SETTLES_AFTER = hours(48);

/** Everything between; what is still open counts until `now`. */
export async function entriesBetween(
  deps: LedgerDeps,
  organization: string,
  span: Span,
  now: Instant,
  signal: AbortSignal,
): Promise<Result<readonly CostEntry[], TrimtabError>> {
  const all: CostEntry[] = [];
  for (const part of partsOf(deps.book, { from: span.from, to: instant(Math.min(span.to, now)) })) {
    const units = await unitsOf(deps, organization, part, now, signal);
    if (!units.ok) return units;
    const prices = pricesAt(deps.book, part.from);
    all.push(...priceUnits(units.value, prices));
    const free = await freeParts(deps, organization, part, prices, signal);
    if (!free.ok) return free;
    all.push(...free.value);
    const amounts = await deps.store.quantities(organization, part.from, part.to, signal);
    if (!amounts.ok) return amounts;
    all.push(
      ...priceUnits(amounts.value.filter(({ item }) => item === 'egress' || item === 'private').map(toUnits), prices),
      ...neonEntries(amounts.value, prices),
    );
  }
  const dated = await deps.datedLines(signal);
  if (!dated.ok) return dated;
  const month = monthSpan(span.from);
  const credits = span.from === month.from && span.to <= month.to ? reservationCredits(all, deps.book.reservations, span) : [];
  return ok([...ownLines(all, deps.selfApp), ...credits, ...datedEntries(dated.value, { from: span.from, to: Math.min(span.to, now) })]);
}
/** Cut where prices change and where months do: one price, and one stored sum, for each part. */
function partsOf(book: PriceBook, span: Span): readonly Span[] {
  const changes = book.editions.map(({ since }) => since);
  const months: number[] = [];
  for (let at = monthSpan(span.from).to; at < span.to; at = monthSpan(at).to) months.push(at);
  const cuts = [...new Set([span.from, ...[...changes, ...months].filter((at) => at > span.from && at < span.to), span.to])].sort(
    (a, b) => a - b,
  );
  return cuts.flatMap((from, at) => {
    const to = cuts[at + 1];
    return to === undefined || to <= from ? [] : [{ from: instant(from), to: instant(to) }];
  });
}
async function unitsOf(
  { store }: StoreDep,
  organization: string,
  part: Span,
  now: Instant,
  signal: AbortSignal,
): Promise<Result<readonly MeteredUnits[], TrimtabError>> {
  const month = monthSpan(part.from);
  const whole = part.from === month.from && part.to === month.to && now >= month.to + SETTLES_AFTER;
  if (!whole) return store.unitsBetween(organization, null, part.from, part.to, signal);
  const name = monthOf(part.from);
  const sealed = await store.sealedMonths(organization, signal);
  if (!sealed.ok) return sealed;
  if (sealed.value.includes(name)) return store.monthUnits(organization, null, name, name, signal);
  const counted = await store.unitsBetween(organization, null, part.from, part.to, signal);
  if (!counted.ok) return counted;
  const kept = await store.sealMonth(organization, name, counted.value, signal);
  return kept.ok ? counted : kept;
}
const toUnits = ({
  quantity,
  ...row
}: {
  readonly quantity: number;
  readonly environment: string | null;
  readonly app: string;
  readonly region: string;
  readonly item: string;
  readonly cls: string;
}): MeteredUnits => ({
  ...row,
  group: '',
  rests: false,
  units: BigInt(quantity),
  guessed: false,
});

/** What the organization has free of single certificates and of snapshots, as credits over against their full price. */
async function freeParts(
  { store }: StoreDep,
  organization: string,
  part: Span,
  prices: Prices,
  signal: AbortSignal,
): Promise<Result<readonly CostEntry[], TrimtabError>> {
  const credits: CostEntry[] = [];
  for (const { item, cls, free } of [
    { item: 'certificate', cls: 'single', free: Number(prices.nano('certificate.free') / NANO) },
    { item: 'snapshot', cls: 'mb', free: Number(prices.nano('snapshot.free') / NANO) * 1_000 },
  ] as const) {
    const rows = await store.intervalsOfItem(organization, item, part.from, part.to, signal);
    if (!rows.ok) return rows;
    const stretches = rows.value
      .filter((row) => row.cls === cls)
      .map(({ bornAt, quantity, from, to }) =>
        item === 'snapshot' ? byTheHour(bornAt, quantity, from, to ?? part.to) : { bornAt, quantity, from, to: to ?? part.to },
      );
    const held = unitsOverFree(stretches, 0, part);
    const amount = amountOf(rateOf(prices, item, cls, '').rate, held - unitsOverFree(stretches, free, part));
    if (amount > 0) credits.push(organizationEntry(item, 'free', '', -amount));
  }
  return ok(credits);
}
/** An hour counts when it begins, from the birth of the thing on: its stretch ends with the last hour that began. */
const HOUR_MS = 3_600_000;
const byTheHour = (bornAt: number, quantity: number, from: number, to: number) => ({
  ...{ bornAt, quantity },
  from: bornAt + Math.ceil((from - bornAt) / HOUR_MS) * HOUR_MS,
  to: bornAt + Math.ceil((to - bornAt) / HOUR_MS) * HOUR_MS,
});
