/** The guard of one pass: what the rules need, gathered. */
import type { PlanContext } from '#domain/finding.ts';
import { guardPlan } from '#domain/guard.ts';
import type { Controls } from '#domain/restrain.ts';
import type { Guard } from './decide.ts';
import type { PassDeps } from './pass-deps.ts';
import type { AppTarget } from './target.ts';

export function guardFor(deps: Pick<PassDeps, 'selfApp'>, target: AppTarget, context: PlanContext, controls: Controls): Guard {
  const { now, owner, observed, memory } = context;
  const { approved, halted, massChange } = controls;
  const scene = {
    now,
    owner,
    app: target.app,
    protection: target.environment.protection,
    observed,
    memory,
    approved,
    halted,
    massChange,
    selfApp: deps.selfApp,
  };
  return (plan) => guardPlan(plan, scene);
}
