/** The releases API ("ui-ex"): organizations, builds, releases. Source: fly-behaviour.md §11. */
import type { Json, JsonObject } from '#domain/json.ts';
import { numericId } from './render.ts';
import { type Handler, iso, numberOf, objectOf, refuse, reply, type SimRequest, textOf } from './request.ts';
import type { AppRow, ReleaseRow, World } from './world.ts';

export const releasesOf = (world: World, app: string): readonly ReleaseRow[] =>
  [...world.releases.values()].filter((row) => row.app === app).sort((a, b) => b.version - a.version);

export function insertRelease(world: World, app: string, image: string, strategy: string, definition: Json): ReleaseRow {
  const row: ReleaseRow = {
    id: world.id('release'),
    app,
    version: (releasesOf(world, app)[0]?.version ?? 0) + 1,
    status: 'pending',
    strategy,
    user: world.user,
    imageRef: image,
    definition,
    createdAt: world.clock.now(),
  };
  world.releases.set(row.id, row);
  return row;
}
/** An app counts as deployed once one release is complete. */
export function setReleaseStatus(world: World, row: ReleaseRow, status: string): void {
  row.status = status;
  const app = world.apps.get(row.app);
  if (status === 'complete' && app !== undefined) app.status = 'deployed';
}
const renderRelease = (row: ReleaseRow): JsonObject => ({
  id: row.id,
  version: row.version,
  stable: row.status === 'complete',
  in_progress: row.status === 'running' || row.status === 'pending',
  status: row.status,
  strategy: row.strategy,
  user: row.user,
  created_at: iso(row.createdAt),
  image_ref: row.imageRef,
});
const appOf = ({ world, params }: SimRequest): AppRow => world.apps.get(params['app_name'] ?? '') ?? refuse(404, 'Could not find App');

const getOrganization: Handler = ({ world, params }) => {
  const row = world.organizations.get(params['org_slug'] ?? '') ?? [...world.organizations.values()][0];
  if (row === undefined) return refuse(404, 'organization not found');
  return reply(200, {
    organization: {
      id: `org-${row.slug}`,
      internal_numeric_id: numericId(row.slug),
      slug: row.slug,
      raw_slug: row.slug,
      name: row.name,
      paid_plan: true,
      personal: false,
      billable: true,
      billing_status: 'CURRENT',
      remote_builder_image: '',
      provisions_beta_extensions: false,
    },
  });
};
const listReleases: Handler = (request) => {
  const limit = numberOf(request.query.get('limit')) ?? 25;
  return reply(200, { releases: releasesOf(request.world, appOf(request).name).slice(0, limit).map(renderRelease) });
};
const currentRelease: Handler = (request) => {
  const [newest] = releasesOf(request.world, appOf(request).name);
  return newest === undefined ? refuse(404, 'no release') : reply(200, renderRelease(newest));
};
const createRelease: Handler = ({ world, body }) => {
  const app = textOf(body['app_name']) ?? '';
  if (!world.apps.has(app)) refuse(404, 'Could not find App');
  const definition = objectOf(body['definition']);
  const row = insertRelease(world, app, textOf(body['image']) ?? '', textOf(body['strategy']) ?? 'ROLLING', definition);
  return reply(201, { release: renderRelease(row) });
};
const updateRelease: Handler = ({ world, params, body }) => {
  const row = world.releases.get(params['release_id'] ?? '') ?? refuse(404, 'release not found');
  setReleaseStatus(world, row, textOf(body['status']) ?? row.status);
  return reply(200, renderRelease(row));
};
const makeBuild: Handler = ({ world }) => {
  world.builds.next += 1;
  return reply(200, { id: world.builds.next, status: 'running', wallclock_time_ms: 0 });
};
const finishBuild: Handler = ({ world }) => reply(200, { id: world.builds.next, status: 'succeeded', wallclock_time_ms: 1_000 });
/** Nothing is logged by guests that do not exist. */
const listLogs: Handler = () => reply(200, { data: [], meta: { next_token: '' } });

export const UIEX_HANDLERS: Readonly<Record<string, Handler>> = {
  'GET /api/v1/organizations/{org_slug}': getOrganization,
  'GET /api/v1/apps/{app_name}/releases': listReleases,
  'GET /api/v1/apps/{app_name}/releases/current': currentRelease,
  'GET /api/v1/apps/{app_name}/logs': listLogs,
  'POST /api/v1/releases': createRelease,
  'PATCH /api/v1/releases/{release_id}': updateRelease,
  'POST /api/v1/builds': makeBuild,
  'POST /api/v1/builds/finish': finishBuild,
};
