/** Where corrections are switched off drift is only shown; what must run is put right all the same. */
import { expect, test } from 'vitest';
import { approve } from '#test/support/approving.ts';
import { actByHand, only, updateByHand, withMemory } from '#test/support/hands.ts';
import { makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const ENVIRONMENT = 'desired-state/test/environment.yaml';
test('selfHeal.enabled: false shows drift until a person says so, and keeps the floor', async () => {
  const files = oneApp();
  const text = files[ENVIRONMENT] ?? '';
  const harness = await makeHarness({
    files: { ...files, [ENVIRONMENT]: text.replace('selfHeal: { enabled: true', 'selfHeal: { enabled: false') },
  });
  await harness.untilSettled();
  const first = only(harness.machines(APP));
  await updateByHand(harness, first, withMemory(512));
  await harness.pass(300);
  expect(harness.machines(APP).map(({ config }) => config.guest?.memory_mb)).toEqual([512, 256]);
  expect(harness.status(APP)).toMatchObject({ sync: 'OutOfSync', held: [{ reason: 'SelfHealDisabled' }], drifts: [{ correctedAt: null }] });
  await actByHand(harness, only(harness.machines(APP).slice(1)), 'stop');
  await harness.pass(60);
  expect(harness.machines(APP).map(({ state }) => state)).toEqual(['started', 'started']);
  await approve(harness);
  await harness.pass(120);
  expect(harness.machines(APP).map(({ config }) => config.guest?.memory_mb)).toEqual([256, 256]);
  expect(harness.status(APP)).toMatchObject({ sync: 'Synced', held: [] });
  await harness.stop();
});
