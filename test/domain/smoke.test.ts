/** The grammar of smoke checks: every line of it, what it comes to, and what is refused. */
import { describe, expect, test } from 'vitest';
import { interpolate } from '#domain/desired-lookup.ts';
import { parseHostPort, whyNoSmoke } from '#domain/smoke.ts';
import { type Exchange, judgeHttp, judgeLatency, judgeQuery, leadsTo, targetOfRedirect } from '#domain/smoke-judge.ts';
import { instant, ms } from '#domain/units.ts';
import { checkFrom, checkProblems, checkProblemTexts, checksFrom, DATABASE } from '#test/support/checks.ts';
import { compileTexts, ENVIRONMENT } from '#test/support/desired.ts';

const HTTP = { status: null, header: {}, body: null, json: {}, redirect: null, tlsDaysLeft: null };
const http = (expectation: object, url = 'https://a.test/x') => ({ probe: { kind: 'http', url, expect: { ...HTTP, ...expectation } } });

describe('every line of the grammar', () => {
  test.each([
    ['an address', '- http: https://a.test/x', http({})],
    ['doubled slashes of a path', '- http: https://a.test//x', http({})],
    ['a status', '- { http: https://a.test/x, expect: { status: 404 } }', http({ status: 404 })],
    ['a header', '- { http: https://a.test/x, expect: { header: { X-A: b } } }', http({ header: { 'X-A': 'b' } })],
    ['a body', '- { http: https://a.test/x, expect: { body: hello } }', http({ body: 'hello' })],
    ['JSON', '- { http: https://a.test/x, expect: { json: { /a/0: [1] } } }', http({ json: { '/a/0': [1] } })],
    ['a redirect', '- { http: https://a.test/x, expect: { redirect: /in } }', http({ redirect: { kind: 'to', to: '/in', query: {} } })],
    [
      'a redirect with parameters',
      '- { http: https://a.test/x, expect: { redirect: { to: /in, query: { a: b } } } }',
      http({ redirect: { kind: 'to', to: '/in', query: { a: 'b' } } }),
    ],
    [
      'a redirect to an issuer',
      '- { http: https://a.test/x, expect: { redirect: { issuer: "https://i.test/" } } }',
      http({ redirect: { kind: 'issuer', to: 'https://i.test/', query: {} } }),
    ],
    ['days of a certificate', '- { http: https://a.test/x, expect: { tlsDaysLeft: 7 } }', http({ tlsDaysLeft: 7 })],
    ['a latency', '- { http: https://a.test/x, expect: { latency: 2s } }', { ...http({}), latency: 2_000 }],
    ['a port', '- tcp: db.test:5432', { probe: { kind: 'tcp', host: 'db.test', port: 5_432 } }],
    ['a port of an IPv6 address', '- tcp: "[fdaa::3]:22"', { probe: { kind: 'tcp', host: 'fdaa::3', port: 22 } }],
    ['gRPC', '- grpc: b.internal:50051', { probe: { kind: 'grpc', host: 'b.internal', port: 50_051, service: '', tls: false } }],
    [
      'gRPC of a service over TLS',
      '- grpc: { address: "b.test:443", service: a.B, tls: true }',
      { probe: { kind: 'grpc', host: 'b.test', port: 443, service: 'a.B', tls: true } },
    ],
    ['a statement', '- sql: select 1', { probe: { kind: 'sql', statement: 'select 1', value: null } }],
    ['a value', '- { sql: select 1, expect: { value: 1 } }', { probe: { kind: 'sql', statement: 'select 1', value: '1' } }],
    [
      'a command',
      '- exec: { app: web, command: [bin/check, -v] }',
      { from: 'acme-web', probe: { kind: 'exec', command: ['bin/check', '-v'], exitCode: 0, output: null } },
    ],
    [
      'how a command ends, and what it says',
      '- { exec: { app: web, command: [x] }, expect: { exitCode: 3, output: fine } }',
      { probe: { kind: 'exec', command: ['x'], exitCode: 3, output: 'fine' } },
    ],
    ['from the controller', '- { tcp: a.test:1, from: controller }', { from: null }],
    ['from inside an app', '- { tcp: a.test:1, from: { app: web } }', { from: 'acme-web', skip: null }],
    ['from inside an app that is excluded', '- { tcp: a.test:1, from: { app: idle } }', { skip: 'idle is excluded' }],
    ['defaults', '- tcp: a.test:1', { name: 'tcp a.test:1', from: null, latency: null, retries: 3, deadline: 30_000, skip: null }],
    ['a name, retries and a deadline', '- { name: n, tcp: a.test:1, retries: 0, timeout: 5s }', { name: 'n', retries: 0, deadline: 5_000 }],
  ])('%s', (_, text, expected) => {
    expect(checkFrom(text, DATABASE)).toMatchObject(expected);
  });
  test('a check that requires a variable is skipped while it is unset, whatever its address then is', () => {
    expect(checksFrom(`- { tcp: "\${NOWHERE:-}", requires: [NOWHERE] }`)[0]?.skip).toBe('NOWHERE is unset');
    const text = `- { http: "\${ISSUER:-}/x", requires: [ISSUER, CLIENT] }`;
    expect(checksFrom(text)[0]?.skip).toBe('ISSUER, CLIENT are unset');
    expect(checksFrom(text, '', { ISSUER: 'https://i.test' })[0]?.skip).toBe('CLIENT is unset');
    expect(checksFrom(text, '', { ISSUER: 'https://i.test', CLIENT: 'c' })[0]).toMatchObject({
      skip: null,
      ...http({}, 'https://i.test/x'),
    });
  });
});

describe('what is refused, with its place', () => {
  test.each([
    ['two kinds at once', '- { http: https://a.test, tcp: a.test:1 }', '1:3 invalid-value'],
    ['no kind', '- { name: x }', '1:3 invalid-value'],
    ['an unknown key', '- { htpp: https://a.test }', '1:5 unknown-key'],
    ['an unknown expectation', '- { tcp: a.test:1, expect: { stauts: 200 } }', '1:30 unknown-key'],
    ['a status of no kind', '- { http: https://a.test, expect: { status: 99 } }', '1:45 invalid-value'],
    ['no address', '- http: not an address', '1:9 invalid-value'],
    ['an empty address', '- http: ""', '1:9 invalid-value'],
    ['a scheme of no web', '- http: ftp://a.test', '1:9 invalid-value'],
    ['a port that is missing', '- tcp: a.test', '1:8 invalid-value'],
    ['a port that is none', '- grpc: a.test:70000', '1:9 invalid-value'],
    ['a header of no name', '- { http: https://a.test, expect: { header: { "a b": c } } }', '1:47 invalid-value'],
    ['a pointer that is none', '- { http: https://a.test, expect: { json: { a: 1 } } }', '1:45 invalid-value'],
    ['a redirect to nowhere', '- { http: https://a.test, expect: { redirect: { query: {} } } }', '1:47 invalid-value'],
    ['a redirect to two places', '- { http: https://a.test, expect: { redirect: { to: /a, issuer: b } } }', '1:47 invalid-value'],
    ['what says nothing about the kind', '- { tcp: a.test:1, expect: { status: 200 } }', '1:30 misplaced-key'],
    ['a place for a statement', '- { sql: select 1, from: { app: web } }', '1:20 misplaced-key'],
    ['a second place for a command', '- { exec: { app: web, command: [x] }, from: controller }', '1:39 misplaced-key'],
    ['days of a certificate without TLS', '- { http: http://a.test, expect: { tlsDaysLeft: 7 } }', '1:49 invalid-value'],
    ['an app that is none', '- { tcp: a.test:1, from: { app: wep } }', '1:33 unknown-app'],
    ['a command in an app that is none', '- { exec: { app: wep, command: [x] } }', '1:18 unknown-app'],
    ['a command of no words', '- { exec: { app: web, command: [] } }', '1:32 invalid-value'],
    ['a statement without a database', '- sql: select 1', '1:3 no-database'],
    ['a name given twice', '- { name: a, tcp: a.test:1 }\n- { name: a, tcp: a.test:2 }', '2:11 duplicate-check'],
    ['too many retries', '- { tcp: a.test:1, retries: 101 }', '1:29 invalid-value'],
    ['a deadline that is none', '- { tcp: a.test:1, timeout: soon }', '1:29 invalid-value'],
    ['a requirement of no variable', '- { tcp: a.test:1, requires: [a-b] }', '1:31 invalid-value'],
    ['a password in an address', '- http: https://me:hunter22@a.test/', '1:9 secret-in-git'],
  ])('%s', (_, text, expected) => {
    expect(checkProblems(text)).toContain(expected);
  });
  test('the remedy names what is known', () => {
    expect(checkProblemTexts('- { tcp: a.test:1, expect: { status: 200 } }')).toEqual([
      'status says nothing about a tcp check → known here: latency',
    ]);
    expect(checkProblemTexts('- { tcp: a.test:1, from: { app: wep } }')).toEqual(['no App is named wep → did you mean "web"?']);
  });
});

describe('what an answer lacks', () => {
  const NOW = instant(Date.UTC(2026, 0, 1));
  const answer = (more: Partial<Exchange> = {}): Exchange => ({ status: 200, headers: {}, body: '', validTo: null, ...more });
  const days = (count: number) => instant(NOW + count * 86_400_000);
  test.each([
    [{}, answer(), []],
    [{}, answer({ status: 503 }), ['status 503, expected 2xx']],
    [{ status: 201 }, answer(), ['status 200, expected 201']],
    [{ header: { 'X-A': 'b' } }, answer({ headers: { 'x-a': 'abc' } }), []],
    [{ header: { 'X-A': 'b' } }, answer({ headers: { 'x-a': 'c' } }), ['header X-A lacks "b"']],
    [{ header: { 'X-A': 'b' } }, answer(), ['header X-A is missing']],
    [{ body: 'hello' }, answer({ body: 'oh hello' }), []],
    [{ body: 'hello' }, answer({ body: 'bye' }), ['the body lacks "hello"']],
    [{ json: { '/a/0': [1] } }, answer({ body: '{"a":[[1]]}' }), []],
    [{ json: { '': 3 } }, answer({ body: '3' }), []],
    [{ json: { '/a': { b: 1, c: 2 } } }, answer({ body: '{"a":{"c":2,"b":1}}' }), []],
    [{ json: { '/a': 'x' } }, answer({ body: '{"a":"y"}' }), ['JSON /a is "y", expected "x"']],
    [{ json: { '/b': 'x' } }, answer({ body: '{"a":"y"}' }), ['JSON /b is missing']],
    [{ json: { '/b': 'x' } }, answer({ body: '<html>' }), ['the body is no JSON']],
    [{ tlsDaysLeft: 7 }, answer({ validTo: days(8) }), []],
    [{ tlsDaysLeft: 7 }, answer({ validTo: days(6) }), ['the certificate is valid for 6 more days, expected 7']],
    [{ tlsDaysLeft: 7 }, answer(), ['nothing tells how long the certificate is valid']],
    [{ body: 'a', status: 201 }, answer(), ['status 200, expected 201', 'the body lacks "a"']],
  ])('%o of %o', (expectation, given, wrong) => {
    expect(judgeHttp({ ...HTTP, ...expectation }, given, NOW)).toEqual(wrong);
  });
  test.each([
    ['https://a.test/in?x=1', 'https://a.test/in', true],
    ['https://a.test/in', '/in', true],
    ['https://a.test/in', 'https://a.test', true],
    ['https://a.test.evil.example/in', 'https://a.test', false],
    ['https://a.test/other', 'https://a.test/in', false],
  ])('%s leads to %s: %s', (target, to, expected) => {
    expect(leadsTo(new URL(target), to, new URL('https://a.test/'))).toBe(expected);
  });
  test('a redirect is one with a readable location', () => {
    const from = new URL('https://a.test/x');
    const to = (status: number, location?: string) =>
      targetOfRedirect({ status, headers: location === undefined ? {} : { location } }, from)?.href ?? null;
    expect([to(302, '/y'), to(307, 'https://b.test/'), to(200, '/y'), to(302), to(302, 'http://')]).toEqual([
      'https://a.test/y',
      'https://b.test/',
      null,
      null,
      null,
    ]);
  });
  test('parameters of a redirect are compared one by one', () => {
    const target = new URL('https://i.test/authorize?client_id=other');
    expect(judgeQuery(target, { query: { client_id: 'mine', redirect_uri: 'r' } })).toEqual([
      "the redirect's client_id is other, expected mine",
      "the redirect's redirect_uri is missing, expected r",
    ]);
    expect(judgeQuery(target, { query: { client_id: 'other' } })).toEqual([]);
  });
  test('a latency is kept or not', () => {
    expect([judgeLatency(null, ms(9e9)), judgeLatency(ms(10), ms(10)), judgeLatency(ms(10), ms(11))]).toEqual([
      [],
      [],
      ['it took 11 ms, expected at most 10 ms'],
    ]);
  });
});

test.each([
  ['a.test:80', { host: 'a.test', port: 80 }],
  ['[::1]:80', { host: '::1', port: 80 }],
  ['a.test:0', null],
  ['a.test:65536', null],
  ['a b:80', null],
  [':80', null],
])('%s as host and port', (text, expected) => {
  expect(parseHostPort(text)).toEqual(expected);
});

describe('is a release followed by the checks?', () => {
  const compile = (run: string, said: string | null) =>
    compileTexts({
      files: { 'a.yaml': ENVIRONMENT.replace(/spec: \{ (.*) \}/, `spec: { $1, smoke: { ${run}checks: [{ tcp: "a.test:1" }] } }`) },
      process: said === null ? {} : { TEST_RUN_SMOKE_CHECK: said },
    });
  test.each([
    { run: '', changed: true, said: null, why: null },
    { run: '', changed: false, said: null, why: 'only counts, addresses and certificates were changed' },
    { run: 'run: always, ', changed: false, said: null, why: null },
    { run: 'run: never, ', changed: true, said: null, why: 'smoke.run is never' },
    { run: 'run: never, ', changed: false, said: 'true', why: null },
    { run: 'run: always, ', changed: true, said: 'FALSE', why: 'RUN_SMOKE_CHECK is false' },
    { run: 'run: never, ', changed: true, said: 'whenChanged', why: null },
  ])('$run changed $changed, RUN_SMOKE_CHECK $said: $why', ({ run, changed, said, why }) => {
    const compiled = compile(run, said);
    expect(compiled.ok && whyNoSmoke(compiled.value.document, changed)).toBe(why);
    expect(compiled.ok && compiled.value.warnings.map(({ rule }) => rule)).toEqual(said === 'FALSE' ? ['smoke-off'] : []);
  });
  test('a word that is none is refused', () => {
    const compiled = compile('', 'maybe');
    expect(!compiled.ok && compiled.error.problems).toMatchObject([
      { rule: 'invalid-value', message: 'RUN_SMOKE_CHECK is neither true nor false', remedy: 'set RUN_SMOKE_CHECK=true, or unset it' },
    ]);
  });
});

describe('a default may name another variable', () => {
  const find = (known: Readonly<Record<string, string>>) => (name: string) => known[name] ?? null;
  test.each([
    [`\${A:-https://\${B:-web}.fly.dev}`, {}, 'https://web.fly.dev'],
    [`\${A:-https://\${B:-web}.fly.dev}`, { B: 'x' }, 'https://x.fly.dev'],
    [`\${A:-https://\${B}.fly.dev}`, { A: 'a' }, 'a'],
    [`\${A:-}\${B:-}`, {}, ''],
  ])('%s with %o', (text, known, expected) => {
    expect(interpolate(text, find(known))).toEqual({ ok: true, text: expected });
  });
  test('what is unset inside it is named', () => {
    expect(interpolate(`\${A:-\${B}}`, find({}))).toEqual({ ok: false, name: 'B', why: 'unset' });
  });
});
