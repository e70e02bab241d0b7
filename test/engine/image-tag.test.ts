/** A tag that points to another image is told, once, and never followed by itself. */
import { expect, test } from 'vitest';
import { statusText } from '#cli/status-text.ts';
import { makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

const IMAGE = 'registry.fly.io/acme-web:v1';
test('a moved tag is told within the hour, also after a restart, and what was resolved goes on', async () => {
  const harness = await makeHarness({ files: oneApp(), start: false });
  await harness.byHand('POST', '/_sim/acts', { act: 'app', name: 'acme-web', organization: 'acme' });
  await harness.restart();
  await harness.untilSettled();
  const before = harness.machines('acme-web').map(({ image }) => image.digest);
  await harness.byHand('POST', '/_sim/acts', { act: 'moveTag', image: IMAGE, generation: '2' });
  const writes = harness.writes();
  await harness.pass(3_700);
  const moved = harness.status('acme-web')?.tagMoved;
  expect(moved).toMatchObject({ reference: IMAGE, runs: before[0] });
  expect(moved?.pointsTo).not.toBe(before[0]);
  expect(harness.status('acme-web')).toMatchObject({ sync: 'Synced', held: [] });
  await harness.restart();
  await harness.pass(3_700);
  expect(harness.status('acme-web')?.tagMoved).toEqual(moved);
  expect(harness.events.filter(({ type }) => type === 'ImageTagMoved')).toHaveLength(1);
  expect(harness.writes()).toBe(writes);
  expect(harness.machines('acme-web').map(({ image }) => image.digest)).toEqual(before);
  const answer = await harness.operator().environments(AbortSignal.timeout(1_000));
  if (!answer.ok) throw new Error(answer.error.message);
  expect(statusText(answer.value)).toContain('`trimtab deploy test --image web=');
  await harness.stop();
});
