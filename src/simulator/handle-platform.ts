/** Volumes, organization-wide lists, regions, room, tokens. Source: fly-behaviour.md §1 and §10. */
import type { JsonObject } from '#domain/json.ts';
import { OPEN_REGIONS, REGIONS } from '#domain/regions.ts';
import { renderOrgMachine, renderVolume } from './render.ts';
import { appOf, flagOf, type Handler, iso, numberOf, refuse, reply, textOf, volumeOf } from './request.ts';
import type { VolumeRow, World } from './world.ts';

export const listVolumes: Handler = (request) => {
  const app = appOf(request);
  return reply(200, [...request.world.volumes.values()].filter((row) => row.app === app.name).map(renderVolume));
};
export const createVolume: Handler = (request) => {
  const { world, body } = request;
  const app = appOf(request);
  const name = textOf(body['name']) ?? '';
  const region = textOf(body['region']) ?? 'iad';
  if (!/^[a-z0-9_]{1,30}$/.test(name)) refuse(400, `invalid volume name: ${name}`);
  if (!OPEN_REGIONS.includes(region)) refuse(400, `invalid region: ${region}`);
  const sizeGb = numberOf(body['size_gb']) ?? 3;
  if (sizeGb < 1 || sizeGb > 500) refuse(422, 'volume size must be between 1 and 500 GB');
  const source = world.volumes.get(textOf(body['source_volume_id']) ?? '');
  const row: VolumeRow = {
    id: world.id('volume'),
    app: app.name,
    name,
    state: 'creating',
    region,
    host: world.random.text('0123456789abcdef', 4),
    sizeGb: source?.sizeGb ?? sizeGb,
    encrypted: body['encrypted'] !== false,
    attachedMachine: null,
    snapshotRetention: numberOf(body['snapshot_retention']) ?? 5,
    autoBackup: body['auto_backup_enabled'] !== false,
    createdAt: world.clock.now(),
    snapshots: [],
  };
  world.volumes.set(row.id, row);
  world.schedule(world.random.integer(200, 800), () => {
    row.state = 'created';
  });
  return reply(200, renderVolume(row));
};
export const getVolume: Handler = (request) => reply(200, renderVolume(volumeOf(request)));
export const updateVolume: Handler = (request) => {
  const row = volumeOf(request);
  row.snapshotRetention = numberOf(request.body['snapshot_retention']) ?? row.snapshotRetention;
  if (typeof request.body['auto_backup_enabled'] === 'boolean') row.autoBackup = request.body['auto_backup_enabled'];
  return reply(200, renderVolume(row));
};
export const deleteVolume: Handler = (request) => {
  const row = volumeOf(request);
  if (row.attachedMachine !== null) refuse(412, `volume is attached to machine ${row.attachedMachine}`);
  row.state = 'pending_destroy';
  forget(request.world, row);
  return reply(200, renderVolume(row));
};
/** Deleting is soft for a day. */
export const forget = (world: World, row: VolumeRow): void => world.schedule(24 * 3_600_000, () => world.volumes.delete(row.id));
export const extendVolume: Handler = (request) => {
  const row = volumeOf(request);
  const sizeGb = numberOf(request.body['size_gb']) ?? 0;
  if (sizeGb < row.sizeGb) refuse(422, 'volumes cannot shrink');
  row.sizeGb = sizeGb;
  return reply(200, { volume: renderVolume(row), needs_restart: false });
};
const renderSnapshot = (row: VolumeRow, snapshot: VolumeRow['snapshots'][number]): JsonObject => ({
  id: snapshot.id,
  size: snapshot.size,
  volume_size: row.sizeGb * 1_000_000_000,
  digest: snapshot.id,
  created_at: iso(snapshot.createdAt),
  status: 'created',
  retention_days: row.snapshotRetention,
});
export const listSnapshots: Handler = (request) => {
  const row = volumeOf(request);
  return reply(
    200,
    row.snapshots.map((snapshot) => renderSnapshot(row, snapshot)),
  );
};
export const createSnapshot: Handler = (request) => {
  const { world } = request;
  const row = volumeOf(request);
  const snapshot = { id: `vs_${world.id('volume').slice(4)}`, createdAt: world.clock.now(), size: 50_000_000 };
  row.snapshots.push(snapshot);
  return reply(200);
};

interface Listed {
  readonly id: string;
  readonly at: number;
  readonly entry: JsonObject;
}
const LARGEST_PAGE = 1_000;
/** Pages by a cursor that is the last entry's place; may be short while more remain. */
function page(rows: readonly Listed[], query: URLSearchParams): { readonly rows: readonly Listed[]; readonly next: string | undefined } {
  const limit = Math.min(LARGEST_PAGE, numberOf(query.get('limit')) ?? LARGEST_PAGE);
  const after = query.get('cursor');
  const start = after === null ? 0 : rows.findIndex((row) => `${row.at}.${row.id}` === after) + 1;
  const taken = rows.slice(start, start + limit);
  const last = taken.at(-1);
  return { rows: taken, next: start + limit < rows.length && last !== undefined ? `${last.at}.${last.id}` : undefined };
}
function listed(
  query: URLSearchParams,
  rows: readonly Listed[],
): { readonly page: ReturnType<typeof page>; readonly last: Listed | undefined } {
  const since = Date.parse(query.get('updated_after') ?? '');
  const wanted = rows.filter((row) => Number.isNaN(since) || row.at > since).sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  return { page: page(wanted, query), last: wanted.at(-1) };
}
const organizationFor = (request: Parameters<Handler>[0]): ReadonlySet<string> => {
  const slug = request.params['org_slug'] ?? '';
  if (!request.world.organizations.has(slug)) refuse(404, `organization not found: ${slug}`);
  return new Set([...request.world.apps.values()].filter((app) => app.organization === slug).map((app) => app.name));
};
export const listOrgMachines: Handler = (request) => {
  const { world, query } = request;
  const apps = organizationFor(request);
  const states = query.get('state')?.split(',') ?? null;
  const rows = [...world.machines.values()].filter(
    (row) =>
      row.shown !== null &&
      apps.has(row.app) &&
      !world.errorRegions.has(row.region) &&
      (flagOf(query.get('include_deleted')) || row.shown.state !== 'destroyed') &&
      (query.get('region') === null || row.region === query.get('region')) &&
      (states === null || states.includes(row.shown.state)),
  );
  const found = listed(
    query,
    rows.map((row) => ({ id: row.id, at: row.shown?.updatedAt ?? 0, entry: renderOrgMachine(row) })),
  );
  return reply(200, {
    machines: found.page.rows.map((row) => row.entry),
    ...(found.page.next === undefined ? {} : { next_cursor: found.page.next }),
    ...(found.last === undefined ? {} : { last_updated_at: iso(found.last.at), last_machine_id: found.last.id }),
    ...(world.errorRegions.size === 0 ? {} : { error_regions: [...world.errorRegions] }),
  });
};
export const listOrgVolumes: Handler = (request) => {
  const apps = organizationFor(request);
  const rows = [...request.world.volumes.values()].filter((row) => apps.has(row.app));
  const found = listed(
    request.query,
    rows.map((row) => ({
      id: row.id,
      at: row.createdAt,
      entry: { ...renderVolume(row), app_name: row.app, updated_at: iso(row.createdAt) },
    })),
  );
  return reply(200, {
    volumes: found.page.rows.map((row) => row.entry),
    ...(found.page.next === undefined ? {} : { next_cursor: found.page.next }),
    ...(found.last === undefined ? {} : { last_updated_at: iso(found.last.at), last_volume_id: found.last.id }),
  });
};
export const listRegions: Handler = () =>
  reply(200, {
    nearest: 'nrt',
    regions: REGIONS.map((code) => ({
      code,
      name: code,
      gateway_available: OPEN_REGIONS.includes(code),
      requires_paid_plan: false,
      deprecated: !OPEN_REGIONS.includes(code),
    })),
  });
export const findPlacements: Handler = ({ world, body }) => {
  const asked = (textOf(body['region']) ?? OPEN_REGIONS.join(',')).split(',');
  const count = numberOf(body['count']) ?? 1;
  const rows = asked.map((region) => ({ region, count: Math.min(count, world.capacity.get(region) ?? count), concurrency: count }));
  return reply(200, { regions: rows.filter((row) => row.count > 0) });
};
export const currentToken: Handler = ({ world }) => {
  const [organization] = world.organizations.values();
  const slug = organization?.slug ?? '';
  return reply(200, { tokens: [{ token_id: 'simulated', organization: organization?.name ?? '', org_slug: slug, user: world.user }] });
};
