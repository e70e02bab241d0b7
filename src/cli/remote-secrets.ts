/** Secrets of a controller somewhere else. The one place of a command where values become text: the body of a request that its token protects. */
import { z } from 'zod';
import type { TrimtabError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { AppSecrets, AppSynced, GivenValues, Operator } from '#engine/operator.ts';

type Query = Readonly<Record<string, string | readonly string[]>>;
type Send = <T>(
  method: 'GET' | 'POST',
  path: string,
  query: Query,
  schema: z.ZodType<T>,
  signal: AbortSignal,
  body?: string,
) => Promise<Result<T, TrimtabError>>;
const frame = <T>(schema: z.ZodType): z.ZodType<T> => z.custom<T>((value) => schema.safeParse(value).success);
const Looked = frame<readonly AppSecrets[]>(
  z.array(z.looseObject({ environment: z.string(), name: z.string(), secrets: z.array(z.looseObject({ name: z.string() })) })),
);
const Synced = frame<readonly AppSynced[]>(
  z.array(z.looseObject({ environment: z.string(), name: z.string(), written: z.array(z.string()) })),
);

export const remoteSecrets = (
  send: Send,
  of: (selection: Parameters<Operator['secrets']>[0]) => Query,
): Pick<Operator, 'secrets' | 'syncSecrets'> => ({
  secrets: (selection, signal) => send('GET', 'secrets', of(selection), Looked, signal),
  syncSecrets: (selection, { apply, by, values }, signal) =>
    send('POST', 'secrets/sync', of(selection), Synced, signal, JSON.stringify({ apply, by, values: toTexts(values) })),
});
const toTexts = (values: GivenValues): Readonly<Record<string, Readonly<Record<string, string>>>> =>
  Object.fromEntries(
    [...values].map(([app, inner]) => [app, Object.fromEntries([...inner].map(([name, value]) => [name, value.reveal()]))]),
  );
