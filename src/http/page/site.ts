/** The pages: rendered here, read by whom the configuration lets, acted on by operators who are signed in. */
import { type Context, Hono } from 'hono';
import { csrf } from 'hono/csrf';
import { html } from 'hono/html';
import { secureHeaders } from 'hono/secure-headers';
import { remedyOf, type TrimtabError } from '#domain/errors.ts';
import type { People } from '#engine/people.ts';
import type { Changes } from '#http/changes.ts';
import { type ActingOperator, actRoutes, backTo, toldNow } from './acts.ts';
import { layout } from './layout.ts';
import type { Html, Reader } from './parts.ts';
import { environmentPath } from './paths.ts';
import { readerOf } from './reader.ts';
import { missing, type Shown, type ShownDeps, showByPath } from './shown.ts';
import { signInRoutes } from './sign-in.ts';
import { SCRIPT, STYLE } from './style.ts';
import type { Language } from './words.ts';

/** What the pages ask for and may do. */
export type PageOperator = ShownDeps['operator'] & ActingOperator;
export interface SiteDeps extends Pick<ShownDeps, 'machines'> {
  readonly operator: PageOperator;
  readonly people: People;
  readonly sessionMs: number;
  /** `token`: only who is signed in may read. */
  readonly reading: 'open' | 'token';
  readonly language: Language;
  readonly version: string;
  readonly now: () => number;
  readonly changes: Changes;
}
const ASSETS_FOR_S = 3_600;

export function makeSite(deps: SiteDeps): Hono {
  const app = new Hono();
  app.use('*', secureHeaders({ contentSecurityPolicy: POLICY, referrerPolicy: 'same-origin', xFrameOptions: 'DENY' }));
  // A form from another site is refused before anything is looked at.
  app.use('*', csrf());
  assets(app);
  const { people, sessionMs } = deps;
  const fail = async (c: Context, error: TrimtabError): Promise<Response> => {
    const reader = await readerOf(deps, c);
    return send(deps, reader, c, trouble(reader, error, backTo(c)));
  };
  const bare = (c: Context, reader: Reader, title: string, body: Html, status: 200 | 403): Response | Promise<Response> =>
    framed(deps, reader, c, { title, body, ...(status === 200 ? {} : { status }) }, []);
  app.route('/', signInRoutes({ people, sessionMs, readerOf: (c) => readerOf(deps, c), page: bare, trouble: fail }));
  app.get('/events', async (c) => {
    const reader = await readerOf(deps, c);
    if (deps.reading === 'token' && reader.role === null) return c.text('sign in first', 401);
    const stream = deps.changes.stream(c.req.raw.signal);
    if (stream === null) return c.text('too many pages are open', 503, { 'retry-after': '30' });
    return c.body(stream, 200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  });
  app.route('/', actRoutes({ ...acting(deps), operator: deps.operator, trouble: fail, note: deps.changes.note }));
  for (const [path, show] of Object.entries(showByPath))
    app.get(path, async (c) => {
      const reader = await readerOf(deps, c);
      if (deps.reading === 'token' && reader.role === null) return c.redirect('/login', 303);
      const shown = await show(deps, reader, c);
      return send(deps, reader, c, shown.ok ? shown.value : trouble(reader, shown.error, '/'));
    });
  return app;
}
const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
  formAction: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
};
function assets(app: Hono): void {
  const give = (path: string, text: string, type: string): void => {
    app.get(path, (c) =>
      c.body(text, 200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': `public, max-age=${ASSETS_FOR_S}` }),
    );
  };
  give('/assets/style.css', STYLE, 'text/css');
  give('/assets/live.js', SCRIPT, 'text/javascript');
}
const namesOf = async ({ operator }: SiteDeps, signal: AbortSignal): Promise<readonly string[]> => {
  const environments = await operator.environments(signal);
  return environments.ok ? environments.value.map(({ name }) => name) : [];
};
const MOST_CRUMBS = 8;
async function send(deps: SiteDeps, reader: Reader, c: Context, shown: Shown): Promise<Response> {
  const names = await namesOf(deps, c.req.raw.signal);
  const crumbs = names.slice(0, MOST_CRUMBS).map((name) => ({ label: name, href: environmentPath(name) }));
  const more = [
    { label: reader.say('cost'), href: '/cost' },
    { label: reader.say('weeks'), href: '/weeks' },
  ];
  return framed(deps, reader, c, shown, [...crumbs, ...more]);
}
function framed(
  deps: SiteDeps,
  reader: Reader,
  c: Context,
  { title, body, status, still = false }: Shown,
  crumbs: readonly { readonly label: string; readonly href: string }[],
): Response | Promise<Response> {
  const page = layout(reader, { title, crumbs, body, version: deps.version, path: c.req.path, done: toldNow(c), still });
  return c.html(page, status ?? 200, { 'cache-control': 'no-store' });
}
const trouble = ({ say }: Reader, error: TrimtabError, back: string): Shown => ({
  title: say('failed'),
  body: html`<h1>${say('failed')}</h1><div class="note bad" role="alert"><p><b>${error.code}</b> ${error.message}</p><p>${remedyOf(error)}</p></div><p><a href="${back}">${say('back')}</a></p>`,
  status: error.code === 'STORE_UNAVAILABLE' ? 503 : 409,
});
function acting(deps: SiteDeps): Pick<Parameters<typeof actRoutes>[0], 'refused' | 'missing' | 'environments'> {
  return {
    environments: (signal) => namesOf(deps, signal),
    missing: async (c) => {
      const reader = await readerOf(deps, c);
      return send(deps, reader, c, missing(reader));
    },
    refused: async (c, fields) => {
      const reader = await readerOf(deps, c);
      if (reader.name !== null && reader.role === 'operator' && fields['csrf'] === reader.csrf && reader.csrf !== '')
        return { by: reader.name };
      const title = reader.say('needsOperator');
      return send(deps, reader, c, { title, body: html`<h1>${title}</h1><p><a href="/login">${reader.say('login')}</a></p>`, status: 403 });
    },
  };
}
