/** Signing in and out: a token becomes a session. */
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import type { TrimtabError } from '#domain/errors.ts';
import type { People } from '#engine/people.ts';
import type { Html, Reader } from './parts.ts';
import { closeSession, openSession } from './reader.ts';

export interface SignInDeps {
  readonly people: People;
  readonly sessionMs: number;
  readonly readerOf: (c: Context) => Promise<Reader>;
  readonly page: (c: Context, reader: Reader, title: string, body: Html, status: 200 | 403) => Response | Promise<Response>;
  readonly trouble: (c: Context, error: TrimtabError) => Promise<Response>;
}
export function signInRoutes({ people, sessionMs, readerOf, page, trouble }: SignInDeps): Hono {
  const app = new Hono();
  app.get('/login', async (c) => {
    const reader = await readerOf(c);
    return page(c, reader, reader.say('login'), form(reader, false), 200);
  });
  app.post('/login', async (c) => {
    const { token } = await c.req.parseBody();
    const opened = await people.signIn(typeof token === 'string' ? token.trim() : '', c.req.raw.signal);
    if (!opened.ok) return trouble(c, opened.error);
    if (opened.value === null) {
      const reader = await readerOf(c);
      return page(c, reader, reader.say('login'), form(reader, true), 403);
    }
    openSession(c, opened.value.session, sessionMs);
    return c.redirect('/', 303);
  });
  app.post('/logout', async (c) => {
    const session = closeSession(c);
    if (session !== null) await people.signOut(session, c.req.raw.signal);
    return c.redirect('/', 303);
  });
  return app;
}
const form = ({ say }: Reader, failed: boolean): Html =>
  html`<h1>${say('login')}</h1>${failed ? html`<div class="note bad" role="alert"><p>${say('loginFailed')}</p></div>` : ''}<form method="post" action="/login" class="act"><label for="token">${say('token')}</label><input id="token" name="token" type="password" autocomplete="current-password" required><button>${say('login')}</button></form><p class="dim">${say('tokenHelp')}</p>`;
