/** Addresses, tokens and passwords of targets come out nowhere, however a receiver answers: marked values through every way and every fault. */
import { expect, test } from 'vitest';
import { makeNotifyDesk } from '#engine/notices/desk.ts';
import { makeCommitStatusSender } from '#platform/notify/commit-status.ts';
import { makeEmailSender } from '#platform/notify/email.ts';
import { makeSlackSender } from '#platform/notify/slack.ts';
import { makeWebhookSender } from '#platform/notify/webhook.ts';
import { eventToLine } from '#telemetry/log.ts';
import { makeHarness } from '#test/support/harness.ts';
import { found, marked, markedWord } from '#test/support/marks.ts';
import { aReceiver, tellingOf } from '#test/support/telling.ts';
import { oneApp } from '#test/support/worlds.ts';

const NOTIFY = `  notify:
    - webhook: { url: { env: URL }, secret: { env: SECRET } }
    - slack: { webhook: { env: SLACK } }
    - { name: bot, slack: { token: { env: TOKEN }, channel: C0123456789 } }
    - email: { server: { env: SMTP }, from: a@example.com, to: [b@example.com] }
    - github: { repository: acme/infra, token: { env: TOKEN } }
    - { name: wrong, webhook: { url: { env: NO_URL }, secret: { env: SECRET } } }
`;
const VALUES = {
  URL: `https://hook.example.com/a/${markedWord('path')}?key=${markedWord('query')}`,
  SECRET: marked('secret'),
  SLACK: `https://hooks.slack.com/services/T0/${markedWord('slack')}`,
  TOKEN: markedWord('token'),
  // Nobody listens there.
  SMTP: `smtp://ann:${markedWord('password')}@127.0.0.1:1`,
  NO_URL: `not an address ${marked('no-url')}`,
};
/** A receiver that says back whatever it was sent. */
const echo = async (request: Request): Promise<string> =>
  `${request.url} ${[...request.headers].map((pair) => pair.join(': ')).join(' ')} ${await request.text()}`;

test.each<{ readonly fault: string; readonly answer: (request: Request) => Promise<Response> }>([
  { fault: 'a refusal that says everything back', answer: async (request) => new Response(await echo(request), { status: 403 }) },
  { fault: 'an error that says everything back', answer: async (request) => new Response(await echo(request), { status: 502 }) },
  {
    fault: 'a connection that breaks off, naming the address',
    answer: async (request) => Promise.reject(new TypeError(await echo(request))),
  },
  { fault: 'success with rubbish', answer: async (request) => new Response(await echo(request)) },
])('$fault', async ({ answer }) => {
  const harness = await makeHarness({ files: oneApp({ env: NOTIFY }), seed: 'notice-leaks', environment: VALUES });
  const receiver = aReceiver();
  receiver.answer = answer;
  const web = { fetch: receiver.fetch, userAgent: 'test', apiUrl: 'https://github.test' };
  const senders = [
    makeWebhookSender({ ...web, clock: harness.clock }),
    makeSlackSender(web),
    makeEmailSender(),
    makeCommitStatusSender(web),
  ];
  const telling = tellingOf(harness, { senders, fetch: receiver.fetch });
  await harness.untilSettled();
  await telling.pass(30);
  for (const [path, text] of Object.entries(oneApp({ env: NOTIFY, image: 'registry.fly.io/acme-web:v2' }))) harness.files.set(path, text);
  await telling.pass(60);
  const signal = new AbortController().signal;
  const environments = harness.controller().environments.all;
  const desk = makeNotifyDesk({ store: harness.store, clock: harness.clock, environments, send: telling.notices.send });
  const said = {
    tests: await desk.notifyTest(null, null, 'ann', signal),
    shown: await desk.notifications(null, 100, signal),
    told: await harness.store.told('test', signal),
    revisions: environments(),
    events: [...harness.events, ...telling.events],
    lines: [...harness.events, ...telling.events].map(eventToLine),
  };
  expect(found(JSON.stringify(said))).toEqual([]);
  // The search means something only where something was said.
  expect(JSON.stringify(said.events)).toContain('"result":"failed"');
  expect(said.tests).toMatchObject({
    ok: true,
    value: expect.arrayContaining([expect.objectContaining({ target: 'wrong', fault: expect.stringContaining('no http address') })]),
  });
  await harness.stop();
});
