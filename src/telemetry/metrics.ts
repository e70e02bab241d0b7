/** Prometheus metrics: one table from event to metric. Label sets are closed; series of an app come and go with it. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { KIND_NAMES, VERBS } from '#domain/change.ts';
import { type AppStatus, HEALTHS, SYNC_STATUSES } from '#domain/condition.ts';
import type { Event } from '#domain/events.ts';
import { GUARD_RULES } from '#domain/guard.ts';
import { isOutOfSync } from '#domain/secret-status.ts';
import type { Instant } from '#domain/units.ts';
import { type CostSources, costGauges } from './cost-metrics.ts';
import { type NoticeSources, noticeGauges } from './notice-metrics.ts';
import { type Fill, ScrapedGauge, textOf } from './scraped.ts';

/** What is read at each scrape instead of being told. */
export interface MetricSources extends CostSources, NoticeSources {
  readonly statuses: () => readonly AppStatus[];
  readonly environments: () => readonly {
    readonly name: string;
    readonly organization: string | null;
    readonly mode: string | null;
    readonly accepted: string | null;
    readonly applied: string | null;
    readonly valid: boolean;
  }[];
  readonly queue: () => { readonly waiting: number; readonly active: number };
  /** When each organization was seen last, by whichever controller. */
  readonly observations: () => readonly { readonly organization: string; readonly at: Instant }[];
  readonly now: () => Instant;
}
export interface Metrics {
  readonly registry: Registry;
  /** The exposition, part by part. */
  readonly text: () => AsyncIterable<string>;
  readonly tell: (event: Event) => void;
  /** One request to a platform was answered, or was not. */
  readonly noteRequest: (operation: string, code: string, seconds: number) => void;
  readonly noteThrottle: (seconds: number) => void;
}
/** An app that is left alone is neither in sync nor out of it. */
const EXCLUDED = 'Excluded';
const PASS_RESULTS = ['synced', 'progress', 'held', 'failed', 'unknown'] as const;
const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export function makeMetrics(version: string, sources: MetricSources): Metrics {
  const registry = new Registry();
  const counters = makeCounters(registry);
  makeGauges(registry, sources);
  new Gauge({ name: 'trimtab_build_info', help: 'Version of this build.', labelNames: ['version'], registers: [registry] }).set(
    { version },
    1,
  );
  return {
    registry,
    text: () => textOf(registry),
    tell: (event) => tellCounters(counters, event),
    noteRequest: (operation, code, seconds) => {
      counters.requests.inc({ platform: 'fly', operation, code });
      counters.requestSeconds.observe({ platform: 'fly', operation }, seconds);
    },
    noteThrottle: (seconds) => counters.throttle.inc(seconds),
  };
}
type Counters = ReturnType<typeof makeCounters>;

function makeCounters(registry: Registry) {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `trimtab_${name}`, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Histogram({ name: `trimtab_${name}`, help, labelNames: [...labelNames], buckets: SECONDS, registers });
  const drift = ['environment', 'app', 'kind', 'field'] as const;
  const all = {
    reconcile: counter('reconcile_total', 'Passes by result.', ['result']),
    reconcileSeconds: histogram('reconcile_duration_seconds', 'Length of a pass.', []),
    convergence: histogram('convergence_seconds', 'From an accepted revision to every app Synced.', ['environment']),
    driftDetected: counter('drift_detected_total', 'Drift seen.', drift),
    driftCorrected: counter('drift_corrected_total', 'Drift corrected, and seen so.', drift),
    actions: counter('actions_total', 'Writes by result.', ['kind', 'verb', 'result']),
    guard: counter('guard_refusals_total', 'Plans or steps the guard refused.', ['rule']),
    requests: counter('platform_requests_total', 'Requests to a platform.', ['platform', 'operation', 'code']),
    requestSeconds: histogram('platform_request_duration_seconds', 'Length of a request.', ['platform', 'operation']),
    throttle: counter('platform_throttle_seconds_total', 'Waited for our own rate limiter.', []),
    queueSeconds: histogram('workqueue_queue_duration_seconds', 'From due to taken.', []),
    workSeconds: histogram('workqueue_work_duration_seconds', 'Length of one piece of work.', []),
    retries: counter('workqueue_retries_total', 'Passes that failed and come again.', []),
    deploys: counter('deploys_total', 'Platform releases completed.', ['environment', 'app']),
    releases: counter('release_total', 'Releases by result.', ['environment', 'result']),
    releaseSeconds: histogram('release_duration_seconds', 'Length of a release.', ['environment']),
    notifications: counter('notifications_total', 'Messages to people by result.', ['environment', 'target', 'result']),
    bugs: counter('bugs_total', 'Passes stopped by a bug.', []),
    /** Environments whose series exist at zero. */
    opened: new Set<string>(),
  };
  // Closed labels not crossed with app are there from the start, so that alerts on them work.
  for (const result of PASS_RESULTS) all.reconcile.inc({ result }, 0);
  for (const rule of GUARD_RULES) all.guard.inc({ rule }, 0);
  for (const kind of KIND_NAMES)
    for (const verb of Object.keys(VERBS[kind]))
      for (const result of ['landed', 'failed', 'ambiguous']) all.actions.inc({ kind, verb, result }, 0);
  all.throttle.inc(0);
  return all;
}
const NOTICE_RESULTS = ['sent', 'failed', 'dropped', 'withdrawn'] as const;
const RELEASE_RESULTS = ['complete', 'failed', 'superseded'] as const;
function tellCounters(counters: Counters, event: Event): void {
  switch (event.type) {
    case 'PassFinished':
      counters.reconcile.inc({ result: event.result });
      counters.reconcileSeconds.observe(event.took / 1_000);
      counters.workSeconds.observe(event.took / 1_000);
      if (event.result === 'failed' || event.result === 'unknown') counters.retries.inc();
      return;
    case 'WorkTaken':
      return counters.queueSeconds.observe(Math.max(0, event.waited) / 1_000);
    case 'RevisionAccepted':
      return openEnvironment(counters, event.environment);
    case 'ReleaseEnded':
      counters.releaseSeconds.observe({ environment: event.environment }, event.took / 1_000);
      return counters.releases.inc({ environment: event.environment, result: event.result });
    case 'EnvironmentSynced':
      return counters.convergence.observe({ environment: event.environment }, event.took / 1_000);
    case 'DriftSeen':
      return counters.driftDetected.inc({
        environment: event.environment,
        app: event.app,
        kind: event.drift.kind,
        field: event.drift.field,
      });
    case 'DriftCorrected':
      return counters.driftCorrected.inc({
        environment: event.environment,
        app: event.app,
        kind: event.drift.kind,
        field: event.drift.field,
      });
    case 'StepFinished':
      counters.actions.inc({ kind: event.kind, verb: event.verb, result: event.result });
      if (event.verb === 'close-release' && event.result === 'landed')
        counters.deploys.inc({ environment: event.environment, app: event.app });
      return;
    case 'GuardRefused':
      return counters.guard.inc({ rule: event.rule });
    case 'Notified': {
      const of = { environment: event.environment, target: event.target };
      for (const result of NOTICE_RESULTS) counters.notifications.inc({ ...of, result }, 0);
      return counters.notifications.inc({ ...of, result: event.result });
    }
    case 'Bugged':
      return counters.bugs.inc();
    case 'AppForgotten':
      for (const counter of [counters.driftDetected, counters.driftCorrected, counters.deploys]) forget(counter, event.app);
      return;
    default:
      return;
  }
}
/** From the first revision on, so that the first release is an increase. Zeroing a histogram again would take back what it counted. */
function openEnvironment({ releases, releaseSeconds, convergence, opened }: Counters, environment: string): void {
  if (opened.has(environment)) return;
  opened.add(environment);
  for (const result of RELEASE_RESULTS) releases.inc({ environment, result }, 0);
  for (const histogram of [releaseSeconds, convergence]) histogram.zero({ environment });
}
/** The series of an app go with it. */
function forget(counter: Counter, app: string): void {
  void counter.get().then(({ values }) => {
    for (const { labels } of values) if (labels['app'] === app) counter.remove(labels);
  });
}

/** Gauges are made anew from the statuses at each scrape: what is gone leaves no series behind. */
function makeGauges(registry: Registry, sources: MetricSources): void {
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[], fill: Fill<L>) =>
    new ScrapedGauge({ name: `trimtab_${name}`, help }, labelNames, fill, registry);
  const perApp = (fill: (status: AppStatus, of: { environment: string; app: string }) => void): void => {
    for (const status of sources.statuses()) fill(status, { environment: status.environment, app: status.app });
  };
  gauge('environment_info', 'Sync and health of an environment.', ['environment', 'organization', 'sync', 'health'], (set) => {
    for (const { name, organization } of sources.environments()) {
      const statuses = sources.statuses().filter(({ environment, excluded }) => environment === name && excluded !== true);
      set(
        {
          environment: name,
          organization: organization ?? '',
          sync: worst(
            SYNC_STATUSES,
            statuses.map(({ sync }) => sync),
          ),
          health: worst(
            HEALTHS,
            statuses.map(({ health }) => health),
          ),
        },
        1,
      );
    }
  });
  gauge('environment_revision_info', 'Revisions of an environment.', ['environment', 'attempted', 'applied'], (set) => {
    for (const { name, accepted, applied } of sources.environments())
      set({ environment: name, attempted: accepted ?? '', applied: applied ?? '' }, 1);
  });
  gauge('desired_state_valid', '1 when the newest desired state was accepted.', ['environment'], (set) => {
    for (const { name, valid } of sources.environments()) set({ environment: name }, valid ? 1 : 0);
  });
  gauge('app_info', 'Sync and health of an app.', ['environment', 'app', 'sync', 'health'], (set) =>
    perApp(({ excluded, sync, health }, of) =>
      set(excluded === true ? { ...of, sync: EXCLUDED, health: EXCLUDED } : { ...of, sync, health }, 1),
    ),
  );
  gauge('drift_fields', 'Fields that differ now.', ['environment', 'app', 'kind'], (set) =>
    perApp(({ drifts }, of) => {
      for (const kind of KIND_NAMES) set({ ...of, kind }, drifts.filter((drift) => drift.kind === kind).length);
    }),
  );
  gauge('drift_age_seconds', 'Age of the oldest drift.', ['environment', 'app'], (set) =>
    perApp(({ drifts }, of) =>
      set(of, drifts.length === 0 ? 0 : (sources.now() - Math.min(...drifts.map(({ firstSeen }) => firstSeen))) / 1_000),
    ),
  );
  machineGauges(gauge, perApp);
  secretGauges(gauge, perApp);
  costGauges(gauge, perApp, sources);
  noticeGauges(gauge, sources);
  gauge('last_observation_timestamp_seconds', 'When the organization was last seen whole.', ['organization'], (set) => {
    for (const { organization, at } of sources.observations()) set({ organization }, at / 1_000);
  });
  gauge('workqueue_depth', 'Keys that wait or are worked on.', [], (set) => set({}, sources.queue().waiting + sources.queue().active));
}
const worst = <W extends string>(order: readonly W[], words: readonly W[]): string =>
  order[Math.max(0, ...words.map((word) => order.indexOf(word)))] ?? '';

export type MakeGauge = <L extends string>(name: string, help: string, labelNames: readonly L[], fill: Fill<L>) => Gauge;
export type PerApp = (fill: (status: AppStatus, of: { environment: string; app: string }) => void) => void;

function secretGauges(gauge: MakeGauge, perApp: PerApp): void {
  gauge(
    'secrets_out_of_sync',
    'Declared secrets that are not as their source gives them on every machine.',
    ['environment', 'app'],
    (set) =>
      perApp(({ secrets }, of) => {
        if (secrets !== undefined && secrets.length > 0) set(of, secrets.filter(isOutOfSync).length);
      }),
  );
  gauge('secret_rotation_due_timestamp_seconds', 'When a secret must have been rotated.', ['environment', 'app', 'secret'], (set) =>
    perApp(({ secrets }, of) => {
      for (const { name, rotationDue } of secrets ?? []) if (rotationDue !== null) set({ ...of, secret: name }, rotationDue / 1_000);
    }),
  );
}
function machineGauges(gauge: MakeGauge, perApp: PerApp): void {
  const place = ['environment', 'app', 'group', 'region'] as const;
  gauge('machines', 'Machines by state.', [...place, 'state'], (set) =>
    perApp(({ groups }, of) => {
      for (const { group, region, states } of groups)
        for (const [state, count] of Object.entries(states)) set({ ...of, group, region, state }, count);
    }),
  );
  gauge('machines_desired', 'Machines git asks for (lower bound).', place, (set) =>
    perApp(({ groups }, of) => {
      for (const { group, region, desiredMin } of groups) set({ ...of, group, region }, desiredMin);
    }),
  );
  gauge(
    'min_machines_running',
    'Machines that must be started, and are, in the primary region.',
    ['environment', 'app', 'group', 'side'],
    (set) =>
      perApp(({ groups }, of) => {
        for (const { group, minMachinesRunning, started, primary } of groups) {
          if (!primary) continue;
          set({ ...of, group, side: 'desired' }, minMachinesRunning);
          set({ ...of, group, side: 'started' }, started);
        }
      }),
  );
  gauge('machine_checks', 'Health checks by status.', ['environment', 'app', 'group', 'status'], (set) =>
    perApp(({ groups }, of) => {
      for (const { group, checks } of groups) for (const [status, count] of Object.entries(checks)) set({ ...of, group, status }, count);
    }),
  );
}
