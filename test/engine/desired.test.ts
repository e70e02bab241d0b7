import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toldBy } from '#domain/desired-lookup.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { type ReadDesiredDeps, type ReadEnvironment, readDesired } from '#engine/desired.ts';
import type { SourceMemory } from '#engine/unchanged-source.ts';
import { makeFolderSource } from '#platform/source/folder.ts';
import { readOutside } from '#platform/source/outside.ts';
import { appText, ENVIRONMENT, WEB_TOML } from '#test/support/desired.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'trimtab-desired-'));
});
afterEach(() => rmSync(root, { recursive: true }));
function put(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
interface Asked extends Partial<Pick<ReadDesiredDeps, 'process' | 'keepsLookups' | 'only' | 'told' | 'known'>> {
  readonly previous?: CompiledEnvironment | null;
}
async function read({ previous = null, ...asked }: Asked = {}): Promise<readonly ReadEnvironment[]> {
  const source = makeFolderSource({ root, folder: 'desired-state' });
  const given = { process: {}, keepsLookups: false, only: null, ...asked };
  const deps = { source, flyFor: null, folder: 'desired-state', previous: () => previous, ...given };
  const result = await readDesired(deps, new AbortController().signal);
  if (!result.ok) throw new Error(result.error.code);
  return result.value;
}
const environment = (name: string): string => ENVIRONMENT.replace('name: test', `name: ${name}`);

test('files that a fly.toml names are read with it', async () => {
  const toml = '[[files]]\nguest_path = "/etc/a"\nlocal_path = "a.conf"\n';
  put({
    'desired-state/one/environment.yaml': environment('one'),
    'desired-state/one/web.yaml': appText('web', 'app: acme-web', 'config: infra/web.toml'),
    'infra/web.toml': toml,
    'infra/a.conf': 'first',
  });
  const [one] = await read();
  expect(one?.compiled.ok && one.compiled.value.document.apps[0]?.groups[0]?.config.files).toEqual([
    { guest_path: '/etc/a', raw_value: Buffer.from('first').toString('base64') },
  ]);
  put({ 'infra/a.conf': 'second' });
  const [again] = await read();
  expect(again?.sourceHash).not.toBe(one?.sourceHash);
});
describe('a fly.toml elsewhere', () => {
  let elsewhere = '';
  beforeEach(() => {
    elsewhere = mkdtempSync(join(tmpdir(), 'trimtab-elsewhere-'));
    writeFileSync(join(elsewhere, 'fly.toml'), WEB_TOML);
  });
  afterEach(() => rmSync(elsewhere, { recursive: true }));
  const one = (config: string) => ({
    'desired-state/one/all.yaml': `${environment('one')}---\n${appText('web', 'app: acme-web', `config: ${config}`)}`,
  });
  const compiled = async (variables: Readonly<Record<string, string>>, memory?: SourceMemory) => {
    const source = makeFolderSource({ root, folder: 'desired-state' });
    const deps = {
      source,
      flyFor: null,
      folder: 'desired-state',
      process: variables,
      previous: () => null,
      keepsLookups: false,
      readOutside,
    };
    const result = await readDesired({ ...deps, ...(memory === undefined ? {} : { memory }) }, new AbortController().signal);
    return result.ok ? result.value[0]?.compiled : undefined;
  };
  test('is read where a variable of the process names it, and what stands in it counts', async () => {
    put(one(`\${ONE_CONFIG}`));
    const path = join(elsewhere, 'fly.toml');
    const first = await compiled({ ONE_CONFIG: path });
    expect(first).toMatchObject({
      ok: true,
      value: { document: { apps: [{ app: 'acme-web', groups: [{ config: { services: [{ internal_port: 8080 }] } }] }] } },
    });
    writeFileSync(path, WEB_TOML.replace('8080', '9090'));
    expect(await compiled({ ONE_CONFIG: path })).toMatchObject({
      ok: true,
      value: { document: { apps: [{ groups: [{ config: { services: [{ internal_port: 9090 }] } }] }] } },
    });
  });
  test.each([
    { situation: 'git itself names it', config: () => join(elsewhere, 'fly.toml'), variables: {} },
    {
      situation: 'git names what a variable, of which nobody asked, names too',
      config: () => join(elsewhere, 'fly.toml'),
      variables: { OTHER: 'same' },
    },
    { situation: 'the variable names a folder', config: () => `\${ONE_CONFIG}`, variables: { ONE_CONFIG: 'folder' } },
    { situation: 'the variable names nothing', config: () => `\${ONE_CONFIG}`, variables: { ONE_CONFIG: 'nothing' } },
  ])('is not read when $situation', async ({ config, variables }) => {
    put(one(config()));
    const places: Readonly<Record<string, string>> = {
      same: join(elsewhere, 'fly.toml'),
      folder: elsewhere,
      nothing: join(elsewhere, 'nothing.toml'),
    };
    const given = Object.fromEntries(Object.entries(variables).map(([name, place]) => [name, places[place] ?? '']));
    expect(await compiled(given)).toMatchObject({ ok: false, error: { problems: [{ rule: 'config-missing' }] } });
  });
});
test('a file outside the source is the fault of its environment, and others go on', async () => {
  put({
    'desired-state/bad/all.yaml': `${environment('bad')}---\n${appText('web', 'app: acme-bad', 'config: ../elsewhere.toml')}`,
    'desired-state/good/all.yaml': `${environment('good')}---\n${appText('web', 'app: acme-good', 'config: web.toml')}`,
    'web.toml': WEB_TOML,
  });
  const [bad, good] = await read();
  expect(bad?.compiled.ok).toBe(false);
  if (bad?.compiled.ok === false) expect(bad.compiled.error.problems.map(({ rule }) => rule)).toEqual(['config-missing']);
  expect(good?.compiled.ok).toBe(true);
});
test('an excluded app may name a file that is kept elsewhere', async () => {
  const app = appText('login', 'app: acme-login', 'config: ../elsewhere/fly.toml', 'excluded: { unless: DEPLOY_LOGIN }');
  put({ 'desired-state/one/all.yaml': `${environment('one')}---\n${app}` });
  expect((await read())[0]?.compiled.ok).toBe(true);
  expect((await read({ process: { ONE_DEPLOY_LOGIN: 'true' } }))[0]?.compiled.ok).toBe(false);
});
test('the controller’s own poll keeps the switch a command once sent', async () => {
  const app = appText('login', 'app: acme-login', 'config: web.toml', 'excluded: { unless: DEPLOY_LOGIN }');
  put({ 'desired-state/one/all.yaml': `${environment('one')}---\n${app}`, 'web.toml': WEB_TOML });
  const [sent] = await read({ process: { DEPLOY_LOGIN: 'true' } });
  const previous = sent?.compiled.ok ? sent.compiled.value.document : null;
  const [polled] = await read({ keepsLookups: true, previous });
  expect(polled?.compiled.ok && polled.compiled.value.document.apps[0]?.excluded).toBe(false);
});
describe('a switch that a command sends', () => {
  const app = appText('login', 'app: acme-login', 'config: web.toml', 'excluded: { unless: DEPLOY_LOGIN }');
  const files = { 'desired-state/one/all.yaml': `${environment('one')}---\n${app}`, 'web.toml': WEB_TOML };
  const excludedIn = (one: ReadEnvironment | undefined) => one?.compiled.ok === true && one.compiled.value.document.apps[0]?.excluded;
  const acceptedFrom = (one: ReadEnvironment | undefined): Asked => {
    const compiled = one?.compiled.ok === true ? one.compiled.value : null;
    return {
      keepsLookups: true,
      previous: compiled?.document ?? null,
      known: () => (compiled === null ? null : { sourceHash: one?.sourceHash ?? '', id: compiled.id }),
    };
  };
  test('makes another revision of the same commit, and is stored in it', async () => {
    put(files);
    const [first] = await read();
    expect(excludedIn(first)).toBe(true);
    const [sent] = await read({ ...acceptedFrom(first), told: { one: { DEPLOY_LOGIN: 'true' } } });
    expect(excludedIn(sent)).toBe(false);
    const [polled] = await read(acceptedFrom(sent));
    expect(excludedIn(polled)).toBe(false);
    const [back] = await read({ ...acceptedFrom(sent), told: { one: { DEPLOY_LOGIN: null } } });
    expect(excludedIn(back)).toBe(true);
  });
  test('counts for its environment alone', async () => {
    put(files);
    const [first] = await read();
    expect(excludedIn((await read({ ...acceptedFrom(first), told: { other: { DEPLOY_LOGIN: 'true' } } }))[0])).toBe(true);
  });
  test('of a process that asks anew is seen, though the commit is the same', async () => {
    put(files);
    const [first] = await read();
    const anew = { ...acceptedFrom(first), keepsLookups: false };
    expect(excludedIn((await read({ ...anew, process: { ONE_DEPLOY_LOGIN: 'true' } }))[0])).toBe(false);
    expect(excludedIn((await read(anew))[0])).toBe(true);
  });
  test.each([
    { set: { ONE_A: 'x', A: 'y' }, bare: true, told: { A: 'x' } },
    { set: { A: 'y' }, bare: true, told: { A: 'y' } },
    { set: { A: 'y' }, bare: false, told: {} },
    { set: { ONE_A: '' }, bare: false, told: { A: null } },
    { set: { ONE_A: '', A: 'y' }, bare: true, told: { A: 'y' } },
    { set: {}, bare: true, told: {} },
  ])('is told as a command has it: $set, bare names meant: $bare', ({ set, bare, told }) => {
    expect(toldBy(set, { prefix: 'ONE_', names: ['A', 'B'] }, bare)).toEqual(told);
  });
});
test('one Fly app in two folders: neither is believed', async () => {
  const web = appText('web', 'app: acme-web', 'config: web.toml');
  put({
    'desired-state/a/all.yaml': `${environment('a')}---\n${web}`,
    'desired-state/b/all.yaml': `${environment('b')}---\n${web}`,
    'web.toml': WEB_TOML,
  });
  expect((await read()).map(({ compiled }) => compiled.ok)).toEqual([false, false]);
});
/** Two repositories: the common one, and one of an environment's own. */
function twoSources() {
  const source = makeFolderSource({ root: join(root, 'common'), folder: 'desired-state' });
  const own = new Map([['production', { source: makeFolderSource({ root: join(root, 'own'), folder: 'state' }), folder: 'state' }]]);
  const deps = { source, own, flyFor: null, folder: 'desired-state', process: {}, previous: () => null, keepsLookups: false };
  return () => readDesired(deps, new AbortController().signal);
}
const web = (app: string): string => appText('web', `app: ${app}`, 'config: web.toml');

test('an environment with a source of its own is read there, its files too, and the common one is not asked about it', async () => {
  put({
    'common/desired-state/staging/all.yaml': `${environment('staging')}---\n${web('acme-staging')}`,
    'common/desired-state/production/all.yaml': 'kind: Nonsense\n',
    'common/web.toml': WEB_TOML,
    'own/state/production/all.yaml': `${environment('production')}---\n${web('acme-web')}`,
    'own/state/staging/all.yaml': 'kind: Nonsense\n',
    'own/web.toml': `${WEB_TOML}\n[env]\n  FROM = "own"\n`,
  });
  const result = await twoSources()();
  const all = result.ok ? result.value : [];
  expect(all.map(({ name, compiled }) => [name, compiled.ok])).toEqual([
    ['production', true],
    ['staging', true],
  ]);
  const [production] = all;
  expect(production?.compiled.ok && production.compiled.value.document.apps[0]?.groups[0]?.config.env).toMatchObject({ FROM: 'own' });
});
test('a source of its own that cannot be read concerns that environment alone', async () => {
  put({ 'common/desired-state/staging/all.yaml': `${environment('staging')}---\n${web('acme-staging')}`, 'common/web.toml': WEB_TOML });
  const result = await twoSources()();
  expect(result.ok && result.value.map(({ name, compiled }) => [name, compiled.ok])).toEqual([
    ['production', false],
    ['staging', true],
  ]);
  const [production] = result.ok ? result.value : [];
  if (production?.compiled.ok === false) expect(production.compiled.error.problems).toMatchObject([{ rule: 'SOURCE_UNAVAILABLE' }]);
});
test('where every environment has its own source, the common one may be empty', async () => {
  put({
    'common/desired-state/readme.txt': '',
    'own/state/production/all.yaml': `${environment('production')}---\n${web('acme-web')}`,
    'own/web.toml': WEB_TOML,
  });
  const result = await twoSources()();
  expect(result.ok && result.value.map(({ name, compiled }) => [name, compiled.ok])).toEqual([['production', true]]);
});
const named = (name: string): string => `${environment(name)}---\n${appText('web', `app: \${FLY_APP:-acme-${name}}`, 'config: web.toml')}`;
const appNames = async (asked: Asked = {}): Promise<readonly unknown[]> =>
  (await read(asked)).map(({ compiled }) => compiled.ok && compiled.value.document.apps[0]?.app);
test.each([
  {
    situation: 'apps.env counts where the process says nothing',
    files: { 'apps.env': 'FLY_APP=from-file' },
    process: {},
    app: 'from-file',
  },
  {
    situation: 'the process wins',
    files: { 'apps.env': 'ONE_FLY_APP=from-file' },
    process: { FLY_APP: 'from-process' },
    app: 'from-process',
  },
  { situation: 'what is empty is unset', files: { 'apps.env': 'FLY_APP=' }, process: { FLY_APP: '' }, app: 'acme-one' },
  {
    situation: 'quotes and comments are those of dotenv',
    files: { 'apps.env': '# names\nFLY_APP="quoted" # here' },
    process: {},
    app: 'quoted',
  },
  {
    situation: "the environment's own file is read instead",
    files: { 'apps.env': 'FLY_APP=common', 'apps.one.env': 'FLY_APP=own' },
    process: {},
    app: 'own',
  },
])('$situation', async ({ files, process, app }) => {
  put({ 'desired-state/one/all.yaml': named('one'), 'web.toml': WEB_TOML });
  put(Object.fromEntries(Object.entries(files).map(([name, text]) => [`infra/fly/${name}`, text])));
  expect(await appNames({ process })).toEqual([app]);
});
test('a process that serves two environments takes prefixed names only, from the file too', async () => {
  put({ 'desired-state/one/all.yaml': named('one'), 'desired-state/two/all.yaml': named('two'), 'web.toml': WEB_TOML });
  put({ 'infra/fly/apps.env': 'FLY_APP=shared\nTWO_FLY_APP=second\n' });
  expect(await appNames()).toEqual(['acme-one', 'second']);
});
test('a command about one environment takes bare names for it, and the other folder is not moved by them', async () => {
  put({ 'desired-state/one/all.yaml': named('one'), 'desired-state/two/all.yaml': named('two'), 'web.toml': WEB_TOML });
  put({ 'infra/fly/apps.env': 'FLY_APP=mine' });
  expect(await appNames({ only: 'one' })).toEqual(['mine', 'acme-two']);
  expect(await appNames({ only: 'two', process: { FLY_APP: 'given' } })).toEqual(['acme-one', 'given']);
});
