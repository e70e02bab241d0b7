/** Everything about money in one controller: the meter, the survey of what no pass looks at, and the costs that come of it. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import type { AppName, OrgSlug } from '#domain/ids.ts';
import type { ObservedApp, OrgMachine } from '#domain/observed.ts';
import type { PriceBook } from '#domain/price-book.ts';
import type { Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { type MicroUsd, microUsd } from '#domain/units.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import type { StoreDep } from '#platform/store/port.ts';
import { type AmountSources, makeAmounts } from './amounts.ts';
import { type Budgets, makeBudgets } from './budgets.ts';
import { readDatedLines } from './cost-lines.ts';
import { type Costs, makeCosts, summaryOf } from './costs.ts';
import type { Environments } from './environments.ts';
import { type Meter, makeMeter } from './meter.ts';
import { appSeen } from './sightings.ts';
import { makeSurvey } from './survey.ts';
import type { AppTarget } from './target.ts';

export interface MoneyDeps extends StoreDep, ClockDep, TellDep {
  readonly environments: Pick<Environments, 'all' | 'targets'>;
  readonly flyFor: (environment: CompiledEnvironment) => Result<FlyClient, TrimtabError>;
  readonly book: PriceBook;
  readonly selfApp: string | null;
  readonly timeZone: string;
  readonly amounts?: AmountSources;
}
export interface Money {
  readonly meter: Meter;
  readonly costs: Costs;
  readonly budgets: Budgets;
  /** Before the first look. */
  begin(signal: AbortSignal): Promise<TrimtabError | null>;
  listed(organization: OrgSlug, machines: readonly OrgMachine[]): void;
  observed(target: AppTarget, observed: ObservedApp): void;
  /** The next portion of what no pass looks at. */
  survey(sharing: readonly CompiledEnvironment[], signal: AbortSignal): Promise<void>;
  /** Micro-dollars of this month as of the last look; `item` null: of all. */
  monthToDate(environment: string, app: string, item: string | null): MicroUsd;
  /** Forecast and week of each environment, as of the last look. */
  environmentCosts(): readonly {
    readonly environment: string;
    readonly forecast: MicroUsd;
    readonly week: MicroUsd;
    readonly weekOverWeek: number | null;
  }[];
  /** Most memory that a machine of an app used lately, in MB, where the platform's metrics are asked. */
  peakMemoryMb(): ReadonlyMap<string, number>;
  /** What costs and is not known here. */
  unknown(organization: string): readonly { readonly item: string; readonly why: string }[];
  /** Writes what is new, and takes a new look at the figures. Null: all is well. */
  slow(signal: AbortSignal): Promise<TrimtabError | null>;
}
export function makeMoney(deps: MoneyDeps): Money {
  const { clock, store, environments } = deps;
  const meter = makeMeter({ store });
  let apps: ReadonlyMap<string, string> = new Map();
  const environmentOf = (app: AppName): string | null => apps.get(app) ?? null;
  const remember = (): void => {
    apps = new Map(environments.targets().map(({ environment, app }) => [app.app, environment.name]));
  };
  const survey = makeSurvey({ clock, meter, environmentOf });
  const organizations = (): readonly string[] => [...new Set(environments.all().map(({ organization }) => organization))];
  const datedLines = (signal: AbortSignal) => readDatedLines(store, signal);
  const costs = makeCosts({ ...deps, meter, datedLines, organizations });
  const environmentOfProject = (project: string): string | null =>
    environments.all().find(({ declared }) => declared?.database?.neon?.project === project)?.name ?? null;
  const amounts = makeAmounts({ ...deps, sources: deps.amounts ?? NO_SOURCES, environmentOf, environmentOfProject, organizations });
  const budgets = makeBudgets({ ...deps, costs, environments: environments.all });
  let indexed: { readonly of: unknown; readonly sums: ReadonlyMap<string, number> } | null = null;
  /** By environment, app and item, and by environment and app: made once per look, read by a thousand series. */
  const index = (): ReadonlyMap<string, number> => {
    const pictures = organizations().flatMap((organization) => costs.seen(organization) ?? []);
    const newest = pictures.at(-1)?.month ?? null;
    if (indexed !== null && indexed.of === newest) return indexed.sums;
    const sums = new Map<string, number>();
    for (const { environment, app, item, amount } of pictures.flatMap(({ month }) => month))
      for (const word of [item, '']) {
        const key = `${environment ?? ''}\n${app}\n${word}`;
        sums.set(key, (sums.get(key) ?? 0) + amount);
      }
    indexed = { of: newest, sums };
    return sums;
  };
  return {
    meter,
    costs,
    budgets,
    begin: async (signal) => {
      remember();
      const loaded = await meter.load(organizations(), clock.now(), signal);
      return loaded.ok ? null : loaded.error;
    },
    listed: (organization, machines) => {
      remember();
      survey.listed(organization, machines);
    },
    observed: ({ environment, app }, observed) =>
      appSeen(meter, { organization: environment.organization, environment: environment.name, app: app.app }, observed, clock.now()),
    survey: async (sharing, signal) => {
      const [first] = sharing;
      const fly = first === undefined ? null : deps.flyFor(first);
      if (first === undefined || fly === null || !fly.ok) return;
      await survey.step(first.organization, fly.value, signal);
      await amounts.step(first.organization, signal);
      await budgets.step(first.organization, signal);
    },
    monthToDate: (environment, app, item) => microUsd(index().get(`${environment}\n${app}\n${item ?? ''}`) ?? 0),
    environmentCosts: () =>
      environments.all().flatMap(({ name: environment, organization }) => {
        const picture = costs.seen(organization);
        if (picture === null) return [];
        const { forecast, week, weekOverWeek } = summaryOf(
          { organization, environments: [environment] },
          picture,
          costs.rates(organization),
          0,
        );
        return [{ environment, forecast: forecast.amount, week, weekOverWeek }];
      }),
    peakMemoryMb: amounts.peakMemoryMb,
    unknown: amounts.unknown,
    slow: async (signal) => {
      remember();
      const flushed = await meter.flush(clock.now(), signal);
      if (!flushed.ok) return flushed.error;
      const refreshed = await costs.refresh(signal);
      if (!refreshed.ok) return refreshed.error;
      const read = await budgets.refresh(signal);
      return read.ok ? null : read.error;
    },
  };
}
const NO_SOURCES: AmountSources = { metrics: null, neon: null };
