/** Checks from inside a machine: the programs that an image may have are run here for real, against real servers. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { appName } from '#domain/ids.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { checkExec } from '#platform/checks/exec.ts';
import { checkFromApp } from '#platform/checks/from-app.ts';
import { type Guest, makeGuest } from '#platform/checks/guest.ts';
import type { Attempt } from '#platform/checks/port.ts';
import { realClock } from '#platform/clock.ts';
import type { ExecOutcome, FlyClient } from '#platform/fly/port.ts';
import { aGroup, aMachine } from '#test/support/builders.ts';
import { checkFrom } from '#test/support/checks.ts';
import { closedPort, type Served, serveGrpc, serveHttp, serveTcp } from '#test/support/servers.ts';

const open: Served[] = [];
async function kept(served: Promise<Served>): Promise<number> {
  open.push(await served);
  return (await served).port;
}
afterAll(async () => {
  for (const one of open) await one.close();
});

/** A machine whose image has these programs, run on this one. */
const machineWith = (programs: Readonly<Record<string, string>>): Guest => ({
  app: appName('acme-web'),
  run: ([program = '', ...given]) => {
    const path = programs[program];
    if (path === undefined) return Promise.resolve(err({ message: `${program}: this program is not in the image`, remedy: null }));
    return new Promise((resolve) => {
      const child = execFile(path, given, (_error, stdout, stderr) => resolve(ok({ exitCode: child.exitCode ?? 1, stdout, stderr })));
    });
  },
});
const NODE = { node: process.execPath };
/** Debian has it; where it is missing, so are its rows. */
const CURL = '/usr/bin/curl';
async function ask(guest: Guest, check: string): Promise<Attempt> {
  const attempt = await checkFromApp(
    { clock: realClock },
    guest,
    checkFrom(`- { ${check}, from: { app: web } }`),
    AbortSignal.timeout(20_000),
  );
  if (attempt === null) throw new Error('expected an attempt');
  return attempt;
}

describe('by node', () => {
  const node = machineWith(NODE);
  test.each([
    ['SERVING', '', 'ok', /^SERVING/],
    ['NOT_SERVING', '', 'failed', /^health is NOT_SERVING$/],
    ['none', '', 'failed', /^the server has no health service$/],
    ['SERVING', 'acme.Other', 'failed', /^the health service does not know this service$/],
  ] as const)('gRPC of a server whose health is %s, service "%s"', async (health, service, state, message) => {
    const port = await kept(serveGrpc({ '': health }));
    const attempt = await ask(node, `grpc: { address: "127.0.0.1:${port}", service: "${service}" }`);
    expect(attempt).toMatchObject({
      state,
      message: expect.stringMatching(message),
      evidence: expect.stringContaining('node in acme-web'),
    });
  });
  test('gRPC where nobody listens, and where something else does', async () => {
    expect(await ask(node, `grpc: "127.0.0.1:${await closedPort()}"`)).toMatchObject({ state: 'failed', message: 'connection refused' });
    expect(await ask(node, `grpc: "127.0.0.1:${await kept(serveTcp('SSH-2.0-x\r\n'))}"`)).toMatchObject({ state: 'failed' });
  });
  test('a port', async () => {
    expect(await ask(node, `tcp: "127.0.0.1:${await kept(serveTcp('x'))}"`)).toMatchObject({ state: 'ok' });
    expect(await ask(node, `tcp: "127.0.0.1:${await closedPort()}"`)).toMatchObject({ state: 'failed', message: 'connection refused' });
  });
  test('a page, with its redirects', async () => {
    const port = await kept(
      serveHttp(
        (request, answer) =>
          void (request.url === '/far' ? answer.writeHead(302, { location: '/near' }).end() : answer.end(`at ${request.url}`)),
      ),
    );
    const at = `http: "http://127.0.0.1:${port}/far"`;
    expect(await ask(node, `${at}, expect: { body: at /near }`)).toMatchObject({ state: 'ok', message: expect.stringMatching(/^200/) });
    expect(await ask(node, `${at}, expect: { body: elsewhere }`)).toMatchObject({ state: 'failed' });
    expect(await ask(node, `http: "http://127.0.0.1:${await closedPort()}/"`)).toMatchObject({
      state: 'failed',
      message: 'connection refused',
    });
  });
});
describe.runIf(existsSync(CURL))('by curl, where there is no node', () => {
  const curl = machineWith({ curl: CURL });
  test('a page and nobody', async () => {
    const port = await kept(serveHttp((_, answer) => void answer.writeHead(201, { 'x-a': 'b: c' }).end('first\n\nsecond')));
    const expectation = 'expect: { status: 201, header: { x-a: "b: c" }, body: second }';
    expect(await ask(curl, `http: "http://127.0.0.1:${port}/", ${expectation}`)).toMatchObject({ state: 'ok' });
    expect(await ask(curl, `http: "http://127.0.0.1:${await closedPort()}/"`)).toMatchObject({
      state: 'failed',
      message: 'connection refused',
    });
  });
});

test.each([
  ['grpc: "b.internal:1"', 'the image of acme-web has neither node nor grpc_health_probe'],
  ['tcp: "b.internal:1"', 'the image of acme-web has neither node nor nc'],
  ['http: "http://b.internal:1/"', 'the image of acme-web has neither node nor curl'],
])('%s in an image without any tool says which would do', async (check, message) => {
  const attempt = await ask(machineWith({}), check);
  expect(attempt).toMatchObject({
    state: 'failed',
    message: expect.stringContaining(message),
    remedy: expect.stringContaining('exec check'),
  });
});
test.each([
  [{ exitCode: 0, stdout: 'status: SERVING', stderr: '' }, 'ok', /^SERVING/],
  [{ exitCode: 4, stdout: '', stderr: 'service unhealthy (responded with "NOT_SERVING")' }, 'failed', /^health is NOT_SERVING$/],
  [{ exitCode: 2, stdout: '', stderr: 'timeout: failed to connect' }, 'failed', /failed to connect/],
])('what the probe of gRPC health says by its end: %o', async (outcome, state, message) => {
  const run: Guest['run'] = ([program]) =>
    Promise.resolve(
      program === 'grpc_health_probe' ? ok(outcome) : ok({ exitCode: 127, stdout: '', stderr: `sh: ${program}: command not found` }),
    );
  expect(await ask({ app: appName('acme-web'), run }, 'grpc: "b.internal:1"')).toMatchObject({
    state,
    message: expect.stringMatching(message),
  });
});
test('words that are no answer are told as such', async () => {
  const run: Guest['run'] = () => Promise.resolve(ok({ exitCode: 0, stdout: 'Welcome!', stderr: '' }));
  expect(await ask({ app: appName('acme-web'), run }, 'tcp: "b.internal:1"')).toMatchObject({
    message: 'the program answered in other words: Welcome!',
  });
});

const flyWith = (ran: Result<ExecOutcome, TrimtabError>): Pick<FlyClient, 'listMachines' | 'execInMachine'> => ({
  listMachines: () => Promise.resolve(ok([aMachine(aGroup(), 'web-1')])),
  execInMachine: () => Promise.resolve(ran),
});
describe('a command of an exec check', () => {
  const asks = (ran: Result<ExecOutcome, TrimtabError>, expectation = '{}'): Promise<Attempt> => {
    const check = checkFrom(`- { exec: { app: web, command: [bin/check] }, expect: ${expectation} }`);
    if (check.probe.kind !== 'exec') throw new Error('expected an exec check');
    const fly = flyWith(ran);
    return checkExec({ clock: realClock }, makeGuest(fly, appName('acme-web')), check.probe, check.latency, new AbortController().signal);
  };
  const ended = (exitCode: number, stdout = '', stderr = '') => ok({ exitCode, stdout, stderr });
  test.each([
    [ended(0), '{}', 'ok', /^ended with 0/],
    [ended(1, '', 'boom'), '{}', 'failed', /^ended with 1, expected 0$/],
    [ended(3), '{ exitCode: 3 }', 'ok', /^ended with 3/],
    [ended(0, 'all fine'), '{ output: fine }', 'ok', /^ended with 0/],
    [ended(0, '', 'all fine'), '{ output: fine }', 'ok', /^ended with 0/],
    [ended(0, 'bad'), '{ output: fine }', 'failed', /^the output lacks "fine"$/],
    [err(failure('FLY_INVALID', 'exec: "bin/check": executable file not found in $PATH')), '{}', 'failed', /has no program bin\/check$/],
    [ended(127, '', 'sh: bin/check: command not found'), '{}', 'failed', /has no program bin\/check$/],
    [err(failure('FLY_AMBIGUOUS', 'exec in machine: 408 deadline', { status: 408 })), '{}', 'failed', /^no answer in time$/],
    [err(failure('FLY_FORBIDDEN', 'no access')), '{}', 'failed', /^no access$/],
  ])('%o with %s is %s', async (ran, expectation, state, message) => {
    expect(await asks(ran, expectation)).toMatchObject({ state, message: expect.stringMatching(message) });
  });
  test('what it printed is the evidence, without what looks secret', async () => {
    const { evidence } = await asks(ended(1, 'connecting to postgres://app:hunter22@db/x', 'refused'));
    expect(evidence).toContain('refused');
    expect(evidence).not.toContain('hunter22');
  });
  test('nothing is asked while no machine is started', async () => {
    const check = checkFrom('- exec: { app: web, command: [x] }');
    if (check.probe.kind !== 'exec') throw new Error('expected an exec check');
    const guest = makeGuest({ ...flyWith(ended(0)), listMachines: () => Promise.resolve(ok([])) }, appName('acme-web'));
    expect(await checkExec({ clock: realClock }, guest, check.probe, null, new AbortController().signal)).toMatchObject({
      state: 'waiting',
      message: 'no machine of acme-web is started',
    });
  });
});
