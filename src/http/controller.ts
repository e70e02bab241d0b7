/** The controller's HTTP surface: metrics, health, the status page, and the API that commands speak. Never calls a platform. */
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Operator } from '#engine/operator.ts';
import type { People, Person } from '#engine/people.ts';
import { accountRoutes } from './accounts.ts';
import { answer, answerFor, hasToken, knownOnly, NO_CACHE, refuse, selectionOf } from './asked.ts';
import { auditRoutes } from './audit.ts';
import { databaseRoutes } from './database.ts';
import { makeSite, type SiteDeps } from './page/site.ts';
import { releaseApi } from './release-api.ts';
import { secretRoutes } from './secrets.ts';
import { makeWebhook, type WebhookDeps } from './webhook.ts';

export interface HttpDeps {
  readonly operator: Operator;
  /** Part by part: of a thousand apps it is megabytes. */
  readonly metrics: () => AsyncIterable<string>;
  readonly metricsType: string;
  /** Null: ready; else why not. */
  readonly notReady: () => string | null;
  /** Writes by the API need it. */
  readonly token: string;
  readonly version: string;
  readonly now: () => number;
  readonly webhook: WebhookDeps;
  readonly people: People;
  readonly site: Pick<SiteDeps, 'machines' | 'reading' | 'language' | 'changes' | 'sessionMs'>;
}

export function makeHttp(deps: HttpDeps): Hono {
  const app = new Hono();
  app.get('/healthz', (c) => c.text('ok\n', 200, NO_CACHE));
  app.get('/readyz', (c) => {
    const why = deps.notReady();
    return why === null ? c.text('ready\n', 200, NO_CACHE) : c.text(`not ready: ${why}\n`, 503, NO_CACHE);
  });
  app.get('/metrics', (c) => c.body(ReadableStream.from(encoded(deps.metrics())), 200, { 'content-type': deps.metricsType }));
  app.route('/api/v1', api(deps));
  app.route('/webhooks', makeWebhook(deps.webhook));
  app.all('/api/*', (c) =>
    c.json({ error: { code: 'NOT_FOUND', message: `no such page: ${c.req.path}`, remedy: 'see /api/v1/environments' } }, 404),
  );
  app.route('/', makeSite({ ...deps, ...deps.site }));
  return app;
}
async function* encoded(parts: AsyncIterable<string>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  for await (const part of parts) yield encoder.encode(part);
}
function api(deps: HttpDeps): Hono {
  const { operator } = deps;
  const app = new Hono();
  app.use('*', async (c, next) => {
    const writes = c.req.method !== 'GET';
    // A look at secrets asks their sources, and a list of people is nobody's business: not everybody may ask.
    const open = !writes && deps.site.reading === 'open' && !/\/(secrets|tokens)(\/|$)/.test(c.req.path);
    const role = open ? null : await roleOf(deps, c);
    if (!(open || role === 'operator' || (role === 'viewer' && !writes)))
      return refuse(
        c,
        401,
        'UNAUTHORIZED',
        writes ? 'a token is needed, an operator’s' : 'a token is needed',
        'it is in the data folder of the controller, file holder.json; people get theirs by `trimtab token add`',
      );
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
  app.route('/', auditRoutes(operator, answer));
  app.route('/secrets', secretRoutes(operator, selectionOf, answer));
  app.get('/tokens', async (c) => answer(await operator.tokens(c.req.raw.signal)));
  app.post('/tokens/:name', async (c) => {
    const role = c.req.query('role') === 'operator' ? 'operator' : 'viewer';
    return answer(await operator.addToken(c.req.param('name'), role, c.req.query('by') ?? 'api', c.req.raw.signal));
  });
  app.post('/tokens/:name/revoke', async (c) =>
    answer(await operator.revokeToken(c.req.param('name'), c.req.query('by') ?? 'api', c.req.raw.signal)),
  );
  app.post('/approve', async (c) =>
    answerFor(c, await operator.approve(selectionOf(c), c.req.query('by') ?? 'api', c.req.query('plan') ?? null, c.req.raw.signal)),
  );
  app.route('/releases', releaseApi(operator, answer));
  app.post('/refresh', async (c) => {
    const told = await toldOf(c);
    const wrong = 'the body tells variables by environment: { "staging": { "NAME": "value" } }';
    if (told === null) return refuse(c, 400, 'INVALID', wrong, 'send none, or use `trimtab` of this version');
    return answer(await operator.refresh(c.req.raw.signal, told));
  });
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
  app.post('/unhalt', async (c) =>
    answer(await operator.unhalt(c.req.query('scope') ?? '*', c.req.query('by') ?? 'api', c.req.raw.signal)),
  );
  app.route('/', accountRoutes(operator, answer));
  app.post('/eject', async (c) =>
    answerFor(c, await operator.eject(selectionOf(c), c.req.query('by') ?? 'api', c.req.raw.signal), ' that carries a stamp'),
  );
  return app;
}
const ToldBody = z.record(z.string(), z.record(z.string(), z.string().nullable()));
async function toldOf(c: Context): Promise<z.infer<typeof ToldBody> | null> {
  try {
    return ToldBody.parse(JSON.parse((await c.req.text()) || '{}'));
  } catch {
    return null;
  }
}
/** The commands' own token acts as an operator. Null: nobody we know. */
async function roleOf({ token, people }: HttpDeps, c: Context): Promise<Person['role'] | null> {
  if (hasToken(c, token)) return 'operator';
  const given = /^Bearer (.+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? null;
  if (given === null) return null;
  const person = await people.byToken(given, c.req.raw.signal);
  return person.ok ? (person.value?.role ?? null) : null;
}
