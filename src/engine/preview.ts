/** What a pass would do, without doing it: a fresh look, the same decision, nothing written. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { AppMemory } from '#domain/memory.ts';
import { ok, type Result } from '#domain/result.ts';
import type { FlyDep } from '#platform/fly/port.ts';
import { A_PASS, pictureOf } from './app-secrets.ts';
import { controlsOf } from './controls.ts';
import { type Decision, decide } from './decide.ts';
import { guardFor } from './guarding.ts';
import { observeApp } from './observe.ts';
import { contextOf } from './pass.ts';
import type { PassDeps } from './pass-deps.ts';
import type { AppTarget } from './target.ts';

export async function previewApp(
  deps: FlyDep & ClockDep & PassDeps,
  target: AppTarget,
  known: { readonly memory: AppMemory; readonly generation: number; readonly fresh: boolean },
  signal: AbortSignal,
): Promise<Result<Decision, TrimtabError>> {
  const { environment, app } = target;
  const observed = await observeApp(deps, app.app, environment.organization, known.memory, signal);
  if (!observed.ok) return observed;
  const secrets = await pictureOf(deps, target, observed.value, { ...A_PASS, readOnly: true }, signal);
  if (!secrets.ok) return secrets;
  const seen = { observed: observed.value, secrets: secrets.value, memory: known.memory };
  const context = contextOf(deps, target, known.generation, seen);
  const controls = controlsOf(deps, target, context, known.fresh);
  return ok(decide(context, controls, (memory) => guardFor(deps, target, { ...context, memory }, controls), target.gone));
}
