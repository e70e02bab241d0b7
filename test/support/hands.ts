/** What people do to a world beside the controller, by the platform's own API. */
import type { MachineConfig } from '#domain/machine-config.ts';
import { insertRelease, setReleaseStatus } from '#simulator/releases.ts';
import type { MachineRow } from '#simulator/world.ts';
import type { Harness } from './harness.ts';

async function done(response: Promise<Response>): Promise<unknown> {
  const answer = await response;
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}
const at = ({ app, id }: MachineRow): string => `/v1/apps/${app}/machines/${id}`;
/** `fly machine update`: the whole config, changed. */
export const updateByHand = (harness: Harness, row: MachineRow, change: (config: MachineConfig) => MachineConfig): Promise<unknown> =>
  done(harness.byHand('POST', at(row), { config: change(row.config) }));
export const actByHand = (harness: Harness, row: MachineRow, act: 'start' | 'stop' | 'cordon' | 'suspend' | 'restart'): Promise<unknown> =>
  done(harness.byHand('POST', `${at(row)}/${act}`, {}));
export const destroyByHand = (harness: Harness, row: MachineRow): Promise<unknown> =>
  done(harness.byHand('DELETE', `${at(row)}?force=true`));
/** `fly machine clone`: the metadata goes with it. */
export const cloneByHand = (harness: Harness, row: MachineRow, region = row.region): Promise<unknown> =>
  done(harness.byHand('POST', `/v1/apps/${row.app}/machines`, { region, config: row.config }));
/** Somebody's own machine, that no controller asked for. */
export const createByHand = (
  harness: Pick<Harness, 'byHand'>,
  app: string,
  config: MachineConfig = {},
  more: { readonly name?: string; readonly region?: string } = {},
): Promise<unknown> =>
  done(
    harness.byHand('POST', `/v1/apps/${app}/machines`, {
      region: 'nrt',
      ...more,
      config: { image: 'registry.fly.io/somebody:v1', guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 }, ...config },
    }),
  );
/** `fly machine egress-ip allocate`, or of an app in a region. */
export const allocateEgress = (
  harness: Harness,
  input: { readonly appId: string; readonly machineId?: string | undefined; readonly region?: string },
): Promise<unknown> =>
  done(
    harness.byHand('POST', '/graphql', {
      query: 'mutation($input: AllocateEgressIPAddressInput!) { allocateEgressIpAddress(input: $input) { v4 v6 } }',
      variables: { input },
    }),
  );
/** What the platform's CLI leaves on a machine. */
export const AS_THE_CLI: Readonly<Record<string, string>> = { fly_platform_version: 'v2', fly_process_group: 'app' };

export const withEnv =
  (env: Readonly<Record<string, string>>) =>
  (config: MachineConfig): MachineConfig => ({ ...config, env: { ...config.env, ...env } });
export const withMemory =
  (memory: number) =>
  (config: MachineConfig): MachineConfig => ({ ...config, guest: { ...config.guest, memory_mb: memory } });
export const withImage =
  (image: string) =>
  (config: MachineConfig): MachineConfig => ({ ...config, image });
/** Of the first service. */
export const withService =
  (over: NonNullable<MachineConfig['services']>[number]) =>
  (config: MachineConfig): MachineConfig => ({
    ...config,
    services: (config.services ?? []).map((service, index) => (index === 0 ? { ...service, ...over } : service)),
  });
export const only = <T>(rows: readonly T[]): T => {
  const [first] = rows;
  if (first === undefined) throw new Error('there is nothing to take one of');
  return first;
};

/** What `fly deploy` leaves, one after the other: a release of the platform's own list each, and a machine of the newest. */
export async function deployNewByHand(harness: Harness, app: string, tags: readonly string[], config: MachineConfig): Promise<void> {
  const { world } = harness.simulator;
  await done(harness.byHand('POST', '/v1/apps', { app_name: app, org_slug: 'acme' }));
  for (const tag of tags) {
    const release = insertRelease(world, app, `registry.fly.io/${app}:${tag}`, 'ROLLING', {});
    setReleaseStatus(world, release, 'complete');
  }
  await createByHand(harness, app, { ...config, image: `registry.fly.io/${app}:${tags.at(-1)}` });
  await harness.pass(30);
}
