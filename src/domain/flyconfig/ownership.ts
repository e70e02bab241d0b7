/** Which fields of a machine's config are ours (design §3): what a deploy of the platform's own CLI resets is owned whole, absence means empty;
 *  what it keeps is owned only when stated. Placement of mounts and the image are compared elsewhere. Pure. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { FieldDifference, FieldGroup } from '#domain/change.ts';
import type { ConfigHash } from '#domain/ids.ts';
import { configHash } from '#domain/ids.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import { isJsonObject } from '#domain/json.ts';
import type { MachineConfig, MachineMount } from '#domain/machine-config.ts';
import type { Ownership } from '#domain/revision.ts';
import { PROCESS_GROUP_KEY } from '#domain/stamp.ts';
import { canonical } from './canonical.ts';
import { getPointer, setPointer } from './pointer.ts';

/** Rises when the same config would hash differently: old hashes then say nothing, and nothing is rolled because of that. */
const HASH_VERSION = 'v1';
/** Reset by a deploy even when the file does not mention them. */
const RESET = ['env', 'services', 'checks', 'statics', 'metrics', 'files', 'mounts', 'stop_config', 'restart'] as const;
const INIT_OWNED: readonly string[] = ['cmd', 'entrypoint', 'exec', 'swap_size_mb'];
/** Set by the platform's client on standbys only; theirs to keep. */
const STANDBY_ENV = 'FLY_STANDBY_FOR';

/** Canonical owned fields: what is hashed, compared and shown. */
export function ownedView(config: MachineConfig, ownership: Ownership): JsonObject {
  const form = canonical(config);
  const picked: Record<string, Json | undefined> = {};
  for (const key of [...RESET, ...ownership.stated]) picked[key] = form[key];
  if (ownership.guest) picked['guest'] = form['guest'] ?? canonical({ guest: { cpus: 1 } })['guest'];
  const init = isJsonObject(form['init'])
    ? Object.fromEntries(Object.entries(form['init']).filter(([key]) => INIT_OWNED.includes(key)))
    : {};
  if (Object.keys(init).length > 0) picked['init'] = ownership.stated.includes('init') ? form['init'] : init;
  const env = isJsonObject(picked['env']) ? without(picked['env'], STANDBY_ENV) : undefined;
  picked['env'] = env !== undefined && Object.keys(env).length > 0 ? env : undefined;
  const group = config.metadata?.[PROCESS_GROUP_KEY];
  if (group !== undefined) picked['metadata'] = { [PROCESS_GROUP_KEY]: group };
  const view: JsonObject = Object.fromEntries(Object.entries(picked).filter(([, value]) => value !== undefined));
  return ownership.ignored.reduce<JsonObject>((rest, pointer) => setPointer(rest, pointer, undefined), view);
}
export function hashOwned(view: JsonObject): ConfigHash {
  const text = canonicalize(view) ?? '';
  return configHash(`${HASH_VERSION}:${createHash('sha256').update(text).digest('hex').slice(0, 40)}`);
}

/** The whole body to write: owned fields as wanted, kept fields and ignored values as they are. `live` null: a new machine. */
export function applyOwned(live: MachineConfig | null, want: MachineConfig, ownership: Ownership): MachineConfig {
  if (live === null) return want;
  const kept = Object.fromEntries(Object.entries(live).filter(([key]) => !RESET.some((owned) => owned === key)));
  const guest = ownership.guest ? want.guest : (live.guest ?? want.guest);
  const env = { ...want.env, ...standbyEnv(live) };
  const mounts = want.mounts?.map((mount, at) => placed(mount, live.mounts?.[at]));
  const init = { ...without(live.init ?? {}, ...INIT_OWNED), ...want.init };
  const stated = Object.fromEntries(ownership.stated.map((key) => [key, want[key]]));
  const body: MachineConfig = {
    ...kept,
    ...pick(want),
    ...stated,
    ...(guest === undefined ? {} : { guest }),
    ...(Object.keys(env).length === 0 ? {} : { env }),
    ...(mounts === undefined ? {} : { mounts }),
    init,
    metadata: { ...live.metadata, ...want.metadata },
  };
  return ownership.ignored.reduce<MachineConfig>((rest, pointer) => setPointer(rest, pointer, getPointer(live, pointer)), body);
}
const pick = (want: MachineConfig): MachineConfig =>
  Object.fromEntries(Object.entries(want).filter(([key]) => RESET.some((owned) => owned === key)));
const standbyEnv = (live: MachineConfig): Readonly<Record<string, string>> => {
  const value = live.env?.[STANDBY_ENV];
  return value === undefined || (live.standbys?.length ?? 0) === 0 ? {} : { [STANDBY_ENV]: value };
};
function placed(mount: MachineMount, live: MachineMount | undefined): MachineMount {
  if (live === undefined) return mount;
  const { volume, size_gb: sizeGb, encrypted } = live;
  return {
    ...mount,
    ...(volume === undefined ? {} : { volume }),
    ...(sizeGb === undefined ? {} : { size_gb: sizeGb }),
    ...(encrypted === undefined ? {} : { encrypted }),
  };
}
const without = (object: JsonObject, ...keys: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));

/** Field by field, `from` what is there, `to` what is wanted. Lists of equal length are compared item by item. */
export function diffOwned(want: JsonObject, have: JsonObject): readonly FieldDifference[] {
  return compare(want, have, '');
}
function compare(want: Json | undefined, have: Json | undefined, pointer: string): readonly FieldDifference[] {
  if (canonicalize(want ?? null) === canonicalize(have ?? null)) return [];
  if (isJsonObject(want) && isJsonObject(have)) {
    const keys = [...new Set([...Object.keys(have), ...Object.keys(want)])].sort();
    return keys.flatMap((key) => compare(want[key], have[key], `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`));
  }
  if (Array.isArray(want) && Array.isArray(have) && want.length === have.length && want.some(isJsonObject))
    return want.flatMap((item: Json, at) => compare(item, have[at], `${pointer}/${at}`));
  return openUp(want, have, pointer) ?? [{ pointer, from: have, to: want, group: groupOf(pointer) }];
}
/** A section that appears or vanishes whole is shown by its entries where they have names. */
function openUp(want: Json | undefined, have: Json | undefined, pointer: string): readonly FieldDifference[] | null {
  const named = pointer === '/env' || pointer === '/checks' || pointer === '/guest' || pointer === '/metadata';
  if (!named) return null;
  return compare(isJsonObject(want) ? want : {}, isJsonObject(have) ? have : {}, pointer);
}

const GROUP_OF: Readonly<Record<string, FieldGroup>> = {
  env: 'env',
  guest: 'guest',
  services: 'services',
  checks: 'checks',
  mounts: 'mounts',
  restart: 'restart',
  stop_config: 'stop_config',
  files: 'files',
  init: 'init',
  metrics: 'metrics',
  statics: 'statics',
  metadata: 'metadata',
};
export function groupOf(pointer: string): FieldGroup {
  const [, first = '', , field = ''] = pointer.split('/');
  if (first !== 'services') return GROUP_OF[first] ?? 'other';
  if (field === 'autostop' || field === 'autostart') return 'autostop';
  if (field === 'min_machines_running' || field === 'checks') return field;
  return 'services';
}
