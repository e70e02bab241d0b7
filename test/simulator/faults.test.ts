import { describe, expect, test } from 'vitest';
import { breaksLimits } from '#test/support/own-requests.ts';
import {
  APP_PATH,
  createIn,
  IMAGE,
  listAt,
  MACHINES_PATH,
  machinePath,
  makeScene,
  makeSceneWithApp,
  type Scene,
  startIn,
  textAt,
  valueAt,
} from '#test/support/scene.ts';

const CREATE = '=POST /apps/{app_name}/machines';
const create = (scene: Scene) => scene.call('POST', MACHINES_PATH, { region: 'nrt', config: { image: IMAGE } });
const arm = async (scene: Scene, fault: Record<string, string | number>) => (await scene.call('POST', '/_sim/faults', fault)).status;

describe('published rate limits', () => {
  test('let three of a kind through, then one a second; the fourth at once gets 429', async () => {
    const scene = await makeSceneWithApp();
    const statuses = async (count: number) => {
      const answers = await Promise.all(Array.from({ length: count }, () => scene.call('GET', MACHINES_PATH)));
      return answers.map((answer) => answer.status).sort();
    };
    expect(await statuses(5)).toEqual([200, 200, 200, 429, 429]);
    await scene.pass(1);
    expect(await statuses(2)).toEqual([200, 429]);
    await scene.pass(10);
    expect(await statuses(4)).toEqual([200, 200, 200, 429]);
  });

  test('count each machine by itself, and let a machine be read ten times at once', async () => {
    const scene = await makeSceneWithApp();
    const ids = [await createIn(scene), await createIn(scene)];
    for (const id of ids) {
      const answers = await Promise.all(Array.from({ length: 11 }, () => scene.call('GET', machinePath(id))));
      expect(answers.filter((answer) => answer.status === 429)).toHaveLength(1);
    }
  });

  test('count as a violation only what trimtab by itself sends above them', async () => {
    breaksLimits();
    const scene = await makeSceneWithApp();
    const send = (agent: string) => scene.call('GET', APP_PATH, undefined, { headers: { 'user-agent': agent } });
    for (const _ of [1, 2, 3, 4]) await send('curl/8');
    expect((await send('trimtab/0')).status).toBe(429);
    expect(scene.world.counters.rateLimitViolations).toBe(0);
    for (const _ of [1, 2, 3]) await send('trimtab/0');
    expect(scene.world.counters.rateLimitViolations).toBe(1);
  });

  test("make the platform's CLI wait for its turn", async () => {
    const scene = await makeSceneWithApp();
    const send = () => scene.call('GET', APP_PATH, undefined, { headers: { 'user-agent': 'flyctl/1' } });
    const all = Promise.all([1, 2, 3, 4, 5].map(send));
    await scene.pass(3);
    expect((await all).map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
  });
});

describe('a token', () => {
  test.each([
    ['wrong-one', 401, 401],
    ['only:acme-web', 200, 403],
    ['anything', 200, 200],
  ])('%s is answered %i for its app and %i for another', async (token, own, other) => {
    const scene = await makeSceneWithApp();
    await scene.call('POST', '/v1/apps', { name: 'acme-other', org_slug: 'acme' });
    expect((await scene.call('GET', APP_PATH, undefined, { token })).status).toBe(own);
    expect((await scene.call('GET', '/v1/apps/acme-other', undefined, { token })).status).toBe(other);
  });
});

describe('a fault', () => {
  test.each([
    ['timeoutBeforeCommit', 408, 0],
    ['timeoutAfterCommit', 408, 1],
    ['badGatewayBeforeCommit', 502, 0],
    ['badGatewayAfterCommit', 502, 1],
    ['leaseHeld', 409, 0],
    ['rateLimited', 429, 0],
    ['noCapacity', 503, 0],
    ['unauthorized', 401, 0],
    ['forbidden', 403, 0],
    ['notFound', 404, 0],
  ])('%s answers %i and leaves %i machines', async (kind, status, machines) => {
    const scene = await makeSceneWithApp();
    expect(await arm(scene, { kind, operation: CREATE, count: 1 })).toBe(200);
    expect((await create(scene)).status).toBe(status);
    expect(scene.world.machines.size).toBe(machines);
    expect((await create(scene)).status).toBe(200);
  });

  test.each([
    ['connectionLostBeforeCommit', 0],
    ['connectionLostAfterCommit', 1],
  ])('%s breaks the connection and leaves %i machines', async (kind, machines) => {
    const scene = await makeSceneWithApp();
    await arm(scene, { kind, operation: CREATE });
    await expect(create(scene)).rejects.toThrow('fetch failed');
    expect(scene.world.machines.size).toBe(machines);
  });

  test.each(['brokenJson', 'halfAnswer'])('%s does it and says something unreadable', async (kind) => {
    const scene = await makeSceneWithApp();
    await arm(scene, { kind, operation: CREATE });
    await expect(create(scene)).rejects.toThrow(SyntaxError);
    expect(scene.world.machines.size).toBe(1);
  });

  test('unknownWords adds fields and states that no document names', async () => {
    const scene = await makeSceneWithApp();
    await arm(scene, { kind: 'unknownWords', operation: CREATE });
    expect((await create(scene)).body).toMatchObject({ state: 'hibernating', a_field_of_tomorrow: { nested: true } });
  });

  test('slow takes five seconds, hang takes until the caller gives up', async () => {
    const scene = await makeSceneWithApp();
    await arm(scene, { kind: 'slow', operation: CREATE, count: 1 });
    let done = false;
    const slow = create(scene).then(() => {
      done = true;
    });
    await scene.pass(4.9);
    expect(done).toBe(false);
    await scene.pass(0.2);
    await slow;
    await arm(scene, { kind: 'hang', operation: '=GET /apps/{app_name}' });
    const patience = new AbortController();
    const hanging = scene.call('GET', APP_PATH, undefined, { signal: patience.signal });
    await scene.pass(600);
    patience.abort(new Error('enough'));
    await expect(hanging).rejects.toThrow('enough');
  });

  test.each([
    ['callerDiesBeforeCommit', 0],
    ['callerDiesAfterCommit', 1],
  ])('%s tells so and never answers, with %i machines left', async (kind, machines) => {
    const deaths: string[] = [];
    const scene = await makeSceneWithApp({ onCallerDeath: (when, operation) => deaths.push(`${when} ${operation}`) });
    await arm(scene, { kind, operation: CREATE });
    const answered = await Promise.race([create(scene).then(() => true), scene.pass(60).then(() => false)]);
    expect(answered).toBe(false);
    expect(deaths).toHaveLength(1);
    expect(scene.world.machines.size).toBe(machines);
  });

  test('strikes after so many have passed, so often, and with its probability by its seed', async () => {
    const struck = (scene: Scene, count: number) =>
      Array.from({ length: count }, () => scene.simulator.faults.strike('GET /apps') !== null);
    const counted = makeScene();
    await arm(counted, { kind: 'notFound', skip: 2, count: 1 });
    expect(struck(counted, 5)).toEqual([false, false, true, false, false]);
    const [one, same, other] = [makeScene(), makeScene(), makeScene()];
    for (const [scene, seed] of [
      [one, 'a'],
      [same, 'a'],
      [other, 'b'],
    ] as const)
      await arm(scene, { kind: 'notFound', probability: 0.5, seed });
    const [first, second, third] = [struck(one, 40), struck(same, 40), struck(other, 40)];
    expect(first).toEqual(second);
    expect(first).not.toEqual(third);
  });

  test('also strikes GraphQL and the releases API', async () => {
    const scene = await makeSceneWithApp();
    await arm(scene, { kind: 'badGatewayBeforeCommit', operation: '/graphql' });
    await arm(scene, { kind: 'badGatewayBeforeCommit', operation: '/api/v1/releases' });
    expect((await scene.call('POST', '/graphql', { query: '{viewer{__typename}}' })).status).toBe(502);
    expect((await scene.call('POST', '/api/v1/releases', { app_name: 'acme-web' })).status).toBe(502);
    expect(scene.world.releases.size).toBe(0);
  });
});

describe('the control API', () => {
  test('lists faults, clears them, and refuses unknown ones', async () => {
    const scene = makeScene();
    expect(await arm(scene, { kind: 'nonsense' })).toBe(400);
    await arm(scene, { kind: 'slow', count: 2 });
    expect((await scene.call('GET', '/_sim/faults')).body).toEqual([{ kind: 'slow', count: 2 }]);
    await scene.call('DELETE', '/_sim/faults');
    expect((await scene.call('GET', '/_sim/faults')).body).toEqual([]);
  });

  test('counts requests by route, and writes', async () => {
    const scene = await makeSceneWithApp();
    await createIn(scene);
    await scene.call('GET', MACHINES_PATH);
    const { body } = await scene.call('GET', '/_sim/counters');
    expect(body).toMatchObject({ writes: 2, requests: 3, rateLimitViolations: 0, byRoute: { 'GET /apps/{app_name}/machines': 1 } });
  });

  test('makes a host unreachable: the config is incomplete, and writes there are refused', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    const act = (name: string) => scene.call('POST', '/_sim/acts', { act: name, machine: id });
    await act('hostUnreachable');
    const { body } = await scene.call('GET', machinePath(id));
    expect(body).toMatchObject({ host_status: 'unreachable', incomplete_config: { image: IMAGE } });
    expect(valueAt(body, 'config')).toBeUndefined();
    const update = await scene.call('POST', machinePath(id), { config: { image: IMAGE } });
    expect([update.status, textAt(update.body, 'error')]).toEqual([503, expect.stringContaining('could not reserve resource for machine')]);
    await act('hostRecovered');
    expect((await scene.call('GET', machinePath(id))).body).toMatchObject({ host_status: 'ok', config: {} });
  });

  test('crashes a machine, moves a tag, makes organizations and apps', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene);
    const { digest } = scene.machine(id).image;
    const acts = [
      { act: 'outOfMemory', machine: id },
      { act: 'moveTag', image: IMAGE, generation: '2' },
      { act: 'organization', slug: 'other', name: 'Other' },
      { act: 'app', name: 'theirs', organization: 'other' },
    ];
    for (const act of acts) expect((await scene.call('POST', '/_sim/acts', act)).status).toBe(200);
    expect(scene.machine(id).restarts).toBe(1);
    expect((await scene.call('GET', '/v1/apps?org_slug=other')).body).toMatchObject({ total_apps: 1, apps: [{ name: 'theirs' }] });
    await scene.pass(30);
    const fresh = await startIn(scene);
    expect(scene.machine(fresh).image.digest).not.toBe(digest);
    expect((await scene.call('POST', '/_sim/acts', { act: 'crash', machine: 'none' })).status).toBe(404);
  });
});

test('what is not modelled says so with 501', async () => {
  const scene = await makeSceneWithApp();
  const answers = [await scene.call('GET', `${APP_PATH}/secretkeys`), await scene.call('POST', '/v1/nothing/of/the/kind')];
  expect(answers.map(({ status, body }) => [status, valueAt(body, 'status')])).toEqual([
    [501, 'not_modelled'],
    [501, 'not_modelled'],
  ]);
  expect(listAt((await scene.call('GET', '/v1/apps?org_slug=acme')).body, 'apps')).toHaveLength(1);
});
