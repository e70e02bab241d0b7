/** What holds an app back at this moment, gathered from the people, the other apps and the platform. */
import type { PlanContext } from '#domain/finding.ts';
import { isActive } from '#domain/observed.ts';
import type { Controls } from '#domain/restrain.ts';
import { belongingOf } from '#domain/stamp.ts';
import { isForeignRelease, RELEASE_DEAD_AFTER_MS } from '#kinds/app.ts';
import { stampedRevisions } from './decide.ts';
import type { PassDeps } from './pass-deps.ts';
import type { AppTarget } from './target.ts';
import { dependenciesOf } from './target.ts';

export function controlsOf(deps: PassDeps, target: AppTarget, context: PlanContext, fresh: boolean): Controls {
  return {
    halted: deps.halted(target.environment.name),
    approved: deps.isApproved(target),
    awaitsApproval: target.awaitsApproval,
    waitsFor: dependenciesOf(target).flatMap(({ name, app }) => {
      const status = deps.statusOf(target.environment.name, app);
      return status?.sync === 'Synced' && status.attemptedRevision === target.revision ? [] : [name];
    }),
    foreignRelease: foreignRelease(context),
    massChange: target.massChange,
    gates: deps.gates(target),
    stateLost: fresh ? stateLost(context) : null,
  };
}
/** Somebody deploys right now: the CLI and trimtab must not write the same machines. */
function foreignRelease({ observed, memory, now }: PlanContext): string | null {
  const { currentRelease: current } = observed;
  if (current === null || !isForeignRelease(current, memory.release)) return null;
  const lastSign = Math.max(current.createdAt, ...observed.machines.map(({ updatedAt }) => updatedAt));
  if (now - lastSign >= RELEASE_DEAD_AFTER_MS) return null;
  return `release v${current.version}${current.user === null ? '' : ` of ${current.user}`} is ${current.status}`;
}
/** An empty store and machines written with several contents: which one was meant, only a person can say. */
function stateLost(context: PlanContext): string | null {
  const revisions = stampedRevisions(context);
  if (revisions.length < 2) return null;
  const contents = new Map<string, Set<string>>();
  for (const machine of context.observed.machines.filter(isActive)) {
    const belonging = belongingOf(machine, context.owner);
    if (belonging.is === 'foreign') continue;
    const { group, hash, image } = belonging.stamp;
    contents.set(group, (contents.get(group) ?? new Set()).add(`${hash}@${image}`));
  }
  const split = [...contents].find(([, seen]) => seen.size > 1);
  return split === undefined
    ? null
    : `no history, and group ${split[0]} carries ${split[1].size} contents of revisions ${revisions.join(', ')}`;
}
