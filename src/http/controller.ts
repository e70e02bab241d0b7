/** The controller's HTTP surface: metrics, health, the status page, and the API that commands speak. Never calls a platform. */
import { Hono } from 'hono';
import { remedyOf, type TrimtabError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { Operator, Selection } from '#engine/operator.ts';
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
const NO_CACHE = { 'cache-control': 'no-store' } as const;

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
    if (!open && c.req.header('authorization') !== `Bearer ${deps.token}`) {
      return c.json(
        {
          error: {
            code: 'UNAUTHORIZED',
            message: 'a token is needed',
            remedy: 'it is in the data folder of the controller, file holder.json',
          },
        },
        401,
      );
    }
    await next();
    return undefined;
  });
  const selection = (c: { req: { query(name: string): string | undefined } }): Selection => ({
    environment: c.req.query('environment') ?? null,
    app: c.req.query('app') ?? null,
  });
  app.route('/', databaseRoutes(operator.db, answer));
  app.get('/environments', async (c) => answer(await operator.environments(c.req.raw.signal)));
  app.get('/environments/:name', async (c) => {
    const all = await operator.environments(c.req.raw.signal);
    if (!all.ok) return answer(all);
    const found = all.value.find(({ name }) => name === c.req.param('name'));
    return found === undefined
      ? c.json({ error: { code: 'NOT_FOUND', message: `no environment ${c.req.param('name')}`, remedy: '' } }, 404)
      : c.json(found);
  });
  app.get('/plan', async (c) => answer(await operator.plan(selection(c), c.req.raw.signal)));
  app.get('/audit', async (c) => answer(await operator.audit(selection(c), Number(c.req.query('limit') ?? 100), c.req.raw.signal)));
  app.route('/secrets', secretRoutes(operator, selection, answer));
  app.post('/approve', async (c) => answer(await operator.approve(selection(c), c.req.query('by') ?? 'api', c.req.raw.signal)));
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
  app.post('/eject', async (c) => answer(await operator.eject(selection(c), c.req.query('by') ?? 'api', c.req.raw.signal)));
  return app;
}
function answer<T>(result: Result<T, TrimtabError>): Response {
  if (result.ok) return Response.json(result.value ?? null, { headers: NO_CACHE });
  const { code, message } = result.error;
  return Response.json({ error: { code, message, remedy: remedyOf(result.error) } }, { status: code === 'STORE_UNAVAILABLE' ? 503 : 500 });
}
