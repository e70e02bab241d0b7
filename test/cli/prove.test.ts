/** `preflight` and `smoke` as a person gives them: beside a controller and alone, as table, JSON and JUnit. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type Ended, openSite, type Process, type Site } from '#test/support/processes.ts';
import { type Served, serveHttp } from '#test/support/servers.ts';
import { oneApp } from '#test/support/worlds.ts';

const within = (seconds: number) => ({ timeout: seconds * 1_000, interval: 100 });
let site: Site;
let controller: Process;
let page: Served;
let healthy = true;
const beside = (...args: readonly string[]): Promise<Ended> => site.run(args, { dataDir: controller.dataDir });
const alone = (...args: readonly string[]): Promise<Ended> => site.run(args, { dataDir: join(site.folder, 'alone') });

beforeAll(async () => {
  page = await serveHttp((_, answer) => void answer.writeHead(healthy ? 200 : 500).end('<h1>"hello" & welcome</h1>'));
  const checks = `  smoke:
    checks:
      - { name: page, http: "http://127.0.0.1:${page.port}/", expect: { body: hello }, retries: 0 }
      - { name: port, tcp: "127.0.0.1:${page.port}" }
      - { name: inside, tcp: "acme-web.internal:8080", from: { app: web } }
      - { name: later, http: "\${LATER:-}", requires: [LATER] }
`;
  site = await openSite(oneApp({ machines: '{ nrt: 1 }', env: checks }), { speed: 20 });
  controller = await site.start({ databaseUrl: null });
  await vi.waitFor(async () => expect(await controller.ready()).toBe('ready'), within(40));
  await vi.waitFor(() => expect(site.machines('acme-web')[0]?.state).toBe('started'), within(20));
}, 90_000);
afterAll(async () => {
  await site.close();
  await page.close();
});

test('smoke prints one table, and says 0 when nothing failed', async () => {
  const { code, out } = await beside('smoke', 'test');
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/^test\n {2}ok +page +200 in \d+ ms/) });
  expect(out).toMatch(/ok +inside +accepts connections[\s\S]*skipped later +LATER is unset\n {2}3 of 4 checks ok, 1 skipped\n$/);
});
test('a check by name, as JSON with its evidence and as JUnit; a failed one says 1', async () => {
  healthy = false;
  const file = join(site.folder, 'smoke.xml');
  const { code, out } = await beside('smoke', 'test', '--check', 'page', '--check', 'port', '--junit', file, '--output', 'json');
  healthy = true;
  expect(code).toBe(1);
  const Reports = z.tuple([z.object({ environment: z.literal('test'), items: z.array(z.looseObject({ evidence: z.string() })) })]);
  const [{ items }] = Reports.parse(JSON.parse(out));
  expect(items).toMatchObject([
    { what: 'page', state: 'failed', message: 'status 500, expected 2xx', attempts: 1, evidence: expect.stringContaining('<h1>"hello"') },
    { what: 'port', state: 'ok' },
  ]);
  const xml = readFileSync(file, 'utf8');
  expect(xml).toContain('<testsuite name="test" tests="2" failures="1" skipped="0"');
  expect(xml).toContain('&lt;h1&gt;&quot;hello&quot; &amp; welcome&lt;/h1&gt;');
});
test('preflight names what lacks, with what to do, and says 1', async () => {
  const { code, out } = await beside('preflight');
  expect({ code, out }).toMatchObject({
    code: 1,
    out: expect.stringMatching(/failed +variable LATER +unset: check later would be skipped(?: \d+ ms)?\n +→ set TEST_LATER/),
  });
  expect(out).toMatch(/ok +token FLY_API_TOKEN +reaches organization acme/);
});
test('the same without a controller', async () => {
  expect(await alone('smoke', 'test', '--check', 'port')).toMatchObject({ code: 0, out: expect.stringMatching(/ok +port/) });
});
test('names that nobody knows are told with those there are', async () => {
  expect(await beside('smoke', 'test', '--check', 'pge')).toMatchObject({
    code: 1,
    err: expect.stringContaining('known: inside, later, page, port'),
  });
  expect(await beside('preflight', 'nowhere')).toMatchObject({ code: 1, err: expect.stringContaining('no environment nowhere') });
});
test('asking is a write of the API: it needs the token', async () => {
  for (const path of ['smoke', 'preflight']) expect((await fetch(`${controller.url}/api/v1/${path}`, { method: 'POST' })).status).toBe(401);
});
test('a folder that git broke is told place by place', async () => {
  site.write({ 'desired-state/test/extra.yaml': 'apiVersion: trimtab.dev/v1alpha1\nkind: App\nmetadata: { name: x }\nspec: { ap: y }\n' });
  const { code, out } = await alone('preflight', 'test');
  expect({ code, out }).toMatchObject({
    code: 1,
    out: expect.stringMatching(/failed +desired-state\/test\/extra\.yaml:4 +unknown key "ap"/),
  });
});
