/** A message as signed JSON, by the conventions of Standard Webhooks (https://www.standardwebhooks.com, read 2026-11): id, timestamp and signature are
 *  headers, the signature is over the three of id, timestamp and body. How to verify it: docs/notifications.md. */
import { createHmac } from 'node:crypto';
import type { ClockDep } from '#domain/clock.ts';
import { failure } from '#domain/errors.ts';
import { renderNotice } from '#domain/notices/text.ts';
import { err, ok } from '#domain/result.ts';
import type { SecretValue } from '#domain/secret-value.ts';
import type { Instant } from '#domain/units.ts';
import type { Sender } from './port.ts';
import { type Fetch, post } from './post.ts';

export interface WebhookDeps extends ClockDep {
  readonly fetch: Fetch;
  readonly userAgent: string;
}
export function makeWebhookSender({ clock, fetch, userAgent }: WebhookDeps): Sender {
  return {
    kind: 'webhook',
    send: async ({ notice, template }, { values }, signal) => {
      const [url, secret] = [values.get('url'), values.get('secret')];
      if (url === undefined || secret === undefined) return err(failure('NOTIFY_REFUSED', 'the webhook has no address or no secret'));
      const { id, occasion, at, ...data } = notice;
      const body = JSON.stringify({
        id,
        type: occasion,
        timestamp: new Date(at).toISOString(),
        text: renderNotice(notice, template, 'plain'),
        data,
      });
      const now = clock.now();
      const signed = {
        'webhook-id': headerOf(id),
        'webhook-timestamp': secondsOf(now),
        'webhook-signature': signatureOf(secret, headerOf(id), now, body),
      };
      const headers = { 'content-type': 'application/json', 'user-agent': userAgent, ...signed };
      const posted = await post(fetch, { who: 'the webhook', url: url.reveal(), headers, body }, signal);
      return posted.ok ? ok(null) : posted;
    },
  };
}
const secondsOf = (at: Instant): string => String(Math.floor(at / 1_000));
/** A header holds no other characters. */
const headerOf = (id: string): string => id.replaceAll(/[^\x21-\x7e]/g, (one) => encodeURIComponent(one));
const PREFIX = 'whsec_';
function signatureOf(secret: SecretValue, id: string, now: Instant, body: string): string {
  const text = secret.reveal();
  const key = text.startsWith(PREFIX) ? Buffer.from(text.slice(PREFIX.length), 'base64') : Buffer.from(text, 'utf8');
  return `v1,${createHmac('sha256', key)
    .update(`${id}.${secondsOf(now)}.${body}`)
    .digest('base64')}`;
}
