/** Writes the first wave of a plan: for each step first a row in the journal, then the call, then its outcome. Chooses nothing. */

import type { Step } from '#domain/change.ts';
import type { ClockDep } from '#domain/clock.ts';
import type { PlatformError, TrimtabError } from '#domain/errors.ts';
import { failure } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import type { AppMemory } from '#domain/memory.ts';
import type { Plan } from '#domain/plan.ts';
import { correctionKey } from '#domain/restrain.ts';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import { countKey, incarnationOf, slotOf } from '#domain/scale.ts';
import type { Instant } from '#domain/units.ts';
import { elapsed, minutes } from '#domain/units.ts';
import type { Receipt } from '#kinds/kind.ts';
import { applyStep } from '#kinds/registry.ts';
import type { FlyDep } from '#platform/fly/port.ts';
import { noteSecrets, valuesOf } from './app-secrets.ts';
import type { AppStoreDep, AuditRow, HaltDep } from './ports.ts';
import { noteReceipt } from './recover.ts';
import type { SecretReader } from './secret-reader.ts';
import type { AppTarget } from './target.ts';

/** Steps of one wave that are under way at a time: the rate limits are per machine, and the platform's own CLI uses eight. */
const CONCURRENCY = 8;
/** One step: a lease, a read, a write and their retries. */
const STEP_DEADLINE = minutes(3);

export type ExecuteDeps = FlyDep & { readonly reader: SecretReader } & ClockDep &
  TellDep &
  AppStoreDep &
  HaltDep & { readonly deadline: (span: number, signal: AbortSignal) => AbortSignal };
export interface Executed {
  readonly memory: AppMemory;
  /** Writes whose reply said they landed. */
  readonly landed: number;
  readonly errors: readonly { readonly step: Step; readonly error: PlatformError }[];
}

export async function execute(
  deps: ExecuteDeps,
  target: AppTarget,
  plan: Plan,
  memory: AppMemory,
  pending: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Result<Executed, TrimtabError>> {
  const wave = plan.waves[0];
  const steps = wave?.ready === true ? wave.steps.filter(({ key }) => !pending.has(key)) : [];
  let done: Executed = { memory, landed: 0, errors: [] };
  for (const batch of batches(steps)) {
    const attempts = await Promise.all(batch.map((step) => attempt(deps, target, plan, step, signal)));
    const made = attempts.flatMap((tried) => (tried.ok && tried.value !== null ? [tried.value] : []));
    for (const call of made) done = account(done, call, target, deps.clock.now());
    // What the calls brought is noted before their intents are closed: a crash in between looks them up again.
    const saved = await deps.store.saveApp(
      plan.environment,
      plan.app,
      { generation: plan.generation, memory: done.memory, status: null },
      signal,
    );
    if (!saved.ok) return saved;
    for (const { step, result } of made) {
      if (step.action.kind !== 'secret' || !result.ok || result.value.secrets === undefined) continue;
      const noted = await noteSecrets(deps, target, step.action, result.value.secrets, signal);
      if (!noted.ok) return noted;
    }
    for (const call of made) {
      const closed = await close(deps, plan, call, signal);
      if (!closed.ok) return closed;
    }
    const failed = attempts.find((tried) => !tried.ok);
    if (failed !== undefined && !failed.ok) return failed;
  }
  return ok(done);
}
/** Same rank and urgency side by side; the next rank only after. */
function batches(steps: readonly Step[]): readonly (readonly Step[])[] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    const first = last?.[0];
    if (last !== undefined && first?.action.kind === step.action.kind && first.destroys === step.destroys && last.length < CONCURRENCY)
      last.push(step);
    else groups.push([step]);
  }
  return groups;
}

interface Call {
  readonly step: Step;
  readonly result: Result<Receipt, PlatformError>;
  readonly started: Instant;
  readonly ended: Instant;
}
/** Null: an intent for this subject is open already. */
async function attempt(
  deps: ExecuteDeps,
  target: AppTarget,
  plan: Plan,
  step: Step,
  signal: AbortSignal,
): Promise<Result<Call | null, TrimtabError>> {
  const { environment, app } = plan;
  const stop = deps.halted(environment);
  if (stop !== null) return err(failure('HALTED', stop));
  if (signal.aborted) return err(failure('FLY_CANCELLED', 'the pass was ended'));
  const started = deps.clock.now();
  const { subject, intent, action, cause, why } = step;
  const row = { id: intent, key: step.key, environment, app, generation: plan.generation, at: started };
  const opened = await deps.store.openIntent({ ...row, step: { app, subject, intent, action, cause, why } }, signal);
  if (!opened.ok) return opened;
  if (opened.value === 'stale') return err(failure('FLY_CANCELLED', `another writer took ${app} over`));
  if (opened.value === 'halted') return err(failure('HALTED', 'halted by a person'));
  if (opened.value === 'busy') return ok(null);
  deps.tell({ type: 'StepStarted', environment, app, kind: action.kind, verb: action.verb, subject, cause, why });
  const ports = { fly: deps.fly, secretValues: valuesOf(deps.reader, target) };
  const result = await applyStep(ports, { app, subject, intent, action }, deps.deadline(STEP_DEADLINE, signal));
  return ok({ step, result, started, ended: deps.clock.now() });
}
/** An ambiguous call stays open: the next pass looks it up. */
async function close(deps: ExecuteDeps, plan: Plan, call: Call, signal: AbortSignal): Promise<Result<void, TrimtabError>> {
  const { step, result, ended } = call;
  const { environment, app } = plan;
  const about = {
    environment,
    app,
    kind: step.action.kind,
    verb: step.action.verb,
    subject: step.subject,
    cause: step.cause,
    why: step.why,
  };
  const took = elapsed(call.started, ended);
  const code = result.ok ? null : result.error.code;
  const message = result.ok ? result.value.id : result.error.message;
  if (code === 'FLY_AMBIGUOUS') {
    deps.tell({ type: 'StepFinished', ...about, result: 'ambiguous', code, message, took });
    return ok(undefined);
  }
  const note = code === null ? message : `${code}: ${message}`;
  const closed = await deps.store.closeIntent(step.intent, code === null ? 'landed' : 'failed', note, ended, signal);
  if (!closed.ok) return closed;
  deps.tell({ type: 'StepFinished', ...about, result: code === null ? 'landed' : 'failed', code, message, took });
  return deps.store.audit(auditRows(plan, call, code === null ? 'landed' : note), signal);
}
function auditRows(plan: Plan, { step, ended }: Call, result: string): readonly AuditRow[] {
  const what = `${step.action.kind}/${step.subject} ${step.action.verb}`;
  const row = { at: ended, actor: 'trimtab', environment: plan.environment, app: plan.app, why: `${step.cause}: ${step.why}`, result };
  if (step.fields.length === 0) return [{ ...row, what, from: null, to: null }];
  return step.fields.map(({ pointer, from, to }) => ({
    ...row,
    what: `${what} ${pointer}`,
    from: from === undefined ? null : JSON.stringify(from),
    to: to === undefined ? null : JSON.stringify(to),
  }));
}

function account(done: Executed, { step, result }: Call, target: AppTarget, now: Instant): Executed {
  const corrected = { ...done.memory, corrections: noteCorrections(done.memory, step, now) };
  if (result.ok) return { ...done, landed: done.landed + 1, memory: noteReceipt(corrected, { step }, result.value, target, now) };
  // What was refused (a lease of somebody else, a version that moved) put nothing back.
  const memory = result.error.code === 'FLY_AMBIGUOUS' ? corrected : done.memory;
  return { ...done, errors: [...done.errors, { step, error: result.error }], memory: noteFailure(memory, step, result.error, now) };
}
function noteCorrections(memory: AppMemory, step: Step, now: Instant): AppMemory['corrections'] {
  const again = step.cause === 'drift' || step.cause === 'floor';
  // Of a change only the image is counted: it is what the platform may silently not take.
  const fields = again ? step.fields : step.fields.filter(({ pointer }) => step.cause === 'change' && pointer === '/image');
  if (fields.length === 0) return memory.corrections;
  // A lacking machine drifts as its group's count, and is corrected under its own name.
  const counted = step.group === null || step.region === null ? [] : [`${step.group}/${step.region}`];
  const keys = fields.flatMap(({ pointer }) => [
    correctionKey(step, pointer),
    ...(pointer === 'count' ? counted.map((subject) => correctionKey({ ...step, subject }, pointer)) : []),
  ]);
  return { ...memory.corrections, ...Object.fromEntries(keys.map((key) => [key, [...(memory.corrections[key] ?? []), now]])) };
}
function noteFailure(memory: AppMemory, step: Step, error: PlatformError, now: Instant): AppMemory {
  if (error.code === 'FLY_NO_CAPACITY' && step.group !== null && step.region !== null)
    return { ...memory, noCapacity: { ...memory.noCapacity, [countKey(step.group, step.region)]: now } };
  // Somebody has the name: the slot goes on under its next one.
  if (error.code === 'FLY_NAME_TAKEN' && step.action.kind === 'machine-group')
    return { ...memory, incarnations: { ...memory.incarnations, [slotOf(step.subject)]: incarnationOf(step.subject) + 1 } };
  return memory;
}
