/** Machines that go: too many, in the wrong place, or stood in for by another. Never before what stays is there and serves. Pure. */
import type { Cause, Change } from './change.ts';
import { isSettledAt } from './finding.ts';
import { destroyChange } from './group-changes.ts';
import { type GroupScene, holdOf } from './group-scene.ts';
import type { Member } from './members.ts';
import { mustRun } from './members.ts';
import type { Hold } from './plan.ts';

export interface Surplus {
  readonly now: readonly Change[];
  readonly later: readonly Change[];
  readonly holds: readonly Hold[];
  readonly temporary: readonly string[];
}
export function surplusOf(scene: GroupScene, missing: number): Surplus {
  const { context, counts } = scene;
  const temporary = new Set(context.memory.temporary);
  const replaced = counts.surplus.filter(isReplaced).map(({ machine }) => machine.name);
  const stale = counts.kept.some((member) => !member.current && member.replace === null);
  const members = counts.kept.filter(({ standby }) => !standby);
  // Who may sleep need not be ready, but the last one that serves goes only when another does.
  const nobodyServes = context.environment.protection === 'production' && members.every(({ ready }) => !ready);
  const notReady = members.filter((member) => !member.ready && (nobodyServes || mustRun(member, scene.group)));
  const now: Change[] = [];
  const later: Change[] = [];
  const holds: Hold[] = [];
  for (const member of counts.surplus) {
    const change = destroyOf(scene, member);
    const extra = temporary.has(member.machine.name) && member.replace === null;
    if (missing > 0 || (extra && stale) || member.moving || member.hash === null) later.push(change);
    else if ((member.replace !== null || extra || member.ready) && notReady.length > 0) {
      later.push(change);
      const names = notReady.map(({ machine }) => machine.name).join(', ');
      holds.push(holdOf(scene, 'WaitingForHealth', member.machine.name, `${member.machine.name} stays until ${names} serve(s)`));
    } else now.push(change);
  }
  return { now, later, holds, temporary: [...replaced, ...keepTemporary(scene)] };
}
/** A surge machine stays noted while one is too many, whichever of them that is for the moment: while the first one is written, the second
 *  is the better one. */
const keepTemporary = ({ context, counts }: GroupScene): readonly string[] =>
  counts.surplus.length === 0
    ? []
    : context.memory.temporary.filter((name) => [...counts.kept, ...counts.surplus].some(({ machine }) => machine.name === name));

/** Another machine stands in for it. A copy is only too many, whatever it lacks. */
const isReplaced = (member: Member): boolean => member.replace !== null && !member.copy;

function destroyOf(scene: GroupScene, member: Member): Change {
  const { context, group, counts } = scene;
  const { machine } = member;
  const listed = group.regions.some(({ region }) => region === machine.region);
  const temporary = context.memory.temporary.includes(machine.name) && !isReplaced(member);
  const settled = isSettledAt(context);
  const cause: Cause = member.copy || (settled && !temporary && member.replace === null) ? 'drift' : 'change';
  const here = [...counts.kept, ...counts.surplus].filter((other) => other.machine.region === machine.region).length;
  const fields =
    temporary || isReplaced(member)
      ? []
      : [{ pointer: 'count', from: here, to: here - 1, group: listed ? ('count' as const) : ('region' as const) }];
  return destroyChange(context, group, member, {
    cause,
    why: `destroy ${machine.name}: ${reasonOf(member, listed, temporary)}`,
    alone: counts.kept.every((kept) => !kept.ready),
    fields,
  });
}
function reasonOf(member: Member, listed: boolean, temporary: boolean): string {
  if (member.replace !== null && !member.copy) return member.replace;
  if (temporary) return 'the rollout it stood in for is over';
  if (member.copy) return `a copy of ${member.stamp.name} that nothing asks for`;
  return listed ? `${member.machine.region} has more than git says` : `git names no machine in ${member.machine.region}`;
}
