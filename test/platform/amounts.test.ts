import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { NEON_METRICS } from '#domain/neon-price.ts';
import { instant, minutes } from '#domain/units.ts';
import { makeAmounts } from '#engine/amounts.ts';
import { makeFlyMetrics } from '#platform/fly/metrics-api.ts';
import { makeNeonConsumption } from '#platform/neon/consumption.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import { makeVirtualClock } from '#simulator/clock.ts';

const NOW = instant(Date.UTC(2026, 10, 2, 3, 30));
const HOUR = 3_600_000;
const signal = AbortSignal.timeout(60_000);
const json = (body: unknown, status = 200) =>
  Promise.resolve(new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } }));
const sample = (metric: Record<string, string>, value: number) => ({ metric, value: [0, String(value)] });
const vector = (...result: readonly unknown[]) => ({ status: 'success', data: { resultType: 'vector', result } });

describe('the platform’s metrics', () => {
  const metricsWith = (fetch: (request: Request) => Promise<Response>, token = 'fm2_abc') =>
    makeFlyMetrics({ token, baseUrl: 'https://metrics.test/prometheus', fetch });
  test('tell the bytes of an hour by app and region', async () => {
    const asked: Request[] = [];
    const metrics = metricsWith((request) => {
      asked.push(request);
      return json(vector(sample({ app: 'web', region: 'nrt' }, 1_234.6), sample({ app: 'idle', region: 'nrt' }, 0)));
    });
    expect(await metrics.egressInHour('acme', NOW, signal)).toEqual({ ok: true, value: [{ app: 'web', region: 'nrt', bytes: 1_235 }] });
    expect(asked[0]?.url).toContain('https://metrics.test/prometheus/acme/api/v1/query?query=sum+by');
    expect(new URL(asked[0]?.url ?? '').searchParams.get('time')).toBe(String(NOW / 1_000));
    expect(asked[0]?.headers.get('authorization')).toBe('FlyV1 fm2_abc');
  });
  test('tell the most memory in use', async () => {
    const metrics = metricsWith(() => json(vector(sample({ app: 'web' }, 300 * 1_048_576))));
    expect(await metrics.peakMemoryMb('acme', signal)).toEqual({ ok: true, value: new Map([['web', 300]]) });
  });
  test.each([
    { when: 'the token is refused', fetch: () => json({}, 401), code: 'FLY_UNAUTHORIZED' },
    { when: 'the answer is no vector', fetch: () => json({ status: 'error' }), code: 'FLY_BAD_REPLY' },
    { when: 'nobody answers', fetch: () => Promise.reject(new TypeError('secret-host')), code: 'FLY_UNAVAILABLE' },
  ])('fail as a value when $when, without the token', async ({ fetch, code }) => {
    const found = await metricsWith(fetch).egressInHour('acme', NOW, signal);
    expect(found).toMatchObject({ ok: false, error: { code } });
    expect(JSON.stringify(found)).not.toMatch(/fm2_abc|secret-host/);
  });
});

const project = (id: string, value: number) => ({
  project_id: id,
  periods: [
    {
      period_id: 'x',
      period_plan: 'scale',
      period_start: '2026-11-01T00:00:00Z',
      consumption: [
        {
          timeframe_start: '2026-11-01T00:00:00Z',
          timeframe_end: '2026-11-02T00:00:00Z',
          metrics: [{ metric_name: 'compute_unit_seconds', value }],
        },
      ],
    },
  ],
});
const neonWith = (fetch: (request: Request) => Promise<Response>) =>
  makeNeonConsumption({ token: 'napi_key', baseUrl: 'https://neon.test/api/v2', organizationId: 'org-1', fetch });
describe('a database’s consumption', () => {
  test('is read page by page', async () => {
    const asked: URL[] = [];
    const neon = neonWith((request) => {
      asked.push(new URL(request.url));
      return json(
        asked.length === 1 ? { projects: [project('p1', 10)], pagination: { cursor: 'two' } } : { projects: [project('p2', 20)] },
      );
    });
    const found = await neon.consumed(instant(Date.UTC(2026, 10, 1)), NOW, signal);
    expect(found.ok && found.value.map(({ project: id, plan, metric, quantity }) => [id, plan, metric, quantity])).toEqual([
      ['p1', 'scale', 'compute_unit_seconds', 10],
      ['p2', 'scale', 'compute_unit_seconds', 20],
    ]);
    expect(asked[0]?.searchParams.get('metrics')).toBe(NEON_METRICS.join(','));
    expect([asked[0]?.searchParams.get('org_id'), asked[1]?.searchParams.get('cursor')]).toEqual(['org-1', 'two']);
  });
  test('refused or unreadable is a value without the key', async () => {
    for (const fetch of [() => json({}, 403), () => json({ nothing: 1 })])
      expect(JSON.stringify(await neonWith(fetch).consumed(NOW, NOW, signal))).not.toContain('napi_key');
  });
  test('our description names the operation, its parameters and all metrics as the official one does', () => {
    const ours = parse(readFileSync('openapi/neon-consumption.yaml', 'utf8'));
    const names = ours.paths['/consumption_history/v2/projects'].get.parameters.map(({ name }: { name: string }) => name);
    expect(names).toEqual(['cursor', 'limit', 'from', 'to', 'granularity', 'org_id', 'metrics']);
  });
});

test('amounts are kept hour by hour and day by day; what fails is unknown, and the rest goes on', async () => {
  const store = makeMemoryStore();
  const clock = makeVirtualClock(NOW);
  let fails = true;
  let asked = 0;
  const metrics = makeFlyMetrics({
    token: 't',
    baseUrl: 'https://m.test',
    fetch: () => {
      asked += 1;
      return fails ? json({}, 503) : json(vector(sample({ app: 'web', region: 'nrt' }, 1_000)));
    },
  });
  const neon = neonWith(() => json({ projects: [project('p1', 3_600)] }));
  const amounts = makeAmounts({
    store,
    clock,
    sources: { metrics, neon },
    environmentOf: () => 'staging',
    environmentOfProject: () => 'production',
    organizations: () => ['acme'],
  });
  await amounts.step('acme', signal);
  expect(amounts.unknown('acme').map(({ item }) => item)).toEqual(['egress', 'private']);
  fails = false;
  const before = asked;
  // The steps come every few seconds: who could not answer is left in peace for a while.
  await amounts.step('acme', signal);
  expect(asked).toBe(before);
  await clock.advance(minutes(5));
  await amounts.step('acme', signal);
  await amounts.step('acme', signal);
  const rows = await store.quantities('acme', 0, NOW, signal);
  if (!rows.ok) throw new Error(rows.error.message);
  expect(rows.value.filter(({ item }) => item === 'egress').map(({ at }) => (at - Date.UTC(2026, 10, 1)) / HOUR)).toEqual(
    Array.from({ length: 27 }, (_, hour) => hour),
  );
  expect(rows.value.filter(({ item }) => item === 'neon')).toMatchObject([
    { environment: 'production', app: 'p1', cls: 'scale/compute_unit_seconds', quantity: 3_600 },
  ]);
  expect(amounts.unknown('acme').map(({ item }) => item)).toEqual(['private']);
  const none = makeAmounts({
    store,
    clock,
    sources: { metrics: null, neon: null },
    environmentOf: () => null,
    environmentOfProject: () => null,
    organizations: () => ['acme'],
  });
  expect(none.unknown('acme').map(({ item }) => item)).toEqual(['egress', 'database', 'private']);
});
