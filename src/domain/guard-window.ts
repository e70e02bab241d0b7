/** Is this moment closed to releases? Worked out minute by minute, without the library and the code that the planner asks, so that one mistake is
 *  not made twice. Pure. */
import type { SyncWindow } from './revision.ts';
import type { Instant } from './units.ts';

const MINUTE_MS = 60_000;
/** Longer windows are judged by the planner alone. */
const LONGEST_MINUTES = 7 * 24 * 60;

export function isClosed(windows: readonly SyncWindow[], now: Instant): boolean {
  const own = windows.filter(({ holds, duration }) => holds.includes('releases') && duration / MINUTE_MS <= LONGEST_MINUTES);
  if (own.some((window) => window.kind === 'deny' && isInside(window, now))) return true;
  const allowing = own.filter(({ kind }) => kind === 'allow');
  return allowing.length > 0 && !allowing.some((window) => isInside(window, now));
}
function isInside({ cron, duration, timeZone }: SyncWindow, now: Instant): boolean {
  const [minute = '*', hour = '*', day = '*', month = '*', weekday = '*'] = cron.split(' ');
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23', month: 'numeric', day: 'numeric', weekday: 'short', hour: 'numeric', minute: 'numeric' },
  });
  const last = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  for (let start = last; start > now - duration; start -= MINUTE_MS) {
    const parts = Object.fromEntries(format.formatToParts(start).map(({ type, value }) => [type, value]));
    const at = (name: string): number => Number(parts[name] ?? 0);
    if (!matches(minute, at('minute'), 0, 59) || !matches(hour, at('hour'), 0, 23) || !matches(month, at('month'), 1, 12)) continue;
    const onDay = matches(day, at('day'), 1, 31);
    const onWeekday = isWeekday(weekday, DAYS.indexOf((parts['weekday'] ?? '').toLowerCase()));
    // With both given, either day counts.
    if (day !== '*' && weekday !== '*' ? onDay || onWeekday : onDay && onWeekday) return true;
  }
  return false;
}
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MONTHS = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const isWeekday = (field: string, day: number): boolean =>
  matches(field, day, 0, 7) || (day === 0 && field !== '*' && matches(field, 7, 0, 7));
function matches(field: string, value: number, low: number, high: number): boolean {
  return field.split(',').some((part) => {
    const [range = '*', step = '1'] = part.split('/');
    const [from = '', to = part.includes('/') ? String(high) : from] = range === '*' ? [String(low), String(high)] : range.split('-');
    const [first, end] = [numberOf(from), numberOf(to)];
    return value >= first && value <= end && (value - first) % Number(step) === 0;
  });
}
function numberOf(text: string): number {
  const word = text.toLowerCase();
  if (DAYS.includes(word)) return DAYS.indexOf(word);
  return MONTHS.indexOf(word) > 0 ? MONTHS.indexOf(word) : Number(text);
}
