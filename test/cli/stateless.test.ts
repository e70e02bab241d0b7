/** Commands as a CI job gives them: no controller, no database, an empty data folder each time. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOCK_KEY } from '#domain/executor-lock.ts';
import { openSite, type Site } from '#test/support/processes.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const LONG = { timeout: 90_000 };
let site: Site;
const writes = (): number => site.simulator.world.counters.writes;
const instances = (): readonly string[] => site.machines(APP).map(({ instanceId }) => instanceId);
const locks = (): readonly string[] => site.machines(APP).flatMap(({ config }) => config.metadata?.[LOCK_KEY] ?? []);
const memory = (): readonly unknown[] => site.machines(APP).map(({ config }) => config.guest?.memory_mb);
/** Writes that change something that runs: all but leases and metadata, which are the lock's. */
const real = (): number =>
  [...site.simulator.world.counters.byRoute]
    .filter(([route]) => !route.startsWith('GET') && !/\/lease$|metadata|graphql|placements/.test(route))
    .reduce((sum, [, count]) => sum + count, 0);

beforeAll(async () => {
  site = await openSite(oneApp({ machines: '{ nrt: 2 }' }));
});
afterAll(() => site.close());

describe('a command without any state', () => {
  test('refuses an environment that has no machine to lock, says what is not to be had, and writes nothing', LONG, async () => {
    const { code, err } = await site.run(['apply', 'test']);
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('ENVIRONMENT_EMPTY') });
    expect(err).toContain('--unlocked');
    expect(err).toMatch(/pins, overrides, approvals given elsewhere, history and the cost so far are not to be had/);
    expect(real()).toBe(0);
  });
  test('makes it with --unlocked', LONG, async () => {
    const dataDir = join(site.folder, 'ci');
    expect((await site.run(['apply', 'test', '--unlocked'], { dataDir })).code).toBe(0);
    expect(site.machines(APP).map(({ state }) => state)).toEqual(['started', 'started']);
    expect(locks()).toEqual([]);
    expect([...site.simulator.world.releases.values()].map(({ status }) => status)).toEqual(['complete']);
    expect(existsSync(join(dataDir, 'state', 'db'))).toBe(false);
  });
  test('finds nothing to do in a world that is as git says, and locks nothing for that', LONG, async () => {
    const before = writes();
    expect(await site.run(['plan', 'test'])).toMatchObject({ code: 0 });
    expect((await site.run(['apply', 'test'])).code).toBe(0);
    expect(writes()).toBe(before);
    expect(site.simulator.world.counters.rateLimitViolations).toBe(0);
  });
  test('two at once: one waits for the other, only what changed is written, once', LONG, async () => {
    site.simulator.world.counters.byRoute.clear();
    site.write(oneApp({ machines: '{ nrt: 2 }', memory: '512mb' }));
    const runs = await Promise.all([site.run(['apply', 'test']), site.run(['apply', 'test'])]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(runs.map(({ err }) => err).join('')).toContain('waiting: ');
    expect(memory()).toEqual([512, 512]);
    // Two updates, and a platform release around them: made, running, complete.
    expect(real()).toBe(5);
    expect(locks()).toEqual([]);
    expect(site.simulator.world.counters.rateLimitViolations).toBe(0);
  });
  test('in `manual` approves a release, and not what goes around it', LONG, async () => {
    site.write(oneApp({ machines: '{ nrt: 2 }', memory: '256mb', mode: 'manual' }));
    const before = real();
    const planned = await site.run(['plan', 'test']);
    const [, hash = ''] = /--plan ([0-9a-f]+)/.exec(planned.out) ?? [];
    // A commit later the plan is another one.
    site.write(oneApp({ machines: '{ nrt: 2 }', memory: '1gb', mode: 'manual' }));
    expect(await site.run(['deploy', 'test', '--plan', hash])).toMatchObject({ code: 1, err: expect.stringContaining('PLAN_NOT_CURRENT') });
    expect([real(), memory()]).toEqual([before, [512, 512]]);
    site.write(oneApp({ machines: '{ nrt: 2 }', memory: '256mb', mode: 'manual' }));
    const { code, out, err } = await site.run(['deploy', 'test', '--plan', hash]);
    expect({ code, out }, err).toMatchObject({ code: 0, out: expect.stringMatching(/^release #1: complete/) });
    expect(memory()).toEqual([256, 256]);
  });
  test('keeps no halt, and says so', LONG, async () => {
    expect(await site.run(['halt'])).toMatchObject({ code: 1, err: expect.stringContaining('NO_STATE') });
  });
  test('ejects without a restart, and leaves no lock behind', LONG, async () => {
    const before = instances();
    expect(await site.run(['eject', 'test'])).toMatchObject({ code: 0, out: expect.stringContaining('take the environment out of git') });
    expect(site.machines(APP).map(({ config }) => Object.keys(config.metadata ?? {}).filter((key) => key.startsWith('trimtab')))).toEqual([
      [],
      [],
    ]);
    expect(instances()).toEqual(before);
  });
});
