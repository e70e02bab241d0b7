/** What people say to releases, and what lets one through: approvals by several, windows, ways back by every name, overrides of every kind, a way
 *  back that does not work. */
import { describe, expect, test } from 'vitest';
import { Release } from '#domain/release.ts';
import { ok } from '#domain/result.ts';
import { ms, seconds } from '#domain/units.ts';
import { NO_PARTS, type PhaseItem, type ReleaseParts } from '#engine/release-ports.ts';
import { perform } from '#simulator/acts.ts';
import { answered, approve, ENVIRONMENT_NAME } from '#test/support/approving.ts';
import { deployNewByHand, only } from '#test/support/hands.ts';
import { type Files, type Harness, type HarnessOptions, makeHarness } from '#test/support/harness.ts';
import { shaOf } from '#test/support/snapshot.ts';
import { API, book, commit, countedMigrations, ended, holds, tags, type Versions, WEB, world } from '#test/support/web-behind-api.ts';
import { DEPLOYED } from '#test/support/worlds.ts';

const signal = new AbortController().signal;
const SAID = { environment: 'test', by: 'ann' };
async function settled(versions: Versions = {}, options: Partial<HarnessOptions> = {}): Promise<Harness> {
  const harness = await makeHarness({ files: world(versions), ...options });
  await harness.untilSettled();
  return harness;
}
async function until(harness: Harness, is: () => boolean, limit = 600): Promise<void> {
  for (let spent = 0; spent < limit; spent++) {
    if (is()) return;
    await harness.pass(1);
  }
  throw new Error(`never came: ${JSON.stringify(book(harness)?.active)}`);
}
async function released(harness: Harness, files: Files, limit = 300): Promise<void> {
  const before = book(harness)?.number ?? 0;
  commit(harness, files);
  await until(harness, () => (book(harness)?.number ?? 0) > before);
  await harness.untilSettled(limit);
}
const releases = async (harness: Harness): Promise<readonly Release[]> => {
  const rows = await harness.store.releases('test', 20, signal);
  return rows.ok ? rows.value.map(({ release }) => Release.parse(release)) : [];
};
const back = (harness: Harness, to: string | null, app: string | null = 'web') =>
  answered(harness, harness.operator().rollback({ ...SAID, app, to, reason: 'slow' }, signal));
const overridden = (harness: Harness, app: string) => harness.status(app)?.conditions.find(({ type }) => type === 'Overridden');

describe('an approval', () => {
  const POLICY = '  approval: { minApprovers: 2, notAuthor: true }\n';
  test('takes as many people as git says, its author and a second word of the same person not among them', async () => {
    const harness = await settled({ env: POLICY }, { author: 'Ann Example <ann@example.com>' });
    commit(harness, world({ env: POLICY, mode: 'manual', api: 'v2' }));
    await until(harness, () => book(harness)?.active?.hold === 'ApprovalRequired');
    const waits = () => book(harness)?.active?.message ?? '';
    for (const by of ['ann', 'Ann Example', 'ann@example.com', 'bob', 'bob']) {
      await approve(harness, by);
      await harness.pass(5);
    }
    expect(waits()).toContain('(1 of 2, not its author)');
    expect(tags(harness, API)).toBe('v1');
    await approve(harness, 'cem');
    await harness.pass(5);
    await harness.untilSettled();
    expect(tags(harness, API)).toBe('v2');
    await harness.stop();
  });
  test('of a plan that is no longer current is refused, the new one is named, and what was said of the old one does not count', async () => {
    const harness = await settled({ env: POLICY });
    const change = (api: string): Files => world({ env: POLICY, mode: 'manual', api });
    commit(harness, change('v2'));
    await until(harness, () => book(harness)?.active?.hold === 'ApprovalRequired');
    const plans = await answered(harness, harness.operator().plan({ environment: 'test', app: null }, signal));
    const hash = plans.ok ? (plans.value[0]?.approves ?? '') : '';
    await approve(harness, 'ann', hash);
    commit(harness, change('v3'));
    await until(harness, () => book(harness)?.active?.number === 3 && book(harness)?.active?.hold === 'ApprovalRequired');
    const late = await answered(harness, harness.operator().approve({ environment: ENVIRONMENT_NAME, app: null }, 'bob', hash, signal));
    expect(late).toMatchObject({ ok: false, error: { code: 'PLAN_NOT_CURRENT', message: expect.stringMatching(/that is [0-9a-f]{16}$/) } });
    await harness.pass(30);
    expect(book(harness)?.active).toMatchObject({ approvals: [], message: expect.stringContaining('(0 of 2') });
    expect(tags(harness, API)).toBe('v1');
    await harness.stop();
  });
});
describe('a window', () => {
  // The harness begins at nine in UTC.
  const WINDOW = '{ deny: "30 8 * * *", duration: 1h, holds: [releases] }';
  const closed = (api: string): Files => {
    const files = world({ api });
    const path = 'desired-state/test/environment.yaml';
    return { ...files, [path]: (files[path] ?? '').replace('mode: automatic', `mode: automatic, windows: [ ${WINDOW} ]`) };
  };
  test('holds a release, says until when, and lets it go by itself; a person’s word passes it', async () => {
    const harness = await settled();
    commit(harness, closed('v2'));
    await harness.pass(300);
    expect([tags(harness, API), holds(harness, API)]).toEqual(['v1', ['SyncWindow']]);
    expect(book(harness)?.active).toMatchObject({ phase: 'approval', hold: 'SyncWindow', message: expect.stringContaining('denies') });
    await harness.pass(Math.ceil((Date.UTC(2026, 9, 1, 9, 30) - harness.clock.now()) / 1_000) + 5);
    await harness.untilSettled();
    expect(tags(harness, API)).toBe('v2');
    await harness.stop();
    const other = await settled();
    commit(other, closed('v2'));
    await other.pass(60);
    await approve(other, 'ann');
    await other.pass(5);
    await other.untilSettled();
    expect(tags(other, API)).toBe('v2');
    expect(other.clock.now()).toBeLessThan(Date.UTC(2026, 9, 1, 9, 30));
    await other.stop();
  });
});

describe('a way back', () => {
  test('goes to a number of the history, to a commit, and to the start of a revision', async () => {
    const harness = await settled({}, { author: 'ann' });
    const first = shaOf(harness.files);
    await released(harness, world({ web: 'v2' }));
    await released(harness, world({ web: 'v3' }));
    const [, second] = await releases(harness);
    for (const [to, tag] of [
      ['#2', 'v2'],
      [first.slice(0, 8), 'v1'],
      [second?.to.slice(0, 12) ?? '', 'v2'],
    ] as const) {
      const done = await back(harness, to);
      expect(done).toMatchObject({ ok: true, value: { apps: ['web'], was: [{ name: 'web', image: `registry.fly.io/acme-web:${tag}` }] } });
      await harness.pass(5);
      await harness.untilSettled();
      expect(tags(harness, WEB)).toBe(tag);
    }
    expect(await back(harness, 'nobody-knows')).toMatchObject({ ok: false, error: { code: 'UNKNOWN_NAME' } });
    expect(overridden(harness, WEB)).toMatchObject({
      status: 'true',
      message: expect.stringContaining('git still says registry.fly.io/acme-web:v3'),
    });
    // Git agrees.
    commit(harness, world({ web: 'v2' }));
    await harness.pass(40);
    await harness.untilSettled();
    expect(overridden(harness, WEB)).toMatchObject({ status: 'false' });
    await harness.stop();
  });
  test('goes to a release of the platform’s own list, from before trimtab too', async () => {
    const harness = await makeHarness({ files: world({ web: 'v3' }), start: false });
    await deployNewByHand(harness, WEB, ['v1', 'v2'], DEPLOYED);
    await harness.restart();
    await harness.pass(60);
    await approve(harness, 'ann');
    await harness.untilSettled(600);
    expect(tags(harness, WEB)).toBe('v3');
    const listed = await answered(harness, harness.operator().history('test', 'web', 20, signal));
    const old = listed.ok ? listed.value.platform?.find(({ image }) => image?.includes(':v1')) : undefined;
    expect(await back(harness, String(old?.version), null)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('--app') },
    });
    expect(await back(harness, String(old?.version))).toMatchObject({ ok: true });
    await harness.pass(5);
    await harness.untilSettled();
    expect(tags(harness, WEB)).toBe('v1');
    await harness.stop();
  });
  test('that does not work either stalls, with what is where, and goes on by itself when it can', async () => {
    const harness = await settled();
    commit(harness, world({ web: 'v2-crash' }));
    await until(harness, () => tags(harness, WEB).includes('v2-crash'));
    // What ran before is gone from the registry: the machine cannot be set back.
    harness.simulator.faults.add({ kind: 'forbidden', operation: '=POST /apps/{app_name}/machines/{machine_id}' });
    await until(harness, () => book(harness)?.active?.phase === 'stalled', 3_600);
    expect(book(harness)?.active?.message).toMatch(/^the way back does not work: acme-web: /);
    expect(harness.status(WEB)?.conditions.find(({ type }) => type === 'Stalled')).toMatchObject({ status: 'true' });
    harness.simulator.faults.clear();
    await harness.untilSettled(900);
    expect([tags(harness, WEB), ended(harness).at(-1)]).toEqual(['v1', 'deploy failed']);
    await harness.stop();
  });
});

describe('an override', () => {
  const override = (harness: Harness, over: object) =>
    answered(
      harness,
      harness
        .operator()
        .override(
          { ...SAID, app: 'api', group: null, image: null, count: null, vm: null, reason: 'a sale', span: seconds(600), ...over },
          signal,
        ),
    );
  test.each([
    { what: 'an image', over: { image: 'registry.fly.io/acme-api:v9' }, seen: 'v9 256 2', git: 'v1 256 2' },
    { what: 'a size', over: { vm: { size: 'shared-cpu-1x', memoryMb: 1_024 } }, seen: 'v1 1024 2', git: 'v1 256 2' },
    { what: 'a count', over: { count: { region: 'nrt', machines: 3 } }, seen: 'v1 256 3', git: 'v1 256 2' },
  ])('of $what stands for its time over any commit, is shown, and ends by itself', async ({ over, seen, git }) => {
    const harness = await settled();
    const is = (): string => {
      const rows = harness.machines(API);
      return `${tags(harness, API)} ${only(rows).config.guest?.memory_mb} ${rows.length}`;
    };
    expect(await override(harness, over)).toMatchObject({ ok: true });
    await harness.pass(60);
    await harness.untilSettled();
    expect(is()).toBe(seen);
    expect(overridden(harness, API)).toMatchObject({ status: 'true', message: expect.stringContaining('by ann: a sale') });
    await released(harness, world({ web: 'v2' }));
    expect(is()).toBe(seen);
    await harness.pass(700);
    await harness.untilSettled();
    expect([is(), overridden(harness, API)?.status]).toEqual([git, 'false']);
    await harness.stop();
  });
  test('of a name that nobody knows is refused', async () => {
    const harness = await settled();
    expect(await override(harness, { app: 'nobody', count: { region: null, machines: 3 } })).toMatchObject({ ok: false });
    expect(await override(harness, { vm: { size: 'huge', memoryMb: null } })).toMatchObject({ ok: false });
    expect(await override(harness, { group: 'other', count: { region: null, machines: 3 } })).toMatchObject({ ok: false });
    await harness.stop();
  });
});
test('an image that a command named stands until the image in git changes, not for another change', async () => {
  const harness = await settled();
  const chosen = await answered(
    harness,
    harness.operator().chooseImage({ ...SAID, app: 'api', image: 'registry.fly.io/acme-api:v7' }, signal),
  );
  expect(chosen).toMatchObject({ ok: true, value: { digest: expect.stringMatching(/^sha256:/) } });
  await harness.pass(5);
  await harness.untilSettled();
  expect(tags(harness, API)).toBe('v7');
  await released(harness, world({ apiMemory: '512mb' }));
  expect([tags(harness, API), overridden(harness, API)?.status]).toEqual(['v7', 'true']);
  await released(harness, world({ apiMemory: '512mb', api: 'v2' }));
  expect([tags(harness, API), overridden(harness, API)?.status]).toEqual(['v2', 'false']);
  await harness.stop();
});

test('a set of migrations that failed is held, nothing else of the apps is; other files go on', async () => {
  const { ran, part } = countedMigrations();
  const bad = '0002_bad.up.sql';
  const broken: PhaseItem = {
    what: bad,
    state: 'failed',
    message: 'relation "b" does not exist\n  alter table b',
    remedy: 'correct it',
    took: ms(0),
  };
  const migrations: NonNullable<ReleaseParts['migrations']> = {
    plan: part.plan,
    apply: (environment, within) =>
      environment.declared?.migrations?.files.some(({ path }) => path.endsWith(bad)) === true
        ? Promise.resolve(ok({ items: [broken] }))
        : part.apply(environment, within),
  };
  const first = ['0001_a.up.sql'];
  const harness = await settled({ migrations: first }, { parts: { ...NO_PARTS, migrations } });
  const writes = harness.writes();
  commit(harness, world({ migrations: [...first, bad], api: 'v2' }));
  await until(harness, () => book(harness)?.active?.hold === 'RevisionPinned');
  expect(harness.writes()).toBe(writes);
  const failed = (await releases(harness)).find(({ phase }) => phase === 'failed');
  expect(failed?.failure).toMatchObject({ reason: 'Migration', message: expect.stringContaining('alter table b') });
  expect(failed?.reports.at(-1)?.items).toMatchObject([{ state: 'failed', remedy: 'correct it' }]);
  // The same files with another image are the same set.
  commit(harness, world({ migrations: [...first, bad], api: 'v3' }));
  await until(harness, () => book(harness)?.active?.hold === 'RevisionPinned' && book(harness)?.number === 4);
  await harness.pass(120);
  expect([tags(harness, API), harness.writes()]).toEqual(['v1', writes]);
  harness.files.delete(`db/migrations/${bad}`);
  await released(harness, world({ migrations: [...first, '0002_good.up.sql'], api: 'v3' }));
  expect([tags(harness, API), ran.length]).toEqual(['v3', 2]);
  await harness.stop();
});
test('a smoke check that hangs ends at the deadline of the phase, what came back is kept, and everything goes back', async () => {
  const smokeIn = '  smoke: { checks: [ { http: "https://example.com/healthz" } ] }\n';
  let asked = 0;
  const evidence = 'HTTP 502 from the edge';
  const smoke: NonNullable<ReleaseParts['smoke']> = () => {
    asked += 1;
    if (asked === 2) return new Promise(() => undefined);
    const state = asked === 4 ? ('failed' as const) : ('ok' as const);
    return Promise.resolve(ok({ items: [{ what: 'http', state, message: '502', remedy: null, took: ms(1), evidence }] }));
  };
  const harness = await settled({ env: smokeIn }, { parts: { ...NO_PARTS, smoke } });
  await released(harness, world({ env: smokeIn, api: 'v2' }), 1_200);
  expect([tags(harness, API), ended(harness).at(-1)]).toEqual(['v1', 'deploy failed']);
  const [hung] = await releases(harness);
  expect(hung?.failure).toMatchObject({ reason: 'Smoke', message: 'smoke: it did not end within 600 s' });
  await released(harness, world({ env: smokeIn, api: 'v3' }), 1_200);
  const [refused] = await releases(harness);
  expect(refused?.reports.find(({ phase }) => phase === 'smoke')?.items).toMatchObject([{ state: 'failed', evidence }]);
  await harness.stop();
});
test('a count that comes back under protection waits for a person when it takes more than half away', async () => {
  const production = (api: string, machines: string): Files => world({ protection: 'production', api, apiMachines: machines });
  const harness = await makeHarness({ files: production('v1', '{ nrt: 2 }') });
  await harness.untilSettled();
  commit(harness, production('v2-failing', '{ nrt: 5 }'));
  await until(harness, () => book(harness)?.active?.phase === 'returning', 1_200);
  await harness.pass(300);
  const left = harness.machines(API).length;
  expect(left).toBe(5);
  expect(holds(harness, API)).toContain('ApprovalRequired');
  expect(book(harness)?.active?.message).toContain('ApprovalRequired: destroy app-nrt-');
  await approve(harness, 'ann');
  await harness.pass(5);
  await harness.untilSettled(600);
  expect([harness.machines(API).length, tags(harness, API)]).toEqual([2, 'v1']);
  await harness.stop();
});
test('a region that is full holds a release for as long as it is, and nothing goes back', async () => {
  // Long after the deadline of the phase, had it not stood still.
  const apiExtra = '  rollout: { waitTimeout: 30s }\n';
  const harness = await settled({ apiExtra });
  perform(harness.simulator.world, { act: 'capacity', region: 'nrt', machines: 0 });
  commit(harness, world({ apiMachines: '{ nrt: 3 }', apiExtra }));
  await until(harness, () => holds(harness, API).includes('NoCapacity'));
  await harness.pass(900);
  expect(book(harness)?.active).toMatchObject({ phase: 'apps', failure: null });
  perform(harness.simulator.world, { act: 'capacity', region: 'nrt', machines: null });
  await harness.untilSettled(900);
  expect(harness.machines(API)).toHaveLength(3);
  await harness.stop();
});
