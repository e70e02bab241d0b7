/** The dead man's switch: called when everything was seen, never otherwise, and never in anybody's way. */
import { beforeEach, describe, expect, test } from 'vitest';
import { failure, type TrimtabError } from '#domain/errors.ts';
import type { Event } from '#domain/events.ts';
import { orgSlug } from '#domain/ids.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { type Instant, ms, seconds } from '#domain/units.ts';
import { type Heartbeat, makeHeartbeat } from '#engine/heartbeat.ts';
import { makeHeartbeatCall } from '#platform/heartbeat.ts';
import { makeVirtualClock, type VirtualClock } from '#simulator/clock.ts';
import { NOW } from '#test/support/builders.ts';

let clock: VirtualClock;
let calls: number;
let answer: () => Promise<Result<void, TrimtabError>>;
let events: Event[];
let others: { readonly organization: ReturnType<typeof orgSlug>; readonly at: Instant }[];
let stop: AbortController;
const beating = (...organizations: readonly string[]): Heartbeat =>
  makeHeartbeat(
    {
      clock,
      tell: (event) => void events.push(event),
      organizations: () => organizations,
      observations: () => others,
      deadline: (_span, signal) => signal,
      call: () => {
        calls += 1;
        return answer();
      },
    },
    stop.signal,
  );
const seen = (heartbeat: Heartbeat, organization: string, missingRegions: readonly string[] = []): Promise<void> => {
  heartbeat.hear({ type: 'OrganizationObserved', organization: orgSlug(organization), machines: 1, missingRegions });
  return heartbeat.settled();
};
beforeEach(() => {
  clock = makeVirtualClock(NOW);
  [calls, events, others] = [0, [], []];
  answer = () => Promise.resolve(ok(undefined));
  stop = new AbortController();
});
describe('a heartbeat', () => {
  test('follows each complete observation, at most every ten seconds', async () => {
    const heartbeat = beating('acme');
    for (let at = 0; at < 30; at += 1) {
      await seen(heartbeat, 'acme');
      await clock.advance(seconds(2));
    }
    expect(calls).toBe(6);
  });
  test('does not follow one that lacks a region, nor another organization’s alone', async () => {
    const heartbeat = beating('acme', 'other');
    await seen(heartbeat, 'acme');
    await seen(heartbeat, 'other', ['nrt']);
    expect(calls).toBe(0);
    await seen(heartbeat, 'other');
    expect(calls).toBe(1);
    await clock.advance(seconds(60));
    await seen(heartbeat, 'acme');
    expect(calls).toBe(1);
  });
  test('counts what another controller saw', async () => {
    const heartbeat = beating('acme', 'other');
    others = [{ organization: orgSlug('other'), at: clock.now() }];
    await seen(heartbeat, 'acme');
    expect(calls).toBe(1);
  });
  test('keeps nothing waiting while a call hangs, and goes on after it', async () => {
    const heartbeat = beating('acme');
    let release = (): void => undefined;
    answer = () =>
      new Promise((resolve) => {
        release = () => resolve(ok(undefined));
      });
    const hanging = seen(heartbeat, 'acme');
    await clock.advance(seconds(60));
    void seen(heartbeat, 'acme');
    expect(calls).toBe(1);
    release();
    await hanging;
    await clock.advance(ms(1));
    void seen(heartbeat, 'acme');
    expect(calls).toBe(2);
  });
  test('that does not arrive is told once, and once when it does again; no other event moves it', async () => {
    const heartbeat = beating('acme');
    answer = () => Promise.resolve(err(failure('NOTIFY_UNAVAILABLE', 'answered 500')));
    for (const reached of [false, false, true, true]) {
      if (reached) answer = () => Promise.resolve(ok(undefined));
      await seen(heartbeat, 'acme');
      await clock.advance(seconds(11));
    }
    heartbeat.hear({ type: 'StoreBack' });
    expect(events).toEqual([
      { type: 'HeartbeatChanged', reached: false, message: 'answered 500' },
      { type: 'HeartbeatChanged', reached: true, message: '' },
    ]);
    stop.abort(new Error('the end'));
    await seen(heartbeat, 'acme');
    expect(calls).toBe(4);
  });
});
test.each([
  { what: 'a refusal', fetch: async () => new Response('', { status: 404 }), message: 'the address of TRIMTAB_HEARTBEAT_URL answered 404' },
  {
    what: 'nobody there',
    fetch: () => Promise.reject(new TypeError('fetch of https://hc.example.com/secret failed', { cause: { code: 'ENOTFOUND' } })),
    message: 'the address of TRIMTAB_HEARTBEAT_URL does not answer: ENOTFOUND',
  },
])('$what is told without the address', async ({ fetch, message }) => {
  const call = makeHeartbeatCall({ url: 'https://hc.example.com/secret', userAgent: 'test', fetch });
  const done = await call(new AbortController().signal);
  expect(done).toMatchObject({ ok: false, error: { message } });
  expect(JSON.stringify(done)).not.toContain('secret');
});
test('the address is called as it is written', async () => {
  const asked: string[] = [];
  const call = makeHeartbeatCall({
    ...{ url: 'https://hc.example.com/a?b=c', userAgent: 'trimtab/1' },
    fetch: async (request) => {
      asked.push(`${request.method} ${request.url} ${request.headers.get('user-agent')}`);
      return new Response('OK');
    },
  });
  expect(await call(new AbortController().signal)).toEqual({ ok: true, value: undefined });
  expect(asked).toEqual(['GET https://hc.example.com/a?b=c trimtab/1']);
});
