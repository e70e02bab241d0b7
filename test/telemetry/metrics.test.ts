/** Metrics: one table from event to series, closed label sets, and series of an app that come and go with it. */
import { describe, expect, test } from 'vitest';
import { KIND_NAMES, VERBS } from '#domain/change.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { Event } from '#domain/events.ts';
import { GUARD_RULES } from '#domain/guard.ts';
import { environmentName } from '#domain/ids.ts';
import { after, hours } from '#domain/units.ts';
import { type MetricSources, makeMetrics } from '#telemetry/metrics.ts';
import { NOW } from '#test/support/builders.ts';
import { aStatus, EVENTS } from '#test/support/events.ts';
import { only, updateByHand, withEnv, withMemory } from '#test/support/hands.ts';
import { makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

const sourcesOf = (statuses: () => readonly AppStatus[], over: Partial<MetricSources> = {}): MetricSources => ({
  statuses,
  environments: () => [{ name: 'staging', organization: 'acme', mode: 'automatic', accepted: 'r2', applied: 'r1', valid: true }],
  queue: () => ({ waiting: 2, active: 1 }),
  monthToDate: () => 1_500_000,
  environmentCosts: () => [{ environment: 'staging', forecast: 30_000_000, week: 5_000_000, weekOverWeek: 0.25 }],
  budgets: () => [{ budget: 'all', amount: 100_000_000, used: 40_000_000, forecast: 90_000_000 }],
  noticeQueues: () => [{ environment: 'staging', target: 'slack', waiting: 2, oldestAt: NOW - 60_000 }],
  restorePoints: () => [{ environment: 'staging', at: NOW }],
  observations: () => [{ organization: 'acme', at: NOW }],
  now: () => NOW,
  ...over,
});
const emptyMetrics = () =>
  makeMetrics(
    '1.2.3',
    sourcesOf(() => []),
  );
interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
const LINE = /^(trimtab_\w+)(?:\{(.*)\})? ([^ ]+)$/;
const textOf = async ({ text }: Pick<ReturnType<typeof makeMetrics>, 'text'>): Promise<string> => (await Array.fromAsync(text())).join('');
async function seriesOf(metrics: Pick<ReturnType<typeof makeMetrics>, 'text'>): Promise<readonly Series[]> {
  return (await textOf(metrics)).split('\n').flatMap((line) => {
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text]);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}
/** design.md §8, as far as machines, drift, price and the loop go: name and labels. */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  environment_info: ['environment', 'organization', 'sync', 'health'],
  environment_revision_info: ['environment', 'attempted', 'applied'],
  app_info: ['environment', 'app', 'sync', 'health'],
  desired_state_valid: ['environment'],
  reconcile_total: ['result'],
  reconcile_duration_seconds: [],
  convergence_seconds: ['environment'],
  drift_fields: ['environment', 'app', 'kind'],
  drift_age_seconds: ['environment', 'app'],
  drift_detected_total: ['environment', 'app', 'kind', 'field'],
  drift_corrected_total: ['environment', 'app', 'kind', 'field'],
  machines: ['environment', 'app', 'group', 'region', 'state'],
  machines_desired: ['environment', 'app', 'group', 'region'],
  min_machines_running: ['environment', 'app', 'group', 'side'],
  machine_checks: ['environment', 'app', 'group', 'status'],
  deploys_total: ['environment', 'app'],
  platform_requests_total: ['platform', 'operation', 'code'],
  platform_request_duration_seconds: ['platform', 'operation'],
  platform_throttle_seconds_total: [],
  workqueue_depth: [],
  workqueue_queue_duration_seconds: [],
  workqueue_work_duration_seconds: [],
  workqueue_retries_total: [],
  guard_refusals_total: ['rule'],
  actions_total: ['kind', 'verb', 'result'],
  cost_rate_dollars_per_hour: ['environment', 'app', 'item'],
  cost_month_to_date_dollars: ['environment', 'app', 'item'],
  cost_month_forecast_dollars: ['environment'],
  cost_week_dollars: ['environment'],
  cost_week_over_week_ratio: ['environment'],
  budget_dollars: ['budget'],
  budget_used_ratio: ['budget'],
  budget_forecast_ratio: ['budget'],
  release_total: ['environment', 'result'],
  release_duration_seconds: ['environment'],
  last_observation_timestamp_seconds: ['organization'],
  notifications_total: ['environment', 'target', 'result'],
  notifications_waiting: ['environment', 'target'],
  notification_age_seconds: ['environment', 'target'],
  restore_point_confirmed_timestamp_seconds: ['environment'],
  build_info: ['version'],
};
test('what is written here is what prom-client writes of the same, and no series is there twice', async () => {
  const named = { ...aStatus({}), environment: 'a "quoted" \\ name\nin two lines' };
  const metrics = makeMetrics(
    '1.2.3',
    sourcesOf(() => [aStatus({}), named]),
  );
  const [ours, theirs] = [await textOf(metrics), await metrics.registry.metrics()].map((text) => text.split('\n').filter(Boolean));
  expect(ours).toEqual(theirs);
  const series = (ours ?? []).filter((line) => !line.startsWith('#')).map((line) => line.replace(/ \S+$/, ''));
  expect(series.length).toBeGreaterThan(100);
  expect(new Set(series).size).toBe(series.length);
});
/** What each event moves. Gauges are read anew at each scrape and need no event. */
const MOVES: { readonly [T in Event['type']]: readonly string[] } = {
  ControllerStarted: [],
  ControllerStopped: [],
  RevisionAccepted: [],
  RevisionRefused: [],
  TargetChanged: [],
  SourceRewritten: [],
  SourceFailed: [],
  AppAdopted: [],
  ImageTagMoved: [],
  DriftSeen: ['drift_detected_total'],
  DriftCorrected: ['drift_corrected_total'],
  DriftGone: [],
  ReleaseStarted: [],
  ReleasePhase: [],
  ReleaseFailing: [],
  ReleaseEnded: ['release_total', 'release_duration_seconds'],
  StepStarted: [],
  StepFinished: ['actions_total'],
  IntentRecovered: [],
  HoldBegan: [],
  HoldEnded: [],
  GuardRefused: ['guard_refusals_total'],
  AppStalled: [],
  AppStatusChanged: [],
  AppForgotten: [],
  PassFinished: ['reconcile_duration_seconds', 'reconcile_total', 'workqueue_retries_total', 'workqueue_work_duration_seconds'],
  EnvironmentSynced: ['convergence_seconds'],
  OrganizationObserved: [],
  ObservationFailed: [],
  HaltChanged: [],
  MigrationApplied: [],
  MigrationFailed: [],
  BudgetCrossed: [],
  BudgetActed: [],
  Notified: ['notifications_total'],
  HeartbeatChanged: [],
  StoreLost: [],
  StoreBack: [],
  Bugged: ['bugs_total'],
  WorkTaken: ['workqueue_queue_duration_seconds'],
};

describe('the table', () => {
  test.each(Object.entries(TABLE))('trimtab_%s has exactly its labels', async (name, labels) => {
    const { registry } = emptyMetrics();
    const metric = registry.getSingleMetric(`trimtab_${name}`);
    expect(metric).toBeDefined();
    expect((await metric?.get())?.type).toMatch(/gauge|counter|histogram/);
    expect(metric !== undefined && 'labelNames' in metric ? metric.labelNames : []).toEqual(labels);
  });
  test('every name has the prefix', async () => {
    const names = (await emptyMetrics().registry.getMetricsAsJSON()).map(({ name }) => name);
    expect(names.filter((name) => !name.startsWith('trimtab_'))).toEqual([]);
  });
  test.each(Object.values(EVENTS))('$type moves what it says, and nothing else', async (event) => {
    const metrics = emptyMetrics();
    const before = new Map((await seriesOf(metrics)).map(({ name, labels, value }) => [name + JSON.stringify(labels), value]));
    metrics.tell(event);
    const moved = (await seriesOf(metrics)).flatMap(({ name, labels, value }) =>
      value > (before.get(name + JSON.stringify(labels)) ?? 0) ? [name.replace(/^trimtab_/, '').replace(/_(bucket|sum|count)$/, '')] : [],
    );
    expect([...new Set(moved)].sort()).toEqual([...MOVES[event.type]].sort());
  });
  test('a closed platform release is a deploy', async () => {
    const metrics = emptyMetrics();
    metrics.tell({ ...EVENTS.StepFinished, kind: 'app', verb: 'close-release' });
    metrics.tell({ ...EVENTS.StepFinished, kind: 'app', verb: 'close-release', result: 'failed' });
    const deploys = (await seriesOf(metrics)).filter(({ name }) => name === 'trimtab_deploys_total');
    expect(deploys).toEqual([{ name: 'trimtab_deploys_total', labels: { environment: 'staging', app: 'acme-web' }, value: 1 }]);
  });
  test('requests and waiting are counted', async () => {
    const metrics = emptyMetrics();
    metrics.noteRequest('GET /apps', '200', 0.2);
    metrics.noteThrottle(1.5);
    const found = await seriesOf(metrics);
    expect(found).toContainEqual({
      name: 'trimtab_platform_requests_total',
      labels: { platform: 'fly', operation: 'GET /apps', code: '200' },
      value: 1,
    });
    expect(found).toContainEqual({ name: 'trimtab_platform_throttle_seconds_total', labels: {}, value: 1.5 });
  });
});
test('closed labels that are not crossed with an app are there from the start, at zero', async () => {
  const found = await seriesOf(emptyMetrics());
  const valuesOf = (name: string, label: string) =>
    found.filter((one) => one.name === `trimtab_${name}`).map(({ labels, value }) => `${labels[label]} ${value}`);
  expect(valuesOf('reconcile_total', 'result')).toEqual(['synced 0', 'progress 0', 'held 0', 'failed 0', 'unknown 0']);
  expect(valuesOf('guard_refusals_total', 'rule')).toEqual(GUARD_RULES.map((rule) => `${rule} 0`));
  const actions = found.filter(({ name }) => name === 'trimtab_actions_total');
  const wanted = KIND_NAMES.flatMap((kind) =>
    Object.keys(VERBS[kind]).flatMap((verb) => ['landed', 'failed', 'ambiguous'].map((result) => ({ kind, verb, result }))),
  );
  expect(actions.map(({ labels }) => labels)).toEqual(wanted);
  expect(actions.every(({ value }) => value === 0)).toBe(true);
  for (const name of ['workqueue_retries_total', 'platform_throttle_seconds_total', 'bugs_total', 'reconcile_duration_seconds_count'])
    expect(found).toContainEqual({ name: `trimtab_${name}`, labels: {}, value: 0 });
});
test('an environment’s releases and times are there from its first revision on, at zero, and a second one takes nothing back', async () => {
  const metrics = emptyMetrics();
  const accepted = { ...EVENTS.RevisionAccepted, environment: environmentName('staging') };
  const counted = async (name: string) =>
    (await seriesOf(metrics))
      .filter((one) => one.name === `trimtab_${name}` && one.labels['environment'] === 'staging')
      .map(({ value }) => value);
  expect(await counted('convergence_seconds_count')).toEqual([]);
  metrics.tell(accepted);
  expect(await counted('convergence_seconds_count')).toEqual([0]);
  expect(await counted('release_duration_seconds_count')).toEqual([0]);
  expect(await counted('release_total')).toEqual([0, 0, 0]);
  metrics.tell({ ...EVENTS.EnvironmentSynced, environment: environmentName('staging') });
  metrics.tell(accepted);
  expect(await counted('convergence_seconds_count')).toEqual([1]);
});
test('an excluded app is neither in sync nor out of it, and does not count for its environment', async () => {
  const statuses = [aStatus({ excluded: true }), aStatus({ name: 'api', app: 'acme-api', sync: 'OutOfSync', health: 'Degraded' })];
  const found = await seriesOf(
    makeMetrics(
      '1.2.3',
      sourcesOf(() => statuses),
    ),
  );
  expect(found).toContainEqual({
    name: 'trimtab_app_info',
    labels: { environment: 'staging', app: 'acme-web', sync: 'Excluded', health: 'Excluded' },
    value: 1,
  });
  expect(found).toContainEqual({
    name: 'trimtab_environment_info',
    labels: { environment: 'staging', organization: 'acme', sync: 'OutOfSync', health: 'Degraded' },
    value: 1,
  });
});
test('an app has at most 40 series, by one name in all of them, and takes them along when it goes', async () => {
  const toml = `app = "acme-web"\nprimary_region = "nrt"\n[processes]\n  app = "web"\n  worker = "work"\n[http_service]\n  internal_port = 8080\n  processes = ["app"]\n  [[http_service.checks]]\n    interval = "5s"\n    timeout = "2s"\n    method = "GET"\n    path = "/healthz"\n`;
  const harness = await makeHarness({
    files: oneApp({ toml, machines: '{ nrt: 2, ams: 1 }', extra: '    worker: { machines: { nrt: 1 } }\n' }),
  });
  await harness.untilSettled();
  const statuses = (): readonly AppStatus[] =>
    harness
      .controller()
      .environments.targets()
      .flatMap(({ environment, app }) => harness.controller().statusOf(environment.name, app.app) ?? []);
  const metrics = makeMetrics('1.2.3', sourcesOf(statuses));
  await updateByHand(harness, only(harness.machines('acme-web')), withEnv({ LOG_LEVEL: 'debug' }));
  await updateByHand(harness, only([...harness.machines('acme-web')].reverse()), withMemory(512));
  await harness.pass(60);
  await harness.untilSettled();
  for (const event of harness.events) metrics.tell(event);
  const named = async () => (await seriesOf(metrics)).filter(({ labels }) => labels['app'] !== undefined);
  const mine = await named();
  expect(new Set(mine.map(({ labels }) => labels['app']))).toEqual(new Set(['acme-web']));
  expect(mine.map(({ name }) => name)).toContain('trimtab_drift_corrected_total');
  expect(mine.length).toBeGreaterThan(15);
  expect(mine.length).toBeLessThanOrEqual(40);
  const seen = harness.events.length;
  for (const path of [...harness.files.keys()]) if (path.endsWith('web.yaml')) harness.files.delete(path);
  await harness.pass(30);
  for (const { id } of harness.machines('acme-web')) await harness.byHand('DELETE', `/v1/apps/acme-web/machines/${id}?force=true`);
  await harness.pass(120);
  for (const event of harness.events.slice(seen)) metrics.tell(event);
  await Promise.resolve();
  expect(await named()).toEqual([]);
  await harness.stop();
});
test('secrets tell how many are out of sync, and each by name when it is due; one that is never due tells nothing', async () => {
  const secret = { source: 'env A', kind: 'env', required: true, machines: 2, of: 2, since: NOW, problem: null };
  const due = { ...secret, name: 'DUE', state: 'Synced' as const, rotationDue: after(NOW, hours(24)) };
  const drifted = { ...secret, name: 'DRIFTED', state: 'Drifted' as const, rotationDue: null };
  const status = aStatus({ secrets: [due, drifted] });
  const metrics = makeMetrics(
    '1.2.3',
    sourcesOf(() => [status]),
  );
  const said = (await seriesOf(metrics)).filter(({ name }) => /secret/.test(name));
  const of = { environment: status.environment, app: status.app };
  expect(said.map(({ name, labels, value }) => [name.replace('trimtab_', ''), labels, value])).toEqual([
    ['secrets_out_of_sync', of, 1],
    ['secret_rotation_due_timestamp_seconds', { ...of, secret: 'DUE' }, (NOW + 86_400_000) / 1_000],
  ]);
});
