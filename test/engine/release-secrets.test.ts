/** Values that change at their source without a commit: a release of their own, that goes live, comes back, or says which value cannot. */
import { expect, test } from 'vitest';
import { Release } from '#domain/release.ts';
import { ok } from '#domain/result.ts';
import { ms, seconds } from '#domain/units.ts';
import { NO_PARTS, type PhaseItem } from '#engine/release-ports.ts';
import { answered, approve } from '#test/support/approving.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { digestsOf, holdsOf, machineVersions } from '#test/support/secret-world.ts';
import { API, book, commit, ended, type Versions, WEB, world } from '#test/support/web-behind-api.ts';

const signal = AbortSignal.timeout(600_000);
const SMOKE = '  smoke: { checks: [ { http: "https://example.com/healthz" } ] }\n';
const token = (more = ''): string => `  secrets:\n    TOKEN: { from: { env: TOKEN }${more} }\n`;
const PREVIOUS = ', previous: { env: OLD_TOKEN }';

interface Options extends Versions {
  /** Values that the environment does not work with, though every machine runs. */
  readonly fails?: readonly string[];
}
async function settled({ fails = [], ...versions }: Options): Promise<{ readonly harness: Harness; readonly smoked: () => number }> {
  let smoked = 0;
  const smoke = () => {
    smoked += 1;
    const state = fails.includes(harness.environment['TOKEN'] ?? '') && !machineVersions(harness, API).includes(3) ? 'failed' : 'ok';
    const item: PhaseItem = { what: 'http', state, message: '502', remedy: null, took: ms(1) };
    return Promise.resolve(ok({ items: [item] }));
  };
  const files = world({ env: SMOKE, ...versions });
  const harness: Harness = await makeHarness({ files, environment: { TOKEN: 'one' }, parts: { ...NO_PARTS, smoke } });
  await harness.untilSettled();
  return { harness, smoked: () => smoked };
}
async function newValues(harness: Harness, values: Readonly<Record<string, string>>): Promise<void> {
  const before = book(harness)?.number;
  Object.assign(harness.environment, values);
  for (let spent = 0; spent < 60 && book(harness)?.number === before; spent++) await harness.pass(1);
}
const newest = async (harness: Harness): Promise<Release> => {
  const rows = await harness.store.releases('test', 1, signal);
  return Release.parse(rows.ok ? rows.value[0]?.release : null);
};

test('a value that was issued rolls through its app alone, is smoked, and is told as a release', async () => {
  const { harness, smoked } = await settled({ apiExtra: token() });
  const [web, before] = [harness.machines(WEB).map(({ instanceId }) => instanceId), smoked()];
  await newValues(harness, { TOKEN: 'two' });
  await harness.untilSettled();
  expect(machineVersions(harness, API)).toEqual([2, 2]);
  expect(harness.machines(WEB).map(({ instanceId }) => instanceId)).toEqual(web);
  expect([smoked() - before, ended(harness)]).toEqual([1, ['deploy complete', 'secrets complete']]);
  const release = await newest(harness);
  expect(release).toMatchObject({ kind: 'secrets', actor: 'trimtab', changes: [{ app: API, parts: ['secrets'] }] });
  expect(release.to).toBe(release.from);
  const writes = harness.writes();
  await harness.pass(300);
  expect(harness.writes()).toBe(writes);
  await harness.stop();
});
test('a value that the smoke checks refuse goes back to the declared one before, stays away, and another one goes live', async () => {
  const { harness } = await settled({ apiExtra: token(PREVIOUS), fails: ['two'] });
  const good = digestsOf(harness, API);
  await newValues(harness, { TOKEN: 'two', OLD_TOKEN: 'one' });
  await harness.untilSettled();
  expect(digestsOf(harness, API)).toEqual(good);
  expect(machineVersions(harness, API)).toEqual([3, 3]);
  expect(ended(harness)).toEqual(['deploy complete', 'secrets failed']);
  expect((await newest(harness)).failure).toMatchObject({ reason: 'Smoke', message: 'http: 502 (new with it: acme-api/TOKEN)' });
  expect(holdsOf(harness, API)).toEqual(['RevisionPinned TOKEN']);
  await newValues(harness, { TOKEN: 'three' });
  await harness.untilSettled();
  expect(machineVersions(harness, API)).toEqual([4, 4]);
  expect([ended(harness).at(-1), holdsOf(harness, API)]).toEqual(['secrets complete', []]);
  await harness.stop();
});
test('a value that the program refuses goes no further than one machine, and comes back on it', async () => {
  const { harness } = await settled({ api: 'v1-picky', apiExtra: token(PREVIOUS) });
  const good = digestsOf(harness, API);
  await newValues(harness, { TOKEN: 'refused', OLD_TOKEN: 'one' });
  const written = new Set<string>();
  for (let spent = 0; spent < 300 && book(harness)?.active !== null; spent++) {
    await harness.pass(1);
    for (const { id, secretsVersion } of harness.machines(API)) if (secretsVersion === 2) written.add(id);
  }
  expect(written.size).toBe(1);
  await harness.untilSettled();
  expect(digestsOf(harness, API)).toEqual(good);
  expect(harness.machines(API).map(({ state }) => state)).toEqual(['started', 'started']);
  expect((await newest(harness)).failure).toMatchObject({
    reason: 'CrashLoop',
    message: expect.stringContaining('new with it: acme-api/TOKEN'),
  });
  await harness.stop();
});
test('a value that nothing can take back was named beforehand, stalls by name, and the next one mends it', async () => {
  const { harness } = await settled({ api: 'v1-picky', apiExtra: token() });
  await answered(harness, harness.operator().pause({ environment: 'test', by: 'ann', span: seconds(60), reason: 'a look' }, signal));
  harness.environment['TOKEN'] = 'refused';
  await harness.pass(20);
  const planned = await answered(harness, harness.operator().plan({ environment: 'test', app: 'api' }, signal));
  const whys = planned.ok ? planned.value.flatMap(({ plan }) => plan?.waves.flatMap(({ steps }) => steps.map(({ why }) => why)) ?? []) : [];
  expect(whys).toContain('set TOKEN (cannot be taken back: TOKEN)');
  for (let spent = 0; spent < 300 && book(harness)?.active?.phase !== 'stalled'; spent++) await harness.pass(1);
  expect(book(harness)?.active).toMatchObject({
    kind: 'secrets',
    phase: 'stalled',
    message: expect.stringContaining('SecretNotReversible: TOKEN stays'),
  });
  const stalled = harness.status(API)?.conditions.find(({ type }) => type === 'Stalled');
  expect(stalled).toMatchObject({ status: 'true', reason: 'SecretNotReversible', message: expect.stringContaining('TOKEN') });
  // The machine that was not written serves on.
  expect(harness.machines(API).filter(({ state, secretsVersion }) => state === 'started' && secretsVersion === 1)).toHaveLength(1);
  harness.environment['TOKEN'] = 'good again';
  await harness.untilSettled(600);
  expect(machineVersions(harness, API)).toEqual([3, 3]);
  expect(book(harness)?.active).toBeNull();
  await harness.stop();
});
test('a source that goes back to an older value waits for a person, and then comes as a release', async () => {
  const { harness } = await settled({ apiExtra: token() });
  await newValues(harness, { TOKEN: 'two' });
  await harness.untilSettled();
  harness.environment['TOKEN'] = 'one';
  await harness.pass(120);
  expect([machineVersions(harness, API), holdsOf(harness, API)]).toEqual([[2, 2], ['ApprovalRequired secrets']]);
  await approve(harness, 'ann');
  await harness.pass(5);
  await harness.untilSettled();
  expect(machineVersions(harness, API)).toEqual([3, 3]);
  expect(ended(harness).at(-1)).toBe('secrets complete');
  await harness.stop();
});
test('where a new revision waits for a person a value that was issued does not; a pause holds it', async () => {
  const { harness } = await settled({ apiExtra: token() });
  commit(harness, world({ env: SMOKE, apiExtra: token(), mode: 'manual', api: 'v2' }));
  await harness.pass(40);
  expect(book(harness)?.active).toMatchObject({ kind: 'deploy', hold: 'ApprovalRequired' });
  harness.environment['TOKEN'] = 'two';
  await harness.pass(60);
  expect(machineVersions(harness, API)).toEqual([2, 2]);
  await answered(harness, harness.operator().pause({ environment: 'test', by: 'ann', span: seconds(300), reason: 'a talk' }, signal));
  harness.environment['TOKEN'] = 'three';
  await harness.pass(120);
  expect(machineVersions(harness, API)).toEqual([2, 2]);
  await harness.pass(300);
  expect(machineVersions(harness, API)).toEqual([3, 3]);
  await harness.stop();
});
test('a value in git comes with its commit and goes back with it', async () => {
  const value = (text: string): string => `  secrets:\n    GREETING: { from: { value: ${text} } }\n`;
  const { harness } = await settled({ api: 'v1-picky', apiExtra: value('hello') });
  const good = digestsOf(harness, API);
  commit(harness, world({ env: SMOKE, api: 'v1-picky', apiExtra: value('refused') }));
  await harness.pass(40);
  await harness.untilSettled(600);
  expect(digestsOf(harness, API)).toEqual(good);
  expect(ended(harness)).toEqual(['deploy complete', 'deploy failed']);
  const writes = harness.writes();
  await harness.pass(300);
  expect(harness.writes()).toBe(writes);
  await harness.stop();
});
