/** While a budget holds what git asks for anew, an app stays what it was proved to be, and drift from that is put right: a release waits, the
 *  machines do not. */

import type { PlanContext } from '#domain/finding.ts';
import { sealPlan } from '#domain/plan.ts';
import { controlsOf } from './controls.ts';
import { type Decision, decide } from './decide.ts';
import { guardFor } from './guarding.ts';
import type { PassDeps } from './pass-deps.ts';
import { type AppTarget, attemptOf } from './target.ts';

const CORRECTS: readonly string[] = ['drift', 'floor'];

export function whileGated(deps: PassDeps, target: AppTarget, context: PlanContext, decision: Decision, fresh: boolean): Decision {
  const { proved } = target;
  if (proved === undefined || !decision.plan.held.some(({ reason }) => reason === 'BudgetGate')) return decision;
  const { release: _release, attempt: _attempt, unproved: _unproved, ...rest } = context;
  const { environment, app, revision } = proved;
  const back: PlanContext = { ...rest, environment, app, revision, ...attemptOf(proved) };
  const controls = controlsOf(deps, proved, back, fresh);
  const corrected = decide(back, controls, (memory) => guardFor(deps, proved, { ...back, memory }, controls));
  const waves = corrected.plan.waves
    .map((wave) => ({ ...wave, steps: wave.steps.filter(({ cause }) => CORRECTS.includes(cause)) }))
    .filter(({ steps }) => steps.length > 0);
  if (waves[0]?.ready !== true) return decision;
  // What waits is what git asks for; how the app compares with that is told as before.
  const held = decision.plan.held.filter(({ reason }) => reason === 'BudgetGate');
  return { ...corrected, synced: false, plan: sealPlan({ ...corrected.plan, waves, held: [...corrected.plan.held, ...held] }) };
}
