/** Money as people see it, for tests of the pages: only the fields that matter are given. */
import { CHECKLIST } from '#domain/checklist.ts';
import type { CostEntry } from '#domain/ledger.ts';
import { instant, microUsd } from '#domain/units.ts';
import type { CostAnswer, DayCost } from '#engine/accounts.ts';
import type { BudgetView } from '#engine/budgets.ts';
import type { WeekRecord } from '#engine/week-record.ts';
import { SEEN_AT } from './statuses.ts';

const DOLLAR = 1_000_000;
export function aBudgetView(over: Partial<BudgetView> = {}): BudgetView {
  return {
    name: 'everything',
    organization: 'acme',
    environments: null,
    amount: microUsd(60 * DOLLAR),
    used: microUsd(50 * DOLLAR),
    forecast: microUsd(63 * DOLLAR),
    weekOverWeek: null,
    limits: { used: 80, weekOverWeek: 20, forecast: 100 },
    state: {
      level: 'critical',
      month: '2026-10',
      since: SEEN_AT,
      crossed: ['used', 'forecast'],
      reason: 'the month is forecast to come to $63.00, above 100 % of $60.00',
      toldAt: SEEN_AT,
      remindedAt: null,
      ackedBy: null,
      acted: 'critical',
    },
    owners: [{ name: 'production on-call', slack: 'U012', email: 'oncall@example.com' }],
    acts: [],
    ...over,
  };
}
const entry = (app: string, item: CostEntry['item'], dollars: number): CostEntry => ({
  ...{ environment: 'production', app, group: 'app', region: 'nrt', item, cls: 'shared', rests: false, guessed: false, guess: null },
  amount: microUsd(dollars * DOLLAR),
});
/** The month of `SEEN_AT`. */
export function aCostAnswer(over: Partial<CostAnswer> = {}): CostAnswer {
  return {
    organization: 'acme',
    month: '2026-10',
    span: { from: instant(Date.UTC(2026, 9, 1)), to: instant(Date.UTC(2026, 10, 1)) },
    entries: [entry('acme-web', 'compute', 30), entry('acme-api', 'compute', 14), entry('acme-api', 'volume', 4), entry('', 'fee', 2)],
    labels: {},
    summary: {
      organization: 'acme',
      environments: null,
      at: SEEN_AT,
      month: '2026-10',
      monthToDate: microUsd(50 * DOLLAR),
      today: microUsd(2 * DOLLAR),
      perHour: microUsd(0.09 * DOLLAR),
      week: microUsd(13 * DOLLAR),
      weekBefore: null,
      weekOverWeek: null,
      forecast: { amount: microUsd(63 * DOLLAR), low: microUsd(60 * DOLLAR), high: microUsd(66 * DOLLAR), basis: 'rate' },
      deploys: 4,
      costPerDeploy: microUsd(3.25 * DOLLAR),
      guessed: false,
    },
    budgets: [aBudgetView()],
    lines: [],
    actual: null,
    unknown: [{ item: 'egress', why: 'FLY_METRICS_TOKEN is not set' }],
    builds: 0,
    ...over,
  };
}
export const dayCosts = (days: number): readonly DayCost[] =>
  Array.from({ length: days }, (_, at) => {
    const web = microUsd((1 + (at % 7) / 10) * DOLLAR);
    const api = microUsd(0.6 * DOLLAR);
    return {
      organization: 'acme',
      day: new Date(Date.UTC(2026, 9, 1 + at)).toISOString().slice(0, 10),
      amount: microUsd(web + api),
      apps: [
        { app: 'acme-web', amount: web },
        { app: 'acme-api', amount: api },
      ],
    };
  });
export function aWeekRecord(over: Partial<WeekRecord> = {}): WeekRecord {
  return {
    week: '2026-10-19',
    from: Date.UTC(2026, 9, 19),
    to: Date.UTC(2026, 9, 26),
    finished: false,
    organizations: [
      {
        organization: 'acme',
        cost: microUsd(13 * DOLLAR),
        before: null,
        weekOverWeek: null,
        monthToDate: microUsd(50 * DOLLAR),
        forecast: { amount: microUsd(63 * DOLLAR), low: microUsd(60 * DOLLAR), high: microUsd(66 * DOLLAR) },
        actual: null,
        budgets: [
          {
            name: 'everything',
            level: 'critical',
            used: microUsd(50 * DOLLAR),
            amount: microUsd(60 * DOLLAR),
            forecast: microUsd(63 * DOLLAR),
          },
        ],
      },
    ],
    deploys: 4,
    driftCorrected: 2,
    releases: 3,
    failedReleases: 1,
    checklist: CHECKLIST.map((item) => ({
      item,
      evidence: `what was found about ${item}`,
      signed: item === 'budget' ? { by: 'ann', at: SEEN_AT, note: 'looked at it' } : null,
    })),
    ...over,
  };
}
