/** Who looks: their session, their language, and the token that proves a form is ours. */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { People } from '#engine/people.ts';
import type { Reader } from './parts.ts';
import { type Language, languageOf, sayIn } from './words.ts';

const SESSION = 'trimtab_session';
const LANGUAGE = 'trimtab_lang';
const YEAR_S = 31_536_000;

export interface ReaderDeps {
  readonly people: People;
  readonly language: Language;
  readonly now: () => number;
}
export async function readerOf(deps: ReaderDeps, c: Context): Promise<Reader> {
  const session = getCookie(c, SESSION);
  const found = session === undefined ? null : await deps.people.bySession(session, c.req.raw.signal);
  const person = found?.ok === true ? found.value : null;
  const chosen = c.req.query('lang');
  const language = languageOf(chosen ?? getCookie(c, LANGUAGE), c.req.header('accept-language'), deps.language);
  if (chosen !== undefined) setCookie(c, LANGUAGE, language, { path: '/', maxAge: YEAR_S, sameSite: 'Lax', secure: isSecure(c) });
  return {
    name: person?.name ?? null,
    role: person?.role ?? null,
    csrf: session === undefined ? '' : csrfOf(session),
    say: sayIn(language),
    language,
    now: deps.now(),
  };
}
/** Only who holds the session can make it, and it does not tell the session. */
const csrfOf = (session: string): string => createHash('sha256').update(`form ${session}`).digest('hex');

export function openSession(c: Context, session: string, lengthMs: number): void {
  setCookie(c, SESSION, session, {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: isSecure(c),
    maxAge: Math.floor(lengthMs / 1_000),
  });
}
/** The session that was open; null: none. */
export function closeSession(c: Context): string | null {
  return deleteCookie(c, SESSION, { path: '/', secure: isSecure(c) }) ?? null;
}
const isSecure = (c: Context): boolean => c.req.url.startsWith('https:') || c.req.header('x-forwarded-proto') === 'https';
