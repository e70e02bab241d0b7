/** The simulator's own control API under `/_sim`: faults, acts, counters. No part of the platform; the CLI never calls it. */
import { z } from 'zod';
import { Act, perform } from './acts.ts';
import { FAULT_KINDS } from './faults.ts';
import type { SimulatorDeps } from './flaps.ts';

const FaultBody = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  operation: z.string().optional(),
  count: z.number().int().min(1).optional(),
  skip: z.number().int().min(0).optional(),
  probability: z.number().min(0).max(1).optional(),
  seed: z.string().optional(),
});

export async function answerControl(deps: SimulatorDeps, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  switch (`${request.method} ${pathname}`) {
    case 'GET /_sim/counters':
      return Response.json(countersOf(deps));
    case 'GET /_sim/faults':
      return Response.json(deps.faults.list());
    case 'POST /_sim/faults':
      return answer(request, FaultBody, (fault) => {
        deps.faults.add(withoutUndefined(fault));
        return { ok: true };
      });
    case 'DELETE /_sim/faults':
      deps.faults.clear();
      return Response.json({ ok: true });
    case 'POST /_sim/acts':
      return answer(request, Act, (act) => (perform(deps.world, act) ? { ok: true } : null));
    default:
      return Response.json({ error: 'GET counters, GET|POST|DELETE faults, POST acts' }, { status: 404 });
  }
}
const withoutUndefined = ({ kind, operation, count, skip, probability, seed }: z.infer<typeof FaultBody>) => ({
  kind,
  ...(operation === undefined ? {} : { operation }),
  ...(count === undefined ? {} : { count }),
  ...(skip === undefined ? {} : { skip }),
  ...(probability === undefined ? {} : { probability }),
  ...(seed === undefined ? {} : { seed }),
});
function countersOf({ world }: SimulatorDeps): object {
  const { writes, requests, rateLimitViolations, byRoute } = world.counters;
  return { writes, requests, rateLimitViolations, byRoute: Object.fromEntries(byRoute) };
}
async function answer<T>(request: Request, schema: z.ZodType<T>, act: (value: T) => object | null): Promise<Response> {
  const text = await request.text();
  const parsed = schema.safeParse(parseOrNull(text));
  if (!parsed.success) return Response.json({ error: z.prettifyError(parsed.error) }, { status: 400 });
  const done = act(parsed.data);
  return done === null ? Response.json({ error: 'no such machine' }, { status: 404 }) : Response.json(done);
}
function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
