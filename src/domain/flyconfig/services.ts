/** `[http_service]`, `[[services]]` and `[checks]` → services and checks of a machine, as the platform's client writes them. */
import type { MachineCheck, MachinePort, MachineService } from '#domain/machine-config.ts';
import { defined, filled, nonEmpty } from './defined.ts';
import { belongsTo, type GroupScene, sectionsOf } from './groups.ts';
import type { FlyCheck, FlyHttpCheck, FlyHttpService, FlyPort, FlyService, FlyTcpCheck, FlyToml } from './schema.ts';

/** The HTTP service comes first. */
export function servicesOf(toml: FlyToml, scene: GroupScene): readonly MachineService[] {
  const http = toml.http_service;
  return [...(http !== undefined && belongsTo(scene, http) ? [httpService(http)] : []), ...sectionsOf(scene, toml.services).map(toService)];
}
const httpService = ({ force_https, http_options, tls_options, checks, ...rest }: FlyHttpService): MachineService =>
  toService({
    ...rest,
    protocol: 'tcp',
    http_checks: checks,
    ports: [
      { port: 80, handlers: ['http'], force_https, http_options },
      { port: 443, handlers: ['http', 'tls'], http_options, tls_options },
    ],
  });

const AUTOSTOP = { off: false, stop: true, suspend: 'suspend' } as const;
function toService(service: FlyService): MachineService {
  const { auto_stop_machines: autostop, concurrency } = service;
  const checks = [...(service.tcp_checks ?? []).map(tcpCheck), ...(service.http_checks ?? []).map(httpCheck)];
  return {
    ...defined({
      protocol: filled(service.protocol),
      internal_port: filled(service.internal_port),
      autostop: typeof autostop === 'string' ? AUTOSTOP[autostop] : autostop,
      autostart: service.auto_start_machines,
      min_machines_running: service.min_machines_running,
      ports: nonEmpty(service.ports?.map(toPort)),
      checks: nonEmpty(checks),
      concurrency:
        concurrency === undefined
          ? undefined
          : defined({
              type: filled(concurrency.type),
              hard_limit: filled(concurrency.hard_limit),
              soft_limit: filled(concurrency.soft_limit),
            }),
    }),
    // Always sent; the platform's own field.
    force_instance_key: null,
  };
}
function toPort(port: FlyPort): MachinePort {
  const { tls_options: tls, http_options: http, proxy_proto_options: proxy } = port;
  return defined({
    port: port.port,
    start_port: port.start_port,
    end_port: port.end_port,
    handlers: nonEmpty(port.handlers),
    force_https: filled(port.force_https),
    tls_options: tls === undefined ? undefined : defined({ ...tls, alpn: nonEmpty(tls.alpn), versions: nonEmpty(tls.versions) }),
    http_options: http === undefined ? undefined : httpOptions(http),
    proxy_proto_options: proxy === undefined ? undefined : defined({ version: filled(proxy.version) }),
  });
}
function httpOptions(options: NonNullable<FlyPort['http_options']>) {
  const { response, replay_cache: cache, ...rest } = options;
  const headers = response?.headers;
  return defined({
    ...defined(rest),
    response:
      response === undefined
        ? undefined
        : defined({
            pristine: response.pristine,
            headers: headers === undefined || Object.keys(headers).length === 0 ? undefined : headers,
          }),
    replay_cache: nonEmpty(
      cache?.map(({ allow_bypass: bypass, ...entry }) => ({ ...entry, ...defined({ allow_bypass: filled(bypass) }) })),
    ),
  });
}

const tcpCheck = (check: FlyTcpCheck): MachineCheck => ({ type: 'tcp', ...defined(check) });
const httpCheck = ({ headers, ...check }: FlyHttpCheck): MachineCheck => ({
  type: 'http',
  ...defined({ ...check, headers: headerList(headers) }),
});
/** By name: the map they are written in has no order. */
const headerList = (headers: Readonly<Record<string, string>> | undefined) =>
  nonEmpty(
    Object.entries(headers ?? {})
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => ({ name, values: [value] })),
  );

/** Null: it has no port, and the group no HTTP service to take it from. */
export function topLevelCheck({ processes: _, headers, method, port, ...check }: FlyCheck, httpPort: number | null): MachineCheck | null {
  const known = port ?? httpPort;
  if (known === null) return null;
  return defined({ ...check, port: known, method: method?.toUpperCase(), headers: headerList(headers) });
}
