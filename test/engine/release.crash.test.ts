/** A controller that dies after any one of its writes during a release, on the platform, in the database or in the store, is started again, and
 *  the end is that of a run that nothing disturbed: nothing made twice, no migration and no release command run twice, nothing lost. As in
 *  Sieve, a first run tells which writes there are. Then it dies again and again, until each of them was once the last one of a life. */
import { expect, test } from 'vitest';
import { Release } from '#domain/release.ts';
import { ok } from '#domain/result.ts';
import { machinesOf } from '#simulator/world.ts';
import { type Harness, isSettled, makeHarness } from '#test/support/harness.ts';
import { digestsOf } from '#test/support/secret-world.ts';
import { API, book, commit, countedMigrations, type Versions, WEB, world } from '#test/support/web-behind-api.ts';
import { FLY_TOML } from '#test/support/worlds.ts';

const signal = new AbortController().signal;
const SMOKE = '  smoke: { checks: [ { http: "https://example.com/healthz" } ] }\n';
const COMMAND = `${FLY_TOML}\n[deploy]\n  release_command = 'bin/seed'\n`;
const SECRET = '  secrets:\n    TOKEN: { from: { env: TOKEN }, previous: { env: OLD_TOKEN } }\n';
const BEFORE: Versions = {
  api: 'v1-picky',
  machines: '{ nrt: 1 }',
  env: SMOKE,
  apiExtra: SECRET,
  apiToml: COMMAND,
  migrations: ['0001_a.up.sql'],
};
const VALUES = { TOKEN: 'one', NEW_TOKEN: 'two', OLD_TOKEN: 'one', DATABASE_URL: 'postgres://somewhere/app?sslmode=require' };

interface Scenario {
  readonly name: string;
  /** What git says next, and what the sources give. */
  readonly after: Versions;
  readonly values?: Readonly<Record<string, string>>;
  /** What a person asks for once so many releases are over; again, until it is answered. */
  readonly person?: { readonly after: number; readonly asks: (harness: Harness) => Promise<{ readonly ok: boolean }> };
  readonly releases: readonly string[];
}
const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a release goes well, and a person goes back from it',
    after: { ...BEFORE, web: 'v2', api: 'v2' },
    person: {
      after: 2,
      asks: (harness) => harness.operator().rollback({ environment: 'test', app: null, to: '#1', reason: 'slow', by: 'ann' }, signal),
    },
    releases: ['3 rollback complete', '2 deploy complete', '1 deploy complete'],
  },
  {
    name: 'a release with migrations and a secret fails and goes back, and the rest of it comes once more',
    // A value that the commit brings: it comes with its release, whenever the sources are looked at.
    after: {
      ...{ ...BEFORE, web: 'v2-crash', api: 'v2', apiExtra: SECRET.replace('env: TOKEN', 'env: NEW_TOKEN') },
      migrations: ['0001_a.up.sql', '0002_b.up.sql', '0003_c.up.sql'],
    },
    releases: ['3 derived complete', '2 deploy failed CrashLoop', '1 deploy complete'],
  },
  {
    name: 'a value that its program refuses is taken back',
    after: BEFORE,
    values: { TOKEN: 'refused', OLD_TOKEN: 'one' },
    releases: ['2 secrets failed CrashLoop', '1 deploy complete'],
  },
];

interface Run {
  readonly harness: Harness;
  /** Files that the database has run. */
  readonly ran: readonly string[];
  /** In the order they came, as `deploy/apps POST /v1/apps/acme-web/machines #2`. */
  readonly written: readonly string[];
  readonly died: ReadonlySet<string>;
}
/** A run from the first commit to the end of everything. `dies`: whether this write is the last of its life. */
async function run({ after, values = {}, person, releases }: Scenario, dies: (written: string) => boolean): Promise<Run> {
  const [written, died, counts] = [[] as string[], new Set<string>(), new Map<string, number>()];
  let [begun, dead] = [false, false];
  const kills = (what: string): boolean => {
    if (!begun) return false;
    const active = book(harness)?.active ?? null;
    const kind = `${active === null ? 'between' : `${active.kind}/${active.phase}`} ${what.replaceAll(UNIQUE, 'ID')}`;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    written.push(`${kind} #${count}`);
    if (dead || !dies(`${kind} #${count}`)) return false;
    died.add(`${kind} #${count}`);
    dead = true;
    return true;
  };
  const { ran, part } = countedMigrations((what) => {
    if (!kills(what)) return false;
    harness.kill();
    return true;
  });
  const proof = () => Promise.resolve(ok({ items: [] }));
  const parts = { preflight: proof, smoke: proof, migrations: part, secrets: null };
  const harness = await makeHarness({ files: world(BEFORE), environment: VALUES, kills, parts });
  await harness.untilSettled();
  // By now the registry can be asked for the digests: a start that reads them brings nothing that runs, and is no part of this.
  await harness.restart();
  await harness.untilSettled();
  begun = true;
  commit(harness, world(after));
  Object.assign(harness.environment, values);
  const asks = { is: 'not yet' };
  const isOver = (number: number) => book(harness)?.number === number && book(harness)?.active === null && isSettled(harness.controller());
  for (let [spent, quiet] = [0, 0]; quiet < QUIET_S; spent++) {
    if (spent > LONGEST_S) throw new Error(`it never ends: ${JSON.stringify(book(harness))}, after ${[...died].join(', ')}`);
    await harness.pass(1);
    expectNothingTwice(harness);
    if (dead) {
      await harness.restart();
      dead = false;
      if (asks.is === 'asked') asks.is = 'not yet';
    }
    if (
      person !== undefined &&
      asks.is === 'not yet' &&
      (book(harness)?.number ?? 0) >= person.after &&
      isOver(book(harness)?.number ?? 0)
    ) {
      asks.is = 'asked';
      void person.asks(harness).then(({ ok: done }) => Object.assign(asks, { is: done ? 'answered' : 'not yet' }));
    }
    quiet = isOver(releases.length) && leftovers(harness) === 0 ? quiet + 1 : 0;
  }
  harness.kill();
  return { harness, ran, written, died };
}
const UNIQUE = /[0-9a-f]{14}/g;
const QUIET_S = 5;
const LONGEST_S = 2_400;
function expectNothingTwice(harness: Harness): void {
  for (const app of [WEB, API]) {
    const names = harness.machines(app).map(({ name }) => name);
    expect(names.length).toBe(new Set(names).size);
    expect(names.length).toBeLessThanOrEqual(5);
  }
}
const commands = ({ simulator }: Harness) =>
  machinesOf(simulator.world, API).filter(({ config }) => config.metadata?.['fly_process_group'] === 'fly_app_release_command');
/** Machines of commands that have ended, and still lie about. */
const leftovers = (harness: Harness): number => commands(harness).filter(({ state }) => state !== 'destroyed').length;

async function endOf({ harness, ran }: Run): Promise<unknown> {
  const releases = await harness.store.releases('test', 50, signal);
  const rows = releases.ok ? releases.value.map(({ release }) => Release.parse(release)) : [];
  const { world: there } = harness.simulator;
  return {
    ran,
    machines: [...harness.machines(API), ...harness.machines(WEB)]
      .map(({ app, image, state, config, secretsVersion }) => {
        const behind = (there.apps.get(app)?.secretsVersion ?? 0) - secretsVersion;
        return [app, image.tag, state, config.guest?.memory_mb, behind].join(' ');
      })
      .sort(),
    secrets: digestsOf(harness, API),
    commands: commands(harness)
      .filter(({ events }) => events.some(({ type }) => type === 'exit'))
      .map(({ image }) => image.tag)
      .sort(),
    releases: rows.map(({ number, kind, phase, failure }) => `${number} ${kind} ${phase} ${failure?.reason ?? ''}`.trim()),
    pins: book(harness)?.pins.map(({ app, changed, secrets }) => `${app} ${changed.join()} ${Object.keys(secrets).join()}`),
    open: [...there.releases.values()].filter(({ status }) => status === 'running' || status === 'pending').length,
    tooFast: there.counters.rateLimitViolations,
  };
}
/** A life that writes less than this before it dies again comes nowhere. */
const SHORTEST_LIFE = 10;

test.each(SCENARIOS)('$name', { timeout: 180_000 }, async (scenario) => {
  const whole = await run(scenario, () => false);
  const end = await endOf(whole);
  expect(end).toMatchObject({ releases: scenario.releases, open: 0, tooFast: 0 });
  const left = new Set(whole.written);
  while (left.size > 0) {
    let age = SHORTEST_LIFE;
    const again = await run(scenario, (written) => {
      age += 1;
      if (age < SHORTEST_LIFE || !left.has(written)) return false;
      age = 0;
      return true;
    });
    expect({ died: [...again.died], ...Object(await endOf(again)) }).toEqual({ died: [...again.died], ...Object(end) });
    for (const written of again.died) left.delete(written);
    expect(again.died.size, [...left].join(', ')).toBeGreaterThan(0);
  }
});
