/** The smoke phase: retries, deadlines, evidence; and the shipped checks on a simulated system that is well, or is not. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '#domain/json.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { seconds } from '#domain/units.ts';
import { releaseSmoke, runSmoke, type SmokeDeps, type SmokeItem, type SmokeReport } from '#engine/smoke.ts';
import type { Attempt } from '#platform/checks/port.ts';
import { makeVirtualClock, type VirtualClock } from '#simulator/clock.ts';
import { compiledOf, ENVIRONMENT } from '#test/support/desired.ts';
import { makeScene, SCENE_START, type Scene } from '#test/support/scene.ts';
import { OIDC, shipped } from '#test/support/shipped.ts';
import { deadlineOf, smokeDeps } from '#test/support/smoking.ts';

const live = new AbortController().signal;
const withSmoke = (run: string, checks: readonly string[]): CompiledEnvironment =>
  compiledOf({
    files: { 'a.yaml': ENVIRONMENT.replace(/spec: \{ (.*) \}/, `spec: { $1, smoke: { ${run}checks: [${checks.join(', ')}] } }`) },
  }).document;
const withChecks = (...checks: readonly string[]): CompiledEnvironment => withSmoke('', checks);

describe('one check', () => {
  const OK: Attempt = { state: 'ok', message: 'fine', remedy: null, evidence: 'seen' };
  const BAD: Attempt = { state: 'failed', message: 'bad', remedy: 'mend it', evidence: 'what came' };
  const WAITING: Attempt = { state: 'waiting', message: 'nobody is up', remedy: 'wait', evidence: '' };
  const HANGS = 3_600;
  /** Answers one after the other, the last one for ever; a number: it says nothing for so many seconds. Deaf to its signal. */
  const answering = (clock: VirtualClock, answers: readonly (Attempt | number)[]): SmokeDeps => {
    let asked = 0;
    return {
      clock,
      deadline: (span, signal) => deadlineOf(clock, span, signal),
      prober: {
        probe: async () => {
          const answer = answers[Math.min(asked, answers.length - 1)] ?? OK;
          asked += 1;
          if (typeof answer === 'number') await clock.sleep(seconds(answer));
          return typeof answer === 'number' ? OK : answer;
        },
      },
    };
  };
  async function run(answers: readonly (Attempt | number)[], check = '{ tcp: "a.test:1" }'): Promise<SmokeItem | undefined> {
    const clock = makeVirtualClock(SCENE_START);
    const done = runSmoke(answering(clock, answers), { environment: withChecks(check) }, live);
    await clock.advance(seconds(200));
    const report = await done;
    return report.ok ? report.value.items[0] : undefined;
  }
  test.each([
    { situation: 'good at once', answers: [OK], item: { state: 'ok', message: 'fine', attempts: 1, took: 0, evidence: 'seen' } },
    { situation: 'good at the third try', answers: [BAD, BAD, OK], item: { state: 'ok', attempts: 3, took: 3_000 } },
    {
      situation: 'bad for ever: three retries, the last evidence and the remedy',
      answers: [BAD],
      item: { state: 'failed', message: 'bad (4 attempts)', remedy: 'mend it', evidence: 'what came', took: 7_000 },
    },
    {
      situation: 'waiting uses no attempt up',
      answers: [WAITING, WAITING, WAITING, WAITING, WAITING, OK],
      item: { state: 'ok', took: 10_000 },
    },
    {
      situation: 'waiting for ever ends at the deadline',
      answers: [WAITING],
      item: { state: 'failed', message: 'no good answer within 30 s: nobody is up', took: 30_000 },
    },
    {
      situation: 'a target that hangs ends at the deadline',
      answers: [HANGS],
      item: { state: 'failed', message: 'no good answer within 30 s', took: 30_000, attempts: 1 },
    },
    {
      situation: 'what failed before it hung is kept',
      answers: [BAD, HANGS],
      item: { state: 'failed', message: 'no good answer within 30 s: bad', evidence: 'what came', took: 30_000 },
    },
  ])('$situation', async ({ answers, item }) => {
    expect(await run(answers)).toMatchObject(item);
  });
  test('retries and the deadline are its own', async () => {
    expect(await run([BAD], '{ tcp: "a.test:1", retries: 0 }')).toMatchObject({ message: 'bad', took: 0 });
    expect(await run([HANGS], '{ tcp: "a.test:1", timeout: 5s }')).toMatchObject({ took: 5_000 });
  });
  test('what lacks a variable is skipped, and not asked', async () => {
    const item = await run([BAD], '{ tcp: "a.test:1", requires: [NOWHERE_SET] }');
    expect(item).toMatchObject({ state: 'skipped', message: 'NOWHERE_SET is unset', attempts: 0 });
  });
  test('who asked goes away: no table', async () => {
    const clock = makeVirtualClock(SCENE_START);
    const gone = new AbortController();
    const done = runSmoke(answering(clock, [HANGS]), { environment: withChecks('{ tcp: "a.test:1" }') }, gone.signal);
    gone.abort();
    await clock.advance(seconds(1));
    expect(await done).toMatchObject({ ok: false, error: { code: 'FLY_CANCELLED' } });
  });
  test('many are asked side by side, eight at a time, and told in their order', async () => {
    const clock = makeVirtualClock(SCENE_START);
    const names = Array.from({ length: 20 }, (_, at) => `{ name: n${at}, tcp: "a.test:${at + 1}" }`);
    const done = runSmoke(answering(clock, [10]), { environment: withChecks(...names) }, live);
    await clock.advance(seconds(100));
    const report = await done;
    const items = report.ok ? report.value.items : [];
    expect(items.map(({ what }) => what)).toEqual(names.map((_, at) => `n${at}`));
    expect(clock.now() - SCENE_START).toBe(100_000);
    expect(items.reduce((sum, { took }) => sum + took, 0)).toBe(200_000);
  });
  test('a release that is told not to runs none of them', async () => {
    const clock = makeVirtualClock(SCENE_START);
    const environment = withSmoke('run: never, ', ['{ tcp: "a.test:1" }']);
    const report = await releaseSmoke(answering(clock, [BAD]), { environment, changed: true }, live);
    expect(report).toMatchObject({ ok: true, value: { items: [{ state: 'skipped', message: 'smoke.run is never' }] } });
  });
  test.each([
    { run: 'always', changed: false, state: 'failed' },
    { run: 'whenChanged', changed: true, state: 'failed' },
    { run: 'whenChanged', changed: false, state: 'skipped' },
  ])('with run: $run, and changed: $changed, its check is $state', async ({ run, changed, state }) => {
    const clock = makeVirtualClock(SCENE_START);
    const environment = withSmoke(`run: ${run}, `, ['{ tcp: "a.test:1", retries: 0 }']);
    const report = await releaseSmoke(answering(clock, [BAD]), { environment, changed }, live);
    expect(report).toMatchObject({ ok: true, value: { items: [{ state }] } });
  });
});

describe('the shipped checks on the simulated system', () => {
  interface Images {
    readonly client?: string;
    readonly backend?: string;
    readonly authentik?: string;
  }
  const machine = (image: string, more: JsonObject): JsonObject => ({
    region: 'nrt',
    config: { image: `registry.fly.io/${image}`, ...more },
  });
  const web = { services: [{ internal_port: 8080, ports: [{ port: 443 }], autostart: true, autostop: true }] };
  async function systemOf({ client = 'v1', backend = 'v1', authentik = 'v1' }: Images): Promise<Scene> {
    const scene = makeScene();
    for (const app of ['acme-client', 'acme-backend', 'acme-authentik'])
      await scene.call('POST', '/v1/apps', { name: app, org_slug: 'acme' });
    await scene.call('POST', '/v1/apps/acme-client/secrets', { values: OIDC });
    await scene.call('POST', '/v1/apps/acme-client/machines', machine(`acme-client:${client}`, web));
    await scene.call(
      'POST',
      '/v1/apps/acme-backend/machines',
      machine(`acme-backend:${backend}`, { checks: { grpc: { type: 'tcp', port: 50051 } } }),
    );
    await scene.call('POST', '/v1/apps/acme-authentik/machines', machine(`goauthentik/server:${authentik}`, web));
    await scene.pass(30);
    return scene;
  }
  async function smoke(scene: Scene, variables: Readonly<Record<string, string>> = OIDC): Promise<SmokeReport> {
    const environment = shipped('production', variables);
    const done = runSmoke(smokeDeps(scene), { environment }, live);
    await scene.pass(120);
    const report = await done;
    if (!report.ok) throw new Error(report.error.message);
    return report.value;
  }
  const told = ({ items }: SmokeReport): readonly string[] => items.map(({ what, state }) => `${what}: ${state}`);
  const messageOf = ({ items }: SmokeReport, name: string): string => items.find(({ what }) => what === name)?.message ?? '';

  test('a system that is well passes all of them', async () => {
    expect(told(await smoke(await systemOf({})))).toEqual(['top page: ok', 'login: ok', 'issuer: ok', 'client to backend: ok']);
  });
  test('without the variables of the login its checks are skipped, with the reason', async () => {
    const report = await smoke(await systemOf({}), {});
    expect(told(report)).toEqual(['top page: ok', 'login: skipped', 'issuer: skipped', 'client to backend: ok']);
    expect(messageOf(report, 'login')).toBe('OIDC_ISSUER_URL, OIDC_CLIENT_ID, OIDC_REDIRECT_URI are unset');
  });
  test.each<Images & { readonly name: string; readonly message: RegExp }>([
    { client: 'v2-smokefail', name: 'top page', message: /^status 500, expected 200/ },
    { client: 'v2-smokehang', name: 'top page', message: /^no good answer within 30 s/ },
    { client: 'v2-smokecert', name: 'top page', message: /^the certificate is for another host/ },
    { client: 'v2-smokeexpired', name: 'top page', message: /^the certificate has expired|valid for -1 more days/ },
    { client: 'v2-smokeexpiring', name: 'top page', message: /^the certificate is valid for 3 more days, expected 14/ },
    { client: 'v2-smokeredirect', name: 'login', message: /^the redirect's client_id is somebody-else, expected client-1/ },
    { client: 'v2-smokeloop', name: 'login', message: /^redirects in a circle/ },
    { client: 'v2-smokenotools', name: 'client to backend', message: /^the image of acme-client has neither node nor grpc_health_probe/ },
    { backend: 'v2-smokefail', name: 'client to backend', message: /^health is NOT_SERVING/ },
    { backend: 'v2-smokehang', name: 'client to backend', message: /^no good answer within 30 s|^no answer in time/ },
    { authentik: 'v2-smokefail', name: 'issuer', message: /^status 500, expected 200/ },
  ])('$name fails when the images are client $client, backend $backend, authentik $authentik', async ({ name, message, ...images }) => {
    const report = await smoke(await systemOf(images));
    const item = report.items.find(({ what }) => what === name);
    expect(item).toMatchObject({ state: 'failed', message: expect.stringMatching(message), remedy: expect.any(String) });
  });
  test('a client that sleeps is woken by the top page, and then asks the backend', async () => {
    const scene = await systemOf({});
    const [sleeper] = [...scene.world.machines.values()].filter(({ app }) => app === 'acme-client');
    await scene.call('POST', `/v1/apps/acme-client/machines/${sleeper?.id}/stop`);
    await scene.pass(5);
    expect(told(await smoke(scene))).toEqual(['top page: ok', 'login: ok', 'issuer: ok', 'client to backend: ok']);
  });
});
