/** The budgets that gate an app's plan, with what they count now. */
import { type GatedBudget, gatesOver } from '#domain/budget-gate.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { BudgetDocument } from '#domain/desired-schema.ts';
import type { EnvironmentName } from '#domain/ids.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { type MicroUsd, microUsd } from '#domain/units.ts';
import type { Environments } from './environments.ts';
import { type AppTarget, targetKey } from './target.ts';

interface Known {
  readonly environments: Pick<Environments, 'all' | 'targets'>;
  readonly statusOf: (environment: EnvironmentName, app: string) => AppStatus | null;
  readonly pendingOf: (key: string) => MicroUsd;
}
/** A budget may lie in any folder and count several environments. */
export const budgetsOf = (environments: readonly CompiledEnvironment[]): readonly BudgetDocument[] =>
  environments.flatMap(({ declared }) => declared?.budgets ?? []);

export function gatesFor(known: Known, target: AppTarget): readonly GatedBudget[] {
  const place = { environment: target.environment.name, organization: target.environment.organization };
  const key = targetKey(target);
  return gatesOver(budgetsOf(known.environments.all()), place).map(({ metadata, spec }) => {
    const inScope = known.environments
      .targets()
      .filter(
        ({ environment }) =>
          spec.scope.organization === environment.organization || spec.scope.environments?.includes(environment.name) === true,
      );
    const rates = inScope.map(({ environment, app }) => rateOf(known.statusOf(environment.name, app.app)));
    const whole = rates.every((rate) => rate !== null);
    const pending = inScope.reduce((sum, other) => (targetKey(other) === key ? sum : sum + known.pendingOf(targetKey(other))), 0);
    return {
      name: metadata.name,
      gate: spec.gate ?? {},
      scopePerHour: whole ? microUsd(rates.reduce<number>((sum, rate) => sum + (rate ?? 0), 0)) : null,
      pendingPerHour: microUsd(pending),
    };
  });
}
const rateOf = (status: AppStatus | null): number | null =>
  status === null ? null : status.costLines.reduce((sum, { microUsdPerHour }) => sum + microUsdPerHour, 0);
