/** Commands on a database, way (b): no controller answers in their data folder, so each is the engine for its duration, under the same keys. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type Database, openPostgres } from '#platform/store/db.ts';
import { type Ended, openDatabase, openSite, type Process, type Site } from '#test/support/processes.ts';
import { databaseUrl } from '#test/support/queues.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
/** One machine without checks: at the platform's own speed, so that its rate limits are real, it is there in three seconds. */
const filesOf = (memory: string) =>
  oneApp({ machines: '{ nrt: 1 }', memory, toml: 'app = "acme-web"\nprimary_region = "nrt"\n', extra: '  rollout: { surge: 0 }\n' });
const within = (seconds: number) => ({ timeout: seconds * 1_000, interval: 100 });
// Whole processes: on a busy machine each takes its time.
vi.setConfig({ testTimeout: 90_000 });

describe.runIf(databaseUrl !== '')('a command on a database', () => {
  let site: Site;
  let database: Database;
  let own: Awaited<ReturnType<typeof openDatabase>>;
  const trimtab = (...args: readonly string[]): Promise<Ended> => site.run(args, { databaseUrl: own.url });
  const memories = (): readonly unknown[] => site.machines(APP).map(({ config }) => config.guest?.memory_mb);
  const updates = (): number => site.simulator.world.counters.byRoute.get('POST /apps/{app_name}/machines/{machine_id}') ?? 0;
  const count = async (sql: string): Promise<number> =>
    Number(z.tuple([z.object({ count: z.coerce.number() })]).parse(await database.query(sql, []))[0].count);
  const heldKeys = () => count("select count(*) from trimtab_queue.job where state = 'active'");
  beforeAll(async () => {
    own = await openDatabase(databaseUrl);
    database = openPostgres(own.url);
    site = await openSite(filesOf('256mb'));
  }, 60_000);
  afterAll(async () => {
    await site.close();
    await database.close();
    await own.drop();
  });

  test('is the engine for its duration, remembers, and gives every key back', async () => {
    expect((await trimtab('apply', 'test')).code).toBe(0);
    expect(site.machines(APP).map(({ state }) => state)).toEqual(['started']);
    expect(await count("select count(*) from trimtab_intents where state = 'open'")).toBe(0);
    expect(await count('select count(*) from trimtab_audit')).toBeGreaterThan(0);
    expect(await heldKeys()).toBe(0);
    const before = site.simulator.world.counters.writes;
    expect((await trimtab('plan', 'test')).code).toBe(0);
    expect(site.simulator.world.counters.writes).toBe(before);
  });
  test('two at once, on one app: what changed is written once, and both say that it is done', async () => {
    site.write(filesOf('512mb'));
    const before = updates();
    const runs = await Promise.all([trimtab('apply', 'test'), trimtab('apply', 'test')]);
    expect(runs.map(({ code, err }) => ({ code, err }))).toMatchObject([{ code: 0 }, { code: 0 }]);
    expect(memories()).toEqual([512]);
    expect(updates() - before).toBe(1);
    expect(await heldKeys()).toBe(0);
    expect(site.simulator.world.counters.rateLimitViolations).toBe(0);
  });
  test('waits for a key that somebody else has', async () => {
    await database.exec(`insert into trimtab_queue.job (name, singleton_key, state, started_on, heartbeat_on, policy, retry_limit, expire_seconds, heartbeat_seconds)
      select 'keys', 'app/test/${APP}', 'active', now(), now() + interval '1 hour', 'stately', 1, 3600, 10`);
    site.write(filesOf('1gb'));
    const before = updates();
    const applied = trimtab('apply', 'test');
    await expect
      .poll(() => count("select count(*) from trimtab_revisions where document::text like '%1024%'"), within(40))
      .toBeGreaterThan(0);
    await new Promise((later) => setTimeout(later, 2_500));
    expect(updates()).toBe(before);
    await database.exec(`delete from trimtab_queue.job where singleton_key = 'app/test/${APP}' and state = 'active'`);
    expect((await applied).code).toBe(0);
    expect(memories()).toEqual([1_024]);
  });
  describe('beside a controller somewhere else', () => {
    let controller: Process;
    beforeAll(async () => {
      controller = await site.start({ databaseUrl: own.url });
    }, 60_000);

    test('shares its work and its rate limits: plans and an apply while it rolls out', async () => {
      await expect.poll(controller.ready, within(40)).toBe('ready');
      const before = updates();
      site.write(filesOf('512mb'));
      const runs = await Promise.all([trimtab('plan', 'test'), trimtab('apply', 'test'), trimtab('plan', 'test')]);
      expect(runs[1]).toMatchObject({ code: 0 });
      for (const { code } of [runs[0], runs[2]]) expect([0, 2]).toContain(code);
      expect(memories()).toEqual([512]);
      expect(updates() - before).toBe(1);
      expect(site.simulator.world.counters.rateLimitViolations).toBe(0);
      expect(controller.exitCode()).toBeNull();
    });
  });
});
