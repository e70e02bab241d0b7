/** What the API answers about databases. */
import { Hono } from 'hono';
import type { TrimtabError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { DatabaseOperator } from '#engine/database-operator.ts';

export function databaseRoutes(db: DatabaseOperator, answer: <T>(result: Result<T, TrimtabError>) => Response): Hono {
  const app = new Hono();
  app.get('/migrations', async (c) => answer(await db.migrations(c.req.query('environment') ?? null, c.req.raw.signal)));
  app.post('/migrate', async (c) =>
    answer(await db.migrate(c.req.query('environment') ?? null, c.req.query('by') ?? 'api', c.req.raw.signal)),
  );
  return app;
}
