/** The platform's Prometheus API: what no other of its APIs tells, transfer and memory in use. Optional: without a token it is not asked.
 *  Source: fly-behaviour.md §13; the base is `https://api.fly.io/prometheus/<organization>`. */
import { z } from 'zod';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Instant } from '#domain/units.ts';

export interface MetricsApiOptions {
  readonly token: string;
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly fetch: (request: Request) => Promise<Response>;
}
export interface RegionBytes {
  readonly app: string;
  readonly region: string;
  readonly bytes: number;
}
export interface FlyMetrics {
  /** Bytes sent to the internet in the hour that ends then, by app and region. */
  egressInHour(organization: string, end: Instant, signal: AbortSignal): Promise<Result<readonly RegionBytes[], TrimtabError>>;
  /** Most memory in use of any machine of an app in the last week, in MB. */
  peakMemoryMb(organization: string, signal: AbortSignal): Promise<Result<ReadonlyMap<string, number>, TrimtabError>>;
}
const Vector = z.object({
  status: z.literal('success'),
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});
type Sample = z.infer<typeof Vector>['data']['result'][number];
const DEADLINE_MS = 20_000;
const BYTES_PER_MB = 1_048_576;

export function makeFlyMetrics(options: MetricsApiOptions): FlyMetrics {
  return {
    egressInHour: async (organization, end, signal) => {
      const samples = await query(options, organization, 'sum by (app, region) (increase(fly_edge_data_out[1h]))', end, signal);
      if (!samples.ok) return samples;
      return ok(
        samples.value
          .flatMap(({ metric, value: [, text] }) => ({
            app: metric['app'] ?? '',
            region: metric['region'] ?? '',
            bytes: Math.round(Number(text)),
          }))
          .filter(({ bytes }) => bytes > 0),
      );
    },
    peakMemoryMb: async (organization, signal) => {
      const used = 'max by (app) (max_over_time((fly_instance_memory_mem_total - fly_instance_memory_mem_available)[7d:5m]))';
      const samples = await query(options, organization, used, null, signal);
      if (!samples.ok) return samples;
      return ok(new Map(samples.value.map(({ metric, value: [, text] }) => [metric['app'] ?? '', Number(text) / BYTES_PER_MB])));
    },
  };
}
/** `at` null: now. */
async function query(
  { token, baseUrl, fetch }: MetricsApiOptions,
  organization: string,
  text: string,
  at: Instant | null,
  signal: AbortSignal,
): Promise<Result<readonly Sample[], TrimtabError>> {
  const asked = new URLSearchParams({ query: text, ...(at === null ? {} : { time: String(at / 1_000) }) });
  const url = `${baseUrl}/${encodeURIComponent(organization)}/api/v1/query?${asked}`;
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
    const response = await fetch(
      new Request(url, { headers: { authorization: authorizationOf(token), accept: 'application/json' }, signal: within }),
    );
    if (response.status === 401 || response.status === 403)
      return err(failure('FLY_UNAUTHORIZED', `the platform's metrics refuse the token (${response.status})`));
    const parsed = Vector.safeParse(await response.json());
    return parsed.success
      ? ok(parsed.data.data.result)
      : err(failure('FLY_BAD_REPLY', `the platform's metrics answer in other words (${response.status})`));
  } catch (thrown) {
    // The message of a transport may hold the address, never a header.
    return err(failure('FLY_UNAVAILABLE', `the platform's metrics do not answer: ${thrown instanceof Error ? thrown.name : 'unknown'}`));
  }
}
/** Created tokens carry their own word; a login's token is a bearer's. */
const authorizationOf = (token: string): string =>
  /^(FlyV1|Bearer) /.test(token) ? token : /^fm\d/.test(token) ? `FlyV1 ${token}` : `Bearer ${token}`;
