/** Who may wake the read of the source, and with what. */
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeWebhook } from '#http/webhook.ts';

const SECRET = 'a secret that nobody guesses';
const push = (ref = 'refs/heads/main', more = ''): string => JSON.stringify({ ref, before: '1', after: '2', more });
const sign = (body: string, secret = SECRET): string => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
function aWebhook(secret: string | null = SECRET, branches: ReadonlySet<string> | null = new Set(['main', 'release/2'])) {
  let pushes = 0;
  const app = makeWebhook({
    secret,
    branches,
    onPush: () => {
      pushes += 1;
    },
  });
  const send = async (body: string, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number; said: string }> => {
    const answer = await app.request('/github', {
      method: 'POST',
      body,
      headers: { 'x-github-event': 'push', 'x-hub-signature-256': sign(body), ...headers },
    });
    return { status: answer.status, said: await answer.text() };
  };
  return { send, pushes: () => pushes };
}

test('a signed push to a branch that is followed wakes the read', async () => {
  const { send, pushes } = aWebhook();
  expect(await send(push())).toMatchObject({ status: 202 });
  expect(await send(push('refs/heads/release/2'))).toMatchObject({ status: 202 });
  expect(pushes()).toBe(2);
});
test.each([
  ['another secret', { 'x-hub-signature-256': sign(push(), 'another secret') }],
  ['a signature of another body', { 'x-hub-signature-256': sign(push('refs/heads/other')) }],
  ['no signature', { 'x-hub-signature-256': '' }],
  ['a signature that is too short', { 'x-hub-signature-256': 'sha256=00' }],
  ['a signature of the old kind', { 'x-hub-signature-256': sign(push()).replace('sha256', 'sha1') }],
])('%s is refused, and nothing happens', async (_name, headers) => {
  const { send, pushes } = aWebhook();
  const answer = await send(push(), headers);
  expect(answer.status).toBe(401);
  expect(answer.said).not.toContain(SECRET);
  expect(pushes()).toBe(0);
});
test('a delivery that was taken is not taken again, whatever its other headers say', async () => {
  const { send, pushes } = aWebhook();
  await send(push(), { 'x-github-delivery': 'one' });
  expect(await send(push(), { 'x-github-delivery': 'two' })).toMatchObject({ status: 200, said: expect.stringContaining('taken before') });
  expect(pushes()).toBe(1);
});
test('other events, and branches that nobody follows, wake nothing', async () => {
  const { send, pushes } = aWebhook();
  expect(await send(push(), { 'x-github-event': 'ping' })).toMatchObject({ status: 200, said: expect.stringContaining('pong') });
  expect(await send(push('refs/heads/feature'))).toMatchObject({ status: 200, said: expect.stringContaining('refs/heads/feature') });
  expect(await send(push('refs/tags/main'))).toMatchObject({ status: 200 });
  expect(pushes()).toBe(0);
});
test('where an environment follows the default branch, every branch wakes', async () => {
  const { send, pushes } = aWebhook(SECRET, null);
  await send(push('refs/heads/whatever'));
  expect(pushes()).toBe(1);
});
test('what is no push, and what is too large, is refused', async () => {
  const { send, pushes } = aWebhook();
  for (const body of ['{', '{}', '[]', 'null', '{"ref":7}']) expect((await send(body)).status).toBe(400);
  expect((await send(push('refs/heads/main', 'x'.repeat(6 * 1024 * 1024)))).status).toBe(413);
  expect(pushes()).toBe(0);
});
test('without a secret there is no webhook', async () => {
  const { send, pushes } = aWebhook(null);
  expect(await send(push())).toMatchObject({ status: 404, said: expect.stringContaining('TRIMTAB_WEBHOOK_SECRET') });
  expect(pushes()).toBe(0);
});
