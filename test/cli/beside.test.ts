/** Commands beside a running controller, as a person gives them: processes, sockets, one data folder. They are served by it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type Ended, openSite, type Process, type Site } from '#test/support/processes.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const within = (seconds: number) => ({ timeout: seconds * 1_000, interval: 100 });
const FILES = oneApp({ mode: 'manual', protection: 'production' });
// Whole processes: on a busy machine each takes its time.
vi.setConfig({ testTimeout: 60_000 });
let site: Site;
let controller: Process;
const trimtab = (...args: readonly string[]): Promise<Ended> => site.run(args, { dataDir: controller.dataDir });
/** What the page and the API say: asked often, without a process each time. */
const seen = async (): Promise<string> => (await fetch(`${controller.url}/api/v1/environments`)).text();
const memories = (): readonly unknown[] => site.machines(APP).map(({ config }) => config.guest?.memory_mb);

beforeAll(async () => {
  site = await openSite(FILES, { speed: 20 });
  controller = await site.start({ databaseUrl: null });
  await vi.waitFor(async () => expect(await controller.ready()).toBe('ready'), within(40));
}, 60_000);
afterAll(() => site.close());

test('the controller says where it is seen', () => {
  expect(controller.said()).toContain(`status page ${controller.url}   metrics ${controller.url}/metrics`);
});
test('a second controller on the same folder is refused, and told who holds it', async () => {
  const { code, err } = await trimtab('run');
  const { pid } = z.object({ pid: z.number() }).parse(JSON.parse(readFileSync(join(controller.dataDir, 'state', 'holder.json'), 'utf8')));
  expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining(String(pid)) });
  expect(err).toContain('STORE_LOCKED: another trimtab runs on this data folder: stop it, or let it serve the command');
});
test('a first revision in `manual` waits: plan shows every step, what it costs and why it waits, and says 2', async () => {
  const { code, out } = await trimtab('plan');
  expect(code).toBe(2);
  expect(out).toContain('test/web acme-web');
  expect(out).toMatch(/held: .*waits for approval.*ApprovalRequired/);
  expect(out).toMatch(/look at `trimtab plan`, then `trimtab apply`/);
  expect(out).toMatch(/wave 1 \(waits\)[\s\S]*\+ make app-nrt-1[\s\S]*\+ make app-nrt-2/);
  expect(out).toMatch(/\$0\.00 → \$5\.09 per month/);
  expect(site.machines(APP)).toEqual([]);
});
test('plan speaks JSON and Markdown', async () => {
  const Plans = z.array(z.looseObject({ app: z.string(), plan: z.looseObject({ held: z.array(z.looseObject({ reason: z.string() })) }) }));
  const [told, asked, markdown] = await Promise.all([
    trimtab('plan', '--output', 'json'),
    trimtab('plan', '--json'),
    trimtab('plan', 'test', '--markdown'),
  ]);
  expect(told.code).toBe(2);
  for (const { out } of [told, asked])
    expect(Plans.parse(JSON.parse(out))).toMatchObject([{ app: APP, plan: { held: [{ reason: 'ApprovalRequired' }] } }]);
  expect(markdown).toMatchObject({
    code: 2,
    out: expect.stringMatching(/^### trimtab plan\n\n\| \$ per month [\s\S]*make app-nrt-1[\s\S]*- held \(ApprovalRequired\)/),
  });
});
const WAITING =
  /\n {2}release #\d+ \(deploy by git\): approval since \S+Z: revision [0-9a-f]{12} waits for approval; `trimtab plan test`, then `trimtab apply test`\n/;
test('status says what waits, and what to do', async () => {
  const { code, out } = await trimtab('status');
  expect(code).toBe(0);
  expect(out).toMatch(/^test acme · manual · revision [0-9a-f]{12} \(last good none\)\n/);
  expect(out).toMatch(WAITING);
  expect(out).toMatch(/\n {2}web +OutOfSync Missing/);
  expect(out).toContain('Held: ApprovalRequired');
});
test('apply approves, watches, and says 0 when everything is as git says', async () => {
  const { code, out, err } = await trimtab('apply', 'test');
  expect(err).toMatch(/approved by \S+: acme-web/);
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/web +Synced Healthy {2}app nrt 2\/2 \(2 ready\)/) });
  expect(site.machines(APP).map(({ state }) => state)).toEqual(['started', 'started']);
  const [plain, markdown] = await Promise.all([trimtab('plan'), trimtab('plan', '--markdown')]);
  expect(plain).toMatchObject({ code: 0, out: expect.stringContaining('Nothing to do.') });
  expect(markdown.out).toBe('### trimtab plan\n\nNothing to do. $5.09 per month.\n');
});
test('a change of git is shown from what to what, waits for its approval, and goes live with it', async () => {
  site.write(oneApp({ mode: 'manual', protection: 'production', memory: '512mb' }));
  const Seen = z.tuple([z.object({ accepted: z.string(), applied: z.string() })]);
  const waits = async (): Promise<boolean> => {
    const [{ accepted, applied }] = Seen.parse(JSON.parse(await seen()));
    return accepted !== applied;
  };
  await expect.poll(waits, within(40)).toBe(true);
  // Its release is past the preflight, and waits.
  await expect.poll(async () => (await trimtab('status')).out, within(40)).toMatch(WAITING);
  await expect.poll(async () => (await trimtab('plan')).out, within(40)).toMatch(/held: write guest of app-nrt-1: .*waits for approval/);
  expect(memories()).toEqual([256, 256]);
  expect((await trimtab('apply', 'test')).code).toBe(0);
  expect(memories()).toEqual([512, 512]);
});
test('explain tells the conditions, and lately who did what', async () => {
  const { code, out } = await trimtab('explain', 'web');
  expect(code).toBe(0);
  for (const type of ['Ready', 'Reconciling', 'Stalled', 'Held', 'Overridden']) expect(out).toContain(type);
  expect(out).toMatch(/Lately:[\s\S]*machine-group\/app-nrt-1 update \/guest\/memory_mb: 256 → 512 \(change: .*; landed; by trimtab\)/);
});
test('halt stops all writes, is shown, and ends', async () => {
  expect(await trimtab('halt', 'test', '--reason', 'a rehearsal')).toMatchObject({
    code: 0,
    out: expect.stringContaining('stopped in test'),
  });
  const [machine] = site.machines(APP);
  await site.byHand('POST', `/v1/apps/${APP}/machines/${machine?.id}/stop`, {});
  const writes = site.simulator.world.counters.writes;
  await expect.poll(seen, within(40)).toMatch(/"reason":"Halted"/);
  expect((await trimtab('status')).out).toMatch(/writes are stopped: halted by \S+: a rehearsal[\s\S]*Held: Halted/);
  expect(site.simulator.world.counters.writes).toBe(writes);
  expect(await trimtab('halt', 'test', '--off')).toMatchObject({ code: 0, out: 'writes are allowed again in test\n' });
  await expect.poll(() => site.machines(APP).map(({ state }) => state), within(40)).toEqual(['started', 'started']);
});
test('doctor finds everything well, and the controller', async () => {
  const { code, out } = await trimtab('doctor');
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining(`runs at ${controller.url}`) });
  expect(out).toMatch(/ok +runtime +Node\.js \d+/);
  expect(out).toMatch(/ok +platform .*takes the token; it reaches organization acme/);
});
test.each([
  { args: ['plan', 'production'], said: 'there is no environment production\n  known: test' },
  { args: ['apply', 'test', '--app', 'wbe'], said: 'there is no app wbe' },
  { args: ['explain', 'wbe'], said: 'no app wbe has been looked at\n  known: web' },
  { args: ['halt', 'tets'], said: 'there is no environment tets\n  known: test' },
  { args: ['plna'], said: 'Did you mean plan?' },
  { args: ['import', 'test', '--org', 'acme'], said: 'exists already' },
])('$args names what it does not know, and says 1', async ({ args, said }) => {
  expect(await trimtab(...args)).toMatchObject({ code: 1, err: expect.stringContaining(said) });
});
test('a command somewhere else reaches it by address, and writes only with its token', async () => {
  const elsewhere = { dataDir: join(site.folder, 'elsewhere') };
  const far = (token: string) => ({ ...elsewhere, env: { TRIMTAB_SERVER: controller.url, TRIMTAB_SERVER_TOKEN: token } });
  expect((await site.run(['status'], far('wrong'))).code).toBe(0);
  expect(await site.run(['halt'], far('wrong'))).toMatchObject({ code: 1, err: expect.stringContaining('a token is needed') });
  const { token } = z
    .object({ token: z.string() })
    .parse(JSON.parse(readFileSync(join(controller.dataDir, 'state', 'holder.json'), 'utf8')));
  expect((await site.run(['halt', '--off'], far(token))).code).toBe(0);
});
test('a refused desired state is told with its place; the last good revision stays', async () => {
  site.write({ 'desired-state/test/web.yaml': `${FILES['desired-state/test/web.yaml'] ?? ''}  enabeld: true\n` });
  await expect.poll(seen, within(40)).toContain('"valid":false');
  const { out } = await trimtab('status');
  expect(out).toMatch(/desired-state\/test\/web\.yaml:\d+:3 unknown-key[\s\S]*did you mean "enabled"/);
  expect(out).toContain('Synced Healthy');
  site.write(oneApp({ mode: 'manual', protection: 'production', memory: '512mb' }));
});
test('eject takes the stamps off without a restart, and stops writes there', async () => {
  const before = site.machines(APP).map(({ id, instanceId, state }) => ({ id, instanceId, state }));
  const { code, out } = await trimtab('eject', 'test');
  expect({ code, out }).toMatchObject({
    code: 0,
    out: expect.stringContaining('stamps taken off 2 machines, none restarted: app-nrt-1, app-nrt-2'),
  });
  expect(site.machines(APP).map(({ id, instanceId, state }) => ({ id, instanceId, state }))).toEqual(before);
  const keys = site.machines(APP).flatMap(({ config }) => Object.keys(config.metadata ?? {}));
  expect(keys.filter((key) => key.startsWith('trimtab_'))).toEqual([]);
  expect(await seen()).toContain('ejected: stamps were taken off');
});
test('it ends when it is asked to', async () => {
  await controller.signal('SIGTERM');
  expect(controller.exitCode()).toBe(0);
});
