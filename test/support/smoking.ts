/** Smoke checks on a simulated platform, in process and on its clock. */

import { makeRandom } from '#domain/random.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Exchange } from '#domain/smoke-judge.ts';
import { ms } from '#domain/units.ts';
import type { SmokeDeps } from '#engine/smoke.ts';
import { faultOf } from '#platform/checks/faults.ts';
import type { HttpTransport } from '#platform/checks/http.ts';
import { makeEdgeHttp } from '#platform/checks/http-edge.ts';
import type { Fault } from '#platform/checks/port.ts';
import { makeProber } from '#platform/checks/prober.ts';
import { makeFlyClient } from '#platform/fly/client.ts';
import { makeLimits } from '#platform/fly/limits.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import type { VirtualClock } from '#simulator/clock.ts';
import { answerEdge } from '#simulator/proxy.ts';
import type { Simulator } from '#simulator/simulator.ts';

/** What a controller in the same process would be given. */
export function smokeDeps({ simulator, clock }: { readonly simulator: Simulator; readonly clock: VirtualClock }): SmokeDeps {
  const fly = flyOf(simulator, clock);
  const http = makeEdgeHttp({ edge: edgeOf(simulator, clock), others: { get: () => Promise.resolve(err(faultOf('ENOTFOUND'))) } });
  const prober = makeProber({
    clock,
    http,
    flyFor: () => ok(fly),
    databaseUrl: () => Promise.resolve(ok(null)),
    redact: (texts) => Promise.resolve(texts),
  });
  return { clock, prober, deadline: (span, signal) => deadlineOf(clock, span, signal) };
}
export function deadlineOf(clock: VirtualClock, span: number, signal: AbortSignal): AbortSignal {
  const late = new AbortController();
  clock.after(ms(span), () => late.abort(new Error('deadline')));
  return AbortSignal.any([signal, late.signal]);
}
export const flyOf = (simulator: Simulator, clock: VirtualClock, token = 'a-token-for-tests'): FlyClient =>
  makeFlyClient({
    token,
    flapsBaseUrl: 'http://sim.test',
    apiBaseUrl: 'http://sim.test',
    uiexBaseUrl: 'http://sim.test',
    fetch: (request) => touching(clock, () => simulator.fetch(request)),
    clock,
    random: makeRandom('smoke'),
    limits: makeLimits({ clock }),
    userAgent: 'trimtab/test',
  });
const edgeOf = (simulator: Simulator, clock: VirtualClock): HttpTransport => ({
  get: (url, signal) =>
    touching(clock, async (): Promise<Result<Exchange, Fault>> => {
      const response = await answerEdge(simulator.world, new Request(url, { signal, headers: { host: url.host } }));
      if (signal.aborted) return err(faultOf('ETIMEDOUT'));
      const headers = Object.fromEntries(response.headers);
      return ok({ status: response.status, headers, body: await response.text(), validTo: null });
    }),
});
async function touching<T>(clock: VirtualClock, run: () => Promise<T>): Promise<T> {
  clock.touch();
  const done = await run();
  clock.touch();
  return done;
}
