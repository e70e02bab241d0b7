/** What a handler is given and what it answers. */
import type { Json, JsonObject } from '#domain/json.ts';
import { isJsonObject } from '#domain/json.ts';
import type { AppRow, MachineRow, VolumeRow, World } from './world.ts';

export interface SimRequest {
  readonly world: World;
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
  readonly leaseNonce: string | null;
  readonly signal: AbortSignal;
}
export interface SimReply {
  readonly status: number;
  readonly body: Json | undefined;
}
export type Handler = (request: SimRequest) => SimReply | Promise<SimReply>;

export const reply = (status: number, body?: Json): SimReply => ({ status, body });
/** The platform's error body. Thrown as `Refusal`, so that a handler reads top-down. */
export class Refusal extends Error {
  readonly reply: SimReply;
  constructor(status: number, message: string, word?: string) {
    super(message);
    this.reply = { status, body: { error: message, ...(word === undefined ? {} : { status: word }) } };
  }
}
export const refuse = (status: number, message: string, word?: string): never => {
  throw new Refusal(status, message, word);
};

export function appOf({ world, params }: SimRequest): AppRow {
  const name = params['app_name'] ?? '';
  return world.apps.get(name) ?? refuse(404, `app not found: ${name}`);
}
/** Destroyed machines stay readable by id. */
export function machineOf(request: SimRequest): MachineRow {
  const app = appOf(request);
  const row = request.world.machines.get(request.params['machine_id'] ?? '');
  return row === undefined || row.app !== app.name ? refuse(404, 'machine not found') : row;
}
/** For writes: the machine is there and no lease of somebody else is on it. */
export function ownMachineOf(request: SimRequest): MachineRow {
  const row = machineOf(request);
  if (row.state === 'destroyed' || row.state === 'destroying') refuse(404, 'machine not found');
  const lease = leaseOf(request.world, row);
  if (lease !== null && lease.nonce !== request.leaseNonce) {
    refuse(409, `lease currently held by ${lease.owner}, expires at ${iso(lease.expiresAt)}`);
  }
  return row;
}
export function leaseOf(world: World, row: MachineRow): MachineRow['lease'] {
  if (row.lease !== null && row.lease.expiresAt <= world.clock.now()) row.lease = null;
  return row.lease;
}
export function volumeOf(request: SimRequest): VolumeRow {
  const app = appOf(request);
  const row = request.world.volumes.get(request.params['volume_id'] ?? '');
  return row === undefined || row.app !== app.name ? refuse(404, 'volume not found') : row;
}
export const iso = (at: number): string => new Date(at).toISOString();
export const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
/** Numbers also come as strings in queries. */
export const numberOf = (value: Json | undefined): number | undefined => {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};
export const flagOf = (value: Json | undefined): boolean => value === true || value === 'true';
export const objectOf = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});
