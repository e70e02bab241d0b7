/** The guard of one pass: what the rules need, gathered. */

import type { GatedBudget } from '#domain/budget-gate.ts';
import type { PlanContext } from '#domain/finding.ts';
import { guardPlan } from '#domain/guard.ts';
import { HOURS_PER_MONTH } from '#domain/price-book.ts';
import type { Controls } from '#domain/restrain.ts';
import type { Guard } from './decide.ts';
import type { PassDeps } from './pass-deps.ts';
import type { AppTarget } from './target.ts';

export function guardFor(deps: Pick<PassDeps, 'selfApp'>, target: AppTarget, context: PlanContext, controls: Controls): Guard {
  const { now, owner, observed, memory, secrets } = context;
  const { approved, halted, massChange } = controls;
  const scene = {
    now,
    owner,
    app: target.app,
    protection: target.environment.protection,
    observed,
    secrets,
    memory,
    approved,
    halted,
    massChange,
    released: target.release !== null && target.release.openedAt !== null,
    back: target.back,
    mostIncreasePerHour: mostIncrease(controls.gates),
    prices: context.prices,
    selfApp: deps.selfApp,
  };
  return (plan) => guardPlan(plan, scene);
}
/** The fixed limit alone: shares and totals are judged where the whole scope is known. */
function mostIncrease(gates: readonly GatedBudget[]): number | null {
  const limits = gates.flatMap(({ gate }) =>
    gate.maxIncreaseUsd === undefined ? [] : [(gate.maxIncreaseUsd * 1_000_000) / HOURS_PER_MONTH],
  );
  return limits.length === 0 ? null : Math.min(...limits);
}
