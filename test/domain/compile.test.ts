import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { describe, expect, test } from 'vitest';
import { configPaths, extraPaths } from '#domain/compile.ts';
import { carriedImages, imagesToResolve, withImages } from '#domain/compile-image.ts';
import { parseDesired } from '#domain/desired-parse.ts';
import { problemsAcross } from '#domain/desired-rules.ts';
import { appName, digest } from '#domain/ids.ts';
import {
  appText,
  compiledOf,
  compileTexts,
  type DesiredTexts,
  ENVIRONMENT,
  FOLDER,
  parseTexts,
  problemsOf,
  told,
  WEB_TOML,
} from '#test/support/desired.ts';

const PLACE = `${FOLDER}/web.yaml`;
const OTHERS = { 'fly.toml': WEB_TOML };
/** An environment and one app; `lines` follow `app` and `config`. */
const web = (...lines: readonly string[]): DesiredTexts => ({
  files: { [`${FOLDER}/environment.yaml`]: ENVIRONMENT, [PLACE]: appText('web', 'app: acme-web', 'config: fly.toml', ...lines) },
  others: OTHERS,
});
const only = (text: string): DesiredTexts => ({ files: { [`${FOLDER}/environment.yaml`]: ENVIRONMENT, [PLACE]: text }, others: OTHERS });

describe('bad input is refused with place, rule and remedy', () => {
  test.each([
    { situation: 'malformed YAML', texts: only('a: [1, 2\nb: }'), expected: /web\.yaml:\d+:\d+ yaml-syntax/ },
    { situation: 'a file with nothing in it', texts: only(''), expected: 'web.yaml:1:1 empty-file', remedy: /delete the file/ },
    { situation: 'an unknown key', texts: web('minMachinesRuning: 1'), expected: 'web.yaml:7:3 unknown-key', remedy: /groups|known/ },
    {
      situation: 'an unknown key of a group',
      texts: web('groups: { app: { minMachinesRuning: 1 } }'),
      expected: 'web.yaml:7:20 unknown-key',
      remedy: /did you mean "minMachinesRunning"\?/,
    },
    { situation: 'a wrong type', texts: web('enabled: sometimes'), expected: 'web.yaml:7:12 wrong-type' },
    { situation: 'a missing key', texts: only(appText('web', 'config: fly.toml')), expected: 'web.yaml:5:3 missing-key' },
    { situation: 'an unknown kind', texts: only('apiVersion: trimtab.dev/v1alpha1\nkind: Ap\n'), expected: 'web.yaml:2:7 unknown-kind' },
    {
      situation: 'an unknown region',
      texts: web('groups: { app: { machines: { nrz: 1 } } }'),
      expected: 'web.yaml:7:32 unknown-region',
      remedy: /did you mean "nrt"\?/,
    },
    {
      situation: 'an unknown primary region',
      texts: web('primaryRegion: xyz'),
      expected: 'web.yaml:7:18 unknown-region',
    },
    {
      situation: 'an unknown size',
      texts: web('groups: { app: { vm: { size: shared-cpu-3x } } }'),
      expected: 'web.yaml:7:32 unknown-size',
      remedy: /shared-cpu/,
    },
    {
      situation: 'memory that the size cannot have',
      texts: web('groups: { app: { vm: { size: shared-cpu-1x, memory: 4gb } } }'),
      expected: 'web.yaml:7:24 invalid-size',
    },
    {
      situation: 'a group that fly.toml does not have',
      texts: web('groups: { wroker: { machines: { nrt: 1 } } }'),
      expected: 'web.yaml:7:13 unknown-group',
    },
    {
      situation: 'a missing fly.toml',
      texts: { ...web(), others: {} },
      expected: 'web.yaml:6:11 config-missing',
      remedy: /commit the file/,
    },
    { situation: 'no config at all', texts: only(appText('web', 'app: acme-web')), expected: 'web.yaml:4:1 config-missing' },
    {
      situation: 'minMachinesRunning above the count',
      texts: web('groups: { app: { machines: { nrt: 2 }, minMachinesRunning: 3 } }'),
      expected: 'web.yaml:7:62 min-above-count',
      remedy: /raise machines\.nrt to 3/,
    },
    {
      situation: 'autostop without a service',
      texts: { ...web('groups: { app: { autostop: stop } }'), others: { 'fly.toml': '' } },
      expected: 'web.yaml:7:30 no-service',
    },
    { situation: 'an app that depends on nobody', texts: web('dependsOn: [ backend ]'), expected: 'web.yaml:7:16 depends-on-unknown' },
    { situation: 'a private app with a public service', texts: web('visibility: private'), expected: 'web.yaml:7:15 private-but-public' },
    {
      situation: 'a private app with a public address',
      texts: { ...web('visibility: private', 'addresses: [ v6 ]'), others: { 'fly.toml': '' } },
      expected: 'web.yaml:8:16 private-but-public',
    },
    {
      situation: 'a public app without a service',
      texts: { ...web('visibility: public'), others: { 'fly.toml': '' } },
      expected: 'web.yaml:7:15 public-without-service',
    },
    { situation: 'a secret written down', texts: web('env: { API_TOKEN: abcdef123456 }'), expected: 'web.yaml:7:21 secret-in-git' },
    { situation: 'a variable that is set nowhere', texts: web(`image: "\${IMAGE}"`), expected: 'web.yaml:7:10 unknown-variable' },
    {
      situation: 'a switch that is neither on nor off',
      texts: { ...web('excluded: { unless: DEPLOY }'), process: { TEST_DEPLOY: 'maybe' } },
      expected: 'web.yaml:7:23 invalid-value',
    },
    {
      situation: 'a fault inside fly.toml',
      texts: { ...web(), others: { 'fly.toml': 'app = 1\n[[vm]]\nsize = "huge"\n' } },
      expected: 'fly.toml:1:7 wrong-type',
    },
    { situation: 'two environments in one folder', texts: only(ENVIRONMENT), expected: 'web.yaml:2:7 one-environment' },
    {
      situation: 'no environment',
      texts: { files: { [PLACE]: appText('web', 'app: a', 'config: fly.toml') } },
      expected: `${FOLDER}:1:1 one-environment`,
    },
  ])('$situation', ({ texts, expected, remedy }) => {
    const problems = problemsOf(texts);
    const text = problems.map(told).join('\n');
    if (typeof expected === 'string') expect(text).toContain(expected);
    else expect(text).toMatch(expected);
    const found = problems.find((problem) =>
      typeof expected === 'string' ? told(problem).endsWith(expected.replace(/^.*\//, '')) : expected.test(told(problem)),
    );
    expect(found?.remedy).not.toBe('');
    if (remedy !== undefined) expect(found?.remedy).toMatch(remedy);
  });

  test('a circle in dependsOn is told once, with its way round', () => {
    const files = {
      [`${FOLDER}/environment.yaml`]: ENVIRONMENT,
      [`${FOLDER}/a.yaml`]: appText('a', 'app: acme-a', 'config: fly.toml', 'dependsOn: [ b ]'),
      [`${FOLDER}/b.yaml`]: appText('b', 'app: acme-b', 'config: fly.toml', 'dependsOn: [ a ]'),
    };
    const problems = problemsOf({ files, others: OTHERS });
    expect(problems.map(told)).toEqual([`${FOLDER}/a.yaml:7:14 depends-on-cycle`]);
    expect(problems[0]?.message).toContain('a → b → a');
  });
  test('every problem of every file is told at once, in the order of the files', () => {
    const texts = web('bogus: 1', 'groups: { app: { machines: { nrz: 1 } } }');
    const second = appText('api', 'app: acme-api', 'config: gone.toml');
    const problems = problemsOf({ ...texts, files: { ...texts.files, [`${FOLDER}/api.yaml`]: second } });
    expect(problems.map(told)).toEqual([`${FOLDER}/api.yaml:6:11 config-missing`, `${PLACE}:7:3 unknown-key`]);
    const repaired = problemsOf({ ...web('groups: { app: { machines: { nrz: 1 }, vm: { size: big } } }') });
    expect(repaired.map(({ rule }) => rule)).toEqual(['unknown-region', 'unknown-size']);
  });
  test('one Fly app in two folders is told at the second one', () => {
    const folder = (name: string) =>
      parseDesired({
        folder: `desired-state/${name}`,
        files: new Map([[`desired-state/${name}/all.yaml`, `${ENVIRONMENT.replace('test', name)}---\n${appText('web', 'app: acme-web')}`]]),
        lookup: { process: {}, bare: false, stored: {} },
      });
    const problems = problemsAcross([folder('staging'), folder('production')]);
    expect(problems.map(told)).toEqual(['desired-state/staging/all.yaml:10:8 app-in-two-environments']);
    expect(problems[0]?.message).toContain('desired-state/production');
  });
});

describe('empty desired state is refused', () => {
  test.each([
    { situation: 'no file', files: {} },
    { situation: 'a file without a document', files: { [PLACE]: '# nothing yet\n' } },
    { situation: 'an empty document', files: { [PLACE]: '---\n---\n' } },
  ])('$situation', ({ files }) => {
    const result = compileTexts({ files });
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.error.error.code).toBe('SOURCE_EMPTY');
  });
  test('a folder that holds something broken is invalid, not empty', () => {
    const result = compileTexts({ files: { [PLACE]: ': : :\n  - [' } });
    expect(result.ok ? null : result.error.error.code).toBe('DESIRED_INVALID');
  });
});

describe('a good folder', () => {
  test('counts, floor, autostop and guest of a group come from the YAML over fly.toml', () => {
    const { document } = compiledOf({
      ...web(
        'groups:',
        '  app: { machines: { fra: { min: 1, max: 4 }, nrt: 2 }, minMachinesRunning: 1, autostop: suspend, vm: { memory: 1gb, cpus: 2 } }',
      ),
      others: { 'fly.toml': '[http_service]\ninternal_port = 80\nmin_machines_running = 9\n[[vm]]\nsize = "shared-cpu-1x"\n' },
    });
    const group = document.apps[0]?.groups[0];
    expect(group?.regions).toEqual([
      { region: 'nrt', min: 2, max: 2 },
      { region: 'fra', min: 1, max: 4 },
    ]);
    expect(group).toMatchObject({ name: 'app', minMachinesRunning: 1, autostop: 'suspend', mount: null });
    expect(group?.ownership).toEqual({ guest: true, stated: [], ignored: [] });
    expect(group?.config.guest).toEqual({ cpu_kind: 'shared', cpus: 2, memory_mb: 1024 });
    expect(group?.config.services?.[0]).toMatchObject({ autostop: 'suspend', min_machines_running: 1 });
  });
  test('without counts in git one machine or more is right, wherever they are', () => {
    const group = compiledOf(web()).document.apps[0]?.groups[0];
    expect(group).toMatchObject({ elsewhere: 'keep', regions: [{ region: 'nrt', min: 1 }] });
  });
  test('the live guest is kept where nobody states one', () => {
    expect(compiledOf(web()).document.apps[0]?.groups[0]?.ownership.guest).toBe(false);
  });
  test('PRIMARY_REGION follows the primary region, and the group its own name, whatever env says', () => {
    const app = compiledOf(web('primaryRegion: fra', 'env: { PRIMARY_REGION: x, FLY_PROCESS_GROUP: y, A: "1" }')).document.apps[0];
    expect(app?.groups[0]?.config.env).toEqual({ A: '1', FLY_PROCESS_GROUP: 'app', PRIMARY_REGION: 'fra' });
    expect(app?.definition).toMatchObject({ app: 'acme-web', primary_region: 'fra' });
  });
  test('a floor of fly.toml above the count is lowered, with a warning', () => {
    const { document, warnings } = compiledOf({
      ...web('groups: { app: { machines: { nrt: 1 } } }'),
      others: { 'fly.toml': '[http_service]\ninternal_port = 80\nmin_machines_running = 3\n' },
    });
    expect(document.apps[0]?.groups[0]?.minMachinesRunning).toBe(1);
    expect(warnings.map(({ rule }) => rule)).toContain('min-above-count');
  });
  test('an unknown key of fly.toml is a warning with its place, and changes nothing', () => {
    const plain = compiledOf(web());
    const odd = compiledOf({ ...web(), others: { 'fly.toml': `${WEB_TOML}zip = 1\n` } });
    expect(odd.warnings.map(told)).toEqual(['fly.toml:3:1 unknown-key']);
    expect(odd.id).toBe(plain.id);
  });
  test('the id of a revision is the hash of its canonical text, whole', () => {
    const { document, id } = compiledOf(web());
    const text = canonicalize(document) ?? '';
    expect(id).toBe(createHash('sha256').update(text).digest('hex').slice(0, 32));
  });
  test('an excluded app needs no file', () => {
    const { document } = compiledOf({ ...web('excluded: true'), others: {} });
    expect(document.apps[0]).toMatchObject({ excluded: true, groups: [] });
  });
  test('a switch is read with the prefix of the environment, stored, and asked for no more', () => {
    const texts = web('excluded: { unless: DEPLOY_WEB }');
    const off = compiledOf({ ...texts, process: { DEPLOY_WEB: 'true' } });
    const on = compiledOf({ ...texts, process: { TEST_DEPLOY_WEB: 'true' } });
    expect([off.document.apps[0]?.excluded, on.document.apps[0]?.excluded]).toEqual([true, false]);
    expect(on.document.declared?.lookups).toEqual({ DEPLOY_WEB: 'true' });
    expect(compiledOf({ ...texts, stored: { DEPLOY_WEB: 'true' } }).id).toBe(on.id);
  });
  test('a public app gets the addresses of the platform, a private one none', () => {
    expect(compiledOf(web('visibility: public')).document.apps[0]?.addresses).toEqual(['shared_v4', 'v6']);
    const closed = compiledOf({ ...web('visibility: private'), others: { 'fly.toml': '' } });
    expect(closed.document.apps[0]?.addresses).toEqual([]);
    expect(compiledOf(web()).document.apps[0]?.addresses).toBeNull();
  });
  test('a rollout is said here, then in fly.toml, then by default', () => {
    const others = { 'fly.toml': '[deploy]\nstrategy = "immediate"\nmax_unavailable = 0.5\nwait_timeout = "2m"\n' };
    const { rollout } = compiledOf({ ...web('rollout: { maxUnavailable: 1 }'), others }).document.apps[0] ?? {};
    expect(rollout).toEqual({ strategy: 'immediate', maxUnavailable: 1, surge: 'auto', waitTimeout: 120_000 });
  });
  test('a mount carries what a new volume needs', () => {
    const others = { 'fly.toml': '[mounts]\nsource = "data"\ndestination = "/data"\ninitial_size = "5gb"\nsnapshot_retention = 7\n' };
    const group = compiledOf({ ...web(), others }).document.apps[0]?.groups[0];
    expect(group?.mount).toEqual({ name: 'data', path: '/data', initialSizeGb: 5, snapshotRetention: 7, scheduledSnapshots: null });
    expect(group?.config.mounts).toEqual([{ name: 'data', path: '/data' }]);
  });
  test('files that fly.toml names are known before they are read', () => {
    const folder = parseTexts(web());
    expect(configPaths(folder)).toEqual(['fly.toml']);
    const text = '[[files]]\nguest_path = "/a"\nlocal_path = "./conf/a.txt"\n';
    expect(extraPaths(folder, () => text)).toEqual(['conf/a.txt']);
  });
});

describe('images', () => {
  const SHA = digest(`sha256:${'a'.repeat(64)}`);
  test('a digest once found stays with its text, and a new text asks again', () => {
    const first = compiledOf(web('image: repo/web:v1')).document;
    expect(imagesToResolve(first)).toEqual([{ app: appName('acme-web'), reference: 'repo/web:v1' }]);
    const resolved = withImages(first, () => SHA);
    expect(resolved.apps[0]?.image).toEqual({ reference: 'repo/web:v1', digest: SHA });
    const carried = carriedImages(resolved);
    expect(carried(appName('acme-web'), 'repo/web:v1')).toBe(SHA);
    expect(carried(appName('acme-web'), 'repo/web:v2')).toBeNull();
    expect(carried(appName('acme-api'), 'repo/web:v1')).toBeNull();
  });
  test('the image of fly.toml counts where the YAML states none', () => {
    const others = { 'fly.toml': '[build]\nimage = "nginx:1"\n' };
    expect(compiledOf({ ...web(), others }).document.apps[0]?.image?.reference).toBe('nginx:1');
    expect(compiledOf(web()).document.apps[0]?.image).toBeNull();
  });
});
