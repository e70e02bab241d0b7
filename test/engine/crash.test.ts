/** Every write that trimtab sends is once the last thing it does, before the platform did it and after. The end is always the same.
 *  As in Sieve: first a run that nothing disturbs tells which calls there are, then one run for each of them. */
import { describe, expect, test } from 'vitest';
import { actByHand, destroyByHand, updateByHand, withMemory } from '#test/support/hands.ts';
import { type Files, type Harness, makeHarness } from '#test/support/harness.ts';
import { setByHand, withSecrets } from '#test/support/secret-world.ts';
import { deployByHand, FLY_TOML, oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
/** Longer than the longest flight of a call: what may still land is waited for. */
const PATIENCE_S = 900;
const WHEN = ['callerDiesBeforeCommit', 'callerDiesAfterCommit'] as const;
const MOUNTED = `${FLY_TOML}\n[[mounts]]\n  source = "data"\n  destination = "/data"\n`;

interface Scenario {
  readonly name: string;
  readonly files: Files;
  readonly environment?: Readonly<Record<string, string>>;
  /** The world comes first, and trimtab is started into it. */
  readonly startsLater?: boolean;
  /** Up to the moment from which on calls are cut off. */
  readonly before: (harness: Harness) => Promise<unknown>;
  /** What there is to do. */
  readonly change: (harness: Harness) => Promise<unknown>;
}
const nothing = (): Promise<void> => Promise.resolve();
const settled = (harness: Harness): Promise<void> => harness.untilSettled();
const commit =
  (files: Files) =>
  (harness: Harness): Promise<void> => {
    for (const [path, text] of Object.entries(files)) harness.files.set(path, text);
    return nothing();
  };
const SCENARIOS: readonly Scenario[] = [
  {
    name: 'everything is made',
    files: oneApp({ toml: MOUNTED, extra: '  addresses: [shared_v4, v6]\n  certificates: [www.example.com]\n' }),
    before: nothing,
    change: nothing,
  },
  {
    name: 'a change is rolled out behind a release command',
    files: oneApp({ toml: `${FLY_TOML}\n[deploy]\n  release_command = "bin/migrate"\n` }),
    before: settled,
    change: commit(oneApp({ toml: `${FLY_TOML}\n[deploy]\n  release_command = "bin/migrate"\n`, memory: '512mb' })),
  },
  { name: 'a change is rolled out', files: oneApp(), before: settled, change: commit(oneApp({ memory: '512mb' })) },
  {
    name: 'a group of one is changed beside a second machine',
    files: oneApp({ machines: '{ nrt: 1 }' }),
    before: settled,
    change: commit(oneApp({ machines: '{ nrt: 1 }', memory: '512mb' })),
  },
  {
    name: 'machines are taken away',
    files: oneApp({ machines: '{ nrt: 2, fra: 2 }' }),
    before: settled,
    change: commit(oneApp({ machines: '{ nrt: 1, fra: 1 }' })),
  },
  {
    name: 'machines of the CLI are taken over',
    files: oneApp(),
    startsLater: true,
    before: (harness) => deployByHand(harness, APP, 2),
    change: (harness) => harness.restart(),
  },
  {
    name: 'a secret is set, and every machine follows',
    files: withSecrets({ SESSION_SECRET: '{ from: { env: SESSION_SECRET } }' }),
    environment: { SESSION_SECRET: 'one' },
    before: settled,
    change: (harness) => {
      harness.environment['SESSION_SECRET'] = 'two';
      return nothing();
    },
  },
  {
    name: 'a secret that somebody set is put back, beside one that changed',
    files: withSecrets(
      { SESSION_SECRET: '{ from: { env: SESSION_SECRET } }', API_KEY: '{ from: { env: API_KEY } }' },
      { machines: '{ nrt: 1 }' },
    ),
    environment: { SESSION_SECRET: 'one', API_KEY: 'a' },
    before: async (harness) => {
      await harness.untilSettled();
      await setByHand(harness, { SESSION_SECRET: 'by hand' });
    },
    change: (harness) => {
      harness.environment['API_KEY'] = 'b';
      return nothing();
    },
  },
  {
    name: 'drift of every kind is put back',
    files: oneApp({ machines: '{ nrt: 4 }', toml: MOUNTED }),
    before: async (harness) => {
      await harness.untilSettled();
      const [first, second, third, fourth] = harness.machines(APP);
      if (first !== undefined) await updateByHand(harness, first, withMemory(512));
      if (second !== undefined) await actByHand(harness, second, 'stop');
      if (third !== undefined) await actByHand(harness, third, 'cordon');
      if (fourth !== undefined) await destroyByHand(harness, fourth);
    },
    change: nothing,
  },
];

/** Without what every machine has for itself. */
const endOf = (harness: Harness): unknown => {
  const { apps, machines, volumes, secrets, addresses, certificates, releases } = harness.simulator.world;
  const mine = [...machines.values()].filter(({ state }) => state !== 'destroyed');
  return {
    machines: mine
      .map(({ region, state, cordoned, image, config, lease }) => ({
        region,
        state,
        cordoned,
        image: image.tag,
        guest: config.guest,
        env: config.env,
        services: config.services,
        mounted: config.mounts?.map(({ path }) => path),
        owner: config.metadata?.['trimtab_owner'],
        leased: lease !== null && lease.expiresAt > harness.clock.now(),
      }))
      .map((machine) => JSON.stringify(machine))
      .sort(),
    distinct: [new Set(mine.map(({ name }) => name)).size, new Set(mine.map(({ config }) => config.metadata?.['trimtab_intent'])).size],
    volumes: [...volumes.values()].map(({ region, attachedMachine }) => `${region} ${attachedMachine !== null}`).sort(),
    secrets: [...secrets.values()].map(({ name, digest }) => `${name} ${digest}`).sort(),
    behind: mine.filter(({ app, secretsVersion }) => secretsVersion !== apps.get(app)?.secretsVersion).length,
    addresses: [...addresses.values()].map(({ type }) => type).sort(),
    certificates: [...certificates.values()].map(({ hostname }) => hostname),
    openReleases: [...releases.values()].filter(({ status }) => status === 'running' || status === 'pending').length,
  };
};
async function arrange({ files, environment = {}, startsLater = false, before }: Scenario): Promise<Harness> {
  const harness = await makeHarness({ files, environment, start: !startsLater });
  await before(harness);
  harness.simulator.world.counters.byRoute.clear();
  return harness;
}
interface Point {
  readonly operation: string;
  readonly skip: number;
}
/** The calls of a run that nothing disturbs, and where it ends. */
async function undisturbed(scenario: Scenario): Promise<{ readonly points: readonly Point[]; readonly end: unknown }> {
  const harness = await arrange(scenario);
  await scenario.change(harness);
  await harness.pass(30);
  await harness.untilSettled(PATIENCE_S);
  await harness.pass(30);
  const calls = [...harness.simulator.world.counters.byRoute].filter(([route]) => !route.startsWith('GET ') && route !== 'POST /graphql');
  const end = endOf(harness);
  await harness.stop();
  const points = calls.flatMap(([route, count]) => Array.from({ length: count }, (_, skip) => ({ operation: `=${route}`, skip })));
  return { points, end };
}
async function cutOff(scenario: Scenario, { operation, skip }: Point, kind: (typeof WHEN)[number], end: unknown): Promise<void> {
  const harness = await arrange(scenario);
  harness.simulator.faults.add({ kind, operation, skip, count: 1 });
  await scenario.change(harness);
  for (let spent = 0; spent < 120 && harness.simulator.faults.list().length > 0; spent++) await harness.pass(1);
  const where = `${scenario.name}: ${kind} ${operation} #${skip + 1}`;
  expect(harness.simulator.faults.list(), where).toEqual([]);
  await harness.pass(3);
  await harness.restart();
  await harness.pass(30);
  await harness.untilSettled(PATIENCE_S);
  // Bookkeeping that was cut off is done again as soon as it is seen to lack, not when its call can no longer land.
  await harness.pass(20);
  expect(endOf(harness), where).toEqual(end);
  expect(harness.simulator.world.counters.rateLimitViolations, where).toBe(0);
  const writes = harness.writes();
  await harness.pass(120);
  expect(harness.writes(), where).toBe(writes);
  await harness.stop();
}

describe.each(SCENARIOS)('while $name', (scenario) => {
  test.each(WHEN)(
    '%s at any call, and the end is the same',
    async (kind) => {
      const { points, end } = await undisturbed(scenario);
      expect(points.length).toBeGreaterThan(0);
      for (const point of points) await cutOff(scenario, point, kind, end);
    },
    60_000,
  );
});
