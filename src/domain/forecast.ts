/** What a month will come to: what is spent, what runs anyway, and what may rest as it did at the same hours of the weeks before. Pure. */
import type { Span } from './calendar.ts';
import { type Instant, type MicroUsd, microUsd } from './units.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The last week says most. */
const WEIGHTS: readonly number[] = [0.4, 0.3, 0.2, 0.1];
/** Four of five months lie inside the range, if days go on to miss by as much as they did. */
const EIGHTY_PERCENT = 1.28;
/** With less than two weeks to compare, a guess about the part that may rest. */
const BLIND_SHARE = 0.25;

export interface ForecastInput {
  readonly now: Instant;
  readonly month: Span;
  /** This month, until now. */
  readonly spent: MicroUsd;
  /** Micro-dollars an hour of what runs anyway. */
  readonly committedPerHour: number;
  /** Of what may rest, at this moment: for hours of which nothing is known. */
  readonly variablePerHour: number;
  /** Start of the hour → micro-dollars of what may rest. Hours that are missing after `knownFrom` cost nothing. */
  readonly hours: ReadonlyMap<number, number>;
  readonly knownFrom: Instant;
  /** Dated lines that are still to come this month. */
  readonly dated: MicroUsd;
}
export interface Forecast {
  readonly amount: MicroUsd;
  /** Four of five times it lies between. */
  readonly low: MicroUsd;
  readonly high: MicroUsd;
  /** `pattern`: a week or more of hours is known; `rate`: not so. */
  readonly basis: 'pattern' | 'rate';
}
export function forecastMonth(input: ForecastInput): Forecast {
  const { now, month, spent, committedPerHour, dated } = input;
  const left = Math.max(0, month.to - now);
  let variable = 0;
  for (let start = Math.floor(now / HOUR_MS) * HOUR_MS; start < month.to; start += HOUR_MS) {
    const part = (start + HOUR_MS - Math.max(start, now)) / HOUR_MS;
    variable += expectedAt(input, start) * part;
  }
  const amount = spent + (committedPerHour * left) / HOUR_MS + variable + dated;
  const spread = spreadOf(input, variable, left / DAY_MS);
  return {
    amount: microUsd(amount),
    low: microUsd(Math.max(spent, amount - spread)),
    high: microUsd(amount + spread),
    basis: now - input.knownFrom >= 7 * DAY_MS ? 'pattern' : 'rate',
  };
}
/** The same hour of the weeks before; else of the days before; else as at this moment. */
function expectedAt({ now, hours, knownFrom, variablePerHour }: ForecastInput, at: number): number {
  const known = (start: number): number | null => (start >= knownFrom && start + HOUR_MS <= now ? (hours.get(start) ?? 0) : null);
  const weeksBack = Math.ceil((at + HOUR_MS - now) / (7 * DAY_MS));
  const weekly = WEIGHTS.map((weight, back) => ({ weight, value: known(at - (weeksBack + back) * 7 * DAY_MS) }));
  const mean = weightedMean(weekly);
  if (mean !== null) return mean;
  const daysBack = Math.ceil((at + HOUR_MS - now) / DAY_MS);
  const daily = Array.from({ length: 7 }, (_, back) => ({ weight: 1, value: known(at - (daysBack + back) * DAY_MS) }));
  return weightedMean(daily) ?? variablePerHour;
}
function weightedMean(samples: readonly { readonly weight: number; readonly value: number | null }[]): number | null {
  const known = samples.flatMap(({ weight, value }) => (value === null ? [] : [{ weight, value }]));
  const total = known.reduce((sum, { weight }) => sum + weight, 0);
  return total === 0 ? null : known.reduce((sum, { weight, value }) => sum + weight * value, 0) / total;
}
/** How far days were from the same weekday a week earlier; misses of single days partly cancel out. */
function spreadOf({ now, hours, knownFrom }: ForecastInput, variable: number, daysLeft: number): number {
  const day = (back: number): number | null => {
    const from = Math.floor(now / HOUR_MS) * HOUR_MS - (back + 1) * DAY_MS;
    if (from < knownFrom) return null;
    return Array.from({ length: 24 }, (_, hour) => hours.get(from + hour * HOUR_MS) ?? 0).reduce((sum, one) => sum + one, 0);
  };
  const misses = Array.from({ length: 21 }, (_, back) => [day(back), day(back + 7)] as const).flatMap(([one, other]) =>
    one === null || other === null ? [] : [one - other],
  );
  if (misses.length < 7) return variable * BLIND_SHARE;
  const deviation = Math.sqrt(misses.reduce((sum, miss) => sum + miss * miss, 0) / misses.length);
  return EIGHTY_PERCENT * deviation * Math.sqrt(daysLeft);
}
