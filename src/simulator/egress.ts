/** Static egress addresses: a pair of v4 and v6 that one machine, or all of an app's machines in a region, go out by. Only GraphQL tells them
 *  (fly-behaviour.md §11, G12). */
import { GraphQLError } from 'graphql';
import { iso } from './request.ts';
import type { AppRow, EgressRow, World } from './world.ts';

interface Input<T> {
  readonly input: T;
}
interface Allocate {
  readonly appId: string;
  readonly machineId?: string;
  readonly region?: string;
}
interface Release {
  readonly appId: string;
  readonly machineId?: string;
  readonly ip?: string;
}
/** `machine` null: those of the app itself. What a machine had is gone with it. */
export const graphEgress = (world: World, app: string, machine: string | null): { readonly nodes: readonly object[] } => ({
  nodes: [...world.egress.values()]
    .filter((row) => row.app === app && row.machine === machine)
    .filter((row) => row.machine === null || isAlive(world, row.machine))
    .flatMap(({ id, region, v4, v6, createdAt }) => [
      { id: `${id}-v4`, ip: v4, version: 4, region, updatedAt: iso(createdAt) },
      { id: `${id}-v6`, ip: v6, version: 6, region, updatedAt: iso(createdAt) },
    ]),
});
export function egressMutations(world: World, appBy: (name: string) => AppRow, changed: <T>(value: T) => T): object {
  return {
    allocateEgressIpAddress: ({ input }: Input<Allocate>) => {
      const app = appBy(input.appId).name;
      const { region, machine } = placeOf(world, app, input);
      const taken = [...world.egress.values()].some((row) => row.app === app && row.machine === machine && row.region === region);
      if (taken && machine !== null) throw refused('Machine already has an egress IP address', 'UNPROCESSABLE');
      const { random, clock } = world;
      const hex = (): string => random.text('0123456789abcdef', 4);
      const pair = { v4: `209.71.${random.integer(1, 254)}.${random.integer(1, 254)}`, v6: `2a09:8280:e:${hex()}::${hex()}` };
      const row: EgressRow = { id: world.id('ip'), app, machine, region, ...pair, createdAt: clock.now() };
      world.egress.set(row.id, row);
      return changed(pair);
    },
    releaseEgressIpAddress: ({ input }: Input<Release>) => {
      const app = appBy(input.appId).name;
      const machine = input.machineId || null;
      const row = [...world.egress.values()].find(
        (one) => one.app === app && one.machine === machine && (machine !== null || one.v4 === input.ip || one.v6 === input.ip),
      );
      if (row === undefined) throw refused('Could not find egress IP address', 'NOT_FOUND');
      world.egress.delete(row.id);
      return changed({ v4: row.v4, v6: row.v6, clientMutationId: null });
    },
  };
}
function placeOf(world: World, app: string, { machineId, region }: Allocate): Pick<EgressRow, 'region' | 'machine'> {
  if (machineId && region) throw refused('A machine and a region exclude each other', 'BAD_REQUEST');
  if (machineId) {
    const row = world.machines.get(machineId);
    if (row === undefined || row.app !== app || !isAlive(world, machineId)) throw refused('Could not find Machine', 'NOT_FOUND');
    return { machine: machineId, region: row.region };
  }
  if (!region) throw refused('A machine or a region is needed', 'BAD_REQUEST');
  return { machine: null, region };
}
const isAlive = (world: World, machine: string): boolean => (world.machines.get(machine)?.state ?? 'destroyed') !== 'destroyed';
const refused = (message: string, code: string): GraphQLError => new GraphQLError(message, { extensions: { code } });
