/** The official description of the Machines API as a contract: every reply of the simulator, and every request our client makes, is held
 *  against it while the suites run. Where the platform is known to differ (openapi/differences.yaml), our own description stands in. */
import { existsSync, readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '#domain/json.ts';
import type { Simulator } from '#simulator/simulator.ts';
import { breach } from '#test/support/breaches.ts';
import { agreedDescription } from '#test/support/description.ts';

export const OFFICIAL = '../shared/reference/fly-machines-openapi.json';
const OURS = 'openapi/fly-machines.yaml';
const Differences = z.array(z.strictObject({ reason: z.string().min(10), at: z.array(z.string()).min(1) }));

/** Who asks: what our client sends must be as described; what somebody's hands send may be anything. */
export type Caller = 'client' | 'hands';
type Fetch = Simulator['fetch'];

/** The simulator's `fetch`; what breaks the contract fails the test that is running. */
export function underContract(fetch: Fetch, caller: Caller): Fetch {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const contract = pathname.startsWith('/v1/') ? theContract() : null;
    if (contract === null) return fetch(request);
    const operation = contract.find(request.method, pathname.slice('/v1'.length));
    if (caller === 'client') {
      const sent = request.method === 'GET' ? '' : await request.clone().text();
      if (operation === null) breach(`the client asks for ${request.method} ${pathname}, which nobody describes`);
      else for (const fault of operation.faultsOfRequest(searchParams, request.headers, sent)) breach(`the client: ${fault}`);
    }
    const response = await fetch(request);
    // Spoiled on purpose: what it says is no claim of the simulator.
    if (operation === null || response.headers.has('x-simulated-fault')) return response;
    for (const fault of operation.faultsOfReply(response.status, await response.clone().text())) breach(`the simulator: ${fault}`);
    return response;
  };
}

interface ContractOperation {
  faultsOfRequest(query: URLSearchParams, headers: Headers, body: string): readonly string[];
  faultsOfReply(status: number, body: string): readonly string[];
}
interface Contract {
  find(method: string, path: string): ContractOperation | null;
}
let made: Contract | null | undefined;
/** Compiled once per process, operation by operation when it is first met. Null where the official file is not at hand; in CI it must be. */
function theContract(): Contract | null {
  made ??= existsSync(OFFICIAL) ? makeContract() : null;
  if (made === null && process.env['CI'] === 'true') breach(`${OFFICIAL} is missing: nothing is held against it`);
  return made;
}
function makeContract(): Contract {
  const object = (text: unknown): JsonObject => (isJsonObject(text) ? text : {});
  const differences = Differences.parse(parse(readFileSync('openapi/differences.yaml', 'utf8')));
  const description = agreedDescription(
    object(JSON.parse(readFileSync(OFFICIAL, 'utf8'))),
    object(parse(readFileSync(OURS, 'utf8'))),
    differences.flatMap(({ at }) => at),
  );
  const strict = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const lenient = new Ajv({ strict: false, validateFormats: false, allErrors: true, coerceTypes: 'array' });
  for (const ajv of [strict, lenient]) ajv.addSchema({ $id: 'fly', components: description.components });
  const known = new Map<string, ContractOperation>();
  const routes = description.operations.map((operation) => ({
    ...operation,
    pattern: new RegExp(`^${operation.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }));
  return {
    find: (method, path) => {
      // A path written out wins over one with a name in it: `/certificates/acme` is no host name.
      const [found] = routes
        .filter((route) => route.method === method && route.pattern.test(path))
        .sort((a, b) => a.path.split('{').length - b.path.split('{').length);
      if (found === undefined) return null;
      const route = `${found.method} ${found.path}`;
      const operation = known.get(route) ?? makeOperation(route, found, strict, lenient);
      known.set(route, operation);
      return operation;
    },
  };
}
type Described = ReturnType<typeof agreedDescription>['operations'][number];

function makeOperation(route: string, described: Described, strict: Ajv, lenient: Ajv): ContractOperation {
  const validators = new Map<string, ValidateFunction>();
  const validator = (ajv: Ajv, name: string, schema: JsonObject): ValidateFunction => {
    const found = validators.get(name) ?? ajv.compile(schema);
    validators.set(name, found);
    return found;
  };
  const check = (ajv: Ajv, name: string, schema: JsonObject, value: unknown): readonly string[] => {
    const validate = validator(ajv, name, schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${route} ${name}${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
  const { query, headers, body, replies } = described;
  return {
    faultsOfRequest: (given, sent, text) => [
      ...check(lenient, 'query', query, queryOf(given)),
      ...headers.flatMap(({ name, required }) => (required && !sent.has(name) ? [`${route} lacks the header ${name}`] : [])),
      ...(sent.has(LEASE) && !headers.some(({ name }) => name === LEASE) ? [`${route} knows no header ${LEASE}`] : []),
      ...(body === null
        ? text === '' || text === '{}'
          ? []
          : [`${route} takes no body`]
        : text === ''
          ? body.required
            ? [`${route} needs a body`]
            : []
          : check(strict, 'body', body.schema, jsonOf(text))),
    ],
    faultsOfReply: (status, text) => {
      // The simulator's own word for what it leaves out: the platform has none.
      if (status === 501) return [];
      const schema = replies.has(status) ? (replies.get(status) ?? null) : status >= 400 ? described.refusal : undefined;
      if (schema === undefined) return [`${route} never answers ${status}`];
      if (schema === null) return text === '' ? [] : [`${route} ${status} has no body, and it came with ${text.slice(0, 80)}`];
      return check(strict, String(status), schema, jsonOf(text));
    },
  };
}
const LEASE = 'fly-machine-lease-nonce';
const queryOf = (given: URLSearchParams): Record<string, string | string[]> =>
  Object.fromEntries([...new Set(given.keys())].map((name) => [name, listOf(given.getAll(name))]));
const listOf = (values: string[]): string | string[] => (values.length === 1 ? (values[0] ?? '') : values);
/** Not readable: told as a text, which no schema takes. */
function jsonOf(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return `unreadable: ${text.slice(0, 80)}`;
  }
}
