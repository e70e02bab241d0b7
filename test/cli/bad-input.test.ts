/** Bad input to a controller that runs, as it happens to people: a process, two environments, one of them spoiled. */
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openSite, type Process, type Site } from '#test/support/processes.ts';
import { oneApp } from '#test/support/worlds.ts';

const within = (seconds: number) => ({ timeout: seconds * 1_000, interval: 200 });
vi.setConfig({ testTimeout: 90_000 });
/** Two environments of one app each, from the same texts. */
const filesOf = (good: string, bad: string): Record<string, string> => {
  const of = (name: string, memory: string) => {
    const files = oneApp({ machines: '{ nrt: 1 }', memory, toml: 'primary_region = "nrt"\n' });
    const [environment, app] = ['environment.yaml', 'web.yaml'].map((file) => files[`desired-state/test/${file}`] ?? '');
    return {
      [`desired-state/${name}/environment.yaml`]: environment?.replace('name: test', `name: ${name}`) ?? '',
      [`desired-state/${name}/web.yaml`]: app?.replace('app: acme-web', `app: acme-${name}`) ?? '',
    };
  };
  return { ...of('good', good), ...of('bad', bad), 'fly.toml': 'primary_region = "nrt"\n' };
};
let site: Site;
let controller: Process;
const memories = (name: string): readonly unknown[] => site.machines(`acme-${name}`).map(({ config }) => config.guest?.memory_mb);
const valid = async (name: string): Promise<string | undefined> =>
  new RegExp(`^trimtab_desired_state_valid\\{environment="${name}"\\} (\\d)`, 'm').exec(await controller.metrics())?.[1];
const allSynced = async (): Promise<boolean> =>
  (await controller.metrics()).match(/^trimtab_app_info\{.*sync="Synced",health="Healthy"/gm)?.length === 2;

beforeAll(async () => {
  site = await openSite(filesOf('256mb', '256mb'), { speed: 20 });
  controller = await site.start({ databaseUrl: null });
}, 60_000);
afterAll(() => site.close());

describe('§7: to a controller that runs', () => {
  test('what git refuses keeps its environment at the last good revision, is told by a metric, and the other one goes on', async () => {
    await expect.poll(allSynced, within(60)).toBe(true);
    const spoiled = filesOf('512mb', '512mb');
    site.write({ ...spoiled, 'desired-state/bad/web.yaml': `${spoiled['desired-state/bad/web.yaml'] ?? ''}  enabeld: true\n` });
    await expect.poll(() => valid('bad'), within(30)).toBe('0');
    await expect.poll(() => memories('good'), within(40)).toEqual([512]);
    expect([await valid('good'), memories('bad')]).toEqual(['1', [256]]);
    expect(controller.said()).toContain('desired-state/bad/web.yaml');
    site.write(filesOf('512mb', '256mb'));
    await expect.poll(() => valid('bad'), within(30)).toBe('1');
  });
  test('a desired state that is gone deletes nothing, is told, and counts again when it is back', async () => {
    await expect.poll(allSynced, within(60)).toBe(true);
    const writes = site.simulator.world.counters.writes;
    const [here, away] = [join(site.folder, 'desired-state'), join(site.folder, 'moved-away')];
    renameSync(here, away);
    await expect.poll(async () => [await valid('good'), await valid('bad')], within(30)).toEqual(['0', '0']);
    expect(site.simulator.world.counters.writes).toBe(writes);
    expect([memories('good'), memories('bad')]).toEqual([[512], [256]]);
    renameSync(away, here);
    await expect.poll(async () => [await valid('good'), await valid('bad')], within(30)).toEqual(['1', '1']);
    expect(site.simulator.world.counters.writes).toBe(writes);
  });
  test('a data folder that was deleted is rebuilt from git and stamps, without a write to a healthy machine', async () => {
    await controller.signal('SIGKILL');
    rmSync(controller.dataDir, { recursive: true });
    const before = {
      writes: site.simulator.world.counters.writes,
      ids: ['good', 'bad'].flatMap((name) => site.machines(`acme-${name}`).map(({ instanceId }) => instanceId)),
    };
    controller = await site.start({ databaseUrl: null });
    await expect.poll(allSynced, within(60)).toBe(true);
    const ids = ['good', 'bad'].flatMap((name) => site.machines(`acme-${name}`).map(({ instanceId }) => instanceId));
    expect({ writes: site.simulator.world.counters.writes, ids }).toEqual(before);
  });
});
