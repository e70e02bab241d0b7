import { describe, expect, test } from 'vitest';
import {
  APP_PATH,
  createIn,
  IMAGE,
  MACHINES_PATH,
  machinePath,
  makeSceneWithApp,
  type Scene,
  startIn,
  textAt,
  valueAt,
} from '#test/support/scene.ts';

const makeVolume = async (scene: Scene, body = {}): Promise<string> =>
  textAt((await scene.call('POST', `${APP_PATH}/volumes`, { name: 'data', region: 'nrt', size_gb: 2, ...body })).body, 'id');
const onVolume = (volume: string) => ({ mounts: [{ volume, path: '/data' }] });
const volumeOf = (scene: Scene, id: string) => scene.world.volumes.get(id);

describe('a volume', () => {
  test("is made with the platform's defaults", async () => {
    const scene = await makeSceneWithApp();
    const { status, body } = await scene.call('POST', `${APP_PATH}/volumes`, { name: 'data', region: 'nrt' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ state: 'creating', encrypted: true, snapshot_retention: 5, auto_backup_enabled: true });
    expect(body).toMatchObject({ attached_machine_id: null, host_status: 'ok' });
    await scene.pass(1);
    expect((await scene.call('GET', `${APP_PATH}/volumes`)).body).toMatchObject([{ state: 'created', name: 'data' }]);
  });

  test('may share its name with another', async () => {
    const scene = await makeSceneWithApp();
    expect(await makeVolume(scene)).not.toBe(await makeVolume(scene));
  });

  test('is attached when a machine is created with it, which then goes where it is, and knows name and size', async () => {
    const scene = await makeSceneWithApp();
    const volume = await makeVolume(scene, { region: 'sin' });
    const id = await createIn(scene, onVolume(volume), { region: 'sin' });
    expect(volumeOf(scene, volume)?.attachedMachine).toBe(id);
    expect(scene.machine(id)).toMatchObject({ region: 'sin', host: volumeOf(scene, volume)?.host });
    expect(scene.machine(id).config.mounts).toMatchObject([{ volume, path: '/data', name: 'data', size_gb: 2, encrypted: true }]);
  });

  test.each([
    [
      'another machine has it',
      422,
      async (scene: Scene) => {
        const volume = await makeVolume(scene);
        await createIn(scene, onVolume(volume));
        return volume;
      },
    ],
    ['it is in another region', 400, (scene: Scene) => makeVolume(scene, { region: 'sin' })],
    ['it does not exist', 400, async () => 'vol_nothing'],
  ])('is not attached when %s', async (_, status, make) => {
    const scene = await makeSceneWithApp();
    const config = { image: IMAGE, ...onVolume(await make(scene)) };
    const { size } = scene.world.machines;
    expect((await scene.call('POST', MACHINES_PATH, { region: 'nrt', config })).status).toBe(status);
    expect(scene.world.machines.size).toBe(size);
  });

  test('cannot be swapped under a machine, but its path can change', async () => {
    const scene = await makeSceneWithApp();
    const [one, two] = [await makeVolume(scene), await makeVolume(scene)];
    const id = await startIn(scene, onVolume(one));
    const update = (mounts: object) => scene.call('POST', machinePath(id), { config: { image: IMAGE, ...mounts } });
    expect((await update(onVolume(two))).status).toBe(400);
    expect((await update({})).status).toBe(400);
    expect((await update({ mounts: [{ volume: one, path: '/elsewhere' }] })).status).toBe(200);
  });

  test('stays when its machine is destroyed, and is free again', async () => {
    const scene = await makeSceneWithApp();
    const volume = await makeVolume(scene);
    const id = await startIn(scene, onVolume(volume));
    await scene.call('DELETE', `${machinePath(id)}?force=true`);
    await scene.pass(2);
    expect(volumeOf(scene, volume)).toMatchObject({ attachedMachine: null, state: 'created' });
    expect((await createIn(scene, onVolume(volume))).length).toBe(14);
  });

  test('has another id, and its machine another address, after its machine was moved to another host', async () => {
    const scene = await makeSceneWithApp();
    const volume = await makeVolume(scene);
    const id = await startIn(scene, onVolume(volume));
    const { privateIp, instanceId } = scene.machine(id);
    await scene.call('POST', '/_sim/acts', { act: 'migrate', machine: id });
    const { body } = await scene.call('GET', machinePath(id));
    const moved = [...scene.world.volumes.keys()];
    expect(moved).toHaveLength(1);
    expect(moved).not.toContain(volume);
    expect(body).toMatchObject({ id, instance_id: instanceId, config: { mounts: [{ volume: moved[0] }] } });
    expect(valueAt(body, 'private_ip')).not.toBe(privateIp);
  });

  test('grows and never shrinks, takes snapshots, and is soft-deleted only when free', async () => {
    const scene = await makeSceneWithApp();
    const volume = await makeVolume(scene);
    const id = await startIn(scene, onVolume(volume));
    const path = `${APP_PATH}/volumes/${volume}`;
    expect((await scene.call('PUT', `${path}/extend`, { size_gb: 1 })).status).toBe(422);
    expect((await scene.call('PUT', `${path}/extend`, { size_gb: 5 })).body).toMatchObject({
      needs_restart: false,
      volume: { size_gb: 5 },
    });
    await scene.call('POST', `${path}/snapshots`);
    expect((await scene.call('GET', `${path}/snapshots`)).body).toMatchObject([{ status: 'created', retention_days: 5 }]);
    expect((await scene.call('PUT', path, { snapshot_retention: 9 })).body).toMatchObject({ snapshot_retention: 9 });
    expect((await scene.call('DELETE', path)).status).toBe(412);
    await scene.call('DELETE', `${machinePath(id)}?force=true`);
    await scene.pass(2);
    expect((await scene.call('DELETE', path)).body).toMatchObject({ state: 'pending_destroy' });
    await scene.pass(25 * 3_600);
    expect(scene.world.volumes.size).toBe(0);
  });
});

describe('secrets', () => {
  const set = async (scene: Scene, values: Record<string, string | null>) =>
    valueAt((await scene.call('POST', `${APP_PATH}/secrets`, { values })).body, 'version');

  test('have a version that rises with each change, also when what is deleted was not there', async () => {
    const scene = await makeSceneWithApp();
    expect([await set(scene, { A: '1', B: '2' }), await set(scene, { A: null }), await set(scene, { NOTHING: null })]).toEqual([1, 2, 3]);
    expect((await scene.call('DELETE', `${APP_PATH}/secrets/NEITHER`)).body).toMatchObject({ version: 4 });
    expect((await scene.call('POST', `${APP_PATH}/secrets/C`, { value: 'x' })).status).toBe(201);
    const { body } = await scene.call('GET', `${APP_PATH}/secrets`);
    expect(body).toMatchObject({ secrets: [{ name: 'B' }, { name: 'C' }] });
  });

  test('are told by digests that follow the value and nothing else', async () => {
    const scene = await makeSceneWithApp();
    const digest = async () => textAt((await scene.call('GET', `${APP_PATH}/secrets/A`)).body, 'digest');
    await set(scene, { A: 'one' });
    const one = await digest();
    await set(scene, { A: 'two' });
    expect(await digest()).not.toBe(one);
    await set(scene, { A: 'one' });
    expect(await digest()).toBe(one);
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(JSON.stringify((await scene.call('GET', `${APP_PATH}/secrets?show_secrets=true`)).body)).not.toContain('"one"');
  });

  test('restart nothing; a machine has those of its last update', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    const { instanceId } = scene.machine(id);
    await set(scene, { A: '1' });
    await scene.pass(60);
    expect(scene.machine(id)).toMatchObject({ instanceId, secretsVersion: 0 });
    await scene.call('POST', machinePath(id), { config: { image: IMAGE } });
    expect(scene.machine(id).secretsVersion).toBe(1);
  });
});
