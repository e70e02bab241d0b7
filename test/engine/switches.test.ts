/** What a person says to a controller that runs, and what it finds out by itself later on. */
import { afterEach, describe, expect, test } from 'vitest';
import { makeRemoteOperator } from '#cli/remote.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { makeHttp } from '#http/controller.ts';
import { moveTag } from '#simulator/images.ts';
import { tokenFor } from '#src/compose-clients.ts';
import { answered, approve } from '#test/support/approving.ts';
import { compiledOf, ENVIRONMENT } from '#test/support/desired.ts';
import { destroyByHand } from '#test/support/hands.ts';
import { type Files, type Harness, makeHarness } from '#test/support/harness.ts';
import { pagesOf } from '#test/support/people.ts';
import { API, commit, WEB, world } from '#test/support/web-behind-api.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const signal = AbortSignal.timeout(600_000);
let harness: Harness;
afterEach(() => harness?.stop());
const memories = (app: string): readonly unknown[] => harness.machines(app).map(({ config }) => config.guest?.memory_mb);
const applyApp = (app: string) => answered(harness, harness.operator().approve({ environment: 'test', app }, 'ann', null, signal));
const started = async (files: Files): Promise<void> => {
  harness = await makeHarness({ files });
  await harness.pass(30);
};

describe('a switch by a variable', () => {
  /** A command somewhere else, with variables of its own. */
  const refresh = async (variables: Readonly<Record<string, string>>, named: string | null = null): Promise<void> => {
    const metrics = async function* () {
      yield '';
    };
    const about = { metrics, metricsType: 'text/plain', notReady: () => null, version: 'test' };
    const webhook = { secret: null, branches: null, onPush: () => undefined };
    const operator = harness.operator();
    const http = makeHttp({ operator, token: 'a token', webhook, now: harness.clock.now, ...about, ...pagesOf(harness) });
    const fetch = async (request: Request): Promise<Response> => http.fetch(request);
    const remote = makeRemoteOperator({ url: 'http://controller.test', token: 'a token', fetch, variables, only: named });
    const done = await answered(harness, remote.refresh(signal));
    if (!done.ok) throw new Error(done.error.message);
    await harness.pass(60);
  };
  test('comes with the command, though the commit is the same, and stays over polls and a restart', async () => {
    await started(oneApp({ extra: '  excluded: { unless: DEPLOY_WEB }\n' }));
    expect(harness.machines(APP)).toEqual([]);
    await refresh({ DEPLOY_WEB: 'true' });
    // A bare name in a command about everything is meant for nobody.
    expect(harness.machines(APP)).toEqual([]);
    await refresh({ DEPLOY_WEB: 'true' }, 'test');
    await harness.untilSettled();
    expect(harness.machines(APP)).toHaveLength(2);
    await harness.restart();
    await harness.pass(60);
    await refresh({});
    expect(harness.status(APP)?.excluded).not.toBe(true);
    await refresh({ TEST_DEPLOY_WEB: '' });
    expect(harness.status(APP)?.excluded).toBe(true);
  });
});

describe('one app of a revision that waits for a person', () => {
  const manual = { mode: 'manual' } as const;
  test('goes live when the revision changes nothing else', async () => {
    await started(world(manual));
    await approve(harness);
    await harness.untilSettled();
    commit(harness, world({ ...manual, apiMemory: '512mb' }));
    await harness.pass(60);
    expect(memories(API)).toEqual([256, 256]);
    expect(await applyApp('api')).toMatchObject({ ok: true, value: [API] });
    await harness.pass(5);
    await harness.untilSettled();
    expect(memories(API)).toEqual([512, 512]);
  });
  test('is refused when others would go live with it, and says with what command they do', async () => {
    await started(world(manual));
    await approve(harness);
    await harness.untilSettled();
    commit(harness, world({ ...manual, apiMemory: '512mb', web: 'v2' }));
    await harness.pass(60);
    const said = await applyApp('api');
    expect(said).toMatchObject({ ok: false, error: { code: 'RELEASE_WHOLE', message: expect.stringContaining('changes api and web') } });
    expect(said).toMatchObject({ error: { message: expect.stringContaining('`trimtab apply test`') } });
    await harness.pass(60);
    expect([memories(API), harness.machines(WEB).map(({ image }) => image.tag)]).toEqual([
      [256, 256],
      ['v1', 'v1'],
    ]);
  });
  test('that is not changed by it is let through for what its own pass holds', async () => {
    await started(world(manual));
    await approve(harness);
    await harness.untilSettled();
    commit(harness, world({ ...manual, apiMemory: '512mb' }));
    await harness.pass(60);
    expect(await applyApp('web')).toMatchObject({ ok: true, value: [WEB] });
    await harness.pass(60);
    expect(memories(API)).toEqual([256, 256]);
  });
});

test('a machine that was destroyed while a budget holds the revision is put back as it was proved last', async () => {
  const BUDGET = `apiVersion: trimtab.dev/v1alpha1
kind: Budget
metadata: { name: all }
spec: { scope: { environments: [test] }, monthly: { amount: 100 }, gate: { maxIncreaseUsd: 9 } }
`;
  const files = (memory: string): Files => ({ ...oneApp({ memory }), 'desired-state/test/budget.yaml': BUDGET });
  harness = await makeHarness({ files: files('256mb') });
  await harness.untilSettled();
  commit(harness, files('2gb'));
  await harness.pass(60);
  expect(harness.status(APP)?.held.map(({ reason }) => reason)).toContain('BudgetGate');
  const [gone] = harness.machines(APP);
  if (gone === undefined) throw new Error('no machine');
  await destroyByHand(harness, gone);
  await harness.pass(60);
  expect(memories(APP)).toEqual([256, 256]);
  expect(harness.machines(APP).map(({ state }) => state)).toEqual(['started', 'started']);
  expect(harness.status(APP)?.held.map(({ reason }) => reason)).toContain('BudgetGate');
});

describe('an image that cannot be resolved', () => {
  const images = () =>
    harness
      .controller()
      .environments.all()[0]
      ?.apps.map(({ image }) => image?.digest ?? null);
  const requests = () => harness.simulator.world.counters.byRoute.get('POST /graphql') ?? 0;
  test('is asked again while its revision waits, later and later, and goes live by its digest', async () => {
    await started(oneApp({ mode: 'manual' }));
    await approve(harness);
    await harness.untilSettled();
    // The registry gives none of it at this moment.
    commit(harness, oneApp({ mode: 'manual', image: 'registry.fly.io/acme-web:late-missing' }));
    await harness.pass(30);
    expect(images()).toEqual([null]);
    const before = requests();
    await harness.pass(3_600);
    const inTheFirstHour = requests() - before;
    expect(inTheFirstHour).toBeGreaterThan(4);
    expect(inTheFirstHour).toBeLessThanOrEqual(12);
    const pushed = moveTag(harness.simulator.world, 'registry.fly.io/acme-web:late-missing', 'pushed');
    await harness.pass(1_900);
    expect(images()).toEqual([pushed]);
    await approve(harness);
    await harness.pass(5);
    await harness.untilSettled();
    expect(harness.machines(APP).map(({ image }) => image.digest)).toEqual([pushed, pushed]);
  });
  test('of what runs is not: its tag may have moved, and nothing is written for it', async () => {
    await started(oneApp());
    await harness.untilSettled();
    expect(images()).toEqual([null]);
    const before = harness.writes();
    moveTag(harness.simulator.world, 'registry.fly.io/acme-web:v1', 'another');
    await harness.pass(3_600);
    expect({ images: images(), writes: harness.writes() }).toEqual({ images: [null], writes: before });
    expect(harness.status(APP)).toMatchObject({ sync: 'Synced', held: [] });
  });
  test('that was resolved once stays what it was: over a restart, too, whatever its tag says by then', async () => {
    await started(oneApp());
    await harness.untilSettled();
    commit(harness, oneApp({ image: 'registry.fly.io/acme-web:v2' }));
    await harness.pass(30);
    await harness.untilSettled();
    const before = { images: images(), instances: harness.machines(APP).map(({ instanceId }) => instanceId) };
    expect(before.images).toEqual([expect.stringMatching(/^sha256:/)]);
    moveTag(harness.simulator.world, 'registry.fly.io/acme-web:v2', 'another');
    await harness.restart();
    await harness.pass(300);
    expect({ images: images(), instances: harness.machines(APP).map(({ instanceId }) => instanceId) }).toEqual(before);
    expect(harness.status(APP)).toMatchObject({ sync: 'Synced', held: [] });
  });
});

describe('the token of an environment', () => {
  const environment = (name: string, organization = 'acme'): CompiledEnvironment => {
    const text = ENVIRONMENT.replace('name: test', `name: ${name}`).replace('acme', organization);
    return compiledOf({ files: { 'desired-state/test/environment.yaml': text } }).document;
  };
  const [staging, production, elsewhere] = [environment('staging'), environment('production'), environment('elsewhere', 'globex')];
  test.each([
    { situation: 'its own name comes first', variables: { STAGING_FLY_API_TOKEN: 'own', FLY_API_TOKEN: 'bare' }, token: 'own' },
    { situation: 'the bare name, where all are of one organization', variables: { FLY_API_TOKEN: 'bare' }, token: 'bare' },
    { situation: 'what is empty is unset', variables: { STAGING_FLY_API_TOKEN: '', FLY_API_TOKEN: 'bare' }, token: 'bare' },
    { situation: 'a name of somebody else is not read', variables: { PRODUCTION_FLY_API_TOKEN: 'other' }, token: null },
    {
      situation: 'the bare name is not read where organizations differ',
      variables: { FLY_API_TOKEN: 'bare' },
      served: [staging, elsewhere],
      token: null,
    },
    {
      situation: 'but is in a process for this one alone',
      variables: { FLY_API_TOKEN: 'bare' },
      served: [staging, elsewhere],
      alone: true,
      token: 'bare',
    },
  ])('$situation', ({ variables, served = [staging, production], alone = false, token }) => {
    const found = tokenFor(staging, { variables, served, only: alone });
    if (token !== null) return expect(found).toEqual({ ok: true, value: token });
    expect(found).toMatchObject({
      ok: false,
      error: { code: 'FLY_UNAUTHORIZED', message: expect.stringContaining('STAGING_FLY_API_TOKEN') },
    });
  });
});
