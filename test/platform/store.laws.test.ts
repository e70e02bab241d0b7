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
  test('memory and status come back as they were saved; a null status leaves the stored one', async () => {
    await value(store.takeApp('laws', 'b', 0, signal));
    await value(store.saveApp('laws', 'b', { x: [1] }, { y: 'one' }, signal));
    await value(store.saveApp('laws', 'b', { x: [2] }, null, signal));
    expect(await value(store.takeApp('laws', 'b', 0, signal))).toMatchObject({ memory: { x: [2] }, status: { y: 'one' } });
  });
  test('one open intent per key: the second one is busy until the first is closed', async () => {
    await value(store.takeApp('staging', 'web', 0, signal));
    expect(await value(store.openIntent(intent(), signal))).toBe('opened');
    expect(await value(store.openIntent(intent({ id: 'i2' }), signal))).toBe('busy');
    expect(await value(store.openIntents('staging', 'web', signal))).toMatchObject([{ id: 'i1', step: { verb: 'create' }, at: 1 }]);
    await value(store.closeIntent('i1', 'landed', 'm1', 2, signal));
    expect(await value(store.openIntents('staging', 'web', signal))).toEqual([]);
    expect(await value(store.openIntent(intent({ id: 'i2' }), signal))).toBe('opened');
    await value(store.closeIntent('i2', 'absent', '', 3, signal));
  });
  test('an intent of an older generation is stale', async () => {
    const { generation } = await value(store.takeApp('staging', 'api', 0, signal));
    await value(store.takeApp('staging', 'api', 0, signal));
    expect(await value(store.openIntent(intent({ id: 'i9', app: 'api', generation }), signal))).toBe('stale');
    expect(await value(store.openIntents('staging', 'api', signal))).toEqual([]);
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
  test('usage adds up', async () => {
    const row = { environment: 'u', app: 'a', item: 'compute', month: '2026-11', microUsd: 3 };
    await value(store.addUsage([row, { ...row, microUsd: 4 }], signal));
    await value(store.addUsage([row], signal));
    expect(await value(store.usage('u', '2026-11', signal))).toEqual([{ ...row, microUsd: 10 }]);
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
