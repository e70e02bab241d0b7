/** A fly.toml in today's shape: every key the platform's client understands. Types and checks come from here; other keys are told and left out. */
import { z } from 'zod';
import { durationToNs, nsToDuration } from './duration.ts';
import { memoryMb, volumeGb } from './size.ts';

const Whole = z.number().int('expected a whole number');
const Texts = z.array(z.string());
const TextMap = z.record(z.string(), z.string());
/** In the spelling of the wire. A bare number is nanoseconds: where it means something else, it has been rewritten before. */
const Duration = z
  .union([z.number(), z.string().refine((text) => durationToNs(text) !== null, 'expected a duration such as 15s or 1m30s')], {
    error: 'expected a duration such as 15s or 1m30s',
  })
  .transform((value) => nsToDuration(typeof value === 'number' ? Math.trunc(value) : (durationToNs(value) ?? 0)));
const Memory = z.string().refine((text) => text === '' || (memoryMb(text) ?? 0) > 0, 'expected memory such as 512mb or 2gb');
const VolumeSize = z.string().refine((text) => (volumeGb(text) ?? 0) >= 1, 'expected a size of at least 1 GB, such as 10gb');
const Autostop = z.union([z.boolean(), z.enum(['off', 'stop', 'suspend'])], { error: 'expected "off", "stop" or "suspend"' });
const Processes = { processes: Texts.optional().describe('Process groups this belongs to.') };

const CheckTimes = { interval: Duration.optional(), timeout: Duration.optional(), grace_period: Duration.optional() };
const HttpCheckParts = {
  method: z.string().optional(),
  path: z.string().optional(),
  protocol: z.string().optional(),
  tls_skip_verify: z.boolean().optional(),
  tls_server_name: z.string().optional(),
  headers: TextMap.optional(),
};
const TcpCheck = z.strictObject(CheckTimes);
const HttpCheck = z.strictObject({ ...CheckTimes, ...HttpCheckParts });
const Check = z.strictObject({
  ...CheckTimes,
  ...HttpCheckParts,
  port: Whole.optional(),
  type: z.enum(['http', 'tcp']).describe('"http" or "tcp".'),
  ...Processes,
});
/** Known, and told as not run: `machine_checks`. */
const MachineChecks = z.array(
  z.strictObject({
    command: Texts.optional(),
    image: z.string().optional(),
    entrypoint: Texts.optional(),
    kill_signal: z.string().optional(),
    kill_timeout: Duration.optional(),
  }),
);
const Concurrency = z.strictObject({ type: z.string().optional(), hard_limit: Whole.optional(), soft_limit: Whole.optional() });
const TlsOptions = z.strictObject({
  alpn: Texts.optional(),
  versions: Texts.optional(),
  default_self_signed: z.boolean().optional(),
});
const HttpOptions = z.strictObject({
  compress: z.boolean().optional(),
  response: z.strictObject({ headers: z.record(z.string(), z.json()).optional(), pristine: z.boolean().optional() }).optional(),
  h2_backend: z.boolean().optional(),
  idle_timeout: Whole.min(0).optional(),
  headers_read_timeout: Whole.min(0).optional(),
  replay_cache: z
    .array(
      z.strictObject({
        path_prefix: z.string().default(''),
        ttl_seconds: Whole.default(0),
        type: z.string().default(''),
        name: z.string().default(''),
        allow_bypass: z.boolean().optional(),
      }),
    )
    .optional(),
});
const Port = z.strictObject({
  port: Whole.optional(),
  start_port: Whole.optional(),
  end_port: Whole.optional(),
  handlers: Texts.optional(),
  force_https: z.boolean().optional(),
  tls_options: TlsOptions.optional(),
  http_options: HttpOptions.optional(),
  proxy_proto_options: z.strictObject({ version: z.string().optional() }).optional(),
});
const Scaling = {
  auto_stop_machines: Autostop.optional(),
  auto_start_machines: z.boolean().optional(),
  min_machines_running: Whole.optional(),
  concurrency: Concurrency.optional(),
};
const HttpService = z.strictObject({
  internal_port: Whole.optional(),
  force_https: z.boolean().optional(),
  ...Scaling,
  tls_options: TlsOptions.optional(),
  http_options: HttpOptions.optional(),
  checks: z.array(HttpCheck).optional(),
  machine_checks: MachineChecks.optional(),
  ...Processes,
});
const Service = z.strictObject({
  protocol: z.string().optional(),
  internal_port: Whole.optional(),
  ...Scaling,
  ports: z.array(Port).optional(),
  tcp_checks: z.array(TcpCheck).optional(),
  http_checks: z.array(HttpCheck).optional(),
  machine_checks: MachineChecks.optional(),
  ...Processes,
});
const Persist = z.enum(['never', 'always', 'restart', 'none', '']);
const Vm = z.strictObject({
  size: z.string().optional(),
  memory: Memory.optional(),
  cpu_kind: z.string().optional(),
  cpus: Whole.optional(),
  memory_mb: Whole.optional(),
  max_memory_mb: Whole.optional(),
  gpus: Whole.optional(),
  gpu_kind: z.string().optional(),
  host_dedication_id: z.string().optional(),
  persist_rootfs: Persist.optional(),
  kernel_args: Texts.optional(),
  ...Processes,
});
const Mount = z.strictObject({
  source: z.string().optional(),
  destination: z.string().optional(),
  initial_size: VolumeSize.optional(),
  snapshot_retention: Whole.min(1).max(60).optional().describe('Days, 1 to 60.'),
  scheduled_snapshots: z.boolean().optional(),
  auto_extend_size_threshold: Whole.optional(),
  auto_extend_size_increment: VolumeSize.optional(),
  auto_extend_size_limit: VolumeSize.optional(),
  ...Processes,
});
const Build = z.strictObject({
  builder: z.string().optional(),
  args: TextMap.optional(),
  buildpacks: Texts.optional(),
  image: z.string().optional(),
  settings: z.record(z.string(), z.json()).optional(),
  builtin: z.string().optional(),
  dockerfile: z.string().optional(),
  ignorefile: z.string().optional(),
  'build-target': z.string().optional(),
  compose: z.strictObject({ file: z.string().optional() }).optional(),
  compression: z.string().optional(),
  compression_level: Whole.optional(),
});
const Deploy = z.strictObject({
  strategy: z.enum(['canary', 'rolling', 'immediate', 'bluegreen']).optional(),
  max_unavailable: z.number().min(0).optional(),
  wait_timeout: Duration.optional(),
  release_command: z.string().optional(),
  release_command_timeout: Duration.optional(),
  // Of no consequence for the machines of a group.
  release_command_vm: Vm.extend({ memory: z.string().optional() }).optional(),
  seed_command: z.string().optional(),
});
const Experimental = z.strictObject({
  cmd: Texts.optional(),
  entrypoint: Texts.optional(),
  exec: Texts.optional(),
  auto_rollback: z.boolean().optional(),
  enable_consul: z.boolean().optional(),
  enable_etcd: z.boolean().optional(),
  lazy_load_images: z.boolean().optional(),
  attached: z.strictObject({ secrets: z.strictObject({ export: TextMap.optional() }).optional() }).optional(),
  machine_config: z.string().optional(),
});

export const FlyToml = z.strictObject({
  app: z.string().optional(),
  primary_region: z.string().optional(),
  kill_signal: z.string().optional(),
  kill_timeout: Duration.optional(),
  swap_size_mb: Whole.optional(),
  console_command: z.string().optional(),
  experimental: Experimental.optional(),
  build: Build.optional(),
  deploy: Deploy.optional(),
  env: TextMap.optional(),
  processes: TextMap.optional(),
  mounts: z.array(Mount).optional(),
  http_service: HttpService.optional(),
  services: z.array(Service).optional(),
  checks: z.record(z.string(), Check).optional(),
  files: z
    .array(
      z.strictObject({
        guest_path: z.string().optional(),
        local_path: z.string().optional(),
        secret_name: z.string().optional(),
        raw_value: z.string().optional(),
        ...Processes,
      }),
    )
    .optional(),
  host_dedication_id: z.string().optional(),
  machine_config: z.string().optional(),
  container: z.string().optional(),
  machine_checks: MachineChecks.optional(),
  restart: z
    .array(z.strictObject({ policy: z.enum(['always', 'never', 'on-failure']), retries: Whole.optional(), ...Processes }))
    .optional(),
  vm: z.array(Vm).optional(),
  statics: z
    .array(
      z.strictObject({
        guest_path: z.string().optional(),
        url_prefix: z.string().optional(),
        tigris_bucket: z.string().optional(),
        index_document: z.string().optional(),
      }),
    )
    .optional(),
  metrics: z
    .array(z.strictObject({ port: Whole.optional(), path: z.string().optional(), https: z.boolean().optional(), ...Processes }))
    .optional(),
});
export type FlyToml = z.infer<typeof FlyToml>;
export type FlyService = z.infer<typeof Service>;
export type FlyHttpService = z.infer<typeof HttpService>;
export type FlyHttpCheck = z.infer<typeof HttpCheck>;
export type FlyTcpCheck = z.infer<typeof TcpCheck>;
export type FlyCheck = z.infer<typeof Check>;
export type FlyPort = z.infer<typeof Port>;
export type FlyVm = z.infer<typeof Vm>;
export type FlyMount = z.infer<typeof Mount>;
