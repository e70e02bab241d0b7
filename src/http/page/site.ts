/** The pages: rendered here, read by whom the configuration lets, acted on by operators who are signed in. */
import { type Context, Hono } from 'hono';
import { csrf } from 'hono/csrf';
import { html } from 'hono/html';
import { secureHeaders } from 'hono/secure-headers';
import { remedyOf, type TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { MachineLine } from '#engine/machine-lines.ts';
import type { EnvironmentAnswer, Operator } from '#engine/operator.ts';
import type { People } from '#engine/people.ts';
import type { Changes } from '#http/changes.ts';
import { appPage } from './app.ts';
import { environmentPage, planPage } from './environment.ts';
import { environmentPath, fleetPage } from './fleet.ts';
import { layout } from './layout.ts';
import type { Html, Reader } from './parts.ts';
import { closeSession, openSession, readerOf } from './reader.ts';
import { SCRIPT, STYLE } from './style.ts';
import type { Language } from './words.ts';

/** What the pages ask for and may do. */
export type PageOperator = Pick<Operator, 'environments' | 'audit' | 'plan' | 'approve' | 'halt' | 'unhalt'>;
export interface SiteDeps {
  readonly operator: PageOperator;
  readonly people: People;
  readonly sessionMs: number;
  /** Machines of one app as this process last saw them; null: another controller looks after it. */
  readonly machines: (environment: string, app: string) => readonly MachineLine[] | null;
  /** `token`: only who is signed in may read. */
  readonly reading: 'open' | 'token';
  readonly language: Language;
  readonly version: string;
  readonly now: () => number;
  readonly changes: Changes;
}
const AUDIT_ROWS = 15;
const ASSETS_FOR_S = 3_600;

export function makeSite(deps: SiteDeps): Hono {
  const app = new Hono();
  app.use('*', secureHeaders({ contentSecurityPolicy: POLICY, referrerPolicy: 'same-origin', xFrameOptions: 'DENY' }));
  // A form from another site is refused before anything is looked at.
  app.use('*', csrf());
  assets(app);
  signingIn(app, deps);
  const page = pageFor(deps);
  app.get('/events', async (c) => {
    const reader = await readerOf(deps, c);
    if (deps.reading === 'token' && reader.role === null) return c.text('sign in first', 401);
    const stream = deps.changes.stream(c.req.raw.signal);
    if (stream === null) return c.text('too many pages are open', 503, { 'retry-after': '30' });
    return c.body(stream, 200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  });
  app.get('/', page(fleet));
  app.get('/environments/:environment', page(environment));
  app.get('/environments/:environment/plan', page(plan));
  app.get('/environments/:environment/apps/:app', page(oneApp));
  acts(app, deps);
  app.get(
    '*',
    page((_deps, reader) => Promise.resolve(missing(reader))),
  );
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

interface Shown {
  readonly title: string;
  readonly body: Html;
  readonly status?: 403 | 404 | 409 | 500 | 503;
}
type Show = (deps: SiteDeps, reader: Reader, c: Context) => Promise<Shown>;
const pageFor =
  (deps: SiteDeps) =>
  (show: Show) =>
  async (c: Context): Promise<Response> => {
    const reader = await readerOf(deps, c);
    if (deps.reading === 'token' && reader.role === null) return c.redirect('/login', 303);
    return send(deps, reader, c, await show(deps, reader, c));
  };
async function send(deps: SiteDeps, reader: Reader, c: Context, { title, body, status }: Shown): Promise<Response> {
  const environments = await deps.operator.environments(c.req.raw.signal);
  const names = environments.ok ? environments.value.map(({ name }) => name) : [];
  const crumbs = names.slice(0, 8).map((name) => ({ label: name, href: environmentPath(name) }));
  return c.html(layout(reader, { title, crumbs, body, version: deps.version, path: c.req.path }), status ?? 200, {
    'cache-control': 'no-store',
  });
}
const fleet: Show = async ({ operator }, reader, c) => {
  const environments = await operator.environments(c.req.raw.signal);
  if (!environments.ok) return trouble(reader, environments.error);
  return { title: reader.say('fleet'), body: fleetPage(reader, environments.value) };
};
const environment: Show = async ({ operator }, reader, c) => {
  const found = await find(operator, c);
  if (!found.ok) return trouble(reader, found.error);
  if (found.value === null) return missing(reader);
  const audit = await operator.audit({ environment: found.value.name, app: null }, AUDIT_ROWS, c.req.raw.signal);
  const view = { environment: found.value, audit: audit.ok ? audit.value : [], more: [] };
  return { title: found.value.name, body: environmentPage(reader, view) };
};
const plan: Show = async ({ operator }, reader, c) => {
  const found = await find(operator, c);
  if (!found.ok) return trouble(reader, found.error);
  if (found.value === null) return missing(reader);
  const plans = await operator.plan({ environment: found.value.name, app: null }, c.req.raw.signal);
  if (!plans.ok) return trouble(reader, plans.error);
  return { title: `${found.value.name} ${reader.say('plan')}`, body: planPage(reader, found.value.name, plans.value) };
};
const oneApp: Show = async ({ operator, machines }, reader, c) => {
  const found = await find(operator, c);
  if (!found.ok) return trouble(reader, found.error);
  const app = found.value?.apps.find(({ name }) => name === c.req.param('app'));
  if (app === undefined) return missing(reader);
  const audit = await operator.audit({ environment: app.environment, app: app.app }, AUDIT_ROWS, c.req.raw.signal);
  const view = { app, machines: machines(app.environment, app.app), audit: audit.ok ? audit.value : [] };
  return { title: `${app.environment}/${app.name}`, body: appPage(reader, view) };
};
async function find(operator: PageOperator, c: Context): Promise<Result<EnvironmentAnswer | null, TrimtabError>> {
  const all = await operator.environments(c.req.raw.signal);
  if (!all.ok) return all;
  return ok(all.value.find(({ name }) => name === c.req.param('environment')) ?? null);
}
const missing = ({ say }: Reader): Shown => ({
  title: say('notFound'),
  body: html`<h1>${say('notFound')}</h1><p><a href="/">${say('fleet')}</a></p>`,
  status: 404,
});
const trouble = ({ say }: Reader, error: TrimtabError): Shown => ({
  title: say('failed'),
  body: html`<h1>${say('failed')}</h1><div class="note bad"><p><b>${error.code}</b> ${error.message}</p><p>${remedyOf(error)}</p></div><p><a href="/">${say('back')}</a></p>`,
  status: error.code === 'STORE_UNAVAILABLE' ? 503 : 409,
});

function signingIn(app: Hono, deps: SiteDeps): void {
  const form = ({ say }: Reader, failed: boolean): Html =>
    html`<h1>${say('login')}</h1>${failed ? html`<div class="note bad" role="alert"><p>${say('loginFailed')}</p></div>` : ''}<form method="post" action="/login" class="act"><label for="token">${say('token')}</label><input id="token" name="token" type="password" autocomplete="current-password" required><button>${say('login')}</button></form><p class="dim">${say('tokenHelp')}</p>`;
  app.get('/login', async (c) => {
    const reader = await readerOf(deps, c);
    return c.html(
      layout(reader, { title: reader.say('login'), crumbs: [], body: form(reader, false), version: deps.version, path: '/login' }),
      200,
      { 'cache-control': 'no-store' },
    );
  });
  app.post('/login', async (c) => {
    const { token } = await c.req.parseBody();
    const opened = await deps.people.signIn(typeof token === 'string' ? token.trim() : '', c.req.raw.signal);
    const reader = await readerOf(deps, c);
    if (!opened.ok) return send(deps, reader, c, trouble(reader, opened.error));
    if (opened.value === null)
      return c.html(
        layout(reader, { title: reader.say('login'), crumbs: [], body: form(reader, true), version: deps.version, path: '/login' }),
        403,
      );
    openSession(c, opened.value.session, deps.sessionMs);
    return c.redirect('/', 303);
  });
  app.post('/logout', async (c) => {
    const session = closeSession(c);
    if (session !== null) await deps.people.signOut(session, c.req.raw.signal);
    return c.redirect('/', 303);
  });
}

type Fields = Readonly<Record<string, string>>;
type Act = (operator: PageOperator, fields: Fields, by: string, signal: AbortSignal) => Promise<Result<unknown, TrimtabError>>;
/** What a button does. Everything an operator does here is in the audit under the operator's name. */
const ACTS: Readonly<Record<string, Act>> = {
  approve: (operator, { environment = '', app }, by, signal) => operator.approve({ environment, app: app ?? null }, by, null, signal),
  halt: (operator, { scope = '*', reason = '' }, by, signal) =>
    operator.halt(scope, by, reason === '' ? 'no reason given' : reason, signal),
  unhalt: (operator, { scope = '*' }, _by, signal) => operator.unhalt(scope, signal),
};
function acts(app: Hono, deps: SiteDeps): void {
  app.post('/act/:act', async (c) => {
    const reader = await readerOf(deps, c);
    const body = await c.req.parseBody();
    const fields = Object.fromEntries(
      Object.entries(body).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value.trim()]] : [])),
    );
    const act = Object.hasOwn(ACTS, c.req.param('act')) ? ACTS[c.req.param('act')] : undefined;
    if (reader.name === null || reader.role !== 'operator' || fields['csrf'] !== reader.csrf || reader.csrf === '')
      return send(deps, reader, c, {
        title: reader.say('needsOperator'),
        body: html`<h1>${reader.say('needsOperator')}</h1><p><a href="/login">${reader.say('login')}</a></p>`,
        status: 403,
      });
    if (act === undefined) return send(deps, reader, c, missing(reader));
    const done = await act(deps.operator, fields, reader.name, c.req.raw.signal);
    deps.changes.note();
    if (!done.ok) return send(deps, reader, c, trouble(reader, done.error));
    return c.redirect(backTo(c), 303);
  });
}
/** The page the form stood on; never somebody else's. */
function backTo(c: Context): string {
  const from = URL.parse(c.req.header('referer') ?? '');
  return from !== null && from.host === new URL(c.req.url).host && from.pathname.startsWith('/') && !from.pathname.startsWith('//')
    ? from.pathname
    : '/';
}
