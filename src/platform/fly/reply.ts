/** Reading the body of an answer: JSON, then a schema, or a failure that says where it was not as expected. */
import { z } from 'zod';
import { err, ok, type Result } from '#domain/result.ts';
import { type Instant, instant, isoToInstant } from '#domain/units.ts';
import { type Attempted, type Failed, type RawReply, replyToFailed, unreadable } from './errors.ts';

/** 2xx parsed by `schema`; everything else is a failure. */
export const judgeBy =
  <T>(attempted: Attempted, schema: z.ZodType<T>) =>
  (reply: RawReply): Result<T, Failed> =>
    judge(attempted, reply, (value) => {
      const parsed = schema.safeParse(value);
      return parsed.success ? ok(parsed.data) : err(firstIssue(parsed.error));
    });

/** The same for a request that carried secret values: a refusal may repeat them, so its words are left out. */
export const judgeSilently =
  <T>(attempted: Attempted, schema: z.ZodType<T>) =>
  (reply: RawReply): Result<T, Failed> =>
    judgeBy(attempted, schema)(succeeded(reply) ? reply : { ...reply, text: '' });

/** The same for a parser that is not zod's. */
export const judgeWith =
  <T>(attempted: Attempted, parse: (value: unknown) => Result<T, string>) =>
  (reply: RawReply): Result<T, Failed> =>
    judge(attempted, reply, parse);

/** 2xx, whatever it holds. */
export const judgeDone =
  (attempted: Attempted) =>
  (reply: RawReply): Result<void, Failed> =>
    succeeded(reply) ? ok(undefined) : err(replyToFailed(attempted, reply));

const succeeded = (reply: RawReply): boolean => reply.status >= 200 && reply.status < 300;

function judge<T>(attempted: Attempted, reply: RawReply, parse: (value: unknown) => Result<T, string>): Result<T, Failed> {
  if (!succeeded(reply)) return err(replyToFailed(attempted, reply));
  const value = parseJson(reply.text);
  const parsed = value.ok ? parse(value.value) : value;
  // A body cut off in the middle may be whole the next time.
  return parsed.ok
    ? parsed
    : err({ error: unreadable(attempted, reply.status, parsed.error), repeatable: attempted.idempotent && !value.ok });
}

function parseJson(text: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text));
  } catch {
    // The parser's own message quotes the body, which may hold values nobody should see.
    return err(text === '' ? 'empty body' : 'not JSON');
  }
}

export const firstIssue = (error: z.ZodError): string => {
  const issue = error.issues[0];
  return issue === undefined ? 'not as expected' : `${issue.path.join('.') || 'body'}: ${issue.message}`;
};

// Words of the schemas below and beside: replies are read leniently, null counts as absent.
export const text = z.string().nullish();
export const flag = z.boolean().nullish();
export const count = z.number().nullish();
export const listOf = <T>(item: z.ZodType<T>) =>
  z
    .array(item)
    .nullish()
    .transform((items): readonly T[] => items ?? []);

/** A date the platform did not give, or gave wrongly, counts as long ago. */
export const toInstant = (iso: string | null | undefined): Instant => toInstantOrNull(iso) ?? instant(0);
export const toInstantOrNull = (iso: string | null | undefined): Instant | null =>
  iso === null || iso === undefined || iso === '' ? null : isoToInstant(iso);
