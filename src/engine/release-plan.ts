/** The plan of a whole environment: what a person approves is named by its hash, so that what is approved is what runs. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { TrimtabError } from '#domain/errors.ts';
import type { EnvironmentName } from '#domain/ids.ts';
import { type Plan, stepsOf } from '#domain/plan.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Controller } from './controller.ts';
import { targetKey } from './target.ts';

export interface EnvironmentPlan {
  readonly hash: string;
  readonly plans: readonly Plan[];
}
/** From a fresh look at every app. What drifts and what the floor needs is corrected anyway, and is not part of what is approved. */
export async function environmentPlan(
  controller: Controller,
  environment: EnvironmentName,
  signal: AbortSignal,
): Promise<Result<EnvironmentPlan, TrimtabError>> {
  const plans: Plan[] = [];
  for (const target of controller.environments.targetsOf(environment)) {
    const found = await controller.preview(targetKey(target), signal);
    if (found === null) continue;
    if (!found.ok) return found;
    plans.push(found.value.plan);
  }
  const state = controller.environments.view(environment)?.state ?? null;
  return ok({ hash: planHash(state?.effective.id ?? '', plans), plans });
}
/** Who makes the plan for the reviewers of a workflow has neither the secrets nor a way into the database, and between their gate and the deploy
 *  secrets are synced: what is staged and which migrations are pending is no part of the hash. Their files are: they are part of the revision. */
export function planHash(revision: string, plans: readonly Plan[]): string {
  const said = plans.map((plan): readonly [string, readonly string[]] => [plan.app, changesIn(plan)]).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(canonicalize({ revision, said }) ?? '')
    .digest('hex')
    .slice(0, HASH_HEX);
}
const HASH_HEX = 16;
function changesIn(plan: Plan): readonly string[] {
  const held = plan.held.flatMap(({ change }) => (change === null ? [] : [change]));
  const changes = [...stepsOf(plan), ...held].filter(({ cause }) => cause !== 'drift' && cause !== 'floor');
  return changes
    .flatMap(({ subject, action, fields }) => {
      const said = fields.filter(({ group }) => group !== 'secret');
      const secretsAlone = action.kind === 'secret' || (fields.length > 0 && said.length === 0);
      return secretsAlone ? [] : [JSON.stringify([action.kind, subject, action.verb, said])];
    })
    .sort();
}
