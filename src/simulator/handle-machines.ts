/** Machines: list, create, update, destroy, and what is done to them. Source: fly-behaviour.md §2 and §4. */
import type { JsonObject } from '#domain/json.ts';
import type { MachineConfig } from '#domain/machine-config.ts';
import { OPEN_REGIONS } from '#domain/regions.ts';
import { guestFault } from '#domain/sizes.ts';
import { resolveImage } from './images.ts';
import { destroy, isUp, launch, replaceVersion, setState } from './lifecycle.ts';
import { keptConfig, renderMachine } from './render.ts';
import { appOf, flagOf, type Handler, machineOf, numberOf, objectOf, ownMachineOf, refuse, reply, textOf } from './request.ts';
import type { AppRow, ImageRow, MachineRow, VolumeRow, World } from './world.ts';
import { machinesOf } from './world.ts';

export const listMachines: Handler = (request) => {
  const { world, query } = request;
  const app = appOf(request);
  const states = query.get('state')?.split(',') ?? null;
  const metadata = [...query].filter(([key]) => key.startsWith('metadata.'));
  const behind = world.clock.now() - world.createLagMs;
  const rows = machinesOf(world, app.name).filter(
    (row) =>
      (row.state !== 'destroyed' || flagOf(query.get('include_deleted'))) &&
      (world.createLagMs === 0 || row.createdAt <= behind) &&
      (query.get('region') === null || row.region === query.get('region')) &&
      (states === null || states.includes(row.state)) &&
      metadata.every(([key, value]) => row.config.metadata?.[key.slice('metadata.'.length)] === value),
  );
  return reply(
    200,
    rows.map((row) => renderMachine(row)),
  );
};
export const getMachine: Handler = (request) => reply(200, renderMachine(machineOf(request)));

/** What of the request is a config; refuses what the platform refuses. */
function configOf(body: JsonObject): MachineConfig {
  const config: MachineConfig = objectOf(body['config']);
  if (typeof config.image !== 'string' || config.image === '') refuse(400, 'invalid config: image is required');
  const fault = config.guest === undefined ? null : guestFault(config.guest);
  if (fault !== null) refuse(400, `invalid config.guest: ${fault}`);
  if (config.auto_destroy === true && config.restart?.policy !== 'no') {
    refuse(400, 'invalid config: auto_destroy requires restart policy no');
  }
  if ((config.mounts ?? []).length > 1) refuse(400, 'invalid config.mounts: only one mount per machine is supported');
  return config;
}
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  apac: ['bom', 'nrt', 'sin', 'syd'],
  eu: ['ams', 'arn', 'cdg', 'fra', 'lhr'],
  na: ['dfw', 'ewr', 'iad', 'lax', 'ord', 'sjc', 'yyz'],
  sa: ['gru'],
  us: ['dfw', 'ewr', 'iad', 'lax', 'ord', 'sjc'],
};
const hasRoom = (world: World, region: string): boolean => (world.capacity.get(region) ?? 1) > 0;
/** The first region of the preference list that has room. */
function placeIn(world: World, wanted: string | undefined): string {
  const asked = (wanted ?? 'iad').split(',').flatMap((part) => ALIASES[part.trim()] ?? [part.trim()]);
  for (const region of asked) if (!OPEN_REGIONS.includes(region)) refuse(400, `invalid region: ${region}`);
  const region = asked.find((candidate) => hasRoom(world, candidate));
  if (region === undefined)
    return refuse(503, `insufficient resources available to fulfill request in ${asked.join(', ')}`, 'insufficient_capacity');
  const left = world.capacity.get(region);
  if (left !== undefined) world.capacity.set(region, left - 1);
  return region;
}
/** A mount needs a free volume of this app; the machine goes to its host. */
function volumeToAttach(world: World, app: string, config: MachineConfig, region: string | undefined): VolumeRow | null {
  const [mount] = config.mounts ?? [];
  if (mount === undefined) return null;
  const volume = world.volumes.get(mount.volume ?? '');
  if (volume === undefined || volume.app !== app) return refuse(400, `invalid config.mounts: volume ${mount.volume ?? ''} not found`);
  if (volume.attachedMachine !== null) return refuse(422, `volume ${volume.id} is already attached to machine ${volume.attachedMachine}`);
  if (region !== undefined && region !== volume.region) return refuse(400, `volume ${volume.id} is in ${volume.region}, not in ${region}`);
  return volume;
}
const NO_IMAGE: ImageRow = { registry: '', repository: '', tag: '', digest: '' };

/** Hosts keep what they read for a while: a machine that does not ask for the newest secrets may start with those before. */
const SECRETS_LAG_MS = 10_000;
function loadedSecrets(world: World, app: AppRow, body: JsonObject): number {
  const asked = numberOf(body['min_secrets_version']) ?? 0;
  const fresh = world.clock.now() - (app.secretsAt ?? 0) < SECRETS_LAG_MS;
  return fresh && asked < app.secretsVersion ? Math.max(asked, app.secretsVersion - 1) : app.secretsVersion;
}

function insertMachine(world: World, app: AppRow, body: JsonObject, config: MachineConfig, volume: VolumeRow | null): MachineRow {
  const id = world.id('machine');
  const region = volume?.region ?? placeIn(world, textOf(body['region']));
  const instanceId = world.id('instance');
  const { random } = world;
  const row: MachineRow = {
    id,
    name:
      textOf(body['name']) ??
      `${random.pick(['bold', 'calm', 'dark', 'empty', 'green'])}-${random.pick(['fog', 'hill', 'moon', 'sky'])}-${random.integer(100, 9999)}`,
    app: app.name,
    region,
    host: volume?.host ?? random.text('0123456789abcdef', 4),
    state: 'created',
    hostStatus: 'ok',
    cordoned: flagOf(body['skip_service_registration']),
    instanceId,
    config: keptConfig(world, config),
    image: resolveImage(world, config.image ?? '') ?? NO_IMAGE,
    privateIp: `fdaa:0:${random.text('0123456789abcdef', 4)}:a7b:${random.text('0123456789abcdef', 4)}:2`,
    checks: [],
    events: [],
    versions: [{ version: instanceId, config }],
    lease: null,
    restarts: 0,
    createdAt: world.clock.now(),
    updatedAt: world.clock.now(),
    course: 0,
    underWay: null,
    secretsVersion: loadedSecrets(world, app, body),
    shown: null,
    load: 0,
    lastRequestAt: world.clock.now(),
  };
  world.machines.set(id, row);
  if (volume !== null) volume.attachedMachine = id;
  return row;
}
function leaseFor(world: World, row: MachineRow, ttl: number | undefined): void {
  if (ttl === undefined || ttl <= 0) return;
  row.lease = { nonce: world.id('nonce'), expiresAt: world.clock.now() + ttl * 1_000, owner: world.user, description: '', shown: true };
}
export const createMachine: Handler = (request) => {
  const { world, body } = request;
  const app = appOf(request);
  const config = configOf(body);
  const name = textOf(body['name']);
  if (name !== undefined && machinesOf(world, app.name).some((row) => row.name === name && row.state !== 'destroyed')) {
    refuse(422, 'Validation failed: Name has already been taken', 'name_taken');
  }
  const volume = volumeToAttach(world, app.name, config, textOf(body['region']));
  const row = insertMachine(world, app, body, config, volume);
  leaseFor(world, row, numberOf(body['lease_ttl']));
  launch(world, row, flagOf(body['skip_launch']));
  return reply(200, renderMachine(row, true));
};

export const updateMachine: Handler = (request) => {
  const { world, body } = request;
  const row = ownMachineOf(request);
  const expected = textOf(body['current_version']);
  if (expected !== undefined && expected !== row.instanceId) {
    refuse(412, `current_version ${expected} does not match the machine's version ${row.instanceId}`);
  }
  const config = configOf(body);
  if (row.hostStatus !== 'ok') refuse(503, 'could not reserve resource for machine: host is unreachable');
  const [mount] = config.mounts ?? [];
  const attached = row.config.mounts?.[0]?.volume;
  if (mount?.volume !== attached) refuse(400, 'invalid config.mounts: the volume of a machine cannot be changed');
  // What was never prepared is nothing to go back to.
  const former = row.underWay?.former ?? { instanceId: row.instanceId, config: row.config, state: row.state };
  row.instanceId = world.id('instance');
  row.config = keptConfig(world, config);
  row.secretsVersion = loadedSecrets(world, appOf(request), body);
  row.versions.unshift({ version: row.instanceId, config });
  if (flagOf(body['skip_service_registration'])) row.cordoned = true;
  leaseFor(world, row, numberOf(body['lease_ttl']));
  const skipLaunch = flagOf(body['skip_launch']) && !isUp(former.state);
  replaceVersion(world, row, former, skipLaunch);
  return reply(200, renderMachine(row, true));
};
export const destroyMachine: Handler = (request) => {
  const { world, query } = request;
  const kill = flagOf(query.get('kill')) || flagOf(query.get('force'));
  const row = ownMachineOf(request);
  if (!kill && !['stopped', 'suspended', 'created', 'failed'].includes(row.state)) {
    refuse(412, `failed_precondition: machine is in ${row.state} state and cannot be destroyed without force`);
  }
  destroy(world, row);
  const left = world.capacity.get(row.region);
  if (left !== undefined) world.capacity.set(row.region, left + 1);
  return reply(200, { ok: true });
};
export const listVersions: Handler = (request) =>
  reply(
    200,
    machineOf(request).versions.map((entry) => ({ version: entry.version, user_config: entry.config })),
  );
export const listEvents: Handler = (request) => {
  const limit = numberOf(request.query.get('limit')) ?? 20;
  return reply(
    200,
    machineOf(request)
      .events.slice(0, limit)
      .map((event) => ({ ...event })),
  );
};
/** The machine moves to another host: same id, new address, and a new id for its volume. */
export function migrate(world: World, row: MachineRow): void {
  const { random } = world;
  row.host = random.text('0123456789abcdef', 4);
  row.privateIp = `fdaa:0:${random.text('0123456789abcdef', 4)}:a7b:${random.text('0123456789abcdef', 4)}:2`;
  const [mount, ...others] = row.config.mounts ?? [];
  const volume = world.volumes.get(mount?.volume ?? '');
  if (mount !== undefined && volume !== undefined) {
    world.volumes.delete(volume.id);
    const moved = { ...volume, id: world.id('volume'), host: row.host };
    world.volumes.set(moved.id, moved);
    row.config = { ...row.config, mounts: [{ ...mount, volume: moved.id }, ...others] };
  }
  setState(world, row, row.state);
}
