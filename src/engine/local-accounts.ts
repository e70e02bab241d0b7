/** The accounts of the controller in this process. */
import { adviseAll, type Holding } from '#domain/advise.ts';
import { monthOf, monthSpan, weekSpan } from '#domain/calendar.ts';
import type { ClockDep } from '#domain/clock.ts';
import type { AppStatus } from '#domain/condition.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { BUILDER_PREFIX, totalOf } from '#domain/ledger.ts';
import { type PriceBook, pricesAt } from '#domain/price-book.ts';
import { rateOf } from '#domain/rates.ts';
import { amountOf } from '#domain/ratio.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { elapsed } from '#domain/units.ts';
import { costOfApp, withSettings } from '#domain/whatif.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { Accounts, CostAnswer, CostQuery } from './accounts.ts';
import { makeCostDays } from './cost-days.ts';
import { type ActualRow, addCostLine, gapOf, readActual, readCostLines, removeCostLine, saveActual } from './cost-lines.ts';
import { inScope } from './costs.ts';
import type { Environments } from './environments.ts';
import type { Money } from './money.ts';
import { makeWeekRecords } from './week-record.ts';

export interface AccountsDeps extends StoreDep, ClockDep {
  readonly money: Money;
  readonly environments: Pick<Environments, 'all' | 'targets' | 'views'>;
  readonly statuses: () => readonly AppStatus[];
  readonly book: PriceBook;
  readonly timeZone: string;
}
export function makeAccounts(deps: AccountsDeps): Accounts {
  const { clock, store, money, environments } = deps;
  const organizations = (environment: string | null): readonly string[] => [
    ...new Set(
      environments.all().flatMap(({ name, organization }) => (environment === null || name === environment ? [organization] : [])),
    ),
  ];
  const chosen = (environment: string | null): readonly CompiledEnvironment[] =>
    environments.all().filter(({ name }) => environment === null || name === environment);
  const records = makeWeekRecords(deps);
  return {
    ...records,
    cost: async (query, signal) => {
      const answers: CostAnswer[] = [];
      for (const organization of organizations(query.environment)) {
        const answer = await costOf(deps, organization, query, signal);
        if (!answer.ok) return answer;
        answers.push(answer.value);
      }
      return ok(answers);
    },
    costDays: makeCostDays({ costs: money.costs, clock, organizations }),
    addCostLine: (line, signal) => addCostLine(store, line, clock.now(), signal),
    removeCostLine: (id, signal) => removeCostLine(store, id, signal),
    actual: async (amount, given, by, signal) => {
      const all = organizations(null);
      const organization = given ?? (all.length === 1 ? all[0] : undefined);
      if (organization === undefined || !all.includes(organization))
        return err(failure('REQUEST_INVALID', `which organization? ${all.join(', ')}`));
      const month = await money.costs.monthEntries(organization, null, signal);
      if (!month.ok) return month;
      const row = { organization, at: clock.now(), month: monthOf(clock.now()), amount, estimate: totalOf(month.value.entries), by };
      const saved = await saveActual(store, row, signal);
      return saved.ok ? ok(withGap(row)) : saved;
    },
    whatIf: (environment, settings) => {
      const prices = pricesAt(deps.book, clock.now());
      const apps = [];
      const names = new Set(settings.map((setting) => setting.split(/[./]/)[0] ?? ''));
      const holding = chosen(environment).filter((one) => one.apps.some(({ name, app }) => names.has(name) || names.has(app)));
      if (holding.length === 0)
        return Promise.resolve(err(failure('REQUEST_INVALID', `no environment has the app ${[...names].join(', ')}`)));
      for (const { name, apps: before } of holding) {
        const mine = settings.filter((setting) =>
          before.some((app) => [app.name, app.app].some((word) => setting.startsWith(`${word}.`) || setting.startsWith(`${word}/`))),
        );
        const after = withSettings(before, mine);
        if (!after.ok) return Promise.resolve(err(failure('REQUEST_INVALID', after.error)));
        for (const [at, app] of before.entries()) {
          const shares = money.costs.shares(app.app);
          apps.push({
            environment: name,
            before: costOfApp(app, prices, shares),
            after: costOfApp(after.value[at] ?? app, prices, shares),
          });
        }
      }
      return Promise.resolve(ok({ apps }));
    },
    advise: async (environment, signal) => {
      const refreshed = await money.costs.refresh(signal);
      if (!refreshed.ok) return refreshed;
      const all = organizations(environment);
      const holdings = all.flatMap((organization) => holdingsOf(deps, organization));
      const month = all.flatMap((organization) => money.costs.seen(organization)?.month ?? []);
      const proposals = adviseAll({
        environments: chosen(environment),
        holdings,
        prices: pricesAt(deps.book, clock.now()),
        peakMemoryMb: money.peakMemoryMb(),
        month,
      });
      return ok(environment === null ? proposals : proposals.filter((one) => one.environment === environment));
    },
    ackBudget: (budget, by, signal) => money.budgets.ack(budget, by, signal),
  };
}
const withGap = (row: ActualRow): ActualRow & { readonly gap: number | null } => ({ ...row, gap: gapOf(row) });

async function costOf(
  deps: AccountsDeps,
  organization: string,
  query: CostQuery,
  signal: AbortSignal,
): Promise<Result<CostAnswer, TrimtabError>> {
  const { money, store, clock, environments } = deps;
  const month = await money.costs.monthEntries(organization, query.month, signal);
  if (!month.ok) return month;
  const scope = { organization, environments: query.environment === null ? null : [query.environment] };
  const current = month.value.span.from === monthSpan(clock.now()).from;
  const summary = current ? await money.costs.summary(scope, signal) : ok(null);
  if (!summary.ok) return summary;
  const lines = await readCostLines(store, signal);
  if (!lines.ok) return lines;
  const actual = await readActual(store, organization, month.value.span.from, signal);
  if (!actual.ok) return actual;
  const builds = await buildsOf(deps, organization, signal);
  if (!builds.ok) return builds;
  const apps = environments.all().flatMap((environment) => environment.apps);
  return ok({
    organization,
    month: month.value.month,
    span: month.value.span,
    entries: inScope(scope, month.value.entries),
    labels: Object.fromEntries(
      apps.flatMap(({ app, labels }) => {
        const label = labels['team'] ?? Object.values(labels)[0];
        return label === undefined ? [] : [[app, label]];
      }),
    ),
    summary: summary.value,
    budgets: money.budgets.views().filter((view) => view.organization === organization),
    lines: lines.value,
    actual: actual.value === null ? null : withGap(actual.value),
    unknown: money.unknown(organization),
    builds: builds.value,
  });
}
/** A builder is started for a build and stops by itself: starts of this week. */
async function buildsOf(
  { store, clock, timeZone }: AccountsDeps,
  organization: string,
  signal: AbortSignal,
): Promise<Result<number, TrimtabError>> {
  const week = weekSpan(clock.now(), timeZone);
  const rows = await store.intervalsOfItem(organization, 'compute', week.from, clock.now(), signal);
  if (!rows.ok) return rows;
  return ok(rows.value.filter(({ app, from }) => app.startsWith(BUILDER_PREFIX) && from >= week.from).length);
}
const HOUR_MS = 3_600_000n;
function holdingsOf({ money, book, clock }: AccountsDeps, organization: string): readonly Holding[] {
  const prices = pricesAt(book, clock.now());
  return money.meter.open(organization).map(({ resource, place, subject, interval }) => ({
    ...{ ...place, resource, subject, item: interval.item, cls: interval.cls, heldForMs: elapsed(interval.from, clock.now()) },
    amount: amountOf(rateOf(prices, interval.item, interval.cls, place.region).rate, HOUR_MS * BigInt(interval.quantity)),
  }));
}
