/** The operator of a controller somewhere else, over its API. */
import { z } from 'zod';
import { type Told, toldBy } from '#domain/desired-lookup.ts';
import { ERRORS, failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { AppPlan, EnvironmentAnswer, Operator, Selection } from '#engine/operator.ts';
import type { EnvironmentReport } from '#engine/proving.ts';
import { remoteAccounts } from './remote-accounts.ts';
import { remoteAudit } from './remote-audit.ts';
import { makeRemoteDatabase } from './remote-database.ts';
import { remoteReleases } from './remote-releases.ts';
import { remoteSecrets } from './remote-secrets.ts';

export interface RemoteOptions {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string | null;
  readonly fetch: (request: Request) => Promise<Response>;
  /** Of the command's own process: what shapes a revision is sent with a request to read the source. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** The environment the command is about: bare names are meant for it. */
  readonly only?: string | null;
}
/** Both sides are of one version in one network: the frame is checked, the rest believed. */
const frame = <T>(schema: z.ZodType): z.ZodType<T> => z.custom<T>((value) => schema.safeParse(value).success);
const Environments = frame<readonly EnvironmentAnswer[]>(
  z.array(z.looseObject({ name: z.string(), apps: z.array(z.looseObject({ name: z.string() })) })),
);
const Plans = frame<readonly AppPlan[]>(z.array(z.looseObject({ environment: z.string(), name: z.string(), app: z.string() })));
const Reports = frame<readonly EnvironmentReport[]>(
  z.array(z.looseObject({ environment: z.string(), items: z.array(z.looseObject({ what: z.string(), state: z.string() })) })),
);
const Tokens = z.array(z.object({ name: z.string(), role: z.enum(['viewer', 'operator']), createdAt: z.number() }));
const Names = z.array(z.string());
const Refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export function makeRemoteOperator(options: RemoteOptions): Operator {
  const get = <T>(path: string, query: Query, schema: z.ZodType<T>, signal: AbortSignal) =>
    call(options, 'GET', path, query, schema, signal);
  const post = <T>(path: string, query: Query, schema: z.ZodType<T>, signal: AbortSignal) =>
    call(options, 'POST', path, query, schema, signal);
  const done = async (answer: Promise<Result<unknown, TrimtabError>>): Promise<Result<void, TrimtabError>> => {
    const given = await answer;
    return given.ok ? ok(undefined) : given;
  };
  return {
    db: makeRemoteDatabase(get, post),
    ...remoteAccounts({ get, post }),
    ...remoteAudit({ get, post }),
    ...remoteReleases((method, path, { query, body }, schema, signal) =>
      call(options, method, path, query ?? {}, schema, signal, body === undefined ? undefined : JSON.stringify(body)),
    ),
    environments: (signal) => get('environments', {}, Environments, signal),
    plan: (selection, signal) => get('plan', of(selection), Plans, signal),
    approve: (selection, by, plan, signal) => post('approve', { ...of(selection), by, ...(plan === null ? {} : { plan }) }, Names, signal),
    preflight: (environment, signal) => post('preflight', of({ environment, app: null }), Reports, signal),
    smoke: (environment, only, signal) => post('smoke', { ...of({ environment, app: null }), check: only ?? [] }, Reports, signal),
    tokens: (signal) => get('tokens', {}, Tokens, signal),
    addToken: (name, role, by, signal) => post(`tokens/${encodeURIComponent(name)}`, { role, by }, z.string().nullable(), signal),
    revokeToken: (name, by, signal) => post(`tokens/${encodeURIComponent(name)}/revoke`, { by }, z.boolean(), signal),
    refresh: async (signal) => {
      const environments = await get('environments', {}, Environments, signal);
      if (!environments.ok) return environments;
      const told: Told = Object.fromEntries(
        environments.value.flatMap(({ name, asks }) =>
          asks === undefined ? [] : [[name, toldBy(options.variables ?? {}, asks, name === options.only)]],
        ),
      );
      return done(call(options, 'POST', 'refresh', {}, z.unknown(), signal, JSON.stringify(told)));
    },
    halt: (scope, by, reason, signal) => done(post('halt', { scope, by, reason }, z.unknown(), signal)),
    unhalt: (scope, by, signal) => done(post('unhalt', { scope, by }, z.unknown(), signal)),
    eject: (selection, by, signal) => post('eject', { ...of(selection), by }, Names, signal),
    ...remoteSecrets((method, path, query, schema, signal, body) => call(options, method, path, query, schema, signal, body), of),
  };
}
/** A list is its name several times. */
type Query = Readonly<Record<string, string | readonly string[]>>;
const pairsOf = (query: Query): string[][] =>
  Object.entries(query).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : value.map((one) => [name, one])));
const of = ({ environment, app }: Selection): Query => ({
  ...(environment === null ? {} : { environment }),
  ...(app === null ? {} : { app }),
});

async function call<T>(
  { url, token, fetch }: RemoteOptions,
  method: string,
  path: string,
  query: Query,
  schema: z.ZodType<T>,
  signal: AbortSignal,
  sent?: string,
): Promise<Result<T, TrimtabError>> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  let body: unknown;
  try {
    const sending = sent === undefined ? {} : { body: sent };
    const request = new Request(`${url}/api/v1/${path}?${new URLSearchParams(pairsOf(query))}`, { method, headers, signal, ...sending });
    const response = await fetch(request);
    body = await response.json();
  } catch (thrown) {
    return err(
      failure('FLY_UNAVAILABLE', `the controller at ${url} does not answer: ${thrown instanceof Error ? thrown.message : String(thrown)}`),
    );
  }
  const refusal = Refusal.safeParse(body);
  if (refusal.success) return err(failure(codeOf(refusal.data.error.code), refusal.data.error.message));
  const parsed = schema.safeParse(body);
  return parsed.success
    ? ok(parsed.data)
    : err(failure('FLY_BAD_REPLY', `the controller at ${url} answers in other words: is it of this version?`));
}
function codeOf(code: string): keyof typeof ERRORS {
  const known = Object.keys(ERRORS).find((one): one is keyof typeof ERRORS => one === code);
  return known ?? 'FLY_INVALID';
}
