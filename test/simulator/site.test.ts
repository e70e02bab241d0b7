/** What a smoke check sees of a simulated system: pages, login, discovery, certificates, and commands inside a machine. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '#domain/json.ts';
import { routeRequest } from '#simulator/proxy.ts';
import { machinePath, makeSceneWithApp, objectAt, type Scene, startIn, textAt, valueAt } from '#test/support/scene.ts';

const live = new AbortController().signal;
const web = (image: string, env: JsonObject = {}): JsonObject => ({
  image: `registry.fly.io/${image}`,
  env: { PRIMARY_REGION: 'nrt', ...env },
  services: [{ internal_port: 8080, ports: [{ port: 443 }] }],
});
const OIDC = {
  OIDC_ISSUER_URL: 'https://acme-authentik.fly.dev/application/o/client/',
  OIDC_CLIENT_ID: 'client-1',
  OIDC_REDIRECT_URI: 'https://acme-web.fly.dev/callback',
};
async function get(scene: Scene, path: string): Promise<Response> {
  const asked = routeRequest(scene.world, 'acme-web', live, new URL(`https://acme-web.fly.dev${path}`));
  await scene.pass(700);
  return asked;
}
const certificateOf = (response: Response): JsonObject => JSON.parse(response.headers.get('fly-simulated-certificate') ?? '{}');

describe('the edge', () => {
  test.each([
    { image: 'acme-web:v1', status: 200 },
    { image: 'acme-web:v1-smokefail', status: 500 },
    { image: 'acme-web:v1-smokehang', status: 200 },
  ])('answers $status from $image, whose checks pass', async ({ image, status }) => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, { ...web(image), checks: { alive: { type: 'tcp', port: 8080 } } });
    expect(scene.machine(id).checks.map((check) => check.status)).toEqual(['passing']);
    const began = scene.clock.now();
    const asked = routeRequest(scene.world, 'acme-web', live).then((response) => ({ response, took: scene.clock.now() - began }));
    await scene.pass(700);
    const { response, took } = await asked;
    expect(response.status).toBe(status);
    expect(took > 60_000).toBe(image.endsWith('hang'));
  });
  test('sends a login to the issuer with the client of its secrets, as Authentik wants it', async () => {
    const scene = await makeSceneWithApp();
    await startIn(scene, web('acme-web:v1'));
    expect((await get(scene, '/login')).status).toBe(200);
    await scene.call('POST', '/v1/apps/acme-web/secrets', { values: { ...OIDC, OIDC_CLIENT_SECRET: 'never-kept' } });
    const login = await get(scene, '/login');
    const target = new URL(login.headers.get('location') ?? '');
    expect(login.status).toBe(302);
    expect(`${target.origin}${target.pathname}`).toBe('https://acme-authentik.fly.dev/application/o/authorize/');
    expect(Object.fromEntries(target.searchParams)).toMatchObject({ client_id: 'client-1', redirect_uri: OIDC.OIDC_REDIRECT_URI });
    expect([...scene.world.siteValues.values()]).not.toContain('never-kept');
  });
  test.each([
    { word: 'smokeredirect', to: /client_id=somebody-else/ },
    { word: 'smokeloop', to: /^https:\/\/acme-web\.fly\.dev\/login$/ },
  ])('an image that says $word spoils the login', async ({ word, to }) => {
    const scene = await makeSceneWithApp();
    await startIn(scene, web(`acme-web:v1-${word}`, OIDC));
    expect((await get(scene, '/login')).headers.get('location')).toMatch(to);
  });
  test('an identity provider tells of itself', async () => {
    const scene = await makeSceneWithApp();
    await startIn(scene, web('goauthentik/server:2026.8.1'));
    const found = await get(scene, '/application/o/client/.well-known/openid-configuration');
    expect(await found.json()).toMatchObject({
      issuer: 'https://acme-web.fly.dev/application/o/client/',
      authorization_endpoint: 'https://acme-web.fly.dev/application/o/authorize/',
    });
  });
  test.each([
    { image: 'acme-web:v1', problem: null, days: 60 },
    { image: 'acme-web:v1-smokecert', problem: 'ERR_TLS_CERT_ALTNAME_INVALID', days: 60 },
    { image: 'acme-web:v1-smokeexpired', problem: 'CERT_HAS_EXPIRED', days: -1 },
    { image: 'acme-web:v1-smokeexpiring', problem: null, days: 3 },
  ])('tells what the certificate of $image would be', async ({ image, problem, days }) => {
    const scene = await makeSceneWithApp();
    await startIn(scene, web(image));
    const told = certificateOf(await get(scene, '/'));
    expect(told['problem']).toBe(problem);
    expect(Math.round((Number(told['validTo']) - scene.clock.now()) / 86_400_000)).toBe(days);
  });
  test('an act decides whatever the image says, until another act', async () => {
    const scene = await makeSceneWithApp();
    await startIn(scene, web('acme-web:v1-smokefail'));
    await scene.call('POST', '/_sim/acts', { act: 'site', app: 'acme-web', is: null });
    expect((await get(scene, '/')).status).toBe(200);
    await scene.call('POST', '/_sim/acts', { act: 'site', app: 'acme-web', is: 'fail' });
    expect((await get(scene, '/')).status).toBe(500);
  });
});

describe('a command in a machine', () => {
  async function inBackend(image = 'acme-backend:v1', from = 'acme-web:v1'): Promise<{ run(...command: string[]): Promise<JsonObject> }> {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, web(from));
    await scene.call('POST', '/v1/apps', { name: 'acme-backend', org_slug: 'acme' });
    const config = { image: `registry.fly.io/${image}`, checks: { grpc: { type: 'tcp', port: 50051 } } };
    await scene.call('POST', '/v1/apps/acme-backend/machines', { region: 'nrt', config });
    await scene.pass(30);
    return {
      run: async (...command) => {
        const asked = scene.call('POST', `${machinePath(id)}/exec`, { command, timeout: 5 });
        await scene.pass(700);
        const { status, body } = await asked;
        return { ...objectAt(body), status };
      },
    };
  }
  test.each([
    { asks: ['grpc', 'acme-backend.internal:50051', ''], answer: { status: 'SERVING' } },
    { asks: ['grpc', 'acme-backend.internal:50051', 'acme.Orders'], answer: { error: 'NOT_FOUND' } },
    { asks: ['grpc', 'acme-backend.internal:9', ''], answer: { error: 'ECONNREFUSED' } },
    { asks: ['grpc', 'nobody.internal:50051', ''], answer: { error: 'ENOTFOUND' } },
    { asks: ['grpc', 'acme-web.internal:8080', ''], answer: { error: 'UNAVAILABLE' } },
    { asks: ['tcp', 'acme-backend.internal:50051'], answer: { connected: true } },
    { asks: ['tcp', 'acme-backend.internal:9'], answer: { error: 'ECONNREFUSED' } },
    { asks: ['http', 'http://acme-web.internal:8080/'], answer: { status: 200 } },
    { asks: ['http', 'https://acme-web.fly.dev/'], answer: { status: 200 } },
    { asks: ['http', 'http://nobody.internal/'], answer: { error: 'ENOTFOUND' } },
  ])('node answers $asks', async ({ asks, answer }) => {
    const told = await (await inBackend()).run('node', '-e', 'the script', ...asks);
    expect(JSON.parse(textAt(told, 'stdout'))).toMatchObject(answer);
    expect(told['exit_code']).toBe('error' in answer ? 1 : 0);
  });
  test('a backend that says smokefail is not serving', async () => {
    const told = await (await inBackend('acme-backend:v1-smokefail')).run('node', '-e', '', 'grpc', 'acme-backend.internal:50051', '');
    expect(JSON.parse(textAt(told, 'stdout'))).toEqual({ status: 'NOT_SERVING' });
  });
  test('a backend that hangs takes the command past its time', async () => {
    const told = await (await inBackend('acme-backend:v1-smokehang')).run('node', '-e', '', 'grpc', 'acme-backend.internal:50051', '');
    expect(told['status']).toBe(408);
  });
  test('the probe of gRPC health is in images that say so', async () => {
    const probe = ['grpc_health_probe', '-addr=acme-backend.internal:50051'];
    expect(await (await inBackend()).run(...probe)).toMatchObject({ status: 400, error: expect.stringContaining('not found') });
    expect(await (await inBackend('acme-backend:v1', 'acme-web-probe:v1')).run(...probe)).toMatchObject({ exit_code: 0 });
    expect(await (await inBackend('acme-backend:v1-smokefail', 'acme-web-probe:v1')).run(...probe)).toMatchObject({ exit_code: 4 });
  });
  test('an image without tools runs none of them', async () => {
    const told = await (await inBackend('acme-backend:v1', 'acme-web:v1-smokenotools')).run('node', '-e', '', 'tcp', 'a.internal:1');
    expect([told['status'], valueAt(told, 'error')]).toEqual([400, expect.stringContaining('executable file not found')]);
  });
});
