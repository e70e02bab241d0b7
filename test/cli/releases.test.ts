/** `deploy`, `history` and `rollback --commit` as a person gives them: a controller, commands and git as processes. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Ended, openSite, type Process, type Site } from '#test/support/processes.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const FILE = 'desired-state/test/web.yaml';
const within = (seconds: number) => ({ timeout: seconds * 1_000, interval: 200 });
// Whole processes: on a busy machine each takes its time.
vi.setConfig({ testTimeout: 90_000 });
let site: Site;
let controller: Process;
const trimtab = (...args: readonly string[]): Promise<Ended> => site.run(args, { dataDir: controller.dataDir });
const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: site.folder, encoding: 'utf8' }).trim();
const world = (tag: string) => oneApp({ image: `registry.fly.io/acme-web:${tag}` });
const tags = (): readonly string[] => site.machines(APP).map(({ image }) => image.tag);

beforeAll(async () => {
  site = await openSite(world('v1'), { speed: 20 });
  git('init', '--quiet', '--initial-branch=main', '.');
  git('config', 'user.name', 'Ann');
  git('config', 'user.email', 'ann@example.com');
  git('add', 'desired-state', 'fly.toml');
  git('commit', '--quiet', '-m', 'one');
  controller = await site.start({ databaseUrl: null });
  await vi.waitFor(async () => expect(await controller.ready()).toBe('ready'), within(60));
}, 90_000);
afterAll(() => site.close());

test('deploy shows the phases and says 0 when it is live, of the first and of the next', async () => {
  const first = await trimtab('deploy', 'test');
  expect([first.code, tags()]).toEqual([0, ['v1', 'v1']]);
  site.write(world('v2'));
  git('commit', '--quiet', '-am', 'two');
  const { code, out, err } = await trimtab('deploy', 'test');
  expect([code, tags()]).toEqual([0, ['v2', 'v2']]);
  expect(`${out}${err}`).toMatch(/apps[\s\S]*complete/);
  const history = await trimtab('history', 'test');
  expect(history.out).toMatch(/#2 complete deploy .*web \(image\)\n[\s\S]*#1 complete deploy .*web \(new\)/);
});
test('rollback goes back, git is made to say so, and then nothing stands over it', async () => {
  const { code, err } = await trimtab('rollback', 'test', '--app', 'web', '--reason', 'it is slow', '--commit');
  expect([code, tags()]).toEqual([0, ['v1', 'v1']]);
  expect(err).toMatch(/desired-state\/test\/web\.yaml: committed [0-9a-f]{12} on main; push it, and git agrees/);
  expect(readFileSync(join(site.folder, FILE), 'utf8')).toBe(world('v1')[FILE]);
  expect(git('log', '-1', '--format=%an %B')).toMatch(/^Ann test: back to [0-9a-f]{12} \(web\)\n\nit is slow$/);
  await vi.waitFor(async () => {
    const status = await trimtab('status', 'test');
    expect(status.out).not.toContain('git still says');
    expect(status.code).toBe(0);
  }, within(60));
  expect(tags()).toEqual(['v1', 'v1']);
});
