/** Rows as the Machines API tells them, with its own spelling of what it was given (fly-behaviour.md §5, read-back differences). */
import type { Json, JsonObject } from '#domain/json.ts';
import type { MachineConfig, MachineService } from '#domain/machine-config.ts';
import { sizeToGuest } from '#domain/sizes.ts';
import { iso } from './request.ts';
import type { AppRow, CertificateRow, MachineRow, VolumeRow, World } from './world.ts';
import { machinesOf } from './world.ts';

/** The config as the platform keeps it: defaults filled in, words turned into its own. */
export function keptConfig(world: World, config: MachineConfig): MachineConfig {
  const { size, ...rest } = config;
  const guest = { cpu_kind: 'shared', cpus: 1, memory_mb: 256, ...(typeof size === 'string' ? sizeToGuest(size) : {}), ...rest.guest };
  return {
    ...rest,
    init: rest.init ?? {},
    guest,
    restart: rest.restart ?? {},
    dns: rest.dns ?? {},
    ...(rest.services === undefined ? {} : { services: rest.services.map(keptService) }),
    ...(rest.mounts === undefined ? {} : { mounts: rest.mounts.map((mount) => ({ ...mount, ...volumeFacts(world, mount.volume) })) }),
  };
}
const keptService = (service: MachineService): MachineService => ({
  ...service,
  protocol: service.protocol ?? 'tcp',
  ...(service.autostop === undefined ? {} : { autostop: autostopAsBool(service.autostop) }),
  // The platform answers at most this spelling.
  force_instance_key: service['force_instance_key'] ?? null,
});
const autostopAsBool = (word: boolean | string): boolean | string => (word === 'stop' ? true : word === 'off' ? false : word);
function volumeFacts(world: World, id: string | undefined): JsonObject {
  const volume = id === undefined ? undefined : world.volumes.get(id);
  return volume === undefined ? {} : { name: volume.name, size_gb: volume.sizeGb, encrypted: volume.encrypted };
}

export function renderMachine(row: MachineRow, showsNonce = false): JsonObject {
  const sick = row.hostStatus !== 'ok';
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    region: row.region,
    image_ref: { ...row.image, labels: {} },
    instance_id: row.instanceId,
    version: row.instanceId,
    private_ip: row.privateIp,
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
    ...(sick ? { incomplete_config: { image: row.config.image ?? '', metadata: row.config.metadata ?? {} } } : { config: row.config }),
    events: row.events.map((event) => ({ ...event })),
    checks: row.checks.map((check) => ({ name: check.name, status: check.status, output: check.output, updated_at: iso(check.updatedAt) })),
    host_status: row.hostStatus,
    cordoned: row.cordoned,
    ...(showsNonce && row.lease !== null ? { nonce: row.lease.nonce } : {}),
  };
}
/** The organization-wide list's view: behind by its lag, without checks, services, env or cordon. */
export function renderOrgMachine(row: MachineRow): JsonObject {
  const { shown } = row;
  const config = shown?.config ?? row.config;
  const version = shown?.instanceId ?? row.instanceId;
  return {
    app_name: row.app,
    id: row.id,
    instance_id: version,
    version,
    name: row.name,
    private_ip: row.privateIp,
    region: row.region,
    state: shown?.state ?? row.state,
    created_at: iso(row.createdAt),
    updated_at: iso(shown?.updatedAt ?? row.updatedAt),
    config: { guest: config.guest ?? {}, image: config.image ?? '', metadata: config.metadata ?? {} },
  };
}
export function renderVolume(row: VolumeRow): JsonObject {
  const bytes = row.sizeGb * 1_000_000_000;
  const blocks = Math.floor(bytes / 4_096);
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    size_gb: row.sizeGb,
    region: row.region,
    zone: row.host,
    encrypted: row.encrypted,
    attached_machine_id: row.attachedMachine,
    attached_alloc_id: null,
    created_at: iso(row.createdAt),
    blocks,
    block_size: 4_096,
    blocks_free: blocks,
    blocks_avail: blocks,
    bytes_used: 0,
    bytes_total: bytes,
    fstype: 'ext4',
    type: 'local',
    host_status: 'ok',
    snapshot_retention: row.snapshotRetention,
    auto_backup_enabled: row.autoBackup,
  };
}
/** Stable small number for what the platform numbers. */
export const numericId = (text: string): number => [...text].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 10_000_019, 7);

export function renderApp(world: World, row: AppRow): JsonObject {
  const machines = machinesOf(world, row.name).filter((machine) => machine.state !== 'destroyed');
  const volumes = [...world.volumes.values()].filter((volume) => volume.app === row.name);
  return {
    id: row.id,
    internal_numeric_id: numericId(row.name),
    name: row.name,
    network: row.network,
    status: row.status,
    machine_count: machines.length,
    volume_count: volumes.length,
    organization: { name: world.organizations.get(row.organization)?.name ?? row.organization, slug: row.organization },
    cname_target: `${numericId(row.name).toString(36)}.${row.name}.fly.dev`,
    app_role: null,
  };
}
export function renderCertificate(world: World, row: CertificateRow): JsonObject {
  const addresses = [...world.addresses.values()].filter((address) => address.app === row.app);
  const ipsOf = (...types: readonly string[]): readonly string[] =>
    addresses.filter((address) => types.includes(address.type)).map((address) => address.ip);
  const active = row.status === 'active';
  const entry = {
    created_at: iso(row.createdAt),
    issuer: "Let's Encrypt",
    source: 'fly',
    status: active ? 'active' : 'pending_validation',
  };
  const expires = active ? { expires_at: iso(row.createdAt + 90 * 86_400_000) } : {};
  return {
    hostname: row.hostname,
    configured: active,
    acme_requested: true,
    dns_provider: '',
    status: active ? 'active' : 'pending_validation',
    certificates: [{ ...entry, ...expires, issued: [] }],
    validation_errors: [],
    dns_requirements: { a: ipsOf('v4', 'shared_v4'), aaaa: ipsOf('v6'), cname: `${row.app}.fly.dev` },
  };
}
export const renderCertificateSummary = (row: CertificateRow): Json => ({
  hostname: row.hostname,
  configured: row.status === 'active',
  acme_requested: true,
  acme_alpn_configured: row.status === 'active',
  acme_dns_configured: false,
  acme_http_configured: false,
  created_at: iso(row.createdAt),
  updated_at: iso(row.createdAt),
  dns_provider: '',
  has_custom_certificate: false,
  has_fly_certificate: row.status === 'active',
  status: row.status === 'active' ? 'active' : 'pending_validation',
});
