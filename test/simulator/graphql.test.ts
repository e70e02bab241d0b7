/** The operations that the platform's own CLI sends, by the numbers of fly-behaviour.md §11, compacted as it sends them. */
import { describe, expect, test } from 'vitest';
import { createIn, IMAGE, listAt, makeSceneWithApp, objectAt, type Scene, startIn, valueAt } from '#test/support/scene.ts';

const APP = { name: 'acme-web' };
async function deployed(): Promise<Scene> {
  const scene = await makeSceneWithApp();
  await startIn(scene);
  const made = await scene.call('POST', '/api/v1/releases', {
    app_name: 'acme-web',
    image: IMAGE,
    strategy: 'ROLLING',
    definition: { app: 'acme-web', env: { A: '1' } },
  });
  await scene.call('PATCH', `/api/v1/releases/${String(valueAt(made.body, 'release', 'id'))}`, { status: 'complete', metadata: null });
  await scene.call('POST', '/v1/apps/acme-web/ip_assignments', { type: 'v6' });
  await scene.call('POST', '/v1/apps/acme-web/ip_assignments', { type: 'shared_v4' });
  return scene;
}
const ORGANIZATION = 'organization{id internalNumericId slug paidPlan}';

describe('GraphQL answers', () => {
  test('G1: who looks, by fragments on a union', async () => {
    const scene = await deployed();
    const data = await scene.graph('query{viewer{... on User{id email enablePaidHobby}... on Macaroon{email}}}');
    expect(data).toEqual({ viewer: { id: 'user-1', email: 'ops@example.com', enablePaidHobby: true } });
  });

  test('G12: static egress addresses, of a machine and of an app in a region', async () => {
    const scene = await deployed();
    const ofMachine = async (path: readonly string[]) =>
      valueAt(listAt((await scene.graph(list, APP))['app'], 'machines', 'nodes')[0], ...path);
    const allocate = 'mutation($input:AllocateEgressIPAddressInput!){allocateEgressIpAddress(input:$input){v4,v6}}';
    const release = 'mutation($input:ReleaseEgressIPAddressInput!){releaseEgressIpAddress(input:$input){v4 v6 clientMutationId}}';
    const nodes = 'egressIpAddresses{nodes{id ip version region updatedAt}}';
    const list = `query($name:String!){app(name:$name){${nodes} machines{nodes{id ${nodes}}}}}`;
    const machine = await ofMachine(['id']);
    const own = objectAt(await scene.graph(allocate, { input: { appId: 'acme-web', machineId: machine } }), 'allocateEgressIpAddress');
    const shared = objectAt(await scene.graph(allocate, { input: { appId: 'acme-web', region: 'nrt' } }), 'allocateEgressIpAddress');
    const { app } = await scene.graph(list, APP);
    expect(listAt(app, 'egressIpAddresses', 'nodes')).toMatchObject([
      { ip: shared['v4'], version: 4, region: 'nrt' },
      { ip: shared['v6'], version: 6 },
    ]);
    expect(await ofMachine(['egressIpAddresses', 'nodes'])).toMatchObject([{ ip: own['v4'] }, { ip: own['v6'] }]);
    await expect(scene.graph(allocate, { input: { appId: 'acme-web', machineId: machine, region: 'nrt' } })).rejects.toThrow(/exclude/);
    await expect(scene.graph(allocate, { input: { appId: 'acme-web' } })).rejects.toThrow(/needed/);
    await scene.graph(release, { input: { appId: 'acme-web', machineId: machine } });
    await scene.graph(release, { input: { appId: 'acme-web', ip: shared['v4'] } });
    const after = await scene.graph(list, APP);
    expect(listAt(after, 'app', 'egressIpAddresses', 'nodes')).toEqual([]);
    expect(await ofMachine(['egressIpAddresses', 'nodes'])).toEqual([]);
  });

  test('G2, G4: organizations by slug, `personal` being the first', async () => {
    const scene = await deployed();
    const one = 'query($slug:String!){organization(slug:$slug){id internalNumericId slug rawSlug name type billable}}';
    expect(await scene.graph(one, { slug: 'acme' })).toMatchObject({ organization: { slug: 'acme', name: 'Acme', type: 'SHARED' } });
    expect(await scene.graph(one, { slug: 'personal' })).toMatchObject({ organization: { rawSlug: 'acme' } });
    const all =
      'query($admin:Boolean!){organizations(admin:$admin){nodes{id slug rawSlug name type paidPlan billable viewerRole internalNumericId}}}';
    expect(await scene.graph(all, { admin: true })).toMatchObject({ organizations: { nodes: [{ slug: 'acme', viewerRole: 'admin' }] } });
  });

  test('G3: apps by pages', async () => {
    const scene = await deployed();
    for (const name of ['a', 'b', 'c']) await scene.call('POST', '/_sim/acts', { act: 'app', name, organization: 'acme' });
    const query =
      'query($org:ID,$after:String){apps(type:"container",first:3,after:$after,organizationId:$org){pageInfo{hasNextPage endCursor}nodes{id name deployed hostname platformVersion organization{slug name}currentRelease{createdAt status}status}}}';
    const page = objectAt(await scene.graph(query, { org: 'org-acme', after: null }), 'apps');
    expect(page).toMatchObject({
      pageInfo: { hasNextPage: true },
      nodes: [{ name: 'acme-web', currentRelease: { status: 'complete' } }, {}, {}],
    });
    const rest = await scene.graph(query, { org: 'org-acme', after: valueAt(page, 'pageInfo', 'endCursor') });
    expect(rest).toMatchObject({ apps: { pageInfo: { hasNextPage: false }, nodes: [{ name: 'c', currentRelease: null }] } });
  });

  test('G5, G6, G13: an app, whole, compact and basic, by alias', async () => {
    const scene = await deployed();
    const whole = `query($name:String!){app(name:$name){id internalNumericId name hostname deployed status version appUrl platformVersion currentRelease{evaluationId status inProgress version}config{definition}${ORGANIZATION}services{description protocol internalPort ports{port handlers}}ipAddresses{nodes{id address type createdAt}}sharedIpAddress cnameTarget imageDetails{registry repository tag digest version}machines{nodes{id name config state region createdAt app{name}ips{nodes{family kind ip maskSize}}host{id}}}postgresAppRole:role{name}}}`;
    const { app } = await scene.graph(whole, APP);
    expect(app).toMatchObject({ deployed: true, status: 'deployed', version: 1, platformVersion: 'machines', postgresAppRole: null });
    expect(app).toMatchObject({ config: { definition: { env: { A: '1' } } }, machines: { nodes: [{ state: 'started' }] } });
    expect(listAt(app, 'ipAddresses', 'nodes')).toMatchObject([{ type: 'v6' }]);
    expect(valueAt(app, 'sharedIpAddress')).toMatch(/^66\./);
    const compact = `query($name:String!){appcompact:app(name:$name){id internalNumericId name hostname cnameTarget deployed network status appUrl platformVersion ${ORGANIZATION}postgresAppRole:role{name}}}`;
    expect(await scene.graph(compact, APP)).toMatchObject({ appcompact: { name: 'acme-web', hostname: 'acme-web.fly.dev' } });
    const basic =
      'query($name:String!){appbasic:app(name:$name){id name platformVersion organization{id internalNumericId slug rawSlug paidPlan}}}';
    expect(await scene.graph(basic, APP)).toMatchObject({ appbasic: { organization: { rawSlug: 'acme' } } });
  });

  test('G7: no newer image is known, in the words that the CLI steps over', async () => {
    const scene = await deployed();
    const query = 'query($image:String!){latestImageDetails(image:$image){registry repository tag version digest}}';
    const { body } = await scene.call('POST', '/graphql', { query, variables: { image: IMAGE } });
    expect(body).toMatchObject({ errors: [{ message: expect.stringContaining('Unknown repository'), extensions: { code: 'NOT_FOUND' } }] });
  });

  test('G8, G10, G11: releases, whatever undeclared variable comes along', async () => {
    const scene = await deployed();
    const current = 'query($name:String!){app(name:$name){currentRelease:currentReleaseUnprocessed{version}}}';
    expect(await scene.graph(current, APP)).toEqual({ app: { currentRelease: { version: 1 } } });
    const list =
      'query($name:String!,$limit:Int!){app(name:$name){releases:releasesUnprocessed(first:$limit){nodes{id version description reason status imageRef stable user{id email name}createdAt}}}}';
    const { app } = await scene.graph(list, { ...APP, limit: 1, status: 'complete' });
    expect(app).toMatchObject({ releases: { nodes: [{ version: 1, status: 'complete', stable: true, imageRef: IMAGE }] } });
    const definition =
      'query FlyctlConfigCurrentRelease($appName:String!){app(name:$appName){currentReleaseUnprocessed{configDefinition}}}';
    const found = await scene.graph(definition, { appName: 'acme-web' });
    expect(found).toEqual({ app: { currentReleaseUnprocessed: { configDefinition: { app: 'acme-web', env: { A: '1' } } } } });
  });

  test('G9: a machine by id alone, and refuses one that is not', async () => {
    const scene = await deployed();
    const id = await createIn(scene);
    const query = 'query($machineId:String!){gqlmachine:machine(machineId:$machineId){id name app{name organization{id slug}}}}';
    expect(await scene.graph(query, { machineId: id })).toMatchObject({ gqlmachine: { id, app: { name: 'acme-web' } } });
    await expect(scene.graph(query, { machineId: 'none' })).rejects.toThrow('Could not find Machine');
  });

  test('G12, G14: addresses, the shared one apart', async () => {
    const scene = await deployed();
    const egress = 'query($appName:String!){app(name:$appName){egressIpAddresses{nodes{id ip version region updatedAt}}}}';
    expect(await scene.graph(egress, { appName: 'acme-web' })).toEqual({ app: { egressIpAddresses: { nodes: [] } } });
    await scene.call('POST', '/v1/apps/acme-web/ip_assignments', { type: 'private_v6' });
    const addresses =
      'query($name:String!){app(name:$name){ipAddresses{nodes{id address type region createdAt network{name organization{slug}}serviceName}}sharedIpAddress}}';
    const { app } = await scene.graph(addresses, APP);
    expect(listAt(app, 'ipAddresses', 'nodes')).toMatchObject([
      { type: 'v6', network: null },
      { type: 'private_v6', network: {} },
    ]);
  });

  test('G15: an image with its size as text, or none', async () => {
    const scene = await deployed();
    const query =
      'query($name:String!,$ref:String!){app(name:$name){id image(ref:$ref){id digest ref compressedSize:compressedSizeFull manifest}}}';
    const { app } = await scene.graph(query, { ...APP, ref: IMAGE });
    expect(app).toMatchObject({
      image: { ref: IMAGE, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), compressedSize: '52428800' },
    });
    expect(await scene.graph(query, { ...APP, ref: 'registry.fly.io/missing:v1' })).toMatchObject({ app: { image: null } });
  });

  test('the unnumbered ones: latest image, host issues, blue-green, a limited token', async () => {
    const scene = await deployed();
    const latest = 'query($name:String!){app(name:$name){currentReleaseUnprocessed{id version imageRef}}}';
    expect(await scene.graph(latest, APP)).toMatchObject({ app: { currentReleaseUnprocessed: { imageRef: IMAGE } } });
    const issues = 'query($name:String!){apphostissues:app(name:$name){hostIssues{nodes{internalId message createdAt updatedAt}}}}';
    expect(await scene.graph(issues, APP)).toEqual({ apphostissues: { hostIssues: { nodes: [] } } });
    expect(await scene.graph('query($n:String!){canPerformBluegreenDeployment(name:$n)}', { n: 'acme-web' })).toMatchObject({});
    const token =
      'mutation($name:String!,$organizationId:ID!,$profile:String!,$expiry:String!){createLimitedAccessToken(input:{name:$name,organizationId:$organizationId,profile:$profile,expiry:$expiry}){limitedAccessToken{tokenHeader}}}';
    const variables = { name: 'metrics', organizationId: 'org-acme', profile: 'deploy_organization', expiry: '1h' };
    expect(await scene.graph(token, variables)).toMatchObject({ createLimitedAccessToken: { limitedAccessToken: {} } });
  });

  test('older clients, that write apps, secrets, addresses and releases here', async () => {
    const scene = await deployed();
    const make =
      'mutation($input:CreateAppInput!){createApp(input:$input){app{id name organization{slug}config{definition}regions{name code}}}}';
    await scene.graph(make, { input: { organizationId: 'org-acme', name: 'older' } });
    await expect(scene.graph(make, { input: { organizationId: 'org-acme', name: 'older' } })).rejects.toThrow('already been taken');
    const set = 'mutation($input:SetSecretsInput!){setSecrets(input:$input){app{secrets{name digest}}release{id}}}';
    await scene.graph(set, {
      input: {
        appId: 'older',
        secrets: [
          { key: 'A', value: '1' },
          { key: 'B', value: '2' },
        ],
      },
    });
    const unset = 'mutation($input:UnsetSecretsInput!){unsetSecrets(input:$input){app{secrets{name}}}}';
    const left = await scene.graph(unset, { input: { appId: 'older', keys: ['A'] } });
    expect(left).toEqual({ unsetSecrets: { app: { secrets: [{ name: 'B' }] } } });
    const allocate = 'mutation($input:AllocateIPAddressInput!){allocateIpAddress(input:$input){ipAddress{id address type region}}}';
    const { allocateIpAddress } = await scene.graph(allocate, { input: { appId: 'older', type: 'v6', region: '' } });
    const ip = valueAt(allocateIpAddress, 'ipAddress', 'address');
    await scene.graph('mutation($input:ReleaseIPAddressInput!){releaseIpAddress(input:$input){app{name}}}', {
      input: { appId: 'older', ip },
    });
    const release = 'mutation($input:CreateReleaseInput!){createRelease(input:$input){release{id version status}}}';
    const input = { appId: 'older', image: IMAGE, platformVersion: 'machines', strategy: 'ROLLING', definition: {} };
    const { createRelease } = await scene.graph(release, { input });
    const id = valueAt(createRelease, 'release', 'id');
    const update = 'mutation($input:UpdateReleaseInput!){updateRelease(input:$input){release{status}}}';
    expect(await scene.graph(update, { input: { releaseId: id, status: 'complete' } })).toMatchObject({
      updateRelease: { release: { status: 'complete' } },
    });
    expect(scene.world.apps.get('older')?.status).toBe('deployed');
    await scene.graph('mutation($appId:ID!){deleteApp(appId:$appId){organization{id}}}', { appId: 'older' });
    expect(scene.world.apps.has('older')).toBe(false);
  });

  test('an app that does not exist in the words that the CLI knows, and a wrong token with 401', async () => {
    const scene = await deployed();
    const query = 'query($name:String!){app(name:$name){id}}';
    const { body } = await scene.call('POST', '/graphql', { query, variables: { name: 'none' } });
    expect(body).toMatchObject({ data: { app: null }, errors: [{ message: expect.stringContaining('Could not find App') }] });
    expect((await scene.call('POST', '/graphql', { query }, { token: 'wrong' })).status).toBe(401);
  });
});
