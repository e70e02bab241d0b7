/** Commands without a controller: each is the engine for its duration, on a store of its own, or needs none at all. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { AS_THE_CLI } from '#test/support/hands.ts';
import { type Ended, openSite, type Site } from '#test/support/processes.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
// Whole processes: on a busy machine each takes its time.
vi.setConfig({ testTimeout: 60_000 });
let site: Site;
let dataDir: string;
const trimtab = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> => site.run(args, { dataDir, env });
const writes = (): number => site.simulator.world.counters.writes;
const pictures = (app: string) => site.machines(app).map(({ id, instanceId, state }) => ({ id, instanceId, state }));
const stampsOf = (app: string): readonly (string | undefined)[] =>
  site.machines(app).map(({ config }) => config.metadata?.['trimtab_owner']);

beforeAll(async () => {
  site = await openSite(oneApp({ machines: '{ nrt: 1 }' }), { speed: 20 });
  dataDir = join(site.folder, 'data');
});
afterAll(() => site.close());

describe('run --once', () => {
  test('says 0 when everything is as git says, in JSON lines where no terminal looks on', async () => {
    const { code, out } = await trimtab(['run', '--once']);
    expect({ code, out }).toMatchObject({ code: 0 });
    const lines = out
      .trim()
      .split('\n')
      .map((line): { readonly msg?: string } => JSON.parse(line));
    expect(lines.map(({ msg }) => msg)).toContain('Synced, Healthy');
    expect(site.machines(APP).map(({ state }) => state)).toEqual(['started']);
  });
  test('again, it writes nothing and says nothing but what it accepted', async () => {
    const before = writes();
    expect((await trimtab(['run', '--once'])).code).toBe(0);
    expect(writes()).toBe(before);
  });
  test('says 2 when something is held: here by TRIMTAB_READ_ONLY, which lets nothing through', async () => {
    site.write(oneApp({ machines: '{ nrt: 2 }' }));
    const before = writes();
    expect((await trimtab(['run', '--once'], { TRIMTAB_READ_ONLY: '1' })).code).toBe(2);
    expect(writes()).toBe(before);
  });
  test('heeds a halt that another command left behind', async () => {
    const before = writes();
    expect((await trimtab(['halt'])).code).toBe(0);
    expect((await trimtab(['run', '--once'])).code).toBe(2);
    expect(writes()).toBe(before);
    expect((await trimtab(['halt', '--off'])).code).toBe(0);
  });
  test('says 1 when git is refused, with every problem, and goes on with what it had accepted', async () => {
    site.write({ 'desired-state/test/web.yaml': oneApp({})['desired-state/test/web.yaml']?.replace('nrt: 2', 'nrz: 2') ?? '' });
    const { code, out } = await trimtab(['run', '--once']);
    expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining('unknown-region') });
    expect(site.machines(APP).map(({ state }) => state)).toEqual(['started', 'started']);
    site.write(oneApp({ machines: '{ nrt: 3 }' }));
  });
  test('says 1 for a token that is refused, and names what to do', async () => {
    const { code, out } = await trimtab(['run', '--once'], { FLY_API_TOKEN: 'wrong' });
    expect(code).toBe(1);
    expect(out).toContain('set a valid FLY_API_TOKEN');
  });
});
test('plan says 2 and writes nothing; status and explain look for themselves', async () => {
  const before = writes();
  const plan = await trimtab(['plan']);
  expect(plan).toMatchObject({ code: 2, out: expect.stringMatching(/\+ make app-nrt-3: nrt has 2 of 3/) });
  expect((await trimtab(['status'])).out).toMatch(/web +OutOfSync \S+ {2}app nrt 2\/3 \(2 ready\)/);
  expect(await trimtab(['explain', 'web'])).toMatchObject({
    code: 0,
    out: expect.stringContaining('next: make app-nrt-3: nrt has 2 of 3 (change)'),
  });
  expect(writes()).toBe(before);
});
test('apply is the engine for its duration', async () => {
  expect((await trimtab(['apply', 'test'])).code).toBe(0);
  expect(site.machines(APP).map(({ state }) => state)).toEqual(['started', 'started', 'started']);
});
test('import writes a folder from what runs, and the plan of it is empty', async () => {
  const guest = { cpu_kind: 'shared', cpus: 1, memory_mb: 256 };
  const config = { image: 'registry.fly.io/by-hand:v1', guest, metadata: AS_THE_CLI, env: { A: '1' } };
  await site.byHand('POST', '/v1/apps', { app_name: 'by-hand', org_slug: 'acme' });
  await site.byHand('POST', '/v1/apps/by-hand/machines', { region: 'nrt', config });
  const before = { writes: writes(), machines: site.machines('by-hand').length };
  const { code, out } = await trimtab(['import', 'taken', '--org', 'acme', '--app', 'by-hand', '--mode', 'automatic']);
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('next: trimtab plan taken') });
  expect(await trimtab(['plan', 'taken'])).toMatchObject({ code: 0, out: expect.stringContaining('to be taken over without a restart') });
  expect({ writes: writes(), machines: site.machines('by-hand').length }).toEqual(before);
});
test('taken over and ejected, no machine is another than before', async () => {
  const before = pictures('by-hand');
  expect((await trimtab(['run', '--once', '--environment', 'taken'])).code).toBe(0);
  expect(stampsOf('by-hand')).toEqual(['acme/taken']);
  expect((await trimtab(['eject', 'taken'])).code).toBe(0);
  expect(stampsOf('by-hand')).toEqual([undefined]);
  expect(pictures('by-hand')).toEqual(before);
});
describe('without any platform', () => {
  test('schema is the committed file', async () => {
    const committed = readFileSync('desired-state/schema.json', 'utf8');
    expect(await trimtab(['schema'])).toMatchObject({ code: 0, out: committed });
  });
  test.each([
    { shell: 'bash', said: /complete -W '.*\bplan\b.*' trimtab/ },
    { shell: 'zsh', said: /#compdef trimtab[\s\S]*'plan:/ },
    { shell: 'fish', said: /complete -c trimtab .* -a plan / },
  ])('completion for $shell', async ({ shell, said }) => {
    expect(await trimtab(['completion', shell])).toMatchObject({ code: 0, out: expect.stringMatching(said) });
  });
  test('completion for a shell it does not know', async () => {
    expect(await trimtab(['completion', 'tcsh'])).toMatchObject({ code: 1, err: expect.stringMatching(/bash, zsh, fish/) });
  });
  test('every wrong variable is named at once', async () => {
    const { code, err } = await trimtab(['status'], { TRIMTAB_PORT: 'eighty', TRIMTAB_READ_ONLY: 'maybe', TRIMTAB_TICK_SECONDS: '0' });
    expect(code).toBe(1);
    for (const name of ['TRIMTAB_PORT', 'TRIMTAB_READ_ONLY', 'TRIMTAB_TICK_SECONDS']) expect(err).toContain(name);
  });
  test('doctor says what is wrong, and what to do about it', async () => {
    const { code, out } = await trimtab(['doctor'], { FLY_API_TOKEN: 'wrong', TRIMTAB_SOURCE: join(site.folder, 'nowhere') });
    expect(code).toBe(1);
    expect(out).toMatch(/error +desired state [\s\S]*error +platform .*\n +set a valid FLY_API_TOKEN/);
  });
});
