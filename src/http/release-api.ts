/** The API's part about releases: the list, and what people say. Bodies are JSON; a field that is not known is refused. */
import { Hono } from 'hono';
import { z } from 'zod';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, type Result } from '#domain/result.ts';
import { ms } from '#domain/units.ts';
import type { ReleaseOperator } from '#engine/release-operator.ts';

const MONTH_MS = 31 * 24 * 3_600_000;
const name = z.string().min(1).max(100);
const asked = { environment: name, by: name };
const span = z.number().int().positive().max(MONTH_MS).transform(ms);
const reason = z.string().min(1).max(1_000);
const Word = {
  retry: z.strictObject({ ...asked, app: name.nullable() }),
  pause: z.strictObject({ ...asked, span, reason }),
  resume: z.strictObject(asked),
  rollback: z.strictObject({ ...asked, app: name.nullable(), to: z.string().max(100).nullable(), reason }),
  override: z.strictObject({
    ...asked,
    app: name,
    group: name.nullable(),
    image: z.string().max(500).nullable(),
    count: z.strictObject({ region: name.nullable(), machines: z.number().int().min(0) }).nullable(),
    vm: z.strictObject({ size: name, memoryMb: z.number().int().positive().nullable() }).nullable(),
    reason,
    span,
  }),
  'end-override': z.strictObject({ ...asked, app: name }),
  image: z.strictObject({ ...asked, app: name, image: z.string().min(1).max(500) }),
} as const;

export type Answered = (result: Result<unknown, TrimtabError>) => Response;

export function releaseApi(operator: ReleaseOperator, answer: Answered): Hono {
  const app = new Hono();
  app.get('/', async (c) => {
    const { environment = '', app: only, limit } = c.req.query();
    return answer(await operator.history(environment, only ?? null, Number(limit ?? 20), c.req.raw.signal));
  });
  const on = <S extends z.ZodType>(
    word: string,
    schema: S,
    run: (said: z.infer<S>, signal: AbortSignal) => Promise<Result<unknown, TrimtabError>>,
  ) =>
    app.post(`/${word}`, async (c) => {
      const said = schema.safeParse(await c.req.json().catch(() => null));
      if (said.success) return answer(await run(said.data, c.req.raw.signal));
      return answer(err(failure('REQUEST_INVALID', z.prettifyError(said.error).replaceAll('\n', ' '))));
    });
  on('retry', Word.retry, operator.retry);
  on('pause', Word.pause, operator.pause);
  on('resume', Word.resume, operator.resume);
  on('rollback', Word.rollback, operator.rollback);
  on('override', Word.override, operator.override);
  on('end-override', Word['end-override'], operator.endOverride);
  on('image', Word.image, operator.chooseImage);
  return app;
}
