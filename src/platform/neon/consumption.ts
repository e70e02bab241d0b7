/** A database provider's consumption, day by day: typed from our own description of the operation (openapi/neon-consumption.yaml). Reading it wakes
 *  no database. Source: the provider's API description. */
import createClient from 'openapi-fetch';
import { z } from 'zod';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { NEON_METRICS } from '#domain/neon-price.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { type Instant, instantToIso } from '#domain/units.ts';
import type { paths } from '#openapi/neon-consumption.d.ts';

export interface NeonConsumptionOptions {
  readonly token: string;
  readonly baseUrl: string;
  /** The provider's id of the organization. */
  readonly organizationId: string;
  readonly fetch: (request: Request) => Promise<Response>;
}
export interface ConsumedDay {
  readonly project: string;
  readonly plan: string;
  readonly day: number;
  readonly metric: string;
  readonly quantity: number;
}
export interface NeonConsumption {
  /** Whole days between; at most sixty of them back. */
  consumed(from: Instant, to: Instant, signal: AbortSignal): Promise<Result<readonly ConsumedDay[], TrimtabError>>;
}
const Reply = z.object({
  projects: z.array(
    z.object({
      project_id: z.string(),
      periods: z.array(
        z.object({
          period_plan: z.string(),
          consumption: z.array(
            z.object({
              timeframe_start: z.string(),
              metrics: z.array(z.object({ metric_name: z.string(), value: z.number() })).default([]),
            }),
          ),
        }),
      ),
    }),
  ),
  pagination: z.object({ cursor: z.string().optional() }).optional(),
});
const PAGE = 100;
const MOST_PAGES = 50;
const DEADLINE_MS = 30_000;

export function makeNeonConsumption(options: NeonConsumptionOptions): NeonConsumption {
  const http = createClient<paths>({
    baseUrl: options.baseUrl,
    fetch: options.fetch,
    headers: { authorization: `Bearer ${options.token}` },
  });
  return {
    consumed: async (from, to, signal) => {
      const days: ConsumedDay[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < MOST_PAGES; page++) {
        const query = {
          from: instantToIso(from),
          to: instantToIso(to),
          granularity: 'daily' as const,
          org_id: options.organizationId,
          metrics: NEON_METRICS.join(','),
          limit: PAGE,
          ...(cursor === undefined ? {} : { cursor }),
        };
        let body: unknown;
        try {
          const within = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
          const { data, response } = await http.GET('/consumption_history/v2/projects', { params: { query }, signal: within });
          if (response.status === 401 || response.status === 403)
            return err(failure('FLY_UNAUTHORIZED', `the database provider refuses the key (${response.status})`));
          body = data;
        } catch (thrown) {
          return err(
            failure('FLY_UNAVAILABLE', `the database provider does not answer: ${thrown instanceof Error ? thrown.name : 'unknown'}`),
          );
        }
        const reply = Reply.safeParse(body);
        if (!reply.success) return err(failure('FLY_BAD_REPLY', 'the database provider tells its consumption in other words'));
        days.push(...reply.data.projects.flatMap(daysOf));
        const next = reply.data.pagination?.cursor;
        if (next === undefined || next === cursor || reply.data.projects.length === 0) return ok(days);
        cursor = next;
      }
      return err(failure('FLY_BAD_REPLY', `the database provider's list has no end after ${MOST_PAGES} pages`));
    },
  };
}
const daysOf = ({ project_id: project, periods }: z.infer<typeof Reply>['projects'][number]): readonly ConsumedDay[] =>
  periods.flatMap(({ period_plan: plan, consumption }) =>
    consumption.flatMap(({ timeframe_start: start, metrics }) =>
      metrics.map(({ metric_name: metric, value: quantity }) => ({ project, plan, day: Date.parse(start), metric, quantity })),
    ),
  );
