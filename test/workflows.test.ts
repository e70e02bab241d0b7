/** The doors of the runbook, opened: every line of the workflows, the make targets and the scripts are run against a simulated platform and a
 *  database, in a folder that holds what a checkout holds, without any state, as a runner of CI has it. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { makeScaledClock } from '#simulator/clock.ts';
import { type SimulatorServer, startSimulator } from '#simulator/server.ts';
import { machinesOf } from '#simulator/world.ts';
import { serverUrl } from '#test/support/databases.ts';
import { openDatabaseOn, type TestDatabase } from '#test/support/fresh-database.ts';
import { createByHand } from '#test/support/hands.ts';
import { freePort } from '#test/support/ports.ts';
import { serveHttp } from '#test/support/servers.ts';
import { OIDC } from '#test/support/shipped.ts';
import { jobOf, type Known, linesIn, outputsIn } from '#test/support/workflow.ts';

// A run without state keeps to a third of the platform's limits: a job of four commands takes a minute or two.
vi.setConfig({ testTimeout: 300_000 });
let checkout = '';
let simulator: SimulatorServer;
let database: TestDatabase;
let ports: Readonly<Record<string, string>> = {};
const ran = new Set<string>();
let serial = 0;

interface Ended {
  readonly code: number | null;
  readonly said: string;
}
/** In the checkout, with nothing of this process's own variables but the way to programs. */
function shell(line: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  ran.add(line);
  const child = spawn('sh', ['-e', '-c', line], {
    cwd: checkout,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...ports, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      said += String(data);
    });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}
/** All lines of a job; stops at the first that fails. A job has a runner of its own, with nothing on it. */
async function runJob(file: string, name: string, known: Known, more: Readonly<Record<string, string>> = {}) {
  const { env, lines } = jobOf(file, name, known);
  const runner = join(checkout, `runner-${serial++}`);
  mkdirSync(runner);
  const [output, summary] = [join(runner, 'output'), join(runner, 'summary.md')];
  const given = { ...env, GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary, TRIMTAB_DATA_DIR: join(runner, 'data'), ...more };
  const ended: (Ended & { readonly line: string })[] = [];
  for (const { line } of lines) {
    ended.push({ line, ...(await shell(line, given)) });
    if (ended.at(-1)?.code !== 0) break;
  }
  const said = ended.map((one) => `$ ${one.line}\n${one.said}`).join('');
  return { code: ended.at(-1)?.code, said, outputs: outputsIn(output), summary: existsSync(summary) ? readFileSync(summary, 'utf8') : '' };
}

const tags = (app: string): string =>
  machinesOf(simulator.simulator.world, app)
    .filter(({ state }) => state !== 'destroyed')
    .map(({ image }) => image.tag)
    .join();
/** Machines written and secrets set. The lock of a run writes metadata and leases. */
const writes = (): number =>
  [...simulator.simulator.world.counters.byRoute]
    .filter(([route]) => !route.startsWith('GET') && !/\/lease$|metadata|graphql|placements|\/exec$/.test(route))
    .reduce((sum, [, count]) => sum + count, 0);
const tables = async (): Promise<readonly unknown[]> =>
  (await database.query("select table_name as name from information_schema.tables where table_schema = 'public' order by 1")).map(
    ({ name }) => name,
  );
const edit = (path: string, change: (text: string) => string): void => {
  const at = join(checkout, path);
  const before = readFileSync(at, 'utf8');
  const after = change(before);
  expect(after, `${path} is not what this expects`).not.toBe(before);
  writeFileSync(at, after);
};
const image = (environment: string, app: string, tag: string): void =>
  edit(`desired-state/${environment}/${app}.yaml`, (text) => text.replace(/^( {2}image: \S+:)\S+$/m, `$1${tag}`));
const migration = (number: number, text: string): void => {
  mkdirSync(join(checkout, 'db/migrations'), { recursive: true });
  writeFileSync(join(checkout, `db/migrations/000${number}_step.up.sql`), text);
  writeFileSync(join(checkout, `db/migrations/000${number}_step.down.sql`), 'select 1;\n');
};
/** Of the runbook's row 14, as somebody put them into the settings of the repository. */
const settings = (environment: 'staging' | 'production'): Known => {
  const stem = environment === 'staging' ? 'acme-staging' : 'acme';
  return {
    'secrets.DATABASE_URL': `${database.url}?sslmode=disable&note=sslmode=require`,
    ...{ 'secrets.SESSION_SECRET': `a session of ${environment}`, 'secrets.OIDC_CLIENT_SECRET': 'a client secret' },
    ...{ 'vars.FLY_CLIENT_APP': `${stem}-client`, 'vars.FLY_BACKEND_APP': `${stem}-backend` },
    ...{ 'vars.BACKEND_GRPC_ADDRESS': `${stem}-backend.internal:50051`, 'vars.DEPLOY_CLIENT_BASE_URL': `https://${stem}-client.fly.dev` },
    ...Object.fromEntries(Object.entries(OIDC).map(([name, value]) => [`vars.${name}`, value])),
  };
};
const variables = (environment: 'staging' | 'production'): Readonly<Record<string, string>> =>
  jobOf('deploy-fly.yml', 'deploy', { ...settings(environment), 'inputs.target_environment': environment, 'inputs.run_migrations': 'true' })
    .env;

beforeAll(async () => {
  checkout = mkdtempSync(join(tmpdir(), 'trimtab-checkout-'));
  for (const name of ['Makefile', 'bin', 'scripts', 'node_modules', 'package.json', 'package-lock.json'])
    symlinkSync(join(process.cwd(), name), join(checkout, name));
  for (const name of ['desired-state', 'infra']) cpSync(name, join(checkout, name), { recursive: true });
  for (const environment of ['staging', 'production'])
    edit(`desired-state/${environment}/environment.yaml`, (text) =>
      text
        .replace('    mode: automatic', environment === 'production' ? '    mode: manual' : '    mode: automatic')
        .replace('  smoke:', '  database: { url: { from: { env: DATABASE_URL } }, migrations: { directory: db/migrations } }\n  smoke:'),
    );
  // The simulated minutes go by so fast that a machine would sleep again before the next check.
  edit('infra/fly/client.fly.toml', (text) => text.replace('auto_stop_machines = "stop"', 'auto_stop_machines = "off"'));
  edit('desired-state/staging/client.yaml', (text) => text.replace('minMachinesRunning: 0', 'minMachinesRunning: 1'));
  migration(1, 'create table notes (id bigint primary key);\n');
  [database, simulator] = await Promise.all([
    openDatabaseOn(serverUrl),
    startSimulator({ clock: makeScaledClock(40), seed: 'doors', apiPort: await freePort(), edgePort: await freePort() }),
  ]);
  ports = { TRIMTAB_SIMULATOR_PORT: new URL(simulator.apiUrl).port, TRIMTAB_EDGE_PORT: new URL(simulator.edgeUrl).port };
  await authentikByHand();
  // The first machines of an environment come from a person: there is nothing yet that a runner could lock.
  const first = await Promise.all(
    (['staging', 'production'] as const).map((environment) =>
      shell(`bin/trimtab apply ${environment} --unlocked`, {
        ...variables(environment),
        TRIMTAB_DATA_DIR: join(checkout, `first-${environment}`),
      }),
    ),
  );
  for (const { code, said } of first) expect(code, said).toBe(0);
}, 180_000);
afterAll(async () => {
  await Promise.all([simulator.close(), database.drop()]);
  rmSync(checkout, { recursive: true, force: true });
});
/** Lives already, and belongs to nobody here. */
async function authentikByHand(): Promise<void> {
  const byHand = (method: string, path: string, body?: unknown): Promise<Response> =>
    simulator.simulator.fetch(
      new Request(`${simulator.apiUrl}${path}`, { method, headers: { authorization: 'Bearer somebody' }, body: JSON.stringify(body) }),
    );
  await byHand('POST', '/v1/apps', { app_name: 'acme-authentik', org_slug: 'acme' });
  await byHand('POST', '/v1/apps/acme-authentik/ip_assignments', { type: 'shared_v4' });
  const ports = [{ port: 443, handlers: ['http', 'tls'] }];
  const services = [{ protocol: 'tcp', internal_port: 9_000, autostop: false as const, autostart: true, ports }];
  await createByHand({ byHand }, 'acme-authentik', { image: 'ghcr.io/goauthentik/server:2026.8.1', services });
}

test.concurrent('a push to main brings staging forward: preflight, secrets, then migrations, apps and smoke checks', async () => {
  image('staging', 'client', 'v44');
  migration(2, 'create table pushed (id bigint primary key);\n');
  const job = await runJob('deploy-fly.yml', 'deploy', { ...settings('staging'), 'github.event_name': 'push' });
  expect(job.code, job.said).toBe(0);
  expect(tags('acme-staging-client')).toBe('v44');
  expect(await tables()).toContain('pushed');
  expect(job.said).toMatch(/migrations +\S.* +ok/);
  for (const check of ['top page', 'login', 'issuer', 'client to backend']) expect(job.said).toMatch(new RegExp(`smoke +${check} +ok`));
});
test.concurrent('production shows its plan before the gate, and carries out that plan after it, or nothing', async () => {
  image('production', 'client', 'v44');
  const dispatch: Known = {
    ...settings('production'),
    'github.event_name': 'workflow_dispatch',
    'inputs.target_environment': 'production',
  };
  const shown = await runJob('deploy-fly.yml', 'plan', dispatch);
  expect(shown.code, shown.said).toBe(0);
  expect(shown.summary).toContain('acme-client:v44');
  expect(shown.outputs['plan']).toMatch(/^[0-9a-f]{16}$/);
  const known = { ...dispatch, 'needs.plan.outputs.plan': shown.outputs['plan'] ?? '' };
  // Somebody pushes while the reviewers look.
  image('production', 'client', 'v45');
  const stale = await shell('make deploy', { ...jobOf('deploy-fly.yml', 'deploy', known).env, TRIMTAB_DATA_DIR: join(checkout, 'stale') });
  expect(stale.said).toContain('PLAN_NOT_CURRENT');
  expect([stale.code === 0, tags('acme-client')]).toEqual([false, 'v42,v42']);
  image('production', 'client', 'v44');
  const job = await runJob('deploy-fly.yml', 'deploy', known);
  expect(job.code, job.said).toBe(0);
  expect(tags('acme-client')).toBe('v44,v44');
});
test('the plan of a pull request is one comment, kept up to date, and none where nothing changes', async () => {
  const github = await serveGitHub();
  const event = join(checkout, 'event.json');
  writeFileSync(event, JSON.stringify({ pull_request: { number: 7 } }));
  const more = { GITHUB_EVENT_PATH: event, GITHUB_REPOSITORY: 'acme/infra', GITHUB_API_URL: github.url, ENV: 'staging' };
  const comment = async (): Promise<readonly string[]> => {
    const job = await runJob('plan.yml', 'plan', { ...settings('staging'), 'github.token': 'a-token-of-the-run' }, more);
    expect(job.code, job.said).toBe(0);
    return github.comments();
  };
  image('staging', 'backend', 'v44');
  expect(await comment()).toEqual([expect.stringContaining('acme-backend:v44')]);
  image('staging', 'backend', 'v43');
  expect(await comment()).toEqual([]);
  await github.close();
});
test('every line of the workflows was run by these tests', () => {
  expect(linesIn(readdirSync('.github/workflows')).filter((line) => !ran.has(line))).toEqual([]);
});

test('the doors of the runbook: its targets for production, any environment by name, and its scripts', async () => {
  const env = (environment: 'staging' | 'production'): Record<string, string> => ({
    ...variables(environment),
    TRIMTAB_DATA_DIR: join(checkout, `door-${serial++}`),
    PLAN: '',
    RUN_MIGRATIONS: '',
    RUN_SMOKE_CHECK: '',
  });
  const { ENV: _, ...production } = env('production');
  const before = writes();
  const [preflight, smoke, byName, script] = await Promise.all([
    shell('make production-preflight', production),
    shell('make production-smoke', { ...production, TRIMTAB_DATA_DIR: join(checkout, `door-${serial++}`) }),
    shell('ENV=staging make smoke', env('staging')),
    shell('cd / && "$CHECKOUT/scripts/production_smoke_check.sh"', { ...env('production'), ENV: '', CHECKOUT: checkout }),
  ]);
  for (const { code, said } of [preflight, smoke, byName, script]) expect(code, said).toBe(0);
  expect(preflight.said).toMatch(/^production[\s\S]*program psql +not needed/m);
  expect(smoke.said).toMatch(/^production\n[\s\S]*ok +client to backend/m);
  expect(byName.said).toMatch(/^staging\n[\s\S]*4 of 4 checks ok/m);
  expect(script.said).toMatch(/^production\n[\s\S]*4 of 4 checks ok/m);
  expect(writes()).toBe(before);
});
test('RUN_MIGRATIONS and RUN_SMOKE_CHECK say no, and a live Authentik that nobody asked for is left alone', async () => {
  const authentik = (): string => {
    const { machines, apps, secrets } = simulator.simulator.world;
    return JSON.stringify(
      [machines, apps, secrets].map((rows) => [...rows].filter(([, row]) => JSON.stringify(row).includes('acme-authentik'))),
    );
  };
  const before = authentik();
  migration(3, 'create table later (id bigint primary key);\n');
  image('production', 'backend', 'v43');
  const { ENV: _, ...production } = variables('production');
  const door = { ...production, TRIMTAB_DATA_DIR: join(checkout, `door-${serial++}`), RUN_MIGRATIONS: 'false', RUN_SMOKE_CHECK: 'false' };
  const synced = await shell('make production-sync-secrets', door);
  expect(synced.code, synced.said).toBe(0);
  const deployed = await shell('make production-deploy', door);
  expect(deployed.code, deployed.said).toBe(0);
  expect(tags('acme-backend')).toBe('v43,v43');
  expect(await tables()).not.toContain('later');
  expect(deployed.said).not.toMatch(/^ +smoke /m);
  expect(authentik()).toBe(before);
  expect(before).toContain('goauthentik');
});

/** Comments on one pull request, as GitHub's API has them. */
async function serveGitHub(): Promise<{ readonly url: string; comments(): readonly string[]; close(): Promise<void> }> {
  const comments = new Map<number, string>();
  const served = await serveHttp((request, answer) => {
    let text = '';
    request.on('data', (data: Buffer) => {
      text += String(data);
    });
    request.on('end', () => {
      const id = Number(/\/comments\/(\d+)$/.exec(request.url ?? '')?.[1] ?? comments.size + 1);
      if (request.method === 'DELETE') comments.delete(id);
      else if (request.method !== 'GET') comments.set(id, Comment.parse(JSON.parse(text)).body);
      const listed = [...comments].map(([one, body]) => ({ id: one, body }));
      answer.writeHead(request.method === 'DELETE' ? 204 : 200, { 'content-type': 'application/json' });
      answer.end(request.method === 'GET' ? JSON.stringify(listed) : request.method === 'DELETE' ? '' : JSON.stringify({ id }));
    });
  });
  return { url: `http://127.0.0.1:${served.port}`, comments: () => [...comments.values()], close: served.close };
}
const Comment = z.object({ body: z.string() });
