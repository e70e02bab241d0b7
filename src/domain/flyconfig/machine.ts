/** One process group of a fly.toml → the machine config that the platform's client would send for a new machine, without image. */
import type { Complaints } from '#domain/compile-app.ts';
import type { FlyGroup } from '#domain/compile-config.ts';
import type { Path } from '#domain/desired-yaml.ts';
import { isJsonObject, type JsonObject } from '#domain/json.ts';
import type { MachineCheck, MachineConfig, MachineFile, MachineMount } from '#domain/machine-config.ts';
import type { CompiledMount } from '#domain/revision.ts';
import { PLATFORM_VERSION_KEY, PROCESS_GROUP_KEY } from '#domain/stamp.ts';
import { defined, filled, nonEmpty } from './defined.ts';
import { type GroupScene, sectionsOf, sizeOf } from './groups.ts';
import { guestOf } from './guest.ts';
import type { RawConfig } from './raw-config.ts';
import type { FlyMount, FlyToml } from './schema.ts';
import { servicesOf, topLevelCheck } from './services.ts';
import { shellWords } from './shell-words.ts';
import { volumeGb } from './size.ts';

export interface FlattenScene extends GroupScene {
  readonly raw: RawConfig;
  /** Every group gets every file: they are put together before groups are told apart. */
  readonly files: readonly MachineFile[];
}

export function flattenGroup(toml: FlyToml, scene: FlattenScene, complaints: Complaints): FlyGroup {
  const { raw } = scene;
  const vm = sizeOf(scene, toml.vm);
  const at: Path = vm === null ? [] : ['vm', (toml.vm ?? []).indexOf(vm)];
  const guest = vm === null ? undefined : guestOf(vm, toml.host_dedication_id, at, complaints);
  const [metrics] = sectionsOf(scene, toml.metrics);
  const restart = sectionsOf(scene, toml.restart).at(-1);
  const [mount] = sectionsOf(scene, toml.mounts);
  const config: MachineConfig = {
    ...raw.config,
    ...defined({
      guest,
      services: nonEmpty(servicesOf(toml, scene)),
      checks: checksOf(toml, scene, complaints),
      statics: nonEmpty(staticsOf(toml)),
      metrics: metrics === undefined ? undefined : metricsOf(metrics),
      files: nonEmpty(scene.files),
      mounts: nonEmpty(sectionsOf(scene, toml.mounts).map(mountOf)),
      stop_config: stopOf(toml),
      restart: restart === undefined ? undefined : restartOf(restart),
    }),
    init: initOf(toml, scene, complaints),
    metadata: { ...textsIn(raw.config['metadata']), [PLATFORM_VERSION_KEY]: 'v2', [PROCESS_GROUP_KEY]: scene.group },
    env: {
      ...toml.env,
      FLY_PROCESS_GROUP: scene.group,
      ...defined({ PRIMARY_REGION: filled(toml.primary_region) }),
    },
  };
  return {
    name: scene.group,
    config,
    guestStated: guest !== undefined || raw.config['guest'] !== undefined,
    stated: raw.stated,
    mount: mount === undefined ? null : volumeOf(mount),
  };
}
const textsIn = (value: unknown): Readonly<Record<string, string>> =>
  isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)])) : {};

function initOf(toml: FlyToml, { group, raw }: FlattenScene, { problem }: Complaints): JsonObject {
  const line = toml.processes?.[group] ?? '';
  const words = line === '' ? null : shellWords(line);
  if (words?.ok === false) {
    problem(['processes', group], 'invalid-value', `the command of ${group} cannot be read: ${words.error}`, 'correct the quotes');
  }
  const own = words?.ok ? words.value : toml.experimental?.cmd;
  const kept = isJsonObject(raw.config['init']) ? raw.config['init'] : {};
  const { cmd: _, entrypoint: __, exec: ___, swap_size_mb: ____, ...rest } = kept;
  return {
    ...rest,
    ...defined({
      cmd: nonEmpty(own),
      entrypoint: nonEmpty(toml.experimental?.entrypoint),
      exec: nonEmpty(toml.experimental?.exec),
      swap_size_mb: toml.swap_size_mb,
    }),
  };
}
function checksOf(toml: FlyToml, scene: GroupScene, { problem }: Complaints): Readonly<Record<string, MachineCheck>> | undefined {
  const http = toml.http_service;
  const httpPort = http !== undefined && sectionsOf(scene, [http]).length > 0 ? (http.internal_port ?? 0) : null;
  const entries = Object.entries(toml.checks ?? {}).filter(([, check]) => sectionsOf(scene, [check]).length > 0);
  const checks = entries.flatMap(([name, check]): readonly (readonly [string, MachineCheck])[] => {
    const made = topLevelCheck(check, httpPort);
    if (made !== null) return [[name, made]];
    const message = `check ${name} has no port, and group ${scene.group} has no http_service to take it from`;
    problem(['checks', name], 'missing-key', message, 'add port to the check');
    return [];
  });
  return checks.length === 0 ? undefined : Object.fromEntries(checks);
}
const staticsOf = ({ statics = [] }: FlyToml) =>
  statics.map((one) => ({
    guest_path: one.guest_path ?? '',
    url_prefix: one.url_prefix ?? '',
    tigris_bucket: one.tigris_bucket ?? '',
    index_document: one.index_document ?? '',
  }));
/** Without any field of its own the section says nothing. */
function metricsOf({ port, path, https }: NonNullable<FlyToml['metrics']>[number]) {
  if (port === undefined && path === undefined && https === undefined) return undefined;
  return defined({ port: filled(port), path: filled(path), https: filled(https) });
}
const POLICY = { always: 'always', 'on-failure': 'on-failure', never: 'no' } as const;
const restartOf = ({ policy, retries }: NonNullable<FlyToml['restart']>[number]) => ({
  policy: POLICY[policy],
  ...defined({ max_retries: filled(retries) }),
});
export function stopOf({ kill_signal: signal, kill_timeout: timeout }: FlyToml) {
  return signal === undefined && timeout === undefined ? undefined : defined({ signal, timeout });
}
const gigabytes = (text: string | undefined): number | undefined => filled(text === undefined ? 0 : (volumeGb(text) ?? 0));
const mountOf = (mount: FlyMount): MachineMount =>
  defined({
    name: filled(mount.source),
    path: filled(mount.destination),
    extend_threshold_percent: filled(mount.auto_extend_size_threshold),
    add_size_gb: gigabytes(mount.auto_extend_size_increment),
    size_gb_limit: gigabytes(mount.auto_extend_size_limit),
  });
const volumeOf = (mount: FlyMount): CompiledMount => ({
  name: mount.source ?? '',
  path: mount.destination ?? '',
  initialSizeGb: gigabytes(mount.initial_size) ?? 1,
  snapshotRetention: mount.snapshot_retention ?? null,
  scheduledSnapshots: mount.scheduled_snapshots ?? null,
});
