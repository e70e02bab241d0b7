/** The laws of the outbox, on every store. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NoticeRow } from '#platform/store/outbox-port.ts';
import type { Store } from '#platform/store/port.ts';
import { STORES } from '#test/support/stores.ts';

const signal = AbortSignal.timeout(60_000);
async function value<T>(
  result: Promise<{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }>,
): Promise<T> {
  const settled = await result;
  if (!settled.ok) throw new Error(JSON.stringify(settled.error));
  return settled.value;
}
describe.each(STORES)('the outbox on $name', ({ open }) => {
  let store: Store;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  const row = (id: string, over: Partial<NoticeRow> = {}): NoticeRow => ({
    ...{ id, target: 'e/slack', environment: 'e', thread: id, notice: { id }, at: 10 },
    ...over,
  });
  const put = async (rows: readonly NoticeRow[], environment = 'e'): Promise<void> => {
    const version = (await value(store.told(environment, signal)))?.version ?? 0;
    expect(await value(store.saveTold(environment, { n: version }, version, rows, signal))).toBe(version + 1);
  };
  const claim = async (now: number, by = 'me', except: readonly string[] = []) =>
    (await value(store.claimNotices({ by, now, until: now + 60, except }, signal))).map(
      ({ id, target, attempts }) => `${target} ${id} ${attempts}`,
    );
  const end = (one: NoticeRow, state: 'sent' | 'dropped' = 'sent', reference: string | null = null) =>
    value(store.endNotice({ ...one, end: state, at: 50, note: '', reference }, signal));
  const clear = async (): Promise<void> => {
    for (const one of await value(store.notices(null, 100, signal))) await end(one);
    await value(store.forgetNotices(1_000_000, signal));
    expect(await value(store.notices(null, 100, signal))).toEqual([]);
  };

  test('memory and messages are written together, or neither; a second writer is refused and writes no message', async () => {
    expect(await value(store.told('both', signal))).toBeNull();
    expect(await value(store.saveTold('both', { a: 1 }, 0, [row('one', { environment: 'both' })], signal))).toBe(1);
    expect(await value(store.saveTold('both', { a: 2 }, 0, [row('two', { environment: 'both' })], signal))).toBeNull();
    expect(await value(store.saveTold('both', { a: 3 }, 7, [row('three', { environment: 'both' })], signal))).toBeNull();
    expect(await value(store.told('both', signal))).toEqual({ version: 1, memory: { a: 1 } });
    expect(await value(store.saveTold('both', { a: 4 }, 1, [row('four', { environment: 'both' })], signal))).toBe(2);
    expect((await value(store.notices('both', 10, signal))).map(({ id }) => id)).toEqual(['four', 'one']);
    await clear();
  });
  test('the same fact is one message for ever, also when it was sent', async () => {
    await put([row('once')]);
    await end(row('once'));
    await put([row('once', { notice: { other: true } })]);
    expect(await value(store.notices('e', 10, signal))).toMatchObject([{ id: 'once', state: 'sent', notice: { id: 'once' } }]);
    expect(await claim(100)).toEqual([]);
    await clear();
  });
  test('one claims, nobody else has it until its time is over; a target is served one message at a time', async () => {
    await put([row('a'), row('b'), row('c', { target: 'e/mail' })]);
    expect(await claim(9)).toEqual([]);
    expect(await claim(100)).toEqual(['e/mail c 1', 'e/slack a 1']);
    expect(await claim(100, 'other')).toEqual([]);
    await end(row('a'));
    expect(await claim(100, 'other', ['e/slack'])).toEqual([]);
    expect(await claim(100, 'other')).toEqual(['e/slack b 1']);
    // Its holder died: after its time it is claimed again.
    expect(await claim(161)).toEqual(['e/mail c 2', 'e/slack b 2']);
    await clear();
  });
  test('what failed waits for its time and lets others pass, but nothing of its own thread', async () => {
    await put([row('1', { thread: 't' }), row('2', { thread: 't' }), row('3')]);
    expect(await claim(100)).toEqual(['e/slack 1 1']);
    await value(store.delayNotice({ ...row('1'), by: 'somebody else', nextAt: 101, note: 'no' }, signal));
    expect(await claim(101)).toEqual([]);
    await value(store.delayNotice({ ...row('1'), by: 'me', nextAt: 200, note: 'the target is down' }, signal));
    expect(await claim(150)).toEqual(['e/slack 3 1']);
    await end(row('3'));
    expect(await claim(150)).toEqual([]);
    expect(await claim(200)).toEqual(['e/slack 1 2']);
    expect((await value(store.notices('e', 10, signal))).find(({ id }) => id === '1')).toMatchObject({ note: 'the target is down' });
    await clear();
  });
  test('a thread remembers what the receiver calls its first message', async () => {
    await put([row('1', { thread: 't' }), row('2', { thread: 't' })]);
    const [first] = await value(store.claimNotices({ by: 'me', now: 100, until: 160, except: [] }, signal));
    expect(first).toEqual({ ...row('1', { thread: 't' }), attempts: 1, reference: null });
    await end(row('1', { thread: 't' }), 'sent', '1712.5');
    const [second] = await value(store.claimNotices({ by: 'me', now: 100, until: 160, except: [] }, signal));
    expect(second?.reference).toBe('1712.5');
    await end(row('2', { thread: 't' }), 'sent', 'another');
    await put([row('3', { thread: 't' })]);
    expect((await value(store.claimNotices({ by: 'me', now: 100, until: 160, except: [] }, signal)))[0]?.reference).toBe('1712.5');
    await clear();
  });
  test('the queue is counted by target; what is over is kept, then forgotten', async () => {
    await put([row('a', { at: 5 }), row('b', { at: 7 }), row('c', { target: 'e/mail' }), row('d', { environment: 'f', target: 'f/mail' })]);
    await end(row('c', { target: 'e/mail' }), 'dropped');
    expect(await value(store.noticeQueue(signal))).toEqual([
      { target: 'e/slack', environment: 'e', waiting: 2, oldestAt: 5 },
      { target: 'f/mail', environment: 'f', waiting: 1, oldestAt: 10 },
    ]);
    await value(store.forgetNotices(50, signal));
    expect((await value(store.notices('e', 10, signal))).map(({ id, state }) => `${id} ${state}`)).toEqual([
      'c dropped',
      'b waiting',
      'a waiting',
    ]);
    await value(store.forgetNotices(51, signal));
    expect((await value(store.notices('e', 10, signal))).map(({ id }) => id)).toEqual(['b', 'a']);
    await clear();
  });
  test('two that claim at once never get the same message', async () => {
    await put(Array.from({ length: 12 }, (_, at) => row(`n${at}`, { target: `e/t${at}` })));
    const wish = (by: string) => value(store.claimNotices({ by, now: 100, until: 160, except: [] }, signal));
    const both = await Promise.all(['one', 'two', 'three'].map(wish));
    const ids = both.flat().map(({ id }) => id);
    expect(ids).toHaveLength(12);
    expect(new Set(ids).size).toBe(12);
    await clear();
  });
});
