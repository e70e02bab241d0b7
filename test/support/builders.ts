/** Builders: only the fields that matter to a test are said. */

import type { PlanContext } from '#domain/finding.ts';
import { hashOwned, ownedView } from '#domain/flyconfig/ownership.ts';
import {
  appName,
  digest,
  environmentName,
  groupName,
  instanceId,
  intentId,
  machineId,
  orgSlug,
  regionCode,
  revisionId,
  volumeId,
} from '#domain/ids.ts';
import type { MachineConfig } from '#domain/machine-config.ts';
import { emptyMemory } from '#domain/memory.ts';
import type { ObservedApp, ObservedMachine, ObservedVolume } from '#domain/observed.ts';
import { SHIPPED_PRICES } from '#domain/price-book.ts';
import type { CompiledApp, CompiledEnvironment, CompiledGroup, SyncPolicy } from '#domain/revision.ts';
import { NO_SECRETS } from '#domain/secret-picture.ts';
import type { Stamp } from '#domain/stamp.ts';
import { stampToMetadata } from '#domain/stamp.ts';
import { hours, instant, minutes, ms } from '#domain/units.ts';

export const NOW = instant(Date.UTC(2026, 10, 24, 12));
export const APP = appName('acme-web');
export const DIGEST = digest(`sha256:${'a'.repeat(64)}`);
export const OTHER_DIGEST = digest(`sha256:${'b'.repeat(64)}`);
export const REVISION = revisionId('rev-1');

export const aSync = (over: Partial<SyncPolicy> = {}): SyncPolicy => ({
  mode: 'automatic',
  selfHeal: { enabled: true, grace: ms(0) },
  prune: { enabled: false, maxDeletes: 3, holdFor: hours(24) },
  windows: [],
  ...over,
});

export const aConfig = (over: MachineConfig = {}): MachineConfig => ({
  env: { FLY_PROCESS_GROUP: 'app', PRIMARY_REGION: 'nrt' },
  metadata: { fly_platform_version: 'v2', fly_process_group: 'app' },
  guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 },
  services: [{ protocol: 'tcp', internal_port: 8080, ports: [{ port: 443, handlers: ['tls', 'http'] }] }],
  ...over,
});
export function aGroup(over: Partial<CompiledGroup> & { readonly machines?: Readonly<Record<string, number>> } = {}): CompiledGroup {
  const { machines, ...rest } = over;
  const config = rest.config ?? aConfig();
  const ownership = rest.ownership ?? { guest: true, stated: [], ignored: [] };
  return {
    name: groupName('app'),
    config,
    ownership,
    hash: hashOwned(ownedView(config, ownership)),
    regions: Object.entries(machines ?? { nrt: 1 }).map(([region, count]) => ({ region: regionCode(region), min: count, max: count })),
    minMachinesRunning: 0,
    autostop: 'off',
    mount: null,
    ...rest,
  };
}
export const anApp = (over: Partial<CompiledApp> = {}): CompiledApp => ({
  name: 'web',
  app: APP,
  labels: {},
  enabled: true,
  excluded: false,
  adopt: true,
  visibility: null,
  dependsOn: [],
  sync: aSync(),
  primaryRegion: regionCode('nrt'),
  image: { reference: 'registry.fly.io/acme-web:v1', digest: DIGEST },
  groups: [aGroup()],
  addresses: null,
  certificates: null,
  rollout: { strategy: 'rolling', maxUnavailable: 0.33, surge: 'auto', waitTimeout: minutes(5) },
  definition: { app: APP },
  ...over,
});
export const anEnvironment = (over: Partial<CompiledEnvironment> = {}): CompiledEnvironment => ({
  compilerVersion: 1,
  name: environmentName('staging'),
  organization: orgSlug('acme'),
  protection: 'none',
  primaryRegion: regionCode('nrt'),
  owners: [],
  sync: aSync(),
  apps: [anApp()],
  ...over,
});

export const aStamp = (group: CompiledGroup, name: string, over: Partial<Stamp> = {}): Stamp => ({
  owner: 'acme/staging',
  app: APP,
  group: group.name,
  name,
  hash: group.hash,
  image: DIGEST,
  secrets: null,
  revision: REVISION,
  generation: 1,
  intent: intentId(`intent-${name}`),
  ...over,
});

export interface MachineOver extends Partial<ObservedMachine> {
  readonly stamp?: Stamp | null;
}
let serial = 0;
/** A machine of `group`, started, passing, and written by us unless `stamp` is null. */
export function aMachine(group: CompiledGroup, name: string, over: MachineOver = {}): ObservedMachine {
  const { stamp: stated, ...rest } = over;
  const stamp = stated === undefined ? aStamp(group, name) : stated;
  const metadata = {
    fly_platform_version: 'v2',
    fly_process_group: String(group.name),
    ...(stamp === null ? {} : stampToMetadata(stamp)),
    ...rest.metadata,
  };
  const config = rest.config === undefined ? group.config : rest.config;
  return {
    id: machineId(`m${name}`),
    name,
    app: APP,
    region: regionCode('nrt'),
    state: 'started',
    instanceId: instanceId(`01-${name}`),
    hostStatus: 'ok',
    cordoned: false,
    image: { registry: 'registry.fly.io', repository: 'acme-web', tag: 'v1', digest: DIGEST },
    checks: [],
    events: [{ id: 'e1', type: 'start', status: 'started', source: 'flyd', at: instant(NOW - 60_000) }],
    createdAt: instant(NOW - 3_600_000 + serial++),
    updatedAt: instant(NOW - 60_000),
    privateIp: null,
    ...rest,
    metadata,
    config: config === null ? null : { ...config, metadata },
  };
}
export const aVolume = (id: string, over: Partial<ObservedVolume> = {}): ObservedVolume => ({
  id: volumeId(id),
  app: APP,
  name: 'data',
  state: 'created',
  region: regionCode('nrt'),
  sizeGb: 1,
  encrypted: true,
  hostStatus: 'ok',
  attachedMachine: null,
  snapshotRetention: null,
  createdAt: instant(NOW - 3_600_000),
  ...over,
});
export const observedApp = (over: Partial<ObservedApp> = {}): ObservedApp => ({
  app: APP,
  info: { name: APP, organization: orgSlug('acme'), status: 'deployed', network: 'default' },
  machines: [],
  volumes: [],
  addresses: [],
  certificates: [],
  secrets: [],
  currentRelease: null,
  observedAt: NOW,
  complete: true,
  ...over,
});
export const aContext = (over: Partial<PlanContext> = {}): PlanContext => ({
  now: NOW,
  environment: anEnvironment(),
  owner: 'acme/staging',
  app: anApp(),
  observed: observedApp(),
  secrets: NO_SECRETS,
  memory: { ...emptyMemory(), adopted: true, syncedRevision: REVISION },
  revision: REVISION,
  generation: 2,
  prices: SHIPPED_PRICES,
  shares: {},
  seed: 'test',
  ...over,
});
