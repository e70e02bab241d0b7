import { expect, test } from 'vitest';
import { orgSlug } from '#domain/ids.ts';
import { SHIPPED_BOOK } from '#domain/price-book.ts';
import { makeRandom } from '#domain/random.ts';
import { lookAtOrganization } from '#engine/look.ts';
import { makeFlyClient } from '#platform/fly/client.ts';
import { makeLimits } from '#platform/fly/limits.ts';
import { allocateEgress, only, updateByHand, withEnv, withMemory } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { deployByHand, FLY_TOML, oneApp } from '#test/support/worlds.ts';

async function look(harness: Harness, files: Readonly<Record<string, string>>) {
  const fly = makeFlyClient({
    ...{ token: 'read-only', flapsBaseUrl: 'http://sim.test', apiBaseUrl: 'http://sim.test', uiexBaseUrl: 'http://sim.test' },
    ...{ fetch: (request) => harness.simulator.fetch(request), clock: harness.clock, random: makeRandom('look') },
    ...{ limits: makeLimits({ clock: harness.clock }), userAgent: 'trimtab/test' },
  });
  const configs = new Map(Object.entries(files).map(([app, text]) => [app, { path: `${app}.toml`, text }]));
  const request = { organization: orgSlug('acme'), book: SHIPPED_BOOK, configs };
  const asked = lookAtOrganization({ fly, clock: harness.clock }, request, AbortSignal.timeout(30_000));
  await harness.pass(5);
  const seen = await asked;
  if (!seen.ok) throw new Error(seen.error.message);
  return seen.value;
}
test('a static egress address is part of the month, of a machine or of an app', async () => {
  const harness = await makeHarness({ files: oneApp({ mode: 'observe' }), seed: 'look-egress', start: false });
  await deployByHand(harness, 'acme-web', 1);
  const [machine] = harness.machines('acme-web');
  await allocateEgress(harness, { appId: 'acme-web', machineId: machine?.id });
  await allocateEgress(harness, { appId: 'acme-web', region: 'nrt' });
  const { monthMicroUsd, proposals } = await look(harness, {});
  expect(monthMicroUsd).toBe((3_533 + 2 * 5_000) * 720);
  // It is no dedicated IPv4 that nobody needs.
  expect(proposals.map(({ kind }) => kind)).not.toContain('address');
  await harness.stop();
});
test('a first look tells what runs, what differs from the files at hand, what it costs and what could be saved; it writes nothing', async () => {
  const harness = await makeHarness({ files: oneApp({ mode: 'observe' }), seed: 'look', start: false });
  await deployByHand(harness, 'acme-web', 2);
  await deployByHand(harness, 'acme-api', 1);
  await harness.byHand('POST', '/v1/apps/acme-api/volumes', { name: 'left', region: 'nrt', size_gb: 20 });
  const before = await look(harness, { 'acme-web': FLY_TOML });
  expect(before.apps.map(({ app, machines, started, file, differences }) => [app, machines, started, file, differences])).toEqual([
    ['acme-api', 1, 1, null, []],
    ['acme-web', 2, 2, 'acme-web.toml', []],
  ]);
  // Three machines of $2.54 and a volume of $3.
  expect(before.monthMicroUsd).toBe((3 * 3_533 + 4_167) * 720);
  expect(before.proposals.map(({ kind }) => kind)).toEqual(['volume', 'reservation', 'idle']);
  const [first] = harness.machines('acme-web');
  await updateByHand(harness, only(first === undefined ? [] : [first]), (config) =>
    withMemory(512)(withEnv({ TOKEN: 'hush-hush' })(config)),
  );
  await harness.pass(30);
  const writes = harness.writes();
  const after = await look(harness, { 'acme-web': FLY_TOML, 'acme-api': 'app = [' });
  expect(harness.writes()).toBe(writes);
  const web = after.apps.find(({ app }) => app === 'acme-web');
  expect(web?.differences.map((one) => one.replace(/^\S+ /, ''))).toEqual([
    '/env/TOKEN: is another value, says nothing',
    '/guest/memory_mb: is 512, says 256',
  ]);
  expect(JSON.stringify(after)).not.toContain('hush-hush');
  expect(after.apps.find(({ app }) => app === 'acme-api')?.differences).toHaveLength(1);
  await harness.stop();
});
