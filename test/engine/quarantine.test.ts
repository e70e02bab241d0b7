/** What left git rests in quarantine, at no more than its root file system, until somebody deletes it or git has it again. */
import { expect, test } from 'vitest';
import type { MachineRow } from '#simulator/world.ts';
import { actByHand, createByHand, only } from '#test/support/hands.ts';
import { type Files, type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const OTHER = 'desired-state/test/other.yaml';
const ENVIRONMENT = 'desired-state/test/environment.yaml';
const WEB = 'desired-state/test/web.yaml';
/** Two apps; `prune` is what the environment says of what left git. */
function twoApps(prune: string, protection: 'production' | 'none'): Files {
  const files = oneApp({ protection });
  return {
    ...files,
    [ENVIRONMENT]: (files[ENVIRONMENT] ?? '').replace('sync: {', `sync: { prune: ${prune},`),
    [OTHER]: (files[WEB] ?? '').replaceAll(APP, 'acme-other').replace('name: web', 'name: other'),
  };
}
async function left(
  prune: string,
  protection: 'production' | 'none' = 'none',
): Promise<{ readonly harness: Harness; readonly text: string }> {
  const harness = await makeHarness({ files: twoApps(prune, protection) });
  await harness.untilSettled();
  const text = harness.files.get(OTHER) ?? '';
  harness.files.delete(OTHER);
  await harness.pass(60);
  return { harness, text };
}
const orphans = (harness: Harness): readonly MachineRow[] => harness.machines('acme-other').filter(({ state }) => state !== 'destroyed');
const how = (harness: Harness) =>
  orphans(harness).map(({ state, cordoned, config }) => [state, cordoned, config.metadata?.['trimtab_quarantine'] !== undefined]);

test('it is stopped, cordoned and marked, once; nothing is deleted, and other machines of the app are left alone', async () => {
  const { harness } = await left('{ quarantine: true }');
  expect(how(harness)).toEqual([
    ['stopped', true, true],
    ['stopped', true, true],
  ]);
  expect(harness.status('acme-other')?.held).toMatchObject([{ reason: 'PruneDisabled' }, { reason: 'PruneDisabled' }]);
  await createByHand(harness, 'acme-other', {}, { name: 'somebodys' });
  const writes = harness.writes();
  await harness.pass(7_200);
  expect(harness.writes()).toBe(writes);
  expect(orphans(harness).find(({ name }) => name === 'somebodys')).toMatchObject({ state: 'started', cordoned: false });
  await harness.stop();
});
test('started by hand it is put back; in git again it serves, without a mark', async () => {
  const { harness, text } = await left('{ quarantine: true }');
  await actByHand(harness, only(orphans(harness)), 'start');
  await harness.pass(60);
  expect(how(harness).map(([state]) => state)).toEqual(['stopped', 'stopped']);
  const before = orphans(harness).map(({ id, instanceId }) => [id, instanceId]);
  harness.files.set(OTHER, text);
  await harness.untilSettled();
  expect(how(harness)).toEqual([
    ['started', false, false],
    ['started', false, false],
  ]);
  expect(orphans(harness).map(({ id, instanceId }) => [id, instanceId])).toEqual(before);
  await harness.stop();
});
test('where prune is on it is deleted when the hold ends, and not before', async () => {
  const { harness } = await left('{ enabled: true, quarantine: true, holdFor: 1h }');
  expect(how(harness)).toHaveLength(2);
  await harness.pass(3_300);
  expect(how(harness)).toEqual([
    ['stopped', true, true],
    ['stopped', true, true],
  ]);
  await harness.pass(600);
  expect(orphans(harness).map(({ name, state }) => [name, state])).toEqual([]);
  await harness.stop();
});
test('without a quarantine it runs until the hold ends, a restart or not', async () => {
  const { harness } = await left('{ enabled: true, holdFor: 1h, maxDeletes: 1 }');
  await harness.pass(1_800);
  await harness.restart();
  await harness.pass(1_700);
  expect(how(harness)).toEqual([
    ['started', false, false],
    ['started', false, false],
  ]);
  await harness.pass(300);
  expect(orphans(harness)).toHaveLength(0);
  await harness.stop();
});
test('in git again before the hold ends, the time begins anew when it leaves again', async () => {
  const { harness, text } = await left('{ enabled: true, holdFor: 1h }');
  await harness.pass(3_300);
  harness.files.set(OTHER, text);
  await harness.pass(120);
  harness.files.delete(OTHER);
  await harness.pass(3_300);
  expect(orphans(harness)).toHaveLength(2);
  await harness.stop();
});
test('under protection what serves waits for a person, and runs on', async () => {
  const { harness } = await left('{ quarantine: true }', 'production');
  expect(how(harness)).toEqual([
    ['started', false, false],
    ['started', false, false],
  ]);
  expect(harness.status('acme-other')?.held).toMatchObject([{ reason: 'ApprovalRequired' }, { reason: 'ApprovalRequired' }]);
  await harness.stop();
});
