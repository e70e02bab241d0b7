/** Secrets over the API: how they are, and values that come with a request. They are held for its time, and nothing of them is answered. */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import type { TrimtabError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { SecretValue } from '#domain/secret-value.ts';
import type { Operator, Selection } from '#engine/operator.ts';

/** A hundred secrets of the largest size are no request anybody makes. */
const LARGEST_BODY = 1_048_576;
const Body = z.strictObject({
  apply: z.boolean(),
  by: z.string(),
  values: z.record(z.string(), z.record(z.string(), z.string())),
});

export function secretRoutes(
  operator: Pick<Operator, 'secrets' | 'syncSecrets'>,
  selection: (c: { req: { query(name: string): string | undefined } }) => Selection,
  answer: (result: Result<unknown, TrimtabError>) => Response,
): Hono {
  const app = new Hono();
  app.get('/', async (c) => answer(await operator.secrets(selection(c), c.req.raw.signal)));
  app.post('/sync', bodyLimit({ maxSize: LARGEST_BODY }), async (c) => {
    const body = Body.safeParse(await bodyOf(c.req.raw));
    // What is wrong with it is not told by its own words: they may be values.
    if (!body.success)
      return c.json(
        { error: { code: 'INVALID', message: 'the body is not as expected', remedy: 'use `trimtab secrets sync` of this version' } },
        400,
      );
    const { apply, by, values } = body.data;
    const given = new Map(
      Object.entries(values).map(([name, inner]) => [
        name,
        new Map(Object.entries(inner).map(([key, value]) => [key, new SecretValue(value)])),
      ]),
    );
    return answer(await operator.syncSecrets(selection(c), { apply, by, values: given }, c.req.raw.signal));
  });
  return app;
}
async function bodyOf(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    // The parser's message would quote the body.
    return null;
  }
}
