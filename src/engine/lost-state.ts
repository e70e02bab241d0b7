/** An empty store is never itself a reason to write: what was meant is told by the stamps, or by a person. Pure. */
import type { PlanContext } from '#domain/finding.ts';
import type { AppMemory } from '#domain/memory.ts';
import { isActive } from '#domain/observed.ts';
import { belongingOf } from '#domain/stamp.ts';
import { isForeignRelease } from '#kinds/app.ts';

type Seen = Pick<PlanContext, 'observed' | 'owner' | 'memory'>;
const stampsOf = ({ observed, owner }: Seen) =>
  observed.machines.filter(isActive).flatMap((machine) => {
    const belonging = belongingOf(machine, owner);
    return belonging.is === 'foreign' ? [] : [{ stamp: belonging.stamp, metadata: machine.metadata }];
  });

/** Stamps of several contents in one group, or a release of ours under way, and no history: which one was meant, only a person can say. */
export function stateLost(seen: Seen): string | null {
  const release = ownOpenRelease(seen);
  if (release !== null) return `no history, and our platform release v${release.version} is still under way`;
  const stamps = stampsOf(seen).map(({ stamp }) => stamp);
  const revisions = [...new Set(stamps.map(({ revision }) => revision))].sort();
  if (revisions.length < 2) return null;
  const contents = Map.groupBy(stamps, ({ group }) => group);
  for (const [group, of] of contents) {
    const different = new Set(of.map(({ hash, image }) => `${hash}@${image}`)).size;
    if (different > 1) return `no history, and group ${group} carries ${different} contents of revisions ${revisions.join(', ')}`;
  }
  return null;
}
/** A release that nobody remembers, and that a machine of ours was written in. */
export function ownOpenRelease(seen: Seen): { readonly id: string; readonly version: number } | null {
  const { currentRelease } = seen.observed;
  if (currentRelease === null || seen.memory.release !== null || !isForeignRelease(currentRelease, null)) return null;
  const ours = stampsOf(seen).some(({ metadata }) => metadata['fly_release_id'] === currentRelease.id);
  return ours ? { id: currentRelease.id, version: currentRelease.version } : null;
}
/** Once the target is beyond doubt, a release of ours is taken up again, and closed like any other. One that somebody closed has ended. */
export function takenUp(context: PlanContext, memory: AppMemory, certain: boolean): AppMemory {
  const { currentRelease: current } = context.observed;
  if (memory.release !== null && current !== null && current.id === memory.release.id && !isForeignRelease(current, null)) {
    const { id, version, status } = current;
    return { ...memory, release: null, lastRelease: status === 'complete' ? { id, version } : memory.lastRelease };
  }
  const release = certain ? ownOpenRelease(context) : null;
  return release === null ? memory : { ...memory, release: { ...release, revision: context.revision, openedAt: context.now } };
}
