/** The controller's HTTP surface: metrics, health, the status page, and the API that commands speak. Never calls a platform. */
import { Hono } from 'hono';
import type { Operator } from '#engine/operator.ts';
import { accountRoutes } from './accounts.ts';
import { answer, answerFor, hasToken, knownOnly, NO_CACHE, refuse, selectionOf } from './asked.ts';
import { databaseRoutes } from './database.ts';
import { secretRoutes } from './secrets.ts';
import { statusPage } from './status-page.ts';
import { makeWebhook, type WebhookDeps } from './webhook.ts';

export interface HttpDeps {
  readonly operator: Operator;
  readonly metrics: () => Promise<string>;
  readonly metricsType: string;
  /** Null: ready; else why not. */
  readonly notReady: () => string | null;
  /** Writes by the API need it. */
  readonly token: string;
  readonly version: string;
  readonly now: () => number;
  readonly webhook: WebhookDeps;
}

export function makeHttp(deps: HttpDeps): Hono {
  const app = new Hono();
  app.get('/healthz', (c) => c.text('ok\n', 200, NO_CACHE));
  app.get('/readyz', (c) => {
    const why = deps.notReady();
    return why === null ? c.text('ready\n', 200, NO_CACHE) : c.text(`not ready: ${why}\n`, 503, NO_CACHE);
  });
  app.get('/metrics', async (c) => c.body(await deps.metrics(), 200, { 'content-type': deps.metricsType }));
  app.get('/', async (c) => {
    const environments = await deps.operator.environments(c.req.raw.signal);
    const audit = await deps.operator.audit({ environment: null, app: null }, 15, c.req.raw.signal);
    return c.html(statusPage(environments.ok ? environments.value : [], audit.ok ? audit.value : [], deps.version, deps.now()));
  });
  app.route('/api/v1', api(deps));
  app.route('/webhooks', makeWebhook(deps.webhook));
  app.notFound((c) =>
    c.json({ error: { code: 'NOT_FOUND', message: `no such page: ${c.req.path}`, remedy: 'see /api/v1/environments' } }, 404),
  );
  return app;
}
function api(deps: HttpDeps): Hono {
  const { operator } = deps;
  const app = new Hono();
  app.use('*', async (c, next) => {
    // A look at secrets asks their sources: that may cost, so not everybody may ask.
    const open = c.req.method === 'GET' && !/\/secrets(\/|$)/.test(c.req.path);
    if (!open && !hasToken(c, deps.token))
      return refuse(c, 401, 'UNAUTHORIZED', 'a token is needed', 'it is in the data folder of the controller, file holder.json');
    await next();
    return undefined;
  });
  app.use('*', knownOnly(operator));
  app.route('/', databaseRoutes(operator.db, answer));
  app.get('/environments', async (c) => answer(await operator.environments(c.req.raw.signal)));
  app.get('/environments/:name', async (c) => {
    const all = await operator.environments(c.req.raw.signal);
    if (!all.ok) return answer(all);
    const found = all.value.find(({ name }) => name === c.req.param('name'));
    const known = all.value.map(({ name }) => name).join(', ');
    return found === undefined
      ? refuse(c, 404, 'NOT_FOUND', `there is no environment ${c.req.param('name')}`, `known: ${known}`)
      : c.json(found, 200, NO_CACHE);
  });
  app.get('/plan', async (c) => answerFor(c, await operator.plan(selectionOf(c), c.req.raw.signal)));
  app.get('/audit', async (c) => answer(await operator.audit(selectionOf(c), Number(c.req.query('limit') ?? 100), c.req.raw.signal)));
  app.route('/secrets', secretRoutes(operator, selectionOf, answer));
  app.post('/approve', async (c) => answerFor(c, await operator.approve(selectionOf(c), c.req.query('by') ?? 'api', c.req.raw.signal)));
  app.post('/refresh', async (c) => answer(await operator.refresh(c.req.raw.signal)));
  app.post('/preflight', async (c) => answer(await operator.preflight(c.req.query('environment') ?? null, c.req.raw.signal)));
  app.post('/smoke', async (c) => {
    const only = c.req.queries('check') ?? [];
    return answer(await operator.smoke(c.req.query('environment') ?? null, only.length === 0 ? null : only, c.req.raw.signal));
  });
  app.post('/halt', async (c) =>
    answer(
      await operator.halt(
        c.req.query('scope') ?? '*',
        c.req.query('by') ?? 'api',
        c.req.query('reason') ?? 'no reason given',
        c.req.raw.signal,
      ),
    ),
  );
  app.post('/unhalt', async (c) => answer(await operator.unhalt(c.req.query('scope') ?? '*', c.req.raw.signal)));
  app.route('/', accountRoutes(operator, answer));
  app.post('/eject', async (c) =>
    answerFor(c, await operator.eject(selectionOf(c), c.req.query('by') ?? 'api', c.req.raw.signal), ' that carries a stamp'),
  );
  return app;
}
