/** What an app has beside its machines: addresses and certificates. */
import { expect, test } from 'vitest';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { FLY_TOML, oneApp, type WorldOptions } from '#test/support/worlds.ts';

const APP = 'acme-web';
const settled = async (options: WorldOptions): Promise<Harness> => {
  const harness = await makeHarness({ files: oneApp(options) });
  await harness.untilSettled();
  return harness;
};
const addressesOf = ({ simulator }: Harness): readonly string[] => [...simulator.world.addresses.values()].map(({ type }) => type).sort();
const hostnamesOf = ({ simulator }: Harness): readonly string[] =>
  [...simulator.world.certificates.values()].map(({ hostname }) => hostname);
const DECLARED = '  addresses: [shared_v4, v6]\n  certificates: [www.example.com]\n';
const PRIVATE = FLY_TOML.replace(/\[http_service\][\s\S]*?(?=\[\[vm\]\])/, '');

async function expectIdle(harness: Harness): Promise<void> {
  const before = harness.writes();
  await harness.pass(300);
  expect(harness.writes()).toBe(before);
  await harness.stop();
}
const whats = async (harness: Harness, why: RegExp): Promise<readonly string[]> => {
  const rows = await harness.store.audit('test', APP, 1_000, new AbortController().signal);
  return rows.ok ? rows.value.filter((row) => why.test(row.why)).map(({ what, result }) => `${what}: ${result}`) : [];
};

test('a removed address is given again', async () => {
  const harness = await settled({ extra: DECLARED });
  expect(addressesOf(harness)).toEqual(['shared_v4', 'v6']);
  const address = [...harness.simulator.world.addresses.values()].find(({ type }) => type === 'v6');
  expect((await harness.byHand('DELETE', `/v1/apps/${APP}/ip_assignments/${address?.ip}`)).ok).toBe(true);
  expect(addressesOf(harness)).toEqual(['shared_v4']);
  await harness.pass(120);
  expect(addressesOf(harness)).toEqual(['shared_v4', 'v6']);
  expect(await whats(harness, /first seen/)).toEqual(['ip-address/v6 address: corrected, and seen so']);
  await expectIdle(harness);
});
test('a removed certificate is requested again', async () => {
  const harness = await settled({ extra: DECLARED });
  expect(hostnamesOf(harness)).toEqual(['www.example.com']);
  expect((await harness.byHand('DELETE', `/v1/apps/${APP}/certificates/www.example.com`)).ok).toBe(true);
  expect(hostnamesOf(harness)).toEqual([]);
  await harness.pass(120);
  expect(hostnamesOf(harness)).toEqual(['www.example.com']);
  expect(await whats(harness, /first seen/)).toEqual(['certificate/www.example.com certificate: corrected, and seen so']);
  await expectIdle(harness);
});
test('addresses and certificates that git does not name stay', async () => {
  const harness = await settled({ extra: DECLARED });
  expect((await harness.byHand('POST', `/v1/apps/${APP}/ip_assignments`, { type: 'v4' })).ok).toBe(true);
  expect((await harness.byHand('POST', `/v1/apps/${APP}/certificates/acme`, { hostname: 'old.example.com' })).ok).toBe(true);
  const before = harness.writes();
  await harness.pass(300);
  expect(harness.writes()).toBe(before);
  expect(addressesOf(harness)).toEqual(['shared_v4', 'v4', 'v6']);
  expect(hostnamesOf(harness)).toContain('old.example.com');
  await harness.stop();
});
test('a public address of a private app goes, after the grace', async () => {
  const harness = await settled({ toml: PRIVATE, extra: '  visibility: private\n', grace: '5m' });
  expect((await harness.byHand('POST', `/v1/apps/${APP}/ip_assignments`, { type: 'shared_v4' })).ok).toBe(true);
  await harness.pass(240);
  expect(addressesOf(harness)).toEqual(['shared_v4']);
  expect(harness.events.some(({ type }) => type === 'DriftSeen')).toBe(true);
  await harness.pass(300);
  expect(addressesOf(harness)).toEqual([]);
  await expectIdle(harness);
});
test('a dedicated address is never released without a person, on a private app either', async () => {
  const harness = await settled({ toml: PRIVATE, extra: '  visibility: private\n' });
  expect((await harness.byHand('POST', `/v1/apps/${APP}/ip_assignments`, { type: 'v4' })).ok).toBe(true);
  await harness.pass(600);
  expect(addressesOf(harness)).toEqual(['v4']);
  expect(harness.status(APP)?.conditions.find(({ type }) => type === 'Held')).toMatchObject({ status: 'true', reason: 'ApprovalRequired' });
  await harness.stop();
});
