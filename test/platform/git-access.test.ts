/** How a private repository lets us in: a token over HTTP from a real git server, a deploy key by ssh. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realClock } from '#platform/clock.ts';
import { makeGitSource } from '#platform/source/git.ts';
import { makeGit, NO_ACCESS } from '#platform/source/git-command.ts';
import { type GitServer, startGitServer } from '#test/support/git-server.ts';

const TOKEN = 'ghs_a-token-for-the-test';
const live = new AbortController().signal;
let place = '';
let server: GitServer;
const git = (folder: string, ...words: string[]): string =>
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgsign=false', ...words], {
    cwd: join(place, folder),
    encoding: 'utf8',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
const commit = (text: string): void => {
  writeFileSync(join(place, 'work/desired-state/production/all.yaml'), text);
  git('work', 'add', '-A');
  git('work', 'commit', '-q', '-m', 'a change');
  git('work', 'push', '-q', '--force', '../infra.git', 'HEAD:main');
};
beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), 'trimtab-git-'));
  mkdirSync(join(place, 'work/desired-state/production'), { recursive: true });
  git('', 'init', '-q', '--bare', '-b', 'main', 'infra.git');
  git('work', 'init', '-q', '-b', 'main');
  commit('kind: App\n');
  server = await startGitServer(place, TOKEN);
});
afterEach(async () => {
  await server.close();
  rmSync(place, { recursive: true, force: true });
});
const sourceWith = (token: string | null) =>
  makeGitSource({
    address: { url: server.url('infra'), branch: 'main', folder: 'desired-state' },
    copies: join(place, 'copies'),
    clock: realClock,
    access: { ...NO_ACCESS, token },
  });

test('a token lets the source in; without it, or with another, the source says so and never asks', async () => {
  const read = await sourceWith(TOKEN).read(live);
  expect(read.ok && [...read.value.files.keys()]).toEqual(['desired-state/production/all.yaml']);
  expect(await sourceWith(null).read(live)).toMatchObject({ ok: false, error: { code: 'SOURCE_UNAVAILABLE' } });
  const wrong = await sourceWith('ghs_wrong-token').read(live);
  expect(wrong).toMatchObject({ ok: false, error: { code: 'SOURCE_UNAVAILABLE' } });
  expect(JSON.stringify(wrong)).not.toContain('ghs_wrong-token');
});
test('the token is in no file of the copy', async () => {
  expect(await sourceWith(TOKEN).read(live)).toMatchObject({ ok: true });
  const login = Buffer.from(`x-access-token:${TOKEN}`).toString('base64');
  const found = spawnSync('grep', ['-rlE', `${TOKEN}|${login}`, join(place, 'copies')], { encoding: 'utf8' });
  expect([found.status, found.stdout]).toEqual([1, '']);
});
test('a token does not travel over a line that anybody can read', async () => {
  const access = { ...NO_ACCESS, token: TOKEN };
  const told = await makeGit(place, live, 'http://git.example.com/infra.git', access).run(['config', '--get-regexp', 'extraheader']);
  expect(told).toBe('');
  const safe = await makeGit(place, live, 'https://git.example.com/infra.git', access).run(['config', '--get-regexp', 'extraheader']);
  expect(safe).toContain('http.https://git.example.com/.extraheader Authorization: Basic ');
});
test('a branch that was rewritten is noticed once', async () => {
  const source = sourceWith(TOKEN);
  expect(await source.read(live)).toMatchObject({ ok: true, value: { rewritten: false } });
  git('work', 'commit', '-q', '--amend', '-m', 'another history');
  commit('kind: App # rewritten\n');
  expect(await source.read(live)).toMatchObject({ ok: true, value: { rewritten: true } });
  expect(await source.read(live)).toMatchObject({ ok: true, value: { rewritten: false } });
});
test('a copy that somebody deleted is made anew, and the branch is not taken as rewritten', async () => {
  const source = sourceWith(TOKEN);
  expect(await source.read(live)).toMatchObject({ ok: true });
  rmSync(join(place, 'copies'), { recursive: true });
  commit('kind: App # after that\n');
  expect(await source.read(live)).toMatchObject({ ok: true, value: { rewritten: false } });
});
test('a deploy key and the host keys to believe reach ssh, quoted, and nothing else does', async () => {
  // Stands for ssh: it writes down what it was called with, and serves the repository on this machine.
  const bin = join(place, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nprintf '%s\\n' "$@" > '${join(place, 'said')}'\nfor last; do :; done\nexec sh -c "$last"\n`);
  chmodSync(join(bin, 'ssh'), 0o755);
  const before = process.env['PATH'];
  process.env['PATH'] = `${bin}:${before}`;
  try {
    const source = makeGitSource({
      address: { url: `ssh://git@git.example.com${join(place, 'infra.git')}`, branch: 'main', folder: 'desired-state' },
      copies: join(place, 'copies'),
      clock: realClock,
      access: { token: TOKEN, keyFile: "/keys/it's here", knownHostsFile: '/keys/known hosts' },
    });
    expect(await source.read(live)).toMatchObject({ ok: true });
  } finally {
    process.env['PATH'] = before;
  }
  const words = readFileSync(join(place, 'said'), 'utf8').split('\n');
  expect(words).toContain("/keys/it's here");
  expect(words).toContain('UserKnownHostsFile=/keys/known hosts');
  expect(words).toContain('StrictHostKeyChecking=yes');
  expect(words.join(' ')).not.toContain(TOKEN);
});
