import { describe, expect, test } from 'vitest';
import { IMAGE, makeSceneWithApp, objectAt, type Scene, textAt } from '#test/support/scene.ts';

const make = (scene: Scene, definition = {}) =>
  scene.call('POST', '/api/v1/releases', { app_name: 'acme-web', image: IMAGE, strategy: 'ROLLING', definition });
const current = (scene: Scene) => scene.call('GET', '/api/v1/apps/acme-web/releases/current');

describe('releases', () => {
  test('count 1, 2, 3 per app, begin pending, and come wrapped when made and listed, bare when read and changed', async () => {
    const scene = await makeSceneWithApp();
    await scene.call('POST', '/v1/apps', { name: 'acme-api', org_slug: 'acme' });
    const made = await make(scene);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ release: { version: 1, status: 'pending', in_progress: true, stable: false, image_ref: IMAGE } });
    expect((await make(scene)).body).toMatchObject({ release: { version: 2 } });
    const other = await scene.call('POST', '/api/v1/releases', { app_name: 'acme-api', image: IMAGE });
    expect(other.body).toMatchObject({ release: { version: 1 } });
    const id = textAt(objectAt(made.body, 'release'), 'id');
    const patched = await scene.call('PATCH', `/api/v1/releases/${id}`, { status: 'running', metadata: null });
    expect(patched).toMatchObject({ status: 200, body: { id, status: 'running', user: 'ops@example.com' } });
    expect((await current(scene)).body).toMatchObject({ version: 2 });
    const listed = await scene.call('GET', '/api/v1/apps/acme-web/releases?limit=1');
    expect(listed.body).toMatchObject({ releases: [{ version: 2, created_at: expect.stringMatching(/^2026-10-01T09:00:/) }] });
  });

  test('make an app deployed once one is complete, and not before', async () => {
    const scene = await makeSceneWithApp();
    const status = async () => textAt((await scene.call('GET', '/v1/apps/acme-web')).body, 'status');
    const id = textAt(objectAt((await make(scene)).body, 'release'), 'id');
    for (const word of ['running', 'failed']) await scene.call('PATCH', `/api/v1/releases/${id}`, { status: word });
    expect(await status()).toBe('pending');
    await scene.call('PATCH', `/api/v1/releases/${id}`, { status: 'complete' });
    expect(await status()).toBe('deployed');
  });

  test('that do not exist are 404', async () => {
    const scene = await makeSceneWithApp();
    const answers = [
      await current(scene),
      await scene.call('PATCH', '/api/v1/releases/none', { status: 'running' }),
      await scene.call('POST', '/api/v1/releases', { app_name: 'none' }),
      await scene.call('GET', '/api/v1/nothing'),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([404, 404, 404, 404]);
  });
});

test('organizations and builds are answered as the CLI needs them', async () => {
  const scene = await makeSceneWithApp();
  const organization = await scene.call('GET', '/api/v1/organizations/acme');
  expect(organization.body).toMatchObject({
    organization: { slug: 'acme', raw_slug: 'acme', internal_numeric_id: expect.any(Number), billable: true },
  });
  const build = await scene.call('POST', '/api/v1/builds', { app_name: 'acme-web' });
  expect(build).toMatchObject({
    status: 200,
    body: { id: expect.any(Number), status: expect.any(String), wallclock_time_ms: expect.any(Number) },
  });
  expect((await scene.call('POST', '/api/v1/builds/finish', {})).status).toBe(200);
  expect(scene.world.counters.writes).toBe(1);
});
