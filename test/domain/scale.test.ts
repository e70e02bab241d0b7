import { describe, expect, test } from 'vitest';
import { machineId, regionCode } from '#domain/ids.ts';
import type { Member } from '#domain/members.ts';
import { freeNames, incarnationOf, scaleInOrder, slotOf } from '#domain/scale.ts';
import { instant } from '#domain/units.ts';
import { aGroup, aMachine, aStamp } from '#test/support/builders.ts';

const group = aGroup();
const NRT = regionCode('nrt');
const names = (count: number, taken: readonly string[] = [], incarnations: Readonly<Record<string, number>> = {}) =>
  freeNames(
    group,
    NRT,
    count,
    taken.map((name) => ({ name })),
    { incarnations },
  );

describe('names of slots', () => {
  test.each([
    { name: 'app-nrt-1', slot: 'app-nrt-1', incarnation: 0 },
    { name: 'app-nrt-1-r2', slot: 'app-nrt-1', incarnation: 2 },
    { name: 'app-nrt-1-r12', slot: 'app-nrt-1', incarnation: 12 },
    { name: 'app-r3-1', slot: 'app-r3-1', incarnation: 0 },
  ])('$name is slot $slot, incarnation $incarnation', ({ name, slot, incarnation }) => {
    expect([slotOf(name), incarnationOf(name)]).toEqual([slot, incarnation]);
  });
  test.each([
    { situation: 'from the first on', taken: [], incarnations: {}, free: ['app-nrt-1', 'app-nrt-2'] },
    { situation: 'not one that is taken, by whomever', taken: ['app-nrt-1'], incarnations: {}, free: ['app-nrt-2', 'app-nrt-3'] },
    {
      situation: 'nor a slot that is, under whatever incarnation',
      taken: ['app-nrt-1-r4'],
      incarnations: {},
      free: ['app-nrt-2', 'app-nrt-3'],
    },
    { situation: 'nor one that was', taken: [], incarnations: { 'app-nrt-1': 1 }, free: ['app-nrt-1-r1', 'app-nrt-2'] },
  ])('$situation', ({ taken, incarnations, free }) => {
    expect(names(2, taken, incarnations)).toEqual(free);
  });
  test('none are asked for, none are given', () => expect(names(0)).toEqual([]));
});
describe('who goes first', () => {
  const member = (
    id: string,
    over: { readonly copy?: boolean; readonly state?: 'started' | 'stopped'; readonly made?: number } = {},
  ): Member => ({
    ...{ standby: false, copy: over.copy === true, stamp: aStamp(group, id), hash: null },
    ...{ current: true, drifted: false, outdated: false, differences: [], ready: true, moving: false, replace: null },
    machine: aMachine(group, id, { id: machineId(id), state: over.state ?? 'started', createdAt: instant(over.made ?? 0) }),
  });
  const order = (...members: readonly Member[]): readonly string[] => scaleInOrder(members).map(({ machine }) => machine.id);
  test('copies, then what is stopped, then the newest', () => {
    const [old, young, stopped, copy] = [
      member('a', { made: 1 }),
      member('b', { made: 2 }),
      member('c', { state: 'stopped' }),
      member('d', { copy: true }),
    ];
    expect(order(old, young, stopped, copy)).toEqual(['d', 'c', 'b', 'a']);
    expect(order(copy, stopped, young, old)).toEqual(['d', 'c', 'b', 'a']);
  });
  test('of the same age the lower id, in whatever order they come', () => {
    expect(order(member('b'), member('a'), member('c'))).toEqual(['a', 'b', 'c']);
    expect(order(member('c'), member('a'), member('b'))).toEqual(['a', 'b', 'c']);
  });
});
