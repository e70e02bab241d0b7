/** Smoke checks of a compiled environment, every default filled in: what the engine runs. Pure. */
import type { CompiledCheck } from './compile-smoke.ts';
import { SMOKE_SWITCH } from './desired-lookup.ts';
import type { SmokeCheck } from './desired-smoke.ts';
import type { AppName } from './ids.ts';
import type { CompiledApp, CompiledEnvironment } from './revision.ts';
import { type Ms, seconds } from './units.ts';

export const CHECK_KINDS = ['http', 'tcp', 'grpc', 'sql', 'exec'] as const;
export type CheckKind = (typeof CHECK_KINDS)[number];

export interface HttpExpectation {
  /** Null: any 2xx. A 3xx is taken as the answer, not followed. */
  readonly status: number | null;
  readonly header: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** JSON pointer → value. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly redirect: RedirectExpectation | null;
  readonly tlsDaysLeft: number | null;
}
export interface RedirectExpectation {
  readonly kind: 'to' | 'issuer';
  /** What the target starts with, or the OpenID issuer. */
  readonly to: string;
  readonly query: Readonly<Record<string, string>>;
}
export type Probe =
  | { readonly kind: 'http'; readonly url: string; readonly expect: HttpExpectation }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'grpc'; readonly host: string; readonly port: number; readonly service: string; readonly tls: boolean }
  | { readonly kind: 'sql'; readonly statement: string; readonly value: string | null }
  | { readonly kind: 'exec'; readonly command: readonly string[]; readonly exitCode: number; readonly output: string | null };
export interface Check {
  /** Its name, else its kind and target. */
  readonly name: string;
  readonly probe: Probe;
  /** The Fly app in a machine of which it is asked; null: this process asks. */
  readonly from: AppName | null;
  readonly latency: Ms | null;
  readonly retries: number;
  readonly deadline: Ms;
  /** Why it is not asked; null: it is. */
  readonly skip: string | null;
}

const DEFAULT_RETRIES = 3;
const DEFAULT_DEADLINE = seconds(30);

export const checksOf = (environment: CompiledEnvironment): readonly Check[] =>
  (environment.declared?.smoke?.checks ?? []).map((check) => toCheck(check, environment.apps));

function toCheck(check: CompiledCheck, apps: readonly CompiledApp[]): Check {
  const named = check.exec?.app ?? (typeof check.from === 'object' ? check.from.app : null);
  const app = apps.find(({ name }) => name === named) ?? null;
  return {
    name: check.name ?? `${kindOf(check)} ${targetOf(check)}`,
    probe: probeOf(check),
    from: app?.app ?? null,
    latency: check.expect?.latency ?? null,
    retries: check.retries ?? DEFAULT_RETRIES,
    deadline: check.timeout ?? DEFAULT_DEADLINE,
    skip: skipOf(check, named, app),
  };
}
function skipOf({ missing }: CompiledCheck, named: string | null, app: CompiledApp | null): string | null {
  if (missing !== undefined && missing.length > 0) return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} unset`;
  if (named === null) return null;
  if (app === null) return `${named} is no app of this environment`;
  return app.excluded ? `${named} is excluded` : app.enabled ? null : `${named} is not enabled`;
}
function probeOf(check: SmokeCheck): Probe {
  const { expect = {} } = check;
  const kind = kindOf(check);
  const { host, port } = parseHostPort(targetOf(check)) ?? { host: targetOf(check), port: 0 };
  switch (kind) {
    case 'http':
      return { kind, url: toHttpUrl(targetOf(check))?.href ?? targetOf(check), expect: httpExpectationOf(expect) };
    case 'tcp':
      return { kind, host, port };
    case 'grpc': {
      const { service = '', tls = false } = typeof check.grpc === 'object' ? check.grpc : {};
      return { kind, host, port, service, tls };
    }
    case 'sql':
      return { kind, statement: targetOf(check), value: expect.value ?? null };
    case 'exec':
      return { kind, command: check.exec?.command ?? [], exitCode: expect.exitCode ?? 0, output: expect.output ?? null };
  }
}
function httpExpectationOf(expect: NonNullable<SmokeCheck['expect']>): HttpExpectation {
  const { status, header, body, json, redirect, tlsDaysLeft } = expect;
  return {
    status: status ?? null,
    header: header ?? {},
    body: body ?? null,
    json: json ?? {},
    redirect: redirect === undefined ? null : redirectOf(redirect),
    tlsDaysLeft: tlsDaysLeft ?? null,
  };
}
function redirectOf(redirect: NonNullable<NonNullable<SmokeCheck['expect']>['redirect']>): RedirectExpectation {
  if (typeof redirect === 'string') return { kind: 'to', to: redirect, query: {} };
  const { to, issuer, query = {} } = redirect;
  return issuer === undefined ? { kind: 'to', to: to ?? '', query } : { kind: 'issuer', to: issuer, query };
}

export const kindOf = (check: SmokeCheck): CheckKind => CHECK_KINDS.find((kind) => check[kind] !== undefined) ?? 'http';
/** What a check is about, as text. */
export function targetOf({ http, tcp, grpc, sql, exec }: SmokeCheck): string {
  if (exec !== undefined) return `${exec.app}: ${exec.command.join(' ')}`;
  return http ?? tcp ?? (typeof grpc === 'object' ? grpc.address : grpc) ?? sql ?? '';
}
/** Addresses are put together from variables that may end with a slash: two of them in the path count as one. */
export function toHttpUrl(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  url.pathname = url.pathname.replace(/\/{2,}/g, '/');
  return url;
}
const HOST_PORT = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;
export function parseHostPort(text: string): { readonly host: string; readonly port: number } | null {
  const [, v6, name, digits] = HOST_PORT.exec(text) ?? [];
  const port = Number(digits);
  const host = v6 ?? name;
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

/** Why a release is not followed by the checks; null: it is. `changed`: it brought something that may answer otherwise than before. */
export function whyNoSmoke({ declared }: CompiledEnvironment, changed: boolean): string | null {
  const run = declared?.smoke?.run ?? 'whenChanged';
  if (run === 'always') return null;
  if (run === 'never') return (declared?.lookups[SMOKE_SWITCH] ?? null) === null ? 'smoke.run is never' : `${SMOKE_SWITCH} is false`;
  return changed ? null : 'only counts, addresses and certificates were changed';
}
