/** Every kind of check behind one interface. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { remedyOf } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import { checkExec } from './exec.ts';
import { checkFromApp } from './from-app.ts';
import { checkGrpc } from './grpc.ts';
import { makeGuest } from './guest.ts';
import { checkHttp, type HttpTransport } from './http.ts';
import { type Attempt, failed, type Prober } from './port.ts';
import { checkSql, type SqlDeps } from './sql.ts';
import { checkTcp } from './tcp.ts';

export interface ProberDeps extends ClockDep {
  readonly http: HttpTransport;
  readonly flyFor: (environment: CompiledEnvironment) => Result<FlyClient, TrimtabError>;
  /** The connection string that an environment declares. */
  readonly databaseUrl: (environment: CompiledEnvironment, signal: AbortSignal) => ReturnType<SqlDeps['databaseUrl']>;
  /** Crosses out what is known to be secret. */
  readonly redact: (texts: readonly string[], environment: CompiledEnvironment) => Promise<readonly string[]>;
}

export function makeProber(deps: ProberDeps): Prober {
  return {
    probe: async (check, environment, signal) => {
      const attempt = await ask(deps, check, environment, signal);
      const [message = '', evidence = ''] = await deps.redact([attempt.message, attempt.evidence], environment);
      return { ...attempt, message, evidence };
    },
  };
}
const ask: (deps: ProberDeps, ...given: Parameters<Prober['probe']>) => Promise<Attempt> = async (deps, check, environment, signal) => {
  const { clock } = deps;
  const { probe, from, latency } = check;
  if (from !== null) {
    const fly = deps.flyFor(environment);
    if (!fly.ok) return failed({ message: fly.error.message, remedy: remedyOf(fly.error) });
    const guest = makeGuest(fly.value, from);
    if (probe.kind === 'exec') return checkExec({ clock }, guest, probe, latency, signal);
    const asked = await checkFromApp({ clock }, guest, check, signal);
    if (asked !== null) return asked;
  }
  switch (probe.kind) {
    case 'http':
      return checkHttp({ clock, transport: deps.http }, probe, latency, signal);
    case 'tcp':
      return checkTcp({ clock }, probe, latency, signal);
    case 'grpc':
      return checkGrpc({ clock }, probe, latency, signal);
    case 'sql':
      return checkSql({ clock, databaseUrl: (within) => deps.databaseUrl(environment, within) }, probe, latency, signal);
    case 'exec':
      return failed({ message: 'an exec check without an app', remedy: 'name its app' });
  }
};
