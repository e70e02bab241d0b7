/** Does a plan, or a whole release, cost so much more that a person must say so first? One function for both. Pure. */
import type { BudgetDocument } from './desired-schema.ts';
import { HOURS_PER_MONTH } from './price-book.ts';
import { microToDollars } from './ratio.ts';
import { type MicroUsd, microUsd } from './units.ts';

/** A budget that gates, with what is in its scope now. */
export interface GatedBudget {
  readonly name: string;
  readonly gate: NonNullable<BudgetDocument['spec']['gate']>;
  /** Micro-dollars per hour of all that it counts; null: not known (yet). */
  readonly scopePerHour: MicroUsd | null;
  /** What other plans in its scope would add and have not added yet. */
  readonly pendingPerHour: MicroUsd;
}
export interface RateChange {
  readonly beforePerHour: MicroUsd;
  readonly afterPerHour: MicroUsd;
}
export interface GateRefusal {
  readonly budget: string;
  /** One sentence with the figures. */
  readonly message: string;
}
/** Null: go ahead. A plan that costs no more than before is never held, however full a budget is. */
export function budgetGate(budgets: readonly GatedBudget[], change: RateChange): GateRefusal | null {
  if (change.afterPerHour <= change.beforePerHour) return null;
  for (const budget of budgets) {
    const message = refusalOf(budget, change);
    if (message !== null) return { budget: budget.name, message: `budget ${budget.name}: ${message}` };
  }
  return null;
}
function refusalOf({ gate, scopePerHour, pendingPerHour }: GatedBudget, { beforePerHour, afterPerHour }: RateChange): string | null {
  const own = afterPerHour - beforePerHour;
  const increase = monthly(own + Math.max(0, pendingPerHour));
  const base = monthly(scopePerHour ?? beforePerHour);
  const total = microUsd(base + increase);
  const rise = `${microToDollars(increase)} a month more${pendingPerHour > 0 ? ', with the other plans that wait' : ''}`;
  if (gate.maxIncreaseUsd !== undefined && increase > dollars(gate.maxIncreaseUsd))
    return `${rise}; at most ${microToDollars(dollars(gate.maxIncreaseUsd))} without a person's word`;
  // From nothing every rise is endless: percentages say nothing there.
  if (gate.maxIncreasePercent !== undefined && base > 0 && increase * 100 > base * gate.maxIncreasePercent)
    return `${rise} (${Math.round((increase * 100) / base)} %); at most ${gate.maxIncreasePercent} % without a person's word`;
  if (gate.total !== undefined && total > dollars(gate.total))
    return `${microToDollars(total)} a month in all; at most ${microToDollars(dollars(gate.total))} without a person's word`;
  return null;
}
/** To the cent: rates are whole micro-dollars an hour, and limits are figures of people. */
const monthly = (perHour: number): MicroUsd => microUsd(Math.round((perHour * HOURS_PER_MONTH) / CENT) * CENT);
const CENT = 10_000;
const dollars = (usd: number): MicroUsd => microUsd(usd * 1_000_000);

/** Of all budgets of an environment's folder those that count it and gate. */
export function gatesOver(
  budgets: readonly BudgetDocument[],
  { environment, organization }: { readonly environment: string; readonly organization: string },
): readonly BudgetDocument[] {
  return budgets.filter(
    ({ spec: { scope, gate } }) =>
      gate !== undefined && (scope.organization === organization || scope.environments?.includes(environment) === true),
  );
}
