/** Two controllers, as processes of their own, on one PostgreSQL: they share the work; one is killed in the middle of it, and nobody notices. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { realClock } from '#platform/clock.ts';
import { type Database, openPostgres } from '#platform/store/db.ts';
import { insertApp } from '#simulator/handle-apps.ts';
import { openDatabase, openSite, type Process, type Site } from '#test/support/processes.ts';
import { databaseUrl } from '#test/support/queues.ts';

/** More than one controller works on at a time. */
const NAMES = Array.from({ length: 20 }, (_, at) => `app-${String(at).padStart(2, '0')}`);
const TAKEOVER_MS = 15_000;
const within = (seconds: number) => ({ timeout: seconds * 1_000, interval: 100 });
const fileOf = (name: string, memory: number): string => `apiVersion: trimtab.dev/v1alpha1
kind: App
metadata: { name: ${name} }
spec:
  app: acme-${name}
  config: fly.${name}.toml
  image: registry.fly.io/acme-${name}:v1
  rollout: { surge: 0 }
  groups: { app: { machines: { nrt: 1 }, vm: { size: shared-cpu-1x, memory: ${memory}mb } } }
`;
const filesOf = (memory: number): Record<string, string> => ({
  'desired-state/test/environment.yaml': `apiVersion: trimtab.dev/v1alpha1
kind: Environment
metadata: { name: test }
spec: { organization: acme, protection: none, primaryRegion: nrt, sync: { mode: automatic } }
`,
  ...Object.fromEntries(
    NAMES.flatMap((name) => [
      [`desired-state/test/${name}.yaml`, fileOf(name, memory)],
      [`fly.${name}.toml`, `app = "acme-${name}"\nprimary_region = "nrt"\n`],
    ]),
  ),
});
const Rows = z.array(z.object({ key: z.string(), began: z.string() }));

describe.runIf(databaseUrl !== '')('two controllers on one database', () => {
  let site: Site;
  let database: Database;
  let drop: () => Promise<void>;
  let one: Process;
  let two: Process;
  const passes = async (controller: Process): Promise<number> =>
    Number((await controller.metrics()).match(/^trimtab_reconcile_total\{result="progress"\} (\d+)/m)?.[1] ?? 0);
  /** Keys that are worked on, each with the moment since when. */
  const active = async (): Promise<readonly string[]> => {
    const sql =
      "select singleton_key as key, started_on::text as began from trimtab_queue.job where state = 'active' and singleton_key like 'app/%'";
    return Rows.parse(await database.query(sql, [])).map(({ key, began }) => `${key} ${began}`);
  };
  const allAt = (memory: number): boolean =>
    NAMES.every((name) => {
      const machines = site.machines(`acme-${name}`);
      return machines.length === 1 && machines.every(({ state, config }) => state === 'started' && config.guest?.memory_mb === memory);
    });
  beforeAll(async () => {
    const own = await openDatabase(databaseUrl);
    drop = own.drop;
    database = openPostgres(own.url);
    site = await openSite({});
    // Apps are made one a second; a few are enough to see that nobody hurries.
    for (const name of NAMES.slice(4)) insertApp(site.simulator.world, `acme-${name}`, 'acme');
    [one, two] = await Promise.all([site.start({ databaseUrl: own.url }), site.start({ databaseUrl: own.url })]);
  }, 60_000);
  afterAll(async () => {
    await site.close();
    await database.close();
    await drop();
  });

  test('both work, and everything is made once', { timeout: 240_000 }, async () => {
    for (const controller of [one, two]) await expect.poll(controller.ready, within(20)).toContain('no desired state');
    site.write(filesOf(256));
    await expect.poll(() => allAt(256), within(180)).toBe(true);
    for (const controller of [one, two]) expect(await passes(controller)).toBeGreaterThan(0);
    expect(new Set(NAMES.flatMap((name) => site.machines(`acme-${name}`).map(({ id }) => id))).size).toBe(NAMES.length);
  });
  test('each tells the whole truth, and the organization is listed once per tick', { timeout: 180_000 }, async () => {
    const synced = async (controller: Process) =>
      (await controller.metrics()).match(/^trimtab_app_info\{.*sync="Synced",health="Healthy"/gm)?.length;
    for (const controller of [one, two]) {
      await expect.poll(controller.ready, within(60)).toBe('ready');
      await expect.poll(() => synced(controller), within(60)).toBe(NAMES.length);
    }
    const lists = (): number => site.simulator.world.counters.byRoute.get('GET /orgs/{org_slug}/machines') ?? 0;
    const before = lists();
    await new Promise((later) => setTimeout(later, 4_000));
    expect(lists() - before).toBeGreaterThan(1);
    expect(lists() - before).toBeLessThanOrEqual(5);
  });
  test('one is killed in the middle of a rollout: the other takes over, nothing is lost, nothing is made twice', {
    timeout: 300_000,
  }, async () => {
    site.write(filesOf(512));
    const changed = (): number =>
      NAMES.filter((name) => site.machines(`acme-${name}`).some(({ config }) => config.guest?.memory_mb === 512)).length;
    await expect.poll(changed, { timeout: 120_000, interval: 20 }).toBeGreaterThan(3);
    await one.signal('SIGKILL');
    const killed = realClock.now();
    const held = new Set(await active());
    expect(held.size).toBeGreaterThan(0);
    await expect.poll(async () => (await active()).filter((key) => held.has(key)), within(20)).toEqual([]);
    expect(realClock.now() - killed).toBeLessThanOrEqual(TAKEOVER_MS);
    await expect.poll(() => allAt(512), within(150)).toBe(true);
    await expect.poll(two.ready, within(15)).toBe('ready');
    const { counters, releases } = site.simulator.world;
    await expect.poll(() => [...releases.values()].filter(({ status }) => status === 'running').length, within(20)).toBe(0);
    expect(counters.rateLimitViolations).toBe(0);
    expect(two.exitCode()).toBeNull();
  });
});
