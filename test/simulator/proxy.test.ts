import { describe, expect, test } from 'vitest';
import type { JsonObject } from '#domain/json.ts';
import { routeRequest, runStopLoop } from '#simulator/proxy.ts';
import { createIn, machinePath, makeSceneWithApp, responseToAnswer, type Scene, startIn, valueAt } from '#test/support/scene.ts';

const live = new AbortController().signal;
const web = (service: JsonObject = {}): JsonObject => ({
  env: { PRIMARY_REGION: 'nrt' },
  services: [{ internal_port: 8080, ports: [{ port: 443 }], ...service }],
});
const AUTOSTOP = { autostop: true, autostart: true };
/** The status and the machine that answered. */
async function ask(scene: Scene): Promise<readonly [number, unknown]> {
  const asked = routeRequest(scene.world, 'acme-web', live).then(responseToAnswer);
  await scene.pass(31);
  const { status, body } = await asked;
  return [status, valueAt(body, 'machine')];
}
const states = (scene: Scene, ids: readonly string[]): readonly string[] => ids.map((id) => scene.machine(id).state).sort();

describe('the proxy', () => {
  test('routes to a machine that runs, is not cordoned and passes its checks', async () => {
    const scene = await makeSceneWithApp();
    const checked = { ...web(), checks: { alive: { type: 'http', port: 8080, interval: '2s' } } };
    const good = await startIn(scene, checked);
    const cordoned = await startIn(scene, checked);
    await startIn(scene, { ...checked, image: 'a/unhealthy:v1' });
    await startIn(scene, { env: {} });
    await scene.call('POST', `${machinePath(cordoned)}/cordon`);
    for (const _ of [1, 2, 3]) expect(await ask(scene)).toEqual([200, good]);
  });

  test('shares requests out by load', async () => {
    const scene = await makeSceneWithApp();
    const ids = [await startIn(scene, web()), await startIn(scene, web())];
    const asked = Promise.all(ids.map(() => routeRequest(scene.world, 'acme-web', live).then(responseToAnswer)));
    await scene.pass(1);
    expect((await asked).map(({ body }) => valueAt(body, 'machine')).sort()).toEqual([...ids].sort());
  });

  test('starts a machine that sleeps, stopped or suspended, and keeps the request until it is up', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, web(AUTOSTOP));
    for (const act of ['stop', 'suspend']) {
      await scene.call('POST', `${machinePath(id)}/${act}`);
      await scene.pass(5);
      expect(await ask(scene)).toEqual([200, id]);
      expect(scene.machine(id).events.find((event) => event.status === 'starting')?.source).toBe('proxy');
    }
  });

  test('does not start what is cordoned or may not be started, and says so after half a minute', async () => {
    const scene = await makeSceneWithApp();
    await createIn(scene, web({ autostart: false }), { skip_launch: true });
    await createIn(scene, web(AUTOSTOP), { skip_launch: true, skip_service_registration: true });
    await scene.pass(10);
    expect((await ask(scene))[0]).toBe(503);
  });

  test('does not know an app without machines', async () => {
    expect((await ask(await makeSceneWithApp()))[0]).toBe(404);
  });

  test('starts one more when all that run are above their soft limit', async () => {
    const scene = await makeSceneWithApp();
    const limited = web({ ...AUTOSTOP, concurrency: { soft_limit: 1 } });
    await startIn(scene, limited);
    const asleep = await startIn(scene, limited, { skip_launch: true });
    const asked = Promise.all([1, 2, 3].map(() => routeRequest(scene.world, 'acme-web', live)));
    await scene.pass(10);
    await asked;
    expect(scene.machine(asleep).state).toBe('started');
  });
});

describe('the stop loop', () => {
  const run = async (scene: Scene, seconds: number): Promise<void> => {
    const stop = new AbortController();
    void runStopLoop(scene.world, stop.signal);
    await scene.pass(seconds);
    stop.abort();
  };
  const three = async (scene: Scene, service: JsonObject, region = 'nrt') => [
    await startIn(scene, web(service), { region }),
    await startIn(scene, web(service), { region }),
    await startIn(scene, web(service), { region }),
  ];

  test('stops one idle machine a round, and keeps min_machines_running in the primary region', async () => {
    const scene = await makeSceneWithApp();
    const ids = await three(scene, { ...AUTOSTOP, min_machines_running: 2 });
    await run(scene, 130);
    expect(states(scene, ids)).toEqual(['started', 'started', 'stopped']);
    await run(scene, 1_200);
    expect(states(scene, ids)).toEqual(['started', 'started', 'stopped']);
  });

  test('goes down to none elsewhere, and where no floor is set', async () => {
    const scene = await makeSceneWithApp();
    const ids = [...(await three(scene, { ...AUTOSTOP, min_machines_running: 2 }, 'sin')), ...(await three(scene, AUTOSTOP))];
    await run(scene, 1_200);
    expect(new Set(states(scene, ids))).toEqual(new Set(['stopped']));
  });

  test('suspends where the machine says so, and leaves alone what has no autostop', async () => {
    const scene = await makeSceneWithApp();
    const ids = [
      await startIn(scene, web({ autostop: 'suspend' })),
      await startIn(scene, web({ autostop: false })),
      await startIn(scene, web()),
    ];
    await run(scene, 600);
    expect(ids.map((id) => scene.machine(id).state)).toEqual(['suspended', 'started', 'started']);
  });

  test('takes the mildest setting of several services: off, then stop, then suspend', async () => {
    const scene = await makeSceneWithApp();
    const ports = [{ port: 443 }];
    const id = await startIn(scene, {
      services: [
        { ports, autostop: true },
        { ports, autostop: 'suspend' },
      ],
    });
    const off = await startIn(scene, {
      services: [
        { ports, autostop: true },
        { ports, autostop: false },
      ],
    });
    await run(scene, 600);
    expect([scene.machine(id).state, scene.machine(off).state]).toEqual(['stopped', 'started']);
  });

  test('leaves a machine that is asked now and then', async () => {
    const scene = await makeSceneWithApp();
    const id = await startIn(scene, web(AUTOSTOP));
    const stop = new AbortController();
    void runStopLoop(scene.world, stop.signal);
    for (let round = 0; round < 20; round++) expect((await ask(scene))[0]).toBe(200);
    stop.abort();
    expect(scene.machine(id).events.some((event) => event.type === 'exit')).toBe(false);
  });
});
