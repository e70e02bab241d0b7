/** A machine as the Machines API gives it (openapi/fly-machines.yaml#Machine), read leniently. */
import { z } from 'zod';
import { type AppName, appName, digest, instanceId, machineId, regionCode } from '#domain/ids.ts';
import { isJsonObject, type JsonObject } from '#domain/json.ts';
import type { MachineConfig } from '#domain/machine-config.ts';
import type { ObservedEvent, ObservedExit, ObservedImage, ObservedMachine } from '#domain/observed.ts';
import { instant } from '#domain/units.ts';
import { count, flag, listOf, text, toInstant, toInstantOrNull } from './reply.ts';

const ExitEvent = z.object({ exit_code: count, oom_killed: flag, requested_stop: flag, restarting: flag });
const EventRequest = z.object({
  exit_event: ExitEvent.nullish(),
  restart_count: count,
  /** An older shape of the same. */
  MonitorEvent: z.object({ exit_event: ExitEvent.nullish() }).nullish(),
});
const MachineEvent = z.object({
  id: text,
  type: text,
  status: text,
  source: text,
  timestamp: count,
  request: EventRequest.nullish().catch(null),
});
const ImageRef = z.object({ registry: text, repository: text, tag: text, digest: text });
const Config = z.custom<MachineConfig>((value) => isMachineConfig(value), 'not a machine config');

const MachineReply = z.object({
  id: z.string(),
  name: text,
  state: z.string(),
  region: text,
  instance_id: text,
  host_status: text,
  cordoned: flag,
  config: Config.nullish(),
  incomplete_config: Config.nullish(),
  image_ref: ImageRef.nullish(),
  checks: listOf(z.object({ name: text, status: text, output: text, updated_at: text })),
  events: listOf(MachineEvent),
  created_at: text,
  updated_at: text,
  private_ip: text,
});
type MachineReply = z.infer<typeof MachineReply>;

export const machineOf = (app: AppName) => MachineReply.transform((reply) => replyToMachine(app, reply));
export const machinesOf = (app: AppName) => listOf(machineOf(app));

function replyToMachine(app: AppName, reply: MachineReply): ObservedMachine {
  // Without the word and without a config the host is as good as gone; guessing "ok" would make an empty config believed.
  const hostStatus = reply.host_status ?? (reply.config ? 'ok' : 'unknown');
  const known = reply.config ?? reply.incomplete_config;
  return {
    id: machineId(reply.id),
    name: reply.name ?? '',
    app: appName(app),
    region: regionCode(reply.region ?? ''),
    state: reply.state,
    instanceId: instanceId(reply.instance_id ?? ''),
    hostStatus,
    cordoned: reply.cordoned ?? false,
    config: hostStatus === 'ok' && reply.config ? withoutNulls(reply.config) : null,
    metadata: known?.metadata ?? {},
    image: replyToImage(reply.image_ref),
    checks: reply.checks.map((check) => ({
      name: check.name ?? '',
      status: check.status ?? '',
      output: check.output ?? '',
      updatedAt: toInstantOrNull(check.updated_at),
    })),
    events: reply.events.map(replyToEvent),
    createdAt: toInstant(reply.created_at),
    updatedAt: toInstant(reply.updated_at ?? reply.created_at),
    privateIp: reply.private_ip || null,
  };
}

function replyToImage(reply: z.infer<typeof ImageRef> | null | undefined): ObservedImage {
  return {
    registry: reply?.registry ?? '',
    repository: reply?.repository ?? '',
    ...(reply?.tag ? { tag: reply.tag } : {}),
    ...(reply?.digest ? { digest: digest(reply.digest) } : {}),
  };
}

function replyToEvent(reply: z.infer<typeof MachineEvent>): ObservedEvent {
  const exit = reply.request?.exit_event ?? reply.request?.MonitorEvent?.exit_event;
  const event = {
    id: reply.id ?? '',
    type: reply.type ?? '',
    status: reply.status ?? '',
    source: reply.source ?? '',
    at: instant(reply.timestamp ?? 0),
  };
  return exit === null || exit === undefined ? event : { ...event, exit: replyToExit(exit, reply.request?.restart_count ?? 0) };
}
const replyToExit = (exit: z.infer<typeof ExitEvent>, restartCount: number): ObservedExit => ({
  exitCode: exit.exit_code ?? 0,
  oomKilled: exit.oom_killed ?? false,
  requestedStop: exit.requested_stop ?? false,
  restarting: exit.restarting ?? false,
  restartCount,
});

/** Types of the parts that trimtab reads; what is inside a service or a check is compared after canonicalisation, not read as it is. */
export function isMachineConfig(value: unknown): value is MachineConfig {
  return isJsonObject(value) && Object.entries(SHAPES).every(([key, fits]) => fits(value[key]));
}
const absent = (value: unknown): boolean => value === undefined || value === null;
const isText = (value: unknown): boolean => absent(value) || typeof value === 'string';
const isObject = (value: unknown): boolean => absent(value) || isJsonObject(value);
const isList = (value: unknown): boolean => absent(value) || (Array.isArray(value) && value.every(isJsonObject));
const isTexts = (value: unknown): boolean =>
  absent(value) || (isJsonObject(value) && Object.values(value).every((entry) => typeof entry === 'string'));
const SHAPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  image: isText,
  env: isTexts,
  metadata: isTexts,
  init: isObject,
  guest: isObject,
  checks: (value) => absent(value) || (isJsonObject(value) && Object.values(value).every(isJsonObject)),
  mounts: isList,
  services: isList,
  statics: isList,
  files: isList,
  metrics: isObject,
  restart: isObject,
  stop_config: isObject,
  schedule: isText,
  dns: isObject,
  standbys: (value) => absent(value) || (Array.isArray(value) && value.every((id) => typeof id === 'string')),
};

/** The platform writes null for "not there"; the domain says it by absence. */
function withoutNulls(config: MachineConfig): MachineConfig {
  const kept: JsonObject = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
  return isMachineConfig(kept) ? kept : config;
}
