/** What a pass would do, without doing it: a fresh look, the same decision, nothing written. */

import type { ClockDep } from '#domain/clock.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { FlyDep } from '#platform/fly/port.ts';
import { A_PASS, pictureOf } from './app-secrets.ts';
import { controlsOf } from './controls.ts';
import { type Decision, decide } from './decide.ts';
import { guardFor } from './guarding.ts';
import { unseen } from './left-alone.ts';
import { observeApp } from './observe.ts';
import { contextOf } from './pass.ts';
import type { PassDeps } from './pass-deps.ts';
import type { AppState } from './ports.ts';
import { statusAfter, statusExcluded } from './status.ts';
import type { AppTarget } from './target.ts';

export interface Preview {
  readonly decision: Decision;
  /** How the app is, as a pass would say it. */
  readonly status: AppStatus;
}
export async function previewApp(
  deps: FlyDep & ClockDep & PassDeps,
  target: AppTarget,
  known: AppState,
  signal: AbortSignal,
): Promise<Result<Preview, TrimtabError>> {
  const { environment, app } = target;
  const left = app.excluded && !target.gone;
  const observed = left
    ? ok(unseen(target, deps.clock.now()))
    : await observeApp(deps, app.app, environment.organization, known.memory, signal);
  if (!observed.ok) return observed;
  const secrets = await pictureOf(deps, target, observed.value, { ...A_PASS, readOnly: true }, signal);
  if (!secrets.ok) return secrets;
  const seen = { observed: observed.value, secrets: secrets.value, memory: known.memory };
  const context = contextOf(deps, target, known.generation, seen);
  const controls = controlsOf(deps, target, context, known.fresh);
  const decision = decide(context, controls, (memory) => guardFor(deps, target, { ...context, memory }, controls), target.gone);
  if (left) return ok({ decision, status: statusExcluded(target, known.status, deps.clock.now()) });
  return ok({ decision, status: statusAfter(target, { ...context, memory: decision.memory }, decision, known.status) });
}
