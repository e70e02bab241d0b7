/** From what happens to what people are sent: the whole line, on a virtual clock. */

import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { ms } from '#domain/units.ts';
import { openPglite } from '#platform/store/db.ts';
import { migrate } from '#platform/store/migrate.ts';
import type { Store } from '#platform/store/port.ts';
import { makeSqlStore } from '#platform/store/sql.ts';
import { only, updateByHand, withMemory } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { aReceiver, type Receiver, SECRET, tellingOf } from '#test/support/telling.ts';
import { oneApp } from '#test/support/worlds.ts';

const notify = (more = ''): string => `  owners: [ { name: ann, slack: U1 } ]
  notify: [ { webhook: { url: { env: HOOK }, secret: { from: { env: HOOK_SECRET } } }${more} } ]
`;
const HOOK = { HOOK: 'https://hooks.example.com/a-secret-path', HOOK_SECRET: SECRET };
async function world(seed: string, more = '', over: Parameters<typeof oneApp>[0] = {}) {
  const harness = await makeHarness({ files: oneApp({ ...over, env: notify(more) }), seed, environment: HOOK });
  const receiver = aReceiver();
  return { harness, receiver, telling: tellingOf(harness, receiver) };
}
const released = (harness: Harness, tag: string, more = ''): void => {
  for (const [path, text] of Object.entries(oneApp({ env: notify(more), image: `registry.fly.io/acme-web:${tag}` })))
    harness.files.set(path, text);
};

test('a release is told from its start to the proof of each machine, in one thread, signed', async () => {
  const { harness, receiver, telling } = await world('told-release');
  await harness.untilSettled();
  await telling.pass(10);
  expect(receiver.told()).toEqual([]);
  released(harness, 'v2');
  await telling.pass(120);
  expect(receiver.told()).toEqual([
    expect.stringMatching(/^releaseStarted: test: release 2 \(deploy\) of web by /),
    expect.stringMatching(/^releaseSucceeded: test: release 2 \(deploy\) is live after \d+ s$/),
  ]);
  const [first, last] = receiver.got.map(({ headers, body }) => ({ headers, body, json: JSON.parse(body) }));
  expect(last?.json.data.thread).toBe(first?.json.data.thread);
  expect(last?.json.data.lines).toEqual(
    harness
      .machines('acme-web')
      .map(({ id, name }) => expect.stringMatching(`^web: ${name} ${id} nrt .*acme-web:v2 instance \\w+ started, 1/1 checks passing$`)),
  );
  const headers = Object.fromEntries(
    ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, last?.headers.get(name) ?? '']),
  );
  expect(headers['webhook-id']).toBe('release/test/2/complete');
  expect(Number(headers['webhook-timestamp']) * 1_000).toBeLessThanOrEqual(harness.clock.now());
  // By somebody else's code; the receiver's clock is that of the test.
  const now = Date.now;
  Date.now = () => harness.clock.now();
  try {
    expect(new Webhook(SECRET).verify(last?.body ?? '', headers)).toMatchObject({
      id: 'release/test/2/complete',
      type: 'releaseSucceeded',
    });
    expect(() => new Webhook(SECRET).verify(`${last?.body} `, headers)).toThrow('No matching signature');
  } finally {
    Date.now = now;
  }
  const signal = new AbortController().signal;
  const told = await harness.store.told('test', signal);
  const writes = harness.writes();
  await telling.pass(600);
  // Nothing changes: nothing is told, and nothing is written.
  expect(await harness.store.told('test', signal)).toEqual(told);
  expect(receiver.got).toHaveLength(2);
  expect(harness.writes()).toBe(writes);
  await harness.stop();
});
test('drift by one hand is one message with every field and who, and its correction another in the same thread', async () => {
  const { harness, receiver, telling } = await world('told-drift');
  await harness.untilSettled();
  await telling.pass(10);
  const machine = only(harness.machines('acme-web'));
  await updateByHand(harness, machine, withMemory(512));
  await telling.pass(600);
  expect(receiver.told()).toEqual([
    'driftDetected: test: one change by hand on acme-web',
    'driftCorrected: test: acme-web is as git says again',
  ]);
  const [seen, ended] = receiver.got.map(({ body }) => JSON.parse(body).data);
  expect(seen.lines[0]).toContain('/guest/memory_mb');
  expect(ended.thread).toBe(seen.thread);
  await harness.stop();
});
test('only what is asked for is told, in the words of the template', async () => {
  const more = ', on: [releaseSucceeded], templates: { releaseSucceeded: "{{environment}} <{{release}}> {{app}}" }';
  const { harness, receiver, telling } = await world('told-some', more);
  await harness.untilSettled();
  await telling.pass(10);
  released(harness, 'v2', more);
  await telling.pass(120);
  expect(receiver.got.map(({ body }) => JSON.parse(body))).toMatchObject([{ type: 'releaseSucceeded', text: 'test <2> ' }]);
  await harness.stop();
});
test('after the stated time a message is given up, and counted; the address is in no word of it', async () => {
  const { harness, receiver, telling } = await world('told-never', ', giveUpAfter: 1h');
  await harness.untilSettled();
  await telling.pass(10);
  receiver.answer = (request) => new Response(`no route for ${request.url}, ${SECRET}`, { status: 404 });
  const machine = only(harness.machines('acme-web'));
  await updateByHand(harness, machine, withMemory(512));
  await telling.pass(60);
  await harness.pass(3_000);
  await telling.pass(5);
  const ends = () => telling.events.flatMap((event) => (event.type === 'Notified' && event.result === 'dropped' ? [event.occasion] : []));
  expect(ends()).toEqual([]);
  await harness.pass(1_200);
  await telling.pass(2_000);
  expect(ends()).toContain('driftDetected');
  const kept = await harness.store.notices('test', 10, new AbortController().signal);
  const text = JSON.stringify([telling.events, kept]);
  expect(text).toContain('the webhook answered 404: no route for');
  for (const value of Object.values(HOOK)) expect(text).not.toContain(value);
  await harness.stop();
});
test('a target that left git is told nothing more, and one whose variable is not set says so', async () => {
  const { harness, receiver, telling } = await world('told-gone');
  await harness.untilSettled();
  await telling.pass(10);
  delete harness.environment['HOOK'];
  released(harness, 'v2');
  await telling.pass(120);
  expect(receiver.got).toEqual([]);
  expect(telling.events).toContainEqual(
    expect.objectContaining({ type: 'Notified', result: 'failed', message: 'url: HOOK gives nothing' }),
  );
  const [name, text] = Object.entries(oneApp({ image: 'registry.fly.io/acme-web:v2' }))[0] ?? ['', ''];
  harness.files.set(name, text);
  await telling.pass(900);
  expect(telling.events).toContainEqual(expect.objectContaining({ type: 'Notified', result: 'withdrawn' }));
  expect(telling.notices.queue()).toEqual([]);
  await harness.stop();
});

/** Dies at the nth call of the store: before it is written, or after it was and before anybody knows. */
function dyingAt(store: Store, nth: number, when: 'before' | 'after'): { readonly store: Store; readonly calls: () => number } {
  let calls = 0;
  const proxy = new Proxy(store, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...given: unknown[]) => {
        calls += 1;
        if (calls > nth || (calls === nth && when === 'before')) throw new Error('killed');
        const answer: unknown = await Reflect.apply(method, target, given);
        if (calls === nth) throw new Error('killed');
        return answer;
      };
    },
  });
  return { store: proxy, calls: () => calls };
}
const idsOf = ({ got }: Receiver): readonly string[] => got.map(({ headers }) => headers.get('webhook-id') ?? '');
test('a crash at any call loses nothing, and what goes out twice has the same id', async () => {
  const { harness, receiver, telling } = await world('told-crash');
  await harness.untilSettled();
  await telling.pass(10);
  released(harness, 'v2');
  await updateByHand(harness, only(harness.machines('acme-web')), withMemory(512));
  await harness.pass(60);
  const signal = new AbortController().signal;
  const before = await harness.store.told('test', signal);
  if (!before.ok) throw new Error('no memory');
  const count = dyingAt(harness.store, Number.MAX_SAFE_INTEGER, 'before');
  await tellingOf(harness, { fetch: receiver.fetch, store: count.store, writer: 'whole' }).pass(5);
  const whole = [...idsOf(receiver)].sort();
  expect(whole.length).toBeGreaterThanOrEqual(4);
  const version = async (): Promise<number> => {
    const row = await harness.store.told('test', signal);
    return row.ok ? (row.value?.version ?? 0) : 0;
  };
  for (let nth = 1; nth <= count.calls(); nth += 1)
    for (const when of ['before', 'after'] as const) {
      // As if nothing of it had happened yet.
      await harness.store.forgetNotices(Number.MAX_SAFE_INTEGER, signal);
      await harness.store.saveTold('test', before.value?.memory ?? null, await version(), [], signal);
      receiver.got.length = 0;
      const dying = tellingOf(harness, { fetch: receiver.fetch, store: dyingAt(harness.store, nth, when).store, writer: 'dies' });
      await dying.notices.step(signal).catch(() => null);
      const again = tellingOf(harness, { fetch: receiver.fetch, writer: 'again' });
      await again.notices.step(signal);
      // What the dead one had claimed is free after its time.
      await harness.clock.advance(ms(61_000));
      await again.notices.step(signal);
      expect([...new Set(idsOf(receiver))].filter((id) => whole.includes(id)).sort(), `${nth} ${when}`).toEqual(whole);
      expect(receiver.got.length, `${nth} ${when}`).toBeLessThanOrEqual(new Set(idsOf(receiver)).size + 1);
    }
  await harness.stop();
});
test('of several controllers one delivers', async () => {
  const { harness, receiver, telling } = await world('told-shared');
  const other = tellingOf(harness, { fetch: receiver.fetch, writer: 'other' });
  await harness.untilSettled();
  await telling.pass(10);
  released(harness, 'v2');
  const signal = new AbortController().signal;
  for (let spent = 0; spent < 120; spent += 5) {
    await harness.clock.advance(ms(5_000));
    await Promise.all([telling.notices.step(signal), other.notices.step(signal)]);
  }
  expect(receiver.told()).toHaveLength(2);
  expect(new Set(idsOf(receiver)).size).toBe(2);
  await harness.stop();
});
test('on a database two controllers write nothing while nothing changes, whatever order it gives back', async () => {
  const database = await openPglite();
  expect((await migrate(database)).ok).toBe(true);
  const store = makeSqlStore(database);
  const budget = (name: string): string =>
    `apiVersion: trimtab.dev/v1alpha1\nkind: Budget\nmetadata: { name: ${name} }\nspec: { scope: { organization: acme }, monthly: { amount: 1 } }\n`;
  const files = { ...oneApp({ env: notify() }), 'desired-state/test/budgets.yaml': ['zz', 'a-longer-name', 'b'].map(budget).join('---\n') };
  const harness = await makeHarness({ files, seed: 'told-database', environment: HOOK });
  const receiver = aReceiver();
  const controllers = [
    tellingOf(harness, { fetch: receiver.fetch, store, writer: 'one' }),
    tellingOf(harness, { fetch: receiver.fetch, store, writer: 'two' }),
  ];
  await harness.untilSettled();
  const signal = new AbortController().signal;
  const looks = async (times: number): Promise<number> => {
    for (let time = 0; time < times; time += 1) {
      await harness.clock.advance(ms(5_000));
      for (const { notices } of controllers) expect(await notices.step(signal)).toBeNull();
    }
    const told = await store.told('test', signal);
    return told.ok ? (told.value?.version ?? 0) : 0;
  };
  const settled = await looks(20);
  expect(receiver.told().filter((text) => text.startsWith('budgetCritical begins'))).toHaveLength(3);
  // One that starts anew reads what the database made of it.
  controllers.push(tellingOf(harness, { fetch: receiver.fetch, store, writer: 'three' }));
  expect(await looks(6)).toBe(settled);
  await harness.stop();
  await store.close();
});
