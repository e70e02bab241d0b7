/** What a request asks for, checked before anything is done: names that nobody knows and numbers that are none are mistakes, not empty answers. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { remedyOf, type TrimtabError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { Operator, Selection } from '#engine/operator.ts';

const MOST_ROWS = 1_000;
export const refuse = (c: Context, status: 400 | 401 | 404, code: string, message: string, remedy: string): Response =>
  c.json({ error: { code, message, remedy } }, status, NO_CACHE);
export const NO_CACHE = { 'cache-control': 'no-store' } as const;

export function knownOnly(operator: Pick<Operator, 'environments'>): MiddlewareHandler {
  return async (c, next) => {
    const limit = c.req.query('limit');
    if (limit !== undefined && !(Number.isInteger(Number(limit)) && Number(limit) >= 1 && Number(limit) <= MOST_ROWS))
      return refuse(c, 400, 'INVALID', `limit is ${limit}`, `a whole number from 1 to ${MOST_ROWS}`);
    const scope = c.req.query('scope');
    const name = c.req.query('environment') ?? (scope === '*' ? undefined : scope);
    if (name !== undefined) {
      const all = await operator.environments(c.req.raw.signal);
      const names = all.ok ? all.value.map((one) => one.name) : [];
      // Where no environment is known at all, a halt must work all the same.
      if (names.length > 0 && !names.includes(name))
        return refuse(c, 404, 'NOT_FOUND', `there is no environment ${name}`, `known: ${names.join(', ')}`);
    }
    await next();
    return undefined;
  };
}
export const selectionOf = (c: { readonly req: { query(name: string): string | undefined } }): Selection => ({
  environment: c.req.query('environment') ?? null,
  app: c.req.query('app') ?? null,
});
/** Compared in the same time whatever is given. */
export function hasToken(c: Pick<Context, 'req'>, token: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(c.req.header('authorization') ?? ''), hash(`Bearer ${token}`));
}
export function answer<T>(result: Result<T, TrimtabError>): Response {
  if (result.ok) return Response.json(result.value ?? null, { headers: NO_CACHE });
  const { code, message } = result.error;
  return Response.json({ error: { code, message, remedy: remedyOf(result.error) } }, { status: statusOf(code), headers: NO_CACHE });
}
/** Ours, the platform's, or the asker's: who has to act. */
function statusOf(code: TrimtabError['code']): number {
  if (code === 'STORE_UNAVAILABLE' || code === 'SOURCE_UNAVAILABLE') return 503;
  if (code.startsWith('FLY_')) return 502;
  if (code === 'REQUEST_INVALID') return 400;
  if (code === 'UNKNOWN_NAME') return 404;
  if (code === 'HALTED' || code === 'STORE_LOCKED' || code === 'PLAN_NOT_CURRENT') return 409;
  return code === 'DESIRED_INVALID' || code === 'SOURCE_EMPTY' ? 422 : 500;
}
/** For lists that a name was asked for: an empty one means that nobody has that name. */
export function answerFor<T>(c: Context, result: Result<readonly T[], TrimtabError>, lacking = ''): Response {
  const { app } = selectionOf(c);
  if (result.ok && result.value.length === 0 && app !== null)
    return refuse(c, 404, 'NOT_FOUND', `there is no app ${app}${lacking}`, 'see /api/v1/environments');
  return answer(result);
}
