/** `trimtab validate`: every problem of every environment at once, each with place, rule and remedy. It needs neither a store nor a platform. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const app = (name: string, ...lines: readonly string[]): string =>
  ['apiVersion: trimtab.dev/v1alpha1', 'kind: App', `metadata: { name: ${name} }`, 'spec:', ...lines.map((line) => `  ${line}`), ''].join(
    '\n',
  );
const environment = (name: string): string =>
  `apiVersion: trimtab.dev/v1alpha1\nkind: Environment\nmetadata: { name: ${name} }\nspec: { organization: acme, primaryRegion: nrt }\n`;
/** One file for each row of bad input; the folders `one` and `two` are refused, `good` is not. */
const FILES: Readonly<Record<string, string>> = {
  'desired-state/good/all.yaml': `${environment('good')}---\n${app('web', 'app: acme-good', 'config: fly.toml')}`,
  'desired-state/one/environment.yaml': environment('one'),
  'desired-state/one/broken.yaml': 'apiVersion: trimtab.dev/v1alpha1\nkind: App\nspec: { app: [ }\n',
  'desired-state/one/key.yaml': app('key', 'app: acme-key', 'config: fly.toml', 'enabeld: true'),
  'desired-state/one/type.yaml': app('type', 'app: acme-type', 'config: fly.toml', 'enabled: perhaps'),
  'desired-state/one/region.yaml': app('region', 'app: acme-region', 'config: fly.toml', 'groups: { app: { machines: { nrz: 1 } } }'),
  'desired-state/one/size.yaml': app('size', 'app: acme-size', 'config: fly.toml', 'groups: { app: { vm: { size: shared-cpu-3x } } }'),
  'desired-state/one/shared.yaml': app('shared', 'app: acme-shared', 'config: fly.toml'),
  'desired-state/one/cycle.yaml': `${app('a', 'app: acme-a', 'config: fly.toml', 'dependsOn: [b]')}---\n${app('b', 'app: acme-b', 'config: fly.toml', 'dependsOn: [a]')}`,
  'desired-state/one/toml.yaml': app('toml', 'app: acme-toml', 'config: infra/nowhere.toml'),
  'desired-state/one/floor.yaml': app(
    'floor',
    'app: acme-floor',
    'config: fly.toml',
    'groups: { app: { machines: { nrt: 1 }, minMachinesRunning: 2 } }',
  ),
  'desired-state/two/all.yaml': `${environment('two')}---\n${app('shared', 'app: acme-shared', 'config: fly.toml')}`,
  'fly.toml': '[http_service]\ninternal_port = 8080\n',
};
// Whole processes: on a busy machine each takes its time.
vi.setConfig({ testTimeout: 60_000 });
let root = '';
interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
const validate = (...args: readonly string[]): Promise<Said> =>
  new Promise((resolve) => {
    const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;
    const env = { PATH, NODE_COMPILE_CACHE, TRIMTAB_SOURCE: root };
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'validate', ...args], { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
const put = (files: Readonly<Record<string, string>>, under = root): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(under, path)), { recursive: true });
    writeFileSync(join(under, path), text);
  }
};
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'trimtab-validate-'));
  put(FILES);
});
afterAll(() => rmSync(root, { recursive: true }));

const Answer = z.array(
  z.object({
    name: z.string(),
    revision: z.string().nullable(),
    problems: z.array(
      z.object({
        file: z.string().min(1),
        line: z.number().int().min(1),
        column: z.number().int().min(1),
        rule: z.string().min(1),
        message: z.string().min(1),
        remedy: z.string().min(1),
      }),
    ),
  }),
);
const EXPECTED: readonly { readonly row: string; readonly place: string }[] = [
  { row: 'malformed YAML', place: 'broken.yaml:3:17 yaml-syntax' },
  { row: 'unknown key', place: 'key.yaml:7:3 unknown-key' },
  { row: 'wrong type', place: 'type.yaml:7:12 wrong-type' },
  { row: 'unknown region', place: 'region.yaml:7:32 unknown-region' },
  { row: 'unknown size', place: 'size.yaml:7:32 unknown-size' },
  { row: 'a cycle in dependsOn', place: 'cycle.yaml:7:14 depends-on-cycle' },
  { row: 'a missing fly.toml', place: 'toml.yaml:6:11 config-missing' },
  { row: 'minMachinesRunning above the count', place: 'floor.yaml:7:62 min-above-count' },
];
test('all problems of all environments are told at once; the good one is valid', async () => {
  const { code, out } = await validate('--output', 'json');
  expect(code).toBe(1);
  const answer = Answer.parse(JSON.parse(out));
  const [good, one, two] = ['good', 'one', 'two'].map((name) => answer.find((found) => found.name === name));
  expect(good).toMatchObject({ problems: [], revision: expect.stringMatching(/^[0-9a-f]+$/) });
  const told = (one?.problems ?? []).map(({ file, line, column, rule }) => `${file.split('/').at(-1)}:${line}:${column} ${rule}`);
  expect(told).toEqual(expect.arrayContaining(EXPECTED.map(({ place }) => place)));
  expect(one?.revision).toBeNull();
  // The second folder has one fault alone, and it is not in its own files.
  expect(two?.revision).toBeNull();
});
test('for people it is file:line:column, rule, what, and what to do', async () => {
  const { code, out } = await validate();
  expect(code).toBe(1);
  expect(out).toMatch(/^valid good: 1 app, revision [0-9a-f]{12}$/m);
  expect(out).toMatch(/^refused one: \d+ problems$/m);
  expect(out).toMatch(/^desired-state\/one\/key\.yaml:7:3 unknown-key: .+\n {2}did you mean "enabled"\?$/m);
});
test('one Fly app in two folders is told where both are', async () => {
  put(
    {
      'desired-state/one/environment.yaml': environment('one'),
      'desired-state/one/shared.yaml': FILES['desired-state/one/shared.yaml'] ?? '',
      'desired-state/two/all.yaml': FILES['desired-state/two/all.yaml'] ?? '',
      'fly.toml': FILES['fly.toml'] ?? '',
    },
    join(root, 'pair'),
  );
  const { code, out } = await validate(join(root, 'pair'));
  expect(code).toBe(1);
  expect(out).toMatch(/app-in-two-environments: Fly app acme-shared is also in desired-state\/one\n {2}an app belongs to one environment/);
  expect(out).not.toContain('valid ');
});
test.each([
  { situation: 'empty', folder: 'empty', files: { 'desired-state/.keep': '' }, said: /SOURCE_EMPTY/ },
  { situation: 'not there', folder: 'nowhere', files: {}, said: /SOURCE_(UNAVAILABLE|EMPTY)/ },
])('a desired state that is $situation is refused: nothing is deleted because of that', async ({ folder, files, said }) => {
  put(files, join(root, folder));
  const { code, err } = await validate(join(root, folder));
  expect({ code, err }).toMatchObject({ code: 1, err: expect.stringMatching(said) });
});
test('the shipped desired state is valid', async () => {
  const { code, out } = await validate(join(import.meta.dirname, '..', '..'));
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/valid production[\s\S]*valid staging/) });
});
