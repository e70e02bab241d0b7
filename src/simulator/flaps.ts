/** The Machines API of a world: requests in, replies out, with limits, faults and counters between. */
import type { Json, JsonObject } from '#domain/json.ts';
import { isJsonObject } from '#domain/json.ts';
import { ms, seconds } from '#domain/units.ts';
import { type FaultKind, type Faults, isAfterCommit, refusalOf } from './faults.ts';
import { OWN_REQUESTS, type OwnRequest, type RateLimits } from './limits.ts';
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
interface Found extends Route {
  readonly params: Readonly<Record<string, string>>;
}
const makeFinder = (handlers: Readonly<Record<string, Handler>>): ((method: string, path: string) => Found | null) => {
  const routes: readonly Route[] = Object.entries(handlers)
    .map(([operation, handler]) => {
      const [method = '', path = ''] = operation.split(' ');
      return { operation, method, segments: path.slice(1).split('/'), handler };
    })
    // Words before parameters: `/certificates/acme` is not a hostname.
    .sort((a, b) => parametersIn(a) - parametersIn(b));
  const byShape = Map.groupBy(routes, (route) => `${route.method} ${route.segments.length}`);
  return (method, path) => {
    const given = path.slice(1).split('/');
    for (const route of byShape.get(`${method} ${given.length}`) ?? []) {
      const params = paramsOf(route, given);
      if (params !== null) return { ...route, params };
    }
    return null;
  };
};
const parametersIn = (route: Route): number => route.segments.filter((segment) => segment.startsWith('{')).length;
function paramsOf(route: Route, given: readonly string[]): Readonly<Record<string, string>> | null {
  const params: Record<string, string> = {};
  for (const [at, segment] of route.segments.entries()) {
    const value = given[at] ?? '';
    if (!segment.startsWith('{')) {
      if (segment !== value) return null;
    } else if (value === '') return null;
    else params[segment.slice(1, -1)] = decodeURIComponent(value);
  }
  return params;
}
const findFlaps = makeFinder(HANDLERS);
const finders = new WeakMap<object, ReturnType<typeof makeFinder>>();
/** The handler of a table for a method and path. */
export function findHandler(handlers: Readonly<Record<string, Handler>>, method: string, path: string): Found | null {
  const finder = finders.get(handlers) ?? makeFinder(handlers);
  finders.set(handlers, finder);
  return finder(method, path);
}

/** Limits hold for all callers together; only trimtab's own excess, measured by itself, is counted as a violation. */
const OURS = 'trimtab/';
const isOurs = (request: Request): boolean => (request.headers.get('user-agent') ?? '').startsWith(OURS);

function noteOwn({ world, limits }: SimulatorDeps, operation: string, id: string): void {
  const within = limits.allows(`${OURS} ${operation}`, id);
  if (!within) world.counters.rateLimitViolations += 1;
  if (OWN_REQUESTS.hasSubscribers) OWN_REQUESTS.publish({ operation, id, within } satisfies OwnRequest);
}

/** The CLI gives up at its first 429. Over a real network its commands come slower than over a local socket, so it waits for its turn instead. */
const CLI = 'flyctl/';
const CLI_PATIENCE = seconds(10);
const LOOK_EVERY = ms(100);
async function hasTurn({ world, limits }: SimulatorDeps, request: Request, operation: string, id: string): Promise<boolean> {
  const isCli = (request.headers.get('user-agent') ?? '').startsWith(CLI);
  const until = world.clock.now() + (isCli ? CLI_PATIENCE : 0);
  while (!limits.allows(operation, id)) {
    if (world.clock.now() >= until || request.signal.aborted) return false;
    await world.clock.sleep(LOOK_EVERY);
  }
  return true;
}

/** Answers one request below `/v1`. */
export async function answerFlaps(deps: SimulatorDeps, request: Request): Promise<Response> {
  const { world } = deps;
  const url = new URL(request.url);
  world.catchUp();
  const found = findFlaps(request.method, url.pathname.replace(/^\/v1(?=\/)/, ''));
  if (found === null)
    return toResponse(
      world,
      reply(501, { error: `not modelled by the simulator: ${request.method} ${url.pathname}`, status: 'not_modelled' }),
    );
  const { params } = found;
  count(world, found.operation);
  const refusal = refusedToken(request.headers.get('authorization') ?? '', params['app_name']);
  if (refusal !== null) return toResponse(world, refusal);
  const id = params['machine_id'] ?? params['volume_id'] ?? params['app_name'] ?? params['org_slug'] ?? 'all';
  if (isOurs(request)) noteOwn(deps, found.operation, id);
  if (!(await hasTurn(deps, request, found.operation, id))) {
    return toResponse(world, reply(429, { error: 'rate limit exceeded' }), { 'retry-after': '1' });
  }
  const body = await readBody(request);
  const perform = async (): Promise<SimReply> => {
    if (body === null) return reply(400, { error: 'invalid JSON in the body' });
    const leaseNonce = request.headers.get('fly-machine-lease-nonce');
    const signal = request.signal;
    return settle(world, found, () => found.handler({ world, params, query: url.searchParams, body, leaseNonce, signal }));
  };
  return withFault(deps, found.operation, perform, request.signal);
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
/** The answer arrives, but not as it should be; a header tells who looks closely that it was asked for. */
function spoiled(world: World, fault: FaultKind, done: SimReply): Response {
  const headers = { 'x-simulated-fault': fault };
  const text = JSON.stringify(done.body ?? null);
  if (fault === 'brokenJson') return new Response('<html>502 Bad Gateway</html>', { status: 200, headers });
  if (fault === 'halfAnswer') return new Response(text.slice(0, Math.floor(text.length / 2)), { status: done.status, headers });
  if (fault === 'unknownWords') return toResponse(world, { status: done.status, body: withUnknownWords(done.body ?? null) }, headers);
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
