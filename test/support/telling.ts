/** Telling people beside a harness' controller: looks and deliveries on its clock, to receivers that the test holds in its hand. */

import type { Event } from '#domain/events.ts';
import { makeRandom } from '#domain/random.ts';
import { ms } from '#domain/units.ts';
import { makeNotices, type Notices } from '#engine/notices/notices.ts';
import type { Sender } from '#platform/notify/port.ts';
import { makeWebhookSender } from '#platform/notify/webhook.ts';
import type { Store } from '#platform/store/port.ts';
import { accountsOf } from './accounts.ts';
import type { Harness } from './harness.ts';

export const SECRET = 'whsec_dGhlIHNlY3JldCBvZiBhIHRlc3QsIGxvbmcgZW5vdWdo';
/** What a receiver was sent, and how it answers. */
export interface Receiver {
  readonly got: { readonly headers: Headers; readonly body: string; readonly url: string }[];
  /** Of the messages, their kind and their first line. */
  told(): readonly string[];
  /** Null: nobody answers. */
  answer: (request: Request) => Promise<Response> | Response | null;
  readonly fetch: (request: Request) => Promise<Response>;
}
export function aReceiver(): Receiver {
  const got: Receiver['got'] = [];
  const receiver: Receiver = {
    got,
    answer: () => new Response('ok'),
    told: () =>
      got.map(({ body }) => {
        const { type, data } = JSON.parse(body);
        return `${type}${data.state === 'tells' ? '' : ` ${data.state}`}: ${data.title}`;
      }),
    fetch: async (request) => {
      const answer = await receiver.answer(request.clone());
      if (answer === null) throw new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) });
      if (answer.ok) got.push({ headers: request.headers, body: await request.text(), url: request.url });
      return answer;
    },
  };
  return receiver;
}
export interface Telling {
  readonly notices: Notices;
  readonly events: readonly Event[];
  /** Lets the world's time pass, telling every five seconds as the controller's own does. */
  pass(seconds: number): Promise<void>;
}
export interface TellingOptions {
  readonly writer?: string;
  readonly store?: Store;
  readonly senders?: readonly Sender[];
  readonly fetch: Receiver['fetch'];
}
export function tellingOf(harness: Harness, { writer = 'writer', store, senders, fetch }: TellingOptions): Telling {
  const { clock } = harness;
  const events: Event[] = [];
  const controller = harness.controller();
  const notices = makeNotices({
    ...{ clock, controller, writer, random: makeRandom(writer), store: store ?? harness.store },
    environments: controller.environments.all,
    accounts: accountsOf(controller, store ?? harness.store, clock),
    reader: controller.secretReader,
    senders: senders ?? [makeWebhookSender({ clock, fetch, userAgent: 'trimtab/test' })],
    tell: (event) => void events.push(event),
    deadline: (_span, signal) => signal,
    timeZone: 'UTC',
    weekLines: ({ week }) => [`# ${week}`],
  });
  let heard = harness.events.length;
  return {
    notices,
    events,
    pass: async (span) => {
      for (let spent = 0; spent < span; spent += 5) {
        await clock.advance(ms(5_000));
        for (; heard < harness.events.length; heard += 1) {
          const event = harness.events[heard];
          if (event !== undefined) notices.hear(event);
        }
        const failed = await notices.step(new AbortController().signal);
        if (failed !== null) throw new Error(failed.message);
      }
    },
  };
}
