/** Metrics about money: rates and sums of apps, forecasts and weeks of environments, budgets. Dollars, because dashboards are read by people. */
import type { AppStatus } from '#domain/condition.ts';
import type { MakeGauge, PerApp } from './metrics.ts';

export interface CostSources {
  /** Micro-dollars of this month. */
  readonly monthToDate: (environment: string, app: string, item: string) => number;
  /** Micro-dollars; a ratio is a share, null: no earlier week. */
  readonly environmentCosts: () => readonly {
    readonly environment: string;
    readonly forecast: number;
    readonly week: number;
    readonly weekOverWeek: number | null;
  }[];
  readonly budgets: () => readonly { readonly budget: string; readonly amount: number; readonly used: number; readonly forecast: number }[];
}
const DOLLAR = 1_000_000;
export function costGauges(gauge: MakeGauge, perApp: PerApp, sources: CostSources): void {
  const itemsOf = (status: AppStatus): readonly string[] => [...new Set(status.costLines.map(({ item }) => item))];
  gauge('cost_rate_dollars_per_hour', 'What the app costs at this moment.', ['environment', 'app', 'item'], (set) =>
    perApp((status, of) => {
      const sums = new Map<string, number>();
      for (const { item, microUsdPerHour } of status.costLines) sums.set(item, (sums.get(item) ?? 0) + microUsdPerHour);
      for (const [item, sum] of sums) set({ ...of, item }, sum / DOLLAR);
    }),
  );
  gauge(
    'cost_month_to_date_dollars',
    'What the app cost this month, from the platform’s own times.',
    ['environment', 'app', 'item'],
    (set) =>
      perApp((status, of) => {
        for (const item of itemsOf(status)) set({ ...of, item }, sources.monthToDate(status.environment, status.app, item) / DOLLAR);
      }),
  );
  gauge('cost_month_forecast_dollars', 'What the month will come to.', ['environment'], (set) => {
    for (const { environment, forecast } of sources.environmentCosts()) set({ environment }, forecast / DOLLAR);
  });
  gauge('cost_week_dollars', 'What this week cost so far; weeks begin on Monday.', ['environment'], (set) => {
    for (const { environment, week } of sources.environmentCosts()) set({ environment }, week / DOLLAR);
  });
  // Without an earlier week there is no series: neither zero nor infinity would be true.
  gauge('cost_week_over_week_ratio', 'This week so far against the same part of the week before, minus one.', ['environment'], (set) => {
    for (const { environment, weekOverWeek } of sources.environmentCosts()) if (weekOverWeek !== null) set({ environment }, weekOverWeek);
  });
  gauge('budget_dollars', 'What a month may cost.', ['budget'], (set) => {
    for (const { budget, amount } of sources.budgets()) set({ budget }, amount / DOLLAR);
  });
  gauge('budget_used_ratio', 'Used of the budget, this month.', ['budget'], (set) => {
    for (const { budget, amount, used } of sources.budgets()) if (amount > 0) set({ budget }, used / amount);
  });
  gauge('budget_forecast_ratio', 'What the month will come to, of the budget.', ['budget'], (set) => {
    for (const { budget, amount, forecast } of sources.budgets()) if (amount > 0) set({ budget }, forecast / amount);
  });
}
