/** Slack: by a bot (chat.postMessage, one thread per release or incident), or by an incoming webhook, which knows no threads. A message carries its id,
 *  so that one that went out twice is recognised. Sources: https://api.slack.com/methods/chat.postMessage and /messaging/metadata, read 2026-11. */
import { z } from 'zod';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { renderNotice } from '#domain/notices/text.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { SecretValue } from '#domain/secret-value.ts';
import type { Delivered, Message, Sender } from './port.ts';
import { type Fetch, post } from './post.ts';

export interface SlackDeps {
  readonly fetch: Fetch;
  readonly userAgent: string;
}
const POST_MESSAGE = 'https://slack.com/api/chat.postMessage';
const TEMPLATE = '*{{title}}*\n{{details}}\n{{owners}}\n{{remedy}}';
const Reply = z.object({ ok: z.boolean(), ts: z.string().optional(), error: z.string().optional() });
const PASSING: readonly string[] = ['ratelimited', 'internal_error', 'fatal_error', 'service_unavailable', 'request_timeout'];
/** The first message was deleted, or the channel is another one by now. */
const NO_THREAD: readonly string[] = ['thread_not_found', 'message_not_found', 'invalid_thread_ts'];

export function makeSlackSender({ fetch, userAgent }: SlackDeps): Sender {
  const say = (url: string, body: object, headers: Readonly<Record<string, string>>, signal: AbortSignal) => {
    const sent = { 'content-type': 'application/json; charset=utf-8', 'user-agent': userAgent, ...headers };
    return post(fetch, { who: 'Slack', url, headers: sent, body: JSON.stringify(body) }, signal);
  };
  const byBot = async (token: SecretValue, channel: string, message: Message, signal: AbortSignal): Delivered => {
    const { notice, reference } = message;
    const metadata = { event_type: 'trimtab_notice', event_payload: { id: notice.id, occasion: notice.occasion, thread: notice.thread } };
    const thread = reference === null ? {} : { thread_ts: reference, ...(notice.severity === 'critical' ? { reply_broadcast: true } : {}) };
    const body = { channel, text: textOf(message), unfurl_links: false, unfurl_media: false, metadata, ...thread };
    const posted = await say(POST_MESSAGE, body, { authorization: `Bearer ${token.reveal()}` }, signal);
    if (!posted.ok) return posted;
    const said = readReply(posted.value.text);
    if (!said.ok && reference !== null && NO_THREAD.some((word) => said.error.message.endsWith(word)))
      return byBot(token, channel, { ...message, reference: null }, signal);
    return said;
  };
  return {
    kind: 'slack',
    send: async (message, { target: { slack }, values }, signal) => {
      const [webhook, token] = [values.get('webhook'), values.get('token')];
      if (token !== undefined && slack?.channel !== undefined) return byBot(token, slack.channel, message, signal);
      if (webhook === undefined) return err(failure('NOTIFY_REFUSED', 'Slack: neither a webhook nor a token'));
      const posted = await say(webhook.reveal(), { text: `${textOf(message)}\n_${message.notice.id}_` }, {}, signal);
      return posted.ok ? ok(null) : posted;
    },
  };
}
const textOf = ({ notice, template }: Message): string => renderNotice(notice, template ?? TEMPLATE, 'slack');
/** Slack says in the body what others say by the status. */
function readReply(text: string): Result<string | null, TrimtabError> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = null;
  }
  const reply = Reply.safeParse(json);
  if (!reply.success) return err(failure('NOTIFY_UNAVAILABLE', 'Slack sent something unreadable'));
  if (reply.data.ok) return ok(reply.data.ts ?? null);
  const word = reply.data.error ?? 'no reason given';
  return err(failure(PASSING.includes(word) ? 'NOTIFY_UNAVAILABLE' : 'NOTIFY_REFUSED', `Slack refused: ${word}`));
}
