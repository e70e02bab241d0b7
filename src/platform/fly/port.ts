/** The Fly platform as trimtab uses it: parsed values in, parsed values out, failures as values. Implemented by `client.ts`.
 *  Every call has a deadline, obeys the published rate limits and takes the AbortSignal last. No call retries a write whose outcome is unknown:
 *  it answers FLY_AMBIGUOUS and the caller looks it up. */
import type { PlatformError } from '#domain/errors.ts';
import type { AppName, Digest, InstanceId, MachineId, OrgSlug, RegionCode, VolumeId } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import type { MachineConfig } from '#domain/machine-config.ts';
import type {
  AddressType,
  ObservedAddress,
  ObservedAppInfo,
  ObservedCertificate,
  ObservedEgress,
  ObservedLease,
  ObservedMachine,
  ObservedRelease,
  ObservedSecret,
  ObservedSnapshot,
  ObservedVolume,
  OrgMachinePicture,
} from '#domain/observed.ts';
import type { Result } from '#domain/result.ts';
import type { SecretValue } from '#domain/secret-value.ts';
import type { Instant } from '#domain/units.ts';

export type Reply<T> = Promise<Result<T, PlatformError>>;

export interface LaunchOptions {
  /** Do not boot: rests in created/stopped. */
  readonly skipLaunch?: boolean;
  /** Start cordoned. */
  readonly skipServiceRegistration?: boolean;
  /** The host must load secrets at least this new. */
  readonly minSecretsVersion?: number;
}
export interface CreateMachine extends LaunchOptions {
  readonly name: string;
  readonly region: RegionCode;
  readonly config: MachineConfig;
  readonly leaseTtlS?: number;
}
export interface UpdateMachine extends LaunchOptions {
  readonly config: MachineConfig;
  /** Optimistic lock: refused (FLY_PRECONDITION) when the machine has another version by now. */
  readonly currentVersion: InstanceId;
  readonly leaseNonce?: string;
}
export interface CreateVolume {
  readonly name: string;
  readonly region: RegionCode;
  readonly sizeGb: number;
  readonly encrypted: boolean;
  readonly snapshotRetention?: number;
  readonly autoBackup?: boolean;
  readonly requireUniqueZone?: boolean;
  /** Guest the volume's host must have room for. */
  readonly compute?: JsonObject;
}
export interface CreateRelease {
  readonly app: AppName;
  readonly image: string;
  readonly strategy: 'ROLLING' | 'IMMEDIATE';
  /** fly.toml as JSON: what `fly config show` will print. */
  readonly definition: JsonObject;
}
export interface HeldLease {
  readonly nonce: string;
  readonly expiresAt: Instant;
  readonly version: InstanceId;
}
export interface ResolvedImage {
  readonly ref: string;
  readonly digest: Digest | null;
}
export interface SecretsWritten {
  readonly version: number;
  readonly secrets: readonly ObservedSecret[];
}
export interface TokenInfo {
  readonly organizations: readonly string[];
  readonly apps: readonly string[] | null;
  readonly user: string | null;
}
export interface ExecOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FlyClient {
  // Apps
  getApp(app: AppName, signal: AbortSignal): Reply<ObservedAppInfo>;
  listApps(organization: OrgSlug, signal: AbortSignal): Reply<readonly ObservedAppInfo[]>;
  createApp(app: AppName, organization: OrgSlug, signal: AbortSignal): Reply<void>;
  // Machines
  listMachines(app: AppName, signal: AbortSignal): Reply<readonly ObservedMachine[]>;
  /** All pages. `updatedAfter` gives only what changed since. Destroyed machines are included. */
  listOrgMachines(organization: OrgSlug, updatedAfter: Instant | null, signal: AbortSignal): Reply<OrgMachinePicture>;
  getMachine(app: AppName, machine: MachineId, signal: AbortSignal): Reply<ObservedMachine>;
  createMachine(app: AppName, create: CreateMachine, signal: AbortSignal): Reply<ObservedMachine>;
  updateMachine(app: AppName, machine: MachineId, update: UpdateMachine, signal: AbortSignal): Reply<ObservedMachine>;
  startMachine(app: AppName, machine: MachineId, leaseNonce: string | null, signal: AbortSignal): Reply<void>;
  stopMachine(app: AppName, machine: MachineId, leaseNonce: string | null, signal: AbortSignal): Reply<void>;
  cordonMachine(app: AppName, machine: MachineId, leaseNonce: string | null, signal: AbortSignal): Reply<void>;
  uncordonMachine(app: AppName, machine: MachineId, leaseNonce: string | null, signal: AbortSignal): Reply<void>;
  /** Also success when it is gone already. */
  destroyMachine(
    app: AppName,
    machine: MachineId,
    options: { readonly kill: boolean; readonly leaseNonce?: string },
    signal: AbortSignal,
  ): Reply<void>;
  /** Merges metadata by the metadata endpoint (no new instance, no restart); null removes a key. */
  patchMetadata(
    app: AppName,
    machine: MachineId,
    patch: Readonly<Record<string, string | null>>,
    machineVersion: InstanceId | null,
    signal: AbortSignal,
  ): Reply<void>;
  acquireLease(app: AppName, machine: MachineId, ttlS: number, description: string, signal: AbortSignal): Reply<HeldLease>;
  refreshLease(app: AppName, machine: MachineId, ttlS: number, nonce: string, signal: AbortSignal): Reply<HeldLease>;
  releaseLease(app: AppName, machine: MachineId, nonce: string, signal: AbortSignal): Reply<void>;
  /** Null when there is none. */
  getLease(app: AppName, machine: MachineId, signal: AbortSignal): Reply<ObservedLease | null>;
  execInMachine(app: AppName, machine: MachineId, command: readonly string[], timeoutS: number, signal: AbortSignal): Reply<ExecOutcome>;
  // Volumes
  listVolumes(app: AppName, signal: AbortSignal): Reply<readonly ObservedVolume[]>;
  listSnapshots(app: AppName, volume: VolumeId, signal: AbortSignal): Reply<readonly ObservedSnapshot[]>;
  createVolume(app: AppName, create: CreateVolume, signal: AbortSignal): Reply<ObservedVolume>;
  extendVolume(app: AppName, volume: VolumeId, sizeGb: number, signal: AbortSignal): Reply<void>;
  // Addresses, certificates, secrets
  listAddresses(app: AppName, signal: AbortSignal): Reply<readonly ObservedAddress[]>;
  assignAddress(app: AppName, type: AddressType, region: string | null, signal: AbortSignal): Reply<ObservedAddress>;
  releaseAddress(app: AppName, ip: string, signal: AbortSignal): Reply<void>;
  /** Static egress addresses of the app and of its machines, each pair of v4 and v6 once: it is paid once. */
  listEgressAddresses(app: AppName, signal: AbortSignal): Reply<readonly ObservedEgress[]>;
  listCertificates(app: AppName, signal: AbortSignal): Reply<readonly ObservedCertificate[]>;
  requestCertificate(app: AppName, hostname: string, signal: AbortSignal): Reply<ObservedCertificate>;
  deleteCertificate(app: AppName, hostname: string, signal: AbortSignal): Reply<void>;
  listSecrets(app: AppName, signal: AbortSignal): Reply<readonly ObservedSecret[]>;
  /** All at once; null takes one away. Answers the app's new version and what is set then. Error texts leave the platform's words out. */
  updateSecrets(app: AppName, values: ReadonlyMap<string, SecretValue | null>, signal: AbortSignal): Reply<SecretsWritten>;
  // Releases (ui-ex) and images (GraphQL)
  listReleases(app: AppName, limit: number, signal: AbortSignal): Reply<readonly ObservedRelease[]>;
  /** Null when the app has none. */
  currentRelease(app: AppName, signal: AbortSignal): Reply<ObservedRelease | null>;
  createRelease(create: CreateRelease, signal: AbortSignal): Reply<ObservedRelease>;
  updateRelease(release: string, status: 'running' | 'complete' | 'failed' | 'interrupted', signal: AbortSignal): Reply<void>;
  /** The fly.toml (as JSON) of the newest release; null when there is none. */
  releaseDefinition(app: AppName, signal: AbortSignal): Reply<JsonObject | null>;
  /** Null: the registry does not have it. */
  resolveImage(app: AppName, reference: string, signal: AbortSignal): Reply<ResolvedImage | null>;
  // Platform
  listRegions(signal: AbortSignal): Reply<readonly RegionCode[]>;
  /** Regions with room for `count` machines of this guest. */
  placements(
    organization: OrgSlug,
    guest: JsonObject,
    count: number,
    regions: readonly RegionCode[],
    signal: AbortSignal,
  ): Reply<readonly RegionCode[]>;
  currentToken(signal: AbortSignal): Reply<TokenInfo>;
}
export interface FlyDep {
  readonly fly: FlyClient;
}
