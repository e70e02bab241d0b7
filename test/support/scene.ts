/** A simulated platform by itself, on a clock that stands still until it is told to go on, and somebody's hands on its APIs. */
import { isJsonObject, type Json, type JsonObject } from '#domain/json.ts';
import { instant, ms } from '#domain/units.ts';
import { makeVirtualClock, type VirtualClock } from '#simulator/clock.ts';
import { makeSimulator, type Simulator, type SimulatorOptions } from '#simulator/simulator.ts';
import type { MachineRow, World } from '#simulator/world.ts';
import { underContract } from '#test/support/contract.ts';

export const SCENE_START = instant(Date.UTC(2026, 9, 1, 9));
export interface Answer {
  readonly status: number;
  /** Null where there is none. */
  readonly body: Json;
  readonly headers: Headers;
}
export interface CallOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}
export interface Scene {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  readonly world: World;
  /** Path with its version, as in `/v1/apps`. */
  call(method: string, path: string, body?: Json, options?: CallOptions): Promise<Answer>;
  /** The data of an answer without errors. */
  graph(query: string, variables?: JsonObject): Promise<JsonObject>;
  pass(seconds: number): Promise<void>;
  machine(id: string): MachineRow;
}
export function makeScene(options: Partial<SimulatorOptions> = {}): Scene {
  const clock = makeVirtualClock(SCENE_START);
  const simulator = makeSimulator({ clock, seed: 'scene', ...options });
  const { world } = simulator;
  const fetch = underContract(simulator.fetch, 'hands');
  const call: Scene['call'] = async (method, path, body, { token = 'somebody', headers = {}, signal } = {}) => {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const request = new Request(`http://sim.test${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...headers },
      ...sent,
      ...(signal === undefined ? {} : { signal }),
    });
    return responseToAnswer(await fetch(request));
  };
  return {
    clock,
    simulator,
    world,
    call,
    graph: async (query, variables = {}) => {
      const { body } = await call('POST', '/graphql', { query, variables });
      if (!isJsonObject(body) || body['errors'] !== undefined) throw new Error(JSON.stringify(body));
      return objectAt(body, 'data');
    },
    pass: (seconds) => clock.advance(ms(seconds * 1_000)),
    machine: (id) => {
      const row = world.machines.get(id);
      if (row === undefined) throw new Error(`there is no machine ${id}`);
      return row;
    },
  };
}
export async function responseToAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const body: Json = text === '' ? null : JSON.parse(text);
  return { status: response.status, body, headers: response.headers };
}

export const APP_PATH = '/v1/apps/acme-web';
export const MACHINES_PATH = `${APP_PATH}/machines`;
export const IMAGE = 'registry.fly.io/acme-web:v1';
/** A world with the app `acme-web`. */
export async function makeSceneWithApp(options: Partial<SimulatorOptions> = {}): Promise<Scene> {
  const scene = makeScene(options);
  await scene.call('POST', '/v1/apps', { name: 'acme-web', org_slug: 'acme' });
  return scene;
}
/** Creates one, and gives its id. */
export async function createIn(scene: Scene, config: JsonObject = {}, more: JsonObject = {}): Promise<string> {
  const { status, body } = await scene.call('POST', MACHINES_PATH, { region: 'nrt', ...more, config: { image: IMAGE, ...config } });
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return textAt(body, 'id');
}
/** The same, and some time for it to boot and pass its checks. */
export async function startIn(scene: Scene, config: JsonObject = {}, more: JsonObject = {}): Promise<string> {
  const id = await createIn(scene, config, more);
  await scene.pass(30);
  return id;
}
export const machinePath = (id: string): string => `${MACHINES_PATH}/${id}`;
export const typesOf = (row: MachineRow): readonly string[] => row.events.map((event) => `${event.type} ${event.status}`).reverse();

export function objectAt(value: Json | undefined, ...keys: readonly string[]): JsonObject {
  const found = valueAt(value, ...keys);
  if (!isJsonObject(found)) throw new Error(`${keys.join('.')} is no object`);
  return found;
}
export function listAt(value: Json | undefined, ...keys: readonly string[]): readonly Json[] {
  const found = valueAt(value, ...keys);
  if (!Array.isArray(found)) throw new Error(`${keys.join('.')} is no list`);
  return found;
}
export function textAt(value: Json | undefined, ...keys: readonly string[]): string {
  const found = valueAt(value, ...keys);
  if (typeof found !== 'string') throw new Error(`${keys.join('.')} is no text`);
  return found;
}
export const valueAt = (value: Json | undefined, ...keys: readonly string[]): Json | undefined =>
  keys.reduce<Json | undefined>((from, key) => (isJsonObject(from) ? from[key] : undefined), value);
