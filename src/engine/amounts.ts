/** What comes in amounts and not in time: transfer from the platform's metrics, consumption from the database provider. Each is optional, read
 *  again until it is final, and never stops the counting of the rest: what cannot be asked is told as unknown. */
import { monthSpan } from '#domain/calendar.ts';
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { type AppName, appName } from '#domain/ids.ts';
import { NEON_ITEM } from '#domain/neon-price.ts';
import { ok, type Result } from '#domain/result.ts';
import { elapsed, hours, type Instant, instant, minutes } from '#domain/units.ts';
import type { FlyMetrics } from '#platform/fly/metrics-api.ts';
import type { NeonConsumption } from '#platform/neon/consumption.ts';
import type { QuantityRow } from '#platform/store/meter-port.ts';
import type { StoreDep } from '#platform/store/port.ts';

export interface AmountSources {
  /** Null: no token was given. */
  readonly metrics: FlyMetrics | null;
  readonly neon: NeonConsumption | null;
}
export interface Amounts {
  /** At most once an hour each. Answers what went wrong, for people; nothing stops because of it. */
  step(organization: string, signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  peakMemoryMb(): ReadonlyMap<string, number>;
  unknown(organization: string): readonly { readonly item: string; readonly why: string }[];
}
export interface AmountsDeps extends StoreDep, ClockDep {
  readonly sources: AmountSources;
  readonly environmentOf: (app: AppName) => string | null;
  /** Of a database project; null: none. */
  readonly environmentOfProject: (project: string) => string | null;
  readonly organizations: () => readonly string[];
}
const HOUR_MS = 3_600_000;
/** How long the platform keeps its metrics. */
const KEPT_MS = 14 * 24 * HOUR_MS;
/** Hours asked for in one step. */
const PORTION = 24;
/** Late samples of an hour have come by then. */
const SETTLES_MS = 10 * 60_000;
const NEON_EVERY = hours(1);
/** An hour that could not be read is asked for again. The steps come with every look at the fleet: without a pause each would ask. */
const AGAIN_AFTER = minutes(5);

export function makeAmounts(deps: AmountsDeps): Amounts {
  const { clock, store, sources } = deps;
  const nextHour = new Map<string, number>();
  const errors = new Map<string, string>();
  const failedAt = new Map<string, Instant>();
  let neonAt: Instant | null = null;
  let peakAt: Instant | null = null;
  let peaks: ReadonlyMap<string, number> = new Map();
  const egress = async (organization: string, metrics: FlyMetrics, signal: AbortSignal): Promise<Result<void, TrimtabError>> => {
    const now = clock.now();
    const failed = failedAt.get(organization);
    if (failed !== undefined && elapsed(failed, now) < AGAIN_AFTER) return ok(undefined);
    failedAt.delete(organization);
    const last = Math.floor((now - SETTLES_MS) / HOUR_MS) * HOUR_MS;
    let hour = nextHour.get(organization) ?? null;
    if (hour === null) {
      const known = await store.quantities(organization, now - KEPT_MS, now, signal);
      if (!known.ok) return known;
      const newest = Math.max(0, ...known.value.filter(({ item }) => item === 'egress').map(({ at }) => at + HOUR_MS));
      hour = Math.max(newest, monthSpan(now).from, Math.ceil((now - KEPT_MS) / HOUR_MS) * HOUR_MS);
    }
    for (let asked = 0; asked < PORTION && hour < last; asked++) {
      const found = await metrics.egressInHour(organization, instant(hour + HOUR_MS), signal);
      if (!found.ok) {
        errors.set(`egress ${organization}`, found.error.message);
        failedAt.set(organization, now);
        nextHour.set(organization, hour);
        return ok(undefined);
      }
      errors.delete(`egress ${organization}`);
      const at = hour;
      const rows = found.value.map(
        ({ app, region, bytes }): QuantityRow => ({
          environment: deps.environmentOf(appName(app)),
          app,
          region,
          item: 'egress',
          cls: 'bytes',
          at,
          quantity: bytes,
        }),
      );
      const saved = await store.saveQuantities(organization, rows, signal);
      if (!saved.ok) return saved;
      hour += HOUR_MS;
    }
    nextHour.set(organization, hour);
    return ok(undefined);
  };
  const database = async (organization: string, neon: NeonConsumption, signal: AbortSignal): Promise<Result<void, TrimtabError>> => {
    const now = clock.now();
    if (neonAt !== null && elapsed(neonAt, now) < NEON_EVERY) return ok(undefined);
    neonAt = now;
    const month = monthSpan(now);
    const found = await neon.consumed(month.from, now, signal);
    if (!found.ok) {
      errors.set('database', found.error.message);
      return ok(undefined);
    }
    errors.delete('database');
    const rows = found.value.map(
      ({ project, plan, day, metric, quantity }): QuantityRow => ({
        environment: deps.environmentOfProject(project),
        app: project,
        region: '',
        item: NEON_ITEM,
        cls: `${plan}/${metric}`,
        at: day,
        quantity: Math.round(quantity),
      }),
    );
    return store.saveQuantities(organization, rows, signal);
  };
  return {
    peakMemoryMb: () => peaks,
    unknown: (organization) => {
      const said = (item: string, why: string | undefined): readonly { readonly item: string; readonly why: string }[] =>
        why === undefined ? [] : [{ item, why }];
      return [
        ...said(
          'egress',
          sources.metrics === null ? 'no token for the platform’s metrics: set FLY_METRICS_TOKEN' : errors.get(`egress ${organization}`),
        ),
        ...said(
          'database',
          sources.neon === null
            ? 'no key for the database provider’s consumption: set NEON_API_KEY and NEON_ORG_ID'
            : errors.get('database'),
        ),
        { item: 'private', why: 'no API tells transfer between regions: enter it by `trimtab cost line add`' },
      ];
    },
    step: async (organization, signal) => {
      const { metrics, neon } = sources;
      if (metrics !== null) {
        const read = await egress(organization, metrics, signal);
        if (!read.ok) return read;
        if (peakAt === null || elapsed(peakAt, clock.now()) >= 24 * HOUR_MS) {
          peakAt = clock.now();
          const found = await metrics.peakMemoryMb(organization, signal);
          if (found.ok) peaks = found.value;
        }
      }
      // One database organization: it is charged to the first of ours.
      return neon === null || organization !== deps.organizations()[0] ? ok(undefined) : database(organization, neon, signal);
    },
  };
}
