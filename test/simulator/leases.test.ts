import { describe, expect, test } from 'vitest';
import { createIn, machinePath, makeSceneWithApp, type Scene, startIn, textAt, valueAt } from '#test/support/scene.ts';

const acquire = (scene: Scene, id: string, ttl = 13, nonce?: string) =>
  scene.call(
    'POST',
    `${machinePath(id)}/lease?ttl=${ttl}`,
    undefined,
    nonce === undefined ? {} : { headers: { 'fly-machine-lease-nonce': nonce } },
  );
const withNonce = (nonce: string) => ({ headers: { 'Fly-Machine-Lease-Nonce': nonce } });

describe('a lease', () => {
  test('comes in an envelope with the version of the machine', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    const { status, body } = await acquire(scene, id);
    expect(status).toBe(201);
    const expires = Math.floor(scene.clock.now() / 1_000) + 13;
    expect(body).toMatchObject({ status: 'success', data: { version: scene.machine(id).instanceId, expires_at: expires } });
  });

  test('keeps its nonce when it is refreshed, and takes the ttl from query or body', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    const nonce = textAt((await acquire(scene, id)).body, 'data', 'nonce');
    const again = await scene.call('POST', `${machinePath(id)}/lease`, { ttl: 60 }, withNonce(nonce));
    expect(valueAt(again.body, 'data', 'nonce')).toBe(nonce);
    expect(scene.machine(id).lease?.expiresAt).toBe(scene.clock.now() + 60_000);
  });

  test('keeps everybody else out of writes until it is released', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    const nonce = textAt((await acquire(scene, id)).body, 'data', 'nonce');
    const refused = [
      await acquire(scene, id),
      await scene.call('POST', `${machinePath(id)}/stop`),
      await scene.call('POST', machinePath(id), { config: { image: 'a' } }),
      await scene.call('DELETE', `${machinePath(id)}?force=true`),
      await scene.call('POST', `${machinePath(id)}/cordon`, undefined, withNonce('another')),
    ];
    expect(refused.map((answer) => answer.status)).toEqual([409, 409, 409, 409, 409]);
    expect(textAt(refused[0]?.body, 'error')).toMatch(/^lease currently held by ops@example\.com/);
    expect((await scene.call('POST', `${machinePath(id)}/cordon`, undefined, withNonce(nonce))).status).toBe(200);
    const released = await scene.call('DELETE', `${machinePath(id)}/lease`, undefined, withNonce(nonce));
    expect(released.body).toEqual({ status: 'success', data: { ok: true } });
    expect((await scene.call('POST', `${machinePath(id)}/stop`)).status).toBe(200);
  });

  test('ends by itself', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    await acquire(scene, id, 13);
    await scene.pass(14);
    expect((await scene.call('GET', `${machinePath(id)}/lease`)).status).toBe(404);
    expect((await acquire(scene, id)).status).toBe(201);
  });

  test('shows its nonce to nobody who reads it or the machine', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    const nonce = textAt((await acquire(scene, id)).body, 'data', 'nonce');
    const read = [await scene.call('GET', `${machinePath(id)}/lease`), await scene.call('GET', machinePath(id))];
    expect(read.map((answer) => answer.status)).toEqual([200, 200]);
    expect(JSON.stringify(read.map((answer) => answer.body))).not.toContain(nonce);
  });

  test('is made with the machine for its creator, who alone is told the nonce', async () => {
    const scene = await makeSceneWithApp();
    const made = await scene.call('POST', '/v1/apps/acme-web/machines', { lease_ttl: 300, config: { image: 'a' } });
    const [id, nonce] = [textAt(made.body, 'id'), textAt(made.body, 'nonce')];
    expect((await acquire(scene, id)).status).toBe(409);
    expect((await scene.call('DELETE', `${machinePath(id)}/lease`, undefined, withNonce(nonce))).status).toBe(200);
    expect(valueAt((await scene.call('GET', machinePath(await createIn(scene)))).body, 'nonce')).toBeUndefined();
  });
});

describe('metadata', () => {
  test('is written without a new instance, a restart or a newer updated_at, but shows in the organization-wide list', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, { metadata: { kept: 'yes', gone: 'soon' } });
    const { instanceId, updatedAt, state } = scene.machine(id);
    await scene.pass(60);
    const { status, body } = await scene.call('PATCH', `${machinePath(id)}/metadata`, { metadata: { a: '1', gone: null } });
    expect({ status, body }).toEqual({ status: 204, body: null });
    expect(scene.machine(id).config.metadata).toEqual({ kept: 'yes', a: '1' });
    expect(scene.machine(id)).toMatchObject({ instanceId, updatedAt, state });
    const list = await scene.call('GET', '/v1/orgs/acme/machines');
    expect(list.body).toMatchObject({ machines: [{ id, config: { metadata: { a: '1' } } }] });
  });

  test('is replaced whole by PUT, and refused for a stale version', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, { metadata: { old: '1' } });
    const stale = await scene.call('PATCH', `${machinePath(id)}/metadata`, { metadata: { a: '1' }, machine_version: '01OLD' });
    expect(stale.status).toBe(412);
    const { instanceId } = scene.machine(id);
    await scene.call('PUT', `${machinePath(id)}/metadata`, { metadata: { b: '2' }, machine_version: instanceId });
    expect(scene.machine(id).config.metadata).toEqual({ b: '2' });
  });

  test('is written and taken away by key', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    const path = `${machinePath(id)}/metadata/role`;
    expect((await scene.call('POST', path, { value: 'primary' })).status).toBe(204);
    expect((await scene.call('GET', path)).body).toEqual({ value: 'primary' });
    expect((await scene.call('DELETE', path)).status).toBe(204);
    expect((await scene.call('GET', path)).status).toBe(404);
  });
});

describe('cordon and checks', () => {
  test('do not move updated_at either', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, { checks: { alive: { type: 'http', port: 80, interval: '2s' } } });
    const { updatedAt } = scene.machine(id);
    await scene.call('POST', `${machinePath(id)}/cordon`);
    await scene.call('POST', '/_sim/acts', { act: 'checkFails', machine: id });
    expect(scene.machine(id)).toMatchObject({ updatedAt, cordoned: true, checks: [{ status: 'critical' }] });
    await scene.call('POST', `${machinePath(id)}/uncordon`);
    expect(scene.machine(id)).toMatchObject({ updatedAt, cordoned: false });
  });

  test('of a service are named after their place, kind and port', async () => {
    const scene = await makeSceneWithApp();
    const service = {
      internal_port: 8080,
      checks: [
        { type: 'http', interval: '2s' },
        { type: 'tcp', port: 9 },
      ],
    };
    const id = await startIn(scene, { services: [service] });
    expect(scene.machine(id).checks.map((check) => check.name)).toEqual(['servicecheck-00-http-8080', 'servicecheck-01-tcp-9']);
  });

  test('never pass with an image that fails them', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, { image: 'a/unhealthy:v1', checks: { alive: { type: 'http', port: 80 } } });
    await scene.pass(600);
    expect(scene.machine(id)).toMatchObject({ state: 'started', checks: [{ status: 'critical' }] });
  });
});

describe('waiting', () => {
  const wait = (scene: Scene, id: string, query: string) => scene.call('GET', `${machinePath(id)}/wait?${query}`);

  test('ends when the state is reached, and names version and event', async () => {
    const scene = await makeSceneWithApp();
    const id = await createIn(scene);
    const waiting = wait(scene, id, 'state=started&timeout=30');
    await scene.pass(5);
    const { status, body } = await waiting;
    const [event] = scene.machine(id).events;
    expect(status).toBe(200);
    expect(body).toEqual({ ok: true, state: 'started', version: scene.machine(id).instanceId, event_id: event?.id });
  });

  test('times out with 408', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    const waiting = wait(scene, id, 'state=stopped&timeout=5');
    await scene.pass(4.9);
    await scene.pass(0.2);
    expect((await waiting).status).toBe(408);
  });

  test('for a machine that is gone is refused with 400, but for its end is answered', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    await scene.call('DELETE', `${machinePath(id)}?kill=true`);
    await scene.pass(2);
    const refused = await wait(scene, id, 'state=started');
    expect([refused.status, textAt(refused.body, 'error')]).toEqual([
      400,
      expect.stringContaining('machine failed to reach desired state'),
    ]);
    expect((await wait(scene, id, 'state=destroyed')).status).toBe(200);
  });

  test('for settled takes any resting state, and several states may be named', async () => {
    const scene = await makeSceneWithApp();
    const [up, down] = [await createIn(scene), await createIn(scene, {}, { skip_launch: true })];
    const waiting = [
      wait(scene, up, 'state=settled'),
      wait(scene, down, 'state=started,stopped'),
      wait(scene, up, 'state=stopped&state=started'),
    ];
    await scene.pass(5);
    expect((await Promise.all(waiting)).map(({ body }) => valueAt(body, 'state'))).toEqual(['started', 'stopped', 'started']);
  });

  test('for a version is not content with the one before', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    const updated = await scene.call('POST', machinePath(id), { config: { image: 'a:v2' } });
    const waiting = wait(scene, id, `state=started&version=${textAt(updated.body, 'instance_id')}`);
    await scene.pass(8);
    expect(await waiting).toMatchObject({ status: 200, body: { version: scene.machine(id).instanceId } });
  });
});
