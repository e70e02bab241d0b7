/** What holds an app back at this moment, gathered from the people, the other apps and the platform. */
import type { PlanContext } from '#domain/finding.ts';
import { takesPart } from '#domain/pins.ts';
import type { Controls } from '#domain/restrain.ts';
import { isForeignRelease, RELEASE_DEAD_AFTER_MS } from '#kinds/app.ts';
import { ownOpenRelease, stateLost } from './lost-state.ts';
import type { PassDeps } from './pass-deps.ts';
import type { AppTarget } from './target.ts';
import { dependenciesOf, dependentAppsOf } from './target.ts';

export function controlsOf(deps: PassDeps, target: AppTarget, context: PlanContext, fresh: boolean): Controls {
  return {
    halted: deps.halted(target.environment.name),
    approved: deps.isApproved(target),
    waits: target.waits,
    values: target.values,
    notices: target.notices,
    // On the way back it is the other way round.
    waitsFor: (target.back ? dependentAppsOf(target) : dependenciesOf(target)).filter(takesPart).flatMap(({ name, app }) => {
      const status = deps.statusOf(target.environment.name, app);
      const revision = deps.revisionOf(target.environment.name, app);
      // What was changed there by hand since then keeps nobody waiting.
      const reached = status?.sync === 'Synced' || status?.release?.state === 'done';
      return reached && status?.attemptedRevision === revision ? [] : [name];
    }),
    foreignRelease: foreignRelease(context),
    massChange: target.massChange,
    gates: deps.gates(target),
    stateLost: fresh || context.memory.lost ? stateLost(context) : null,
  };
}
/** Somebody deploys right now: the CLI and trimtab must not write the same machines. */
function foreignRelease(context: PlanContext): string | null {
  const { observed, memory, now } = context;
  const { currentRelease: current } = observed;
  if (current === null || !isForeignRelease(current, memory.release) || ownOpenRelease(context) !== null) return null;
  const lastSign = Math.max(current.createdAt, ...observed.machines.map(({ updatedAt }) => updatedAt));
  if (now - lastSign >= RELEASE_DEAD_AFTER_MS) return null;
  return `release v${current.version}${current.user === null ? '' : ` of ${current.user}`} is ${current.status}`;
}
