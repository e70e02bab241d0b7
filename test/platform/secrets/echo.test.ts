/** A platform that repeats what it was sent: in refusals, in pages of a proxy, in answers nobody can read. */
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { appName } from '#domain/ids.ts';
import { makeRandom } from '#domain/random.ts';
import { SecretValue } from '#domain/secret-value.ts';
import { ms } from '#domain/units.ts';
import { makeFlyClient } from '#platform/fly/client.ts';
import { makeLimits } from '#platform/fly/limits.ts';
import { makeVirtualClock } from '#simulator/clock.ts';
import { START } from '#test/support/harness.ts';

const MARK = 'marked-value-0815';
async function setSecrets(status: number, answer: (body: string) => string): Promise<unknown> {
  const clock = makeVirtualClock(START);
  const random = makeRandom('echo');
  const url = 'http://sim.test';
  const fly = makeFlyClient({
    token: 'a-token-for-tests',
    flapsBaseUrl: url,
    apiBaseUrl: url,
    uiexBaseUrl: url,
    fetch: async (request) => new Response(answer(await request.text()), { status }),
    clock,
    random,
    limits: makeLimits({ clock }),
    userAgent: 'trimtab/test',
  });
  let done: unknown = null;
  const values = new Map([['A', new SecretValue(MARK)]]);
  const written = fly.updateSecrets(appName('acme-web'), values, new AbortController().signal).then((result) => {
    done = result;
  });
  for (let spent = 0; spent < 100 && done === null; spent++) await clock.advance(ms(1_000));
  await written;
  return done;
}
const echo = (body: string): string => JSON.stringify({ error: `invalid value in ${body}`, message: body });

test.each([
  { what: 'a refusal', status: 422, answer: echo, code: 'FLY_INVALID' },
  { what: 'a refusal in plain text', status: 400, answer: (body: string) => `bad request: ${body}`, code: 'FLY_INVALID' },
  { what: 'no right to it', status: 403, answer: echo, code: 'FLY_FORBIDDEN' },
  { what: 'a broken gateway’s page', status: 502, answer: (body: string) => `<html>${body}</html>`, code: 'FLY_AMBIGUOUS' },
  { what: 'a yes that is no JSON', status: 200, answer: (body: string) => `ok ${body}`, code: 'FLY_AMBIGUOUS' },
  {
    what: 'a yes without a version',
    status: 200,
    answer: (body: string) => JSON.stringify({ secrets: [{ name: body }] }),
    code: 'FLY_AMBIGUOUS',
  },
  {
    what: 'a yes whose names are no list',
    status: 200,
    answer: (body: string) => JSON.stringify({ version: 3, secrets: body }),
    code: 'FLY_AMBIGUOUS',
  },
])('$what is told without a word of it', async ({ status, answer, code }) => {
  const result = await setSecrets(status, answer);
  expect(result).toMatchObject({ ok: false, error: { code } });
  expect(inspect(result, { depth: 9 })).not.toContain(MARK);
});
test('a yes is taken, by either spelling of its version', async () => {
  for (const word of ['version', 'Version']) {
    const result = await setSecrets(200, () => JSON.stringify({ [word]: 4, secrets: [{ name: 'A', digest: 'd' }] }));
    expect(result).toMatchObject({ ok: true, value: { version: 4, secrets: [{ name: 'A', digest: 'd' }] } });
  }
});
