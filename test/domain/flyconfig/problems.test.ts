import fc from 'fast-check';
import { stringify } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { readFlyConfig } from '#domain/compile-config.ts';
import { shellWords } from '#domain/flyconfig/shell-words.ts';
import { memoryMb, volumeGb } from '#domain/flyconfig/size.ts';
import { readToml } from '#domain/flyconfig/toml.ts';
import { told } from '#test/support/desired.ts';

const read = (text: string) => readFlyConfig('fly.toml', text, () => null);

describe('what the CLI refuses is refused, with its place', () => {
  test.each([
    ['broken TOML', 'app = x', 'fly.toml:1:7 toml-syntax'],
    ['a key stated twice', '[env]\nA = 1\nA = 2', 'fly.toml:3:1 toml-syntax'],
    ['a wrong type', 'app = 1', 'fly.toml:1:7 wrong-type'],
    ['a section of a wrong form', '[[http_service]]\ninternal_port = 1', 'fly.toml:1:1 wrong-type'],
    ['a port that is no number', '[[services]]\ninternal_port = "abc"', 'fly.toml:2:17 wrong-type'],
    ['an unknown autostop', '[http_service]\nauto_stop_machines = "maybe"', 'fly.toml:2:22 invalid-value'],
    ['a duration that is none', 'kill_timeout = "5 min"', 'fly.toml:1:16 invalid-value'],
    ['an unknown size', '[[vm]]\nsize = "performance-3x"', 'fly.toml:2:8 unknown-size'],
    ['no memory', '[[vm]]\nmemory = "0"', 'fly.toml:2:10 invalid-value'],
    ['an unknown restart policy', '[[restart]]\npolicy = "sometimes"', 'fly.toml:2:10 invalid-value'],
    ['an unknown strategy', '[deploy]\nstrategy = "careful"', 'fly.toml:2:12 invalid-value'],
    ['canary with mounts', '[deploy]\nstrategy = "canary"\n[mounts]\nsource = "d"', 'fly.toml:2:12 invalid-value'],
    ['a check without a type', '[checks.x]\nport = 1', 'fly.toml:1:1 missing-key'],
    ['a check without a port', '[checks.x]\ntype = "tcp"', 'fly.toml:1:1 missing-key'],
    ['a check that runs too often', '[checks.x]\ntype = "tcp"\nport = 1\ninterval = "1s"', 'fly.toml:4:12 invalid-value'],
    ['a check that waits too long', '[checks.x]\ntype = "tcp"\nport = 1\ntimeout = "61s"', 'fly.toml:4:11 invalid-value'],
    ['a service without processes', '[processes]\na = "x"\n[[services]]\ninternal_port = 1', 'fly.toml:3:1 service-without-processes'],
    ['a service of an unknown group', '[processes]\na = "x"\n[http_service]\nprocesses = ["b"]', 'fly.toml:4:14 unknown-group'],
    ['two mounts in one group', '[[mounts]]\nsource = "a"\n[[mounts]]\nsource = "b"', 'fly.toml:3:1 second-mount'],
    [
      'a threshold out of range',
      '[mounts]\nauto_extend_size_threshold = 40\nauto_extend_size_increment = "1GB"',
      'fly.toml:2:30 invalid-value',
    ],
    ['too many days of snapshots', '[mounts]\nsnapshot_retention = 61', 'fly.toml:2:22 invalid-value'],
    ['a volume below a gigabyte', '[mounts]\ninitial_size = "15Mb"', 'fly.toml:2:16 invalid-value'],
    ['a command with an open quote', '[processes]\na = "x \'y"', 'fly.toml:2:5 invalid-value'],
    ['a release command with an open quote', '[deploy]\nrelease_command = "x \'y"', 'fly.toml:2:19 invalid-value'],
    ['a local file that is not there', '[[files]]\nguest_path = "/a"\nlocal_path = "b"', 'fly.toml:3:14 config-missing'],
    ['a machine config that is none', 'machine_config = "nope"', 'fly.toml:1:18 config-missing'],
    ['a machine config that is no JSON', "machine_config = '{x'", 'fly.toml:1:18 invalid-value'],
  ])('%s', (_, text, expected) => {
    const { config, problems } = read(text);
    expect(config).toBeNull();
    expect(problems.map(told)).toContain(expected);
    for (const { remedy, message } of problems) expect([remedy, message]).not.toContain('');
  });
  test('all problems come at once', () => {
    const { problems } = read('app = 1\nkill_timeout = "x"\n[[vm]]\nmemory = "lots"\n');
    expect(problems.map(told)).toEqual(['fly.toml:1:7 wrong-type', 'fly.toml:2:16 invalid-value', 'fly.toml:4:10 invalid-value']);
  });
});

describe('what is left out or done otherwise is a warning', () => {
  test.each([
    ['an unknown section', '[bar]\nx = 1', 'fly.toml:1:1 unknown-key'],
    ['an unknown key', 'foo = 1', 'fly.toml:1:1 unknown-key'],
    ['an unknown key of a table of old', '[mount]\nsource = "a"\nbar = 2', 'fly.toml:3:1 unknown-key'],
    ['an unknown key in a list', '[http_service]\ninternal_port = 1\n[[http_service.checks]]\nwat = 1', 'fly.toml:4:1 unknown-key'],
    ['an unknown key of an inline table', 'services = [{ internal_port = 1, zip = 2 }]', 'fly.toml:1:34 unknown-key'],
    ['containers of a compose file', '[build.compose]\nfile = "c.yml"', 'fly.toml:1:1 not-supported'],
    ['machine checks', '[[http_service.machine_checks]]\ncommand = ["x"]', 'fly.toml:1:1 not-supported'],
    ['a GPU', '[[vm]]\nsize = "a10"', 'fly.toml:1:1 not-supported'],
    ['bluegreen', '[deploy]\nstrategy = "bluegreen"', 'fly.toml:2:12 not-supported'],
    ['a bare number that counts nanoseconds', '[http_service]\n[[http_service.checks]]\ninterval = 15000', 'fly.toml:3:12 bare-duration'],
    ['a check the platform slows down', '[http_service]\n[[http_service.checks]]\ninterval = "500ms"', 'fly.toml:3:12 raised'],
    ['a group that does not exist', '[[vm]]\nprocesses = ["x"]', 'fly.toml:2:14 unknown-group'],
    ['a secret in env', '[env]\nAPI_TOKEN = "abcdef123456"', 'fly.toml:2:13 secret-in-git'],
    ['a service without ports', '[[services]]\ninternal_port = 1', 'fly.toml:1:1 service-without-ports'],
  ])('%s', (_, text, expected) => {
    const { config, warnings } = read(text);
    expect(config).not.toBeNull();
    expect(warnings.map(told)).toContain(expected);
  });
  test('a key in other letters counts, and is told', () => {
    const { config, warnings } = read('PRIMARY_REGION = "nrt"\n');
    expect(config?.primaryRegion).toBe('nrt');
    expect(warnings.map(told)).toEqual(['fly.toml:1:1 unknown-key']);
  });
  test('no message repeats a value that may be secret', () => {
    const { warnings, problems } = read('[env]\nAPI_TOKEN = "abcdef123456"\n[processes]\na = 1\n');
    expect(JSON.stringify([warnings, problems])).not.toContain('abcdef');
  });
});

test('the same in JSON and in YAML', () => {
  const toml = read('primary_region = "nrt"\nkill_timeout = 5\n[env]\nA = 1\n[http_service]\ninternal_port = 80\n').config;
  const yaml = 'primary_region: nrt\nkill_timeout: 5\nenv: { A: 1, B: null }\nhttp_service: { internal_port: 80 }\n';
  const json = '{"primary_region":"nrt","kill_timeout":5,"env":{"A":1},"http_service":{"internal_port":80}}';
  expect(readFlyConfig('fly.yaml', yaml, () => null).config).toEqual(toml);
  expect(readFlyConfig('fly.json', json, () => null).config).toEqual(toml);
  expect(readFlyConfig('fly.json', '{"app":\n 1}', () => null).problems.map(told)).toEqual(['fly.json:2:2 wrong-type']);
  expect(readFlyConfig('fly.yaml', '- a', () => null).problems.map(told)).toEqual(['fly.yaml:1:1 wrong-type']);
});
test('no text makes the reader throw', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('[', ']', '[[vm]]', '\n', '=', '"', "'''", 'app = ', '{', '}', 'services', '1', ',', '#'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.constantFrom('fly.toml', 'fly.json', 'fly.yaml'), (pieces, file) => {
      const { config, problems } = readFlyConfig(file, pieces.join(''), () => null);
      expect(config === null).toBe(problems.length > 0);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['a b', ['a', 'b']],
  ['  ', []],
  [`"a b" 'c "d"' e\\ f`, ['a b', 'c "d"', 'e f']],
  ['a"b"c', ['abc']],
  [`"\\"" ''`, ['"', '']],
  ['a # rest\nb', ['a', 'b']],
  ['a#b', ['a#b']],
])('%s is split into words', (line, words) => {
  expect(shellWords(line)).toEqual({ ok: true, value: words });
});
test.each([`'a`, '"a', 'a\\'])('%s is no command', (line) => {
  expect(shellWords(line).ok).toBe(false);
});
test.each([
  ['512', 512, 512],
  ['512mb', 512, 0],
  ['2gb', 2048, 2],
  ['1 GiB', 1024, 1],
  ['1.5g', 1536, 1],
  ['x', null, null],
  ['1xb', null, null],
  ['', null, null],
])('%s is memory of %s MB and a volume of %s GB', (text, memory, volume) => {
  expect([memoryMb(text), volumeGb(text)]).toEqual([memory, volume]);
});

test('every key of every TOML text has its place', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '_'), minLength: 1, maxLength: 3 });
  const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.string({ maxLength: 12 }), fc.array(fc.string({ maxLength: 4 }), { maxLength: 3 }));
  const table = fc.dictionary(name, leaf, { minKeys: 1, maxKeys: 4, noNullPrototype: true });
  const tree = fc.dictionary(name, fc.oneof(leaf, table, fc.array(table, { minLength: 1, maxLength: 3 })), {
    maxKeys: 4,
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(tree, (value) => {
      const text = stringify(value);
      const lines = text.split('\n');
      const { locate } = readToml('fly.toml', text);
      for (const [key, inner] of Object.entries(value)) {
        const path = Array.isArray(inner) && typeof inner[0] === 'object' ? [key, inner.length - 1] : [key];
        const last: unknown = Array.isArray(inner) && typeof inner[0] === 'object' ? inner.at(-1) : inner;
        const keys = typeof last === 'object' && last !== null && !Array.isArray(last) ? Object.keys(last) : [];
        for (const field of keys) {
          const { line, column } = locate([...path, field], 'key');
          expect(lines[line - 1]?.slice(column - 1)).toMatch(new RegExp(`^${field}\\s*=`));
        }
        const { line } = locate(path, 'key');
        expect(lines[line - 1]).toMatch(new RegExp(`^\\[*${key}\\b`));
      }
    }),
  );
});
