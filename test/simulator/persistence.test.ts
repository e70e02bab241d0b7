import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Instant, ms } from '#domain/units.ts';
import { realClock } from '#platform/clock.ts';
import { makeVirtualClock } from '#simulator/clock.ts';
import { keepSaved, loadTables, resumeWorld } from '#simulator/persist.ts';
import { startSimulator } from '#simulator/server.ts';
import { makeSimulator } from '#simulator/simulator.ts';
import type { World } from '#simulator/world.ts';
import {
  APP_PATH,
  createIn,
  IMAGE,
  machinePath,
  makeSceneWithApp,
  responseToAnswer,
  type Scene,
  startIn,
  valueAt,
} from '#test/support/scene.ts';

const folders: string[] = [];
const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'trimtab-world-'));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
/** Saved as it stands, and started again at the same moment by another process. */
function startAgain(scene: Scene, folder = makeFolder()): { readonly world: World; pass(seconds: number): Promise<void> } {
  keepSaved(scene.world, folder)();
  return startFrom(folder, scene.clock.now());
}
function startFrom(folder: string, at: Instant) {
  const clock = makeVirtualClock(at);
  const tables = loadTables(folder);
  if (tables === null) throw new Error('nothing was saved');
  const { world } = makeSimulator({ clock, seed: 'again', tables });
  resumeWorld(world);
  return {
    world,
    pass: (seconds: number) => clock.advance(ms(seconds * 1_000)),
  };
}
const stateOf = (world: World, id: string) => world.machines.get(id)?.state;

describe('a world that is started again', () => {
  test('is the same: nothing at rest has moved', async () => {
    const scene = await makeSceneWithApp();
    const checked = await startIn(scene, { checks: { alive: { type: 'http', port: 1, interval: '2s' } }, metadata: { a: '1' } });
    await scene.call('POST', `${APP_PATH}/secrets`, { values: { A: '1' } });
    await scene.call('POST', `${APP_PATH}/volumes`, { name: 'data', region: 'nrt' });
    await scene.call('POST', `${APP_PATH}/ip_assignments`, { type: 'v6' });
    await scene.call('POST', '/api/v1/releases', { app_name: 'acme-web', image: IMAGE });
    await scene.call('POST', '/_sim/acts', { act: 'errorRegions', regions: ['sin'] });
    await scene.pass(60);
    const again = startAgain(scene);
    for (const table of ['apps', 'machines', 'volumes', 'secrets', 'addresses', 'releases', 'errorRegions'] as const) {
      expect(again.world[table], table).toEqual(scene.world[table]);
    }
    const row = structuredClone(again.world.machines.get(checked));
    await again.pass(60);
    expect(again.world.machines.get(checked)).toEqual(row);
  });

  test('goes on with what was under way', async () => {
    const scene = await makeSceneWithApp();
    const asked = { stop: 'stopped', suspend: 'suspended', restart: 'started' } as const;
    const ids: Record<string, string> = {};
    for (const act of ['stop', 'suspend', 'restart'] as const) ids[act] = await startIn(scene, { env: { act } });
    const replaced = await startIn(scene);
    const kept = await startIn(scene);
    const gone = await startIn(scene);
    await scene.pass(5);
    const booting = await createIn(scene);
    const resting = await createIn(scene, {}, { skip_launch: true });
    for (const act of ['stop', 'suspend', 'restart'] as const) await scene.call('POST', `${machinePath(String(ids[act]))}/${act}`);
    await scene.call('POST', machinePath(replaced), { config: { image: 'a:v2' } });
    await scene.call('POST', machinePath(kept), { config: { image: 'missing:v2' } });
    await scene.call('DELETE', `${machinePath(gone)}?kill=true`);
    const { world, pass } = startAgain(scene);
    await pass(20);
    for (const [act, state] of Object.entries(asked)) expect(stateOf(world, String(ids[act])), act).toBe(state);
    expect([stateOf(world, booting), stateOf(world, resting), stateOf(world, gone)]).toEqual(['started', 'stopped', 'destroyed']);
    expect(world.machines.get(replaced)).toMatchObject({ state: 'started', image: { tag: 'v2' } });
    expect(world.machines.get(kept)).toMatchObject({ state: 'started', image: { tag: 'v1' }, config: { image: IMAGE } });
  });

  test('lets checks that had no result yet get one, and crashes what crashes', async () => {
    const scene = await makeSceneWithApp();
    const id = await createIn(scene, { checks: { alive: { type: 'http', port: 1 } } });
    const crashing = await createIn(scene, { image: 'a:crash' });
    while (stateOf(scene.world, id) !== 'started') await scene.pass(0.1);
    const { world, pass } = startAgain(scene);
    await pass(20);
    expect(world.machines.get(id)?.checks).toMatchObject([{ status: 'passing' }]);
    expect(world.machines.get(crashing)?.restarts).toBeGreaterThan(1);
  });

  test('is saved soon after each change without being asked', async () => {
    const scene = await makeSceneWithApp();
    const folder = makeFolder();
    keepSaved(scene.world, folder);
    const id = await startIn(scene);
    expect(startFrom(folder, scene.clock.now()).world.machines.has(id)).toBe(true);
  });

  test('is refused when it is of another format', () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'world.json'), JSON.stringify({ format: 0 }));
    expect(() => loadTables(folder)).toThrow('of another version');
    expect(loadTables(makeFolder())).toBeNull();
  });
});

test('two starts over real sockets meet the same world, and the edge answers for it', async () => {
  const folder = makeFolder();
  const start = () => startSimulator({ clock: realClock, seed: 'sockets', folder, apiPort: 0, edgePort: 0 });
  const headers = { authorization: 'Bearer somebody', 'content-type': 'application/json' };
  const first = await start();
  const post = (path: string, body: object) => fetch(`${first.apiUrl}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  await post('/v1/apps', { name: 'acme-web', org_slug: 'acme' });
  const services = [{ internal_port: 8080, ports: [{ port: 443 }], autostart: true }];
  const made = await responseToAnswer(await post('/v1/apps/acme-web/machines', { region: 'nrt', config: { image: IMAGE, services } }));
  await first.close();
  const second = await start();
  const id = String(valueAt(made.body, 'id'));
  const found = await responseToAnswer(await fetch(`${second.apiUrl}${machinePath(id)}`, { headers }));
  expect(found).toMatchObject({ status: 200, body: { id, name: valueAt(made.body, 'name') } });
  expect(JSON.parse(await askEdge(second.edgeUrl, 'acme-web.fly.dev'))).toMatchObject({ machine: id });
  await second.close();
});
/** `fetch` does not let anybody choose the host. */
const askEdge = (url: string, host: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
