/** What is written in git because it is not secret; variables were put in when the revision was compiled. */
import { ok } from '#domain/result.ts';
import { SecretValue } from '#domain/secret-value.ts';
import type { Origin } from './port.ts';

export const valueOrigin: Origin<'value'> = {
  kind: 'value',
  cost: 'cheap',
  read: ({ spec }) => Promise.resolve(ok(new SecretValue(spec))),
};
