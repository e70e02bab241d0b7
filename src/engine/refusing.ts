import type { TrimtabError } from '#domain/errors.ts';
import { err } from '#domain/result.ts';
import type { FlyClient } from '#platform/fly/port.ts';

/** The client of an environment without a token: every call says so. */
export function refusing(error: TrimtabError): FlyClient {
  const refuse = () => Promise.resolve(err(error));
  return new Proxy(Object.create(null), { get: () => refuse });
}
