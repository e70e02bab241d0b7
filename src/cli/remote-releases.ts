/** Releases of a controller somewhere else, over its API. */
import { z } from 'zod';
import type { TrimtabError } from '#domain/errors.ts';
import { Release } from '#domain/release.ts';
import { ok, type Result } from '#domain/result.ts';
import type { History, ReleaseOperator } from '#engine/release-operator.ts';

export type Call = <T>(
  method: 'GET' | 'POST',
  path: string,
  sent: { readonly query?: Readonly<Record<string, string>>; readonly body?: unknown },
  schema: z.ZodType<T>,
  signal: AbortSignal,
) => Promise<Result<T, TrimtabError>>;

const Listed: z.ZodType<History> = z.object({
  environment: z.string(),
  releases: z.array(Release),
  platform: z
    .array(z.object({ version: z.number(), status: z.string(), image: z.string().nullable(), user: z.string().nullable(), at: z.number() }))
    .nullable(),
});
const Back = z.object({
  to: z.string(),
  apps: z.array(z.string()),
  was: z.array(z.object({ name: z.string(), commit: z.string().nullable(), image: z.string().nullable() })),
});
const Image = z.object({ reference: z.string(), digest: z.string().nullable() });

export function remoteReleases(call: Call): ReleaseOperator {
  const say = <T>(word: string, body: unknown, schema: z.ZodType<T>, signal: AbortSignal) =>
    call('POST', `releases/${word}`, { body }, schema, signal);
  const done = async (word: string, body: unknown, signal: AbortSignal): Promise<Result<void, TrimtabError>> => {
    const given = await say(word, body, z.unknown(), signal);
    return given.ok ? ok(undefined) : given;
  };
  return {
    history: (environment, app, limit, signal) =>
      call('GET', 'releases', { query: { environment, limit: String(limit), ...(app === null ? {} : { app }) } }, Listed, signal),
    retry: (asked, signal) => done('retry', asked, signal),
    pause: (asked, signal) => done('pause', asked, signal),
    resume: (asked, signal) => done('resume', asked, signal),
    rollback: (asked, signal) => say('rollback', asked, Back, signal),
    override: (asked, signal) => done('override', asked, signal),
    endOverride: (asked, signal) => done('end-override', asked, signal),
    chooseImage: (asked, signal) => say('image', asked, Image, signal),
  };
}
