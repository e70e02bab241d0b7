/** `trimtab run`: a session with its surfaces. Goes on until a signal ends it. */
import type { TrimtabError } from '#domain/errors.ts';
import type { Event } from '#domain/events.ts';
import { ok, type Result } from '#domain/result.ts';
import { elapsed, seconds } from '#domain/units.ts';
import { allStatuses } from '#engine/all-statuses.ts';
import type { Heartbeat } from '#engine/heartbeat.ts';
import { queuesOf } from '#engine/notices/queues.ts';
import { convergeOnce, type RoundResult } from '#engine/once.ts';
import { SESSION_LENGTH } from '#engine/people.ts';
import { appliedOf } from '#engine/targets.ts';
import { makeChanges } from '#http/changes.ts';
import { makeHttp } from '#http/controller.ts';
import { serveHttp } from '#http/serve.ts';
import { realClock } from '#platform/clock.ts';
import { makeHeapKeeper } from '#platform/heap.ts';
import { madeKeyText } from '#platform/secrets/state-key.ts';
import { eventToLine } from '#telemetry/log.ts';
import { makeLogger } from '#telemetry/logger.ts';
import { type Metrics, makeMetrics } from '#telemetry/metrics.ts';
import { openSession, type Session } from './compose.ts';
import { composeHeartbeat } from './compose-notices.ts';
import { followedBranches } from './compose-source.ts';
import type { Config } from './config.ts';

export interface ServeOptions {
  readonly config: Config;
  readonly version: string;
  readonly only: string | null;
  readonly terminal: boolean;
  /** Words for a person who looks on. */
  readonly say: (text: string) => void;
}
/** Fails before anything runs; afterwards it resolves when the signal has ended everything. */
export async function serve(options: ServeOptions, signal: AbortSignal): Promise<Result<void, TrimtabError>> {
  const { config, version, say } = options;
  const logger = makeLogger(options.terminal, process.stdout);
  let metrics: Metrics | null = null;
  let heartbeat: Heartbeat | null = null;
  const changes = makeChanges(realClock);
  const keepSmall = makeHeapKeeper();
  const tell = (event: Event): void => {
    if (event.type === 'PassFinished' || event.type === 'OrganizationObserved') keepSmall();
    metrics?.tell(event);
    heartbeat?.hear(event);
    if (!UNSEEN.includes(event.type)) changes.note();
    const line = eventToLine(event);
    if (line !== null) logger(line, realClock.now());
  };
  const opened = await openSession(
    {
      config,
      version,
      tell,
      only: options.only,
      waits: true,
      onRequest: (operation, code, span) => metrics?.noteRequest(operation, code, span),
      onThrottle: (span) => metrics?.noteThrottle(span),
    },
    signal,
  );
  if (!opened.ok) return opened;
  const session = opened.value;
  metrics = metricsOf(session, version);
  heartbeat = composeHeartbeat({ ...options, controller: session.controller, tell }, signal);
  const { registry, text } = metrics;
  const http = makeHttp({
    operator: session.operator,
    metrics: text,
    metricsType: registry.contentType,
    notReady: () => whyNotReady(session, config),
    token: session.token,
    version,
    now: realClock.now,
    people: session.people,
    site: {
      machines: (environment, app) => session.controller.runtime(`app/${environment}/${app}`)?.machines ?? null,
      reading: config.reading,
      language: config.language,
      sessionMs: SESSION_LENGTH,
      changes,
    },
    webhook: {
      secret: config.webhookSecret,
      branches: followedBranches(config),
      onPush: () => void session.controller.readSource(signal),
    },
  });
  const served = await serveHttp(http.fetch, config.host, config.port);
  await session.lock.announce({ pid: process.pid, address: served.url, token: session.token, since: realClock.now() });
  if (session.simulator !== null) say(simulatorText(session.simulator.apiUrl, session.simulator.edgeUrl));
  if (session.keyFile !== null && session.simulator === null) say(madeKeyText(session.keyFile));
  say(`status page ${served.url}   metrics ${served.url}/metrics\n`);
  tell({ type: 'ControllerStarted', version, environments: session.controller.environments.names() });
  await Promise.all([session.controller.run(signal), session.notices.run(signal)]);
  tell({ type: 'ControllerStopped' });
  await heartbeat?.settled();
  changes.close();
  await served.close();
  await session.close();
  return ok(undefined);
}
/** Events of an idle controller: no page shows them. */
const UNSEEN: readonly Event['type'][] = ['WorkTaken', 'PassFinished', 'OrganizationObserved'];
const simulatorText = (api: string, edge: string): string =>
  `No FLY_API_TOKEN: this is the embedded simulator, nothing real is touched. Secrets that are not set get made-up values.\nsimulated platform ${api}   its edge ${edge}\n`;

/** A picture older than this many ticks is no ground for calling oneself ready. */
const TICKS = 15;
function whyNotReady({ controller }: Session, config: Config): string | null {
  if (controller.storeIsLost()) return 'the state database does not answer';
  if (controller.environments.names().length === 0) return 'no desired state has been read yet';
  const at = controller.observedAt();
  if (at === null) return 'no organization has been seen yet';
  return elapsed(at, realClock.now()) > seconds(config.tickS * TICKS) ? 'the platform has not been seen lately' : null;
}
function metricsOf({ controller, notices }: Session, version: string): Metrics {
  return makeMetrics(version, {
    statuses: () => allStatuses(controller),
    environments: () =>
      controller.environments.views().map(({ name, state, problems }) => ({
        name,
        organization: state?.accepted.document.organization ?? null,
        mode: state?.accepted.document.sync.mode ?? null,
        accepted: state?.accepted.id ?? null,
        applied: state === null ? null : (appliedOf(state)?.id ?? null),
        valid: problems.length === 0,
      })),
    queue: controller.depth,
    observations: controller.observations,
    monthToDate: (environment, app, item) => controller.money.monthToDate(environment, app, item),
    environmentCosts: controller.money.environmentCosts,
    budgets: () => controller.money.budgets.views().map(({ name: budget, amount, used, forecast }) => ({ budget, amount, used, forecast })),
    noticeQueues: () => queuesOf(controller.environments.all(), notices.queue()),
    restorePoints: () =>
      controller.environments.all().flatMap((environment) => {
        const at = notices.restorePoints.of(environment)?.at;
        return at === undefined ? [] : [{ environment: environment.name, at }];
      }),
    now: realClock.now,
  });
}
/** `run --once`: one round, then the process ends. */
export async function serveOnce(options: ServeOptions, limitS: number, signal: AbortSignal): Promise<Result<RoundResult, TrimtabError>> {
  const logger = makeLogger(options.terminal, process.stdout);
  const tell = (event: Event): void => {
    const line = eventToLine(event);
    if (line !== null) logger(line, realClock.now());
  };
  const opened = await openSession({ config: options.config, version: options.version, tell, only: options.only }, signal);
  if (!opened.ok) return opened;
  const { controller, notices, close } = opened.value;
  try {
    const read = await controller.readSource(signal);
    if (!read.ok) return read;
    // Halts and approvals that were given before.
    await controller.keepBooks(signal);
    // What git has refused is a failure, whatever runs.
    const refused = controller.environments.views().some(({ problems }) => problems.length > 0);
    await notices.look(signal);
    const result = await convergeOnce(controller, { clock: realClock }, seconds(limitS), () => true, signal);
    await controller.keepBooks(signal);
    await notices.step(signal);
    return ok(refused ? 'failed' : result);
  } finally {
    await close();
  }
}
