/** From the outbox to people: retries, order, what is given up, and what two targets have to do with each other. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Notification } from '#domain/desired-notify.ts';
import type { Event } from '#domain/events.ts';
import { isJsonObject } from '#domain/json.ts';
import { aNotice } from '#domain/notices/words.ts';
import { makeRandom } from '#domain/random.ts';
import { hours, type Ms, minutes, ms, seconds } from '#domain/units.ts';
import { type Delivery, makeDelivery } from '#engine/notices/delivery.ts';
import { makeWebhookSender } from '#platform/notify/webhook.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import type { Store } from '#platform/store/port.ts';
import { makeVirtualClock, type VirtualClock } from '#simulator/clock.ts';
import { anEnvironment, NOW } from '#test/support/builders.ts';
import { makeTestReader } from '#test/support/secrets.ts';
import { aReceiver, type Receiver, SECRET } from '#test/support/telling.ts';

const hook = (name: string, more: object = {}): Notification =>
  Notification.parse({ name, webhook: { url: { env: name.toUpperCase() }, secret: { env: 'HOOK_SECRET' } }, ...more });
const signal = new AbortController().signal;

describe('delivery', () => {
  let clock: VirtualClock;
  let store: Store;
  let receiver: Receiver;
  let delivery: Delivery;
  let events: Event[];
  let targets: Notification[];
  let asked: string[];
  beforeEach(() => {
    clock = makeVirtualClock(NOW);
    store = makeMemoryStore();
    receiver = aReceiver();
    events = [];
    asked = [];
    targets = [hook('one'), hook('two')];
    const process = { ONE: 'https://one.example.com/secret-one', TWO: 'https://two.example.com/secret-two', HOOK_SECRET: SECRET };
    const reader = makeTestReader({ clock, process });
    reader.serves(['staging']);
    delivery = makeDelivery({
      ...{ clock, store, reader, writer: 'me', random: makeRandom('delivery') },
      environments: () => [{ ...anEnvironment(), declared: { ...DECLARED, notify: targets } }],
      senders: [
        makeWebhookSender({
          clock,
          userAgent: 'test',
          fetch: (request) => {
            asked.push(new URL(request.url).host);
            return receiver.fetch(request);
          },
        }),
      ],
      tell: (event) => void events.push(event),
      deadline: (_span, within) => within,
    });
  });
  const DECLARED = { credentials: { fly: 'F', neon: 'N' }, envPrefix: 'STAGING_', variables: {}, lookups: {}, budgets: [] };
  let serial = 0;
  const put = async (...wanted: readonly (readonly [id: string, target: string, thread?: string])[]): Promise<void> => {
    const rows = wanted.map(([id, target, thread = id]) => {
      const notice = aNotice({ id, occasion: 'degraded', environment: 'staging', thread, title: id, at: clock.now() });
      return {
        id,
        target: `staging/${target}`,
        environment: 'staging',
        thread,
        notice: isJsonObject(notice) ? notice : null,
        at: clock.now(),
      };
    });
    const saved = await store.saveTold(`put ${serial++}`, {}, 0, rows, signal);
    expect(saved.ok).toBe(true);
  };
  const step = async (span: Ms = ms(0)): Promise<void> => {
    await clock.advance(span);
    expect(await delivery.step(signal)).toEqual({ ok: true, value: undefined });
  };
  const got = (): readonly string[] => receiver.got.map(({ headers }) => headers.get('webhook-id') ?? '');
  const results = (result: string): number => events.filter((event) => event.type === 'Notified' && event.result === result).length;

  test('a target that is down for a day gets everything when it is back, each once, a thread in its order', async () => {
    receiver.answer = () => null;
    await put(['a', 'one', 't'], ['b', 'one', 't'], ['c', 'one'], ['d', 'one', 't']);
    for (let at = 0; at < 24 * 12; at += 1) await step(minutes(5));
    expect(got()).toEqual([]);
    // One attempt at the address per quarter of an hour, however many messages wait.
    expect(asked.length).toBeLessThan(24 * 6);
    expect(asked.length).toBeGreaterThan(24 * 3);
    expect(results('dropped')).toBe(0);
    receiver.answer = () => new Response('ok');
    await step(minutes(15));
    await step(minutes(15));
    expect([...got()].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(got().filter((id) => id !== 'c')).toEqual(['a', 'b', 'd']);
    expect(delivery.queue()).toEqual([]);
    expect(JSON.stringify(events)).toContain('the webhook does not answer: ECONNREFUSED');
    expect(JSON.stringify(events)).not.toContain('secret-one');
  });
  test('after three days it is given up, counted, and never before', async () => {
    receiver.answer = () => new Response('', { status: 500 });
    await put(['a', 'one']);
    for (let at = 0; at < 71; at += 1) await step(hours(1));
    expect([results('dropped'), delivery.queue().length]).toEqual([0, 1]);
    await step(hours(1));
    await step(hours(1));
    expect([results('dropped'), delivery.queue().length]).toEqual([1, 0]);
    const kept = await store.notices('staging', 10, signal);
    expect(kept).toMatchObject({ ok: true, value: [{ id: 'a', state: 'dropped', note: 'the webhook answered 500' }] });
  });
  test('a target that hangs or fails keeps no other one waiting', async () => {
    receiver.answer = (request) => (request.url.includes('one') ? null : new Response('ok'));
    await put(['a', 'one'], ['a', 'two'], ['b', 'two'], ['c', 'two']);
    await step();
    expect(got()).toEqual(['a', 'b', 'c']);
    expect(delivery.queue()).toMatchObject([{ target: 'staging/one', waiting: 1 }]);
  });
  test('what the receiver asks for is waited for', async () => {
    receiver.answer = () => new Response('slow down', { status: 429, headers: { 'retry-after': '120' } });
    await put(['a', 'one']);
    await step();
    await step(seconds(100));
    expect(asked).toHaveLength(1);
    await step(seconds(21));
    expect(asked).toHaveLength(2);
  });
  test('a redirect is not followed: message and signature are for one address', async () => {
    receiver.answer = () => new Response('', { status: 302, headers: { location: 'https://elsewhere.example.com' } });
    await put(['a', 'one']);
    await step();
    expect(asked).toEqual(['one.example.com']);
    expect(JSON.stringify(events)).toContain('the webhook answered 302');
  });
  test('messages of an environment that this process does not know are another’s, and withdrawn when nobody took them', async () => {
    const notice = { id: 'a', target: 'other/one', environment: 'other', thread: 'a', notice: {}, at: clock.now() };
    await store.saveTold('other', {}, 0, [notice], signal);
    await step(hours(71));
    expect([results('withdrawn'), delivery.queue().length]).toEqual([0, 1]);
    await step(hours(1));
    expect([results('withdrawn'), delivery.queue().length]).toEqual([1, 0]);
  });
  test('a target that left git is withdrawn, one that comes back under its name gets what waited', async () => {
    receiver.answer = () => null;
    await put(['a', 'one'], ['b', 'two']);
    await step();
    targets = [hook('one')];
    receiver.answer = () => new Response('ok');
    await step(minutes(1));
    expect(got()).toEqual(['a']);
    expect(results('withdrawn')).toBe(1);
  });
});
