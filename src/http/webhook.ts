/** `POST /webhooks/github`: a push wakes the read of the source at once; the poll stays as the net under it. Nothing of the body is believed but
 *  that somebody with the secret sent it: what is new is found by reading git. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';

export interface WebhookDeps {
  /** Null: no webhook is answered. */
  readonly secret: string | null;
  /** Branches that some environment follows; null: one follows the repository's default branch, which only git knows. */
  readonly branches: ReadonlySet<string> | null;
  /** Reads the source; comes back at once. */
  readonly onPush: () => void;
}
/** GitHub sends 25 MB at most, and a push of a thousand commits is below one. */
const LARGEST_BODY_BYTES = 5 * 1024 * 1024;
/** A signed body that was taken is not taken again: so many are remembered, days of a busy repository. */
const REMEMBERED = 10_000;
const Push = z.object({ ref: z.string() });
const SIGNATURE = /^sha256=([0-9a-f]{64})$/;

export function makeWebhook(deps: WebhookDeps): Hono {
  const app = new Hono();
  const taken = new Set<string>();
  const tooLarge = (c: Context): Response => refuse(c, 413, 'TOO_LARGE', `more than ${LARGEST_BODY_BYTES} bytes`, 'a push is smaller');
  app.post('/github', bodyLimit({ maxSize: LARGEST_BODY_BYTES, onError: tooLarge }), async (c) => {
    if (deps.secret === null)
      return refuse(c, 404, 'NOT_FOUND', 'no webhook is set up here', 'set TRIMTAB_WEBHOOK_SECRET, and the same secret at GitHub');
    const body = new Uint8Array(await c.req.arrayBuffer());
    const given = SIGNATURE.exec(c.req.header('x-hub-signature-256') ?? '')?.[1] ?? null;
    if (given === null || !isSigned(deps.secret, body, given))
      return refuse(
        c,
        401,
        'UNAUTHORIZED',
        'the signature does not fit',
        'the secret of the webhook and TRIMTAB_WEBHOOK_SECRET must be equal',
      );
    const event = c.req.header('x-github-event') ?? '';
    if (event !== 'push') return c.json({ taken: false, why: event === 'ping' ? 'pong' : `nothing to do for event ${event}` });
    if (taken.has(given)) return c.json({ taken: false, why: 'this delivery was taken before' });
    const push = readPush(body);
    if (push === null) return refuse(c, 400, 'BAD_REQUEST', 'this is no push', 'content type application/json');
    const branch = push.ref.replace(/^refs\/heads\//, '');
    if (deps.branches !== null && !deps.branches.has(branch))
      return c.json({ taken: false, why: `no environment follows ${push.ref.slice(0, 200)}` });
    remember(taken, given);
    deps.onPush();
    return c.json({ taken: true }, 202);
  });
  return app;
}
/** In constant time: how far a guess fits must not be told by how long the answer takes. */
function isSigned(secret: string, body: Uint8Array, given: string): boolean {
  const expected = createHmac('sha256', secret).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(given, 'hex'));
}
function readPush(body: Uint8Array): z.infer<typeof Push> | null {
  try {
    const parsed = Push.safeParse(JSON.parse(new TextDecoder().decode(body)));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
function remember(taken: Set<string>, signature: string): void {
  taken.add(signature);
  const [oldest] = taken;
  if (taken.size > REMEMBERED && oldest !== undefined) taken.delete(oldest);
}
const refuse = (c: Context, status: 400 | 401 | 404 | 413, code: string, message: string, remedy: string): Response =>
  c.json({ error: { code, message, remedy } }, status);
