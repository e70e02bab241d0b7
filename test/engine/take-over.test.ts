/** Taking over what was made by hand, and what stays somebody else's. */
import { expect, test } from 'vitest';
import { approve } from '#test/support/approving.ts';
import { AS_THE_CLI, createByHand, only, updateByHand, withMemory } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp, type WorldOptions } from '#test/support/worlds.ts';

const APP = 'acme-web';
const deployed = async (options: WorldOptions = {}): Promise<Harness> => {
  const harness = await makeHarness({ files: oneApp({ machines: '{ nrt: 1 }', ...options }), start: false });
  await harness.byHand('POST', '/v1/apps', { app_name: APP, org_slug: 'acme' });
  const config = {
    image: 'registry.fly.io/acme-web:v1',
    env: { LOG_LEVEL: 'info', FLY_PROCESS_GROUP: 'app', PRIMARY_REGION: 'nrt' },
    metadata: AS_THE_CLI,
    services: [
      {
        protocol: 'tcp',
        internal_port: 8_080,
        autostop: false,
        autostart: true,
        ports: [
          { port: 80, handlers: ['http'], force_https: true },
          { port: 443, handlers: ['http', 'tls'] },
        ],
        checks: [{ type: 'http', interval: '5s', timeout: '2s', grace_period: '1s', method: 'GET', path: '/healthz' }],
      },
    ],
  };
  await createByHand(harness, APP, config);
  await harness.pass(30);
  return harness;
};

test('machines of the platform’s CLI are stamped where they run: no restart, no second set', async () => {
  const harness = await deployed();
  const before = only(harness.machines(APP));
  const { instanceId } = before;
  await harness.restart();
  await harness.untilSettled(60);
  const after = only(harness.machines(APP));
  expect(harness.machines(APP)).toHaveLength(1);
  expect(after.instanceId).toBe(instanceId);
  expect(after.config.metadata?.['trimtab_owner']).toBe('acme/test');
  await harness.stop();
});
test('the first change after taking over waits for a person when it restarts', async () => {
  const harness = await deployed({ memory: '512mb' });
  const { instanceId } = only(harness.machines(APP));
  await harness.restart();
  await harness.pass(60);
  expect(only(harness.machines(APP)).instanceId).toBe(instanceId);
  expect(harness.status(APP)?.held.map(({ reason }) => reason)).toContain('ApprovalRequired');
  await harness.stop();
});
test('adopt: false never makes a second set beside what runs', async () => {
  const harness = await deployed({ extra: '  adopt: false\n' });
  await harness.restart();
  const before = harness.writes();
  await harness.pass(120);
  expect(harness.writes()).toBe(before);
  expect(harness.machines(APP)).toHaveLength(1);
  expect(harness.status(APP)?.held.map(({ reason }) => reason)).toContain('ForeignMachines');
  await harness.stop();
});
test('who only observes writes nothing, whatever differs', async () => {
  const harness = await deployed({ mode: 'observe', memory: '512mb', machines: '{ nrt: 3 }' });
  const before = harness.writes();
  await harness.restart();
  await harness.pass(300);
  expect(harness.writes()).toBe(before);
  expect(harness.status(APP)?.sync).toBe('OutOfSync');
  await harness.stop();
});
test('a machine without a stamp that comes later is left alone', async () => {
  const harness = await makeHarness({ files: oneApp() });
  await harness.untilSettled();
  await createByHand(harness, APP, {}, { name: 'somebodys-own' });
  const find = () => harness.machines(APP).find(({ name }) => name === 'somebodys-own');
  await harness.pass(30);
  const made = find();
  if (made === undefined) throw new Error('it was not made');
  await updateByHand(harness, made, withMemory(512));
  await harness.pass(120);
  expect(find()?.state).toBe('started');
  expect(find()?.config.guest?.memory_mb).toBe(512);
  expect(find()?.config.metadata?.['trimtab_owner']).toBeUndefined();
  expect(harness.status(APP)?.foreign.join()).toContain('somebodys-own');
  await harness.stop();
});
test('manual waits for a person, and goes on with the word', async () => {
  const harness = await makeHarness({ files: oneApp({ mode: 'manual' }) });
  await harness.pass(60);
  expect(harness.machines(APP)).toHaveLength(0);
  await approve(harness);
  await harness.untilSettled(120);
  expect(harness.machines(APP)).toHaveLength(2);
  await harness.stop();
});
