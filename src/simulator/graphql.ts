/** The platform's GraphQL API over a world, by a real executor. */
import { GraphQLError, graphql } from 'graphql';
import type { JsonObject } from '#domain/json.ts';
import { OPEN_REGIONS } from '#domain/regions.ts';
import { egressMutations } from './egress.ts';
import { graphApp, graphMachine, graphOrganization, graphRelease } from './graphql-app.ts';
import { SCHEMA } from './graphql-schema.ts';
import { assignAddress, insertApp, removeApp, writeSecrets } from './handle-apps.ts';
import { insertRelease, setReleaseStatus } from './releases.ts';
import { iso, objectOf, textOf } from './request.ts';
import type { AppRow, World } from './world.ts';
import { machinesOf } from './world.ts';

export async function answerGraphql(world: World, body: JsonObject): Promise<JsonObject> {
  const source = textOf(body['query']) ?? '';
  const result = await graphql({
    schema: SCHEMA,
    source,
    rootValue: { ...queries(world), ...mutations(world) },
    variableValues: { ...objectOf(body['variables']) },
  });
  const errors = (result.errors ?? []).map((error) => ({
    message: error.message,
    path: (error.path ?? []).map(String),
    extensions: { code: String(error.extensions['code'] ?? 'BAD_REQUEST') },
  }));
  const data = { data: result.data === undefined || result.data === null ? null : JSON.parse(JSON.stringify(result.data)) };
  return errors.length === 0 ? data : { ...data, errors };
}
const refuse = (message: string, code: string): never => {
  throw new GraphQLError(message, { extensions: { code } });
};
const appBy = (world: World, name: string | undefined): AppRow =>
  world.apps.get(name ?? '') ?? refuse(`Could not find App "${name ?? ''}"`, 'NOT_FOUND');

const PAGE = 200;
function queries(world: World): object {
  const userOf = () => ({ __typename: 'User', id: 'user-1', email: world.user, name: 'Operator', enablePaidHobby: true });
  const organizationBy = ({ slug, id }: { slug?: string; id?: string }) => {
    const rows = [...world.organizations.values()];
    // `personal` is everybody's own: here the first.
    const row = slug === 'personal' ? rows[0] : rows.find((candidate) => candidate.slug === (slug ?? id?.replace(/^org-/, '')));
    return row === undefined ? refuse('Could not find Organization', 'NOT_FOUND') : graphOrganization(world, row);
  };
  const app = ({ name }: { name?: string }) => graphApp(world, appBy(world, name));
  return {
    viewer: userOf,
    currentUser: userOf,
    organization: organizationBy,
    organizations: () => ({ nodes: [...world.organizations.values()].map((row) => graphOrganization(world, row)), pageInfo: LAST_PAGE }),
    app,
    appcompact: app,
    apps: ({ first, after, organizationId }: { first?: number; after?: string; organizationId?: string }) => {
      const slug = organizationId?.replace(/^org-/, '');
      const rows = [...world.apps.values()].filter((row) => slug === undefined || row.organization === slug);
      const start = after === undefined || after === '' ? 0 : rows.findIndex((row) => row.name === after) + 1;
      const page = rows.slice(start, start + (first ?? PAGE));
      const hasNextPage = start + page.length < rows.length;
      const nodes = page.map((row) => graphApp(world, row));
      return { nodes, totalCount: rows.length, pageInfo: { hasNextPage, endCursor: page.at(-1)?.name ?? '' } };
    },
    machine: ({ machineId }: { machineId: string }) => {
      const row = world.machines.get(machineId);
      return row === undefined ? refuse('Could not find Machine', 'NOT_FOUND') : graphMachine(world, row);
    },
    machines: ({ appId }: { appId?: string }) => ({ nodes: machinesOf(world, appId ?? '').map((row) => graphMachine(world, row)) }),
    latestImageDetails: ({ image }: { image: string }) => refuse(`Unknown repository "${image}"`, 'NOT_FOUND'),
    canPerformBluegreenDeployment: () => true,
    nearestRegion: () => ({ name: 'nrt', code: 'nrt', gatewayAvailable: true }),
    platform: () => ({
      requestRegion: 'nrt',
      vmSizes: [],
      regions: OPEN_REGIONS.map((code) => ({ name: code, code, gatewayAvailable: true })),
    }),
  };
}
const LAST_PAGE = { hasNextPage: false, endCursor: '' };

interface Input<T> {
  readonly input: T;
}
function mutations(world: World): object {
  const changed = <T>(value: T): T => {
    world.counters.writes += 1;
    world.onChange?.();
    return value;
  };
  return {
    createApp: ({ input }: Input<{ organizationId: string; name?: string; network?: string }>) => {
      const name = input.name ?? `app-${world.random.text('abcdefghijklmnopqrstuvwxyz', 8)}`;
      if (world.apps.has(name)) refuse('Validation failed: Name has already been taken', 'UNPROCESSABLE');
      return changed({ app: graphApp(world, insertApp(world, name, input.organizationId.replace(/^org-/, ''), input.network)) });
    },
    deleteApp: ({ appId }: { appId: string }) => {
      const row = appBy(world, appId);
      const organization = graphOrganization(
        world,
        world.organizations.get(row.organization) ?? { slug: row.organization, name: row.organization },
      );
      removeApp(world, row);
      return changed({ organization });
    },
    setSecrets: ({ input }: Input<{ appId: string; secrets: readonly { key: string; value: string }[] }>) => {
      const row = appBy(world, input.appId);
      writeSecrets(world, row, Object.fromEntries(input.secrets.map(({ key, value }) => [key, value])));
      return changed({ app: graphApp(world, row), release: null });
    },
    unsetSecrets: ({ input }: Input<{ appId: string; keys: readonly string[] }>) => {
      const row = appBy(world, input.appId);
      writeSecrets(world, row, Object.fromEntries(input.keys.map((key) => [key, null])));
      return changed({ app: graphApp(world, row), release: null });
    },
    ...addressMutations(world, changed),
    ...egressMutations(world, (name) => appBy(world, name), changed),
    ...releaseMutations(world, changed),
    createLimitedAccessToken: () =>
      changed({ limitedAccessToken: { id: 'token-1', name: 'token', token: 'simulated', tokenHeader: 'simulated' } }),
  };
}
function addressMutations(world: World, changed: <T>(value: T) => T): object {
  return {
    allocateIpAddress: ({ input }: Input<{ appId: string; type: string; region?: string }>) => {
      const row = appBy(world, input.appId);
      const address = assignAddress(world, row.name, input.type.toLowerCase(), input.region || 'global');
      const { id, ip, type, region } = address;
      return changed({ app: graphApp(world, row), ipAddress: { id, address: ip, type, region, createdAt: iso(address.createdAt) } });
    },
    releaseIpAddress: ({ input }: Input<{ appId?: string; ipAddressId?: string; ip?: string }>) => {
      const address = [...world.addresses.values()].find((row) => row.id === input.ipAddressId || row.ip === input.ip);
      if (address === undefined) return refuse('Could not find IP address', 'NOT_FOUND');
      world.addresses.delete(address.id);
      return changed({ app: graphApp(world, appBy(world, address.app)) });
    },
  };
}
function releaseMutations(world: World, changed: <T>(value: T) => T): object {
  return {
    createRelease: ({ input }: Input<{ appId: string; image: string; strategy: string; definition: JsonObject }>) => {
      const row = appBy(world, input.appId);
      const release = insertRelease(world, row.name, input.image, input.strategy, input.definition);
      return changed({ app: graphApp(world, row), release: graphRelease(world, release) });
    },
    updateRelease: ({ input }: Input<{ releaseId: string; status: string }>) => {
      const release = world.releases.get(input.releaseId);
      if (release === undefined) return refuse('Could not find Release', 'NOT_FOUND');
      setReleaseStatus(world, release, input.status);
      return changed({ release: graphRelease(world, release) });
    },
  };
}
