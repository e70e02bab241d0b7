/** Preflight: every condition of a release, at once, each with a remedy; against a simulated platform. */
import { describe, expect, test } from 'vitest';
import { compileEnvironment } from '#domain/compile.ts';
import { appName, environmentName } from '#domain/ids.ts';
import { ok } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { ms } from '#domain/units.ts';
import type { PreflightDeps } from '#engine/preflight/part.ts';
import { type PreflightInput, releasePreflight, runPreflight } from '#engine/preflight.ts';
import type { PhaseItem } from '#engine/release-ports.ts';
import { compiledOf, parseTexts, WEB_TOML } from '#test/support/desired.ts';
import { makeScene, type Scene } from '#test/support/scene.ts';
import { OIDC, shipped } from '#test/support/shipped.ts';
import { flyOf } from '#test/support/smoking.ts';

const live = new AbortController().signal;
const GIVEN = { fingerprint: 'f', faults: [] };
const depsOf = (scene: Scene, more: Partial<PreflightDeps> & { readonly token?: string } = {}): PreflightDeps => ({
  clock: scene.clock,
  flyFor: () => ok(flyOf(scene.simulator, scene.clock, more.token)),
  secrets: { read: (_, app) => Promise.resolve(new Map(Object.keys(app.secrets ?? {}).map((name) => [name, GIVEN]))) },
  migrations: null,
  hasProgram: () => Promise.resolve(true),
  halted: () => null,
  ...more,
});
async function itemsOf(run: ReturnType<typeof runPreflight>, scene: Scene): Promise<readonly PhaseItem[]> {
  await scene.pass(120);
  const report = await run;
  if (!report.ok) throw new Error(report.error.message);
  return report.value.items;
}
const inputOf = (environment: CompiledEnvironment, more: Partial<PreflightInput> = {}): PreflightInput => ({
  name: environment.name,
  environment,
  problems: [],
  warnings: [],
  ...more,
});
async function preflight(environment: CompiledEnvironment, more: Parameters<typeof depsOf>[1] & { readonly scene?: Scene } = {}) {
  const { scene = makeScene(), ...deps } = more;
  return itemsOf(runPreflight(depsOf(scene, deps), inputOf(environment), live), scene);
}
const told = (items: readonly PhaseItem[]): readonly string[] =>
  items.flatMap(({ what, state, message }) => (state === 'ok' ? [] : [`${state} ${what}: ${message}`]));
const find = (items: readonly PhaseItem[], what: string) => items.filter((item) => item.what === what);

const world = (spec: string, app = 'acme-web') =>
  compiledOf({
    others: { 'web.toml': WEB_TOML },
    files: {
      'a.yaml': `apiVersion: trimtab.dev/v1alpha1
kind: Environment
metadata: { name: test }
spec: { organization: acme, primaryRegion: nrt, sync: { mode: automatic }${spec} }
---
apiVersion: trimtab.dev/v1alpha1
kind: App
metadata: { name: web }
spec:
  app: ${app}
  config: web.toml
  image: registry.fly.io/acme-web:v1
  visibility: private
  addresses: [private_v6]
  groups: { app: { machines: { nrt: 2, sin: 1 } } }
  secrets:
    TOKEN: { from: { exec: { command: [vault, read] } } }
`,
    },
  }).document;

async function withApps(...names: readonly string[]): Promise<Scene> {
  const scene = makeScene();
  for (const name of names) await scene.call('POST', '/v1/apps', { name, org_slug: 'acme' });
  return scene;
}
test('an environment that is ready: nothing but what is fine', async () => {
  const items = await preflight(shipped('production', OIDC), { scene: await withApps('acme-client', 'acme-backend') });
  expect(told(items)).toEqual([]);
  expect(items.map(({ what }) => what)).toEqual(
    expect.arrayContaining([
      'desired state',
      'variable OIDC_ISSUER_URL',
      'secrets client',
      'token FLY_API_TOKEN',
      'image client',
      'capacity client/app nrt',
    ]),
  );
  for (const { message } of items) expect(message).not.toBe('');
});
test('apps of one size ask for room once, for the organization may be asked once a second', async () => {
  const one = world('');
  const twin = one.apps.map((app) => ({ ...app, name: 'twin', app: appName('acme-twin') }));
  const roomAsked = async (environment: CompiledEnvironment): Promise<number> => {
    const scene = await withApps('acme-web', 'acme-twin');
    const items = await preflight(environment, { scene });
    expect(items.filter(({ what, state }) => what.startsWith('capacity') && state === 'ok')).toHaveLength(2 * environment.apps.length);
    return scene.world.counters.byRoute.get('POST /platform/placements') ?? 0;
  };
  expect(await roomAsked(one)).toBe(2);
  expect(await roomAsked({ ...one, apps: [...one.apps, ...twin] })).toBe(2);
});
test('every fault of everything comes at once, each with a remedy', async () => {
  const scene = await withApps('acme-client', 'acme-backend');
  await scene.call('POST', '/_sim/acts', { act: 'capacity', region: 'nrt', machines: 0 });
  const environment = shipped('production');
  const items = await preflight(environment, {
    scene,
    secrets: {
      read: (_, app) =>
        Promise.resolve(
          new Map(
            Object.keys(app.secrets ?? {}).map((name) => [
              name,
              name === 'DATABASE_URL'
                ? { fingerprint: null, faults: [{ code: 'SECRET_MISSING', message: 'DATABASE_URL is not set', remedy: 'set it' }] }
                : GIVEN,
            ]),
          ),
        ),
    },
    halted: () => 'maintenance',
  });
  expect(told(items)).toEqual([
    'failed variable OIDC_CLIENT_ID: unset: check login would be skipped',
    'failed variable OIDC_ISSUER_URL: unset: check login, check issuer would be skipped',
    'failed variable OIDC_REDIRECT_URI: unset: check login would be skipped',
    'failed secret backend/DATABASE_URL: DATABASE_URL is not set',
    'failed capacity backend/app nrt: no room for 2 more machines of this size',
    'failed capacity client/app nrt: no room for 2 more machines of this size',
    'failed writes: stopped: maintenance',
  ]);
  for (const { state, remedy } of items) expect(remedy === null).toBe(state === 'ok');
});
test('a release is not stopped by what it would wait for, or skip; and looks at its own apps only', async () => {
  const scene = makeScene();
  await scene.call('POST', '/_sim/acts', { act: 'capacity', region: 'nrt', machines: 0 });
  const environment = shipped('production');
  const items = await itemsOf(releasePreflight(depsOf(scene), { environment, apps: [appName('acme-client')] }, live), scene);
  expect(items.filter(({ state }) => state === 'failed')).toEqual([]);
  expect(find(items, 'capacity client/app nrt')[0]?.state).toBe('warning');
  expect(find(items, 'variable OIDC_CLIENT_ID')[0]?.state).toBe('warning');
  expect(items.some(({ what }) => what.includes('backend'))).toBe(false);
});
test('a folder that cannot be compiled tells all its faults, and nothing of the platform is asked', async () => {
  const scene = makeScene();
  const broken = compileEnvironment(
    parseTexts({
      files: {
        'a.yaml':
          'apiVersion: trimtab.dev/v1alpha1\nkind: Environment\nmetadata: { name: test }\nspec: { orgnization: acme, primaryRegion: n }\n',
      },
    }),
    {
      readFile: () => null,
      resolvedImages: () => null,
    },
  );
  const problems = broken.ok ? [] : broken.error.problems;
  const input = { name: environmentName('test'), environment: null, problems, warnings: [] };
  const items = await itemsOf(runPreflight(depsOf(scene), input, live), scene);
  expect(items.map(({ what, state }) => `${state} ${what}`)).toEqual(['failed a.yaml:4', 'failed a.yaml:4', 'failed a.yaml:4']);
  expect(scene.world.counters.requests).toBe(0);
});

describe('the token', () => {
  test.each([
    { token: 'wrong', what: 'token FLY_API_TOKEN', message: /unauthorized/ },
    { token: 'only:acme-backend', what: 'app client', message: /forbidden/ },
  ])('$token', async ({ token, what, message }) => {
    const scene = makeScene();
    await scene.call('POST', '/v1/apps', { name: 'acme-client', org_slug: 'acme' });
    const items = await preflight(shipped('production', OIDC), { scene, token });
    expect(find(items, what)).toEqual([expect.objectContaining({ state: 'failed', message: expect.stringMatching(message) })]);
  });
  test('of another organization', async () => {
    const items = await preflight(
      { ...world(''), organization: shipped('production').organization },
      {
        flyFor: () =>
          ok({
            ...flyOf(makeScene().simulator, makeScene().clock),
            currentToken: () => Promise.resolve(ok({ organizations: ['other'], apps: null, user: null })),
          }),
      },
    );
    expect(find(items, 'token FLY_API_TOKEN')).toEqual([
      expect.objectContaining({ state: 'failed', message: 'reaches other, not acme', remedy: 'fly tokens create org -o acme' }),
    ]);
  });
  test('that reaches too few apps', async () => {
    const scene = makeScene();
    const token = { organizations: ['acme'], apps: ['acme-other'], user: null };
    const items = await preflight(world(''), {
      scene,
      flyFor: () => ok({ ...flyOf(scene.simulator, scene.clock), currentToken: () => Promise.resolve(ok(token)) }),
    });
    expect(find(items, 'token FLY_API_TOKEN')[0]).toMatchObject({ state: 'failed', message: 'does not reach acme-web' });
  });
});

describe('an app', () => {
  test('that does not exist yet: its image cannot be looked up', async () => {
    const items = await preflight(world(''));
    expect(find(items, 'app web')[0]).toMatchObject({ state: 'ok', message: 'acme-web will be created' });
    expect(find(items, 'image web')[0]).toMatchObject({ state: 'warning', message: expect.stringContaining('before the app exists') });
  });
  const withApp = async (organization = 'acme'): Promise<Scene> => {
    const scene = makeScene();
    await scene.call('POST', '/_sim/acts', { act: 'organization', slug: organization, name: organization });
    await scene.call('POST', '/v1/apps', { name: 'acme-web', org_slug: organization });
    return scene;
  };
  test('that belongs to somebody else', async () => {
    const items = await preflight(world(''), { scene: await withApp('other') });
    expect(find(items, 'app web')[0]).toMatchObject({ state: 'failed', message: 'acme-web belongs to other' });
  });
  test('whose image is not in the registry', async () => {
    const environment = world('');
    const apps = environment.apps.map((app) => ({ ...app, image: { reference: 'registry.fly.io/acme-web:missing', digest: null } }));
    const items = await preflight({ ...environment, apps }, { scene: await withApp() });
    expect(find(items, 'image web')[0]).toMatchObject({ state: 'failed', message: expect.stringContaining('is not in the registry') });
  });
  test('needs room only for the machines that are missing', async () => {
    const scene = await withApp();
    const config = { image: 'registry.fly.io/acme-web:v1', metadata: { fly_platform_version: 'v2', fly_process_group: 'app' } };
    for (const region of ['nrt', 'nrt']) await scene.call('POST', '/v1/apps/acme-web/machines', { region, config });
    await scene.call('POST', '/_sim/acts', { act: 'capacity', region: 'nrt', machines: 0 });
    const items = await preflight(world(''), { scene });
    expect(items.filter(({ what }) => what.startsWith('capacity'))).toEqual([
      expect.objectContaining({ what: 'capacity web/app sin', state: 'ok', message: 'room for 1 more machine' }),
    ]);
  });
  test('that is private but has a public address', async () => {
    const scene = await withApp();
    await scene.call('POST', '/v1/apps/acme-web/ip_assignments', { type: 'v4' });
    expect(find(await preflight(world(''), { scene }), 'addresses web')[0]).toMatchObject({
      state: 'warning',
      message: 'a private app has v4',
    });
  });
  test('whose certificates are missing, or not issued yet', async () => {
    const scene = await withApp();
    await scene.call('POST', '/v1/apps/acme-web/certificates/acme', { hostname: 'a.example.com' });
    const environment = world('');
    const apps = environment.apps.map((app) => ({ ...app, certificates: ['a.example.com', 'b.example.com'] }));
    const items = await preflight({ ...environment, apps }, { scene });
    expect(find(items, 'certificate b.example.com')[0]).toMatchObject({ state: 'warning', message: 'will be requested' });
    expect(find(items, 'certificate a.example.com')).toHaveLength(1);
  });
});

describe('when', () => {
  test.each([
    { spec: '', what: 'windows', state: 'ok', message: 'none' },
    {
      spec: ', sync: { windows: [{ deny: "0 8 * * *", duration: 2h, holds: [corrections] }] }',
      what: 'windows',
      state: 'ok',
      message: 'open',
    },
    {
      spec: ', sync: { windows: [{ deny: "0 8 * * *", duration: 2h }] }',
      what: 'windows',
      state: 'warning',
      message: 'until 2026-10-01T10:00:00',
    },
    { spec: ', sync: { mode: observe }', what: 'mode', state: 'warning', message: 'nothing is ever written' },
    { spec: ', sync: { mode: manual }', what: 'mode', state: 'ok', message: 'manual' },
  ])('$spec is $state', async ({ spec, what, state, message }) => {
    const items = await preflight(environmentWith(spec));
    expect(find(items, what)[0]).toMatchObject({ state, message: expect.stringContaining(message) });
  });
  const environmentWith = (spec: string) =>
    compiledOf({
      files: {
        'a.yaml': `apiVersion: trimtab.dev/v1alpha1\nkind: Environment\nmetadata: { name: test }\nspec: { organization: acme${spec} }\n`,
      },
    }).document;
});

describe('programs', () => {
  const MIGRATE = ', database: { url: { from: { env: DATABASE_URL } }, migrations: { command: [psql, -f, all.sql] } }';
  test('what desired state names must be there; of the runbook it is said what is no longer needed', async () => {
    const items = await preflight(world(MIGRATE), { hasProgram: (name) => Promise.resolve(name === 'psql') });
    expect(
      items.filter(({ what }) => what.startsWith('program')).map(({ what, state, message }) => `${state} ${what}: ${message}`),
    ).toEqual([
      'ok program psql: there, for migrations',
      'failed program vault: missing, needed for secret web/TOKEN',
      expect.stringMatching(/^ok program flyctl: not needed/),
      expect.stringMatching(/^ok program curl: not needed/),
    ]);
  });
  const look = (items: readonly PhaseItem[], pending: readonly string[]) => () =>
    Promise.resolve(ok({ environment: 'test', database: null, format: 'plain', set: 's', applied: 0, pending, items, notes: [] }));
  const danger: PhaseItem = { what: '0002.up.sql:1', state: 'warning', message: 'table-rewrite', remedy: 'split it', took: ms(0) };
  test('migrations are looked at where there are any', async () => {
    const migrations = { look: look([danger], ['0002.up.sql']), check: () => Promise.resolve([]) };
    const items = await preflight(world(MIGRATE), { migrations });
    expect(find(items, 'migrations')[0]).toMatchObject({ state: 'ok', message: 'to apply: 0002.up.sql' });
    expect(items).toContainEqual(danger);
    expect(find(await preflight(world(''), { migrations }), 'migrations')).toEqual([]);
  });
  test('a database that does not answer keeps no fault of a file from being told', async () => {
    const migrations = {
      look: () => Promise.resolve({ ok: false, error: { code: 'STORE_UNAVAILABLE', message: 'no answer' } } as const),
      check: () => Promise.resolve([danger]),
    };
    const items = await preflight(world(MIGRATE), { migrations });
    expect(find(items, 'migrations')[0]).toMatchObject({ state: 'failed', message: 'no answer' });
    expect(items).toContainEqual(danger);
  });
});
