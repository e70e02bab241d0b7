/** The hands of a person at the platform's own API, and what they see there. */
import { z } from 'zod';

export type Api = (method: string, path: string, body?: unknown) => Promise<unknown>;

const Machine = z.looseObject({
  id: z.string(),
  name: z.string(),
  state: z.string(),
  region: z.string(),
  instance_id: z.string(),
  updated_at: z.string(),
  cordoned: z.boolean(),
  image_ref: z.looseObject({ tag: z.string() }),
  checks: z.array(z.looseObject({ status: z.string() })),
  config: z.looseObject({
    image: z.string(),
    env: z.record(z.string(), z.string()).default({}),
    guest: z.looseObject({ memory_mb: z.number() }),
    metadata: z.record(z.string(), z.string()).default({}),
    services: z.array(z.looseObject({ min_machines_running: z.number().optional() })).default([]),
  }),
});
type Raw = z.infer<typeof Machine>;
export interface HandMachine {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly instance: string;
  readonly memory: number;
  readonly env: Readonly<Record<string, string>>;
  readonly floor: number;
  readonly image: string;
  readonly cordoned: boolean;
  readonly passing: boolean;
  readonly stamped: boolean;
  readonly updatedAt: number;
}
const view = (machine: Raw): HandMachine => ({
  id: machine.id,
  name: machine.name,
  state: machine.state,
  instance: machine.instance_id,
  memory: machine.config.guest.memory_mb,
  env: machine.config.env,
  floor: machine.config.services[0]?.min_machines_running ?? 0,
  image: machine.image_ref.tag,
  cordoned: machine.cordoned,
  passing: machine.checks.every(({ status }) => status === 'passing'),
  stamped: machine.config.metadata['trimtab_owner'] !== undefined,
  updatedAt: Date.parse(machine.updated_at),
});

const service = {
  protocol: 'tcp',
  internal_port: 8_080,
  autostop: false,
  autostart: true,
  min_machines_running: 1,
  ports: [
    { port: 80, handlers: ['http'], force_https: true },
    { port: 443, handlers: ['http', 'tls'] },
  ],
  checks: [{ type: 'http', interval: '2s', timeout: '1s', grace_period: '1s', method: 'GET', path: '/healthz' }],
};
const definition = (app: string, region: string) => ({
  app,
  primary_region: region,
  env: { LOG_LEVEL: 'info' },
  http_service: {
    internal_port: 8_080,
    force_https: true,
    auto_stop_machines: 'off',
    auto_start_machines: true,
    min_machines_running: 1,
    checks: [{ interval: '2s', timeout: '1s', grace_period: '1s', method: 'GET', path: '/healthz' }],
  },
});
/** As `fly launch` and `fly deploy --ha=false` leave an app. */
export async function deployByHand(api: Api, app: string, region: string): Promise<void> {
  await api('POST', '/v1/apps', { app_name: app, org_slug: 'acme' });
  const image = `registry.fly.io/${app}:v1`;
  const { release } = z
    .object({ release: z.object({ id: z.string() }) })
    .parse(await api('POST', '/api/v1/releases', { app_name: app, image, strategy: 'ROLLING', definition: definition(app, region) }));
  await api('POST', `/v1/apps/${app}/ip_assignments`, { type: 'shared_v4' });
  await api('POST', `/v1/apps/${app}/ip_assignments`, { type: 'v6' });
  await api('POST', `/v1/apps/${app}/machines`, {
    region,
    config: {
      image,
      env: { LOG_LEVEL: 'info', FLY_PROCESS_GROUP: 'app', PRIMARY_REGION: region },
      guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 },
      metadata: { fly_platform_version: 'v2', fly_process_group: 'app', fly_release_id: release.id, fly_release_version: '1' },
      services: [service],
    },
  });
  await api('PATCH', `/api/v1/releases/${release.id}`, { status: 'complete' });
}

export function makeHands(api: Api) {
  const raw = async (app: string): Promise<readonly Raw[]> => z.array(Machine).parse(await api('GET', `/v1/apps/${app}/machines`));
  const ours = async (app: string): Promise<readonly Raw[]> =>
    (await raw(app)).filter(({ state, config }) => state !== 'destroying' && config.metadata['fly_platform_version'] === 'v2');
  const first = async (app: string): Promise<Raw> => {
    const [machine] = await ours(app);
    if (machine === undefined) throw new Error(`${app} has no machine`);
    return machine;
  };
  const change = async (app: string, patch: (config: Raw['config']) => object): Promise<void> => {
    const machine = await first(app);
    await api('POST', `/v1/apps/${app}/machines/${machine.id}`, { config: { ...machine.config, ...patch(machine.config) } });
  };
  const Counters = z.looseObject({ writes: z.number(), rateLimitViolations: z.number(), byRoute: z.record(z.string(), z.number()) });
  const machines = async (app: string): Promise<readonly HandMachine[]> => (await ours(app)).map(view);
  return {
    machines,
    raw,
    all: async () => [...(await machines('acme-shop-web')), ...(await machines('acme-shop-api'))],
    writes: async () => Counters.parse(await api('GET', '/_sim/counters')).writes,
    writesTo: async (route: string) => Counters.parse(await api('GET', '/_sim/counters')).byRoute[route] ?? 0,
    violations: async () => Counters.parse(await api('GET', '/_sim/counters')).rateLimitViolations,
    setMemory: (app: string, memory: number) => change(app, ({ guest }) => ({ guest: { ...guest, memory_mb: memory } })),
    setEnv: (app: string, name: string, value: string) => change(app, ({ env }) => ({ env: { ...env, [name]: value } })),
    setImage: (app: string, image: string) => change(app, () => ({ image })),
    setFloor: (app: string, floor: number) =>
      change(app, ({ services }) => ({ services: services.map((one) => ({ ...one, min_machines_running: floor })) })),
    destroyOne: async (app: string) => api('DELETE', `/v1/apps/${app}/machines/${(await first(app)).id}?kill=true`),
    stopOne: async (app: string) => api('POST', `/v1/apps/${app}/machines/${(await first(app)).id}/stop`, {}),
    startOne: async (app: string) => api('POST', `/v1/apps/${app}/machines/${(await first(app)).id}/start`, {}),
    /** The platform may stop it when nobody asks for it. */
    letRest: (app: string) =>
      change(app, ({ services }) => ({ services: services.map((one) => ({ ...one, autostop: true, min_machines_running: 0 })) })),
    cordonOne: async (app: string) => api('POST', `/v1/apps/${app}/machines/${(await first(app)).id}/cordon`, {}),
    /** As `fly machine clone`: config and metadata are copied, the stamp with them. */
    cloneOne: async (app: string) => {
      const { config, region } = await first(app);
      await api('POST', `/v1/apps/${app}/machines`, { region, config });
    },
    /** As `fly machine run`: no group, no stamp. */
    runForeign: async (app: string): Promise<string> => {
      const made = await api('POST', `/v1/apps/${app}/machines`, { region: 'nrt', config: { image: 'registry.fly.io/tools:v1' } });
      return z.looseObject({ id: z.string() }).parse(made).id;
    },
  };
}
