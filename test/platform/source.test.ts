import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { realClock } from '#platform/clock.ts';
import { makeFolderSource } from '#platform/source/folder.ts';
import { makeGitSource } from '#platform/source/git.ts';
import { isGitAddress, parseGitAddress, withoutCredentials } from '#platform/source/git-address.ts';
import type { SourceSnapshot } from '#platform/source/port.ts';

const live = new AbortController().signal;
let place = '';
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'trimtab-source-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const put = (path: string, text: string | Uint8Array): void => {
  mkdirSync(dirname(join(place, path)), { recursive: true });
  writeFileSync(join(place, path), text);
};
const git = (...words: string[]): string =>
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgsign=false', ...words], {
    cwd: join(place, 'repo'),
    encoding: 'utf8',
    env: {
      ...process.env,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_COMMITTER_DATE: '2026-05-01T10:00:00Z',
      GIT_AUTHOR_DATE: '2026-05-01T10:00:00Z',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
const commit = (message: string): string => {
  git('add', '-A');
  git('commit', '-q', '-m', message);
  return git('rev-parse', 'HEAD').trim();
};
const folder = () => makeFolderSource({ root: join(place, 'repo'), folder: 'desired-state' });
const remote = (address = join('file://', place, 'repo'), branch: string | null = 'main') =>
  makeGitSource({
    address: { url: address.replace('file:/', 'file:///').replace('////', '///'), branch, folder: 'desired-state' },
    copies: join(place, 'copies'),
    clock: realClock,
  });
const got = <T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: { readonly message: string } },
): T => {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};
const textsOf = (snapshot: SourceSnapshot) => Object.fromEntries(snapshot.files);

describe('a folder', () => {
  test('gives its YAML files by their path from the root, and no others', async () => {
    put('repo/desired-state/production/apps.yaml', 'kind: App\n');
    put('repo/desired-state/production/deep/er/more.yml', 'kind: App # ü\n');
    put('repo/desired-state/schema.json', '{}');
    put('repo/desired-state/.hidden/x.yaml', 'no');
    put('repo/other/x.yaml', 'no');
    const snapshot = got(await folder().read(live));
    expect(textsOf(snapshot)).toEqual({
      'desired-state/production/apps.yaml': 'kind: App\n',
      'desired-state/production/deep/er/more.yml': 'kind: App # ü\n',
    });
    expect(snapshot.commit).toBeNull();
  });

  test('gives other files when asked, and null for those that are not there', async () => {
    put('repo/desired-state/a.yaml', 'a');
    put('repo/infra/fly.toml', 'app = "x"');
    const snapshot = got(await folder().read(live));
    expect(got(await snapshot.readFile('./infra//fly.toml', live))).toBe('app = "x"');
    expect(got(await snapshot.readFile('infra/none.toml', live))).toBeNull();
  });

  test('gives a whole folder, of what is wanted, and null for one that is not there', async () => {
    put('repo/desired-state/a.yaml', 'a');
    put('repo/db/2.sql', 'two');
    put('repo/db/deep/1.sql', 'one');
    put('repo/db/.hidden.sql', 'no');
    put('repo/db/README.md', 'no');
    const snapshot = got(await folder().read(live));
    const isSql = (path: string): boolean => path.endsWith('.sql');
    expect(got(await snapshot.readFolder('./db', isSql, live))).toEqual(
      new Map([
        ['db/2.sql', 'two'],
        ['db/deep/1.sql', 'one'],
      ]),
    );
    expect(got(await snapshot.readFolder('nowhere', isSql, live))).toBeNull();
    expect(await snapshot.readFolder('../secrets', isSql, live)).toMatchObject({ ok: false, error: { code: 'DESIRED_INVALID' } });
  });
  test('keeps a file as it was first read', async () => {
    put('repo/desired-state/a.yaml', 'a');
    put('repo/infra/fly.toml', 'one');
    const snapshot = got(await folder().read(live));
    await snapshot.readFile('infra/fly.toml', live);
    put('repo/infra/fly.toml', 'two');
    expect(got(await snapshot.readFile('infra/fly.toml', live))).toBe('one');
  });

  test.each(['../secret.txt', '/etc/passwd', 'infra/../../secret.txt', 'a\\b', ''])('refuses to read %j', async (path) => {
    put('secret.txt', 'secret');
    put('repo/desired-state/a.yaml', 'a');
    const snapshot = got(await folder().read(live));
    expect(await snapshot.readFile(path, live)).toMatchObject({ ok: false, error: { code: 'DESIRED_INVALID' } });
  });

  test('follows a link inside the root and refuses one that leaves it', async () => {
    put('repo/desired-state/..data/a.yaml', 'a');
    symlinkSync('..data/a.yaml', join(place, 'repo/desired-state/a.yaml'));
    expect(textsOf(got(await folder().read(live)))).toEqual({ 'desired-state/a.yaml': 'a' });
    put('secret.yaml', 'secret');
    symlinkSync('../../secret.yaml', join(place, 'repo/desired-state/b.yaml'));
    expect(await folder().read(live)).toMatchObject({ ok: false, error: { code: 'DESIRED_INVALID' } });
  });

  test('is empty or unreadable, and says which', async () => {
    expect(await folder().read(live)).toMatchObject({ ok: false, error: { code: 'SOURCE_UNAVAILABLE' } });
    put('repo/desired-state/readme.md', 'nothing');
    expect(await folder().read(live)).toMatchObject({ ok: false, error: { code: 'SOURCE_EMPTY' } });
  });

  test('refuses files that are too large or no text', async () => {
    put('repo/desired-state/a.yaml', new Uint8Array([0x61, 0xff, 0xfe]));
    expect(await folder().read(live)).toMatchObject({ ok: false, error: { code: 'DESIRED_INVALID' } });
    put('repo/desired-state/a.yaml', new Uint8Array(4 * 1024 * 1024 + 1).fill(0x61));
    expect(await folder().read(live)).toMatchObject({
      ok: false,
      error: { code: 'DESIRED_INVALID', message: expect.stringContaining('4194305') },
    });
  });

  test('stops when it is cancelled', async () => {
    put('repo/desired-state/a.yaml', 'a');
    expect(await folder().read(AbortSignal.abort())).toMatchObject({ ok: false, error: { code: 'FLY_CANCELLED' } });
  });
});

describe('a branch of a repository', () => {
  beforeEach(() => {
    mkdirSync(join(place, 'repo'), { recursive: true });
    git('init', '-q', '-b', 'main');
    put('repo/desired-state/production/apps.yaml', 'kind: App # ü\n');
    put('repo/infra/fly.toml', 'app = "x"');
    put('repo/other.yaml', 'no');
  });

  test('gives the files of one commit, with who, when and why', async () => {
    const sha = commit('Two machines for the backend\n\nIt was slow.');
    const snapshot = got(await remote().read(live));
    expect(textsOf(snapshot)).toEqual({ 'desired-state/production/apps.yaml': 'kind: App # ü\n' });
    expect(snapshot.commit).toEqual({
      sha,
      author: 'Ada <ada@example.com>',
      message: 'Two machines for the backend\n\nIt was slow.',
      at: Date.parse('2026-05-01T10:00:00Z'),
    });
    expect(snapshot.rewritten).toBe(false);
  });

  test('a snapshot stays at its commit when the branch moves on', async () => {
    commit('one');
    const first = got(await remote().read(live));
    put('repo/infra/fly.toml', 'app = "y"');
    const sha = commit('two');
    const second = got(await remote().read(live));
    expect(got(await first.readFile('infra/fly.toml', live))).toBe('app = "x"');
    expect(got(await second.readFile('infra/fly.toml', live))).toBe('app = "y"');
    expect(got(await second.readFile('infra/none.toml', live))).toBeNull();
    expect(second.commit?.sha).toBe(sha);
    expect(second.rewritten).toBe(false);
  });

  test('gives a whole folder of its commit', async () => {
    put('repo/db/2.sql', 'two');
    put('repo/db/README.md', 'no');
    commit('one');
    const snapshot = got(await remote().read(live));
    const isSql = (path: string): boolean => path.endsWith('.sql');
    expect(got(await snapshot.readFolder('db', isSql, live))).toEqual(new Map([['db/2.sql', 'two']]));
    expect(got(await snapshot.readFolder('nowhere', isSql, live))).toBeNull();
    expect(await snapshot.readFolder('../db', isSql, live)).toMatchObject({ ok: false, error: { code: 'DESIRED_INVALID' } });
  });
  test('a branch whose history was replaced is noticed once', async () => {
    commit('one');
    put('repo/infra/fly.toml', 'app = "y"');
    commit('two');
    await remote().read(live);
    git('reset', '-q', '--hard', 'HEAD~1');
    put('repo/infra/fly.toml', 'app = "z"');
    commit('two again');
    expect(got(await remote().read(live)).rewritten).toBe(true);
    expect(got(await remote().read(live)).rewritten).toBe(false);
  });

  test('without a branch in the address it is the default one', async () => {
    const sha = commit('one');
    git('checkout', '-q', '-b', 'side');
    git('checkout', '-q', 'main');
    expect(got(await remote(undefined, null).read(live)).commit?.sha).toBe(sha);
  });

  test('links in a commit are refused', async () => {
    symlinkSync('/etc/passwd', join(place, 'repo/desired-state/b.yaml'));
    symlinkSync('/etc/passwd', join(place, 'repo/infra/link.toml'));
    commit('links');
    expect(await remote().read(live)).toMatchObject({ ok: false, error: { code: 'DESIRED_INVALID' } });
    rmSync(join(place, 'repo/desired-state/b.yaml'));
    commit('one link less');
    const snapshot = got(await remote().read(live));
    expect(await snapshot.readFile('infra/link.toml', live)).toMatchObject({ ok: false, error: { code: 'DESIRED_INVALID' } });
  });

  test('hooks of the copy and of its owner do not run', async () => {
    commit('one');
    await remote().read(live);
    const copy = join(place, 'copies', execFileSync('ls', [join(place, 'copies')], { encoding: 'utf8' }).trim());
    mkdirSync(join(copy, 'hooks'), { recursive: true });
    writeFileSync(join(copy, 'hooks', 'reference-transaction'), `#!/bin/sh\ntouch ${place}/ran\n`, { mode: 0o755 });
    put('repo/infra/fly.toml', 'app = "y"');
    commit('two');
    got(await remote().read(live));
    expect(execFileSync('ls', [place], { encoding: 'utf8' })).not.toContain('ran');
  });

  test('no repository, no branch, no files: each is said', async () => {
    commit('one');
    expect(await remote(join('file://', place, 'nowhere')).read(live)).toMatchObject({ ok: false, error: { code: 'SOURCE_UNAVAILABLE' } });
    expect(await remote(undefined, 'nobranch').read(live)).toMatchObject({ ok: false, error: { code: 'SOURCE_UNAVAILABLE' } });
    rmSync(join(place, 'repo/desired-state'), { recursive: true });
    commit('nothing left');
    expect(await remote().read(live)).toMatchObject({ ok: false, error: { code: 'SOURCE_EMPTY' } });
  });

  test('a read can be cancelled', async () => {
    commit('one');
    expect(await remote().read(AbortSignal.abort())).toMatchObject({ ok: false, error: { code: 'FLY_CANCELLED' } });
  });
});

describe('the address of a repository', () => {
  test.each([
    ['https://github.com/acme/infra.git', { url: 'https://github.com/acme/infra.git', branch: null, folder: 'desired-state' }],
    ['https://github.com/acme/infra.git#main', { url: 'https://github.com/acme/infra.git', branch: 'main', folder: 'desired-state' }],
    ['git@github.com:acme/infra.git#release/2:state', { url: 'git@github.com:acme/infra.git', branch: 'release/2', folder: 'state' }],
    ['ssh://git@host/x.git#:', { url: 'ssh://git@host/x.git', branch: null, folder: '' }],
  ])('%s', (text, address) => expect(parseGitAddress(text, 'desired-state')).toEqual(address));

  test.each(['ext::sh -c id', 'desired-state', '/srv/repo', './repo', '-oProxyCommand=x', 'https://', 'http://x y'])('%s is none', (text) =>
    expect(isGitAddress(text)).toBe(false),
  );

  test.each(['--upload-pack=x', 'a..b', '@{-1}', '.hidden'])('%s is no branch', (branch) =>
    expect(parseGitAddress(`https://host/x.git#${branch}`, '')).toBeNull(),
  );

  test('its credentials are not shown', () => {
    expect(withoutCredentials('fatal: https://ada:s3cret@host/x.git: no')).toBe('fatal: https://host/x.git: no');
  });
});
