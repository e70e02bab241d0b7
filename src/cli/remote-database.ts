/** The database part of an operator that runs in another process. */
import { z } from 'zod';
import type { TrimtabError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { ms } from '#domain/units.ts';
import type { DatabaseOperator } from '#engine/database-operator.ts';

const Item = z.object({
  what: z.string(),
  state: z.enum(['ok', 'warning', 'failed', 'skipped']),
  message: z.string(),
  remedy: z.string().nullable(),
  took: z.number().transform(ms),
});
const Outlooks = z.array(
  z.object({
    environment: z.string(),
    database: z.string().nullable(),
    format: z.string(),
    set: z.string(),
    applied: z.number(),
    pending: z.array(z.string()),
    items: z.array(Item),
    notes: z.array(z.string()),
  }),
);
const Ran = z.array(z.object({ environment: z.string(), running: z.boolean(), items: z.array(Item) }));

type Ask = <T>(
  path: string,
  query: Readonly<Record<string, string>>,
  schema: z.ZodType<T>,
  signal: AbortSignal,
) => Promise<Result<T, TrimtabError>>;
export function makeRemoteDatabase(get: Ask, post: Ask): DatabaseOperator {
  const of = (environment: string | null) => (environment === null ? {} : { environment });
  return {
    migrations: (environment, signal) => get('migrations', of(environment), Outlooks, signal),
    migrate: (environment, by, signal) => post('migrate', { ...of(environment), by }, Ran, signal),
  };
}
