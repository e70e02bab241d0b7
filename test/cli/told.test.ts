/** `trimtab audit` and `trimtab notify`, from this process and over the API of a controller: both say the same. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditWish, audit } from '#cli/audit.ts';
import type { CliContext } from '#cli/context.ts';
import { notifyOccasions, notifyStatus, notifyTest } from '#cli/notify.ts';
import { makeRemoteOperator } from '#cli/remote.ts';
import { failure } from '#domain/errors.ts';
import { OCCASION_NAMES } from '#domain/notices/words.ts';
import { err, ok } from '#domain/result.ts';
import { makeNotifyDesk } from '#engine/notices/desk.ts';
import type { Operator } from '#engine/operator.ts';
import { makeHttp } from '#http/controller.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { operatorOf } from '#test/support/operator.ts';
import { pagesOf } from '#test/support/people.ts';
import { oneApp } from '#test/support/worlds.ts';

const NOTIFY = `  notify:
    - { name: good, webhook: { url: { env: A }, secret: { env: B } } }
    - { name: bad, slack: { webhook: { env: C } } }
`;
const ALL: AuditWish = {
  environment: 'test',
  app: null,
  actor: null,
  action: null,
  since: null,
  // What came before the harness did anything.
  until: '30m',
  cursor: null,
  limit: '50',
  all: false,
};
let harness: Harness;
beforeAll(async () => {
  harness = await makeHarness({ files: oneApp({ env: NOTIFY }), seed: 'told-cli' });
  await harness.untilSettled();
  const now = harness.clock.now();
  const row = (hours: number, actor: string, what: string) => ({
    ...{
      at: now - hours * 3_600_000,
      actor,
      environment: 'test',
      app: what === 'halt' ? null : 'acme-web',
      what,
      from: null,
      to: 'x',
      why: 'w',
      result: 'done',
    },
  });
  await harness.store.appendAudit(
    [row(72, 'ann', 'approve'), row(30, 'bob', 'halt'), row(2, 'ann', 'release 1'), row(1, 'trimtab', 'release 2')],
    new AbortController().signal,
  );
});
afterAll(() => harness.stop());

function local(): Operator {
  const notify = makeNotifyDesk({
    store: harness.store,
    clock: harness.clock,
    environments: () => harness.controller().environments.all(),
    send: (_environment, { name }) =>
      Promise.resolve(name === 'good' ? ok(undefined) : err(failure('NOTIFY_REFUSED', 'Slack answered 404'))),
  });
  return { ...operatorOf(harness), ...notify };
}
function remote(): Operator {
  const http = makeHttp({
    operator: local(),
    metrics: async function* () {
      yield '';
    },
    metricsType: 'text/plain',
    notReady: () => null,
    token: 'a token',
    version: 'test',
    now: () => 0,
    webhook: { secret: null, branches: null, onPush: () => undefined },
    ...pagesOf(harness),
  });
  return makeRemoteOperator({ url: 'http://trimtab.test', token: 'a token', fetch: async (request) => http.fetch(request) });
}
describe.each([
  { where: 'in this process', operator: local },
  { where: 'over the API', operator: remote },
])('$where', ({ operator }) => {
  async function said(
    run: (context: CliContext) => Promise<number> | number,
    json = false,
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    let [out, errors] = ['', ''];
    const code = await run({
      ...{ clock: harness.clock, signal: new AbortController().signal, user: 'ann', terminal: false, json },
      out: (text) => {
        out += text;
      },
      err: (text) => {
        errors += text;
      },
      open: () => Promise.resolve(ok({ operator: operator(), server: null, converge: null, look: null, close: () => Promise.resolve() })),
    });
    return { code, out, err: errors };
  }
  const whats = async (wish: Partial<AuditWish>): Promise<readonly string[]> => {
    const { code, out } = await said((context) => audit(context, { ...ALL, ...wish }), true);
    expect(code).toBe(0);
    return JSON.parse(out).entries.map(({ what }: { readonly what: string }) => what);
  };
  test.each<{ readonly wish: Partial<AuditWish>; readonly found: readonly string[] }>([
    { wish: {}, found: ['release 2', 'release 1', 'halt', 'approve'] },
    { wish: { actor: 'ann' }, found: ['release 1', 'approve'] },
    { wish: { action: 'release' }, found: ['release 2', 'release 1'] },
    { wish: { app: 'web' }, found: ['release 2', 'release 1', 'approve'] },
    { wish: { since: '24h' }, found: ['release 2', 'release 1'] },
    { wish: { since: '4d', until: '24h' }, found: ['halt', 'approve'] },
    { wish: { limit: '1' }, found: ['release 2'] },
    { wish: { limit: '1', all: true }, found: ['release 2', 'release 1', 'halt', 'approve'] },
  ])('the audit by $wish', async ({ wish, found }) => {
    expect(await whats({ ...wish, ...(wish.app === undefined ? {} : { environment: 'test' }) })).toEqual(found);
  });
  test('one page after the other gives every row once', async () => {
    const first = JSON.parse((await said((context) => audit(context, { ...ALL, limit: '3' }), true)).out);
    expect(first.entries).toHaveLength(3);
    const second = JSON.parse((await said((context) => audit(context, { ...ALL, limit: '3', cursor: first.next }), true)).out);
    expect(second).toMatchObject({ entries: [{ what: 'approve', actor: 'ann', to: 'x', why: 'w', result: 'done' }], next: null });
  });
  test('says in words who, what, why and how it ended, and how to go on', async () => {
    const { out, err: more } = await said((context) => audit(context, { ...ALL, limit: '1' }));
    expect(out).toMatch(/^\S+Z {2}trimtab {2}test\/acme-web {2}release 2: nothing → x {2}\(w\) {2}done\n$/);
    expect(more).toMatch(/^older ones: --cursor \d+-\d+\n$/);
  });
  test.each<Partial<AuditWish>>([{ limit: '0' }, { limit: 'many' }, { since: 'yesterday' }, { cursor: 'somewhere' }])(
    '%s is refused',
    async (wish) => {
      const { code, err: errors } = await said((context) => audit(context, { ...ALL, ...wish }));
      expect([code, errors]).toEqual([1, expect.stringContaining('error: ')]);
    },
  );
  test('a test names each target and what came of it', async () => {
    const { code, out } = await said((context) => notifyTest(context, 'test', null));
    expect([code, out]).toEqual([1, 'ok    test/good (webhook)  it arrived\nerror test/bad (slack)  Slack answered 404\n']);
    expect((await said((context) => notifyTest(context, 'test', 'good'))).code).toBe(0);
    const unknown = await said((context) => notifyTest(context, null, 'nobody'));
    expect(unknown.code).toBe(1);
    expect(unknown.err).toContain('known: test/good, test/bad');
  });
  test('what waits and what was told is shown', async () => {
    const row = { id: `n-${operator.name}`, target: 'test/good', environment: 'test', thread: 't', notice: {}, at: harness.clock.now() };
    await harness.store.saveTold(`shown-${operator.name}`, {}, 0, [row], new AbortController().signal);
    const { out } = await said((context) => notifyStatus(context, 'test'));
    expect(out).toMatch(/^test\/good: \d wait, since /);
    expect(out).toContain('test/bad: nothing waits\n');
    expect(out).toContain(`test/good n-${operator.name} waiting\n`);
  });
});
test('everything that can be told is listed', () => {
  let out = '';
  const context: CliContext = {
    ...{ clock: harness.clock, signal: new AbortController().signal, user: 'ann', terminal: false, json: false },
    out: (text) => {
      out += text;
    },
    err: () => undefined,
    open: () => Promise.reject(new Error('nothing is opened')),
  };
  expect(notifyOccasions(context)).toBe(0);
  expect(out.split('\n').map((line) => line.split(' ')[0])).toEqual([...OCCASION_NAMES, '']);
});
