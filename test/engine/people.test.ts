/** Other people at work on the same apps: waited for, not fought; and what they left is taken as it is. */
import { expect, test } from 'vitest';
import { AS_THE_CLI, createByHand, only, updateByHand, withEnv, withMemory } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { deployByHand, FLY_TOML, oneApp, type WorldOptions } from '#test/support/worlds.ts';

const APP = 'acme-web';
const SIGNAL = new AbortController().signal;
const settled = async (options: WorldOptions = {}): Promise<Harness> => {
  const harness = await makeHarness({ files: oneApp(options) });
  await harness.untilSettled();
  return harness;
};
const levels = (harness: Harness): readonly unknown[] => harness.machines(APP).map(({ config }) => config.env?.['LOG_LEVEL']);
const reasons = (harness: Harness): readonly string[] => [...new Set(harness.status(APP)?.held.map(({ reason }) => reason) ?? [])];
const debug = (harness: Harness) => updateByHand(harness, only(harness.machines(APP)), withEnv({ LOG_LEVEL: 'debug' }));
/** As `fly deploy` opens one. */
async function deployBegins(harness: Harness): Promise<string> {
  const made = await harness.byHand('POST', '/api/v1/releases', { app_name: APP, image: 'registry.fly.io/acme-web:v9', definition: {} });
  const { release }: { readonly release: { readonly id: string } } = JSON.parse(await made.text());
  await harness.byHand('PATCH', `/api/v1/releases/${release.id}`, { status: 'running' });
  return release.id;
}

test('somebody else’s release is waited for, and its end lets go', async () => {
  const harness = await settled();
  const id = await deployBegins(harness);
  await debug(harness);
  const before = harness.writes();
  await harness.pass(180);
  expect(harness.writes()).toBe(before);
  expect(reasons(harness)).toEqual(['ForeignRelease']);
  expect(harness.status(APP)?.held[0]?.message).toMatch(/release v\d+ of ops@example\.com is running/);
  await harness.byHand('PATCH', `/api/v1/releases/${id}`, { status: 'complete' });
  await harness.pass(90);
  expect(levels(harness)).toEqual(['info', 'info']);
  await harness.stop();
});
test('a release without a sign for ten minutes is taken as dead', async () => {
  const harness = await settled();
  await deployBegins(harness);
  await debug(harness);
  await harness.pass(540);
  expect(levels(harness)).toContain('debug');
  await harness.pass(150);
  expect(levels(harness)).toEqual(['info', 'info']);
  await harness.stop();
});
test('while somebody releases, the floor is kept all the same', async () => {
  const toml = FLY_TOML.replace('auto_stop_machines = "off"', 'auto_stop_machines = "stop"\n  min_machines_running = 1');
  const harness = await settled({ toml });
  await deployBegins(harness);
  for (const { id } of harness.machines(APP)) await harness.byHand('POST', `/v1/apps/${APP}/machines/${id}/stop`, {});
  await harness.pass(90);
  expect(
    harness
      .machines(APP)
      .map(({ state }) => state)
      .sort(),
  ).toEqual(['started', 'stopped']);
  await harness.stop();
});
test('what is changed back a fourth time in ten minutes is held, with both sides named, and tried again later', async () => {
  const harness = await settled({ machines: '{ nrt: 1 }' });
  for (let time = 0; time < 3; time += 1) {
    await debug(harness);
    await harness.pass(60);
    expect(levels(harness), String(time)).toEqual(['info']);
  }
  await debug(harness);
  const before = harness.writes();
  await harness.pass(60);
  expect(levels(harness)).toEqual(['debug']);
  expect(harness.writes()).toBe(before);
  expect(harness.status(APP)?.held).toMatchObject([
    {
      reason: 'Contended',
      message: expect.stringMatching(/\/env\/LOG_LEVEL: put back by trimtab 3 times in ten minutes, and changed again by user/),
      until: expect.any(Number),
    },
  ]);
  await harness.pass(600);
  expect(levels(harness)).toEqual(['info']);
  await harness.stop();
});
test('a release that writes the app ends its grace: one disturbance, not two', async () => {
  const harness = await settled({ grace: '1h', machines: '{ nrt: 1 }' });
  await debug(harness);
  await harness.pass(120);
  expect(levels(harness)).toEqual(['debug']);
  expect(reasons(harness)).toEqual(['Grace']);
  expect(harness.machines(APP)).toHaveLength(1);
  for (const [path, text] of Object.entries(oneApp({ grace: '1h', machines: '{ nrt: 1 }', memory: '512mb' })))
    harness.files.set(path, text);
  await harness.pass(60);
  await harness.untilSettled();
  expect(harness.machines(APP).map(({ config }) => [config.env?.['LOG_LEVEL'], config.guest?.memory_mb])).toEqual([['info', 512]]);
  await harness.stop();
});
test('a correction of the only machine makes a second one first, and no platform release', async () => {
  // After its grace: a machine that somebody has just restarted serves nobody, and is written where it is.
  const harness = await settled({ machines: '{ nrt: 1 }', grace: '1m' });
  const releases = harness.simulator.world.releases.size;
  await debug(harness);
  let most = 0;
  for (let second = 0; second < 150; second += 1) {
    await harness.pass(1);
    most = Math.max(most, harness.machines(APP).filter(({ state }) => state === 'started').length);
  }
  await harness.untilSettled();
  expect(most).toBe(2);
  expect(levels(harness)).toEqual(['info']);
  expect(harness.simulator.world.releases.size).toBe(releases);
  await harness.stop();
});
test('every drift is announced with the command that keeps it', async () => {
  const harness = await settled({ grace: '10m' });
  await updateByHand(harness, only(harness.machines(APP)), withMemory(512));
  await harness.pass(30);
  const [seen] = harness.events.filter((event) => event.type === 'DriftSeen');
  expect(seen).toMatchObject({ keep: 'to keep it, commit it to desired-state/test, or list /guest/memory_mb under ignoreDifferences' });
  await harness.stop();
});
test('a difference that is ignored is kept, in every write', async () => {
  const extra = '  ignoreDifferences: [ { group: app, fields: [ /guest/memory_mb ] } ]\n';
  const harness = await settled({ extra, machines: '{ nrt: 1 }' });
  await updateByHand(harness, only(harness.machines(APP)), withMemory(512));
  const before = harness.writes();
  await harness.pass(120);
  expect(harness.writes()).toBe(before);
  await debug(harness);
  await harness.pass(60);
  await harness.untilSettled();
  expect(harness.machines(APP).map(({ config }) => [config.env?.['LOG_LEVEL'], config.guest?.memory_mb])).toEqual([['info', 512]]);
  await harness.stop();
});
test('a standby of the platform’s CLI is taken over with its primary, never counted, never woken, never taken away', async () => {
  const toml = 'app = "acme-web"\nprimary_region = "nrt"\n[processes]\n  worker = "work"\n[[vm]]\n  size = "shared-cpu-1x"\n';
  const files = oneApp({ toml });
  files['desired-state/test/web.yaml'] = (files['desired-state/test/web.yaml'] ?? '').replace(
    'app: { machines: { nrt: 2 } }',
    'worker: { machines: { nrt: 1 } }',
  );
  const harness = await makeHarness({ files, start: false });
  await harness.byHand('POST', '/v1/apps', { app_name: APP, org_slug: 'acme' });
  const metadata = { ...AS_THE_CLI, fly_process_group: 'worker' };
  const env = { FLY_PROCESS_GROUP: 'worker', PRIMARY_REGION: 'nrt' };
  const config = { image: 'registry.fly.io/acme-web:v1', env, metadata, init: { cmd: ['work'] } };
  await createByHand(harness, APP, config);
  await harness.pass(20);
  const [primary] = harness.machines(APP);
  await harness.byHand('POST', `/v1/apps/${APP}/machines`, {
    region: 'nrt',
    skip_launch: true,
    config: { ...config, standbys: [primary?.id ?? ''] },
  });
  await harness.pass(20);
  const before = harness.machines(APP).map(({ id, instanceId, state }) => ({ id, instanceId, state }));
  expect(before.map(({ state }) => state).sort()).toEqual(['started', 'stopped']);
  void harness.controller().run(SIGNAL);
  await harness.pass(180);
  expect(harness.machines(APP).map(({ id, instanceId, state }) => ({ id, instanceId, state }))).toEqual(before);
  expect(harness.status(APP)).toMatchObject({ sync: 'Synced', health: 'Healthy', groups: [{ desiredMin: 1, ready: 1 }] });
  await harness.stop();
});
test('one machine per app, as the CLI leaves it, is taken over in every mode but observe without another instance', async () => {
  const harness = await makeHarness({ files: oneApp({ machines: '{ nrt: 1 }', protection: 'production' }), start: false });
  await deployByHand(harness, APP, 1);
  const before = harness.machines(APP).map(({ id, instanceId }) => ({ id, instanceId }));
  void harness.controller().run(SIGNAL);
  await harness.untilSettled();
  expect(harness.machines(APP).map(({ id, instanceId }) => ({ id, instanceId }))).toEqual(before);
  expect(harness.events.filter(({ type }) => type === 'AppAdopted')).toMatchObject([{ machines: 1 }]);
  expect(harness.machines(APP)[0]?.config.metadata?.['trimtab_owner']).toBe('acme/test');
  await harness.stop();
});
