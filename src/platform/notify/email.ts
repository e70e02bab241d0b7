/** E-mail by SMTP. The same notice has the same Message-ID, by which mail programs drop a second copy; what belongs together refers to one thread. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { renderNotice } from '#domain/notices/text.ts';
import { err, ok } from '#domain/result.ts';
import type { Message, Sender } from './port.ts';

/** Of each: to connect, to greet, to answer; the whole is bounded by the signal. */
const STEP_MS = 10_000;
const Refusal = z.object({ code: z.string().optional(), responseCode: z.number().optional(), response: z.string().optional() });

export function makeEmailSender(): Sender {
  return {
    kind: 'email',
    send: async (message, { target: { email }, values }, signal) => {
      const server = values.get('server');
      if (server === undefined || email === undefined) return err(failure('NOTIFY_REFUSED', 'the mail has no server'));
      const address = server.reveal();
      if (!URL.canParse(address) || !/^smtps?:$/.test(new URL(address).protocol))
        return err(failure('NOTIFY_REFUSED', 'e-mail: what its source gives is no smtp address'));
      const url = new URL(address);
      // Some hundred kilobytes that only who sends mail loads.
      const { createTransport } = await import('nodemailer');
      const transport = createTransport({
        ...connectionOf(url),
        ...{ connectionTimeout: STEP_MS, greetingTimeout: STEP_MS, socketTimeout: STEP_MS },
      });
      const owners = message.notice.owners.flatMap((owner) => owner.email ?? []);
      const to = [...new Set([...email.to, ...owners])];
      try {
        await Promise.race([transport.sendMail({ from: email.from, to, ...mailOf(message) }), whenAborted(signal)]);
        return ok(null);
      } catch (thrown) {
        return err(faultOf(thrown, signal));
      } finally {
        transport.close();
      }
    },
  };
}
function connectionOf(url: URL) {
  const secure = url.protocol === 'smtps:';
  const port = url.port === '' ? (secure ? 465 : 587) : Number(url.port);
  const host = url.hostname;
  if (url.username === '') return { host, port, secure };
  const auth = { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  // A password goes over no open line but the machine's own.
  return { host, port, secure, auth, requireTLS: !secure && !isOwn(host) };
}
const isOwn = (host: string): boolean => host === 'localhost' || (isIP(host) === 4 && host.startsWith('127.'));
function mailOf({ notice, template }: Message) {
  const name = (text: string): string => `<${encodeURIComponent(text)}@trimtab>`;
  return {
    subject: `[${notice.severity}] ${notice.title}`,
    text: renderNotice(notice, template, 'plain'),
    html: `<p>${renderNotice(notice, template, 'html').replaceAll('\n', '<br>\n')}</p>`,
    messageId: name(notice.id),
    references: name(notice.thread),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Trimtab-Id': notice.id },
  };
}
function faultOf(thrown: unknown, signal: AbortSignal): TrimtabError {
  if (signal.aborted) return failure('NOTIFY_UNAVAILABLE', 'the mail server does not answer in time');
  const { code, responseCode, response } = Refusal.safeParse(thrown).data ?? {};
  if (responseCode === undefined)
    return failure('NOTIFY_UNAVAILABLE', `the mail server does not answer: ${code ?? 'the connection failed'}`);
  const said = (response ?? String(responseCode)).replaceAll(/\s+/g, ' ');
  // 4xx passes by itself, 5xx is for a person.
  return failure(responseCode >= 500 ? 'NOTIFY_REFUSED' : 'NOTIFY_UNAVAILABLE', `the mail server answered ${said}`);
}
const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(new Error('deadline'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
