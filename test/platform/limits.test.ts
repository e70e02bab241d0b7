import { describe, expect, test } from 'vitest';
import { instant, type Ms, ms, seconds } from '#domain/units.ts';
import { LEAD, type LimitsOptions, LOCKED, makeLimits, REST, type Share, type Throttled } from '#platform/fly/limits.ts';
import { makeSteppedClock } from './stepped-clock.ts';

const live = new AbortController().signal;
const scene = (options: Partial<LimitsOptions> = {}) => {
  const clock = makeSteppedClock(instant(0));
  return { clock, limits: makeLimits({ clock, ...options }) };
};
/** When each of `count` requests sent together gets its turn. */
async function turns(action: string, ids: readonly string[], options: Partial<LimitsOptions> = {}): Promise<readonly number[]> {
  const { clock, limits } = scene(options);
  return clock.run(
    Promise.all(
      ids.map(async (id) => {
        await limits.take(action, id, live);
        return clock.now() / 1_000;
      }),
    ),
  );
}
const times = (count: number, id: string): readonly string[] => Array.from({ length: count }, () => id);

describe('the rate limiter', () => {
  test('what only the lead sends: one a second; of the burst of three one is left as air', async () => {
    expect(await turns('machine.update', times(6, 'm1'))).toEqual([0, 0, 1.05, 2.1, 3.15, 4.2]);
  });
  test.each<{ who: string; share: Share; startsEmpty?: boolean; at: readonly number[] }>([
    { who: 'the lead', share: LEAD, at: [0, 0, 1.575, 3.15] },
    { who: 'everybody else', share: REST, at: [0, 3.15, 6.3, 9.45] },
    { who: 'a run that holds the lock', share: LOCKED, at: [0, 1.575, 3.15, 4.725] },
    { who: 'a run that knows nobody', share: REST, startsEmpty: true, at: [1.05, 4.2, 7.35, 10.5] },
  ])('reads are shared: $who', async ({ at, ...options }) => {
    expect(await turns('machine.list', times(4, 'web'), { startsEmpty: false, ...options, share: () => options.share })).toEqual(at);
  });

  test('counts each id and each action by itself', async () => {
    const ids = Array.from({ length: 500 }, (_, index) => `m${index}`);
    expect(new Set(await turns('machine.update', ids))).toEqual(new Set([0]));
  });

  test('reads of a machine have five a second and a burst of ten, and are shared too', async () => {
    const got = await turns('machine.get', times(16, 'm1'));
    expect(got.filter((at) => at === 0)).toHaveLength(6);
    expect(got.at(-1)).toBeCloseTo(3.15, 2);
  });

  test('has no burst left for what somebody else may have used up, and has it again after a while', async () => {
    const { clock, limits } = scene();
    limits.empty(['m1']);
    const taken = clock.run(Promise.all(times(3, 'm1').map((id) => limits.take('machine.update', id, live))));
    expect(await taken).toMatchObject([{ value: 1_050 }, { value: 2_100 }, { value: 3_150 }]);
    expect(await limits.take('machine.update', 'm2', live)).toMatchObject({ value: 0 });
    await clock.advance(seconds(60));
    const waits = await clock.run(Promise.all(times(4, 'm1').map((id) => limits.take('machine.update', id, live))));
    expect(waits).toMatchObject([{ value: 0 }, { value: 0 }, { value: 1_050 }, { value: 2_100 }]);
  });

  test('begins without any burst when it may follow somebody it knows nothing of', async () => {
    expect(await turns('machine.update', times(3, 'm1'), { startsEmpty: true })).toEqual([1.05, 2.1, 3.15]);
  });

  test('waits for its turn among all processes where the platform counts them together', async () => {
    const asked: string[] = [];
    const turn = (name: string, every: number): Promise<Ms> => {
      asked.push(`${name} ${every}`);
      return Promise.resolve(ms(4_200));
    };
    expect(await turns('app.create', ['acme'], { turn })).toEqual([4.2]);
    expect(await turns('machine.create', ['web'], { turn })).toEqual([0]);
    expect(asked).toEqual(['app.create acme 1050']);
  });
  test('takes every request by turn where several are not the lead', async () => {
    const asked: string[] = [];
    const turn = (name: string, every: number): Promise<Ms> => {
      asked.push(`${name} ${every}`);
      return Promise.resolve(ms(0));
    };
    await turns('machine.list', ['web'], { turn, alwaysByTurn: true, share: () => REST });
    await turns('machine.get', ['m1'], { turn, alwaysByTurn: true, share: () => REST });
    expect(asked).toEqual(['machine.list web 3150', 'machine.get m1 630']);
  });

  test.each<{ who: string; shares: readonly Share[]; action: string; rounds: number }>([
    { who: 'the lead alone', shares: [LEAD], action: 'machine.create', rounds: 20 },
    { who: 'the lead and all others', shares: [LEAD, REST], action: 'machine.list', rounds: 20 },
    { who: 'three runs that know nothing of each other', shares: [REST, REST, REST], action: 'machine.list', rounds: 12 },
  ])('never exceeds the published rate in any window, whatever comes: $who', async ({ shares, action, rounds }) => {
    const { clock } = scene();
    const all = shares.map((share) => makeLimits({ clock, share: () => share }));
    const at: number[] = [];
    const send = async (limits: (typeof all)[number]): Promise<void> => {
      if ((await limits.take(action, 'app', live)).ok) at.push(clock.now());
    };
    for (let round = 0; round < rounds; round++) {
      const work = Promise.all(Array.from({ length: round % 7 }, () => all.map(send)).flat());
      await clock.run(work);
      await clock.advance(ms((round * 977) % 4_000));
    }
    expect(at.length).toBeGreaterThan(40);
    for (const [index, from] of at.entries()) {
      for (const to of at.slice(index)) {
        const inWindow = at.filter((one) => one >= from && one <= to).length;
        expect(inWindow).toBeLessThanOrEqual(3 + (to - from) / 1_000);
      }
    }
  });

  test('refuses rather than make somebody wait for more than a minute', async () => {
    const { limits, clock } = scene();
    const all = await clock.run(Promise.all(times(100, 'app').map((id) => limits.take('machine.create', id, live))));
    const refused = all.filter((one) => !one.ok);
    expect(refused.length).toBeGreaterThan(30);
    expect(refused[0]).toMatchObject({ error: { code: 'FLY_RATE_LIMITED', retryAfter: expect.any(Number) } });
  });

  test('a wait ends when it is cancelled', async () => {
    const { limits } = scene();
    const stop = new AbortController();
    for (const id of times(2, 'm1')) await limits.take('machine.update', id, live);
    const waiting = limits.take('machine.update', 'm1', stop.signal);
    stop.abort();
    expect(await waiting).toMatchObject({ ok: false, error: { code: 'FLY_CANCELLED' } });
  });

  test('tells what was slowed down and for how long', async () => {
    const throttled: Throttled[] = [];
    await turns('machine.update', times(4, 'm1'), { onThrottled: (one) => throttled.push(one) });
    expect(throttled).toEqual([
      { action: 'machine.update', id: 'm1', waited: 1_050 },
      { action: 'machine.update', id: 'm1', waited: 2_100 },
    ]);
  });

  test('forgets ids that are at rest: a million requests over a day keep no memory', async () => {
    const { clock, limits } = scene();
    let largest = 0;
    for (let minute = 0; minute < 100; minute++) {
      for (let machine = 0; machine < 10_000; machine++) await limits.take('machine.get', `m${minute}-${machine}`, live);
      largest = Math.max(largest, limits.size());
      await clock.advance(seconds(60));
    }
    expect(largest).toBeLessThanOrEqual(20_000);
  });
});
