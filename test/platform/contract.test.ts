/** The contract that watches over the other suites has to see what it is there for. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Json } from '#domain/json.ts';
import { takeBreaches } from '#test/support/breaches.ts';
import { OFFICIAL, underContract } from '#test/support/contract.ts';

const MACHINE: Json = {
  id: '148e21ea7e0389',
  name: 'web-1',
  state: 'started',
  region: 'nrt',
  instance_id: '01JD0000000000000000000000',
  private_ip: 'fdaa::1',
  image_ref: { registry: 'registry.fly.io', repository: 'acme-web', tag: 'v1', digest: 'sha256:abc', labels: {} },
  host_status: 'ok',
  created_at: '2026-10-01T09:00:00Z',
  updated_at: '2026-10-01T09:00:00Z',
  events: [],
  checks: [],
  config: { image: 'registry.fly.io/acme-web:v1', guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 } },
};
const without = (value: Json, key: string): Json => Object.fromEntries(Object.entries(value ?? {}).filter(([name]) => name !== key));
async function said(caller: 'client' | 'hands', request: Request, status: number, body: Json | undefined): Promise<readonly string[]> {
  const answer = (): Promise<Response> =>
    Promise.resolve(body === undefined ? new Response(null, { status }) : Response.json(body, { status }));
  await underContract(answer, caller)(request);
  return takeBreaches();
}
const send = (method: string, path: string, body?: Json, headers: Record<string, string> = {}): Request =>
  new Request(`http://sim.test/v1${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
const M = '/apps/acme-web/machines/148e21ea7e0389';

test('it is there wherever the suites are meant to prove something', () => {
  expect(existsSync(OFFICIAL) || process.env['CI'] !== 'true').toBe(true);
});
describe.runIf(existsSync(OFFICIAL))('what the client sends', () => {
  test.each([
    {
      situation: 'as described',
      request: send('GET', '/apps?org_slug=acme'),
      status: 200,
      body: { apps: [], total_apps: 0 },
      breach: null,
    },
    { situation: 'an operation nobody describes', request: send('GET', '/apps/acme-web/nothing'), breach: /nobody describes/ },
    { situation: 'a method nobody describes', request: send('PUT', '/apps/acme-web'), breach: /nobody describes/ },
    {
      situation: 'a parameter that lacks',
      request: send('GET', '/apps'),
      status: 200,
      body: { apps: [] },
      breach: /required property 'org_slug'/,
    },
    {
      situation: 'a parameter by a wrong name',
      request: send('GET', '/orgs/acme/machines?updatedAfter=x'),
      status: 200,
      body: { machines: [] },
      breach: /updatedAfter/,
    },
    {
      situation: 'a parameter of a wrong type',
      request: send('GET', '/orgs/acme/machines?limit=many'),
      status: 200,
      body: { machines: [] },
      breach: /limit must be integer/,
    },
    {
      situation: 'a field nobody describes',
      request: send('POST', `${M}`, { config: { image: 'a', imagee: 'b' } }),
      body: MACHINE,
      breach: /imagee/,
    },
    {
      situation: 'a field of a wrong type',
      request: send('POST', `${M}`, { config: { image: 7 } }),
      body: MACHINE,
      breach: /image must be string/,
    },
    { situation: 'no body where one is needed', request: send('POST', `${M}`), body: MACHINE, breach: /needs a body/ },
    {
      situation: 'a body where none is taken',
      request: send('POST', `${M}/start`, { now: true }),
      body: { ok: true },
      breach: /takes no body/,
    },
    {
      situation: 'a lease ended without its nonce',
      request: send('DELETE', `${M}/lease`),
      body: { status: 'success' },
      breach: /lacks the header/,
    },
    {
      situation: 'a nonce where nobody reads one',
      request: send('GET', M, undefined, { 'fly-machine-lease-nonce': 'x' }),
      body: MACHINE,
      breach: /knows no header/,
    },
  ])('$situation', async ({ request, status = 200, body, breach }) => {
    const breaches = (await said('client', request, status, body)).filter((one) => one.startsWith('the client'));
    if (breach === null) expect(breaches).toEqual([]);
    else expect(breaches).toEqual([expect.stringMatching(breach)]);
  });
  test("somebody's hands may send what they like", async () => {
    expect(await said('hands', send('POST', M, { nonsense: 1 }), 400, { error: 'invalid config' })).toEqual([]);
  });
});
describe.runIf(existsSync(OFFICIAL))('what the simulator answers', () => {
  test.each([
    { situation: 'as described', status: 200, body: MACHINE, breach: null },
    { situation: 'a status nobody describes', status: 201, body: MACHINE, breach: /never answers 201/ },
    { situation: 'a field that no platform sends', status: 200, body: { ...Object(MACHINE), mood: 'good' }, breach: /mood/ },
    { situation: 'a field that every answer has, missing', status: 200, body: without(MACHINE, 'host_status'), breach: /'host_status'/ },
    { situation: 'a field of a wrong type', status: 200, body: { ...Object(MACHINE), state: 3 }, breach: /state must be string/ },
    { situation: 'a word that is none', status: 200, body: { ...Object(MACHINE), host_status: 'fine' }, breach: /allowed values/ },
    { situation: 'a refusal', status: 404, body: { error: 'machine not found' }, breach: null },
    { situation: 'a refusal in words of its own', status: 404, body: { reason: 'machine not found' }, breach: /reason/ },
    { situation: 'something unreadable', status: 200, body: undefined, breach: /must be object/ },
  ])('$situation', async ({ status, body, breach }) => {
    const breaches = await said('hands', send('GET', M), status, body);
    if (breach === null) expect(breaches).toEqual([]);
    else expect(breaches.join('\n')).toMatch(breach);
  });
  test('what is spoiled on purpose is not held against it', async () => {
    const spoiled = (): Promise<Response> => Promise.resolve(new Response('<html>', { headers: { 'x-simulated-fault': 'brokenJson' } }));
    await underContract(spoiled, 'hands')(send('GET', M));
    expect(takeBreaches()).toEqual([]);
  });
});
