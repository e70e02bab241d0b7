/** How soon a drift is answered: a tick, and never after the machine has come up into what nobody wanted. */
import { expect, test } from 'vitest';
import { ms } from '#domain/units.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const TICK_MS = 2_000;
async function settled(): Promise<Harness> {
  const harness = await makeHarness({ files: oneApp({ machines: '{ nrt: 3 }' }), seed: 'promptness' });
  await harness.untilSettled(120);
  await harness.pass(60);
  return harness;
}
/** The time until `reached`, in steps of 100 ms. */
async function timeUntil(harness: Harness, reached: () => boolean): Promise<number> {
  const started = harness.clock.now();
  while (!reached()) {
    if (harness.clock.now() - started > 60_000) throw new Error('not within a minute');
    await harness.clock.advance(ms(100));
  }
  return harness.clock.now() - started;
}

test('a wrong config is written over while the machine still comes up into it', async () => {
  const harness = await settled();
  const [row] = harness.machines(APP);
  if (row === undefined) throw new Error('no machine');
  await harness.byHand('POST', `/v1/apps/${APP}/machines/${row.id}`, { config: { ...row.config, env: { ...row.config.env, BY: 'hand' } } });
  let state = '';
  const took = await timeUntil(harness, () => {
    const now = harness.machines(APP).find(({ id }) => id === row.id);
    if (now?.config.env?.['BY'] === undefined) return true;
    state = now.state;
    return false;
  });
  expect(state).toMatch(/replacing|starting/);
  expect(took - harness.simulator.world.listLagMs).toBeLessThanOrEqual(TICK_MS + 1_000);
  await harness.untilSettled(60);
  expect(harness.simulator.world.counters.rateLimitViolations).toBe(0);
  await harness.stop();
});
test('a machine that somebody stops is started the moment it rests', async () => {
  const harness = await settled();
  const [row] = harness.machines(APP);
  if (row === undefined) throw new Error('no machine');
  await harness.byHand('POST', `/v1/apps/${APP}/machines/${row.id}/stop`, {});
  const took = await timeUntil(harness, () => harness.machines(APP).find(({ id }) => id === row.id)?.state === 'starting');
  expect(took - harness.simulator.world.listLagMs).toBeLessThanOrEqual(TICK_MS + 1_000);
  await harness.untilSettled(60);
  expect(harness.simulator.world.counters.rateLimitViolations).toBe(0);
  await harness.stop();
});
test('our own update is not written again while its image is still being fetched', async () => {
  const harness = await settled();
  for (const [path, text] of Object.entries(oneApp({ machines: '{ nrt: 3 }', image: 'registry.fly.io/acme-web:v2' })))
    harness.files.set(path, text);
  await harness.pass(30);
  await harness.untilSettled(300);
  const versions = harness.machines(APP).map((row) => row.versions.length);
  expect(versions).toEqual([2, 2, 2]);
  await harness.stop();
});
