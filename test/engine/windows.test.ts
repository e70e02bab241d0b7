/** Windows that hold corrections: announced, not written, and put right when the window ends by itself. */
import { expect, test } from 'vitest';
import { actByHand, destroyByHand, only, updateByHand, withEnv } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const SIGNAL = new AbortController().signal;
/** The harness begins at nine in UTC: until half past nine nothing is corrected. */
const WINDOWS = '  sync: { mode: automatic, windows: [{ deny: "30 8 * * *", duration: 1h, holds: [corrections] }] }';
async function settled(protection: 'production' | 'none' = 'none'): Promise<Harness> {
  const files = oneApp({ machines: '{ nrt: 3 }', protection, extra: `${WINDOWS}\n` });
  const harness = await makeHarness({ files });
  await harness.untilSettled();
  return harness;
}
const levels = (harness: Harness): readonly unknown[] => harness.machines(APP).map(({ config }) => config.env?.['LOG_LEVEL']);

test('inside a deny window drift is told with the time of its correction, and corrected when the window ends', async () => {
  const harness = await settled();
  await updateByHand(harness, only(harness.machines(APP)), withEnv({ LOG_LEVEL: 'debug' }));
  const before = harness.writes();
  await harness.pass(120);
  expect(harness.writes()).toBe(before);
  const ends = Date.UTC(2026, 9, 1, 9, 30);
  expect(harness.status(APP)).toMatchObject({
    sync: 'OutOfSync',
    drifts: [{ pointer: '/env/LOG_LEVEL', correctedAt: ends }],
    held: [
      { reason: 'SyncWindow', until: ends, message: expect.stringContaining('inside the window that denies from "30 8 * * *" UTC on') },
    ],
  });
  expect(harness.events.filter(({ type }) => type === 'DriftSeen')).toMatchObject([{ correctAt: ends }]);
  await harness.pass((ends - harness.clock.now()) / 1_000 + 60);
  await harness.untilSettled();
  expect(levels(harness)).toEqual(['info', 'info', 'info']);
  await harness.stop();
});
test('the floor never waits for a window', async () => {
  const harness = await settled();
  const [first, second, third] = harness.machines(APP);
  if (first !== undefined) await actByHand(harness, first, 'stop');
  if (second !== undefined) await actByHand(harness, second, 'cordon');
  if (third !== undefined) await destroyByHand(harness, third);
  await harness.pass(90);
  expect(harness.machines(APP).map(({ state, cordoned }) => `${state} ${cordoned}`)).toEqual(Array(3).fill('started false'));
  await harness.stop();
});
test("a person's word passes a window", async () => {
  const harness = await settled();
  const { environments, approvals, wake } = harness.controller();
  await updateByHand(harness, only(harness.machines(APP)), withEnv({ LOG_LEVEL: 'debug' }));
  await harness.pass(30);
  expect(levels(harness)).toContain('debug');
  const [target] = environments.targets();
  if (target === undefined) throw new Error('there is no target');
  await approvals.give(target.environment.name, APP, target.revision, 'tester', SIGNAL);
  await wake([target], SIGNAL);
  await harness.pass(30);
  expect(levels(harness)).toEqual(['info', 'info', 'info']);
  await harness.stop();
});
