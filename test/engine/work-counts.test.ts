/** How much is asked and written for the same world, counted on the virtual clock and held against committed numbers: milliseconds depend on the
 *  machine, these do not. `UPDATE=1 vitest run test/engine/work-counts.test.ts` writes them anew; a number that rises needs its reason in the commit. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { makeMemoryStore } from '#platform/store/memory.ts';
import type { Store } from '#platform/store/port.ts';
import { fleetFiles } from '#test/bench/fleet.ts';
import { type Harness, isSettled, makeHarness } from '#test/support/harness.ts';

const PATH = 'test/bench/work.json';
const APPS = 6;
const MACHINES = 5 * APPS;
/** Of requests and reads: another order of two passes is no regression, another request per pass is. Writes have none. */
const SLACK = 1.03;
const Counts = z.object({ requests: z.number(), platformWrites: z.number(), storeCalls: z.number(), storeWrites: z.number() });
type Counts = z.infer<typeof Counts>;
const SCENES = ['made', 'idle for an hour', 'one field of every machine changed'] as const;
const measured = new Map<string, Counts>();
let harness: Harness;
let calls = 0;
let writes = 0;

function countingStore(): Store {
  return new Proxy(makeMemoryStore(), {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...given: unknown[]) => {
        calls += 1;
        if (/^(save|take|open|close|append|forget|claim)/.test(String(name))) writes += 1;
        return Reflect.apply(method, target, given);
      };
    },
  });
}
const now = (): Counts => {
  const { counters } = harness.simulator.world;
  return { requests: counters.requests, platformWrites: counters.writes, storeCalls: calls, storeWrites: writes };
};
async function during(scene: (typeof SCENES)[number], run: () => Promise<void>): Promise<void> {
  const before = now();
  await run();
  const after = now();
  measured.set(scene, {
    requests: after.requests - before.requests,
    platformWrites: after.platformWrites - before.platformWrites,
    storeCalls: after.storeCalls - before.storeCalls,
    storeWrites: after.storeWrites - before.storeWrites,
  });
}
const settled = async (): Promise<void> => {
  await harness.pass(5);
  for (let spent = 0; !isSettled(harness.controller()); spent += 5) {
    if (spent > 1_200) throw new Error('the fleet does not settle');
    await harness.pass(5);
  }
};
beforeAll(async () => {
  harness = await makeHarness({ files: fleetFiles(APPS), seed: 'work', store: countingStore() });
  await during('made', settled);
  // What a release leaves to be read once more is behind it.
  await harness.pass(180);
  await during('idle for an hour', () => harness.pass(3_600));
  for (const [path, text] of harness.files)
    if (path.endsWith('.toml')) harness.files.set(path, text.replace('LOG_LEVEL = "info"', 'LOG_LEVEL = "debug"'));
  await during('one field of every machine changed', async () => {
    await harness.pass(20);
    await settled();
  });
  if (process.env['UPDATE'] === '1') writeFileSync(PATH, `${JSON.stringify(Object.fromEntries(measured), null, 2)}\n`);
}, 60_000);
afterAll(() => harness.stop());

test.each(SCENES)('a fleet that is %s: no more is asked and written than was committed', (scene) => {
  const committed = z.record(z.string(), Counts).parse(JSON.parse(readFileSync(PATH, 'utf8')))[scene];
  const found = measured.get(scene);
  if (committed === undefined || found === undefined) throw new Error(`${PATH} has no ${scene}`);
  expect(found.platformWrites, 'platformWrites').toBeLessThanOrEqual(committed.platformWrites);
  expect(found.storeWrites, 'storeWrites').toBeLessThanOrEqual(committed.storeWrites);
  expect(found.requests, 'requests').toBeLessThanOrEqual(Math.ceil(committed.requests * SLACK));
  expect(found.storeCalls, 'storeCalls').toBeLessThanOrEqual(Math.ceil(committed.storeCalls * SLACK));
});
test('an idle hour writes nothing to the platform, and to the store no more than a sign of life in five minutes', () => {
  const idle = measured.get('idle for an hour');
  expect(idle?.platformWrites).toBe(0);
  expect(idle?.storeWrites).toBeLessThanOrEqual(APPS * (60 / 5));
});
test('the scenes are what they say: every machine is made, and then written again', () => {
  expect(measured.get('made')?.platformWrites).toBeGreaterThanOrEqual(MACHINES);
  expect(measured.get('one field of every machine changed')?.platformWrites).toBeGreaterThanOrEqual(MACHINES);
});
