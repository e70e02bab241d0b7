/** What each day of a month cost. Days that are over are counted once an hour: late events of a machine may still move them. */
import { monthSpan, monthToSpan, type Span } from '#domain/calendar.ts';
import type { ClockDep } from '#domain/clock.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { sharesBy, totalOf } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { elapsed, hours, type Instant, instant, instantToIso } from '#domain/units.ts';
import type { CostQuery, DayCost } from './accounts.ts';
import { type Costs, inScope } from './costs.ts';

export interface CostDaysDeps extends ClockDep {
  readonly costs: Pick<Costs, 'entries'>;
  readonly organizations: (environment: string | null) => readonly string[];
}
const DAY_MS = 86_400_000;
const COUNTED_AGAIN_AFTER = hours(1);
/** A year of days of a few organizations and their environments. */
const MOST_KEPT = 2_000;

export function makeCostDays({ costs, clock, organizations }: CostDaysDeps) {
  const kept = new Map<string, { readonly at: Instant; readonly day: DayCost }>();
  const dayCost = async (
    organization: string,
    environment: string | null,
    span: Span,
    signal: AbortSignal,
  ): Promise<Result<DayCost, TrimtabError>> => {
    const now = clock.now();
    const key = `${organization} ${environment ?? ''} ${span.from}`;
    const known = kept.get(key);
    if (known !== undefined && elapsed(known.at, now) < COUNTED_AGAIN_AFTER && known.at <= now) return ok(known.day);
    const entries = await costs.entries(organization, span, signal);
    if (!entries.ok) return entries;
    const own = inScope({ organization, environments: environment === null ? null : [environment] }, entries.value);
    const apps = sharesBy(own, 'app').map(({ key: app, amount }) => ({ app, amount }));
    const day = { organization, day: instantToIso(span.from).slice(0, 10), amount: totalOf(own), apps };
    if (span.to <= now) kept.set(key, { at: now, day });
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
    return ok(day);
  };
  return async ({ environment, month }: CostQuery, signal: AbortSignal): Promise<Result<readonly DayCost[], TrimtabError>> => {
    const span = month === null ? monthSpan(clock.now()) : monthToSpan(month);
    if (span === null) return err(failure('REQUEST_INVALID', `${month} is not a month such as 2026-11`));
    const all: DayCost[] = [];
    for (const organization of organizations(environment))
      for (let from = span.from; from < Math.min(span.to, clock.now()); from = instant(from + DAY_MS)) {
        const day = await dayCost(organization, environment, { from, to: instant(from + DAY_MS) }, signal);
        if (!day.ok) return day;
        all.push(day.value);
      }
    return ok(all);
  };
}
