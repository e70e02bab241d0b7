/** How many machines per region, under which names, and who goes first when there are too many. Pure. */
import type { RegionCode } from './ids.ts';
import type { Member } from './members.ts';
import type { AppMemory } from './memory.ts';
import type { ObservedMachine } from './observed.ts';
import { isStarted } from './observed.ts';
import type { CompiledGroup } from './revision.ts';

export interface RegionTarget {
  readonly region: RegionCode;
  readonly count: number;
  readonly have: readonly Member[];
}
export const countKey = (group: string, region: string): string => `${group}/${region}`;
export const membersOf = (members: readonly Member[], region: RegionCode): readonly Member[] =>
  members.filter((member) => !member.standby && member.machine.region === region);
/** Exact count, or the observed one clamped into its range; after the app was switched off, the one before. Standbys do not count. */
export function regionTargets(
  group: CompiledGroup,
  members: readonly Member[],
  { countsBefore }: Pick<AppMemory, 'countsBefore'>,
): readonly RegionTarget[] {
  return group.regions.map(({ region, min, max }) => {
    const have = membersOf(members, region);
    const before = countsBefore[countKey(group.name, region)] ?? 0;
    return { region, have, count: Math.min(Math.max(have.length, before, min), max) };
  });
}

/** Copies, then stopped, then newest; the id breaks ties. */
export function scaleInOrder(members: readonly Member[]): readonly Member[] {
  const rank = (member: Member): number => (member.copy ? 0 : isStarted(member.machine) ? 2 : 1);
  return [...members].sort(
    (a, b) => rank(a) - rank(b) || b.machine.createdAt - a.machine.createdAt || (a.machine.id < b.machine.id ? -1 : 1),
  );
}

/** `app-nrt-1`, or `app-nrt-1-r2` after two machines of this slot were seen destroyed: whether the platform gives a name free again is
 *  undocumented, so no name is used twice. */
export const slotName = (group: string, region: string, ordinal: number): string => `${group}-${region}-${ordinal}`;
const INCARNATION = /-r(\d+)$/;
export const slotOf = (name: string): string => name.replace(INCARNATION, '');
export const incarnationOf = (name: string): number => Number(INCARNATION.exec(name)?.[1] ?? 0);

/** Bound on ordinals tried: far above any group the platform allows in a region. */
const MAX_ORDINAL = 10_000;
/** The next `count` free names of this group and region. Every name in the app is avoided, also those of foreign machines. */
export function freeNames(
  group: Pick<CompiledGroup, 'name'>,
  region: RegionCode,
  count: number,
  machines: readonly Pick<ObservedMachine, 'name'>[],
  memory: Pick<AppMemory, 'incarnations'>,
): readonly string[] {
  const taken = new Set(machines.map(({ name }) => name));
  const takenSlots = new Set(machines.map(({ name }) => slotOf(name)));
  const names: string[] = [];
  for (let ordinal = 1; ordinal <= MAX_ORDINAL && names.length < count; ordinal++) {
    const slot = slotName(group.name, region, ordinal);
    if (takenSlots.has(slot)) continue;
    const incarnation = memory.incarnations[slot] ?? 0;
    const name = incarnation === 0 ? slot : `${slot}-r${incarnation}`;
    if (!taken.has(name)) names.push(name);
  }
  return names;
}
