/** The Machines API of a world: requests in, replies out, with limits, faults and counters between. */
import type { Json, JsonObject } from '#domain/json.ts';
import { isJsonObject } from '#domain/json.ts';
import { seconds } from '#domain/units.ts';
import { type Faults, type FaultKind, isAfterCommit, refusalOf } from './faults.ts';
import type { RateLimits } from './limits.ts';
import { type Handler, Refusal, reply, type SimReply } from './request.ts';
import { HANDLERS } from './routes.ts';
import type { World } from './world.ts';

export interface SimulatorDeps {
  readonly world: World;
  readonly faults: Faults;
  readonly limits: RateLimits;
  /** The caller dies now: `before` or `after` the commit of this call. The answer never arrives. */
  readonly onCallerDeath: ((when: 'before' | 'after', operation: string) => void) | null;
}
interface Route {
  readonly operation: string;
  readonly method: string;
  readonly segments: readonly string[];
  readonly handler: Handler;
}
const ROUTES: readonly Route[] = Object.entries(HANDLERS)
  .map(([operation, handler]) => {
    const [method = '', path = ''] = operation.split(' ');
    return { operation, method, segments: path.slice(1).split('/'), handler };
  })
  // Words before parameters: `/certificates/acme` is not a hostname.
  .sort((a, b) => parametersIn(a) - parametersIn(b));
function parametersIn(route: Route): number {
  return route.segments.filter((segment) => segment.startsWith('{')).length;
}
const BY_SHAPE = new Map<string, Route[]>();
for (const route of ROUTES) {
  const shape = `${route.method} ${route.segments.length}`;
  BY_SHAPE.set(shape, [...(BY_SHAPE.get(shape) ?? []), route]);
}

export function findRoute(method: string, path: string): { readonly route: Route; readonly params: Readonly<Record<string, string>> } | null {
  const given = path.slice(1).split('/');
  for (const route of BY_SHAPE.get(`${method} ${given.length}`) ?? []) {
    const params: Record<string, string> = {};
    const fits = route.segments.every((segment, at) => {
      const value = given[at] ?? '';
      if (!segment.startsWith('{')) return segment === value;
      params[segment.slice(1, -1)] = decodeURIComponent(value);
      return value !== '';
    });
    if (fits) return { route, params };
  }
  return null;
}

/** Answers one request below `/v1`. */
export async function answerFlaps(deps: SimulatorDeps, request: Request): Promise<Response> {
  const { world } = deps;
  const url = new URL(request.url);
  world.catchUp();
  const found = findRoute(request.method, url.pathname.replace(/^\/v1(?=\/)/, ''));
  if (found === null) return toResponse(world, reply(501, { error: `not modelled by the simulator: ${request.method} ${url.pathname}`, status: 'not_modelled' }));
  const { route, params } = found;
  count(world, route.operation);
  const refusal = refusedToken(request.headers.get('authorization') ?? '', params['app_name']);
  if (refusal !== null) return toResponse(world, refusal);
  if (!deps.limits.allows(route.operation, params['machine_id'] ?? params['volume_id'] ?? params['app_name'] ?? params['org_slug'] ?? 'all')) {
    world.counters.rateLimitViolations += 1;
    return toResponse(world, reply(429, { error: 'rate limit exceeded' }), { 'retry-after': '1' });
  }
  const body = await readBody(request);
  const perform = async (): Promise<SimReply> => {
    if (body === null) return reply(400, { error: 'invalid JSON in the body' });
    const leaseNonce = request.headers.get('fly-machine-lease-nonce');
    const signal = request.signal;
    return settle(world, route, () => route.handler({ world, params, query: url.searchParams, body, leaseNonce, signal }));
  };
  return withFault(deps, route.operation, perform, request.signal);
}
/** Refusals are thrown by handlers; a write that was carried out is counted and told to persistence. */
async function settle(world: World, route: Pick<Route, 'method'>, run: () => SimReply | Promise<SimReply>): Promise<SimReply> {
  try {
    const answer = await run();
    if (route.method !== 'GET') {
      world.counters.writes += 1;
      world.onChange?.();
    }
    return answer;
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.reply;
    throw thrown;
  }
}
export function count(world: World, operation: string): void {
  world.counters.requests += 1;
  world.counters.byRoute.set(operation, (world.counters.byRoute.get(operation) ?? 0) + 1);
}

/** Faults work the same for all APIs of the platform. */
export async function withFault(
  deps: SimulatorDeps,
  operation: string,
  perform: () => Promise<SimReply>,
  signal: AbortSignal,
): Promise<Response> {
  const { world } = deps;
  const fault = deps.faults.strike(operation);
  if (fault === null) return toResponse(world, await perform());
  if (fault === 'callerDiesBeforeCommit') return callerDies(deps, 'before', operation);
  if (fault === 'hang') return never(signal);
  if (fault === 'slow') await world.clock.sleep(seconds(5));
  const done = isAfterCommit(fault) ? await perform() : null;
  if (fault === 'callerDiesAfterCommit') return callerDies(deps, 'after', operation);
  if (fault.startsWith('connectionLost')) throw new TypeError('fetch failed', { cause: new Error('ECONNRESET') });
  const refusal = refusalOf(fault);
  if (refusal !== null) return toResponse(world, refusal);
  return spoiled(world, fault, done ?? reply(500, { error: 'internal' }));
}
/** The answer arrives, but not as it should be. */
function spoiled(world: World, fault: FaultKind, done: SimReply): Response {
  const text = JSON.stringify(done.body ?? null);
  if (fault === 'brokenJson') return new Response('<html>502 Bad Gateway</html>', { status: 200 });
  if (fault === 'halfAnswer') return new Response(text.slice(0, Math.floor(text.length / 2)), { status: done.status });
  if (fault === 'unknownWords') return toResponse(world, { status: done.status, body: withUnknownWords(done.body ?? null) });
  return toResponse(world, done);
}
/** Fields and states that no document names. */
function withUnknownWords(value: Json): Json {
  if (Array.isArray(value)) return value.map(withUnknownWords);
  if (!isJsonObject(value)) return value;
  const inner = Object.entries(value).map(([key, item]) => [key, key === 'state' ? 'hibernating' : withUnknownWords(item ?? null)]);
  return { ...Object.fromEntries(inner), a_field_of_tomorrow: { nested: true } };
}
function callerDies(deps: SimulatorDeps, when: 'before' | 'after', operation: string): Promise<Response> {
  deps.onCallerDeath?.(when, operation);
  return new Promise(() => undefined);
}
const never = (signal: AbortSignal): Promise<Response> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** Tokens by name decide access: `wrong…` is refused, `only:<app>` reaches one app. Everything else reaches all. */
export function refusedToken(header: string, app: string | undefined): SimReply | null {
  const token = header.replace(/^(Bearer|FlyV1)\s*/i, '');
  if (token === '' || token.startsWith('wrong')) return reply(401, { error: 'unauthorized: token is missing or not valid' });
  const only = /^only:(.+)$/.exec(token)?.[1];
  if (only !== undefined && app !== undefined && app !== only) return reply(403, { error: 'forbidden: token has no access to this app' });
  return null;
}
async function readBody(request: Request): Promise<JsonObject | null> {
  const text = request.method === 'GET' ? '' : await request.text();
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return null;
  }
}
export function toResponse(world: World, answer: SimReply, headers: Readonly<Record<string, string>> = {}): Response {
  const id = { 'fly-request-id': `sim-${world.counters.requests}`, ...headers };
  if (answer.body === undefined) return new Response(null, { status: answer.status, headers: id });
  return Response.json(answer.body, { status: answer.status, headers: id });
}
