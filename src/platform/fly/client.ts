/** The Fly platform over HTTP: `FlyClient` put together from its three APIs. */
import type { Clock } from '#domain/clock.ts';
import type { Random } from '#domain/random.ts';
import type { Fetch, RequestSeen, Wire } from './call.ts';
import { makeFlaps } from './flaps.ts';
import { makeAddressCalls, makeAppCalls, makeCertificateCalls, makeSecretCalls } from './flaps-apps.ts';
import { makeLeaseCalls } from './flaps-leases.ts';
import { makeMachineCalls } from './flaps-machines.ts';
import { makeOrganizationCalls, makePlatformCalls } from './flaps-platform.ts';
import { makeVolumeCalls } from './flaps-volumes.ts';
import { makeGraphqlCalls } from './graphql.ts';
import type { Limits } from './limits.ts';
import type { FlyClient } from './port.ts';
import { makeRedact, tokenToHeaders } from './token.ts';
import { makeReleaseCalls } from './uiex.ts';

export interface FlyClientOptions {
  /** Never kept anywhere but in the headers of requests. */
  readonly token: string;
  /** Machines API; its root, without /v1. */
  readonly flapsBaseUrl: string;
  /** GraphQL; without /graphql. */
  readonly apiBaseUrl: string;
  /** Releases; without /api/v1. */
  readonly uiexBaseUrl: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly userAgent: string;
  readonly onRequest?: (seen: RequestSeen) => void;
}

export function makeFlyClient(options: FlyClientOptions): FlyClient {
  const { clock, random, limits, fetch, userAgent, onRequest } = options;
  const headers = tokenToHeaders(options.token);
  const redact = makeRedact(options.token);
  const wire: Wire = { clock, random, limits, redact, ...(onRequest === undefined ? {} : { onRequest }) };
  const flaps = makeFlaps(wire, { baseUrl: options.flapsBaseUrl, authorization: headers.flaps, userAgent, fetch });
  return {
    ...makeAppCalls(flaps),
    ...makeMachineCalls(flaps),
    ...makeLeaseCalls(flaps),
    ...makeVolumeCalls(flaps),
    ...makeAddressCalls(flaps),
    ...makeCertificateCalls(flaps),
    ...makeSecretCalls(flaps),
    ...makeOrganizationCalls(flaps),
    ...makePlatformCalls(flaps),
    ...makeReleaseCalls(wire, { baseUrl: options.uiexBaseUrl, authorization: headers.uiex, userAgent, fetch }),
    ...makeGraphqlCalls(wire, { baseUrl: options.apiBaseUrl, authorization: headers.graphql, userAgent, fetch }),
  };
}
