/** Proof of content: of everything a release writes, at least one machine was started and passed. Pure. */
import { contentKey } from './change.ts';
import type { PlanContext } from './finding.ts';
import type { Member } from './members.ts';
import { isStarted } from './observed.ts';
import type { CompiledGroup } from './revision.ts';
import { membersIn } from './secret-mark.ts';

/** Was this group written by the release that is open, without any machine of it having served yet? */
export function lacksProof({ memory }: PlanContext, group: CompiledGroup, members: readonly Member[]): boolean {
  const { release } = memory;
  if (release === null) return false;
  const written = members.filter(({ stamp, current }) => current && stamp.revision === release.revision);
  return written.some(
    ({ machine, stamp }) =>
      !memory.proofs.includes(contentKey(group.name, { hash: group.hash, digest: machine.image.digest ?? null, secrets: stamp.secrets })),
  );
}
/** While a release is open: everything it wrote serves, and nothing is still coming up. */
export function isProven(context: PlanContext): boolean {
  if (context.memory.release === null) return true;
  return context.app.groups.every((group) => {
    const members = membersIn(context, group).filter(({ standby }) => !standby);
    if (lacksProof(context, group, members)) return false;
    return members.every(({ machine, ready, moving, hash }) => hash === null || ready || !(moving || isStarted(machine)));
  });
}
