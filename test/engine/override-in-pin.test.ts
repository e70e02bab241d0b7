/** A way back does not take the helm away: people still scale what is held back. */
import { expect, test } from 'vitest';
import { environmentName } from '#domain/ids.ts';
import { hours } from '#domain/units.ts';
import { answered } from '#test/support/approving.ts';
import { type Files, type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

const signal = AbortSignal.timeout(60_000);
const WEB = 'desired-state/test/web.yaml';
/** `api` depends on `web`. */
function world(image: string): Files {
  const files = oneApp({ image: `registry.fly.io/acme-web:${image}`, machines: '{ nrt: 1 }' });
  const api = (oneApp({ machines: '{ nrt: 1 }', extra: '  dependsOn: [web]\n' })[WEB] ?? '').replaceAll('acme-web', 'acme-api');
  return { ...files, 'desired-state/test/api.yaml': api.replace('name: web', 'name: api') };
}
async function until(harness: Harness, reached: () => boolean): Promise<void> {
  for (let spent = 0; spent < 300; spent++) {
    await harness.pass(1);
    if (reached()) return;
  }
  throw new Error('never reached');
}
const alive = (harness: Harness, app: string) => harness.machines(app).filter(({ state }) => state !== 'destroyed');
const override = async (harness: Harness, app: string, count: number): Promise<void> => {
  const said = { app, group: null, image: null, vm: null, count: { region: null, machines: count }, reason: 'load', span: hours(1) };
  const done = await answered(harness, harness.operator().override({ environment: environmentName('test'), by: 'ann', ...said }, signal));
  if (!done.ok) throw new Error(done.error.message);
};

test('an app that is held back, and one that depends on it, follow an override, and git again after it', async () => {
  const harness = await makeHarness({ files: world('v1') });
  await harness.untilSettled();
  for (const [path, text] of Object.entries(world('crash-v2'))) harness.files.set(path, text);
  await until(harness, () => harness.events.some((event) => event.type === 'ReleaseEnded' && event.result === 'failed'));
  await harness.untilSettled();
  await override(harness, 'api', 2);
  await override(harness, 'web', 3);
  await until(harness, () => alive(harness, 'acme-api').length === 2 && alive(harness, 'acme-web').length === 3);
  await harness.pass(60);
  expect(alive(harness, 'acme-web').map(({ image }) => image.tag)).toEqual(['v1', 'v1', 'v1']);
  expect(harness.status('acme-api')?.conditions.find(({ type }) => type === 'Overridden')).toMatchObject({ status: 'true' });
  await harness.pass(3_600);
  expect(alive(harness, 'acme-api')).toHaveLength(1);
  expect(alive(harness, 'acme-web').map(({ image }) => image.tag)).toEqual(['v1']);
  await harness.stop();
});
