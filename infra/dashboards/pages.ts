/** What each dashboard shows. A panel answers one question; its description says what to do about a bad answer. */
import { type Page, type Row, series, stat, table } from './panels.ts';

const E = 'environment=~"$environment"';
const sumBy = (labels: string, expr: string): string => `sum by (${labels}) (${expr})`;
const rateOf = (metric: string, labels = ''): string => `rate(trimtab_${metric}{${labels}}[$__rate_interval])`;
/** How often in this time. Series that begin with their first event have no zero before it, and `increase` alone would not count that one: what
 *  they began with is added, where the same time before had nothing of them. */
const counted = (metric: string, window: string): string => {
  const all = `trimtab_${metric}{${E}}`;
  const first = `min_over_time(${all}[${window}]) unless count_over_time(${all}[${window}] offset ${window})`;
  return `increase(${all}[${window}]) + (${first}) or increase(${all}[${window}])`;
};
/** p-quantile of a histogram, over all of its series. `window`: what comes a few times a day is looked at by the day. */
const quantile = (p: number, metric: string, labels = '', by = '', window = '$__rate_interval'): string =>
  `histogram_quantile(${p}, ${sumBy(by === '' ? 'le' : `le, ${by}`, `rate(trimtab_${metric}_bucket{${labels}}[${window}])`)})`;

const health: Row = {
  title: 'Is all well?',
  panels: [
    stat({
      title: 'Apps not synced',
      description: 'Apps that are not as git says, now. `trimtab status` names them and says why.',
      unit: 'short',
      badFrom: 1,
      query: { expr: `count(trimtab_app_info{${E}, sync!~"Synced|Excluded"}) or vector(0)`, legend: 'apps' },
    }),
    stat({
      title: 'Apps not healthy',
      description: 'Degraded, missing or unknown. `trimtab explain <app>`.',
      unit: 'short',
      badFrom: 1,
      query: { expr: `count(trimtab_app_info{${E}, health=~"Degraded|Missing|Unknown"}) or vector(0)`, legend: 'apps' },
    }),
    stat({
      title: 'Fields that drift',
      description: 'What differs from what was last written. `trimtab plan` shows each.',
      unit: 'short',
      badFrom: 1,
      query: { expr: `sum(trimtab_drift_fields{${E}})`, legend: 'fields' },
    }),
    stat({
      title: 'Desired state refused',
      description: 'Environments whose newest commit is not valid; they stay on the last good one. `trimtab validate`.',
      unit: 'short',
      badFrom: 1,
      query: { expr: `count(trimtab_desired_state_valid{${E}} == 0) or vector(0)`, legend: 'environments' },
    }),
    stat({
      title: 'Seen ago',
      description: 'Since an organization was last seen whole. Above a minute nothing is decided on it.',
      unit: 's',
      badFrom: 60,
      query: { expr: 'max(time() - trimtab_last_observation_timestamp_seconds)', legend: 'seconds' },
    }),
    stat({
      title: 'Cost now',
      description: 'What everything costs per month at this moment.',
      unit: 'currencyUSD',
      decimals: 2,
      query: { expr: `sum(trimtab_cost_rate_dollars_per_hour{${E}}) * 720`, legend: 'per month' },
    }),
  ],
};
const FLEET: Page = {
  uid: 'fleet',
  title: 'Fleet',
  description: 'Every environment at a glance.',
  rows: [
    health,
    {
      title: 'Environments',
      panels: [
        table({
          title: 'Environments',
          description: 'Sync and health of each.',
          unit: 'short',
          query: { expr: `trimtab_environment_info{${E}}`, legend: '{{environment}}' },
        }),
        series({
          title: 'Machines by state',
          description: 'All machines that trimtab counts.',
          unit: 'short',
          stacked: true,
          queries: [{ expr: sumBy('state', `trimtab_machines{${E}}`), legend: '{{state}}' }],
        }),
        series({
          title: 'Machines, and what git asks for',
          description: 'Below the line something is missing.',
          unit: 'short',
          queries: [
            { expr: sumBy('environment', `trimtab_machines{${E}}`), legend: '{{environment}}' },
            { expr: sumBy('environment', `trimtab_machines_desired{${E}}`), legend: '{{environment}} asked for' },
          ],
        }),
      ],
    },
  ],
};
const ENVIRONMENT: Page = {
  uid: 'environment',
  title: 'Environment',
  description: 'The apps of an environment.',
  rows: [
    {
      title: 'Apps',
      panels: [
        table({
          title: 'Apps',
          description: 'Sync and health of each app.',
          unit: 'short',
          query: { expr: `trimtab_app_info{${E}}`, legend: '{{environment}}' },
        }),
        table({
          title: 'Revisions',
          description: 'What git asks for, and what is applied. They differ while a release runs, waits, or is pinned.',
          unit: 'short',
          height: 5,
          query: { expr: `trimtab_environment_revision_info{${E}}`, legend: '{{environment}}' },
        }),
      ],
    },
    {
      title: 'Machines',
      panels: [
        series({
          title: 'Machines by app',
          description: 'Started and stopped.',
          unit: 'short',
          queries: [{ expr: sumBy('${app}, state', `trimtab_machines{${E}}`), legend: '{{${app}}} {{state}}' }],
        }),
        series({
          title: 'Floor',
          description: 'Started in the primary region, and how many must be. Below the floor machines are started at once.',
          unit: 'short',
          queries: [{ expr: sumBy('${app}, side', `trimtab_min_machines_running{${E}}`), legend: '{{${app}}} {{side}}' }],
        }),
        series({
          title: 'Checks',
          description: 'Health checks by status.',
          unit: 'short',
          stacked: true,
          queries: [{ expr: sumBy('status', `trimtab_machine_checks{${E}}`), legend: '{{status}}' }],
        }),
        series({
          title: 'Secrets that do not run everywhere',
          description: 'Secrets of which a machine runs with another value than asked for. `trimtab secrets status`.',
          unit: 'short',
          queries: [{ expr: sumBy('${app}', `trimtab_secrets_out_of_sync{${E}}`), legend: '{{${app}}}' }],
        }),
        table({
          title: 'Rotation due in',
          description: 'Seconds until a secret must have a new value; below zero it is late.',
          unit: 's',
          query: { expr: `sort(trimtab_secret_rotation_due_timestamp_seconds{${E}} - time())`, legend: '{{secret}}' },
        }),
      ],
    },
  ],
};
const RELEASES: Page = {
  uid: 'releases',
  title: 'Releases',
  description: 'What went out, how long it took, and what came back.',
  rows: [
    {
      title: 'Releases',
      panels: [
        stat({
          title: 'Releases, 24 h',
          description: 'All results.',
          unit: 'short',
          decimals: 0,
          query: { expr: `sum(increase(trimtab_release_total{${E}}[24h]))`, legend: 'releases' },
        }),
        stat({
          title: 'Failed, 24 h',
          description: 'Went back to the last good revision by themselves. `trimtab history`.',
          unit: 'short',
          decimals: 0,
          badFrom: 1,
          query: { expr: `sum(increase(trimtab_release_total{${E}, result="failed"}[24h]))`, legend: 'failed' },
        }),
        stat({
          title: 'Deploys of apps, 7 days',
          description: 'Platform releases completed.',
          unit: 'short',
          decimals: 0,
          query: { expr: `sum(${counted('deploys_total', '7d')}) or vector(0)`, legend: 'deploys' },
        }),
        stat({
          title: 'Commit → live, median of 24 h',
          description: 'From an accepted revision to every app synced.',
          unit: 's',
          query: {
            expr: `histogram_quantile(0.5, sum by (le) (increase(trimtab_convergence_seconds_bucket{${E}}[24h])))`,
            legend: 'seconds',
          },
        }),
        stat({
          title: 'Live within 5 minutes, 7 days',
          description: 'The convergence objective: 99 %.',
          unit: 'percentunit',
          goodFrom: 0.99,
          query: {
            expr: `sum(increase(trimtab_convergence_seconds_bucket{${E}, le="300"}[7d])) / sum(increase(trimtab_convergence_seconds_count{${E}}[7d]))`,
            legend: 'share',
          },
        }),
      ],
    },
    {
      title: 'Over time',
      panels: [
        series({
          title: 'Releases by result',
          description: 'Per hour.',
          unit: 'short',
          stacked: true,
          queries: [{ expr: sumBy('result', `increase(trimtab_release_total{${E}}[1h])`), legend: '{{result}}' }],
        }),
        series({
          title: 'Length of a release',
          description: 'Half of them, and nineteen of twenty, were faster: of a day.',
          unit: 's',
          queries: [
            { expr: quantile(0.5, 'release_duration_seconds', E, '', '1d'), legend: 'median' },
            { expr: quantile(0.95, 'release_duration_seconds', E, '', '1d'), legend: 'p95' },
          ],
        }),
        series({
          title: 'Commit → live',
          description: 'By environment, nineteen of twenty of a day.',
          unit: 's',
          queries: [{ expr: quantile(0.95, 'convergence_seconds', E, 'environment', '1d'), legend: '{{environment}}' }],
        }),
        series({
          title: 'Deploys by app',
          description: 'Per hour.',
          unit: 'short',
          queries: [{ expr: sumBy('${app}', counted('deploys_total', '1h')), legend: '{{${app}}}' }],
        }),
      ],
    },
  ],
};
const DRIFT: Page = {
  uid: 'drift',
  title: 'Drift',
  description: 'What is changed by hand, and put right.',
  rows: [
    {
      title: 'Now',
      panels: [
        stat({
          title: 'Fields that drift',
          description: 'Now.',
          unit: 'short',
          badFrom: 1,
          query: { expr: `sum(trimtab_drift_fields{${E}})`, legend: 'fields' },
        }),
        stat({
          title: 'Oldest',
          description: 'Age of the oldest drift that is not corrected.',
          unit: 's',
          badFrom: 3600,
          query: { expr: `max(trimtab_drift_age_seconds{${E}})`, legend: 'age' },
        }),
        stat({
          title: 'Seen, 24 h',
          description: 'Drifts noticed.',
          unit: 'short',
          decimals: 0,
          query: { expr: `sum(${counted('drift_detected_total', '24h')}) or vector(0)`, legend: 'seen' },
        }),
        stat({
          title: 'Corrected, 24 h',
          description: 'Drifts put right, and seen so.',
          unit: 'short',
          decimals: 0,
          query: { expr: `sum(${counted('drift_corrected_total', '24h')}) or vector(0)`, legend: 'corrected' },
        }),
      ],
    },
    {
      title: 'Over time',
      panels: [
        series({
          title: 'Fields that drift',
          description: 'By kind of resource.',
          unit: 'short',
          stacked: true,
          queries: [{ expr: sumBy('kind', `trimtab_drift_fields{${E}}`), legend: '{{kind}}' }],
        }),
        series({
          title: 'Age of the oldest',
          description: 'By app.',
          unit: 's',
          queries: [{ expr: `max by (\${app}) (trimtab_drift_age_seconds{${E}})`, legend: '{{${app}}}' }],
        }),
        series({
          title: 'Seen, by field',
          description: 'Per hour: what people change by hand.',
          unit: 'short',
          stacked: true,
          queries: [{ expr: sumBy('field', counted('drift_detected_total', '1h')), legend: '{{field}}' }],
        }),
        series({
          title: 'Corrected, by app',
          description: 'Per hour.',
          unit: 'short',
          stacked: true,
          queries: [{ expr: sumBy('${app}', counted('drift_corrected_total', '1h')), legend: '{{${app}}}' }],
        }),
      ],
    },
  ],
};
const COST: Page = {
  uid: 'cost',
  title: 'Cost',
  description: 'What it costs, where it goes, and what the month comes to.',
  rows: [
    {
      title: 'The month',
      panels: [
        stat({
          title: 'Month to date',
          description: 'Estimated from every machine’s every state. `trimtab cost`.',
          unit: 'currencyUSD',
          decimals: 2,
          query: { expr: `sum(trimtab_cost_month_to_date_dollars{${E}})`, legend: 'dollars' },
        }),
        stat({
          title: 'Forecast of the month',
          description: 'At today’s rate and the usual pattern of the week.',
          unit: 'currencyUSD',
          decimals: 2,
          query: { expr: `sum(trimtab_cost_month_forecast_dollars{${E}})`, legend: 'dollars' },
        }),
        stat({
          title: 'Rate now',
          description: 'Per month, if everything stays as it is at this moment.',
          unit: 'currencyUSD',
          decimals: 2,
          query: { expr: `sum(trimtab_cost_rate_dollars_per_hour{${E}}) * 720`, legend: 'per month' },
        }),
        stat({
          title: 'This week',
          description: 'Since Monday.',
          unit: 'currencyUSD',
          decimals: 2,
          query: { expr: `sum(trimtab_cost_week_dollars{${E}})`, legend: 'dollars' },
        }),
        stat({
          title: 'Budget used',
          description: 'Warning at 80 %.',
          unit: 'percentunit',
          badFrom: 0.8,
          query: { expr: 'max(trimtab_budget_used_ratio)', legend: 'used' },
        }),
        stat({
          title: 'Budget, forecast',
          description: 'Critical above 100 %.',
          unit: 'percentunit',
          badFrom: 1,
          query: { expr: 'max(trimtab_budget_forecast_ratio)', legend: 'forecast' },
        }),
      ],
    },
    {
      title: 'Over time',
      panels: [
        series({
          title: 'Rate by app',
          description: 'Dollars per month.',
          unit: 'currencyUSD',
          stacked: true,
          queries: [{ expr: sumBy('${app}', `trimtab_cost_rate_dollars_per_hour{${E}} * 720`), legend: '{{${app}}}' }],
        }),
        series({
          title: 'Rate by item',
          description: 'Dollars per month: CPU, memory, volumes, addresses, …',
          unit: 'currencyUSD',
          stacked: true,
          queries: [{ expr: sumBy('item', `trimtab_cost_rate_dollars_per_hour{${E}} * 720`), legend: '{{item}}' }],
        }),
        series({
          title: 'Month to date, and forecast',
          description: 'By environment.',
          unit: 'currencyUSD',
          queries: [
            { expr: sumBy('environment', `trimtab_cost_month_to_date_dollars{${E}}`), legend: '{{environment}}' },
            { expr: sumBy('environment', `trimtab_cost_month_forecast_dollars{${E}}`), legend: '{{environment}} forecast' },
          ],
        }),
        table({
          title: 'Budgets of the month',
          description: 'In dollars.',
          unit: 'currencyUSD',
          width: 12,
          query: { expr: 'trimtab_budget_dollars', legend: '{{budget}}' },
        }),
        series({
          title: 'Budgets',
          description: 'Used and forecast, as a share of the budget.',
          unit: 'percentunit',
          queries: [
            { expr: 'trimtab_budget_used_ratio', legend: '{{budget}} used' },
            { expr: 'trimtab_budget_forecast_ratio', legend: '{{budget}} forecast' },
          ],
        }),
        series({
          title: 'Week over week',
          description: 'Growth against the week before; nothing where there was none. Warning above 20 %.',
          unit: 'percentunit',
          min: -1,
          queries: [{ expr: `trimtab_cost_week_over_week_ratio{${E}}`, legend: '{{environment}}' }],
        }),
      ],
    },
  ],
};
const CONTROLLER: Page = {
  uid: 'controller',
  title: 'Controller',
  description: 'trimtab itself: its passes, its queue, and the platform it talks to.',
  rows: [
    {
      title: 'Passes',
      panels: [
        series({
          title: 'Passes by result',
          description: 'Per second.',
          unit: 'ops',
          stacked: true,
          queries: [{ expr: sumBy('result', rateOf('reconcile_total')), legend: '{{result}}' }],
        }),
        series({
          title: 'Length of a pass',
          description: 'Median and p99.',
          unit: 's',
          queries: [
            { expr: quantile(0.5, 'reconcile_duration_seconds'), legend: 'median' },
            { expr: quantile(0.99, 'reconcile_duration_seconds'), legend: 'p99' },
          ],
        }),
        series({
          title: 'Queue',
          description: 'Keys that wait or are worked on.',
          unit: 'short',
          queries: [{ expr: 'trimtab_workqueue_depth', legend: 'keys' }],
        }),
        series({
          title: 'Time in the queue',
          description: 'From due to taken.',
          unit: 's',
          queries: [{ expr: quantile(0.99, 'workqueue_queue_duration_seconds'), legend: 'p99' }],
        }),
        series({
          title: 'Work',
          description: 'Length of one piece of work, and work that failed and comes again.',
          unit: 's',
          queries: [
            { expr: quantile(0.99, 'workqueue_work_duration_seconds'), legend: 'p99' },
            { expr: rateOf('workqueue_retries_total'), legend: 'again per second' },
          ],
        }),
        series({
          title: 'Writes',
          description: 'By kind and result. Nothing while nothing differs.',
          unit: 'ops',
          queries: [{ expr: sumBy('kind, result', rateOf('actions_total')), legend: '{{kind}} {{result}}' }],
        }),
      ],
    },
    {
      title: 'People',
      panels: [
        series({
          title: 'Messages',
          description: 'To people, by result, per hour. Failed ones are tried again; dropped ones are lost.',
          unit: 'short',
          queries: [{ expr: sumBy('target, result', 'increase(trimtab_notifications_total[1h])'), legend: '{{target}} {{result}}' }],
        }),
        series({
          title: 'Messages that wait',
          description: 'Nothing when every target answers.',
          unit: 'short',
          queries: [{ expr: sumBy('environment, target', 'trimtab_notifications_waiting'), legend: '{{environment}} {{target}}' }],
        }),
        series({
          title: 'Oldest message that waits',
          description: 'From an hour on it is an alert.',
          unit: 's',
          queries: [{ expr: 'max by (environment, target) (trimtab_notification_age_seconds)', legend: '{{environment}} {{target}}' }],
        }),
        stat({
          title: 'Restore point confirmed',
          description: 'How long ago a person last confirmed that the database can be restored.',
          unit: 's',
          badFrom: 691_200,
          query: { expr: 'time() - min by (environment) (trimtab_restore_point_confirmed_timestamp_seconds)', legend: '{{environment}}' },
        }),
      ],
    },
    {
      title: 'Platform',
      panels: [
        series({
          title: 'Requests',
          description: 'By outcome.',
          unit: 'reqps',
          stacked: true,
          queries: [{ expr: sumBy('code', rateOf('platform_requests_total')), legend: '{{code}}' }],
        }),
        series({
          title: 'Length of a request',
          description: 'p99 by operation.',
          unit: 's',
          queries: [{ expr: quantile(0.99, 'platform_request_duration_seconds', '', 'operation'), legend: '{{operation}}' }],
        }),
        series({
          title: 'Waited for our own limiter',
          description: 'Seconds per second: near 1 the published limits hold trimtab back.',
          unit: 's',
          queries: [{ expr: rateOf('platform_throttle_seconds_total'), legend: 'waited' }],
        }),
        series({
          title: 'Refused by the guard',
          description: 'By rule. Anything here is a plan that should not have been made, or waits for a person.',
          unit: 'short',
          queries: [{ expr: sumBy('rule', 'increase(trimtab_guard_refusals_total[1h])'), legend: '{{rule}}' }],
        }),
        stat({
          title: 'Bugs, 24 h',
          description: 'Passes stopped by a bug; the app is looked at again a minute later. The log has the stack: report it.',
          unit: 'short',
          decimals: 0,
          badFrom: 1,
          query: { expr: 'sum(increase(trimtab_bugs_total[24h]))', legend: 'bugs' },
        }),
        table({
          title: 'Builds',
          description: 'What runs.',
          unit: 'short',
          height: 4,
          query: { expr: 'trimtab_build_info', legend: '{{version}}' },
        }),
      ],
    },
  ],
};
export const PAGES: readonly Page[] = [FLEET, ENVIRONMENT, RELEASES, DRIFT, COST, CONTROLLER];
