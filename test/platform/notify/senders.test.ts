/** The ways to people: Slack and GitHub as they answer, a real mail server, and what a name like <script> does on each. */
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Notification } from '#domain/desired-notify.ts';
import { aNotice, type Notice } from '#domain/notices/words.ts';
import { SecretValue } from '#domain/secret-value.ts';
import { makeCommitStatusSender } from '#platform/notify/commit-status.ts';
import { makeEmailSender } from '#platform/notify/email.ts';
import type { Destination, Message } from '#platform/notify/port.ts';
import { makeSlackSender } from '#platform/notify/slack.ts';
import { NOW } from '#test/support/builders.ts';

const signal = new AbortController().signal;
const EVIL = '<script>alert("&")</script> <!channel>';
const notice = (over: Partial<Notice> = {}): Notice =>
  aNotice({
    ...{ id: 'release/prod/7/failed', occasion: 'releaseFailed', environment: 'prod', thread: 'release/prod/7', at: NOW },
    title: `prod: release 7 of ${EVIL} failed`,
    lines: ['web: crash loop', EVIL],
    owners: [{ name: 'Ann <ann>', slack: 'U1', email: 'ann@example.com' }],
    release: { number: 7, kind: 'deploy', commit: 'c'.repeat(40), state: 'failure' },
    ...over,
  });
const message = (over: Partial<Message> = {}): Message => ({ notice: notice(), template: null, reference: null, ...over });
const destination = (target: object, values: Readonly<Record<string, string>>): Destination => ({
  target: Notification.parse(target),
  values: new Map(Object.entries(values).map(([name, text]) => [name, new SecretValue(text)])),
});

const Body = z.record(z.string(), z.unknown());
describe('Slack', () => {
  const asked: { readonly url: string; readonly authorization: string | null; readonly body: Record<string, unknown> }[] = [];
  let answers: Response[] = [];
  const slack = makeSlackSender({
    userAgent: 'test',
    fetch: async (request) => {
      asked.push({ url: request.url, authorization: request.headers.get('authorization'), body: Body.parse(await request.json()) });
      return answers.shift() ?? Response.json({ ok: true, ts: '1712.1' });
    },
  });
  const bot = destination({ slack: { token: { env: 'T' }, channel: 'C0123456789' } }, { token: 'xoxb-secret' });
  beforeEach(() => {
    asked.length = 0;
    answers = [];
  });
  test('the first message opens a thread, the next ones answer in it; what is grave is shown in the channel, too', async () => {
    expect(await slack.send(message(), bot, signal)).toEqual({ ok: true, value: '1712.1' });
    expect(asked[0]).toMatchObject({
      url: 'https://slack.com/api/chat.postMessage',
      authorization: 'Bearer xoxb-secret',
      body: { channel: 'C0123456789', metadata: { event_type: 'trimtab_notice', event_payload: { id: 'release/prod/7/failed' } } },
    });
    expect(asked[0]?.body).not.toHaveProperty('thread_ts');
    await slack.send(message({ reference: '1700.5' }), bot, signal);
    expect(asked[1]?.body).toMatchObject({ thread_ts: '1700.5', reply_broadcast: true });
    await slack.send(message({ reference: '1700.5', notice: notice({ severity: 'info' }) }), bot, signal);
    expect(asked[2]?.body).not.toHaveProperty('reply_broadcast');
  });
  test('names and messages are text and nothing else; an owner is mentioned', async () => {
    await slack.send(message(), bot, signal);
    expect(asked[0]?.body['text']).toBe(
      [
        '*prod: release 7 of &lt;script&gt;alert("&amp;")&lt;/script&gt; &lt;!channel&gt; failed*',
        'web: crash loop',
        '&lt;script&gt;alert("&amp;")&lt;/script&gt; &lt;!channel&gt;',
        '<@U1>',
      ].join('\n'),
    );
    await slack.send(
      message({ template: '{{owners}}: {{app}}\n{{app}}\n{{title}}', notice: notice({ owners: [{ name: 'Ann <ann>' }], title: 'x' }) }),
      bot,
      signal,
    );
    expect(asked[1]?.body['text']).toBe('Ann &lt;ann&gt;: \nx');
  });
  test('an incoming webhook gets the same words, with the id under them', async () => {
    const hook = destination({ slack: { webhook: { env: 'W' } } }, { webhook: 'https://hooks.slack.com/services/secret' });
    expect(await slack.send(message(), hook, signal)).toEqual({ ok: true, value: null });
    expect(asked[0]?.url).toBe('https://hooks.slack.com/services/secret');
    expect(String(asked[0]?.body['text'])).toMatch(/\n_release\/prod\/7\/failed_$/);
  });
  test.each([
    {
      answer: () => Response.json({ ok: false, error: 'channel_not_found' }),
      error: { code: 'NOTIFY_REFUSED', message: 'Slack refused: channel_not_found' },
    },
    { answer: () => Response.json({ ok: false, error: 'ratelimited' }), error: { code: 'NOTIFY_UNAVAILABLE' } },
    {
      answer: () => new Response('', { status: 429, headers: { 'retry-after': '30' } }),
      error: { code: 'NOTIFY_UNAVAILABLE', retryAfter: 30_000 },
    },
    { answer: () => new Response('<html>', { status: 200 }), error: { code: 'NOTIFY_UNAVAILABLE' } },
    {
      answer: () => new Response('no_service', { status: 404 }),
      error: { code: 'NOTIFY_REFUSED', message: 'Slack answered 404: no_service' },
    },
  ])('an answer $error.code is told as one', async ({ answer, error }) => {
    answers = [answer()];
    expect(await slack.send(message(), bot, signal)).toMatchObject({ ok: false, error });
  });
  test('a thread whose first message is gone begins anew', async () => {
    answers = [Response.json({ ok: false, error: 'thread_not_found' })];
    expect(await slack.send(message({ reference: '1' }), bot, signal)).toEqual({ ok: true, value: '1712.1' });
    expect(asked).toHaveLength(2);
  });
});

describe('GitHub', () => {
  const asked: { readonly path: string; readonly body: unknown }[] = [];
  let status = 201;
  const github = makeCommitStatusSender({
    ...{ userAgent: 'test', apiUrl: 'https://github.test' },
    fetch: async (request) => {
      asked.push({
        path: `${request.method} ${new URL(request.url).pathname} ${request.headers.get('authorization')}`,
        body: request.method === 'GET' ? null : await request.json(),
      });
      return Response.json({ message: 'Not Found' }, { status });
    },
  });
  const target = destination({ github: { repository: 'acme/infra', token: { env: 'T' } } }, { token: 'a-token' });
  test.each([
    ['pending', 'pending'],
    ['success', 'success'],
    ['failure', 'failure'],
    ['superseded', 'error'],
  ] as const)('a release that is %s is %s on its commit', async (state, said) => {
    asked.length = 0;
    const release = { number: 7, kind: 'deploy', commit: 'c'.repeat(40), state };
    expect(await github.send(message({ notice: notice({ release, title: 't'.repeat(200) }) }), target, signal)).toEqual({
      ok: true,
      value: null,
    });
    expect(asked).toEqual([
      {
        path: `POST /repos/acme/infra/statuses/${'c'.repeat(40)} Bearer a-token`,
        body: { context: 'trimtab/prod', state: said, description: 't'.repeat(140) },
      },
    ]);
  });
  test('a try asks whether the repository is reached, and writes nothing; what is about no commit is no status', async () => {
    asked.length = 0;
    const tried = notice({ occasion: 'test', release: null });
    expect(await github.send(message({ notice: tried }), target, signal)).toEqual({ ok: true, value: null });
    expect(await github.send(message({ notice: notice({ release: null }) }), target, signal)).toEqual({ ok: true, value: null });
    expect(asked).toEqual([{ path: 'GET /repos/acme/infra Bearer a-token', body: null }]);
  });
  test('what it refuses is told', async () => {
    status = 404;
    expect(await github.send(message(), target, signal)).toMatchObject({
      ok: false,
      error: { code: 'NOTIFY_REFUSED', message: expect.stringMatching(/404.*Not Found/) },
    });
  });
});

describe('e-mail', () => {
  const mails: { readonly to: readonly string[]; readonly from: string; readonly text: string }[] = [];
  const server = aServer({ disabledCommands: ['STARTTLS'] });
  const withTls = aServer({});
  function aServer(more: object) {
    return new SMTPServer({
      ...{ authOptional: true, logger: false, allowInsecureAuth: true, ...more },
      onAuth: ({ username, password }, _session, done) =>
        username === 'ann' && password === 'a pass/word' ? done(null, { user: 'ann' }) : done(new Error('wrong password')),
      onRcptTo: ({ address }, _session, done) =>
        address.startsWith('nobody') ? done(Object.assign(new Error('no such user'), { responseCode: 550 })) : done(),
      onData: (stream, session, done) => {
        let text = '';
        stream.on('data', (chunk: Buffer) => {
          text += chunk.toString('utf8');
        });
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          mails.push({ from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address), text });
          done();
        });
      },
    });
  }
  const portOf = (one: SMTPServer): number => {
    const address = one.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  };
  beforeAll(async () => {
    for (const one of [server, withTls]) {
      one.on('error', () => undefined);
      await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', () => resolve()));
    }
  });
  afterAll(async () => {
    for (const one of [server, withTls]) await new Promise<void>((resolve) => one.close(() => resolve()));
  });
  beforeEach(() => {
    mails.length = 0;
  });
  const email = makeEmailSender();
  const to = (list: readonly string[], who = 'ann:a%20pass%2Fword', port = portOf(server)) =>
    destination({ email: { server: { env: 'S' }, from: 'trimtab@example.com', to: list } }, { server: `smtp://${who}@127.0.0.1:${port}` });
  /** Encoded lines put together again. */
  const plain = (text: string): string =>
    text
      .replaceAll('=\r\n', '')
      .replaceAll('=3D', '=')
      .replaceAll(/\r\n\s+/g, ' ');

  test('arrives at the team and at the owners, as text and as HTML in which a name is no markup', async () => {
    expect(await email.send(message(), to(['team@example.com', 'ann@example.com']), signal)).toEqual({ ok: true, value: null });
    const [mail] = mails;
    expect(mail).toMatchObject({ from: 'trimtab@example.com', to: ['team@example.com', 'ann@example.com'] });
    const text = plain(mail?.text ?? '');
    expect(text).toContain('Subject: =?UTF-8?Q?=5Bcritical=5D_prod=3A_release_7_of');
    expect(text).toContain('Message-ID: <release%2Fprod%2F7%2Ffailed@trimtab>');
    expect(text).toContain('References: <release%2Fprod%2F7@trimtab>');
    expect(text).toContain('X-Trimtab-ID: release/prod/7/failed');
    const html = text.slice(text.indexOf('text/html'));
    expect(html).toContain('&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;');
    expect(html).not.toContain('<script>');
  });
  test('no header can be smuggled in by a title', async () => {
    await email.send(message({ notice: notice({ title: 'x\r\nBcc: evil@example.com\r\n\r\nbody' }) }), to(['team@example.com']), signal);
    expect(mails[0]?.to).toEqual(['team@example.com', 'ann@example.com']);
    const head = (mails[0]?.text ?? '').split('\r\n\r\n')[0];
    expect(head).toMatch(/^Subject: \[critical\] x Bcc: evil@example.com {2}body$/m);
    expect(head).not.toMatch(/^Bcc:/m);
  });
  test.each([
    {
      what: 'a wrong password',
      at: () => to(['team@example.com'], 'ann:not-the-pass'),
      error: { code: 'NOTIFY_REFUSED', message: expect.stringMatching(/answered 535/) },
    },
    {
      what: 'a receiver that is not',
      at: () => to(['nobody@example.com']),
      error: { code: 'NOTIFY_REFUSED', message: expect.stringMatching(/answered 550/) },
    },
    {
      what: 'nobody who listens',
      at: () => to(['team@example.com'], 'ann:secret-word', 1),
      error: { code: 'NOTIFY_UNAVAILABLE', message: 'the mail server does not answer: ESOCKET' },
    },
    {
      what: 'a certificate that nobody vouches for',
      at: () => to(['team@example.com'], 'ann:secret-word', portOf(withTls)),
      error: { code: 'NOTIFY_UNAVAILABLE' },
    },
  ])('$what is told, and no password with it', async ({ at, error }) => {
    const sent = await email.send(message({ notice: notice({ owners: [] }) }), at(), signal);
    expect(sent).toMatchObject({ ok: false, error });
    expect(JSON.stringify(sent)).not.toMatch(/not-the-pass|secret-word/);
    expect(mails).toEqual([]);
  });
  test('a deadline ends it', async () => {
    const late = new AbortController();
    late.abort(new Error('deadline'));
    expect(await email.send(message(), to(['team@example.com']), late.signal)).toMatchObject({
      ok: false,
      error: { code: 'NOTIFY_UNAVAILABLE', message: 'the mail server does not answer in time' },
    });
  });
});
