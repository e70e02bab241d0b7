/** The meter: what is seen of machines and things becomes intervals by the platform's own times (domain/intervals.ts), and the store keeps them.
 *  Seeing is cheap and writes nothing; a flush works out what is new, and a world that stands still writes nothing at all. */
import { monthOf, monthSpan } from '#domain/calendar.ts';
import type { TrimtabError } from '#domain/errors.ts';
import {
  type Interval,
  intervalsAfter,
  type MachineSighting,
  rewriteOf,
  type ThingSighting,
  thingAfter,
  thingGone,
} from '#domain/intervals.ts';
import { toMeteredItem } from '#domain/rates.ts';
import { ok, type Result } from '#domain/result.ts';
import { type Instant, instant } from '#domain/units.ts';
import type { IntervalRewrite, IntervalRow, Placed } from '#platform/store/meter-port.ts';
import type { StoreDep } from '#platform/store/port.ts';

export interface Seen {
  readonly organization: string;
  readonly resource: string;
  readonly place: Placed;
  readonly subject: string;
  readonly rests: boolean;
  readonly sighting:
    | ({ readonly of: 'machine' } & MachineSighting)
    | ({ readonly of: 'thing' } & ThingSighting)
    | { readonly of: 'gone'; readonly seenAt: Instant };
}
export interface Meter {
  see(seen: readonly Seen[]): void;
  /** Resources of this app that are held, as far as they are known here. */
  held(organization: string, app: string, prefix: string): readonly string[];
  /** What goes on at this moment. */
  open(organization: string): readonly OpenInterval[];
  /** What is stored of these organizations, so that what ended meanwhile is noticed. */
  load(organizations: readonly string[], now: Instant, signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** Works out what is new and writes it. */
  flush(now: Instant, signal: AbortSignal): Promise<Result<void, TrimtabError>>;
}
export interface OpenInterval {
  readonly resource: string;
  readonly place: Placed;
  readonly subject: string;
  readonly rests: boolean;
  readonly since: Instant;
  readonly interval: Interval;
}
interface Kept {
  readonly organization: string;
  readonly resource: string;
  place: Placed;
  subject: string;
  rests: boolean;
  bornAt: number;
  intervals: readonly Interval[];
}
/** Far more than the events the platform keeps of a machine: what is older is in the store alone. */
const KEPT_INTERVALS = 80;
/** How far back the store is asked for what may still be put right. */
const LOOK_BACK_MS = 35 * 86_400_000;
/** Rows of one statement. */
const BATCH = 500;

export function makeMeter({ store }: StoreDep): Meter {
  const kept = new Map<string, Kept>();
  const waiting = new Map<string, Seen>();
  const loaded = new Set<string>();
  const keyOf = ({ organization, resource }: Pick<Seen, 'organization' | 'resource'>): string => `${organization}\n${resource}`;
  /** Once per organization, and again when something is seen that another controller may have met before. */
  const load = async (organizations: ReadonlySet<string>, now: Instant, signal: AbortSignal): Promise<Result<void, TrimtabError>> => {
    for (const organization of organizations) {
      const rows = await store.recentIntervals(organization, now - LOOK_BACK_MS, signal);
      if (!rows.ok) return rows;
      for (const [resource, all] of Map.groupBy(rows.value, (row) => row.resource)) {
        const key = keyOf({ organization, resource });
        if (!kept.has(key)) kept.set(key, rowsToKept(organization, resource, all));
      }
      loaded.add(organization);
    }
    return ok(undefined);
  };
  return {
    see: (seen) => {
      for (const one of seen) {
        // What a whole reading told is not replaced by a list that tells less.
        const known = waiting.get(keyOf(one));
        const poorer =
          one.sighting.of === 'machine' &&
          one.sighting.events.length === 0 &&
          known?.sighting.of === 'machine' &&
          known.sighting.updatedAt >= one.sighting.updatedAt;
        if (!poorer) waiting.set(keyOf(one), one);
      }
    },
    held: (organization, app, prefix) =>
      [...kept.values()].flatMap((one) =>
        one.organization === organization && one.place.app === app && one.resource.startsWith(prefix) && one.intervals.at(-1)?.to === null
          ? [one.resource]
          : [],
      ),
    open: (organization) =>
      [...kept.values()].flatMap(({ resource, place, subject, rests, bornAt, intervals, ...one }) => {
        const interval = intervals.at(-1);
        if (one.organization !== organization || interval === undefined || interval.to !== null) return [];
        return [{ resource, place, subject, rests, since: instant(bornAt), interval }];
      }),
    load: (organizations, now, signal) => load(new Set(organizations.filter((one) => !loaded.has(one))), now, signal),
    flush: async (now, signal) => {
      const due = [...waiting.values()];
      const unknown = new Set(
        due.filter((one) => !kept.has(keyOf(one)) || !loaded.has(one.organization)).map(({ organization }) => organization),
      );
      const read = await load(unknown, now, signal);
      if (!read.ok) return read;
      for (const [organization, all] of Map.groupBy(due, (one) => one.organization)) {
        const after = all.flatMap((one) => {
          const before = kept.get(keyOf(one)) ?? null;
          const next = keptAfter(before, one);
          return next === null ? [] : [{ one, next, rewrite: toRewrite(before, next) }];
        });
        const written = await write(
          store,
          organization,
          after.flatMap(({ rewrite }) => rewrite ?? []),
          now,
          signal,
        );
        if (!written.ok) return written;
        for (const { one, next } of after) kept.set(keyOf(one), { ...next, intervals: next.intervals.slice(-KEPT_INTERVALS) });
      }
      for (const one of due) if (waiting.get(keyOf(one)) === one) waiting.delete(keyOf(one));
      return ok(undefined);
    },
  };
}
function keptAfter(before: Kept | null, { organization, resource, place, subject, rests, sighting }: Seen): Kept | null {
  const known = before?.intervals ?? [];
  const intervals =
    sighting.of === 'machine'
      ? intervalsAfter(known, sighting)
      : sighting.of === 'thing'
        ? thingAfter(known, sighting)
        : thingGone(known, sighting.seenAt);
  const first = intervals[0];
  if (first === undefined) return null;
  const bornAt = before?.bornAt ?? first.from;
  // A list of the whole organization tells less of a place than the app's own: what was known stays.
  const where =
    before !== null && (sighting.of === 'gone' || (sighting.of === 'machine' && sighting.events.length === 0))
      ? before
      : { place, subject, rests };
  return {
    organization,
    resource,
    place: where.place,
    subject: where.subject,
    rests: where.rests,
    bornAt: Math.min(bornAt, first.from),
    intervals,
  };
}
function toRewrite(before: Kept | null, next: Kept): IntervalRewrite | null {
  const rewrite = rewriteOf(before?.intervals ?? [], next.intervals);
  if (rewrite === null) return null;
  return { resource: next.resource, from: rewrite.from, rows: rewrite.intervals.map((interval) => toRow(next, interval)) };
}
const toRow = ({ resource, place, subject, rests, bornAt }: Kept, { item, cls, quantity, from, to, guessed }: Interval): IntervalRow => ({
  ...{ resource, ...place, subject, rests, bornAt, item, cls, quantity, from, to, guessed },
});
async function write(
  store: StoreDep['store'],
  organization: string,
  rewrites: readonly IntervalRewrite[],
  now: Instant,
  signal: AbortSignal,
): Promise<Result<void, TrimtabError>> {
  for (let at = 0; at < rewrites.length; at += BATCH) {
    const written = await store.rewriteIntervals(organization, rewrites.slice(at, at + BATCH), signal);
    if (!written.ok) return written;
  }
  // Something of a finished month came late: its sums are made again.
  const oldest = Math.min(...rewrites.map(({ from }) => from));
  return oldest < monthSpan(now).from ? store.unsealFrom(organization, monthOf(instant(oldest)), signal) : ok(undefined);
}
function rowsToKept(organization: string, resource: string, rows: readonly IntervalRow[]): Kept {
  const last = rows.at(-1);
  const { environment = null, app = '', group = '', region = '', subject = '', rests = false, bornAt = 0 } = last ?? {};
  const intervals = rows.flatMap(({ item, cls, quantity, from, to, guessed }) => {
    const known = toMeteredItem(item);
    return known === null ? [] : [{ item: known, cls, quantity, from: instant(from), to: to === null ? null : instant(to), guessed }];
  });
  return { organization, resource, place: { environment, app, group, region }, subject, rests, bornAt, intervals };
}
