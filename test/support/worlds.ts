/** Small desired states for tests. */
import type { MachineConfig } from '#domain/machine-config.ts';
import { AS_THE_CLI, createByHand } from './hands.ts';
import type { Files, Harness } from './harness.ts';

export const FLY_TOML = `
app = "acme-web"
primary_region = "nrt"
[env]
  LOG_LEVEL = "info"
[http_service]
  internal_port = 8080
  force_https = true
  auto_stop_machines = "off"
  auto_start_machines = true
  [[http_service.checks]]
    interval = "5s"
    timeout = "2s"
    grace_period = "1s"
    method = "GET"
    path = "/healthz"
[[vm]]
  size = "shared-cpu-1x"
`;
export interface WorldOptions {
  readonly mode?: 'observe' | 'manual' | 'automatic';
  readonly protection?: 'production' | 'none';
  readonly grace?: string;
  readonly machines?: string;
  readonly image?: string | null;
  readonly memory?: string;
  readonly extra?: string;
  readonly env?: string;
  readonly toml?: string;
}
/** One environment `test` with the app `web` (acme-web). */
export function oneApp(options: WorldOptions = {}): Files {
  const { mode = 'automatic', protection = 'none', grace = '0s', machines = '{ nrt: 2 }', image = 'registry.fly.io/acme-web:v1' } = options;
  return {
    'desired-state/test/environment.yaml': `apiVersion: trimtab.dev/v1alpha1
kind: Environment
metadata: { name: test }
spec:
  organization: acme
  protection: ${protection}
  primaryRegion: nrt
  sync: { mode: ${mode}, selfHeal: { enabled: true, grace: ${grace} } }
${options.env ?? ''}`,
    'desired-state/test/web.yaml': `apiVersion: trimtab.dev/v1alpha1
kind: App
metadata: { name: web }
spec:
  app: acme-web
  config: fly.toml
${image === null ? '' : `  image: ${image}\n`}  groups:
    app: { machines: ${machines}${options.memory === undefined ? '' : `, vm: { size: shared-cpu-1x, memory: ${options.memory} }`} }
${options.extra ?? ''}`,
    'fly.toml': options.toml ?? FLY_TOML,
  };
}
/** As `fly deploy` of `FLY_TOML` leaves it: `count` machines of one group, without anybody's stamp. */
export async function deployByHand(harness: Harness, app: string, count: number): Promise<void> {
  await harness.byHand('POST', '/v1/apps', { app_name: app, org_slug: 'acme' });
  for (let made = 0; made < count; made++) await createByHand(harness, app, DEPLOYED);
  await harness.pass(30);
}
export const DEPLOYED: MachineConfig = {
  image: 'registry.fly.io/acme-web:v1',
  env: { LOG_LEVEL: 'info', FLY_PROCESS_GROUP: 'app', PRIMARY_REGION: 'nrt' },
  metadata: AS_THE_CLI,
  services: [
    {
      protocol: 'tcp',
      internal_port: 8_080,
      autostop: false,
      autostart: true,
      ports: [
        { port: 80, handlers: ['http'], force_https: true },
        { port: 443, handlers: ['http', 'tls'] },
      ],
      checks: [{ type: 'http', interval: '5s', timeout: '2s', grace_period: '1s', method: 'GET', path: '/healthz' }],
    },
  ],
};
