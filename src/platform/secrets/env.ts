/** Variables of the process: the environment's prefix first; the bare name only where the process serves one environment. */
import { makeLookup } from '#domain/desired-lookup.ts';
import { ok } from '#domain/result.ts';
import { SecretValue } from '#domain/secret-value.ts';
import type { Origin } from './port.ts';

export const makeEnvOrigin = (process: Readonly<Record<string, string | undefined>>): Origin<'env'> => ({
  kind: 'env',
  cost: 'cheap',
  read: ({ spec, scene }) => {
    const found = makeLookup({ process, bare: scene.bare, stored: {} }, scene.prefix).find(spec);
    return Promise.resolve(ok(found === null ? null : new SecretValue(found)));
  },
});
