import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Interval, intervalsAfter, type MachineSighting, rewriteOf, thingAfter, thingGone } from '#domain/intervals.ts';
import type { ObservedEvent } from '#domain/observed.ts';
import { instant } from '#domain/units.ts';

const MINUTE = 60_000;
const BASE = Date.UTC(2026, 10, 10);
/** Minutes after the tenth of November. */
const at = (minute: number) => instant(BASE + minute * MINUTE);
let serial = 0;
const event = (minute: number, said: string, more: Partial<ObservedEvent> = {}): ObservedEvent => {
  const [type = '', status = ''] = said.split(' ');
  const exit = { exitCode: 0, oomKilled: false, requestedStop: true, restarting: said === 'exit restarting', restartCount: 0 };
  return { id: `e${serial++}`, type, status, source: 'flyd', at: at(minute), ...(type === 'exit' ? { exit } : {}), ...more };
};
const launch = (minute: number): ObservedEvent => event(minute, 'launch created', { source: 'user' });
const sighting = (over: Partial<MachineSighting>): MachineSighting => ({
  state: 'started',
  cls: 'shared:1:256',
  rootfsGb: 1,
  createdAt: at(0),
  updatedAt: at(0),
  events: [],
  seenAt: at(1_000),
  notBefore: instant(Date.UTC(2026, 10, 1)),
  ...over,
});
/** `runs 0-10`, `rests 10-`, with the size where it is not the usual and `?` where it is a guess. */
const told = (intervals: readonly Interval[]): readonly string[] =>
  intervals.map(({ item, cls, from, to, guessed }) => {
    const minute = (when: number) => (when - BASE) / MINUTE;
    const size = item === 'compute' && cls !== 'shared:1:256' ? ` ${cls}` : '';
    return `${item === 'compute' ? 'runs' : 'rests'} ${minute(from)}-${to === null ? '' : minute(to)}${size}${guessed ? ' ?' : ''}`;
  });
const lived = [launch(0), event(1, 'start started'), event(11, 'stop stopping'), event(11, 'exit stopped'), event(61, 'start started')];

describe('a machine seen with its events', () => {
  test.each<{ situation: string; known?: readonly Interval[]; seen: Partial<MachineSighting>; expect: readonly string[] }>([
    {
      situation: 'made, started, stopped, started',
      seen: { events: lived },
      expect: ['rests 0-1', 'runs 1-11', 'rests 11-61', 'runs 61-'],
    },
    {
      situation: 'the same told newest first',
      seen: { events: [...lived].reverse() },
      expect: ['rests 0-1', 'runs 1-11', 'rests 11-61', 'runs 61-'],
    },
    {
      situation: 'the same told twice',
      seen: { events: [...lived, ...lived] },
      expect: ['rests 0-1', 'runs 1-11', 'rests 11-61', 'runs 61-'],
    },
    {
      situation: 'starting counts as running',
      seen: { events: [launch(0), event(1, 'start starting'), event(2, 'start started')] },
      expect: ['rests 0-1', 'runs 1-'],
    },
    {
      situation: 'a crash that restarts goes on',
      seen: { events: [launch(0), event(1, 'start started'), event(5, 'exit restarting'), event(6, 'start started')] },
      expect: ['rests 0-1', 'runs 1-'],
    },
    {
      situation: 'a crash that gives up rests',
      seen: { state: 'stopped', updatedAt: at(5), events: [launch(0), event(1, 'start started'), event(5, 'exit stopped')] },
      expect: ['rests 0-1', 'runs 1-5', 'rests 5-'],
    },
    {
      situation: 'suspended rests',
      seen: {
        state: 'suspended',
        events: [launch(0), event(1, 'start started'), event(9, 'suspend suspending'), event(9, 'suspend suspended')],
      },
      expect: ['rests 0-1', 'runs 1-9', 'rests 9-'],
    },
    {
      situation: 'destroyed ends',
      seen: {
        state: 'destroyed',
        events: [launch(0), event(1, 'start started'), event(9, 'destroy destroying'), event(10, 'destroy destroyed')],
      },
      expect: ['rests 0-1', 'runs 1-9'],
    },
    {
      situation: 'a launch that failed',
      seen: { state: 'destroyed', events: [launch(0), event(2, 'launch failed'), event(3, 'destroy destroyed')] },
      expect: ['rests 0-2'],
    },
    {
      situation: 'an update that failed goes on as before',
      seen: { events: [launch(0), event(1, 'start started'), event(5, 'update replacing'), event(6, 'update failed')] },
      expect: ['rests 0-1', 'runs 1-5', 'rests 5-6', 'runs 6-'],
    },
    {
      situation: 'an event of tomorrow’s platform moves nothing',
      seen: { events: [launch(0), event(1, 'start started'), event(5, 'blessed twice')] },
      expect: ['rests 0-1', 'runs 1-'],
    },
    {
      situation: 'the stop is missing: the machine’s own time of change',
      seen: { state: 'stopped', updatedAt: at(40), events: [launch(0), event(1, 'start started')] },
      expect: ['rests 0-1', 'runs 1-40', 'rests 40- ?'],
    },
    {
      situation: 'the stop and its time are missing: when it was seen',
      seen: { state: 'stopped', updatedAt: at(0), events: [launch(0), event(1, 'start started')] },
      expect: ['rests 0-1', 'runs 1-1000', 'rests 1000- ?'],
    },
    {
      situation: 'first seen, old events forgotten, the oldest a stop: it ran before',
      seen: { state: 'stopped', events: [event(50, 'exit stopped')] },
      expect: ['runs 0-50 ?', 'rests 50-'],
    },
    {
      situation: 'first seen, the oldest a start: it rested before',
      seen: { events: [event(50, 'start started')] },
      expect: ['rests 0-50 ?', 'runs 50-'],
    },
    {
      situation: 'first seen, made long ago: not before the billing month',
      seen: { createdAt: at(-1_000_000), events: [event(50, 'exit stopped')], state: 'stopped' },
      expect: ['runs -12960-50 ?', 'rests 50-'],
    },
    { situation: 'first seen in a list that tells no events', seen: { updatedAt: at(30) }, expect: ['runs 30-'] },
    { situation: 'first seen when it was gone', seen: { state: 'destroyed', updatedAt: at(30) }, expect: [] },
    {
      situation: 'our clock is behind the platform’s',
      seen: { events: lived, seenAt: at(-500) },
      expect: ['rests 0-1', 'runs 1-11', 'rests 11-61', 'runs 61-'],
    },
  ])('$situation', ({ known = [], seen, expect: want }) => {
    expect(told(intervalsAfter(known, sighting(seen)))).toEqual(want);
  });
});
const runs = (from: number, to: number | null, cls = 'shared:1:256'): Interval => ({
  item: 'compute',
  cls,
  quantity: 1,
  from: at(from),
  to: to === null ? null : at(to),
  guessed: false,
});
const rests = (from: number, to: number | null): Interval => ({
  item: 'rootfs',
  cls: '?',
  quantity: 1,
  from: at(from),
  to: to === null ? null : at(to),
  guessed: false,
});

describe('a machine that is known', () => {
  test.each<{ situation: string; known: readonly Interval[]; seen: Partial<MachineSighting>; expect: readonly string[] }>([
    {
      situation: 'two days away: the events of that time count',
      known: [rests(0, 1), runs(1, null)],
      seen: {
        events: [event(1_000, 'exit stopped'), event(2_000, 'start started'), event(2_500, 'exit stopped'), event(2_880, 'start started')],
        seenAt: at(2_890),
      },
      expect: ['rests 0-1', 'runs 1-1000', 'rests 1000-2000', 'runs 2000-2500', 'rests 2500-2880', 'runs 2880-'],
    },
    {
      situation: 'more happened than is told: what stood goes on until the first thing told',
      known: [runs(0, null)],
      seen: { events: [event(500, 'start started')] },
      expect: ['runs 0-'],
    },
    {
      situation: 'an event came late: what was stored is put right',
      known: [rests(0, 1), runs(1, 50), { ...rests(50, null), guessed: true }],
      seen: { state: 'stopped', events: [launch(0), event(1, 'start started'), event(42, 'exit stopped')] },
      expect: ['rests 0-1', 'runs 1-42', 'rests 42-'],
    },
    {
      situation: 'a list without events: another state since the machine changed',
      known: [runs(0, null)],
      seen: { state: 'stopped', updatedAt: at(77) },
      expect: ['runs 0-77', 'rests 77-'],
    },
    { situation: 'a list without events: the same state', known: [runs(0, null)], seen: { updatedAt: at(77) }, expect: ['runs 0-'] },
    {
      situation: 'a list that is behind: nothing',
      known: [runs(0, 50), rests(50, null)],
      seen: { updatedAt: at(40) },
      expect: ['runs 0-50', 'rests 50-'],
    },
    {
      situation: 'a list without events tells that it is gone',
      known: [runs(0, null)],
      seen: { state: 'destroyed', updatedAt: at(77) },
      expect: ['runs 0-77'],
    },
    {
      situation: 'grown: the new size from the new version on',
      known: [runs(0, null)],
      seen: {
        cls: 'shared:2:512',
        events: [event(30, 'update replacing'), event(31, 'launch created', { source: 'user' }), event(32, 'start started')],
      },
      expect: ['runs 0-30', 'rests 30-32', 'runs 32- shared:2:512'],
    },
    {
      situation: 'grown twice while away: between the two the size before',
      known: [runs(0, null)],
      seen: {
        cls: 'shared:8:2048',
        events: [event(30, 'update replacing'), event(32, 'start started'), event(60, 'update replacing'), event(62, 'start started')],
      },
      expect: ['runs 0-30', 'rests 30-32', 'runs 32-60', 'rests 60-62', 'runs 62- shared:8:2048'],
    },
    {
      situation: 'events of a machine that is gone came late',
      known: [runs(0, null)],
      seen: { state: 'destroyed', events: [event(20, 'destroy destroyed'), event(25, 'start started')] },
      expect: ['runs 0-20'],
    },
    {
      situation: 'a clock set back: nothing moves',
      known: [runs(0, null)],
      seen: { seenAt: at(-10_000), updatedAt: at(0) },
      expect: ['runs 0-'],
    },
  ])('$situation', ({ known, seen, expect: want }) => {
    expect(told(intervalsAfter(known, sighting(seen)))).toEqual(want);
  });
});
describe('whatever is told, in whatever order', () => {
  const anEvent = fc.record({
    minute: fc.integer({ min: 0, max: 500 }),
    said: fc.constantFrom(
      'start started',
      'start starting',
      'exit stopped',
      'exit restarting',
      'stop stopping',
      'suspend suspended',
      'update replacing',
      'update failed',
      'launch created',
    ),
  });
  const history = fc
    .array(anEvent, { maxLength: 12 })
    .map((all) => all.map(({ minute, said }, index) => event(minute, said, { id: `p${index}` })));
  const state = fc.constantFrom('started', 'stopped', 'suspended', 'starting', 'destroyed');
  test('intervals never overlap, never end before they begin, and only the last is open', () => {
    fc.assert(
      fc.property(history, history, state, state, (first, second, before, after) => {
        const known = intervalsAfter([], sighting({ events: first, state: before, updatedAt: at(500) }));
        const all = intervalsAfter(known, sighting({ events: second, state: after, updatedAt: at(600) }));
        all.forEach((one, index) => {
          expect(one.to === null ? index === all.length - 1 : one.to > one.from).toBe(true);
          const next = all[index + 1];
          if (next !== undefined) expect(next.from).toBeGreaterThanOrEqual(one.to ?? Number.MAX_SAFE_INTEGER);
        });
      }),
      { numRuns: 300 },
    );
  });
  test('told again, nothing changes and nothing is written', () => {
    fc.assert(
      fc.property(history, state, (events, now) => {
        const seen = sighting({ events, state: now, updatedAt: at(600) });
        const once = intervalsAfter([], seen);
        const again = intervalsAfter(once, { ...seen, events: [...events].reverse().concat(events), seenAt: at(5_000) });
        if (events.length > 0 && new Set(events.map((one) => one.at)).size === events.length) expect(rewriteOf(once, again)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

describe('things without events', () => {
  const volume = (over: object = {}) => ({
    item: 'volume' as const,
    cls: 'gb',
    quantity: 3,
    createdAt: at(5),
    seenAt: at(100),
    notBefore: at(0),
    ...over,
  });
  test('count from their creation, until the look that no longer finds them', () => {
    const made = thingAfter([], volume());
    expect(made).toEqual([{ item: 'volume', cls: 'gb', quantity: 3, from: at(5), to: null, guessed: false }]);
    expect(thingAfter(made, volume({ seenAt: at(200) }))).toBe(made);
    const gone = thingGone(made, at(300));
    expect(gone).toEqual([{ ...made[0], to: at(300) }]);
    expect(thingGone(gone, at(400))).toBe(gone);
    expect(thingGone([], at(400))).toEqual([]);
  });
  test('found again, they were there all the time', () => {
    expect(thingAfter(thingGone(thingAfter([], volume()), at(300)), volume({ seenAt: at(400) }))).toEqual(thingAfter([], volume()));
  });
  test('of another size from when that is seen', () => {
    expect(thingAfter(thingAfter([], volume()), volume({ quantity: 10, seenAt: at(120) }))).toEqual([
      { item: 'volume', cls: 'gb', quantity: 3, from: at(5), to: at(120), guessed: false },
      { item: 'volume', cls: 'gb', quantity: 10, from: at(120), to: null, guessed: false },
    ]);
  });
  test('whose creation nobody tells count from the first look, as a guess', () => {
    expect(thingAfter([], volume({ createdAt: null }))).toMatchObject([{ from: at(100), guessed: true }]);
  });
});
describe('what is written', () => {
  test.each([
    { situation: 'nothing new', before: [runs(0, null)], after: [runs(0, null)], expect: null },
    {
      situation: 'an end and what follows',
      before: [runs(0, null)],
      after: [runs(0, 5), rests(5, null)],
      expect: { from: at(0), intervals: [runs(0, 5), rests(5, null)] },
    },
    {
      situation: 'one more',
      before: [runs(0, 5)],
      after: [runs(0, 5), rests(5, null)],
      expect: { from: at(5), intervals: [rests(5, null)] },
    },
    { situation: 'one less', before: [runs(0, 5), rests(5, null)], after: [runs(0, 5)], expect: { from: at(5), intervals: [] } },
  ])('$situation', ({ before, after, expect: want }) => {
    expect(rewriteOf(before, after)).toEqual(want);
  });
});
