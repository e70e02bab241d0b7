/** How an app is rolled out, against where its release fails: every pair of both at least once, under protection. The guard checks every plan;
 *  whatever happens nobody is left without a machine that serves, nothing is made twice, and the end is the new or the old one, whole. */
import { describe, expect, test } from 'vitest';
import { isStarted } from '#domain/observed.ts';
import { Release } from '#domain/release.ts';
import { ok } from '#domain/result.ts';
import { ms, seconds } from '#domain/units.ts';
import type { PhaseItem, ReleaseParts } from '#engine/release-ports.ts';
import { perform } from '#simulator/acts.ts';
import { machinesOf } from '#simulator/world.ts';
import { answered } from '#test/support/approving.ts';
import { type Files, type Harness, isSettled, makeHarness } from '#test/support/harness.ts';
import { every, pairsOf, pairwise, type Row } from '#test/support/pairwise.ts';
import { digestsOf } from '#test/support/secret-world.ts';
import { book, commit, countedMigrations, holds } from '#test/support/web-behind-api.ts';
import { FLY_TOML, oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const signal = new AbortController().signal;
const FACTORS = {
  strategy: ['rolling', 'immediate'],
  volume: ['no', 'yes'],
  autostop: ['off', 'stop'],
  groupOfOne: ['no', 'yes'],
  command: ['no', 'yes'],
  secrets: ['none', 'reversible', 'irreversible'],
  fails: ['nowhere', 'preflight', 'migration', 'release command', 'pull', 'checks', 'crash loop', 'smoke', 'capacity'],
} as const;
type Case = Row<typeof FACTORS>;
/** A command that is not there cannot fail. */
const can = ({ command, fails }: Case): boolean => fails !== 'release command' || command === 'yes';
const ROWS = pairwise(FACTORS, can);

test('every pair that can be is there', () => {
  const there = new Set(ROWS.flatMap(pairsOf));
  const all = new Set(every(FACTORS).filter(can).flatMap(pairsOf));
  expect([...all].filter((pair) => !there.has(pair))).toEqual([]);
  expect(ROWS.length).toBeLessThan(40);
});

const TAGS: Readonly<Partial<Record<Case['fails'], string>>> = { pull: 'v2-missing', checks: 'v2-failing', 'crash loop': 'v2-crash' };
function files({ strategy, volume, autostop, groupOfOne, command, secrets, fails }: Case, version: 'v1' | 'v2'): Files {
  const isNew = version === 'v2';
  const run = isNew && fails === 'release command' ? 'bin/migrate fail' : 'bin/migrate';
  const parts = [
    FLY_TOML.replace('auto_stop_machines = "off"', `auto_stop_machines = "${autostop}"\n  min_machines_running = 1`),
    volume === 'yes' ? '[[mounts]]\n  source = "data"\n  destination = "/data"\n' : '',
    command === 'yes' ? `[deploy]\n  release_command = "${run}"\n` : '',
  ];
  const previous = secrets === 'reversible' ? ', previous: { env: OLD_TOKEN }' : '';
  const declared = secrets === 'none' ? '' : `  secrets: { TOKEN: { from: { env: TOKEN }${previous} } }\n`;
  const count = (groupOfOne === 'yes' ? 1 : 2) + (isNew && fails === 'capacity' ? 1 : 0);
  return {
    ...oneApp({
      protection: 'production',
      machines: `{ nrt: ${count} }`,
      image: `registry.fly.io/acme-web:${isNew ? (TAGS[fails] ?? 'v2') : 'v1'}`,
      toml: parts.join('\n'),
      extra: `  rollout: { strategy: ${strategy}, waitTimeout: 60s }\n${declared}`,
      env: `  database:
    url: { from: { env: DATABASE_URL } }
    migrations: { directory: db/migrations, run: whenChanged }
  smoke: { checks: [ { http: "https://example.com/healthz" } ] }
`,
    }),
    'db/migrations/0001_a.up.sql': 'create table a (id int);',
    ...(isNew ? { 'db/migrations/0002_b.up.sql': 'create table b (id int);' } : {}),
  };
}
const item = (state: PhaseItem['state'], what: string): PhaseItem => ({ what, state, message: 'as asked', remedy: null, took: ms(0) });
async function arranged(row: Case): Promise<{ readonly harness: Harness; readonly ran: readonly string[] }> {
  const { ran, part } = countedMigrations();
  const isV2 = (): boolean => harness.machines(APP).some(({ image }) => image.tag === 'v2');
  let broken = false;
  const parts: ReleaseParts = {
    preflight: () => Promise.resolve(ok({ items: [item(broken && row.fails === 'preflight' ? 'failed' : 'ok', 'image')] })),
    smoke: () => Promise.resolve(ok({ items: [item(broken && row.fails === 'smoke' && isV2() ? 'failed' : 'ok', 'http')] })),
    migrations: {
      plan: part.plan,
      apply: (environment, within) =>
        broken && row.fails === 'migration'
          ? Promise.resolve(ok({ items: [item('failed', '0002_b.up.sql')] }))
          : part.apply(environment, within),
    },
    secrets: null,
  };
  const harness = await makeHarness({
    files: files(row, 'v1'),
    parts,
    environment: { TOKEN: 'one', DATABASE_URL: 'postgres://somewhere/app?sslmode=require' },
  });
  await harness.untilSettled();
  // The first machines have booted: who may sleep does, and is asked for now and then.
  await harness.pass(60);
  broken = true;
  return { harness, ran };
}
/** A commit and a new value at once: both are there before the release is let through. */
async function released(harness: Harness, row: Case): Promise<void> {
  const said = { environment: 'test', by: 'ann' };
  await answered(harness, harness.operator().pause({ ...said, span: seconds(3_600), reason: 'both at once' }, signal));
  commit(harness, files(row, 'v2'));
  if (row.secrets !== 'none') Object.assign(harness.environment, { TOKEN: 'two', OLD_TOKEN: 'one' });
  if (row.fails === 'capacity') perform(harness.simulator.world, { act: 'capacity', region: 'nrt', machines: 0 });
  await harness.pass(40);
  await answered(harness, harness.operator().resume(said, signal));
}
/** Second by second, until nothing moves any more. */
async function watched(harness: Harness, row: Case, isOver: () => boolean): Promise<void> {
  const most = (row.groupOfOne === 'yes' ? 1 : 2) + (row.fails === 'capacity' ? 1 : 0);
  for (let [spent, quiet] = [0, 0]; quiet < 5; spent++) {
    if (spent > 1_800) throw new Error(`it never ends: ${JSON.stringify(book(harness)?.active)}`);
    await harness.pass(1);
    quiet = isOver() ? quiet + 1 : 0;
    const members = harness.machines(APP).filter(({ config }) => config.metadata?.['fly_process_group'] === 'app');
    const names = members.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    // One more while a group of one is changed beside itself.
    expect(names.length).toBeLessThanOrEqual(most + 1);
    expect(harness.simulator.world.volumes.size).toBeLessThanOrEqual(row.volume === 'yes' ? most : 0);
    if (staysUp(row)) expect(members.filter(serves).length).toBeGreaterThan(0);
  }
}
/** Written in place there is a moment without: all at once by its strategy, or the only machine with its volume. What may sleep is asked for. */
const staysUp = ({ strategy, volume, groupOfOne, autostop }: Case): boolean =>
  strategy === 'rolling' && autostop === 'off' && !(groupOfOne === 'yes' && volume === 'yes');
const serves = ({ state, checks, cordoned }: ReturnType<Harness['machines']>[number]): boolean =>
  isStarted({ state }) && !cordoned && checks.every(({ status }) => status === 'passing');

/** What is written of a release that fails here. */
const REASONS: Readonly<Partial<Record<Case['fails'], readonly string[]>>> = {
  migration: ['Migration'],
  'release command': ['ReleaseCommand'],
  // With a command that is what meets the bad image first.
  pull: ['ImagePull', 'ReleaseCommand'],
  checks: ['Checks'],
  'crash loop': ['CrashLoop', 'ReleaseCommand'],
  smoke: ['Smoke'],
};
describe('a release under protection', () => {
  test.each(ROWS.map((row, index) => ({ row, name: `#${index} ${row.fails}` })))('$name', { timeout: 60_000 }, async ({ row }) => {
    const { harness, ran } = await arranged(row);
    const before = { secrets: digestsOf(harness, APP), tags: tagsOf(harness), instances: instancesOf(harness), writes: harness.writes() };
    await released(harness, row);
    const stalls = row.secrets === 'irreversible' && !['nowhere', 'preflight', 'migration', 'capacity'].includes(row.fails);
    const active = () => book(harness)?.active ?? null;
    const writes = (): number => harness.writes() - before.writes;
    if (row.fails === 'preflight') {
      await watched(harness, row, () => active()?.hold === 'PreflightFailed');
      expect([writes(), ran.length]).toEqual([0, 1]);
    } else if (row.fails === 'capacity') {
      await watched(harness, row, () => holds(harness, APP).includes('NoCapacity'));
      await harness.pass(900);
      expect(active()).toMatchObject({ phase: 'apps', failure: null });
      perform(harness.simulator.world, { act: 'capacity', region: 'nrt', machines: null });
      await watched(harness, row, () => active() === null && isSettled(harness.controller()));
    } else if (row.fails === 'migration') await watched(harness, row, () => active()?.hold === 'RevisionPinned');
    else await watched(harness, row, () => (stalls ? active()?.phase === 'stalled' : active() === null && isSettled(harness.controller())));
    const newest = await newestOf(harness, row.fails === 'migration' ? 1 : 0);
    const reasons = REASONS[row.fails];
    if (reasons !== undefined) {
      expect(newest).toMatchObject({ phase: stalls ? 'stalled' : 'failed', failure: { reason: expect.toBeOneOf([...reasons]) } });
      expect(tagsOf(harness)).toEqual(before.tags);
      if (stalls) expect(newest.message).toContain('SecretNotReversible: TOKEN');
      else expect(digestsOf(harness, APP)).toEqual(before.secrets);
      if (row.fails === 'migration') expect([writes(), instancesOf(harness)]).toEqual([0, before.instances]);
    } else if (row.fails !== 'preflight') {
      expect(newest).toMatchObject({ kind: 'deploy', phase: 'complete' });
      expect(new Set(tagsOf(harness))).toEqual(new Set(['v2']));
      expect(Object.keys(before.secrets).filter((name) => digestsOf(harness, APP)[name] === before.secrets[name])).toEqual([]);
      expect(ran).toHaveLength(2);
    }
    expect(commandsThatRan(harness).filter((tag) => tag === 'v2').length).toBeLessThanOrEqual(1);
    expect(harness.events.filter(({ type }) => type === 'GuardRefused')).toEqual([]);
    expect(harness.simulator.world.counters.rateLimitViolations).toBe(0);
    await harness.pass(60);
    const rests = harness.writes();
    await harness.pass(120);
    expect(harness.writes()).toBe(rests);
    harness.kill();
  });
});
const members = (harness: Harness) => harness.machines(APP).filter(({ config }) => config.metadata?.['fly_process_group'] === 'app');
const tagsOf = (harness: Harness): readonly string[] => members(harness).map(({ image }) => image.tag);
const instancesOf = (harness: Harness): readonly string[] => members(harness).map(({ instanceId }) => instanceId);
const commandsThatRan = ({ simulator }: Harness): readonly string[] =>
  machinesOf(simulator.world, APP)
    .filter(({ config }) => config.metadata?.['fly_process_group'] === 'fly_app_release_command')
    .filter(({ events }) => events.some(({ type }) => type === 'exit'))
    .map(({ image }) => image.tag);
/** `before`: so many before the newest. */
async function newestOf(harness: Harness, before: number): Promise<Release> {
  const rows = await harness.store.releases('test', 2, signal);
  return Release.parse(rows.ok ? rows.value[before]?.release : null);
}
