/** `http` checks against real servers, with and without TLS. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkHttp } from '#platform/checks/http.ts';
import { makeNodeHttp } from '#platform/checks/http-node.ts';
import type { Attempt } from '#platform/checks/port.ts';
import { realClock } from '#platform/clock.ts';
import { type Authority, makeAuthority } from '#test/support/certificates.ts';
import { checkFrom } from '#test/support/checks.ts';
import { closedPort, type Served, serveHttp, serveHttps, serveTcp } from '#test/support/servers.ts';

const open: Served[] = [];
async function kept(served: Promise<Served>): Promise<number> {
  open.push(await served);
  return (await served).port;
}
afterAll(async () => {
  for (const one of open) await one.close();
});
let authority: Authority;
let plain = 0;
beforeAll(async () => {
  authority = await makeAuthority(realClock.now());
  plain = await kept(serveHttp(site));
});

/** A small site: each path has one way of its own. */
function site({ url = '', headers }: IncomingMessage, answer: ServerResponse): void {
  const { pathname } = new URL(url, 'http://site.test');
  const to = (location: string): void => void answer.writeHead(302, { location }).end();
  const json = (value: unknown): void => void answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  const origin = `http://${headers.host}`;
  const ways: Readonly<Record<string, () => void>> = {
    '/': () => void answer.writeHead(200, { 'x-kind': 'front page' }).end('hello'),
    '/agent': () => void answer.end(headers['user-agent']),
    '/broken': () => void answer.writeHead(500).end('stack trace: password postgres://app:hunter22@db/x at line 1'),
    '/status': () => json({ state: 'fine', list: [1, { deep: true }] }),
    '/moved': () => to('/'),
    '/far': () => to('/moved'),
    '/circle': () => to('/circle-2'),
    '/circle-2': () => to('/circle'),
    '/login': () => to('/login/start'),
    '/login/start': () => to(`${origin}/issuer/authorize?client_id=mine&redirect_uri=https%3A%2F%2Fapp.test%2Fcallback&state=s3cr3t`),
    '/issuer/.well-known/openid-configuration': () => json({ authorization_endpoint: `${origin}/issuer/authorize` }),
    '/silent/.well-known/openid-configuration': () => json({}),
    '/hang': () => undefined,
    '/half': () => void answer.writeHead(200, { 'content-length': '100' }).write('half'),
    '/large': () => void answer.end('x'.repeat(200_000)),
    '/cut': () => void answer.socket?.destroy(),
    '/endless': () => to(`/endless/${pathname.length}`),
  };
  const way =
    ways[pathname] ?? (pathname.startsWith('/endless') ? () => to(`${pathname}1`) : () => void answer.writeHead(404).end('no such page'));
  way();
}

const transport = makeNodeHttp({ userAgent: 'trimtab/test' });
async function ask(
  path: string,
  expectation = '{}',
  { base = `http://127.0.0.1:${plain}`, through = transport, limitMs = 5_000 } = {},
): Promise<Attempt> {
  const { probe, latency } = checkFrom(`- { http: "${base}${path}", expect: ${expectation} }`);
  if (probe.kind !== 'http') throw new Error('expected an http check');
  return checkHttp({ clock: realClock, transport: through }, probe, latency, AbortSignal.timeout(limitMs));
}
const LOGIN = (more: string, from = 'issuer'): string => `{ redirect: { issuer: "http://127.0.0.1:${plain}/${from}/"${more} } }`;

describe('over plain HTTP', () => {
  test.each([
    ['/', '{}', 'ok', /^200 in \d+ ms$/],
    ['/', '{ status: 200, header: { X-Kind: front }, body: hello, latency: 5s }', 'ok', /^200/],
    ['/', '{ body: bye }', 'failed', /^the body lacks "bye"$/],
    ['/', '{ header: { x-other: a } }', 'failed', /^header x-other is missing$/],
    ['/', '{ latency: 0ms, status: 201 }', 'failed', /status 200, expected 201/],
    ['/agent', '{ body: trimtab/test }', 'ok', /^200/],
    ['/broken', '{}', 'failed', /^status 500, expected 2xx$/],
    ['/broken', '{ status: 500 }', 'ok', /^500/],
    ['/nowhere', '{}', 'failed', /^status 404/],
    ['/status', '{ json: { /state: fine, /list/1/deep: true } }', 'ok', /^200/],
    ['/status', '{ json: { /state: bad } }', 'failed', /^JSON \/state is "fine", expected "bad"$/],
    ['/far', '{ body: hello }', 'ok', /^200/],
    ['/far', '{ status: 302 }', 'ok', /^302/],
    ['/far', '{ redirect: / }', 'ok', /^302 to http/],
    ['/circle', '{}', 'failed', /^redirects in a circle, back to .*\/circle$/],
    ['/endless', '{}', 'failed', /^more than 10 redirects$/],
    ['/', '{ redirect: /login }', 'failed', /^ends with status 200, expected a redirect to \/login$/],
    ['/large', '{ body: xxx }', 'ok', /^200/],
    ['/cut', '{}', 'failed', /^the connection was cut off$/],
  ])('%s with %s is %s', async (path, expectation, state, message) => {
    const attempt = await ask(path, expectation);
    expect(attempt).toMatchObject({ state, message: expect.stringMatching(message) });
    expect(attempt.remedy === null).toBe(state === 'ok');
  });
  test.each([
    [
      'the right client',
      ', query: { client_id: mine, redirect_uri: "https://app.test/callback" }',
      'issuer',
      'ok',
      /^302 to .*\/issuer\/authorize/,
    ],
    ['another client', ', query: { client_id: other }', 'issuer', 'failed', /client_id is mine, expected other/],
    ['another callback', ', query: { redirect_uri: "https://evil.test/" }', 'issuer', 'failed', /redirect_uri is https:/],
    ['an issuer that tells nothing', '', 'silent', 'failed', /tells no authorization_endpoint/],
    ['an issuer that is not there', '', 'nobody', 'failed', /tells no authorization_endpoint/],
  ])('a login with %s', async (_, query, issuer, state, message) => {
    const attempt = await ask('/login', LOGIN(query, issuer));
    expect(attempt).toMatchObject({ state, message: expect.stringMatching(message) });
    expect(JSON.stringify(attempt)).not.toContain('s3cr3t');
  });
  test.each(['/hang', '/half'])('%s ends at the deadline', async (path) => {
    const began = realClock.now();
    expect(await ask(path, '{}', { limitMs: 150 })).toMatchObject({ state: 'failed', message: 'no answer in time' });
    expect(realClock.now() - began).toBeLessThan(2_000);
  });
  test('the evidence is the way that was gone and the head of the answer, without what looks secret', async () => {
    const { evidence } = await ask('/broken');
    expect(evidence).toContain(`GET http://127.0.0.1:${plain}/broken → 500`);
    expect(evidence).toContain('stack trace');
    expect(evidence).not.toContain('hunter22');
    expect((await ask('/large', '{ body: y }')).evidence.length).toBeLessThan(700);
  });
  test('who is down says so', async () => {
    const attempt = await ask('/', '{}', { base: `http://127.0.0.1:${await closedPort()}` });
    expect(attempt).toMatchObject({ state: 'failed', message: 'connection refused', remedy: expect.stringContaining('listens') });
    expect(attempt.evidence).toContain('→ connection refused');
  });
  test('a host under .localhost is this machine', async () => {
    expect(await ask('/', '{}', { base: `http://web.localhost:${plain}` })).toMatchObject({ state: 'ok' });
  });
  test('what speaks no HTTP is told apart', async () => {
    const attempt = await ask('/', '{}', { base: `http://127.0.0.1:${await kept(serveTcp('SSH-2.0-x\r\n'))}` });
    expect(attempt).toMatchObject({ state: 'failed', message: 'the other side speaks no HTTP' });
  });
});

describe('over TLS', () => {
  const trusting = () => makeNodeHttp({ userAgent: 'trimtab/test', ca: authority.ca });
  const at = async (host: string, days: number) => {
    const port = await kept(serveHttps(await authority.certify(host, days), site));
    return `https://localhost:${port}`;
  };
  test('a certificate of an own authority that is trusted', async () => {
    const base = await at('localhost', 90);
    expect(await ask('/', '{ tlsDaysLeft: 80 }', { base, through: trusting() })).toMatchObject({ state: 'ok' });
  });
  test.each([
    ['an authority nobody knows', 'localhost', 90, 'the certificate comes from an unknown authority', false],
    ["another host's name", 'other.test', 90, 'the certificate is for another host', true],
    ['an end in the past', 'localhost', -1, 'the certificate has expired', true],
  ])('%s is refused', async (_, host, days, message, trusts) => {
    const attempt = await ask('/', '{}', { base: await at(host, days), through: trusts ? trusting() : transport });
    expect(attempt).toMatchObject({ state: 'failed', message });
    expect(attempt.evidence).toContain(message);
    expect(attempt.remedy).not.toBeNull();
  });
  test('a certificate that ends soon is told with its days', async () => {
    const base = await at('localhost', 5.5);
    const attempt = await ask('/', '{ tlsDaysLeft: 14 }', { base, through: trusting() });
    expect(attempt).toMatchObject({ state: 'failed', message: 'the certificate is valid for 5 more days, expected 14' });
  });
  test('what speaks no TLS is told apart', async () => {
    expect(await ask('/', '{}', { base: `https://localhost:${plain}` })).toMatchObject({
      state: 'failed',
      message: 'the other side speaks no TLS',
    });
  });
});
