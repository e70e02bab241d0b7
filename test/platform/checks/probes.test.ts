/** `tcp`, `grpc` and `sql` checks against real servers. */
import { afterAll, describe, expect, test } from 'vitest';
import { err, ok } from '#domain/result.ts';
import { SecretValue } from '#domain/secret-value.ts';
import { checkGrpc, requestOf } from '#platform/checks/grpc.ts';
import type { Attempt } from '#platform/checks/port.ts';
import { checkSql } from '#platform/checks/sql.ts';
import { checkTcp } from '#platform/checks/tcp.ts';
import { realClock } from '#platform/clock.ts';
import { makeAuthority } from '#test/support/certificates.ts';
import { checkFrom, DATABASE } from '#test/support/checks.ts';
import { databaseUrl } from '#test/support/queues.ts';
import { closedPort, type Health, type Served, serveGrpc, serveTcp } from '#test/support/servers.ts';

const open: Served[] = [];
async function kept(served: Promise<Served>): Promise<number> {
  open.push(await served);
  return (await served).port;
}
afterAll(async () => {
  for (const one of open) await one.close();
});
const deps = { clock: realClock };
const soon = (limitMs = 5_000): AbortSignal => AbortSignal.timeout(limitMs);

describe('tcp', () => {
  async function ask(port: number, expectation = '{}', host = '127.0.0.1', limitMs = 5_000): Promise<Attempt> {
    const { probe, latency } = checkFrom(`- { tcp: "${host}:${port}", expect: ${expectation} }`);
    if (probe.kind !== 'tcp') throw new Error('expected a tcp check');
    return checkTcp(deps, probe, latency, soon(limitMs));
  }
  test('a port that accepts', async () => {
    expect(await ask(await kept(serveTcp('hello')), '{ latency: 5s }')).toMatchObject({ state: 'ok', evidence: 'connected to 127.0.0.1' });
  });
  test('a port on which nobody listens', async () => {
    expect(await ask(await closedPort())).toMatchObject({ state: 'failed', message: 'connection refused' });
  });
  test('a name that does not exist', async () => {
    expect(await ask(1, '{}', 'nobody.invalid')).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/no such host|looked up now/),
    });
  });
  test('a check that was ended says that there was no answer', async () => {
    const { probe } = checkFrom('- tcp: 127.0.0.1:9');
    if (probe.kind !== 'tcp') throw new Error('expected a tcp check');
    expect(await checkTcp(deps, probe, null, AbortSignal.abort())).toMatchObject({ state: 'failed', message: 'no answer in time' });
  });
});

describe('grpc', () => {
  interface Asks {
    readonly service?: string;
    readonly limitMs?: number;
  }
  async function ask(port: number, { service = '', limitMs = 5_000 }: Asks = {}): Promise<Attempt> {
    const { probe, latency } = checkFrom(`- grpc: { address: "127.0.0.1:${port}", service: "${service}" }`);
    if (probe.kind !== 'grpc') throw new Error('expected a grpc check');
    return checkGrpc(deps, probe, latency, soon(limitMs));
  }
  test.each<[Health, 'ok' | 'failed', RegExp]>([
    ['SERVING', 'ok', /^SERVING, in \d+ ms$/],
    ['NOT_SERVING', 'failed', /^health is NOT_SERVING$/],
    ['none', 'failed', /^the server has no health service$/],
  ])('a server whose health is %s', async (health, state, message) => {
    const port = await kept(serveGrpc({ '': health }));
    expect(await ask(port)).toMatchObject({ state, message: expect.stringMatching(message) });
  });
  test('a service by name', async () => {
    const port = await kept(serveGrpc({ '': 'SERVING', 'acme.Orders': 'NOT_SERVING' }));
    expect(await ask(port, { service: 'acme.Orders' })).toMatchObject({ state: 'failed', message: 'health is NOT_SERVING' });
    expect(await ask(port, { service: 'acme.Other' })).toMatchObject({ message: 'the health service does not know this service' });
  });
  test('a server that hangs ends at the deadline', async () => {
    const port = await kept(serveGrpc({ '': 'hangs' }));
    expect(await ask(port, { limitMs: 150 })).toMatchObject({ state: 'failed', message: 'no answer in time' });
  });
  test('nobody there, and somebody who speaks something else', async () => {
    expect(await ask(await closedPort())).toMatchObject({ state: 'failed', message: 'nothing there speaks gRPC' });
    expect(await ask(await kept(serveTcp('SSH-2.0-x\r\n')))).toMatchObject({ state: 'failed' });
  });
  test('over TLS the certificate is verified', async () => {
    const authority = await makeAuthority(realClock.now());
    const probeOf = async (host: string) => {
      const port = await kept(serveGrpc({ '': 'SERVING' }, await authority.certify(host, 30)));
      return { kind: 'grpc', host: 'localhost', port, service: '', tls: true } as const;
    };
    const trusting = { ...deps, ca: authority.ca };
    expect(await checkGrpc(trusting, await probeOf('localhost'), null, soon())).toMatchObject({ state: 'ok' });
    expect(await checkGrpc(trusting, await probeOf('other.test'), null, soon())).toMatchObject({ state: 'failed' });
    expect(await checkGrpc(deps, await probeOf('localhost'), null, soon())).toMatchObject({ state: 'failed' });
  });
  test('a request is one field on the wire', () => {
    expect([requestOf(''), requestOf('a.B')]).toEqual([Buffer.alloc(0), Buffer.from([0x0a, 3, 0x61, 0x2e, 0x42])]);
  });
});

describe.runIf(databaseUrl !== '')('sql', () => {
  async function ask(statement: string, expectation = '{}', { url = databaseUrl, limitMs = 5_000 } = {}): Promise<Attempt> {
    const { probe, latency } = checkFrom(`- { sql: "${statement}", expect: ${expectation} }`, DATABASE);
    if (probe.kind !== 'sql') throw new Error('expected a sql check');
    return checkSql({ ...deps, databaseUrl: () => Promise.resolve(ok(new SecretValue(url))) }, probe, latency, soon(limitMs));
  }
  test.each([
    ['select 1', '{}', 'ok', /^1 row in/],
    ['select 1 where false', '{}', 'ok', /^0 rows in/],
    ['select 2', '{ value: 2 }', 'ok', /^1 row/],
    ['select 2', '{ value: 3 }', 'failed', /^the answer is 2, expected 3$/],
    ['select null', '{ value: 3 }', 'failed', /^the answer is nothing, expected 3$/],
    ['selct', '{}', 'failed', /syntax error/],
    ['create table smoke_x (id int)', '{}', 'failed', /read-only transaction/],
    ['select 1; select 2', '{}', 'failed', /multiple commands/],
  ])('%s with %s is %s', async (statement, expectation, state, message) => {
    expect(await ask(statement, expectation)).toMatchObject({ state, message: expect.stringMatching(message) });
  });
  test('a statement that hangs ends at the deadline', async () => {
    expect(await ask('select pg_sleep(30)', '{}', { limitMs: 200 })).toMatchObject({ state: 'failed', message: 'no answer in time' });
  });
  test('a database that is not there, or not to be entered, is told without its password', async () => {
    const away = new URL(databaseUrl);
    away.port = String(await closedPort());
    away.password = 'hunter22';
    const refused = await ask('select 1', '{}', { url: away.href });
    expect(refused).toMatchObject({ state: 'failed', message: 'connection refused' });
    const unknown = new URL(databaseUrl);
    unknown.pathname = '/there_is_none';
    const absent = await ask('select 1', '{}', { url: unknown.href });
    expect(absent).toMatchObject({ state: 'failed', message: expect.stringContaining('does not exist') });
    expect(JSON.stringify([refused, absent])).not.toContain('hunter22');
  });
  test('no address at all is told with what to set', async () => {
    const { probe } = checkFrom('- sql: select 1', DATABASE);
    if (probe.kind !== 'sql') throw new Error('expected a sql check');
    const nothing = { ...deps, databaseUrl: () => Promise.resolve(ok(null)) };
    expect(await checkSql(nothing, probe, null, soon())).toMatchObject({ state: 'failed', remedy: 'set what spec.database.url names' });
    const fault = { code: 'SECRET_SOURCE_FAILED', message: 'the file is not there', remedy: 'mount it' } as const;
    const broken = { ...deps, databaseUrl: () => Promise.resolve(err(fault)) };
    expect(await checkSql(broken, probe, null, soon())).toMatchObject({ state: 'failed', message: fault.message, remedy: 'mount it' });
  });
});
