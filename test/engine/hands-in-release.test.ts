/** What is changed by hand while a release runs neither fails it nor waits for its end. */
import { expect, test } from 'vitest';
import { cloneByHand, only } from '#test/support/hands.ts';
import { type Files, type Harness, makeHarness } from '#test/support/harness.ts';
import { FLY_TOML, oneApp } from '#test/support/worlds.ts';

const PRIVATE = `app = "acme-api"\nprimary_region = "nrt"\n[[vm]]\n  size = "shared-cpu-1x"\n`;
/** \`web\` waits for the private \`api\`, and its second machine for the check of the first: there is time to lay hands on \`api\`. */
function world(image: string): Files {
  const files = oneApp({
    image: `registry.fly.io/acme-web:${image}`,
    machines: '{ nrt: 4 }',
    grace: '10s',
    extra: '  dependsOn: [api]\n',
    toml: FLY_TOML,
  });
  return {
    ...files,
    'api.toml': PRIVATE,
    'desired-state/test/api.yaml': `apiVersion: trimtab.dev/v1alpha1
kind: App
metadata: { name: api }
spec:
  app: acme-api
  config: api.toml
  image: registry.fly.io/acme-api:${image}
  visibility: private
  groups: { app: { machines: { nrt: 1 } } }
`,
  };
}
async function until(harness: Harness, reached: () => boolean): Promise<void> {
  for (let spent = 0; spent < 300; spent++) {
    await harness.pass(1);
    if (reached()) return;
  }
  throw new Error('never reached');
}
const ended = (harness: Harness) => harness.events.filter(({ type }) => type === 'ReleaseEnded');

test('a clone and an address on an app that was done: the clone goes after its grace, the address waits for a person, the release ends well', async () => {
  const harness = await makeHarness({ files: world('v1') });
  await until(harness, () => ended(harness).length === 1);
  for (const [path, text] of Object.entries(world('slow-v2'))) harness.files.set(path, text);
  await until(
    harness,
    () => harness.status('acme-api')?.release?.state === 'done' && harness.status('acme-web')?.release?.state === 'progress',
  );
  await cloneByHand(harness, only(harness.machines('acme-api')));
  await harness.byHand('POST', '/v1/apps/acme-api/ip_assignments', { type: 'v4' });
  await harness.pass(5);
  expect(ended(harness)).toHaveLength(1);
  expect(harness.machines('acme-api')).toHaveLength(2);
  await harness.pass(60);
  expect(harness.machines('acme-api').map(({ name }) => name)).toEqual(['app-nrt-1']);
  await until(harness, () => harness.status('acme-api')?.held.length === 1);
  expect(ended(harness)).toHaveLength(1);
  await until(harness, () => ended(harness).length === 2);
  expect(ended(harness)[1]).toMatchObject({ result: 'complete' });
  expect(harness.status('acme-api')?.held).toMatchObject([{ reason: 'ApprovalRequired' }]);
  expect(harness.machines('acme-web').map(({ image }) => image.tag)).toEqual(['slow-v2', 'slow-v2', 'slow-v2', 'slow-v2']);
  await harness.stop();
});
