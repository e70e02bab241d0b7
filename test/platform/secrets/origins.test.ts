/** Where secrets come from: what each source gives, what it says when it cannot, and that it never says a value. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import type { SecretSource } from '#domain/desired-sources.ts';
import { SecretValue, StateKey } from '#domain/secret-value.ts';
import { ms } from '#domain/units.ts';
import { makeSecretOrigins } from '#platform/secrets/origins.ts';
import type { SecretScene } from '#platform/secrets/port.ts';
import { loadStateKey } from '#platform/secrets/state-key.ts';
import { sealedJson } from '#test/support/sops.ts';

const MARK = 'marked-value-4711';
const root = mkdtempSync(join(tmpdir(), 'trimtab-secrets-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const KEY = new StateKey('origins');
const print = (text: string): string => new SecretValue(text).fingerprint(KEY, 'x');

const scene = (over: Partial<SecretScene> = {}): SecretScene => ({
  prefix: 'STAGING_',
  bare: false,
  files: {},
  given: new Map(),
  round: new Map(),
  ...over,
});
async function read(
  source: SecretSource,
  process: Readonly<Record<string, string>> = {},
  over: Partial<SecretScene> = {},
  name = 'API_KEY',
) {
  const origins = makeSecretOrigins({ root, process, deadline: (span, signal) => AbortSignal.any([signal, AbortSignal.timeout(span)]) });
  const given = await origins.read(name, source, scene(over), AbortSignal.timeout(15_000));
  if (!given.ok) {
    expect(inspect(given.error)).not.toContain(MARK);
    expect(given.error.remedy).not.toBe('');
    return `${given.error.code} ${given.error.message}`;
  }
  return given.value === null ? null : given.value.fingerprint(KEY, 'x');
}

describe('env', () => {
  test.each([
    { what: 'the prefixed name comes first', process: { STAGING_A: MARK, A: 'bare' }, bare: true, gives: MARK },
    { what: 'the bare name where the process serves one environment', process: { A: MARK }, bare: true, gives: MARK },
    { what: 'never the bare name where it serves several', process: { A: MARK }, bare: false, gives: null },
    { what: 'another prefix is another environment', process: { PRODUCTION_A: MARK }, bare: false, gives: null },
    { what: 'empty is unset', process: { STAGING_A: '' }, bare: true, gives: null },
  ])('$what', async ({ process, bare, gives }) => {
    expect(await read({ env: 'A' }, process, { bare })).toBe(gives === null ? null : print(gives));
  });
});
describe('file', () => {
  test('holds one value; the line end at its end is not part of it', async () => {
    mkdirSync(join(root, 'mounted'));
    writeFileSync(join(root, 'mounted/API_KEY'), `${MARK}\n`);
    expect(await read({ file: 'mounted/API_KEY' })).toBe(print(MARK));
    writeFileSync(join(root, 'mounted/TWO'), `one\ntwo\n\n`);
    expect(await read({ file: 'mounted/TWO' })).toBe(print('one\ntwo\n'));
  });
  test('that is not there gives none; that is too large, or no file, is a fault', async () => {
    expect(await read({ file: 'mounted/NONE' })).toBeNull();
    writeFileSync(join(root, 'large'), 'x'.repeat(70_000));
    expect(await read({ file: 'large' })).toMatch(/^SECRET_SOURCE_FAILED large is larger/);
    expect(await read({ file: 'mounted' })).toMatch(/^SECRET_SOURCE_FAILED mounted cannot be read \(EISDIR\)/);
  });
});
describe('dotenv', () => {
  test('gives its keys, by their own names or another', async () => {
    writeFileSync(join(root, '.env.staging'), `# of the team\nAPI_KEY="${MARK}"\nexport OTHER=second\nEMPTY=\n`);
    expect(await read({ dotenv: { file: '.env.staging' } })).toBe(print(MARK));
    expect(await read({ dotenv: { file: '.env.staging', key: 'OTHER' } })).toBe(print('second'));
    expect(await read({ dotenv: { file: '.env.staging', key: 'EMPTY' } })).toBeNull();
    expect(await read({ dotenv: { file: '.env.none' } })).toBeNull();
  });
  test('in git is refused, ignored by git is not', async () => {
    const repository = join(root, 'repository');
    mkdirSync(repository);
    execFileSync('git', ['init', '-q'], { cwd: repository });
    writeFileSync(join(repository, '.env'), `API_KEY=${MARK}\n`);
    expect(await read({ dotenv: { file: 'repository/.env' } })).toBe(print(MARK));
    execFileSync('git', ['add', '.env'], { cwd: repository });
    expect(await read({ dotenv: { file: 'repository/.env' } })).toBe('SECRET_SOURCE_FAILED repository/.env is in git');
  });
});
describe('sops', () => {
  test.each(['json', 'yaml', 'dotenv'] as const)('a file encrypted for age, as %s', async (format) => {
    const { text, identity } = await sealedJson({ API_KEY: MARK, PORT: 5432 }, { format });
    const files = { 'secrets.enc': text };
    expect(text).not.toContain(MARK);
    expect(await read({ sops: { file: 'secrets.enc' } }, { STAGING_SOPS_AGE_KEY: identity }, { files })).toBe(print(MARK));
    expect(await read({ sops: { file: 'secrets.enc', key: 'PORT' } }, { STAGING_SOPS_AGE_KEY: identity }, { files })).toBe(print('5432'));
    expect(await read({ sops: { file: 'secrets.enc', key: 'NONE' } }, { STAGING_SOPS_AGE_KEY: identity }, { files })).toBeNull();
  });
  describe('files that sops 3.11.0 itself wrote', () => {
    const at = (name: string): string => readFileSync(`test/golden/sops/${name}`, 'utf8');
    const open = (name: string, key: string) =>
      read({ sops: { file: name, key } }, { STAGING_SOPS_AGE_KEY: at('age.key') }, { files: { [name]: at(name) } });
    test.each([
      ['secrets.enc.yaml', { API_KEY: MARK, PORT: '5432', QUOTED: 'p"ss wörd\n/1', 'client.session': 'nested value' }],
      ['secrets.enc.json', { API_KEY: MARK, PORT: '5432', RATIO: '0.5', 'client.session': 'nested value' }],
      ['secrets.enc.env', { API_KEY: MARK, PORT: '5432', SESSION: 'with spaces and = signs' }],
    ])('%s', async (name, values) => {
      for (const [key, value] of Object.entries(values)) expect(await open(name, key), key).toBe(print(value));
      expect(await open(name, 'NONE')).toBeNull();
    });
    test('a value that was moved in one of them is noticed, and another key opens none', async () => {
      const [name, text] = ['secrets.enc.yaml', at('secrets.enc.yaml')];
      const [first = '', second = ''] = [...text.matchAll(/ENC\[AES256_GCM,data:[^\]]+\]/g)].map(([found]) => found);
      const key = at('age.key');
      const ask = (changed: string, other: string) =>
        read({ sops: { file: name } }, { STAGING_SOPS_AGE_KEY: other }, { files: { [name]: changed } });
      expect(await ask(text.replace(first, second), key)).toMatch(/^SECRET_SOURCE_RUBBISH secrets.enc.yaml was changed/);
      expect(await ask(text.replace('seen by everybody', 'seen by nobody'), key)).toMatch(/^SECRET_SOURCE_RUBBISH/);
      expect(await ask(text, (await sealedJson({})).identity)).toMatch(/^SECRET_KEY_MISSING secrets.enc.yaml cannot be decrypted/);
    });
  });
  test('values inside others by their path, and the key from a file', async () => {
    const { text, identity } = await sealedJson({ client: { session: MARK }, tls: true });
    writeFileSync(join(root, 'age.key'), `# created: today\n${identity}\n`);
    const process = { STAGING_SOPS_AGE_KEY_FILE: join(root, 'age.key') };
    expect(await read({ sops: { file: 'f', key: 'client.session' } }, process, { files: { f: text } })).toBe(print(MARK));
  });
  test('without its key, changed by hand, cut short, or in the clear, is a named fault', async () => {
    const { text, identity } = await sealedJson({ API_KEY: MARK, OTHER: 'second' });
    const ask = (file: string, key = identity): Promise<string | null> =>
      read({ sops: { file: 'f' } }, { STAGING_SOPS_AGE_KEY: key }, { files: { f: file } });
    expect(await ask(text, (await sealedJson({})).identity)).toMatch(/^SECRET_KEY_MISSING f cannot be decrypted/);
    expect(await ask(text, 'no key')).toMatch(/^SECRET_KEY_MISSING/);
    const [first = '', second = ''] = [...text.matchAll(/"ENC\[AES256_GCM,data:[^"]+"/g)].map(([found]) => found);
    // One value in the place of another, one taken out, one bit changed.
    expect(await ask(text.replace(first, second))).toMatch(/^SECRET_SOURCE_RUBBISH f was changed/);
    expect(await ask(text.replace(/\n {2}"OTHER": "[^"]+",/, ''))).toMatch(/^SECRET_SOURCE_RUBBISH f was changed/);
    expect(await ask(text.replace('data:', 'data:A'))).toMatch(/^SECRET_SOURCE_RUBBISH f was changed/);
    expect(await ask(`API_KEY: ${MARK}\n`)).toMatch(/^SECRET_SOURCE_RUBBISH f is not encrypted/);
    expect(await ask('{')).toMatch(/^SECRET_SOURCE_RUBBISH/);
    expect(await read({ sops: { file: 'missing' } })).toMatch(/^SECRET_SOURCE_FAILED missing is not part of the revision/);
  });
});
describe('exec', () => {
  const node = (script: string): SecretSource => ({ exec: { command: [process.execPath, '-e', script], timeout: ms(5_000) } });
  test('a program that prints JSON; numbers and switches count as their text', async () => {
    expect(await read(node(`console.log(JSON.stringify({ API_KEY: '${MARK}', PORT: 1 }))`))).toBe(print(MARK));
    expect(await read({ exec: { command: ['echo', '{"API_KEY":true,"OTHER":null}'] } })).toBe(print('true'));
    expect(await read({ exec: { command: ['echo', '{"API_KEY":true,"OTHER":null}'], key: 'OTHER' } })).toBeNull();
  });
  test('no shell stands between: an argument is what it is', async () => {
    expect(await read({ exec: { command: ['echo', '{"API_KEY":"$HOME; echo"}'] } })).toBe(print('$HOME; echo'));
  });
  test('runs once for all secrets of one look', async () => {
    const counter = join(root, 'counter');
    const source = node(`require('fs').appendFileSync(${JSON.stringify(counter)}, 'x'); console.log('{"A":"1","B":"2"}')`);
    const round: SecretScene['round'] = new Map();
    expect(await Promise.all(['A', 'B'].map((name) => read(source, {}, { round }, name)))).toEqual([print('1'), print('2')]);
    expect(statSync(counter).size).toBe(1);
  });
  test.each([
    {
      what: 'is not there',
      source: { exec: { command: ['no-such-program-here'] } },
      says: /^SECRET_SOURCE_FAILED no-such-program-here cannot be started \(ENOENT\)/,
    },
    {
      what: 'fails, and says the value on both its outputs',
      source: node(`console.log('${MARK}'); console.error('${MARK}'); process.exit(3)`),
      says: /^SECRET_SOURCE_FAILED .* ended with 3$/,
    },
    { what: 'prints rubbish', source: node(`console.log('${MARK} {')`), says: /^SECRET_SOURCE_RUBBISH .* printed no JSON object/ },
    { what: 'prints a list', source: node(`console.log('["${MARK}"]')`), says: /^SECRET_SOURCE_RUBBISH/ },
    { what: 'prints an object in an object', source: node(`console.log('{"API_KEY":{"a":"${MARK}"}}')`), says: /^SECRET_SOURCE_RUBBISH/ },
    {
      what: 'prints without end',
      source: node(`setInterval(() => process.stdout.write('${MARK}'.repeat(10_000)), 0)`),
      says: /^SECRET_SOURCE_RUBBISH .* more than a megabyte/,
    },
    { what: 'is killed', source: node(`process.kill(process.pid, 'SIGKILL')`), says: /^SECRET_SOURCE_FAILED .* ended with a signal/ },
  ])('that $what, is a named fault', async ({ source, says }) => {
    expect(await read(source)).toMatch(says);
  });
  test('that hangs ends at its deadline, with all that it started', async () => {
    const child = join(root, 'alive');
    const script = `require('child_process').spawn(process.execPath, ['-e', "setInterval(() => require('fs').writeFileSync('${child}', String(Date.now())), 20)"], { stdio: 'inherit' }); setInterval(() => {}, 1000)`;
    const source: SecretSource = { exec: { command: [process.execPath, '-e', script], timeout: ms(1_500) } };
    expect(await read(source)).toMatch(/^SECRET_SOURCE_HANGS .* did not end within 1.5 s/);
    const last = await settledSize(child);
    expect(await settledSize(child)).toBe(last);
  });
  /** What the file says once a moment has passed. */
  async function settledSize(path: string): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, 120));
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  }
});
describe('value, pushed, neon', () => {
  test('what is written in git, and what came with a request: that counts before any source', async () => {
    expect(await read({ value: 'backend.internal:50051' })).toBe(print('backend.internal:50051'));
    expect(await read({ pushed: {} })).toBeNull();
    const given = new Map([['API_KEY', new SecretValue(MARK)]]);
    expect(await read({ pushed: {} }, {}, { given })).toBe(print(MARK));
    expect(await read({ env: 'API_KEY' }, { STAGING_API_KEY: 'old' }, { given })).toBe(print(MARK));
    expect(await read({ neon: {} })).toMatch(/^SECRET_SOURCE_FAILED API_KEY: connection strings of Neon/);
  });
});
describe('the state key', () => {
  test('is configured, or made once for its owner alone', async () => {
    expect((await loadStateKey('configured key 123', root)).file).toBeNull();
    const folder = join(root, 'state');
    const [one, two] = await Promise.all([loadStateKey(null, folder), loadStateKey(null, folder)]);
    expect(one.key.id).toBe(two.key.id);
    expect(statSync(join(folder, 'state.key')).mode & 0o777).toBe(0o600);
    expect((await loadStateKey(null, join(root, 'other'))).key.id).not.toBe(one.key.id);
    chmodSync(join(folder, 'state.key'), 0o600);
  });
});
describe('a value', () => {
  const value = new SecretValue(MARK);
  test.each([
    { by: 'template', text: `${value}` },
    { by: 'String', text: String(value) },
    { by: 'addition', text: '' + value },
    { by: 'JSON', text: JSON.stringify({ value, list: [value] }) },
    { by: 'inspect', text: inspect({ value, map: new Map([['a', value]]) }, { depth: 9, showHidden: true }) },
    { by: 'cloning', text: inspect(structuredClone({ value })) },
    { by: 'its keys', text: JSON.stringify(Object.entries(value)) },
    { by: 'spreading', text: JSON.stringify({ ...value }) },
    { by: 'an error', text: String(new Error('x', { cause: value }).cause) },
  ])('does not come out by $by', ({ text }) => {
    expect(text).not.toContain(MARK);
  });
  test('has another fingerprint in every place, and with every key', () => {
    const prints = [
      value.fingerprint(KEY, 'a'),
      value.fingerprint(KEY, 'b'),
      value.fingerprint(new StateKey('other'), 'a'),
      new SecretValue('x').fingerprint(KEY, 'a'),
    ];
    expect(new Set(prints).size).toBe(4);
    expect(value.fingerprint(KEY, 'a')).toBe(new SecretValue(MARK).fingerprint(KEY, 'a'));
    expect(inspect(KEY)).not.toContain('origins');
  });
});
