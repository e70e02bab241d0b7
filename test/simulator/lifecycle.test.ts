import { describe, expect, test } from 'vitest';
import { isJsonObject } from '#domain/json.ts';
import { crash } from '#simulator/lifecycle.ts';
import { createIn, listAt, MACHINES_PATH, machinePath, makeSceneWithApp, startIn, textAt, typesOf } from '#test/support/scene.ts';

const CHECKED = { checks: { alive: { type: 'http', port: 8080, interval: '5s' } } };
const exitOf = (event: { readonly request?: unknown } | undefined): unknown =>
  isJsonObject(event?.request) ? event.request['exit_event'] : undefined;

describe('a machine that is created', () => {
  test('is answered as created, boots within seconds and passes its checks after a critical start', async () => {
    const scene = await makeSceneWithApp();
    const { body } = await scene.call('POST', MACHINES_PATH, { config: { image: 'a/b:v1', ...CHECKED }, region: 'nrt' });
    expect(body).toMatchObject({ state: 'created', host_status: 'ok', cordoned: false, region: 'nrt', checks: [] });
    const row = scene.machine(textAt(body, 'id'));
    await scene.pass(0.8);
    expect(row.state).toBe('created');
    while (row.state !== 'started') await scene.pass(0.05);
    expect(row.checks).toMatchObject([{ name: 'alive', status: 'critical' }]);
    await scene.pass(6);
    expect(row.checks).toMatchObject([{ name: 'alive', status: 'passing' }]);
    expect(typesOf(row)).toEqual(['launch created', 'start starting', 'start started']);
  });

  test('is answered with the defaults that it did not say', async () => {
    const scene = await makeSceneWithApp();
    const { body } = await scene.call('GET', machinePath(await startIn(scene)));
    expect(body).toMatchObject({ config: { init: {}, guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 }, restart: {}, dns: {} } });
    expect(body).toMatchObject({ image_ref: { registry: 'registry.fly.io', repository: 'acme-web', tag: 'v1', labels: {} } });
  });

  test('rests in stopped when its launch is skipped, and starts when asked', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, {}, { skip_launch: true });
    expect(scene.machine(id).state).toBe('stopped');
    expect((await scene.call('POST', `${machinePath(id)}/start`)).body).toMatchObject({ previous_state: 'stopped', migrated: false });
    await scene.pass(5);
    expect(scene.machine(id).state).toBe('started');
  });

  test('begins cordoned when its registration is skipped', async () => {
    const scene = await makeSceneWithApp();
    expect(scene.machine(await createIn(scene, {}, { skip_service_registration: true })).cordoned).toBe(true);
  });

  test('fails to launch and is gone when the registry does not have its image', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, { image: 'registry.fly.io/missing:v1' });
    expect(scene.machine(id).state).toBe('destroyed');
    expect(typesOf(scene.machine(id))).toContain('launch failed');
  });

  test('with a slow image takes twenty times as long to boot', async () => {
    const scene = await makeSceneWithApp();
    const id = await createIn(scene, { image: 'registry.fly.io/slow:v1' });
    await scene.pass(6);
    expect(scene.machine(id).state).toBe('starting');
    await scene.pass(24);
    expect(scene.machine(id).state).toBe('started');
  });

  test.each([
    ['no image', { config: {} }],
    ['a guest that does not exist', { config: { image: 'a', guest: { cpu_kind: 'shared', cpus: 3, memory_mb: 256 } } }],
    ['auto_destroy without restart no', { config: { image: 'a', auto_destroy: true } }],
    ['two mounts', { config: { image: 'a', mounts: [{ volume: 'a' }, { volume: 'b' }] } }],
    ['an unknown region', { config: { image: 'a' }, region: 'xyz' }],
  ])('is refused with %s', async (_, body) => {
    const scene = await makeSceneWithApp();
    expect((await scene.call('POST', MACHINES_PATH, body)).status).toBe(400);
    expect(scene.world.machines.size).toBe(0);
  });

  test('is refused under a name that is taken, and goes to the next region with room', async () => {
    const scene = await makeSceneWithApp();
    await createIn(scene, {}, { name: 'one' });
    const again = await scene.call('POST', MACHINES_PATH, { name: 'one', config: { image: 'a' } });
    expect(again).toMatchObject({ status: 422, body: { status: 'name_taken' } });
    scene.world.capacity.set('nrt', 0);
    expect(scene.machine(await createIn(scene, {}, { region: 'nrt,sin' })).region).toBe('sin');
    await scene.pass(3);
    const full = await scene.call('POST', MACHINES_PATH, { region: 'nrt', config: { image: 'a' } });
    expect(full).toMatchObject({ status: 503, body: { status: 'insufficient_capacity' } });
  });
});

describe('a machine that is updated', () => {
  test('gets a new instance, keeps name and region, and has its whole config replaced', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, { env: { A: '1' }, ...CHECKED });
    const { instanceId, name } = scene.machine(id);
    const { body } = await scene.call('POST', machinePath(id), { config: { image: 'registry.fly.io/acme-web:v2' } });
    expect(body).toMatchObject({ state: 'replacing', name, region: 'nrt' });
    await scene.pass(10);
    const row = scene.machine(id);
    expect(row.instanceId).not.toBe(instanceId);
    expect(row).toMatchObject({ state: 'started', image: { tag: 'v2' } });
    expect(row.config.env).toBeUndefined();
    expect(row.checks).toEqual([]);
    expect(typesOf(row).slice(3)).toEqual(['update replacing', 'exit stopped', 'launch created', 'start starting', 'start started']);
    expect(exitOf(row.events.find((event) => event.type === 'exit'))).toMatchObject({ requested_stop: true, exit_code: 0 });
    expect((await scene.call('GET', `${machinePath(id)}/versions`)).body).toHaveLength(2);
  });

  test('stays stopped when stopped and its launch is skipped, and starts otherwise', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, {}, { skip_launch: true });
    await scene.call('POST', machinePath(id), { config: { image: 'a:v2' }, skip_launch: true });
    await scene.pass(10);
    expect(scene.machine(id)).toMatchObject({ state: 'stopped', image: { tag: 'v2' } });
    await scene.call('POST', machinePath(id), { config: { image: 'a:v3' } });
    await scene.pass(10);
    expect(scene.machine(id)).toMatchObject({ state: 'started', image: { tag: 'v3' } });
  });

  test('goes on with its old version when the registry does not have the new image, also when asked twice', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    const { instanceId, config } = scene.machine(id);
    for (const _ of [1, 2]) {
      const { status } = await scene.call('POST', machinePath(id), { config: { image: 'registry.fly.io/missing:v2' } });
      expect(status).toBe(200);
    }
    await scene.pass(10);
    expect(scene.machine(id)).toMatchObject({ state: 'started', instanceId, config, image: { tag: 'v1' } });
  });

  test('is refused when it has another version than the caller believes', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    const { status } = await scene.call('POST', machinePath(id), { config: { image: 'a' }, current_version: '01OLD' });
    expect(status).toBe(412);
  });
});

describe('a machine that runs', () => {
  test('stops, also twice, with an exit that was requested', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    for (const _ of [1, 2]) expect((await scene.call('POST', `${machinePath(id)}/stop`)).status).toBe(200);
    await scene.pass(3);
    expect(scene.machine(id).state).toBe('stopped');
    expect(exitOf(scene.machine(id).events[0])).toMatchObject({ exit_code: 0, requested_stop: true, oom_killed: false });
  });

  test('suspends and resumes faster than it boots', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    await scene.call('POST', `${machinePath(id)}/suspend`);
    await scene.pass(2);
    expect(scene.machine(id).state).toBe('suspended');
    await scene.call('POST', `${machinePath(id)}/start`);
    await scene.pass(0.3);
    expect(scene.machine(id).state).toBe('started');
  });

  test('loses its snapshot when it is stopped while suspended', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    await scene.call('POST', `${machinePath(id)}/suspend`);
    await scene.pass(2);
    await scene.call('POST', `${machinePath(id)}/stop`);
    expect(scene.machine(id).state).toBe('stopped');
  });

  test('is not destroyed without force; destroyed, it is readable by id but not listed', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    expect((await scene.call('DELETE', machinePath(id))).status).toBe(412);
    expect((await scene.call('DELETE', `${machinePath(id)}?kill=true`)).status).toBe(200);
    await scene.pass(2);
    expect((await scene.call('GET', machinePath(id))).body).toMatchObject({ state: 'destroyed' });
    expect((await scene.call('GET', MACHINES_PATH)).body).toEqual([]);
    expect(listAt({ all: (await scene.call('GET', `${MACHINES_PATH}?include_deleted=true`)).body }, 'all')).toHaveLength(1);
    expect((await scene.call('DELETE', `${machinePath(id)}?force=true`)).status).toBe(404);
  });
});

describe('a program that ends by itself', () => {
  test('is tried again with growing pauses until its tries are used up', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, { image: 'a:crash', restart: { policy: 'on-failure', max_retries: 3 } });
    await scene.pass(120);
    const row = scene.machine(id);
    const exits = row.events.filter((event) => event.type === 'exit');
    expect(row.state).toBe('stopped');
    expect(exits.map((event) => exitOf(event))).toMatchObject([{ restarting: false }, {}, {}, { restarting: true, exit_code: 1 }]);
    expect(exits[0]?.request).toMatchObject({ restart_count: 4 });
  });

  test('without a policy is tried ten times, with policy no never', async () => {
    const scene = await makeSceneWithApp();
    const [tried, never] = [
      await createIn(scene, { image: 'a:crash' }),
      await createIn(scene, { image: 'a:crash', restart: { policy: 'no' } }),
    ];
    await scene.pass(600);
    expect([scene.machine(tried), scene.machine(never)]).toMatchObject([
      { restarts: 11, state: 'stopped' },
      { restarts: 1, state: 'stopped' },
    ]);
  });

  test('for lack of memory says so', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    crash(scene.world, scene.machine(id), true);
    expect(exitOf(scene.machine(id).events[0])).toMatchObject({ oom_killed: true, exit_code: 137 });
  });

  test.each([
    ['migrate up', 0],
    ['exit 1', 1],
  ])('as a release command `%s` leaves its exit code in the events of a machine that destroys itself', async (command, code) => {
    const scene = await makeSceneWithApp();
    const job = { auto_destroy: true, restart: { policy: 'no' }, init: { cmd: command.split(' ') } };
    const id = await startIn(scene, job, { skip_launch: true });
    expect(scene.machine(id).state).toBe('stopped');
    await scene.call('POST', `${machinePath(id)}/start`);
    await scene.pass(10);
    const { body } = await scene.call('GET', machinePath(id));
    expect(body).toMatchObject({ state: 'destroyed' });
    const exit = scene.machine(id).events.find((event) => event.type === 'exit');
    expect(exitOf(exit)).toMatchObject({ exit_code: code, requested_stop: false });
  });
});
