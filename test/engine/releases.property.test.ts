/** Whatever people and commits say, in whatever order, and whenever the controller dies: an environment has one release at a time, none is told
 *  twice, none is left open, and in the end what runs is what git says or what was proved before, whole. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isEnded, Release } from '#domain/release.ts';
import { seconds } from '#domain/units.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { API, book, commit, tags, WEB, world } from '#test/support/web-behind-api.ts';

const signal = new AbortController().signal;
const SAID = { environment: 'test', by: 'ann' };
/** What may happen. Nobody waits for an answer: the controller may die before it comes. */
const HAPPENS = {
  'web v2': (harness: Harness) => commit(harness, world({ web: 'v2' })),
  'web crashes': (harness: Harness) => commit(harness, world({ web: 'v3-crash' })),
  'both v4': (harness: Harness) => commit(harness, world({ web: 'v4', api: 'v4' })),
  'api fails, more of it': (harness: Harness) => commit(harness, world({ api: 'v5-missing', apiMachines: '{ nrt: 3 }' })),
  'as at first': (harness: Harness) => commit(harness, world()),
  rollback: (harness: Harness) => void harness.operator().rollback({ ...SAID, app: 'web', to: null, reason: 'r' }, signal),
  retry: (harness: Harness) => void harness.operator().retry({ ...SAID, app: null }, signal),
  pause: (harness: Harness) => void harness.operator().pause({ ...SAID, span: seconds(60), reason: 'r' }, signal),
  override: (harness: Harness) =>
    void harness.operator().override(
      {
        ...{ ...SAID, app: 'api', group: null, image: null, vm: null, reason: 'r' },
        ...{ count: { region: null, machines: 3 }, span: seconds(90) },
      },
      signal,
    ),
  dies: (harness: Harness) => harness.restart(),
} as const;
const isWord = (name: string): name is keyof typeof HAPPENS => name in HAPPENS;
const WORDS = Object.keys(HAPPENS).filter(isWord);

async function rowsOf(harness: Harness): Promise<readonly Release[]> {
  const rows = await harness.store.releases('test', 100, signal);
  return rows.ok ? rows.value.map(({ release }) => Release.parse(release)) : [];
}
async function expectOne(harness: Harness, seen: Map<number, string>): Promise<void> {
  const rows = await rowsOf(harness);
  expect(rows.filter((release) => !isEnded(release)).length).toBeLessThanOrEqual(1);
  for (const { number, to } of rows) {
    // A number means one attempt, for ever.
    expect(seen.get(number) ?? to).toBe(to);
    seen.set(number, to);
  }
  for (const app of [WEB, API]) {
    const open = [...harness.simulator.world.releases.values()].filter(
      (row) => row.app === app && ['running', 'pending'].includes(row.status),
    );
    expect(open.length).toBeLessThanOrEqual(1);
    const names = harness.machines(app).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeLessThanOrEqual(4);
  }
}
const happening = fc.record({ word: fc.constantFrom(...WORDS), rests: fc.constantFrom(1, 7, 23, 60) });

test('one release at a time', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 3, maxLength: 7 }), async (story) => {
      const harness = await makeHarness({ files: world() });
      await harness.untilSettled();
      const seen = new Map<number, string>();
      for (const { word, rests } of story) {
        await HAPPENS[word](harness);
        for (let spent = 0; spent < rests; spent++) {
          await harness.pass(1);
          await expectOne(harness, seen);
        }
      }
      // Pauses and overrides end; what was said of git is lifted by what it says next.
      await harness.pass(120);
      commit(harness, world({ web: 'v9', api: 'v9' }));
      await harness.pass(40);
      await harness.untilSettled(1_200);
      await expectOne(harness, seen);
      expect([tags(harness, WEB), tags(harness, API), book(harness)?.active]).toEqual(['v9', 'v9', null]);
      expect(harness.machines(API)).toHaveLength(2);
      expect(harness.events.filter(({ type }) => type === 'GuardRefused')).toEqual([]);
      harness.kill();
    }),
    { numRuns: 8, seed: 20_261_125 },
  );
});
