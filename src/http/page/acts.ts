/** What a button does. Everything an operator does here is in the audit under the operator's name; what came of it is told on the next page. */
import { type Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { ms } from '#domain/units.ts';
import type { Operator } from '#engine/operator.ts';
import type { Word } from './english.ts';

export type ActingOperator = Pick<
  Operator,
  'approve' | 'halt' | 'unhalt' | 'pause' | 'resume' | 'rollback' | 'retry' | 'endOverride' | 'ackBudget' | 'signWeek'
>;
/** What was done, and to what. */
export interface Done {
  readonly word: Word;
  readonly detail: string;
}
type Answer = Promise<Result<Done, TrimtabError>>;
type Act = (operator: ActingOperator, fields: unknown, by: string, signal: AbortSignal) => Answer;

const name = z.string().min(1).max(100);
const reason = z.string().min(1, 'say why').max(1_000);
/** An empty field of a form is one that was left out. */
const optional = z
  .string()
  .max(100)
  .optional()
  .transform((text) => (text === undefined || text === '' ? null : text));
const HOUR_MS = 3_600_000;
const MOST_HOURS = 31 * 24;

const done = async (word: Word, answer: Promise<Result<unknown, TrimtabError>>, detail: string): Answer => {
  const given = await answer;
  return given.ok ? ok({ word, detail }) : given;
};
const on =
  <S extends z.ZodType>(schema: S, run: (operator: ActingOperator, said: z.infer<S>, by: string, signal: AbortSignal) => Answer): Act =>
  (operator, fields, by, signal) => {
    const said = schema.safeParse(fields);
    return said.success
      ? run(operator, said.data, by, signal)
      : Promise.resolve(err(failure('REQUEST_INVALID', z.prettifyError(said.error).replaceAll('\n', ' '))));
  };
export const ACTS: Readonly<Record<string, Act>> = {
  approve: on(z.object({ environment: name, app: optional, plan: optional }), async (operator, { environment, app, plan }, by, signal) => {
    const given = await operator.approve({ environment, app }, by, plan, signal);
    return given.ok ? ok({ word: 'doneApprove', detail: given.value.join(', ') }) : given;
  }),
  halt: on(z.object({ scope: name, reason }), (operator, said, by, signal) =>
    done('doneHalt', operator.halt(said.scope, by, said.reason, signal), said.scope),
  ),
  unhalt: on(z.object({ scope: name }), (operator, { scope }, by, signal) => done('doneUnhalt', operator.unhalt(scope, by, signal), scope)),
  pause: on(
    z.object({ environment: name, hours: z.coerce.number().int().min(1).max(MOST_HOURS), reason }),
    (operator, { environment, hours, reason: why }, by, signal) =>
      done('donePause', operator.pause({ environment, by, span: ms(hours * HOUR_MS), reason: why }, signal), environment),
  ),
  resume: on(z.object({ environment: name }), (operator, { environment }, by, signal) =>
    done('doneResume', operator.resume({ environment, by }, signal), environment),
  ),
  rollback: on(z.object({ environment: name, app: optional, to: optional, reason }), async (operator, said, by, signal) => {
    const given = await operator.rollback({ ...said, by }, signal);
    return given.ok ? ok({ word: 'doneRollback', detail: `${given.value.apps.join(', ')} → ${given.value.to.slice(0, 12)}` }) : given;
  }),
  retry: on(z.object({ environment: name, app: optional }), (operator, { environment, app }, by, signal) =>
    done('doneRetry', operator.retry({ environment, app, by }, signal), app ?? environment),
  ),
  'end-override': on(z.object({ environment: name, app: name }), (operator, { environment, app }, by, signal) =>
    done('doneOverride', operator.endOverride({ environment, app, by }, signal), app),
  ),
  ack: on(z.object({ budget: name }), (operator, { budget }, by, signal) =>
    done('doneAck', operator.ackBudget(budget, by, signal), budget),
  ),
  sign: on(z.object({ week: name, item: name, note: z.string().max(1_000) }), (operator, { week, item, note }, by, signal) =>
    done('doneSign', operator.signWeek(week, item, note, by, signal), item),
  ),
};

/** Told once, on the page that comes next. The words are ours; the detail is shown as text. */
const TOLD = 'trimtab_done';
const TOLD_FOR_S = 60;
const Told = z.object({ word: z.custom<Word>((word) => typeof word === 'string' && DONE.some((one) => one === word)), detail: z.string() });
const DONE = [
  'doneApprove',
  'doneHalt',
  'doneUnhalt',
  'donePause',
  'doneResume',
  'doneRollback',
  'doneRetry',
  'doneOverride',
  'doneAck',
  'doneSign',
] as const satisfies readonly Word[];
export function tellNext(c: Context, { word, detail }: Done): void {
  const text = Buffer.from(JSON.stringify({ word, detail: detail.slice(0, 300) })).toString('base64url');
  setCookie(c, TOLD, text, { path: '/', httpOnly: true, sameSite: 'Strict', maxAge: TOLD_FOR_S });
}
/** What the act before this page did; null: there was none. A page that only refreshes itself leaves it to a page that a person opens. */
export function toldNow(c: Context): Done | null {
  const text = getCookie(c, TOLD);
  if (text === undefined || c.req.header('sec-fetch-mode') === 'cors') return null;
  deleteCookie(c, TOLD, { path: '/' });
  try {
    const told = Told.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return told.success ? told.data : null;
  } catch {
    return null;
  }
}

export interface ActsDeps {
  readonly operator: ActingOperator;
  /** Null: somebody who may act, with a form of ours; else the answer. */
  readonly refused: (c: Context, fields: Fields) => Promise<{ readonly by: string } | Response>;
  readonly trouble: (c: Context, error: TrimtabError) => Promise<Response>;
  readonly missing: (c: Context) => Promise<Response>;
  readonly environments: (signal: AbortSignal) => Promise<readonly string[]>;
  readonly note: () => void;
}
export type Fields = Readonly<Record<string, string>>;
export function actRoutes(deps: ActsDeps): Hono {
  const app = new Hono();
  app.post('/act/:act', async (c) => {
    const body = await c.req.parseBody();
    const fields: Fields = Object.fromEntries(
      Object.entries(body).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value.trim()]] : [])),
    );
    const known = await deps.refused(c, fields);
    if (known instanceof Response) return known;
    const act = Object.hasOwn(ACTS, c.req.param('act')) ? ACTS[c.req.param('act')] : undefined;
    const named = fields['environment'] ?? (fields['scope'] === '*' ? undefined : fields['scope']);
    if (act === undefined || (named !== undefined && !(await deps.environments(c.req.raw.signal)).includes(named))) return deps.missing(c);
    const given = await act(deps.operator, fields, known.by, c.req.raw.signal);
    deps.note();
    if (!given.ok) return deps.trouble(c, given.error);
    tellNext(c, given.value);
    return c.redirect(backTo(c), 303);
  });
  return app;
}
/** The page the form stood on; never somebody else's. */
export function backTo(c: Context): string {
  const from = URL.parse(c.req.header('referer') ?? '');
  return from !== null && from.host === new URL(c.req.url).host && from.pathname.startsWith('/') && !from.pathname.startsWith('//')
    ? from.pathname
    : '/';
}
