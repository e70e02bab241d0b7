/** Writes the first wave of a plan: for each step first a row in the journal, then the call, then its outcome. Chooses nothing. */

import type { Step } from '#domain/change.ts';
import type { ClockDep } from '#domain/clock.ts';
import type { PlatformError, TrimtabError } from '#domain/errors.ts';
import { ERRORS, failure } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { capacityKey } from '#domain/group-counts.ts';
import type { AppMemory } from '#domain/memory.ts';
import type { Plan } from '#domain/plan.ts';
import { correctionKey } from '#domain/restrain.ts';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import { incarnationOf, slotOf } from '#domain/scale.ts';
import type { Instant } from '#domain/units.ts';
import { elapsed, minutes } from '#domain/units.ts';
import type { Receipt } from '#kinds/kind.ts';
import { applyStep } from '#kinds/registry.ts';
import type { FlyDep } from '#platform/fly/port.ts';
import type { AppStoreDep, HaltDep } from './ports.ts';
import { noteReceipt } from './recover.ts';
import type { AppTarget } from './target.ts';

/** Steps of one wave that are under way at a time: the rate limits are per machine, and the platform's own CLI uses eight. */
const CONCURRENCY = 8;
/** One step: a lease, a read, a write and their retries. */
const STEP_DEADLINE = minutes(3);

export type ExecuteDeps = FlyDep &
  ClockDep &
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
    const outcomes = await Promise.all(batch.map((step) => run(deps, target, plan, step, signal)));
    for (const [at, outcome] of outcomes.entries()) {
      const step = batch[at];
      if (step === undefined) continue;
      if (!outcome.ok) return outcome;
      done = account(done, step, outcome.value, target, deps.clock.now());
    }
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

type Outcome =
  | { readonly did: 'landed'; readonly receipt: Receipt }
  | { readonly did: 'skipped' }
  | { readonly did: 'failed'; readonly error: PlatformError };

async function run(
  deps: ExecuteDeps,
  target: AppTarget,
  plan: Plan,
  step: Step,
  signal: AbortSignal,
): Promise<Result<Outcome, TrimtabError>> {
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
  if (opened.value === 'busy') return ok({ did: 'skipped' });
  const about = { environment, app, kind: action.kind, verb: action.verb, subject, cause, why };
  deps.tell({ type: 'StepStarted', ...about });
  const result = await applyStep(deps, { app, subject, intent, action }, deps.deadline(STEP_DEADLINE, signal));
  const ended = deps.clock.now();
  const took = elapsed(started, ended);
  if (!result.ok && ERRORS[result.error.code].retry === 'lookup' && result.error.code === 'FLY_AMBIGUOUS') {
    deps.tell({ type: 'StepFinished', ...about, result: 'ambiguous', code: result.error.code, message: result.error.message, took });
    return ok({ did: 'failed', error: result.error });
  }
  const note = result.ok ? result.value.id : `${result.error.code}: ${result.error.message}`;
  const closed = await deps.store.closeIntent(intent, result.ok ? 'landed' : 'failed', note, ended, signal);
  if (!closed.ok) return closed;
  const audit = { at: ended, actor: 'trimtab', environment, app, what: `${action.kind}/${subject} ${action.verb}` };
  const fields = step.fields.length === 0 ? [{ pointer: '', from: undefined, to: undefined }] : step.fields;
  const rows = fields.map(({ pointer, from, to }) => ({
    ...audit,
    what: pointer === '' ? audit.what : `${audit.what} ${pointer}`,
    from: from === undefined ? null : JSON.stringify(from),
    to: to === undefined ? null : JSON.stringify(to),
    why: `${cause}: ${why}`,
    result: result.ok ? 'landed' : note,
  }));
  const audited = await deps.store.audit(rows, signal);
  if (!audited.ok) return audited;
  const code = result.ok ? null : result.error.code;
  deps.tell({ type: 'StepFinished', ...about, result: result.ok ? 'landed' : 'failed', code, message: note, took });
  return ok(result.ok ? { did: 'landed', receipt: result.value } : { did: 'failed', error: result.error });
}

function account(done: Executed, step: Step, outcome: Outcome, target: AppTarget, now: Instant): Executed {
  if (outcome.did === 'skipped') return done;
  const corrected = { ...done.memory, corrections: noteCorrections(done.memory, step, now) };
  if (outcome.did === 'landed')
    return { ...done, landed: done.landed + 1, memory: noteReceipt(corrected, { step }, outcome.receipt, target, now) };
  return { ...done, errors: [...done.errors, { step, error: outcome.error }], memory: noteFailure(corrected, step, outcome.error, now) };
}
function noteCorrections(memory: AppMemory, step: Step, now: Instant): AppMemory['corrections'] {
  if (step.cause !== 'drift' && step.cause !== 'floor') return memory.corrections;
  const keys = step.fields.map(({ pointer }) => correctionKey(step, pointer));
  return { ...memory.corrections, ...Object.fromEntries(keys.map((key) => [key, [...(memory.corrections[key] ?? []), now]])) };
}
function noteFailure(memory: AppMemory, step: Step, error: PlatformError, now: Instant): AppMemory {
  if (error.code === 'FLY_NO_CAPACITY' && step.group !== null && step.region !== null)
    return { ...memory, noCapacity: { ...memory.noCapacity, [capacityKey(step.group, step.region)]: now } };
  // Somebody has the name: the slot goes on under its next one.
  if (error.code === 'FLY_NAME_TAKEN' && step.action.kind === 'machine-group')
    return { ...memory, incarnations: { ...memory.incarnations, [slotOf(step.subject)]: incarnationOf(step.subject) + 1 } };
  return memory;
}
