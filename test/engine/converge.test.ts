import { expect, test } from 'vitest';
import { makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

test('an empty platform is brought to what git says, and then nothing is written any more', async () => {
  const harness = await makeHarness({ files: oneApp() });
  await harness.untilSettled(120);
  expect(harness.machines('acme-web').map(({ state, region }) => `${state} ${region}`)).toEqual(['started nrt', 'started nrt']);
  const before = harness.writes();
  await harness.pass(600);
  expect(harness.writes()).toBe(before);
  expect(harness.simulator.world.counters.rateLimitViolations).toBe(0);
  await harness.stop();
});
