/** Writes an app's secrets because a person asked, and nothing else of the app: staged, or for the machines to follow. The person's word stands
 *  for approval; halts, modes that only look, and somebody else's release hold all the same. */
import type { Change } from '#domain/change.ts';
import { stepKey } from '#domain/change.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { PlanContext } from '#domain/finding.ts';
import { intentFor } from '#domain/finding.ts';
import { type Plan, sealPlan } from '#domain/plan.ts';
import { priceOfPlan } from '#domain/price.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { declaredNames } from '#domain/secret-picture.ts';
import { mergeSecretWrites } from '#domain/secret-plan.ts';
import { app as appKind } from '#kinds/app.ts';
import { secret } from '#kinds/secret.ts';
import { A_PASS, pictureOf } from './app-secrets.ts';
import { claim } from './claim.ts';
import { controlsOf } from './controls.ts';
import { execute } from './execute.ts';
import { guardFor } from './guarding.ts';
import { contextOf, look } from './pass.ts';
import type { PassDeps } from './pass-deps.ts';
import { recover } from './recover.ts';
import type { AppRuntime } from './runtime.ts';
import type { AppTarget } from './target.ts';

export interface Written {
  readonly written: readonly string[];
  readonly staged: readonly string[];
  readonly held: readonly string[];
}
/** The app is made, its secrets are set, a lost version is asked for; one more round sees that nothing is left. */
const ROUNDS = 5;

export async function writeSecrets(
  deps: PassDeps,
  target: AppTarget,
  runtime: AppRuntime,
  { stage }: { readonly stage: boolean },
  signal: AbortSignal,
): Promise<Result<Written, TrimtabError>> {
  const written = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const context = await contextFor(deps, target, runtime, stage, signal);
    if (!context.ok) return context;
    const changes = context.value.seen.observed.info === null ? appKind.plan(context.value.seen).now : wantedOf(context.value.seen);
    const unstaged = stage ? ok(undefined) : await unstage(deps, target, context.value.seen, signal);
    if (!unstaged.ok) return unstaged;
    const held = heldBy(deps, target, context.value.seen, context.value.pending, changes);
    if (changes.length === 0 || held.length > 0)
      return ok({ written: [...written], staged: stage ? stagedOf(context.value.seen) : [], held });
    const done = await execute(deps, target, planOf(context.value.seen, changes), context.value.seen.memory, context.value.pending, signal);
    if (!done.ok) return done;
    runtime.full = null;
    const [failed] = done.value.errors;
    if (failed !== undefined) return err(failed.error);
    for (const { action } of changes)
      if (action.kind === 'secret' && action.verb === 'set') for (const { name } of action.items) written.add(name);
  }
  return ok({
    written: [...written],
    staged: [],
    held: ['the sources give another value at every look: is one of them made anew each time?'],
  });
}
/** Taking away what nobody declares is not part of a sync. */
const wantedOf = (context: PlanContext): readonly Change[] =>
  mergeSecretWrites(secret.plan(context).now.filter(({ action }) => action.verb !== 'destroy'));
const stagedOf = ({ app, secrets }: PlanContext): readonly string[] =>
  declaredNames(app).filter((name) => secrets.records.get(name)?.staged === true);

async function contextFor(deps: PassDeps, target: AppTarget, runtime: AppRuntime, stage: boolean, signal: AbortSignal) {
  const claimed = await claim(deps, target, runtime, signal);
  if (!claimed.ok) return claimed;
  if (claimed.value === null)
    return err({ code: 'FLY_CANCELLED', message: `${target.app.app} is no app of ${target.environment.name} any more` } as const);
  const { state, intents } = claimed.value;
  const recovered = await recover(deps, target, state.memory, intents, signal);
  if (!recovered.ok) return recovered;
  runtime.wantsFull = true;
  const observed = await look(deps, target, runtime, recovered.value.memory, signal);
  if (!observed.ok) return observed;
  const secrets = await pictureOf(deps, target, observed.value, { ...A_PASS, fresh: true, stage, asked: true }, signal);
  if (!secrets.ok) return secrets;
  const { memory, pending } = recovered.value;
  const generation = runtime.generation ?? state.generation;
  return ok({ seen: contextOf(deps, target, generation, { observed: observed.value, secrets: secrets.value, memory }), pending });
}
/** What was staged before is asked of the machines now. */
async function unstage(
  deps: PassDeps,
  { environment, app }: AppTarget,
  { secrets }: PlanContext,
  signal: AbortSignal,
): Promise<Result<void, TrimtabError>> {
  const staged = [...secrets.records.values()].filter((record) => record.staged);
  return deps.store.saveSecrets(
    environment.name,
    app.app,
    staged.map((record) => ({ ...record, staged: false })),
    signal,
  );
}
function heldBy(
  deps: PassDeps,
  target: AppTarget,
  context: PlanContext,
  pending: ReadonlySet<string>,
  changes: readonly Change[],
): readonly string[] {
  if (changes.length === 0) return [];
  const controls = { ...controlsOf(deps, target, context, false), approved: true, awaitsApproval: null, massChange: null };
  if (controls.foreignRelease !== null) return [`somebody else releases this app: ${controls.foreignRelease}`];
  if (changes.some((change) => pending.has(stepKey(change)))) return ['an earlier write may still land: try again in three minutes'];
  return guardFor(deps, target, context, controls)(planOf(context, changes)).map(({ message }) => message);
}
function planOf(context: PlanContext, changes: readonly Change[]): Plan {
  const steps = changes.map((change) => ({ ...change, key: stepKey(change), intent: intentFor(context.seed, change) }));
  const { environment, app, revision, generation, observed, prices, shares } = context;
  const cost = priceOfPlan(observed, [], prices, shares);
  return sealPlan({
    environment: environment.name,
    app: app.app,
    revision,
    generation,
    waves: [{ steps, ready: true }],
    held: [],
    drifts: [],
    cost,
    downtime: false,
  });
}
