/** Billing months are UTC; weeks begin on Monday, and days at midnight, where the team is. Pure. */
import { type Instant, instant, instantToIso } from './units.ts';

/** From inclusive, to exclusive. */
export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** `2026-11`. */
export const monthOf = (at: Instant): string => instantToIso(at).slice(0, 7);
const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;
/** Null: not a month such as 2026-11. */
export function monthToSpan(month: string): Span | null {
  const [, year, number] = MONTH.exec(month) ?? [];
  if (year === undefined || number === undefined) return null;
  return { from: instant(Date.UTC(Number(year), Number(number) - 1)), to: instant(Date.UTC(Number(year), Number(number))) };
}
export const monthSpan = (at: Instant): Span => {
  const date = new Date(at);
  return {
    from: instant(Date.UTC(date.getUTCFullYear(), date.getUTCMonth())),
    to: instant(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)),
  };
};

const formats = new Map<string, Intl.DateTimeFormat>();
function wallClock(
  at: Instant,
  zone: string,
): { readonly year: number; readonly month: number; readonly day: number; readonly ms: number } {
  // The runtime's tables of all languages and zones take eight megabytes once they are asked.
  if (zone === 'UTC') return utcClock(new Date(at));
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  formats.set(zone, format);
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return { year, month, day, ms: ((hour * 60 + minute) * 60 + second) * 1_000 };
}
const utcClock = (date: Date): ReturnType<typeof wallClock> => ({
  year: date.getUTCFullYear(),
  month: date.getUTCMonth() + 1,
  day: date.getUTCDate(),
  ms: ((date.getUTCHours() * 60 + date.getUTCMinutes()) * 60 + date.getUTCSeconds()) * 1_000,
});
/** Midnight of that day where the clock may jump: found from a guess by its own offset, twice. */
function midnight(year: number, month: number, day: number, zone: string): Instant {
  const utc = Date.UTC(year, month - 1, day);
  let guess = utc;
  for (let round = 0; round < 2; round++) guess = utc - offsetAt(instant(guess), zone);
  return instant(guess);
}
function offsetAt(at: Instant, zone: string): number {
  const { year, month, day, ms } = wallClock(at, zone);
  return Date.UTC(year, month - 1, day) + ms - Math.floor(at / 1_000) * 1_000;
}
export function daySpan(at: Instant, zone: string): Span {
  const { year, month, day } = wallClock(at, zone);
  return { from: midnight(year, month, day, zone), to: midnight(year, month, day + 1, zone) };
}
/** The week `back` weeks before the one of this moment. */
export function weekSpan(at: Instant, zone: string, back = 0): Span {
  const { year, month, day } = wallClock(at, zone);
  const sinceMonday = (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7;
  const monday = day - sinceMonday - 7 * back;
  return { from: midnight(year, month, monday, zone), to: midnight(year, month, monday + 7, zone) };
}
/** The day a span begins where the team is: `2026-11-23`. Names a week. */
export function dayOf(at: Instant, zone: string): string {
  const { year, month, day } = wallClock(at, zone);
  return new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);
}
/** 0: Monday 0:00 to 1:00 UTC, … 167. */
export const hourOfWeek = (at: Instant): number => {
  const date = new Date(at);
  return ((date.getUTCDay() + 6) % 7) * 24 + date.getUTCHours();
};
