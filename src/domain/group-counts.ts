/** How many machines of a group are missing or too many, region by region, and which ones go. Pure. */

import type { RegionCode } from './ids.ts';
import type { Member } from './members.ts';
import type { AppMemory } from './memory.ts';
import { CAPACITY_BACKOFF_MS } from './memory.ts';
import type { CompiledGroup } from './revision.ts';
import { countKey, regionTargets, scaleInOrder } from './scale.ts';
import type { Instant } from './units.ts';

export interface RegionNeed {
  readonly region: RegionCode;
  readonly want: number;
  readonly have: number;
  readonly missing: number;
}
export interface Counts {
  readonly regions: readonly RegionNeed[];
  /** Machines that stay: what rollouts and health count. */
  readonly kept: readonly Member[];
  /** Machines that go, in order: copies, then stopped, then newest; then those another machine stands in for. */
  readonly surplus: readonly Member[];
  /** Regions that are full now, with what could not be placed elsewhere. */
  readonly full: readonly { readonly region: RegionCode; readonly missing: number }[];
  readonly wanted: number;
}

export const isFull = (memory: AppMemory, group: string, region: string, now: Instant): boolean => {
  const refused = memory.noCapacity[countKey(group, region)];
  return refused !== undefined && now - refused < CAPACITY_BACKOFF_MS;
};

/** `replaced`: members that cannot be updated in place: another machine is made for each, then they go. */
export function countGroup(group: CompiledGroup, members: readonly Member[], memory: AppMemory, now: Instant): Counts {
  const wrongPlace = members.filter((member) => !member.standby && !group.regions.some(({ region }) => region === member.machine.region));
  const targets = regionTargets(group, members, memory);
  const needs = targets.map(({ region, count, have }) => {
    const usable = have.filter((member) => member.replace === null);
    return { region, want: count, usable, replaced: have.filter((member) => member.replace !== null) };
  });
  const { shifted, full } = shiftFromFull(needs, group, memory, now);
  const regions = needs.map((need) => {
    const want = need.want + (shifted.get(need.region) ?? 0);
    return { region: need.region, want, have: need.usable.length, missing: Math.max(0, want - need.usable.length) };
  });
  const tooMany = needs.flatMap((need, at) =>
    scaleInOrder(need.usable).slice(0, Math.max(0, need.usable.length - (regions[at]?.want ?? 0))),
  );
  const goes = new Set([...tooMany, ...wrongPlace, ...needs.flatMap(({ replaced }) => replaced)]);
  return {
    regions,
    full,
    surplus: [...goes],
    kept: members.filter((member) => !goes.has(member)),
    wanted: targets.reduce((sum, { count }) => sum + count, 0),
  };
}

interface Need {
  readonly region: RegionCode;
  readonly want: number;
  readonly usable: readonly Member[];
}
/** What a full region lacks goes to the next region of the list that is not full; later, when there is room again, it goes back. */
function shiftFromFull(needs: readonly Need[], group: CompiledGroup, memory: AppMemory, now: Instant) {
  const shifted = new Map<RegionCode, number>();
  const full: { region: RegionCode; missing: number }[] = [];
  for (const [at, need] of needs.entries()) {
    const missing = need.want - need.usable.length;
    if (missing <= 0 || !isFull(memory, group.name, need.region, now)) continue;
    const others = [...needs.slice(at + 1), ...needs.slice(0, at)];
    const next = others.find(({ region }) => !isFull(memory, group.name, region, now));
    if (next === undefined) {
      full.push({ region: need.region, missing });
      shifted.set(need.region, (shifted.get(need.region) ?? 0) - missing);
      continue;
    }
    shifted.set(next.region, (shifted.get(next.region) ?? 0) + missing);
    shifted.set(need.region, (shifted.get(need.region) ?? 0) - missing);
  }
  return { shifted, full };
}
