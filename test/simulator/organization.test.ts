import { describe, expect, test } from 'vitest';
import type { Json } from '#domain/json.ts';
import { createIn, listAt, machinePath, makeScene, makeSceneWithApp, type Scene, startIn, textAt, valueAt } from '#test/support/scene.ts';

async function list(
  scene: Scene,
  query = '',
): Promise<{ readonly body: Json; readonly states: Readonly<Record<string, Json | undefined>> }> {
  const { status, body } = await scene.call('GET', `/v1/orgs/acme/machines${query}`);
  expect(status).toBe(200);
  return { body, states: Object.fromEntries(listAt(body, 'machines').map((entry) => [textAt(entry, 'id'), valueAt(entry, 'state')])) };
}

describe('the organization-wide list of machines', () => {
  test('has of each machine what the platform gives there, and no more', async () => {
    const scene = await makeSceneWithApp();
    await startIn(scene, { env: { SECRET: 'no' }, services: [{ internal_port: 1 }], metadata: { a: '1' } });
    const [entry] = listAt((await list(scene)).body, 'machines');
    expect(Object.keys(entry ?? {}).sort()).toEqual(
      ['app_name', 'config', 'created_at', 'id', 'instance_id', 'name', 'private_ip', 'region', 'state', 'updated_at', 'version'].sort(),
    );
    expect(Object.keys(valueAt(entry, 'config') ?? {}).sort()).toEqual(['guest', 'image', 'metadata']);
  });

  test('is behind by its lag', async () => {
    const scene = await makeSceneWithApp({ listLagMs: 3_000 });
    const id = await createIn(scene);
    expect((await list(scene)).states).toEqual({});
    await scene.pass(30);
    await scene.call('POST', `${machinePath(id)}/stop`);
    await scene.pass(1.5);
    expect(scene.machine(id).state).toBe('stopped');
    expect((await list(scene)).states).toEqual({ [id]: 'started' });
    await scene.pass(3);
    expect((await list(scene)).states).toEqual({ [id]: 'stopped' });
  });

  test('gives only what changed since', async () => {
    const scene = await makeSceneWithApp();
    const old = await startIn(scene);
    const since = new Date(scene.clock.now()).toISOString();
    await scene.pass(10);
    const young = await startIn(scene);
    expect((await list(scene, `?updated_after=${since}`)).states).toEqual({ [young]: 'started' });
    await scene.call('POST', `${machinePath(old)}/cordon`);
    await scene.pass(2);
    expect(Object.keys((await list(scene, `?updated_after=${since}`)).states)).toEqual([young]);
    await scene.call('POST', `${machinePath(old)}/stop`);
    await scene.pass(2);
    expect(Object.keys((await list(scene, `?updated_after=${since}`)).states).sort()).toEqual([old, young].sort());
  });

  test('tells of destroyed machines only when asked', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    await scene.call('DELETE', `${machinePath(id)}?kill=true`);
    await scene.pass(5);
    expect((await list(scene)).states).toEqual({});
    expect((await list(scene, '?include_deleted=true')).states).toEqual({ [id]: 'destroyed' });
  });

  test('comes in pages, each machine once', async () => {
    const scene = await makeSceneWithApp({ listLagMs: 0 });
    for (let at = 0; at < 7; at++) {
      await createIn(scene);
      await scene.pass(2);
    }
    await scene.pass(20);
    const seen: string[] = [];
    const sizes: number[] = [];
    for (let cursor: string | null = '', rounds = 0; cursor !== null && rounds < 5; rounds++) {
      const { body } = await list(scene, `?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`);
      const ids = listAt(body, 'machines').map((entry) => textAt(entry, 'id'));
      seen.push(...ids);
      sizes.push(ids.length);
      const next = valueAt(body, 'next_cursor');
      cursor = typeof next === 'string' ? next : null;
      await scene.pass(1);
    }
    expect(sizes).toEqual([3, 3, 1]);
    expect(new Set(seen)).toEqual(new Set(scene.world.machines.keys()));
    expect(seen).toHaveLength(7);
  });

  test('names the regions it cannot reach, and leaves their machines out', async () => {
    const scene = await makeSceneWithApp();
    const near = await startIn(scene);
    await startIn(scene, {}, { region: 'sin' });
    await scene.call('POST', '/_sim/acts', { act: 'errorRegions', regions: ['sin'] });
    const { body, states } = await list(scene);
    expect(valueAt(body, 'error_regions')).toEqual(['sin']);
    expect(states).toEqual({ [near]: 'started' });
    await scene.call('POST', '/_sim/acts', { act: 'errorRegions', regions: [] });
    expect(valueAt((await list(scene)).body, 'error_regions')).toBeUndefined();
  });

  test('takes region and states', async () => {
    const scene = await makeSceneWithApp();
    const [up, down] = [await createIn(scene), await createIn(scene, {}, { region: 'sin', skip_launch: true })];
    await scene.pass(10);
    expect(Object.keys((await list(scene, '?region=sin')).states)).toEqual([down]);
    expect(Object.keys((await list(scene, '?state=started,failed')).states)).toEqual([up]);
  });

  test('is not found for an organization that does not exist', async () => {
    expect((await makeScene().call('GET', '/v1/orgs/nobody/machines')).status).toBe(404);
  });
});

describe('the list of one app', () => {
  test('takes region, states and metadata', async () => {
    const scene = await makeSceneWithApp();
    const one = await createIn(scene, { metadata: { role: 'a' } });
    await createIn(scene, { metadata: { role: 'b' } }, { region: 'sin' });
    const ids = async (query: string): Promise<readonly string[]> =>
      listAt({ all: (await scene.call('GET', `/v1/apps/acme-web/machines?${query}`)).body }, 'all').map((entry) => textAt(entry, 'id'));
    expect(await ids('metadata.role=a')).toEqual([one]);
    expect(await ids('region=nrt')).toEqual([one]);
    expect(await ids('state=destroyed')).toEqual([]);
  });

  test('lags after a create when told to', async () => {
    const scene = await makeSceneWithApp();
    await scene.call('POST', '/_sim/acts', { act: 'createLag', ms: 2_000 });
    const id = await createIn(scene);
    const ids = async () => listAt({ all: (await scene.call('GET', '/v1/apps/acme-web/machines')).body }, 'all').length;
    expect([await ids(), (await scene.call('GET', machinePath(id))).status]).toEqual([0, 200]);
    await scene.pass(2);
    expect(await ids()).toBe(1);
  });
});

test('regions, room and token are told', async () => {
  const scene = makeScene();
  scene.world.capacity.set('nrt', 1);
  const regions = listAt((await scene.call('GET', '/v1/platform/regions')).body, 'regions').map((entry) => valueAt(entry, 'code'));
  expect(regions).toEqual(expect.arrayContaining(['nrt', 'iad', 'sin']));
  const found = await scene.call('POST', '/v1/platform/placements', { org_slug: 'acme', region: 'nrt,sin', count: 3, compute: {} });
  expect(found.body).toMatchObject({
    regions: [
      { region: 'nrt', count: 1 },
      { region: 'sin', count: 3 },
    ],
  });
  expect((await scene.call('GET', '/v1/tokens/current')).body).toMatchObject({ tokens: [{ org_slug: 'acme', user: 'ops@example.com' }] });
});
