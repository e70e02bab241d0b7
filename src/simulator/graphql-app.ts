/** Apps, organizations, machines and releases as GraphQL tells them. Fields are functions: only what is selected is computed. */
import type { Json } from '#domain/json.ts';
import { graphEgress } from './egress.ts';
import { secretsOf } from './handle-apps.ts';
import { resolveImage } from './images.ts';
import { releasesOf } from './releases.ts';
import { numericId } from './render.ts';
import { iso } from './request.ts';
import type { AddressRow, AppRow, MachineRow, ReleaseRow, World } from './world.ts';
import { machinesOf } from './world.ts';

export const graphOrganization = (world: World, row: { readonly slug: string; readonly name: string }): object => ({
  id: `org-${row.slug}`,
  internalNumericId: String(numericId(row.slug)),
  slug: row.slug,
  rawSlug: row.slug,
  name: row.name,
  type: 'SHARED',
  billable: true,
  paidPlan: true,
  billingStatus: 'CURRENT',
  viewerRole: 'admin',
  provisionsBetaExtensions: false,
  remoteBuilderImage: '',
  limitedAccessTokens: { nodes: [] },
  addOns: { nodes: [] },
  members: { edges: [{ cursor: '1', node: user(world), joinedAt: iso(0), role: 'ADMIN' }] },
  apps: () => {
    const rows = [...world.apps.values()].filter((app) => app.organization === row.slug);
    return { nodes: rows.map((app) => graphApp(world, app)), totalCount: rows.length, pageInfo: { hasNextPage: false, endCursor: '' } };
  },
});
const user = (world: World): object => ({ id: 'user-1', email: world.user, name: 'Operator', enablePaidHobby: true });

export const graphRelease = (world: World, row: ReleaseRow): object => ({
  id: row.id,
  version: row.version,
  description: 'Release',
  reason: 'deploy',
  status: row.status,
  stable: row.status === 'complete',
  inProgress: row.status === 'running' || row.status === 'pending',
  imageRef: row.imageRef,
  user: user(world),
  createdAt: iso(row.createdAt),
  configDefinition: row.definition,
  evaluationId: '',
  strategy: row.strategy,
  deploymentStrategy: row.strategy,
});
const releasePage = (world: World, app: string, first: number | undefined): object => ({
  nodes: releasesOf(world, app)
    .slice(0, first ?? 25)
    .map((row) => graphRelease(world, row)),
  pageInfo: { hasNextPage: false, endCursor: '' },
});
/** The shared address is not among the nodes. */
const graphAddress = (world: World, app: AppRow, row: AddressRow): object => ({
  id: row.id,
  address: row.ip,
  type: row.type,
  region: row.region,
  createdAt: iso(row.createdAt),
  serviceName: '',
  network:
    row.type === 'private_v6'
      ? { id: app.network, name: app.network, organization: graphOrganization(world, organizationOf(world, app)) }
      : null,
});
const organizationOf = (world: World, app: AppRow): { readonly slug: string; readonly name: string } =>
  world.organizations.get(app.organization) ?? { slug: app.organization, name: app.organization };

export const graphMachine = (world: World, row: MachineRow): object => ({
  id: row.id,
  name: row.name,
  config: row.config,
  state: row.state,
  region: row.region,
  createdAt: iso(row.createdAt),
  app: () => {
    const app = world.apps.get(row.app);
    return app === undefined ? null : graphApp(world, app);
  },
  ips: { nodes: [{ family: 'v6', kind: 'privatenet', ip: row.privateIp, maskSize: 112 }] },
  host: { id: row.host },
  egressIpAddresses: () => graphEgress(world, row.app, row.id),
});
export function graphApp(world: World, app: AppRow): object {
  const addresses = [...world.addresses.values()].filter((row) => row.app === app.name);
  const [newest] = releasesOf(world, app.name);
  const alive = (): readonly MachineRow[] => machinesOf(world, app.name).filter((row) => row.state !== 'destroyed');
  return {
    id: app.id,
    internalNumericId: numericId(app.name),
    name: app.name,
    hostname: `${app.name}.fly.dev`,
    cnameTarget: `${app.name}.fly.dev`,
    deployed: app.status !== 'pending',
    status: app.status,
    version: newest?.version ?? 0,
    appUrl: `https://${app.name}.fly.dev/`,
    platformVersion: 'machines',
    network: app.network,
    createdAt: iso(app.createdAt),
    organization: () => graphOrganization(world, organizationOf(world, app)),
    config: { definition: newest?.definition ?? {}, parsed: newest?.definition ?? {}, errors: [], valid: true },
    currentRelease: newest === undefined ? null : graphRelease(world, newest),
    currentReleaseUnprocessed: newest === undefined ? null : graphRelease(world, newest),
    releases: ({ first }: { first?: number }) => releasePage(world, app.name, first),
    releasesUnprocessed: ({ first }: { first?: number }) => releasePage(world, app.name, first),
    services: [],
    ipAddresses: { nodes: addresses.filter((row) => row.type !== 'shared_v4').map((row) => graphAddress(world, app, row)) },
    ipAddress: ({ address }: { address: string }) => {
      const row = addresses.find((candidate) => candidate.ip === address);
      return row === undefined ? null : graphAddress(world, app, row);
    },
    sharedIpAddress: addresses.find((row) => row.type === 'shared_v4')?.ip ?? null,
    egressIpAddresses: () => graphEgress(world, app.name, null),
    imageDetails: () => imageDetailsOf(alive()[0]),
    image: ({ ref }: { ref: string }) => graphImage(world, ref),
    imageUpgradeAvailable: false,
    machines: () => ({ nodes: alive().map((row) => graphMachine(world, row)) }),
    role: null,
    secrets: () => secretsOf(world, app.name).map((row) => ({ name: row.name, digest: row.digest, createdAt: iso(row.createdAt) })),
    regions: [],
    backupRegions: [],
    processGroups: [],
    hostIssues: { nodes: [] },
    limitedAccessTokens: { nodes: [] },
    addOns: { nodes: [] },
    volumes: () => ({ nodes: volumesOf(world, app.name) }),
    certificates: () => ({ nodes: certificatesOf(world, app.name) }),
  };
}
const imageDetailsOf = (row: MachineRow | undefined): object | null => (row === undefined ? null : { ...row.image, version: '' });
/** The size is a decimal text: the CLI's decoder wants it so. */
function graphImage(world: World, ref: string): object | null {
  const image = resolveImage(world, ref);
  if (image === null) return null;
  const manifest: Json = { schemaVersion: 2 };
  const size = '52428800';
  return { id: `image-${image.digest.slice(7, 19)}`, digest: image.digest, ref, compressedSize: size, compressedSizeFull: size, manifest };
}
const volumesOf = (world: World, app: string): readonly object[] =>
  [...world.volumes.values()]
    .filter((row) => row.app === app)
    .map(({ id, name, region, sizeGb, encrypted, state, createdAt }) => ({
      id,
      name,
      region,
      sizeGb,
      encrypted,
      state,
      createdAt: iso(createdAt),
    }));
const certificatesOf = (world: World, app: string): readonly object[] =>
  [...world.certificates.values()]
    .filter((row) => row.app === app)
    .map((row) => ({
      id: row.hostname,
      hostname: row.hostname,
      clientStatus: row.status === 'active' ? 'Ready' : 'Awaiting configuration',
      createdAt: iso(row.createdAt),
      configured: row.status === 'active',
    }));
