/** Is a budget kept: what is counted, when it is told, and when it is over. One event per crossing; a figure that trembles at its limit tells
 *  nothing twice. Pure. */
import { monthOf } from './calendar.ts';
import type { BudgetDocument } from './desired-schema.ts';
import { microToDollars } from './ratio.ts';
import { elapsed, hours, type Instant, type MicroUsd, microUsd, minutes } from './units.ts';

export const LEVELS = ['ok', 'warning', 'critical'] as const;
export type BudgetLevel = (typeof LEVELS)[number];
export interface BudgetFigures {
  /** This month, until now, and what it will come to. */
  readonly used: MicroUsd;
  readonly forecast: MicroUsd;
  /** 0.2: a fifth more than the week before; null: no earlier week. */
  readonly weekOverWeek: number | null;
}
export interface BudgetState {
  readonly level: BudgetLevel;
  /** `2026-11`: a new month begins without memory. */
  readonly month: string;
  readonly since: Instant;
  /** Which limits are crossed: they are left lower than they were reached. */
  readonly crossed: readonly Limit[];
  readonly reason: string;
  readonly toldAt: Instant | null;
  readonly remindedAt: Instant | null;
  readonly ackedBy: string | null;
  /** The highest level of this month: what was done because of it goes on for a day after it fell, so that it does not come and go. */
  readonly acted: BudgetLevel;
}
export const LIMITS = ['used', 'weekOverWeek', 'forecast'] as const;
export type Limit = (typeof LIMITS)[number];
export type BudgetNews = 'crossed' | 'cleared' | 'reminder';

/** Percent. */
export const DEFAULT_USED = 80;
export const DEFAULT_WEEK_OVER_WEEK = 20;
export const DEFAULT_FORECAST = 100;
/** Points below its limit at which a crossing is over. */
const HYSTERESIS = 5;
/** Who is responsible is told once more when nobody said that they saw it. */
const REMIND_AFTER = minutes(30);

/** Percent at which each limit is crossed. */
export const limitsOf = ({ warning, critical }: Pick<BudgetDocument['spec'], 'warning' | 'critical'>): Readonly<Record<Limit, number>> => ({
  used: warning?.used ?? DEFAULT_USED,
  weekOverWeek: warning?.weekOverWeek ?? DEFAULT_WEEK_OVER_WEEK,
  forecast: critical?.forecast ?? DEFAULT_FORECAST,
});
/** Of the whole month, in micro-dollars. */
export const budgetAmount = ({ monthly: { amount, rate = 1 } }: Pick<BudgetDocument['spec'], 'monthly'>): MicroUsd =>
  microUsd(amount * rate * 1_000_000);

export function judgeBudget(
  spec: BudgetDocument['spec'],
  figures: BudgetFigures,
  before: BudgetState | null,
  now: Instant,
): { readonly state: BudgetState; readonly news: BudgetNews | null } {
  const month = monthOf(now);
  const known = before?.month === month ? before : null;
  const amount = budgetAmount(spec);
  const percent = {
    used: share(figures.used, amount),
    forecast: share(figures.forecast, amount),
    weekOverWeek: figures.weekOverWeek === null ? null : figures.weekOverWeek * 100,
  };
  const limits = limitsOf(spec);
  const crossed = LIMITS.filter((limit) => {
    const value = percent[limit];
    if (value === null) return false;
    return value > limits[limit] - (known?.crossed.includes(limit) === true ? HYSTERESIS : 0);
  });
  const level: BudgetLevel = crossed.includes('forecast') ? 'critical' : crossed.length > 0 ? 'warning' : 'ok';
  const reason = crossed.map((limit) => reasonText(limit, figures, amount, limits[limit])).join('; ');
  if (before !== null && known !== null && level === known.level) return reminded({ ...known, crossed, reason }, now);
  // A month that begins well ends what the one before it left.
  const was = before?.level ?? 'ok';
  const news = level === was ? null : LEVELS.indexOf(level) > LEVELS.indexOf(was) ? 'crossed' : 'cleared';
  const told = news === 'crossed' ? now : null;
  const acted = higher(level, known?.acted ?? 'ok');
  return {
    state: {
      level,
      month,
      since: now,
      crossed,
      reason: reason || (known?.reason ?? ''),
      toldAt: told,
      remindedAt: null,
      ackedBy: null,
      acted,
    },
    news,
  };
}
function reminded(state: BudgetState, now: Instant): { readonly state: BudgetState; readonly news: BudgetNews | null } {
  const { level, toldAt, remindedAt, ackedBy } = state;
  const due = level === 'critical' && toldAt !== null && remindedAt === null && ackedBy === null && elapsed(toldAt, now) >= REMIND_AFTER;
  return due ? { state: { ...state, remindedAt: now }, news: 'reminder' } : { state, news: null };
}
const higher = (a: BudgetLevel, b: BudgetLevel): BudgetLevel => (LEVELS.indexOf(a) > LEVELS.indexOf(b) ? a : b);
const LINGERS = hours(24);
/** The level that acts follow. */
export const actingLevel = ({ level, acted, since, month }: BudgetState, now: Instant): BudgetLevel =>
  month === monthOf(now) && elapsed(since, now) < LINGERS ? higher(level, acted) : level;
const share = (part: number, whole: number): number => (whole <= 0 ? Number.POSITIVE_INFINITY : (part * 100) / whole);
function reasonText(limit: Limit, { used, forecast, weekOverWeek }: BudgetFigures, amount: MicroUsd, most: number): string {
  switch (limit) {
    case 'used':
      return `${microToDollars(used)} of ${microToDollars(amount)} used, above ${most} %`;
    case 'forecast':
      return `the month is forecast to come to ${microToDollars(forecast)}, above ${most} % of ${microToDollars(amount)}`;
    case 'weekOverWeek':
      return `${Math.round((weekOverWeek ?? 0) * 100)} % above the week before, more than ${most} %`;
  }
}
