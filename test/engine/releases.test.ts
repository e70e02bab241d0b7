/** Releases of an environment of two apps, `web` behind `api`, on the virtual clock: what goes live, what comes back, and what stays away. */
import { expect, test, vi } from 'vitest';
import { ms, seconds } from '#domain/units.ts';
import { NO_PARTS, type ReleaseParts } from '#engine/release-ports.ts';
import { answered, approve, ENVIRONMENT_NAME } from '#test/support/approving.ts';
import { type Files, type Harness, makeHarness } from '#test/support/harness.ts';
import { API, book, commit, ended, holds, tags, WEB, world } from '#test/support/web-behind-api.ts';

vi.setConfig({ testTimeout: 60_000 });
const signal = AbortSignal.timeout(600_000);
async function settled(files: Files, parts: Partial<ReleaseParts> = {}): Promise<Harness> {
  const harness = await makeHarness({ files, parts: { ...NO_PARTS, ...parts } });
  await harness.untilSettled();
  return harness;
}
async function released(harness: Harness, files: Files, limit = 900): Promise<void> {
  commit(harness, files);
  const before = harness.events.filter(({ type }) => type === 'ReleaseStarted').length;
  const begun = () => harness.events.filter(({ type }) => type === 'ReleaseStarted').length > before;
  for (let spent = 0; spent < 60 && !begun(); spent++) await harness.pass(1);
  await harness.untilSettled(limit);
}

test('what crashes comes back by itself, is pinned, and what does not depend on it goes on', async () => {
  const harness = await settled(world());
  await released(harness, world({ web: 'v2-crash', api: 'v2' }));
  expect([tags(harness, WEB), tags(harness, API)]).toEqual(['v1', 'v2']);
  expect(ended(harness)).toEqual(['deploy complete', 'deploy failed', 'derived complete']);
  expect(holds(harness, WEB)).toEqual(['RevisionPinned']);
  // What crashed before it was set back says nothing of how it is since.
  expect(harness.events.filter((event) => event.type === 'ReleasePhase' && event.phase === 'stalled')).toEqual([]);
  // An unrelated commit brings everything but the pinned content.
  await released(harness, world({ web: 'v2-crash', api: 'v3' }));
  expect([tags(harness, WEB), tags(harness, API)]).toEqual(['v1', 'v3']);
  // The same digest stays away, whatever else of the app changes.
  commit(harness, world({ web: 'v2-crash', api: 'v3', memory: '512mb' }));
  await harness.pass(60);
  expect(tags(harness, WEB)).toBe('v1');
  await released(harness, world({ web: 'v3', api: 'v3', memory: '512mb' }));
  expect([tags(harness, WEB), holds(harness, WEB)]).toEqual(['v3', []]);
  await harness.stop();
});
test('an app that others depend on takes them back with it, and they stay at what was proved with it', async () => {
  const harness = await settled(world());
  await released(harness, world({ web: 'v2', api: 'v2-crash' }));
  expect([tags(harness, WEB), tags(harness, API)]).toEqual(['v1', 'v1']);
  expect([holds(harness, WEB), holds(harness, API)]).toEqual([['RevisionPinned'], ['RevisionPinned']]);
  const writes = harness.writes();
  await harness.pass(300);
  expect(harness.writes()).toBe(writes);
  await harness.stop();
});
test('a retry lifts the pin, and what is good by now goes live', async () => {
  const harness = await settled(world());
  await released(harness, world({ api: 'v2-crash' }));
  expect(tags(harness, API)).toBe('v1');
  await answered(harness, harness.operator().retry({ environment: 'test', app: null, by: 'ann' }, signal));
  await harness.pass(5);
  expect(book(harness)?.active).toMatchObject({ phase: 'apps', kind: 'deploy' });
  await harness.stop();
});
test('smoke checks that fail take everything back, and nothing is tried of that commit any more', async () => {
  let good = true;
  const smoke = () => {
    const state = good ? ('ok' as const) : ('failed' as const);
    return Promise.resolve({ ok: true as const, value: { items: [{ what: 'http', state, message: '502', remedy: null, took: ms(1) }] } });
  };
  const env = '  smoke: { checks: [ { http: "https://example.com/healthz" } ] }\n';
  const harness = await settled(world({ env }), {
    smoke: ({ environment }) => {
      good = environment.apps.every(({ image }) => !(image?.reference ?? '').includes('v2'));
      return smoke();
    },
  });
  await released(harness, world({ env, web: 'v2', api: 'v2' }));
  expect([tags(harness, WEB), tags(harness, API)]).toEqual(['v1', 'v1']);
  expect(ended(harness)).toEqual(['deploy complete', 'deploy failed']);
  expect(
    book(harness)
      ?.pins.map(({ app }) => app)
      .sort(),
  ).toEqual([API, WEB]);
  await harness.stop();
});
test('a newer commit does not wait for a check that hangs', async () => {
  const env = '  smoke: { checks: [ { http: "https://example.com/healthz" } ] }\n';
  let asked = 0;
  const harness = await settled(world({ env }), {
    smoke: () => (asked++ === 0 ? Promise.resolve({ ok: true, value: { items: [] } }) : new Promise(() => undefined)),
  });
  commit(harness, world({ env, api: 'v2' }));
  for (let spent = 0; spent < 120 && book(harness)?.active?.phase !== 'smoke'; spent++) await harness.pass(1);
  commit(harness, world({ env, api: 'v3' }));
  const newest = () => harness.events.findLast(({ type }) => type === 'RevisionAccepted');
  const before = newest();
  for (let spent = 0; spent < 30 && newest() === before; spent++) await harness.pass(1);
  const accepted = harness.clock.now();
  const superseded = () => harness.events.some((event) => event.type === 'ReleaseEnded' && event.result === 'superseded');
  for (let spent = 0; spent < 20 && !superseded(); spent++) await harness.pass(0.5);
  expect(superseded()).toBe(true);
  expect(harness.clock.now() - accepted).toBeLessThanOrEqual(seconds(5));
  await harness.stop();
});
test('manual waits, and only the plan that would run is approved', async () => {
  const harness = await makeHarness({ files: world({ mode: 'manual' }) });
  await harness.pass(30);
  expect(harness.machines(WEB)).toHaveLength(0);
  await expect(approve(harness, 'ann', '0123456789abcdef')).rejects.toThrow(/is not what would run/);
  const plans = await answered(harness, harness.operator().plan({ environment: 'test', app: null }, signal));
  const hash = plans.ok ? (plans.value[0]?.approves ?? null) : null;
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  await approve(harness, 'ann', hash);
  await harness.untilSettled();
  expect(harness.machines(API)).toHaveLength(2);
  await harness.stop();
});
test('a pause holds releases and not corrections, and ends by itself', async () => {
  const harness = await settled(world());
  await answered(harness, harness.operator().pause({ environment: 'test', by: 'ann', span: seconds(300), reason: 'a talk' }, signal));
  commit(harness, world({ api: 'v2' }));
  await harness.pass(120);
  expect([tags(harness, API), holds(harness, API)]).toEqual(['v1', ['Paused']]);
  await harness.pass(240);
  await harness.untilSettled();
  expect(tags(harness, API)).toBe('v2');
  await harness.stop();
});
test('a person goes back, git is told to say something else, and git takes over when it does', async () => {
  const harness = await settled(world());
  await released(harness, world({ web: 'v2' }));
  expect(tags(harness, WEB)).toBe('v2');
  const asked = { environment: ENVIRONMENT_NAME, app: 'web', to: null, reason: 'slow', by: 'ann' };
  const back = await answered(harness, harness.operator().rollback(asked, signal));
  expect(back).toMatchObject({ ok: true, value: { apps: ['web'] } });
  await harness.pass(5);
  await harness.untilSettled();
  expect(tags(harness, WEB)).toBe('v1');
  const overridden = harness.status(WEB)?.conditions.find(({ type }) => type === 'Overridden');
  expect(overridden).toMatchObject({ status: 'true', message: expect.stringContaining('git still says registry.fly.io/acme-web:v2') });
  expect(ended(harness).at(-1)).toBe('rollback complete');
  commit(harness, world({ web: 'v1' }));
  await harness.pass(40);
  await harness.untilSettled();
  expect(harness.status(WEB)?.conditions.find(({ type }) => type === 'Overridden')).toMatchObject({ status: 'false' });
  await harness.stop();
});
test('an override stands until its time, then git counts again', async () => {
  const harness = await settled(world());
  const said = {
    app: 'api',
    group: null,
    image: null,
    count: { region: null, machines: 3 },
    vm: null,
    reason: 'a sale',
    span: seconds(600),
  };
  await answered(harness, harness.operator().override({ environment: 'test', by: 'ann', ...said }, signal));
  await harness.pass(60);
  expect(harness.machines(API)).toHaveLength(3);
  await harness.pass(660);
  expect(harness.machines(API)).toHaveLength(2);
  expect(ended(harness)).toEqual(['deploy complete', 'override complete', 'override complete']);
  await harness.stop();
});
