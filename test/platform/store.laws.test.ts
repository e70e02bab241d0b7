import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IntentRow, Store } from '#platform/store/port.ts';
import { STORES } from '#test/support/stores.ts';

const signal = AbortSignal.timeout(60_000);
const intent = (over: Partial<IntentRow> = {}): IntentRow => ({
  id: 'i1',
  key: 'web/machine-group/app-1',
  environment: 'staging',
  app: 'web',
  generation: 1,
  step: { verb: 'create' },
  at: 1,
  ...over,
});
async function value<T>(
  result: Promise<{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }>,
): Promise<T> {
  const settled = await result;
  if (!settled.ok) throw new Error(JSON.stringify(settled.error));
  return settled.value;
}

describe.each(STORES)('the store on $name', ({ open }) => {
  let store: Store;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());

  test('a takeover raises the generation, above the highest stamp seen', async () => {
    expect((await value(store.takeApp('laws', 'a', 0, signal))).generation).toBe(1);
    expect((await value(store.takeApp('laws', 'a', 0, signal))).generation).toBe(2);
    expect((await value(store.takeApp('laws', 'a', 41, signal))).generation).toBe(42);
    expect(await value(store.apps('laws', signal))).toEqual(['a']);
  });
  test('memory and status come back as they were saved; null leaves what is stored', async () => {
    expect(await value(store.readApp('laws', 'b', signal))).toBeNull();
    const by = { writer: 'w', generation: (await value(store.takeApp('laws', 'b', 0, signal))).generation };
    expect(await value(store.readApp('laws', 'b', signal))).toEqual({ generation: 1, memory: null, status: null });
    expect(await value(store.saveApp('laws', 'b', by, { memory: { x: [1] }, status: { y: 'one' } }, signal))).toBe('saved');
    await value(store.saveApp('laws', 'b', by, { memory: { x: [2] }, status: null }, signal));
    expect(await value(store.readApp('laws', 'b', signal))).toEqual({ generation: 1, memory: { x: [2] }, status: { y: 'one' } });
    await value(store.saveApp('laws', 'b', by, { memory: null, status: { y: 'two' } }, signal));
    expect(await value(store.takeApp('laws', 'b', 0, signal))).toEqual({ generation: 2, memory: { x: [2] }, status: { y: 'two' } });
  });
  test('who was replaced saves nothing more', async () => {
    const old = { writer: 'old', generation: (await value(store.takeApp('laws', 'c', 0, signal))).generation };
    await value(store.saveApp('laws', 'c', old, { memory: 1, status: 1 }, signal));
    await value(store.takeApp('laws', 'c', 0, signal));
    expect(await value(store.saveApp('laws', 'c', old, { memory: 2, status: 2 }, signal))).toBe('stale');
    expect(await value(store.saveApp('laws', 'nobody', old, { memory: 2, status: 2 }, signal))).toBe('stale');
    expect(await value(store.readApp('laws', 'c', signal))).toEqual({ generation: 2, memory: 1, status: 1 });
  });
  test('an app of which nothing is left is forgotten, but not one that somebody took over meanwhile', async () => {
    const { generation } = await value(store.takeApp('forgetting', 'd', 0, signal));
    await value(store.takeApp('forgetting', 'd', 0, signal));
    await value(store.forgetApp('forgetting', 'd', generation, signal));
    expect(await value(store.apps('forgetting', signal))).toEqual(['d']);
    await value(store.forgetApp('forgetting', 'd', generation + 1, signal));
    expect(await value(store.apps('forgetting', signal))).toEqual([]);
    expect(await value(store.readApp('forgetting', 'd', signal))).toBeNull();
  });
  const openOf = async (environment: string, app: string) => (await value(store.situation(environment, app, [], signal))).intents;
  test('one open intent per key: the second one is busy until the first is closed', async () => {
    await value(store.takeApp('staging', 'web', 0, signal));
    expect(await value(store.openIntent(intent(), signal))).toBe('opened');
    expect(await value(store.openIntent(intent({ id: 'i2' }), signal))).toBe('busy');
    expect(await openOf('staging', 'web')).toEqual([intent()]);
    await value(store.closeIntent('i1', 'landed', 'm1', 2, signal));
    expect(await openOf('staging', 'web')).toEqual([]);
    expect(await value(store.openIntent(intent({ id: 'i2' }), signal))).toBe('opened');
    await value(store.closeIntent('i2', 'absent', '', 3, signal));
  });
  test('an intent of an older generation is stale', async () => {
    const { generation } = await value(store.takeApp('staging', 'api', 0, signal));
    await value(store.takeApp('staging', 'api', 0, signal));
    expect(await value(store.openIntent(intent({ id: 'i9', app: 'api', generation }), signal))).toBe('stale');
    expect(await openOf('staging', 'api')).toEqual([]);
  });
  test.each(['*', 'halting'])('no intent is opened while a halt of %s stands, whoever heard of it', async (scope) => {
    const { generation } = await value(store.takeApp('halting', 'web', 0, signal));
    const wanted = intent({ id: `halted ${scope}`, environment: 'halting', generation });
    await value(store.halt({ scope, by: 'ann', reason: 'looking', since: 1 }, signal));
    expect(await value(store.openIntent(wanted, signal))).toBe('halted');
    await value(store.unhalt(scope, signal));
    expect(await value(store.openIntent(wanted, signal))).toBe('opened');
    await value(store.closeIntent(wanted.id, 'absent', '', 3, signal));
  });
  test('a situation is everything that others may have changed', async () => {
    const none = { generation: null, accepted: null, book: 0, intents: [], approvals: [], statuses: [] };
    expect(await value(store.situation('where', 'web', ['db'], signal))).toEqual(none);
    await value(store.takeApp('where', 'web', 4, signal));
    const by = { writer: 'w', generation: (await value(store.takeApp('where', 'db', 0, signal))).generation };
    await value(store.saveApp('where', 'db', by, { memory: {}, status: { y: 1 } }, signal));
    await value(store.saveEnvironment('where', { accepted: 'r1', applied: null, lastGood: null }, signal));
    await value(store.saveReleaseBook('where', {}, 0, signal));
    const approval = { environment: 'where', app: 'web', revision: 'r1', by: 'ann', at: 3 };
    for (const app of ['web', '*', 'db']) await value(store.approve({ ...approval, app }, signal));
    expect(await value(store.situation('where', 'web', ['db', 'other'], signal))).toEqual({
      generation: 5,
      accepted: 'r1',
      book: 1,
      intents: [],
      approvals: [{ ...approval, app: '*' }, approval],
      statuses: [{ environment: 'where', app: 'db', generation: 1, status: { y: 1 } }],
    });
  });
  test('statuses of others are told since the last look, not one’s own', async () => {
    const save = async (app: string, writer: string, status: number): Promise<void> => {
      const { generation } = await value(store.takeApp('told', app, 0, signal));
      await value(store.saveApp('told', app, { writer, generation }, { memory: {}, status }, signal));
    };
    const mine = async (after: number) => {
      const { rows, cursor } = await value(store.statuses(after, 'me', signal));
      return { rows: rows.filter(({ environment }) => environment === 'told').map(({ app, status }) => `${app} ${status}`), cursor };
    };
    await save('a', 'other', 1);
    await save('b', 'me', 2);
    const first = await mine(0);
    expect(first.rows).toEqual(['a 1']);
    await save('a', 'other', 3);
    const second = await mine(first.cursor);
    expect(second.rows).toEqual(['a 3']);
    expect(second.cursor).toBeGreaterThan(first.cursor);
    await save('a', 'me', 4);
    expect((await mine(0)).rows).toEqual([]);
  });
  test('of an organization the newest look counts, and who looks is told who looked before', async () => {
    expect(await value(store.watchOrganization('acme', 'a', null, signal))).toBeNull();
    expect(await value(store.observations(signal))).toEqual([]);
    expect(await value(store.watchOrganization('acme', 'a', 7, signal))).toBe('a');
    expect(await value(store.watchOrganization('acme', 'b', 5, signal))).toBe('a');
    expect(await value(store.watchOrganization('other', 'b', 1, signal))).toBeNull();
    expect(await value(store.watchOrganization('acme', 'b', null, signal))).toBe('b');
    expect(await value(store.observations(signal))).toEqual([
      { organization: 'acme', at: 7 },
      { organization: 'other', at: 1 },
    ]);
  });
  test('the state of one platform refuses another', async () => {
    expect((await store.claimIdentity({ platform: 'https://a' }, signal)).ok).toBe(true);
    expect((await store.claimIdentity({ platform: 'https://a' }, signal)).ok).toBe(true);
    expect(await store.claimIdentity({ platform: 'https://b' }, signal)).toMatchObject({ ok: false, error: { code: 'STORE_FOREIGN' } });
  });
  test('the audit is read newest first, by environment and app', async () => {
    const row = { at: 1, actor: 'trimtab', environment: 'audit', app: 'a', what: 'x', from: null, to: '"1"', why: 'w', result: 'landed' };
    await value(store.appendAudit([row, { ...row, at: 2, app: 'b' }, { ...row, at: 3 }], signal));
    await value(store.appendAudit([], signal));
    expect((await value(store.audit('audit', null, 10, signal))).map(({ at }) => at)).toEqual([3, 2, 1]);
    expect(await value(store.audit('audit', 'a', 1, signal))).toEqual([{ ...row, at: 3 }]);
  });
  test('a revision is stored once and never changed', async () => {
    const revision = { environment: 'e', id: 'r1', sourceHash: 's', commit: null, document: { a: 1 }, acceptedAt: 5 };
    await value(store.saveRevision(revision, signal));
    await value(store.saveRevision({ ...revision, document: { a: 2 } }, signal));
    expect(await value(store.revision('e', 'r1', signal))).toEqual(revision);
    expect(await value(store.revision('e', 'r2', signal))).toBeNull();
  });
  test('an environment remembers what was accepted and applied', async () => {
    expect(await value(store.environment('e', signal))).toEqual({ accepted: null, applied: null, lastGood: null });
    await value(store.saveEnvironment('e', { accepted: 'r2', applied: 'r1', lastGood: null }, signal));
    expect(await value(store.environment('e', signal))).toEqual({ accepted: 'r2', applied: 'r1', lastGood: null });
  });
  test('what is known of secrets is written over by name, and comes back as it was', async () => {
    const row = { name: 'B', keyId: 'k', fingerprint: null, digest: 'd1', version: null, staged: false, since: 1, setAt: null, older: [] };
    const other = { ...row, name: 'A', fingerprint: 'f', version: 7, staged: true, setAt: 2, older: ['e', 'd'] };
    expect(await value(store.secrets('s', 'web', signal))).toEqual([]);
    await value(store.saveSecrets('s', 'web', [row, other], signal));
    await value(store.saveSecrets('s', 'web', [], signal));
    await value(store.saveSecrets('s', 'api', [row], signal));
    expect(await value(store.secrets('s', 'web', signal))).toEqual([other, row]);
    const changed = {
      ...row,
      digest: 'd2',
      version: 9_007_199_254,
      fingerprint: 'g',
      since: Date.UTC(2026, 10, 24),
      setAt: 3,
      older: ['f'],
    };
    await value(store.saveSecrets('s', 'web', [changed], signal));
    expect(await value(store.secrets('s', 'web', signal))).toEqual([other, changed]);
    expect(await value(store.secrets('s', 'api', signal))).toEqual([row]);
  });
  test('halts and approvals come and go', async () => {
    await value(store.halt({ scope: '*', by: 'ann', reason: 'looking', since: 1 }, signal));
    expect(await value(store.halts(signal))).toEqual([{ scope: '*', by: 'ann', reason: 'looking', since: 1 }]);
    await value(store.unhalt('*', signal));
    expect(await value(store.halts(signal))).toEqual([]);
    await value(store.approve({ environment: 'e', app: 'a', revision: 'r', by: 'ann', at: 1 }, signal));
    await value(store.approve({ environment: 'e', app: 'a', revision: 's', by: 'ben', at: 2 }, signal));
    expect(await value(store.approvals('e', signal))).toEqual([{ environment: 'e', app: 'a', revision: 's', by: 'ben', at: 2 }]);
    await value(store.endApproval('e', 'a', signal));
    expect(await value(store.approvals('e', signal))).toEqual([]);
  });
  test('a release book is written by whoever read its newest version, and by nobody else', async () => {
    expect(await value(store.releaseBook('books', signal))).toBeNull();
    expect(await value(store.saveReleaseBook('books', { a: 1 }, 3, signal))).toBeNull();
    expect(await value(store.saveReleaseBook('books', { a: 1 }, 0, signal))).toBe(1);
    expect(await value(store.saveReleaseBook('books', { a: 2 }, 0, signal))).toBeNull();
    expect(await value(store.saveReleaseBook('books', { a: 2 }, 1, signal))).toBe(2);
    expect(await value(store.saveReleaseBook('books', { a: 3 }, 1, signal))).toBeNull();
    expect(await value(store.releaseBook('books', signal))).toEqual({ version: 2, book: { a: 2 } });
    expect(await value(store.releaseBook('other books', signal))).toBeNull();
  });
  test('releases come newest first, each as it was written last', async () => {
    const row = (number: number, phase: string, environment = 'rows') => ({ environment, number, release: { phase } });
    for (const one of [row(2, 'apps'), row(10, 'apps'), row(1, 'failed'), row(2, 'complete'), row(7, 'apps', 'elsewhere')])
      await value(store.saveRelease(one, signal));
    expect(await value(store.releases('rows', 10, signal))).toEqual([row(10, 'apps'), row(2, 'complete'), row(1, 'failed')]);
    expect(await value(store.releases('rows', 1, signal))).toEqual([row(10, 'apps')]);
  });
});

describe.each(STORES.filter(({ name }) => name !== 'memory'))('turns on $name', ({ open }) => {
  test('are given one after the other, to whoever asks', async () => {
    const store = await open();
    const waits: number[] = [];
    for (let asked = 0; asked < 3; asked++) waits.push(await value(store.takeTurn('make apps', 60_000, signal)));
    expect(waits[0]).toBe(0);
    expect(waits[1]).toBeGreaterThan(50_000);
    expect(waits[2]).toBeGreaterThan(110_000);
    expect(await value(store.takeTurn('something else', 60_000, signal))).toBe(0);
    await store.close();
  });
});
