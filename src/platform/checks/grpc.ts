/** A `grpc` check: the standard health service (grpc.health.v1.Health/Check) says SERVING. Its two messages have one field each, so they are
 *  written here instead of loading a compiler for them. Source: github.com/grpc/grpc/blob/master/doc/health-checking.md */
import type { ServiceError } from '@grpc/grpc-js';
import type { ClockDep } from '#domain/clock.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Probe } from '#domain/smoke.ts';
import { judgeLatency } from '#domain/smoke-judge.ts';
import { elapsed, type Ms } from '#domain/units.ts';
import { clip } from './evidence.ts';
import { faultOf } from './faults.ts';
import { type Attempt, type Fault, failed } from './port.ts';

type GrpcProbe = Extract<Probe, { readonly kind: 'grpc' }>;
export interface GrpcDeps extends ClockDep {
  /** Certificates of authorities to trust instead of the runtime's own. */
  readonly ca?: string;
}
const CHECK = '/grpc.health.v1.Health/Check';

export async function checkGrpc(deps: GrpcDeps, probe: GrpcProbe, latency: Ms | null, signal: AbortSignal): Promise<Attempt> {
  const began = deps.clock.now();
  const asked = await ask(deps, probe, signal);
  return asked.ok ? served(asked.value, elapsed(began, deps.clock.now()), latency) : failed(asked.error);
}
export function served(status: string, took: Ms, latency: Ms | null): Attempt {
  const evidence = `health: ${clip(status, 60)}`;
  if (status !== 'SERVING') return failed({ message: clip(`health is ${status}`, 80), remedy: 'look at the logs of the app' }, evidence);
  const [slow] = judgeLatency(latency, took);
  if (slow !== undefined) return failed({ message: slow, remedy: 'look at the load of the app' }, evidence);
  return { state: 'ok', message: `SERVING, in ${took} ms`, remedy: null, evidence };
}

async function ask({ ca }: GrpcDeps, { host, port, service, tls }: GrpcProbe, signal: AbortSignal): Promise<Result<string, Fault>> {
  // Loaded when it is needed: commands that check nothing do not wait for it.
  const { Client, credentials, Metadata, status } = await import('@grpc/grpc-js');
  const secure = tls ? credentials.createSsl(ca === undefined ? null : Buffer.from(ca)) : credentials.createInsecure();
  const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const client = new Client(target, secure, { 'grpc.enable_retries': 0, 'grpc.enable_http_proxy': 0 });
  const answered = await new Promise<Result<string, Fault>>((resolve) => {
    if (signal.aborted) return resolve(err(faultOf('ETIMEDOUT')));
    const done = (error: ServiceError | null, answer?: string): void => {
      if (error === null) return resolve(ok(answer ?? 'UNKNOWN'));
      const name = status[error.code] ?? String(error.code);
      const fault = signal.aborted ? faultOf('ETIMEDOUT') : faultOf(name);
      resolve(err({ ...fault, evidence: clip(`${name}: ${error.details}`) }));
    };
    const call = client.makeUnaryRequest(CHECK, requestOf, statusOf, service, new Metadata(), done);
    signal.addEventListener('abort', () => call.cancel(), { once: true });
  });
  client.close();
  return answered;
}

/** HealthCheckRequest { string service = 1 } */
export function requestOf(service: string): Buffer {
  const text = Buffer.from(service, 'utf8');
  return text.length === 0 ? text : Buffer.concat([Buffer.from([0x0a, text.length]), text]);
}
const SERVING_STATUS: readonly string[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
/** HealthCheckResponse { ServingStatus status = 1 }; zero is left out on the wire. */
const statusOf = (message: Buffer): string => (message[0] === 0x08 ? (SERVING_STATUS[message[1] ?? 0] ?? 'UNKNOWN') : 'UNKNOWN');
