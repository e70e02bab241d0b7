/** The API's routes about money. */
import { type Context, Hono } from 'hono';
import type { TrimtabError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { instant, microUsd } from '#domain/units.ts';
import type { Accounts } from '#engine/accounts.ts';

type Answer = <T>(result: Result<T, TrimtabError>) => Response;

export function accountRoutes(accounts: Accounts, answer: Answer): Hono {
  const app = new Hono();
  const signalOf = (c: Context): AbortSignal => c.req.raw.signal;
  const word = (c: Context, name: string): string | null => c.req.query(name) ?? null;
  const by = (c: Context): string => word(c, 'by') ?? 'api';
  const number = (c: Context, name: string): number => Number(word(c, name) ?? Number.NaN);
  const refuse = (message: string): Response =>
    Response.json({ error: { code: 'REQUEST_INVALID', message, remedy: 'see openapi/trimtab.yaml' } }, { status: 400 });
  app.get('/cost', async (c) => answer(await accounts.cost({ environment: word(c, 'environment'), month: word(c, 'month') }, signalOf(c))));
  app.get('/cost/days', async (c) =>
    answer(await accounts.costDays({ environment: word(c, 'environment'), month: word(c, 'month') }, signalOf(c))),
  );
  app.get('/cost/advice', async (c) => answer(await accounts.advise(word(c, 'environment'), signalOf(c))));
  app.get('/cost/whatif', async (c) => answer(await accounts.whatIf(word(c, 'environment'), c.req.queries('set') ?? [], signalOf(c))));
  app.post('/cost/lines', async (c) => {
    const [amount, from] = [number(c, 'amount'), number(c, 'from')];
    if (!Number.isInteger(amount) || !Number.isInteger(from))
      return refuse('amount (micro-dollars) and from (milliseconds) are whole numbers');
    const to = word(c, 'to') === null ? null : instant(number(c, 'to'));
    const line = {
      label: word(c, 'label') ?? '',
      amount: microUsd(amount),
      monthly: word(c, 'monthly') === 'true',
      from: instant(from),
      to,
      note: word(c, 'note') ?? '',
      by: by(c),
    };
    return answer(await accounts.addCostLine(line, signalOf(c)));
  });
  app.post('/cost/lines/remove', async (c) => answer(await accounts.removeCostLine(word(c, 'id') ?? '', signalOf(c))));
  app.post('/cost/actual', async (c) => {
    const amount = number(c, 'amount');
    if (!Number.isInteger(amount)) return refuse('amount is a whole number of micro-dollars');
    return answer(await accounts.actual(microUsd(amount), word(c, 'organization'), by(c), signalOf(c)));
  });
  app.post('/cost/ack', async (c) => answer(await accounts.ackBudget(word(c, 'budget') ?? '', by(c), signalOf(c))));
  app.get('/weeks', async (c) => answer(await accounts.weekRecords(signalOf(c))));
  app.get('/weeks/record', async (c) => answer(await accounts.weekRecord(word(c, 'week'), signalOf(c))));
  app.post('/weeks/sign', async (c) =>
    answer(await accounts.signWeek(word(c, 'week'), word(c, 'item') ?? '', word(c, 'note') ?? '', by(c), signalOf(c))),
  );
  return app;
}
