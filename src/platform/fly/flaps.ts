/** The Machines API ("flaps"), typed by our own description of it. Bodies are read as text and parsed by zod: the types only hold the requests. */
import createClient, { type Client } from 'openapi-fetch';
import type { paths } from '#openapi/fly-machines.d.ts';
import { type ApiOptions, responseToHead, SignalledRequest, type Wire } from './call.ts';
import type { RawReply } from './errors.ts';

export interface Flaps {
  readonly wire: Wire;
  readonly http: Client<paths, 'application/json'>;
}

export const makeFlaps = (wire: Wire, options: ApiOptions): Flaps => ({
  wire,
  http: createClient<paths, 'application/json'>({
    // The platform's own client resolves /v1 against the root as well.
    baseUrl: new URL('/v1', options.baseUrl).href,
    fetch: options.fetch,
    Request: SignalledRequest,
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
