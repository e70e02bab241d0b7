/** The API's routes about what was done, and about what people are told. */
import { type Context, Hono } from 'hono';
import type { TrimtabError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { AuditDesk } from '#engine/audit-desk.ts';
import type { NotifyDesk } from '#engine/notices/desk.ts';

type Answer = <T>(result: Result<T, TrimtabError>) => Response;
const USUAL = 100;

export function auditRoutes(desk: AuditDesk & NotifyDesk, answer: Answer): Hono {
  const app = new Hono();
  const word = (c: Context, name: string): string | null => c.req.query(name) ?? null;
  const limit = (c: Context): number => Number(word(c, 'limit') ?? USUAL);
  app.get('/audit', async (c) => {
    const [since, until] = [instantOf(word(c, 'since')), instantOf(word(c, 'until'))];
    if (Number.isNaN(since) || Number.isNaN(until)) return refuse('since and until are instants, such as 2026-11-24T12:00:00Z');
    const filters = { environment: word(c, 'environment'), app: word(c, 'app'), actor: word(c, 'actor'), action: word(c, 'action') };
    return answer(await desk.searchAudit({ ...filters, since, until, cursor: word(c, 'cursor'), limit: limit(c) }, c.req.raw.signal));
  });
  app.get('/notifications', async (c) => answer(await desk.notifications(word(c, 'environment'), limit(c), c.req.raw.signal)));
  app.post('/notifications/test', async (c) =>
    answer(await desk.notifyTest(word(c, 'environment'), word(c, 'target'), word(c, 'by') ?? 'api', c.req.raw.signal)),
  );
  return app;
}
/** Milliseconds, or as people write it. */
const instantOf = (text: string | null): number | null => (text === null ? null : /^\d+$/.test(text) ? Number(text) : Date.parse(text));
const refuse = (message: string): Response =>
  Response.json({ error: { code: 'REQUEST_INVALID', message, remedy: 'see openapi/trimtab.yaml' } }, { status: 400 });
