/** Whatever is changed by hand is seen, put back, and written down. */
import { expect, test } from 'vitest';
import type { AuditEntry } from '#platform/store/port.ts';
import type { MachineRow } from '#simulator/world.ts';
import {
  actByHand,
  cloneByHand,
  createByHand,
  destroyByHand,
  only,
  updateByHand,
  withEnv,
  withImage,
  withMemory,
  withService,
} from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp, type WorldOptions } from '#test/support/worlds.ts';

const APP = 'acme-web';
const settled = async (options: WorldOptions = {}): Promise<Harness> => {
  const harness = await makeHarness({ files: oneApp(options) });
  await harness.untilSettled();
  return harness;
};
const auditOf = async (harness: Harness): Promise<readonly AuditEntry[]> => {
  const rows = await harness.store.audit('test', APP, 1_000, new AbortController().signal);
  if (!rows.ok) throw new Error(rows.error.message);
  return rows.value;
};
/** The world as git asks for it, without what is different for every machine. */
const pictureOf = (harness: Harness): readonly unknown[] =>
  harness.machines(APP).map(({ region, state, cordoned, image, config }) => ({
    region,
    state,
    cordoned,
    digest: image.digest,
    env: config.env,
    guest: config.guest,
    services: config.services,
    checks: config.checks,
    stamped: config.metadata?.['trimtab_owner'],
  }));
async function expectIdle(harness: Harness): Promise<void> {
  const before = harness.writes();
  await harness.pass(300);
  expect(harness.writes()).toBe(before);
  expect(harness.simulator.world.counters.rateLimitViolations).toBe(0);
  await harness.stop();
}

interface DriftCase {
  readonly name: string;
  readonly field: RegExp;
  readonly by: (harness: Harness, row: MachineRow) => Promise<unknown>;
}
const CASES: readonly DriftCase[] = [
  { name: 'a changed variable', field: /\/env\/LOG_LEVEL/, by: (h, row) => updateByHand(h, row, withEnv({ LOG_LEVEL: 'debug' })) },
  { name: 'an added variable', field: /\/env\/EXTRA/, by: (h, row) => updateByHand(h, row, withEnv({ EXTRA: '1' })) },
  { name: 'another memory size', field: /\/guest\/memory_mb/, by: (h, row) => updateByHand(h, row, withMemory(512)) },
  { name: 'another image', field: /\/image/, by: (h, row) => updateByHand(h, row, withImage('registry.fly.io/acme-web:v0')) },
  { name: 'another autostop', field: /\/services.*autostop/, by: (h, row) => updateByHand(h, row, withService({ autostop: true })) },
  {
    name: 'another floor of running machines',
    field: /\/services.*min_machines_running/,
    by: (h, row) => updateByHand(h, row, withService({ min_machines_running: 3 })),
  },
  { name: 'another port', field: /\/services.*internal_port/, by: (h, row) => updateByHand(h, row, withService({ internal_port: 9090 })) },
  { name: 'removed checks', field: /\/services.*checks/, by: (h, row) => updateByHand(h, row, withService({ checks: [] })) },
  { name: 'removed services', field: /\/services/, by: (h, row) => updateByHand(h, row, (config) => ({ ...config, services: [] })) },
  { name: 'a stopped machine', field: /state/, by: (h, row) => actByHand(h, row, 'stop') },
  { name: 'a suspended machine', field: /state/, by: (h, row) => actByHand(h, row, 'suspend') },
  { name: 'a cordoned machine', field: /cordoned/, by: (h, row) => actByHand(h, row, 'cordon') },
  { name: 'a destroyed machine', field: /count/, by: (h, row) => destroyByHand(h, row) },
  { name: 'a clone', field: /count/, by: (h, row) => cloneByHand(h, row) },
  { name: 'a clone in a region of its own', field: /count/, by: (h, row) => cloneByHand(h, row, 'fra') },
];
test.each(CASES)('$name is seen, put back and written down', async ({ field, by }) => {
  const harness = await settled();
  const before = pictureOf(harness);
  const made = harness.clock.now();
  await by(harness, only(harness.machines(APP)));
  await harness.pass(90);
  await harness.untilSettled();
  await harness.pass(5);
  expect(pictureOf(harness)).toEqual(before);

  const events = harness.events.filter(({ type }) => type === 'DriftSeen' || type === 'DriftCorrected');
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['DriftSeen', 'DriftCorrected']));
  const rows = (await auditOf(harness)).filter(({ at, what }) => at >= made && field.test(what));
  expect(rows.map(({ why }) => why)).toEqual(expect.arrayContaining(['drift seen', expect.stringMatching(/^first seen/)]));
  expect(rows.map(({ result }) => result)).toContain('corrected, and seen so');
  for (const { from, to } of rows.filter(({ why }) => why === 'drift seen')) expect(from).not.toBe(to);
  await expectIdle(harness);
});

test('an image that the registry does not have leaves the old version running, and nothing to put back but its words', async () => {
  const harness = await settled();
  const before = pictureOf(harness);
  await updateByHand(harness, only(harness.machines(APP)), withImage('registry.fly.io/acme-web:missing')).catch(() => undefined);
  await harness.pass(60);
  await harness.untilSettled();
  expect(pictureOf(harness)).toEqual(before);
  await expectIdle(harness);
});

test('who changed a machine stands in the audit, where the platform tells it', async () => {
  const harness = await settled();
  await updateByHand(harness, only(harness.machines(APP)), withMemory(512));
  await harness.pass(60);
  const seen = (await auditOf(harness)).find(({ why }) => why === 'drift seen');
  expect(seen).toMatchObject({ what: expect.stringMatching(/memory_mb/), from: '256', to: '512', actor: expect.stringMatching(/user/) });
  await harness.stop();
});

test('with a grace a drift is announced first, with what keeps it, and put back when the grace has ended', async () => {
  const harness = await settled({ grace: '10m' });
  const row = only(harness.machines(APP));
  await updateByHand(harness, row, withEnv({ LOG_LEVEL: 'debug' }));
  const before = harness.writes();
  await harness.pass(300);
  expect(harness.writes()).toBe(before);
  const seen = harness.events.filter((event) => event.type === 'DriftSeen');
  expect(seen).toHaveLength(1);
  expect(seen).toMatchObject([{ keep: expect.stringContaining('/env/LOG_LEVEL'), drift: { from: 'debug', to: 'info' } }]);
  await harness.pass(330);
  await harness.untilSettled();
  expect(harness.machines(APP).map(({ config }) => config.env?.['LOG_LEVEL'])).toEqual(['info', 'info']);
  await expectIdle(harness);
});
test('a grace never delays what must run: destroyed, stopped and cordoned machines are put right at once', async () => {
  const harness = await settled({ grace: '1h', machines: '{ nrt: 4 }' });
  const [first, second, third] = harness.machines(APP);
  if (first !== undefined) await actByHand(harness, first, 'stop');
  if (second !== undefined) await actByHand(harness, second, 'cordon');
  if (third !== undefined) await destroyByHand(harness, third);
  await harness.pass(90);
  expect(harness.machines(APP).map(({ state, cordoned }) => `${state} ${cordoned}`)).toEqual(Array(4).fill('started false'));
  await expectIdle(harness);
});

test('machines of somebody else are shown to nobody but left as they are', async () => {
  const harness = await settled();
  await createByHand(harness, APP, { env: { MINE: '1' } }, { name: 'somebodys-own' });
  await harness.pass(10);
  const foreign = harness.machines(APP).find(({ name }) => name === 'somebodys-own');
  const before = JSON.stringify([foreign?.config, foreign?.instanceId]);
  await updateByHand(harness, only(harness.machines(APP)), withMemory(512));
  await harness.pass(120);
  const after = harness.machines(APP).find(({ name }) => name === 'somebodys-own');
  expect(JSON.stringify([after?.config, after?.instanceId])).toBe(before);
  expect(after?.state).toBe('started');
  expect(harness.machines(APP)).toHaveLength(3);
  await expectIdle(harness);
});

test('an environment that is only observed is never written to, and its drift is told', async () => {
  const harness = await settled();
  for (const [path, text] of harness.files) harness.files.set(path, text.replace('mode: automatic', 'mode: observe'));
  await harness.pass(30);
  const before = harness.writes();
  const [first, second] = harness.machines(APP);
  if (first !== undefined) await updateByHand(harness, first, withMemory(512));
  if (second !== undefined) await destroyByHand(harness, second);
  await harness.pass(300);
  expect(harness.writes()).toBe(before + 2);
  expect(harness.events.filter(({ type }) => type === 'DriftSeen').length).toBeGreaterThanOrEqual(2);
  await harness.stop();
});
