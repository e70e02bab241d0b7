/** A whole simulated platform: its world, one `fetch` for its three APIs, and the hands of an operator. In process or behind `server.ts`. */
import type { Clock } from '#domain/clock.ts';
import { isJsonObject, type JsonObject } from '#domain/json.ts';
import { makeRandom } from '#domain/random.ts';
import { answerControl } from './control.ts';
import { type Faults, makeFaults } from './faults.ts';
import { answerFlaps, count, findHandler, refusedToken, type SimulatorDeps, toResponse, withFault } from './flaps.ts';
import { answerGraphql } from './graphql.ts';
import { makeRateLimits } from './limits.ts';
import { UIEX_HANDLERS } from './releases.ts';
import { Refusal, reply, type SimReply } from './request.ts';
import { makeTables, makeWorld, type Tables, type World } from './world.ts';

export interface Simulator {
  readonly world: World;
  readonly faults: Faults;
  /** All three APIs and the control API; any host. */
  readonly fetch: (request: Request) => Promise<Response>;
}
export interface SimulatorOptions {
  readonly clock: Clock;
  readonly seed: string;
  readonly tables?: Tables;
  /** How far the organization-wide lists are behind. */
  readonly listLagMs?: number;
  readonly onCallerDeath?: SimulatorDeps['onCallerDeath'];
}

export function makeSimulator(options: SimulatorOptions): Simulator {
  const world = makeWorld(options.clock, makeRandom(options.seed), options.tables ?? makeTables());
  if (options.listLagMs !== undefined) world.listLagMs = options.listLagMs;
  const deps: SimulatorDeps = {
    world,
    faults: makeFaults(),
    limits: makeRateLimits(options.clock),
    onCallerDeath: options.onCallerDeath ?? null,
  };
  return {
    world,
    faults: deps.faults,
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith('/_sim/')) return answerControl(deps, request);
      if (pathname === '/graphql') return answerGraph(deps, request);
      if (pathname.startsWith('/api/v1/')) return answerUiex(deps, request);
      return answerFlaps(deps, request);
    },
  };
}
async function answerGraph(deps: SimulatorDeps, request: Request): Promise<Response> {
  const { world } = deps;
  world.catchUp();
  count(world, 'POST /graphql');
  const refusal = refusedToken(request.headers.get('authorization') ?? '', undefined);
  if (refusal !== null) return toResponse(world, refusal);
  const body = await bodyOf(request);
  const perform = async (): Promise<SimReply> => reply(200, await answerGraphql(world, body));
  return withFault(deps, 'POST /graphql', perform, request.signal);
}
async function answerUiex(deps: SimulatorDeps, request: Request): Promise<Response> {
  const { world } = deps;
  const url = new URL(request.url);
  world.catchUp();
  const found = findHandler(UIEX_HANDLERS, request.method, url.pathname);
  if (found === null) return toResponse(world, reply(404, { error: `not modelled by the simulator: ${request.method} ${url.pathname}` }));
  count(world, found.operation);
  const refusal = refusedToken(request.headers.get('authorization') ?? '', found.params['app_name']);
  if (refusal !== null) return toResponse(world, refusal);
  const body = await bodyOf(request);
  const perform = async (): Promise<SimReply> => {
    try {
      const given = { world, params: found.params, query: url.searchParams, body, leaseNonce: null, signal: request.signal };
      const answer = await found.handler(given);
      if (request.method !== 'GET') {
        // Builds are the CLI's bookkeeping, no change of the world.
        if (!found.operation.includes('/builds')) world.counters.writes += 1;
        world.onChange?.();
      }
      return answer;
    } catch (thrown) {
      if (thrown instanceof Refusal) return thrown.reply;
      throw thrown;
    }
  };
  return withFault(deps, found.operation, perform, request.signal);
}
async function bodyOf(request: Request): Promise<JsonObject> {
  if (request.method === 'GET') return {};
  const text = await request.text();
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
