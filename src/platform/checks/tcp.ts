/** A `tcp` check: a connection is accepted. */
import { connect } from 'node:net';
import type { ClockDep } from '#domain/clock.ts';
import type { Probe } from '#domain/smoke.ts';
import { judgeLatency } from '#domain/smoke-judge.ts';
import { elapsed, type Ms } from '#domain/units.ts';
import { codeOfThrown, faultOf } from './faults.ts';
import { type Attempt, failed } from './port.ts';

export function checkTcp(
  { clock }: ClockDep,
  { host, port }: Extract<Probe, { readonly kind: 'tcp' }>,
  latency: Ms | null,
  signal: AbortSignal,
): Promise<Attempt> {
  const began = clock.now();
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    const end = (attempt: Attempt): void => {
      socket.destroy();
      resolve(attempt);
    };
    socket.on('error', (thrown) => end(failed(faultOf(signal.aborted ? 'ETIMEDOUT' : codeOfThrown(thrown)))));
    socket.on('connect', () => end(accepted(socket.remoteAddress ?? host, elapsed(began, clock.now()), latency)));
  });
}
export function accepted(address: string, took: Ms, latency: Ms | null): Attempt {
  const [slow] = judgeLatency(latency, took);
  if (slow !== undefined) return failed({ message: slow, remedy: 'look at the load of the app' });
  return { state: 'ok', message: `accepts connections, in ${took} ms`, remedy: null, evidence: `connected to ${address}` };
}
