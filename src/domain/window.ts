/** Sync windows: when releases or corrections wait. A window begins by its cron expression in its own time zone and ends by itself. Pure. */
import { Cron } from 'croner';
import type { SyncWindow } from './revision.ts';
import type { Instant } from './units.ts';
import { after, instant, instantToIso } from './units.ts';

export interface WindowHold {
  /** One line for people: which window, and until when. */
  readonly reason: string;
  readonly until: Instant;
}
/** Windows that lie end to end are one hold: followed through so many of them, then said to end there and looked at again. */
const LONGEST_CHAIN = 100;

/** What makes it wait at this moment; null: nothing. Deny wins over allow; with any allow window, all time outside of them waits. */
export function windowHold(windows: readonly SyncWindow[], now: Instant): WindowHold | null {
  const first = holdAt(windows, now);
  if (first === null) return null;
  let { until } = first;
  for (let link = 0; link < LONGEST_CHAIN; link += 1) {
    const next = holdAt(windows, until);
    if (next === null) break;
    until = next.until;
  }
  return { reason: first.reason, until };
}
export const windowsHolding = (windows: readonly SyncWindow[], what: SyncWindow['holds'][number]): readonly SyncWindow[] =>
  windows.filter(({ holds }) => holds.includes(what));

/** Five fields within their bounds. */
export function isCron(text: string): boolean {
  try {
    return cronOf(text, 'UTC').getPattern() === text;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return false;
    throw error;
  }
}
/** What would hold for ever: a window that never begins, or one that denies again before it has let go. */
export function windowFault({ kind, cron, duration, timeZone }: Omit<SyncWindow, 'holds'>): 'never-begins' | 'never-ends' | null {
  const starts = cronOf(cron, timeZone).nextRuns(STARTS_LOOKED_AT, FROM_THE_BEGINNING);
  if (starts.length === 0) return 'never-begins';
  const breaks = starts.length === 1 || starts.slice(1).some((next, at) => next.getTime() - (starts[at]?.getTime() ?? 0) > duration);
  return kind === 'deny' && !breaks ? 'never-ends' : null;
}
/** More than a week of hours. */
const STARTS_LOOKED_AT = 200;
const FROM_THE_BEGINNING = '2024-01-01T00:00:00Z';

function holdAt(windows: readonly SyncWindow[], now: Instant): WindowHold | null {
  const denying = windows.filter(({ kind }) => kind === 'deny').flatMap((window) => insideOf(window, now) ?? []);
  const [longest] = denying.sort((a, b) => b.until - a.until);
  if (longest !== undefined) return longest;
  const allowing = windows.filter(({ kind }) => kind === 'allow');
  if (allowing.length === 0 || allowing.some((window) => insideOf(window, now) !== null)) return null;
  const openings = allowing.flatMap((window) => nextStart(window, now) ?? []);
  const [soonest] = openings.sort((a, b) => a.until - b.until);
  return soonest ?? null;
}
/** Null: this moment lies outside of it. The start belongs to the window, the end does not. */
function insideOf({ cron, timeZone, duration }: SyncWindow, now: Instant): WindowHold | null {
  // The schedule knows seconds: a start at this very moment is the last one before the next second.
  const [start] = cronOf(cron, timeZone).previousRuns(1, instantToIso(instant(Math.floor(now / 1_000) * 1_000 + 1_000)));
  if (start === undefined) return null;
  const until = after(instant(start.getTime()), duration);
  return now < until ? { reason: `inside the window that denies from "${cron}" ${timeZone} on`, until } : null;
}
function nextStart({ cron, timeZone }: SyncWindow, now: Instant): WindowHold | null {
  const start = cronOf(cron, timeZone).nextRun(instantToIso(now));
  return start === null
    ? null
    : { reason: `outside the window that allows from "${cron}" ${timeZone} on`, until: instant(start.getTime()) };
}
const cronOf = (cron: string, timezone: string): Cron => new Cron(cron, { timezone, paused: true, mode: '5-part' });
