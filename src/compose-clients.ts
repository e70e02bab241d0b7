/** One client per token. An environment names the variable that holds its own: `PRODUCTION_FLY_API_TOKEN` before `FLY_API_TOKEN`. */
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import type { FlyClient } from '#platform/fly/port.ts';

export interface TokenPlace {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The process serves this environment alone. */
  readonly only: boolean;
  /** Every environment the process serves. */
  readonly served: readonly CompiledEnvironment[];
}
/** The bare name is meant for one organization: whose it is where several are served, nobody can tell, so none of them reads it. */
export function tokenFor({ name, organization, declared }: CompiledEnvironment, place: TokenPlace): Result<string, TrimtabError> {
  const bare = declared?.credentials.fly ?? 'FLY_API_TOKEN';
  const own = `${declared?.envPrefix ?? ''}${bare}`;
  const token = place.variables[own];
  if (token !== undefined && token !== '') return ok(token);
  const common = place.variables[bare];
  if (common === undefined || common === '') return err(failure('FLY_UNAUTHORIZED', `neither ${own} nor ${bare} is set`));
  const others = place.only ? [] : place.served.filter((one) => one.name !== name && one.organization !== organization);
  if (others.length === 0) return ok(common);
  const of = [...new Set(others.map((one) => one.organization))].join(', ');
  return err(failure('FLY_UNAUTHORIZED', `${own} is not set; ${bare} is not read for ${name}: this process serves ${of} too`));
}
export interface ClientsOptions {
  readonly place: () => TokenPlace;
  readonly make: (token: string) => FlyClient;
  /** Null: the token is looked up. */
  readonly fixed: string | null;
}
export function makeClients({ place, make, fixed }: ClientsOptions): (environment: CompiledEnvironment) => Result<FlyClient, TrimtabError> {
  const clients = new Map<string, FlyClient>();
  return (environment) => {
    const token = fixed === null ? tokenFor(environment, place()) : ok(fixed);
    if (!token.ok) return token;
    const known = clients.get(token.value) ?? make(token.value);
    clients.set(token.value, known);
    return ok(known);
  };
}
