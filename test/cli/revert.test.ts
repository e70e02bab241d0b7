/** `rollback --commit` in a real git work tree: the app that went back stands as it stood, everything else as it is. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { revertedText, revertIn } from '#cli/revert.ts';
import { withAppOf } from '#domain/app-in-yaml.ts';
import { openWorkTree } from '#platform/source/work-tree.ts';

const signal = new AbortController().signal;
const folders: string[] = [];
let root = '';
const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.com', ...args], { cwd: root, encoding: 'utf8' }).trim();
const write = (files: Readonly<Record<string, string>>): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
};
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const APPS = 'desired-state/production/apps.yaml';
const apps = (web: string, api: string, more = ''): string => `# the apps
kind: App
metadata: { name: web }
spec:
  app: acme-web # public
  config: infra/web.toml
  image: ${web}
---
# api, of the core team
kind: App
metadata: { name: api }
spec: { app: acme-api, config: infra/api.toml, image: ${api} }
${more}`;
const back = (commit: string | null) => ({ to: 'f'.repeat(64), apps: ['web'], was: [{ name: 'web', commit, image: 'web:v1' }] });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'trimtab-revert-'));
  folders.push(root);
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
function repository(): string {
  git('init', '--quiet', '--initial-branch=main', '.');
  git('config', 'user.name', 'Ann');
  git('config', 'user.email', 'ann@example.com');
  write({ [APPS]: apps('web:v1', 'api:v1'), 'infra/web.toml': 'memory = "256mb"\n', 'infra/api.toml': 'old\n', 'notes.md': 'one\n' });
  git('add', '.');
  git('commit', '--quiet', '-m', 'one');
  const first = git('rev-parse', 'HEAD');
  write({ [APPS]: apps('web:v2 # slow', 'api:v2', '# the end\n'), 'infra/web.toml': 'memory = "512mb"\n', 'infra/api.toml': 'new\n' });
  git('commit', '--quiet', '-am', 'two');
  return first;
}

test('the app and its fly.toml are as they were, the others and every comment as they are, and it is a commit', async () => {
  const first = repository();
  write({ 'notes.md': 'not committed\n' });
  const done = await revertIn(await openWorkTree(root, signal), 'production', back(first), 'it is slow');
  expect(done).toMatchObject({
    ok: true,
    value: { files: [APPS, 'infra/web.toml'], commit: { branch: 'main', sha: git('rev-parse', 'HEAD') } },
  });
  expect(read(APPS)).toBe(apps('web:v1', 'api:v2', '# the end\n'));
  expect([read('infra/web.toml'), read('infra/api.toml')]).toEqual(['memory = "256mb"\n', 'new\n']);
  expect(git('log', '-1', '--format=%B')).toBe('production: back to ffffffffffff (web)\n\nit is slow');
  // What somebody else has open here is left as it is.
  expect(git('status', '--porcelain')).toBe('M notes.md');
  expect(done.ok && revertedText(done.value)).toMatch(/committed [0-9a-f]{12} on main; push it/);
  const again = await revertIn(await openWorkTree(root, signal), 'production', back(first), 'it is slow');
  expect(again).toEqual({ ok: true, value: { files: [], commit: null } });
});
test('without a commit that is known the image alone goes back', async () => {
  repository();
  const done = await revertIn(await openWorkTree(root, signal), 'production', back(null), 'it is slow');
  expect(done).toMatchObject({ ok: true, value: { files: [APPS] } });
  expect(read(APPS)).toBe(apps('web:v1 # slow', 'api:v2', '# the end\n'));
  expect(read('infra/web.toml')).toBe('memory = "512mb"\n');
});
test('files that somebody is writing are not mixed in: nothing is written', async () => {
  const first = repository();
  write({ 'infra/web.toml': 'memory = "1gb"\n' });
  const done = await revertIn(await openWorkTree(root, signal), 'production', back(first), 'it is slow');
  expect(done).toMatchObject({ ok: false, error: { message: expect.stringContaining('commit or stash') } });
  expect([read(APPS), read('infra/web.toml')]).toEqual([apps('web:v2 # slow', 'api:v2', '# the end\n'), 'memory = "1gb"\n']);
});
test('a folder without git is written alone, and an app that is not there is said', async () => {
  write({ [APPS]: apps('web:v2', 'api:v2') });
  const tree = await openWorkTree(root, signal);
  expect(await revertIn(tree, 'production', back(null), 'slow')).toEqual({ ok: true, value: { files: [APPS], commit: null } });
  expect(read(APPS)).toBe(apps('web:v1', 'api:v2'));
  expect(await revertIn(tree, 'staging', back(null), 'slow')).toMatchObject({ ok: false, error: { code: 'UNKNOWN_NAME' } });
});
test('a commit that this clone does not have is said, and nothing is written', async () => {
  repository();
  const done = await revertIn(
    await openWorkTree(root, signal),
    'production',
    { ...back('0'.repeat(40)), was: [{ name: 'web', commit: '0'.repeat(40), image: null }] },
    'slow',
  );
  expect(done).toMatchObject({ ok: false, error: { message: expect.stringContaining('fetch it') } });
  expect(git('status', '--porcelain')).toBe('');
});
test('an app that one of the two does not have is not put anywhere', () => {
  expect(withAppOf(apps('web:v2', 'api:v2'), 'kind: App\nmetadata: { name: other }\nspec: {}\n', 'web')).toBeNull();
});
