/** The compatibility contract: what a fly.toml becomes, section by section. Expectations were compared with the platform's own client, 2026-08. */
import { describe, expect, test } from 'vitest';
import { type FlyConfig, readFlyConfig } from '#domain/compile-config.ts';
import type { MachineConfig } from '#domain/machine-config.ts';

const FILES: Readonly<Record<string, string>> = { 'infra/conf.txt': 'hello\n', 'root.txt': 'root' };
const read = (text: string) => readFlyConfig('infra/fly.toml', text, (path) => FILES[path] ?? null);
function configOf(text: string): FlyConfig {
  const { config, problems } = read(text);
  if (config === null) throw new Error(JSON.stringify(problems));
  return config;
}
function group(text: string, name = 'app'): MachineConfig {
  const found = configOf(text).groups.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no group ${name}`);
  return found.config;
}

test('an empty file is one group named app, with the words every machine carries', () => {
  expect(configOf('').groups).toEqual([
    {
      name: 'app',
      config: { init: {}, env: { FLY_PROCESS_GROUP: 'app' }, metadata: { fly_platform_version: 'v2', fly_process_group: 'app' } },
      guestStated: false,
      stated: [],
      mount: null,
    },
  ]);
});

const SERVICE = '[[services]]\ninternal_port = 80\n';
const HTTP = '[http_service]\ninternal_port = 3000\n';
describe('each section becomes its part of the config', () => {
  test.each<{ readonly situation: string; readonly toml: string; readonly expected: object }>([
    {
      situation: 'kill_signal and kill_timeout in seconds',
      toml: 'kill_signal = "SIGTERM"\nkill_timeout = 300',
      expected: { stop_config: { signal: 'SIGTERM', timeout: '5m0s' } },
    },
    { situation: 'kill_timeout as text', toml: 'kill_timeout = "90s"', expected: { stop_config: { timeout: '1m30s' } } },
    { situation: 'kill_timeout of old', toml: '[experimental]\nkill_timeout = 7', expected: { stop_config: { timeout: '7s' } } },
    { situation: 'swap', toml: 'swap_size_mb = 512', expected: { init: { swap_size_mb: 512 } } },
    { situation: 'no swap, said', toml: 'swap_size_mb = 0', expected: { init: { swap_size_mb: 0 } } },
    {
      situation: 'env of every type',
      toml: '[env]\nA = 1\nB = 1.5\nC = true\nD = "d"\nE = 1000000.0\nF = 1979-05-27',
      expected: { env: { A: '1', B: '1.5', C: 'true', D: 'd', E: '1e+06', F: '1979-05-27' } },
    },
    { situation: 'env as a list', toml: '[[env]]\nA = 1\n[[env]]\nA = "2"\nB = "b"', expected: { env: { A: '2', B: 'b' } } },
    {
      situation: 'PRIMARY_REGION over env',
      toml: 'primary_region = "nrt"\n[env]\nPRIMARY_REGION = "x"',
      expected: { env: { PRIMARY_REGION: 'nrt' } },
    },
    {
      situation: 'experimental commands',
      toml: '[experimental]\ncmd = "run me"\nentrypoint = ["a", "b"]\nexec = "x"',
      expected: { init: { cmd: ['run me'], entrypoint: ['a', 'b'], exec: ['x'] } },
    },
    {
      situation: 'statics',
      toml: '[[statics]]\nguest_path = "/a"\nurl_prefix = "/b"',
      expected: { statics: [{ guest_path: '/a', url_prefix: '/b', tigris_bucket: '', index_document: '' }] },
    },
    {
      situation: 'files',
      toml: '[[files]]\nguest_path = "/a"\nraw_value = "x"\n[[files]]\nguest_path = "/s"\nsecret_name = "S"',
      expected: {
        files: [
          { guest_path: '/a', raw_value: 'eA==' },
          { guest_path: '/s', secret_name: 'S' },
        ],
      },
    },
    {
      situation: 'a local file beside the fly.toml',
      toml: '[[files]]\nguest_path = "/a"\nlocal_path = "./conf.txt"',
      expected: { files: [{ guest_path: '/a', raw_value: 'aGVsbG8K' }] },
    },
    {
      situation: 'a local file at the root',
      toml: '[[files]]\nguest_path = "/a"\nlocal_path = "root.txt"',
      expected: { files: [{ guest_path: '/a', raw_value: 'cm9vdA==' }] },
    },
    {
      situation: 'the later file of one path',
      toml: '[[files]]\nguest_path = "/a"\nraw_value = "x"\n[[files]]\nguest_path = "/a"\nraw_value = "y"',
      expected: { files: [{ guest_path: '/a', raw_value: 'eQ==' }] },
    },
    {
      situation: 'mounts as a table',
      toml: '[mounts]\nsource = "d"\ndestination = "/d"\ninitial_size = 3',
      expected: { mounts: [{ name: 'd', path: '/d' }] },
    },
    {
      situation: 'mounts that grow',
      toml: '[[mounts]]\nsource = "d"\ndestination = "/d"\nauto_extend_size_threshold = 80\nauto_extend_size_increment = "1GB"\nauto_extend_size_limit = "5.5 GB"',
      expected: { mounts: [{ name: 'd', path: '/d', extend_threshold_percent: 80, add_size_gb: 1, size_gb_limit: 5 }] },
    },
    { situation: 'metrics', toml: '[metrics]\nport = 9091\npath = "/m"', expected: { metrics: { port: 9091, path: '/m' } } },
    {
      situation: 'metrics of old',
      toml: '[experimental]\nmetrics_port = 9091\nmetrics_path = "/m"',
      expected: { metrics: { port: 9091, path: '/m' } },
    },
    { situation: 'restart never', toml: '[[restart]]\npolicy = "never"', expected: { restart: { policy: 'no' } } },
    {
      situation: 'the last restart',
      toml: '[[restart]]\npolicy = "always"\n[[restart]]\npolicy = "on-failure"\nretries = 3',
      expected: { restart: { policy: 'on-failure', max_retries: 3 } },
    },
    {
      situation: 'a check of its own',
      toml: '[checks.up]\ntype = "http"\nport = 9\nmethod = "get"\npath = "/up"\ninterval = 30000\ntimeout = 1500\nheaders = { b = 1, a = "2" }',
      expected: {
        checks: {
          up: {
            type: 'http',
            port: 9,
            method: 'GET',
            path: '/up',
            interval: '30s',
            timeout: '1.5s',
            headers: [
              { name: 'a', values: ['2'] },
              { name: 'b', values: ['1'] },
            ],
          },
        },
      },
    },
    {
      situation: 'a check at the port of the HTTP service',
      toml: `${HTTP}[checks.up]\ntype = "tcp"`,
      expected: { checks: { up: { type: 'tcp', port: 3000 } } },
    },
    {
      situation: 'checks as a list',
      toml: '[[checks]]\nname = "pg"\ntype = "tcp"\nport = 5500',
      expected: { checks: { pg: { type: 'tcp', port: 5500 } } },
    },
  ])('$situation', ({ toml, expected }) => {
    expect(group(toml)).toMatchObject(expected);
  });
});

describe('services', () => {
  const service = (toml: string, at = 0): unknown => group(toml).services?.[at];
  test('the HTTP service stands first, on 80 and 443', () => {
    const toml = `${SERVICE}protocol = "udp"\n${HTTP}force_https = true\n[http_service.http_options]\ncompress = true\n[http_service.tls_options]\nalpn = ["h2"]\n`;
    expect(group(toml).services).toEqual([
      {
        protocol: 'tcp',
        internal_port: 3000,
        ports: [
          { port: 80, handlers: ['http'], force_https: true, http_options: { compress: true } },
          { port: 443, handlers: ['http', 'tls'], http_options: { compress: true }, tls_options: { alpn: ['h2'] } },
        ],
        force_instance_key: null,
      },
      { protocol: 'udp', internal_port: 80, force_instance_key: null },
    ]);
  });
  test.each<{ readonly situation: string; readonly toml: string; readonly expected: object }>([
    {
      situation: 'autostop by word',
      toml: `${HTTP}auto_stop_machines = "suspend"\nauto_start_machines = false\nmin_machines_running = 0`,
      expected: { autostop: 'suspend', autostart: false, min_machines_running: 0 },
    },
    { situation: 'autostop "stop"', toml: `${HTTP}auto_stop_machines = "stop"`, expected: { autostop: true } },
    { situation: 'autostop "off"', toml: `${HTTP}auto_stop_machines = "off"`, expected: { autostop: false } },
    { situation: 'autostop by switch', toml: `${HTTP}auto_stop_machines = true`, expected: { autostop: true } },
    {
      situation: 'concurrency of old',
      toml: `${SERVICE}concurrency = "20,25"`,
      expected: { concurrency: { type: 'requests', soft_limit: 20, hard_limit: 25 } },
    },
    {
      situation: 'ports as text',
      toml: '[[services]]\ninternal_port = "8080"\n[services.ports]\nport = "443"\nhandlers = ["tls"]',
      expected: { internal_port: 8080, ports: [{ port: 443, handlers: ['tls'] }] },
    },
    {
      situation: 'a range of ports',
      toml: `${SERVICE}[[services.ports]]\nstart_port = 1\nend_port = 9\n[services.ports.proxy_proto_options]\nversion = "v2"`,
      expected: { ports: [{ start_port: 1, end_port: 9, proxy_proto_options: { version: 'v2' } }] },
    },
    {
      situation: 'headers of answers',
      toml: `${SERVICE}[[services.ports]]\nport = 80\n[services.ports.http_options.response.headers]\nX = ["a"]\nY = false`,
      expected: { ports: [{ port: 80, http_options: { response: { headers: { X: ['a'], Y: false } } } }] },
    },
    {
      situation: 'TCP checks before HTTP checks, numbers in milliseconds',
      toml: `${SERVICE}[[services.http_checks]]\ninterval = 10000\nmethod = "get"\n[[services.tcp_checks]]\ntimeout = "2s"\ngrace_period = 500`,
      expected: {
        checks: [
          { type: 'tcp', timeout: '2s', grace_period: '500ms' },
          { type: 'http', interval: '10s', method: 'get' },
        ],
      },
    },
    {
      situation: 'checks of the HTTP service, numbers in nanoseconds',
      toml: `${HTTP}[[http_service.checks]]\ninterval = 15000\ntimeout = "1h2m3.5s"`,
      expected: { checks: [{ type: 'http', interval: '15µs', timeout: '1h2m3.5s' }] },
    },
    {
      situation: 'headers of checks as a list',
      toml: `${SERVICE}[[services.http_checks]]\nheaders = [{ name = "X", value = 1 }, { name = "Y" }]`,
      expected: {
        checks: [
          {
            type: 'http',
            headers: [
              { name: 'X', values: ['1'] },
              { name: 'Y', values: [''] },
            ],
          },
        ],
      },
    },
  ])('$situation', ({ toml, expected }) => {
    expect(service(toml)).toMatchObject(expected);
  });
  test('an empty section is no service', () => {
    expect(group('[[services]]\n').services).toBeUndefined();
  });
});

describe('sizes', () => {
  test.each([
    { situation: 'nothing but a section', toml: '[[vm]]', expected: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 } },
    { situation: 'a size', toml: '[[vm]]\nsize = "performance-2x"', expected: { cpu_kind: 'performance', cpus: 2, memory_mb: 4096 } },
    {
      situation: 'memory over size',
      toml: '[[vm]]\nsize = "shared-cpu-1x"\nmemory = "2gb"',
      expected: { cpu_kind: 'shared', cpus: 1, memory_mb: 2048 },
    },
    { situation: 'a bare number is megabytes', toml: '[vm]\nmemory = 512', expected: { cpu_kind: 'shared', cpus: 1, memory_mb: 512 } },
    {
      situation: 'single values over both',
      toml: '[[vm]]\nmemory = "1 GiB"\ncpus = 4\ncpu_kind = "performance"\nmemory_mb = 8192',
      expected: { cpu_kind: 'performance', cpus: 4, memory_mb: 8192 },
    },
    {
      situation: 'the old name of the section',
      toml: '[[compute]]\nsize = "shared-cpu-2x"',
      expected: { cpu_kind: 'shared', cpus: 2, memory_mb: 512 },
    },
    {
      situation: 'a dedicated host',
      toml: 'host_dedication_id = "h"\n[[vm]]',
      expected: { cpu_kind: 'shared', cpus: 1, memory_mb: 256, host_dedication_id: 'h' },
    },
  ])('$situation', ({ toml, expected }) => {
    expect(group(toml).guest).toEqual(expected);
  });
  test('without a section the live guest is left alone', () => {
    expect(configOf('').groups[0]).toMatchObject({ guestStated: false });
    expect(group('')).not.toHaveProperty('guest');
  });
});

describe('process groups', () => {
  const TWO = '[processes]\nweb = "run web"\napp = ""\n';
  test('sections without processes belong to app where there is one', () => {
    const toml = `${TWO}[mounts]\nsource = "d"\ndestination = "/d"\n[[restart]]\npolicy = "always"\n[checks.x]\ntype = "tcp"\nport = 1\n`;
    expect(group(toml)).toMatchObject({ restart: { policy: 'always' }, mounts: [{ name: 'd' }], checks: { x: { port: 1 } } });
    expect(group(toml, 'web')).not.toMatchObject({ restart: {} });
    expect(group(toml, 'web')).not.toHaveProperty('mounts');
  });
  test('otherwise they belong to the first one by name', () => {
    const toml = '[processes]\nworker = "w"\nbot = "b"\n[[restart]]\npolicy = "always"\n';
    expect(group(toml, 'bot')).toHaveProperty('restart');
    expect(group(toml, 'worker')).not.toHaveProperty('restart');
  });
  test('a section goes to every group it names', () => {
    const toml = `${TWO}[http_service]\ninternal_port = 1\nprocesses = ["web"]\n[[metrics]]\nport = 2\nprocesses = ["app", "web"]\n`;
    expect(group(toml)).not.toHaveProperty('services');
    expect(group(toml, 'web').services).toHaveLength(1);
    expect([group(toml).metrics, group(toml, 'web').metrics]).toEqual([{ port: 2 }, { port: 2 }]);
  });
  test('sizes without processes are for all groups, and a named one wins', () => {
    const toml = `${TWO}[[vm]]\nsize = "shared-cpu-1x"\n[[vm]]\nsize = "shared-cpu-2x"\nprocesses = ["web"]\n`;
    expect([group(toml).guest?.cpus, group(toml, 'web').guest?.cpus]).toEqual([1, 2]);
  });
  test('every group gets env, statics and every file', () => {
    const toml = `${TWO}[env]\nA = "a"\n[[statics]]\nguest_path = "/a"\nurl_prefix = "/b"\n[[files]]\nguest_path = "/f"\nraw_value = "f"\nprocesses = ["web"]\n`;
    for (const name of ['app', 'web']) {
      expect(group(toml, name)).toMatchObject({ env: { A: 'a', FLY_PROCESS_GROUP: name }, metadata: { fly_process_group: name } });
      expect([group(toml, name).statics, group(toml, name).files]).toMatchObject([[{}], [{}]]);
    }
  });
  test('a command is split as a shell does, and only an empty one falls back', () => {
    const toml = `[processes]\na = '''sh -c "echo \\"hi\\" 'x'" y\\ z "" q#r # s'''\nb = ""\n[experimental]\ncmd = ["c"]\n`;
    expect(group(toml, 'a').init?.cmd).toEqual(['sh', '-c', `echo "hi" 'x'`, 'y z', '', 'q#r']);
    expect(group(toml, 'b').init?.cmd).toEqual(['c']);
  });
  test('processes of old', () => {
    const toml = '[[processes]]\nname = "a"\ncommand = "x y"\n[[processes]]\nname = "b"\n';
    expect([group(toml, 'a').init, group(toml, 'b').init]).toEqual([{ cmd: ['x', 'y'] }, {}]);
  });
});

test('a raw machine config stands under the rest, and states what it names', () => {
  const toml = `machine_config = '{"schedule":"daily","init":{"tty":true,"cmd":["x"]},"guest":{"cpus":2},"env":{"A":"b"},"metadata":{"m":"n"}}'\n[env]\nB = "c"\n`;
  const [found] = configOf(toml).groups;
  expect(found).toMatchObject({ guestStated: true, stated: ['init', 'schedule'] });
  expect(found?.config).toEqual({
    schedule: 'daily',
    init: { tty: true },
    guest: { cpus: 2 },
    env: { B: 'c', FLY_PROCESS_GROUP: 'app' },
    metadata: { m: 'n', fly_platform_version: 'v2', fly_process_group: 'app' },
  });
});
test('the definition of a release is the file as JSON, in today’s shape', () => {
  const toml = `app = "a"\n[build]\nimage = "x:1"\nbuild_target = "t"\n[mount]\nsource = "d"\ndestination = "/d"\n[deploy]\nwait_timeout = "90s"\n${SERVICE}`;
  const { definition, image, deploy } = configOf(toml);
  expect(definition).toEqual({
    app: 'a',
    build: { image: 'x:1', 'build-target': 't' },
    mounts: [{ source: 'd', destination: '/d' }],
    deploy: { wait_timeout: '1m30s' },
    services: [{ internal_port: 80 }],
  });
  expect({ image, deploy }).toEqual({ image: 'x:1', deploy: { waitTimeout: 90_000 } });
});
