/** One pass over one app: recover, observe, decide, write the first wave, end. It never waits for a boot or a check; it comes back. */

import type { AppStatus } from '#domain/condition.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { ERRORS, remedyOf } from '#domain/errors.ts';
import type { PassResult } from '#domain/events.ts';
import type { PlanContext } from '#domain/finding.ts';
import { isSame } from '#domain/json.ts';
import type { AppMemory } from '#domain/memory.ts';
import type { ObservedApp } from '#domain/observed.ts';
import type { Plan } from '#domain/plan.ts';
import { correctAt } from '#domain/restrain.ts';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import { planSecrets } from '#domain/secret-plan.ts';
import { metadataToStamp, ownerOf } from '#domain/stamp.ts';
import type { Ms } from '#domain/units.ts';
import { elapsed, microUsd, minutes, ms, seconds } from '#domain/units.ts';
import { A_PASS, pictureOf } from './app-secrets.ts';
import { claim } from './claim.ts';
import { controlsOf } from './controls.ts';
import type { Decision } from './decide.ts';
import { decide } from './decide.ts';
import { execute } from './execute.ts';
import { guardFor } from './guarding.ts';
import { tellHolds } from './hold-news.ts';
import { watchTag } from './image-tag.ts';
import { forget, isOver, leaveAlone } from './left-alone.ts';
import { machineLines } from './machine-lines.ts';
import { observeApp, observeMachines } from './observe.ts';
import type { PassDeps } from './pass-deps.ts';
import type { AppState } from './ports.ts';
import { recover } from './recover.ts';
import { reportNews } from './report.ts';
import type { AppRuntime } from './runtime.ts';
import { isGoingDown, isSettled, statusAfter, statusAfterFailure } from './status.ts';
import { type AppTarget, attemptOf } from './target.ts';
import { whileGated } from './while-gated.ts';

export interface PassOutcome {
  readonly result: PassResult;
  readonly steps: number;
  /** Come back after this long, at the latest. */
  readonly again: Ms;
  readonly plan: Plan | null;
  readonly error: TrimtabError | null;
}
/** While something moves: a tick. A rollout is polled by itself. */
export const BUSY_AGAIN = seconds(2);
/** While a machine that must run goes down: a few looks, within the burst that the platform gives for reading an app's machines. */
const WATCH_AGAIN = seconds(0.7);
const NO_TARGET: PassOutcome = { result: 'synced', steps: 0, again: BUSY_AGAIN, plan: null, error: null };
const FIRST_BACKOFF_MS = 5_000;
const LONGEST_BACKOFF_MS = 300_000;

export async function runPass(deps: PassDeps, target: AppTarget, runtime: AppRuntime, signal: AbortSignal): Promise<PassOutcome> {
  const started = deps.clock.now();
  const done = await attempt(deps, target, runtime, signal);
  const place = { environment: target.environment.name, app: target.app.app };
  const took = elapsed(started, deps.clock.now());
  if (done.ok) {
    runtime.failures = 0;
    deps.tell({ type: 'PassFinished', ...place, result: done.value.result, took, steps: done.value.steps });
    return done.value;
  }
  const outcome = await failed(deps, target, runtime, done.error, signal);
  deps.tell({ type: 'PassFinished', ...place, result: outcome.result, took, steps: 0 });
  return outcome;
}

async function attempt(
  deps: PassDeps,
  given: AppTarget,
  runtime: AppRuntime,
  signal: AbortSignal,
): Promise<Result<PassOutcome, TrimtabError>> {
  const claimed = await claim(deps, given, runtime, signal);
  if (!claimed.ok) return claimed;
  if (claimed.value === null) return ok(NO_TARGET);
  const { target, intents, takenOver, state } = claimed.value;
  if (target.app.excluded && !target.gone) {
    const left = await leaveAlone(deps, target, runtime, state, signal);
    return left.ok ? ok({ ...NO_TARGET, again: deps.resync() }) : left;
  }
  const recovered = await recover(deps, target, state.memory, intents, signal);
  if (!recovered.ok) return recovered;
  if (recovered.value.landed > 0) runtime.full = null;
  const observed = await look(deps, target, runtime, recovered.value.memory, signal);
  if (!observed.ok) return observed;
  deps.onObserved(target, observed.value);
  if (takenOver) deps.startEmpty(observed.value.machines.map(({ id }) => id));
  const generation = runtime.generation ?? state.generation;
  if (isOver(target, observed.value) && intents.length === 0) {
    const forgotten = await forget(deps, target, generation, signal);
    return forgotten.ok ? ok(NO_TARGET) : forgotten;
  }
  const memoryNow = await watchTag(deps, target, runtime, recovered.value.memory, signal);
  const seen = await withSecrets(deps, target, runtime, observed.value, memoryNow, signal);
  if (!seen.ok) return seen;
  const context = contextOf(deps, target, generation, seen.value);
  runtime.machines = machineLines(context.observed, context.owner);
  const controls = controlsOf(deps, target, context, state.fresh);
  const asked = decide(context, controls, (memory) => guardFor(deps, target, { ...context, memory }, controls), target.gone);
  const decision = whileGated(deps, target, context, asked, state.fresh);
  for (const { rule, message } of decision.refusals)
    deps.tell({ type: 'GuardRefused', environment: target.environment.name, app: target.app.app, rule, message });
  const told = await reportNews(deps, target, context, decision, signal);
  if (!told.ok) return told;
  const status = statusAfter(target, { ...context, memory: decision.memory }, decision, runtime.status);
  const saved = await save(deps, target, runtime, { generation, memory: decision.memory, status, fresh: false }, signal);
  if (!saved.ok) return saved;
  tellStatus(deps, target, runtime, status);
  const executed = await execute(deps, target, decision.plan, decision.memory, recovered.value.pending, signal);
  if (!executed.ok) return executed;
  const { memory, landed, errors } = executed.value;
  const adopted = decision.plan.waves[0]?.ready === true ? decision.plan.waves[0].steps.filter(({ cause }) => cause === 'adoption') : [];
  if (adopted.length > 0 && landed > 0)
    deps.tell({ type: 'AppAdopted', environment: target.environment.name, app: target.app.app, machines: adopted.length });
  runtime.state = { generation, memory, status, fresh: false };
  const { beforePerHour, afterPerHour } = decision.plan.cost;
  runtime.pendingPerHour = microUsd(Math.max(0, afterPerHour - beforePerHour));
  if (decision.synced) await deps.onSynced(target, signal);
  if (wroteOther(decision.plan) || waitsForVolume(decision.plan) || errors.length > 0) runtime.full = null;
  const first = errors[0]?.error ?? null;
  const stopping = first !== null && ERRORS[first.code].retry === 'stop';
  if (stopping) return err(first);
  return ok({
    result: resultOf(decision, landed, errors.length),
    steps: landed,
    again: againAfter(deps, decision, context, landed, errors.length, runtime),
    plan: decision.plan,
    error: first,
  });
}

/** Everything at first, after anything but a machine was written, and once per resync; machines alone in between. */
export async function look(
  deps: PassDeps,
  target: AppTarget,
  runtime: AppRuntime,
  memory: AppMemory,
  signal: AbortSignal,
): Promise<Result<ObservedApp, TrimtabError>> {
  const { full } = runtime;
  const young = full !== null && deps.clock.now() - full.at < deps.resync();
  const observed =
    young && !runtime.wantsFull
      ? await observeMachines(deps, full.observed, memory, signal)
      : await observeApp(deps, target.app.app, target.environment.organization, memory, signal);
  if (!observed.ok) return observed;
  if (!young || runtime.wantsFull)
    runtime.full = observed.value.info === null ? null : { observed: { ...observed.value, machines: [] }, at: observed.value.observedAt };
  runtime.wantsFull = false;
  const stamps = observed.value.machines.map(({ metadata }) => metadataToStamp(metadata)?.generation ?? 0);
  const highest = Math.max(0, ...stamps);
  // A store that was lost starts above every stamp it finds.
  if (runtime.state !== null && highest > runtime.state.generation) {
    runtime.highestStamp = highest;
    const taken = await deps.store.takeApp(target.environment.name, target.app.app, highest, signal);
    if (!taken.ok) return taken;
    runtime.generation = taken.value.generation;
    runtime.state = { ...runtime.state, generation: taken.value.generation };
    runtime.savedAt = null;
  }
  return observed;
}
/** What is learned and seen, for other controllers and for the next start. Nothing new is not written: only, now and then, that it was looked at. */
async function save(
  deps: PassDeps,
  target: AppTarget,
  runtime: AppRuntime,
  state: AppState,
  signal: AbortSignal,
): Promise<Result<void, TrimtabError>> {
  const { state: before, savedAt } = runtime;
  const now = deps.clock.now();
  const young = savedAt !== null && elapsed(savedAt, now) < SIGN_OF_LIFE;
  if (young && before !== null && before.generation === state.generation && isNothingNew(before, state)) return ok(undefined);
  const saved = await deps.store.saveApp(target.environment.name, target.app.app, state, signal);
  runtime.savedAt = saved.ok ? now : null;
  return saved;
}
function isNothingNew({ memory, status }: AppState, { memory: learned, status: seen }: AppState): boolean {
  return status !== null && seen !== null && isSame(memory, learned) && isSame({ ...status, ...TIMES }, { ...seen, ...TIMES });
}
/** Of a look that found nothing new. */
const TIMES = { observedAt: null, syncedAt: null };
const SIGN_OF_LIFE = minutes(5);
/** A write of secrets rests on a picture of them that was taken now. */
async function withSecrets(
  deps: PassDeps,
  target: AppTarget,
  runtime: AppRuntime,
  observed: ObservedApp,
  memory: AppMemory,
  signal: AbortSignal,
): Promise<Result<Seen, TrimtabError>> {
  const wish = { ...A_PASS, takesAsFound: deps.isApproved(target) };
  const secrets = await pictureOf(deps, target, observed, wish, signal);
  if (!secrets.ok) return secrets;
  const seen = { observed, secrets: secrets.value, memory };
  const whole = runtime.full === null || runtime.full.at === observed.observedAt;
  if (whole || planSecrets(contextOf(deps, target, 0, seen)).now.length === 0) return ok(seen);
  runtime.wantsFull = true;
  const again = await look(deps, target, runtime, memory, signal);
  if (!again.ok) return again;
  const anew = await pictureOf(deps, target, again.value, wish, signal);
  return anew.ok ? ok({ observed: again.value, secrets: anew.value, memory }) : anew;
}
type Seen = Pick<PlanContext, 'observed' | 'secrets' | 'memory'>;
export function contextOf(deps: PassDeps, target: AppTarget, generation: number, seen: Seen): PlanContext {
  const now = deps.clock.now();
  return {
    now,
    environment: target.environment,
    owner: ownerOf(target.environment.organization, target.environment.name),
    app: target.app,
    ...seen,
    revision: target.revision,
    generation,
    prices: deps.prices(now),
    shares: deps.shares(target.app.app),
    seed: deps.nextSeed(),
    ...attemptOf(target),
  };
}

const wroteOther = (plan: Plan): boolean =>
  plan.waves[0]?.ready === true && plan.waves[0].steps.some(({ action }) => action.kind !== 'machine-group');
/** Volumes are read with everything else only. */
const waitsForVolume = (plan: Plan): boolean => plan.held.some(({ reason }) => reason === 'WaitingForVolume');
function resultOf(decision: Decision, landed: number, errors: number): PassResult {
  if (errors > 0) return 'failed';
  if (landed > 0) return 'progress';
  if (decision.synced) return 'synced';
  return decision.plan.held.length > 0 ? 'held' : 'progress';
}
/** Soon while something moves; when the next hold or grace ends; else at the next resync. */
function againAfter(deps: PassDeps, decision: Decision, context: PlanContext, landed: number, errors: number, runtime: AppRuntime): Ms {
  const { plan, memory } = decision;
  if (errors > 0) return backoff(deps, runtime);
  const moving = landed > 0 || memory.release !== null || Object.keys(memory.recent).length > 0 || !isSettled(context);
  if (isGoingDown(context)) return WATCH_AGAIN;
  if (moving) return BUSY_AGAIN;
  const graces = plan.drifts.map(({ key, urgent }) => correctAt({ key, urgent }, { ...context, memory }));
  const ends = [...plan.held.flatMap(({ until }) => (until === null ? [] : [until])), ...graces].filter((at) => at > context.now);
  const soonest = Math.min(deps.resync(), ...ends.map((at) => at - context.now));
  return ms(Math.max(soonest, BUSY_AGAIN));
}
function backoff(deps: PassDeps, runtime: AppRuntime): Ms {
  runtime.failures += 1;
  const span = Math.min(FIRST_BACKOFF_MS * 2 ** (runtime.failures - 1), LONGEST_BACKOFF_MS);
  return ms(span * (0.75 + deps.random.next() / 2));
}

function tellStatus(deps: PassDeps, target: AppTarget, runtime: AppRuntime, status: AppStatus): void {
  const previous = runtime.status;
  runtime.status = status;
  tellHolds(deps, previous, status);
  deps.tell({
    type: 'AppStatusChanged',
    environment: target.environment.name,
    app: target.app.app,
    status,
    previous: previous === null ? null : { sync: previous.sync, health: previous.health },
  });
}
async function failed(
  deps: PassDeps,
  target: AppTarget,
  runtime: AppRuntime,
  error: TrimtabError,
  signal: AbortSignal,
): Promise<PassOutcome> {
  const place = { environment: target.environment.name, app: target.app.app };
  runtime.full = null;
  // What was in memory may be behind the store: the next pass reads it again.
  runtime.state = null;
  runtime.savedAt = null;
  const again = error.code === 'HALTED' || error.code === 'FLY_CANCELLED' ? BUSY_AGAIN : backoff(deps, runtime);
  if (ERRORS[error.code].condition === 'Stalled')
    deps.tell({ type: 'AppStalled', ...place, code: error.code, message: error.message, remedy: remedyOf(error) });
  const status = statusAfterFailure(target, error, runtime.status, deps.clock.now());
  tellStatus(deps, target, runtime, status);
  // For the other controllers; one that cannot be reached now hears of the next.
  if (runtime.generation !== null) await deps.store.saveStatus(target.environment.name, target.app.app, runtime.generation, status, signal);
  return { result: ERRORS[error.code].condition === 'Unknown' ? 'unknown' : 'failed', steps: 0, again, plan: null, error };
}
