/** What everything costs, as people and metrics ask for it: month to date, today, rate, week, forecast. Reads; never writes. */
import { daySpan, monthOf, monthSpan, monthToSpan, type Span, weekSpan } from '#domain/calendar.ts';
import type { ClockDep } from '#domain/clock.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { type Forecast, forecastMonth } from '#domain/forecast.ts';
import { type CostEntry, organizationEntry, ownLines, totalOf, unitsOverFree } from '#domain/ledger.ts';
import type { RunningShares } from '#domain/price.ts';
import { type Prices, pricesAt } from '#domain/price-book.ts';
import { rateOf } from '#domain/rates.ts';
import { amountOf, NANO } from '#domain/ratio.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { elapsed, hours, type Instant, instant, type MicroUsd, microUsd, minutes } from '#domain/units.ts';
import { entriesBetween, type LedgerDeps } from './ledger.ts';
import type { Meter } from './meter.ts';

export interface CostsDeps extends LedgerDeps, ClockDep {
  readonly meter: Pick<Meter, 'open'>;
  readonly timeZone: string;
  readonly organizations: () => readonly string[];
}
/** Of one organization, or of some environments of it. */
export interface Scope {
  readonly organization: string;
  /** Null: everything of the organization. */
  readonly environments: readonly string[] | null;
}
export interface CostSummary {
  readonly organization: string;
  readonly environments: readonly string[] | null;
  readonly at: Instant;
  /** `2026-11`. */
  readonly month: string;
  readonly monthToDate: MicroUsd;
  readonly today: MicroUsd;
  readonly perHour: MicroUsd;
  readonly week: MicroUsd;
  /** The whole week before; null: not known. */
  readonly weekBefore: MicroUsd | null;
  /** This week so far against the same part of the week before, minus one; null: no earlier week. */
  readonly weekOverWeek: number | null;
  readonly forecast: Forecast;
  readonly deploys: number;
  /** Null: none this week. */
  readonly costPerDeploy: MicroUsd | null;
  /** Part of it was concluded, or priced as the dearest known. */
  readonly guessed: boolean;
}
export interface Costs {
  entries(organization: string, span: Span, signal: AbortSignal): Promise<Result<readonly CostEntry[], TrimtabError>>;
  /** `month` null: this one, so far. */
  monthEntries(
    organization: string,
    month: string | null,
    signal: AbortSignal,
  ): Promise<Result<{ readonly month: string; readonly span: Span; readonly entries: readonly CostEntry[] }, TrimtabError>>;
  summary(scope: Scope, signal: AbortSignal): Promise<Result<CostSummary, TrimtabError>>;
  /** Micro-dollars an hour at this moment, entry by entry. */
  rates(organization: string): readonly CostEntry[];
  /** How much machines that may rest ran in the last seven days, by process group. */
  shares(app: string): RunningShares;
  /** Takes a new look when the last is old: what metrics and budgets read. */
  refresh(signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** As of the last look. */
  seen(organization: string): CostPicture | null;
}
export interface CostPicture {
  readonly at: Instant;
  readonly month: readonly CostEntry[];
  readonly week: readonly CostEntry[];
  readonly weekBefore: readonly CostEntry[] | null;
  readonly weekBeforeSoFar: readonly CostEntry[] | null;
  readonly today: readonly CostEntry[];
  readonly pattern: Pattern;
}
export interface Pattern {
  /** Environment (empty: none) → hour → micro-dollars of what may rest. */
  readonly hours: ReadonlyMap<string, ReadonlyMap<number, number>>;
  readonly knownFrom: Instant;
  readonly shares: ReadonlyMap<string, RunningShares>;
  readonly at: Instant;
}
const REFRESH_EVERY = minutes(1);
const PATTERN_EVERY = hours(1);
const PATTERN_SPAN_MS = 28 * 86_400_000;
const SHARES_SPAN_MS = 7 * 86_400_000;

export const inScope = ({ environments }: Scope, entries: readonly CostEntry[]): readonly CostEntry[] =>
  environments === null ? entries : entries.filter(({ environment }) => environment !== null && environments.includes(environment));

export function makeCosts(deps: CostsDeps): Costs {
  const pictures = new Map<string, CostPicture>();
  const { clock, store } = deps;
  const entries: Costs['entries'] = (organization, span, signal) => entriesBetween(deps, organization, span, clock.now(), signal);
  const rates: Costs['rates'] = (organization) => ratesNow(deps, organization, pricesAt(deps.book, clock.now()));
  const look = async (organization: string, signal: AbortSignal): Promise<Result<CostPicture, TrimtabError>> => {
    const now = clock.now();
    const before = pictures.get(organization);
    // Before anything was counted there is nothing to go by, and the first that is counted may be old.
    const counted = before !== undefined && before.month.length > 0;
    if (counted && elapsed(before.at, now) < REFRESH_EVERY && before.at <= now) return ok(before);
    const first = await store.firstInterval(organization, signal);
    if (!first.ok) return first;
    const older = counted && first.value !== null && knownSince(first.value, before.pattern.at) < before.pattern.knownFrom;
    const fresh = !counted || older || elapsed(before.pattern.at, now) >= PATTERN_EVERY || before.pattern.at > now;
    const pattern = fresh ? await patternOf(deps, organization, now, signal) : ok(before.pattern);
    if (!pattern.ok) return pattern;
    const picture = await pictureOf(deps, organization, pattern.value, now, signal);
    if (picture.ok) pictures.set(organization, picture.value);
    return picture;
  };
  return {
    entries,
    rates,
    seen: (organization) => pictures.get(organization) ?? null,
    shares: (app) => [...pictures.values()].map(({ pattern }) => pattern.shares.get(app)).find((one) => one !== undefined) ?? {},
    refresh: async (signal) => {
      for (const organization of deps.organizations()) {
        const picture = await look(organization, signal);
        if (!picture.ok) return picture;
      }
      return ok(undefined);
    },
    monthEntries: async (organization, month, signal) => {
      const span = month === null ? monthSpan(clock.now()) : monthToSpan(month);
      if (span === null) return err(failure('REQUEST_INVALID', `${month} is not a month such as 2026-11`));
      const found = await entries(organization, span, signal);
      return found.ok ? ok({ month: monthOf(span.from), span, entries: found.value }) : found;
    },
    summary: async (scope, signal) => {
      const picture = await look(scope.organization, signal);
      if (!picture.ok) return picture;
      const week = weekSpan(clock.now(), deps.timeZone);
      const deploys = await store.countAudit({ what: 'app/release close-release', result: 'landed', from: week.from, to: week.to }, signal);
      if (!deploys.ok) return deploys;
      const count = deploys.value
        .filter(({ environment }) => scope.environments?.includes(environment) !== false)
        .reduce((sum, one) => sum + one.count, 0);
      return ok(summaryOf(scope, picture.value, rates(scope.organization), count));
    },
  };
}
async function pictureOf(
  deps: CostsDeps,
  organization: string,
  pattern: Pattern,
  now: Instant,
  signal: AbortSignal,
): Promise<Result<CostPicture, TrimtabError>> {
  const [week, before] = [weekSpan(now, deps.timeZone), weekSpan(now, deps.timeZone, 1)];
  const soFar = { from: before.from, to: instant(before.from + (now - week.from)) };
  const known = pattern.knownFrom <= before.from;
  const spans = [monthSpan(now), week, daySpan(now, deps.timeZone), ...(known ? [before, soFar] : [])];
  const read: (readonly CostEntry[])[] = [];
  for (const span of spans) {
    const found = await entriesBetween(deps, organization, span, now, signal);
    if (!found.ok) return found;
    read.push(found.value);
  }
  const [month = [], thisWeek = [], today = [], weekBefore = null, weekBeforeSoFar = null] = read;
  return ok({ at: now, month, week: thisWeek, today, weekBefore, weekBeforeSoFar, pattern });
}
export function summaryOf(scope: Scope, picture: CostPicture, rates: readonly CostEntry[], deploys: number): CostSummary {
  const of = (entries: readonly CostEntry[]): MicroUsd => totalOf(inScope(scope, entries));
  const week = of(picture.week);
  const [before, soFar] = [picture.weekBefore, picture.weekBeforeSoFar].map((entries) => (entries === null ? null : of(entries)));
  return {
    organization: scope.organization,
    environments: scope.environments,
    at: picture.at,
    month: monthOf(picture.at),
    monthToDate: of(picture.month),
    today: of(picture.today),
    perHour: of(rates),
    week,
    weekBefore: before === null || before === undefined || before <= 0 ? null : before,
    weekOverWeek: soFar === null || soFar === undefined || soFar <= 0 ? null : week / soFar - 1,
    forecast: forecastOf(scope, picture, rates),
    deploys,
    costPerDeploy: deploys === 0 ? null : microUsd(week / deploys),
    guessed: inScope(scope, picture.month).some(({ guessed, guess }) => guessed || guess !== null),
  };
}
/** What comes in amounts (transfer, databases) goes on as it did since the month began. */
const BY_AMOUNT: readonly string[] = ['egress', 'private', 'database'];
export function forecastOf(scope: Scope, picture: CostPicture, rates: readonly CostEntry[]): Forecast {
  const month = monthSpan(picture.at);
  const own = inScope(scope, picture.month);
  const soFar = Math.max(3_600_000, picture.at - month.from);
  const byAmount = (totalOf(own.filter(({ item }) => BY_AMOUNT.includes(item))) / soFar) * 3_600_000;
  const now = inScope(scope, rates);
  const hoursOf = [...picture.pattern.hours].filter(
    ([environment]) => scope.environments === null || scope.environments.includes(environment),
  );
  const sums = new Map<number, number>();
  for (const [, byHour] of hoursOf) for (const [hour, amount] of byHour) sums.set(hour, (sums.get(hour) ?? 0) + amount);
  return forecastMonth({
    now: picture.at,
    month,
    spent: totalOf(own),
    committedPerHour: totalOf(now.filter(({ rests }) => !rests)) + byAmount,
    variablePerHour: totalOf(now.filter(({ rests }) => rests)),
    hours: sums,
    knownFrom: picture.pattern.knownFrom,
    dated: microUsd(0),
  });
}
const knownSince = (first: number, now: Instant): Instant => instant(Math.max(first, now - PATTERN_SPAN_MS));
async function patternOf(deps: CostsDeps, organization: string, now: Instant, signal: AbortSignal): Promise<Result<Pattern, TrimtabError>> {
  const { store, book } = deps;
  const first = await store.firstInterval(organization, signal);
  if (!first.ok) return first;
  const knownFrom = knownSince(first.value ?? now, now);
  const rows = await store.hoursBetween(organization, knownFrom, now, signal);
  if (!rows.ok) return rows;
  const all = new Map<string, Map<number, number>>();
  for (const { environment, region, cls, hour, units } of rows.value) {
    const byHour = all.get(environment ?? '') ?? new Map<number, number>();
    all.set(environment ?? '', byHour);
    byHour.set(hour, (byHour.get(hour) ?? 0) + amountOf(rateOf(pricesAt(book, instant(hour)), 'compute', cls, region).rate, units));
  }
  const lately = await store.unitsBetween(organization, null, now - SHARES_SPAN_MS, now, signal);
  if (!lately.ok) return lately;
  const shares = new Map<string, RunningShares>();
  for (const [app, units] of Map.groupBy(
    lately.value.filter(({ rests }) => rests),
    (one) => one.app,
  )) {
    const groups = [...Map.groupBy(units, ({ group }) => group)].map(([group, own]) => {
      const sum = (item: string): number => Number(own.filter((one) => one.item === item).reduce((total, one) => total + one.units, 0n));
      return [group, sum('compute') / Math.max(1, sum('compute') + sum('rootfs'))] as const;
    });
    shares.set(app, Object.fromEntries(groups));
  }
  return ok({ hours: all, knownFrom, shares, at: now });
}
const HOUR_MS = 3_600_000n;
function ratesNow(deps: CostsDeps, organization: string, prices: Prices): readonly CostEntry[] {
  const open = deps.meter.open(organization);
  const entries = open.map(({ place, rests, interval: { item, cls, quantity, guessed } }): CostEntry => {
    const { rate, guess } = rateOf(prices, item, cls, place.region);
    return {
      ...place,
      item,
      cls,
      rests,
      guessed,
      guess: item === 'rootfs' ? null : guess,
      amount: amountOf(rate, HOUR_MS * BigInt(quantity)),
    };
  });
  const free = [
    { item: 'certificate', cls: 'single', free: Number(prices.nano('certificate.free') / NANO) },
    { item: 'snapshot', cls: 'mb', free: Number(prices.nano('snapshot.free') / NANO) * 1_000 },
  ] as const;
  const credits = free.flatMap(({ item, cls, free: amount }) => {
    const held = open
      .filter(({ interval }) => interval.item === item && interval.cls === cls)
      .map(({ interval }) => ({ bornAt: 0, quantity: interval.quantity, from: 0, to: 1 }));
    const spared = unitsOverFree(held, 0, { from: 0, to: 1 }) - unitsOverFree(held, amount, { from: 0, to: 1 });
    const micro = amountOf(rateOf(prices, item, cls, '').rate, spared * HOUR_MS);
    return micro === 0 ? [] : [organizationEntry(item, 'free', '', -micro)];
  });
  return ownLines([...entries, ...credits], deps.selfApp);
}
