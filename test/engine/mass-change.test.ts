/** Neither git nor the world changed, only trimtab's own version: what would be written waits for a person, also over a restart. */
import { expect, test } from 'vitest';
import { isJsonObject } from '#domain/json.ts';
import { ok } from '#domain/result.ts';
import type { Store } from '#platform/store/port.ts';
import { approve, ENVIRONMENT_NAME } from '#test/support/approving.ts';
import { type Files, type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

function worldOf(apps: number, memory: string): Files {
  const files = oneApp({ memory });
  const web = files['desired-state/test/web.yaml'] ?? '';
  const more = Array.from({ length: apps - 1 }, (_, at) => [
    `desired-state/test/more-${at}.yaml`,
    web.replaceAll('acme-web', `acme-more-${at}`).replace('name: web', `name: more-${at}`),
  ]);
  return { ...files, ...Object.fromEntries(more) };
}
async function settled(files: Files): Promise<Harness> {
  const harness = await makeHarness({ files });
  await harness.untilSettled();
  return harness;
}
const acceptedOf = (harness: Harness) => harness.controller().environments.view(ENVIRONMENT_NAME)?.state?.accepted;
/** This revision was made of this source, by a version before this one. */
const byOlderVersion = (store: Store, old: string, sourceHash: string): Store => ({
  ...store,
  revision: async (...given) => {
    const row = await store.revision(...given);
    if (!row.ok || row.value?.id !== old || !isJsonObject(row.value.document)) return row;
    return ok({ ...row.value, sourceHash, document: { ...row.value.document, compilerVersion: 1 } });
  },
});
/** What the older version made 512 MB of, this one makes 256 MB of. */
async function upgraded(apps: number): Promise<Harness> {
  const files = worldOf(apps, '256mb');
  const other = await settled(files);
  const source = acceptedOf(other)?.sourceHash ?? '';
  await other.stop();
  const harness = await settled(worldOf(apps, '512mb'));
  const old = acceptedOf(harness)?.id ?? '';
  await harness.stop();
  for (const [path, text] of Object.entries(files)) harness.files.set(path, text);
  await harness.restart({ store: byOlderVersion(harness.store, old, source) });
  await harness.pass(120);
  return harness;
}
const memories = (harness: Harness): readonly (number | undefined)[] =>
  harness.machines('acme-web').map(({ config }) => config.guest?.memory_mb);

test('more than one app: held and told, also over a restart, and carried out by a person’s word', async () => {
  const harness = await upgraded(3);
  expect(harness.status('acme-web')?.held).toMatchObject([{ reason: 'MassChange' }]);
  const writes = harness.writes();
  await harness.restart();
  await harness.pass(600);
  expect(harness.writes()).toBe(writes);
  expect(harness.status('acme-web')?.held).toMatchObject([
    { reason: 'MassChange', message: expect.stringContaining('neither git nor the world changed') },
  ]);
  await approve(harness);
  await harness.pass(300);
  expect(memories(harness)).toEqual([256, 256]);
  expect(harness.status('acme-web')?.held).toEqual([]);
  await harness.stop();
});
test('an ordinary commit beside it is no mass change', async () => {
  const harness = await settled(worldOf(3, '512mb'));
  for (const [path, text] of Object.entries(worldOf(3, '256mb'))) harness.files.set(path, text);
  await harness.pass(30);
  await harness.untilSettled();
  expect(memories(harness)).toEqual([256, 256]);
  await harness.stop();
});
