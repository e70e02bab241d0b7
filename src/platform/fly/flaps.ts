/** The Machines API ("flaps"), typed by our own description of it. Bodies are read as text and parsed by zod: the types only hold the requests. */
import createClient, { type Client } from 'openapi-fetch';
import type { paths } from '#openapi/fly-machines.d.ts';
import { type Call, type Fetch, perform, responseToHead, type Wire } from './call.ts';
import type { RawReply } from './errors.ts';
import type { Reply } from './port.ts';

export interface FlapsOptions {
  readonly baseUrl: string;
  readonly authorization: string;
  readonly userAgent: string;
  readonly fetch: Fetch;
}
export interface Flaps {
  readonly wire: Wire;
  readonly http: Client<paths, 'application/json'>;
}

export const makeFlaps = (wire: Wire, options: FlapsOptions): Flaps => ({
  wire,
  http: createClient<paths, 'application/json'>({
    // The platform's own client resolves /v1 against the root as well.
    baseUrl: new URL('/v1', options.baseUrl).href,
    fetch: options.fetch,
    headers: { Authorization: options.authorization, 'User-Agent': options.userAgent, Accept: 'application/json' },
  }),
});

/** What openapi-fetch gives back with `parseAs: 'text'`: an error body is parsed where it is JSON. */
interface Answered {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly response: Response;
}
export const asText = { parseAs: 'text' } as const;

export const toRaw = async (answered: Promise<Answered>): Promise<RawReply> => {
  const { data, error, response } = await answered;
  const body = data ?? error ?? '';
  return { ...responseToHead(response), text: typeof body === 'string' ? body : JSON.stringify(body) };
};

/** Absence as success: what is deleted twice is gone all the same. */
export async function goneIsDone<T>(reply: Reply<T>): Reply<void> {
  const result = await reply;
  if (result.ok || result.error.code === 'FLY_NOT_FOUND') return { ok: true, value: undefined };
  return result;
}
/** Absence as null. */
export async function absentIsNull<T>(reply: Reply<T>): Reply<T | null> {
  const result = await reply;
  return !result.ok && result.error.code === 'FLY_NOT_FOUND' ? { ok: true, value: null } : result;
}

export const performOn =
  (wire: Wire) =>
  <T>(call: Call<T>, signal: AbortSignal): Reply<T> =>
    perform(wire, call, signal);
