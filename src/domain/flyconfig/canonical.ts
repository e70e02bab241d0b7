/** One spelling for what means the same: the platform gives a config back in other words than it was sent (null for absent, bool for word,
 *  `60s` for `1m0s`, defaults filled in). Two configs mean the same exactly when their canonical forms are equal. Pure. */
import type { Json, JsonObject } from '#domain/json.ts';
import { isJsonObject } from '#domain/json.ts';
import { durationToNs } from './duration.ts';

type Rule = (value: Json) => Json | undefined;

const CHECK: Readonly<Record<string, Rule>> = {
  interval: duration,
  timeout: duration,
  grace_period: duration,
  headers: sortedHeaders,
  kind: (value) => (value === 'informational' ? undefined : value),
  tls_skip_verify: unlessFalse,
};
const PORT: Readonly<Record<string, Rule>> = { force_https: unlessFalse };
const SERVICE: Readonly<Record<string, Rule>> = {
  autostop,
  autostart: unlessFalse,
  min_machines_running: unlessZero,
  internal_port: unlessZero,
  checks: list(CHECK),
  ports: list(PORT),
  // Filled in by the platform when nothing is said.
  concurrency: (value) =>
    isJsonObject(value) && value['type'] === 'connections' && value['soft_limit'] === 20 && !value['hard_limit']
      ? undefined
      : withoutZeros(value),
};
/** Of a mount, name, path and the rules of growth; the rest is placement. */
const MOUNT: Readonly<Record<string, Rule>> = {
  volume: drop,
  size_gb: drop,
  encrypted: drop,
  extend_threshold_percent: unlessZero,
  add_size_gb: unlessZero,
  size_gb_limit: unlessZero,
};
const CONFIG: Readonly<Record<string, Rule>> = {
  services: list(SERVICE),
  checks: (value) =>
    isJsonObject(value) ? compact(mapValues(value, (check) => (check === null ? undefined : fields(CHECK)(check)))) : value,
  mounts: list(MOUNT),
  statics: list({}),
  files: list({ mode: unlessZero }),
  metrics: fields({ https: unlessFalse }),
  stop_config: fields({ timeout: duration, signal: unlessEmpty }),
  restart,
  guest,
  init: fields({ tty: unlessFalse, swap_size_mb: unlessZero }),
  rootfs: fields({ persist, size_gb: unlessZero }),
  auto_destroy: unlessFalse,
  schedule: unlessEmpty,
  disable_machine_autostart: unlessFalse,
};

/** Keys in any order; empty, null and default values gone. Idempotent. */
export function canonical(config: JsonObject): JsonObject {
  const { size, ...rest } = config;
  const stated = typeof size === 'string' && rest['guest'] === undefined ? { ...rest, guest: sizeToGuest(size) } : rest;
  const rootfs = rootfsOf(stated);
  return compact(mapEntries({ ...stated, ...rootfs }, CONFIG));
}
/** `guest.persist_rootfs` and `rootfs.persist` say the same. */
function rootfsOf(config: JsonObject): JsonObject {
  const guestPart = config['guest'];
  if (!isJsonObject(guestPart) || guestPart['persist_rootfs'] === undefined) return {};
  const { persist_rootfs: kept, ...bare } = guestPart;
  const stated = isJsonObject(config['rootfs']) ? config['rootfs'] : {};
  return { guest: bare, rootfs: { persist: kept, ...stated } };
}
const PERSIST: readonly string[] = ['never', 'always', 'restart', 'suspend'];
function persist(value: Json): Json | undefined {
  const word = typeof value === 'number' ? (PERSIST[value] ?? String(value)) : value;
  return word === 'never' || word === '' ? undefined : word;
}

function mapEntries(object: JsonObject, rules: Readonly<Record<string, Rule>>): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, value === undefined || value === null ? undefined : (rules[key] ?? same)(value)]),
  );
}
const mapValues = (object: JsonObject, to: (value: Json) => Json | undefined): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, value === undefined ? undefined : to(value)]));
const same: Rule = (value) =>
  isJsonObject(value) ? compact(value) : Array.isArray(value) ? value.map((item: Json) => same(item) ?? null) : value;

/** Null, absent, `""`-free of meaning, `[]` and `{}` are one and the same. */
function compact(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !isNothing(value)));
}
const isNothing = (value: Json | undefined): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) && value.length === 0) ||
  (isJsonObject(value) && Object.values(value).every((inner) => inner === undefined || inner === null));

function fields(rules: Readonly<Record<string, Rule>>): Rule {
  return (value) => (isJsonObject(value) ? compact(mapEntries(value, { ...rules })) : value);
}
function list(rules: Readonly<Record<string, Rule>>): Rule {
  const one = fields(rules);
  return (value) => (Array.isArray(value) ? value.map((item: Json) => one(withoutEmpties(item)) ?? null) : value);
}
/** Empty texts in lists of objects (statics, files, ports) are how the client writes "not set". */
const withoutEmpties = (item: Json): Json =>
  isJsonObject(item) ? Object.fromEntries(Object.entries(item).filter(([, value]) => value !== '')) : item;
const withoutZeros = (value: Json): Json =>
  isJsonObject(value) ? compact(mapValues(value, (inner) => (inner === 0 || inner === '' ? undefined : inner))) : value;
function drop(): undefined {
  return undefined;
}
function unlessFalse(value: Json): Json | undefined {
  return value === false ? undefined : value;
}
function unlessZero(value: Json): Json | undefined {
  return value === 0 ? undefined : value;
}
function unlessEmpty(value: Json): Json | undefined {
  return value === '' ? undefined : value;
}
function duration(value: Json): Json | undefined {
  const ns = typeof value === 'number' ? value : typeof value === 'string' ? durationToNs(value) : null;
  if (ns === null) return value;
  return ns === 0 ? undefined : ns;
}
function autostop(value: Json): Json | undefined {
  if (value === true) return 'stop';
  return value === false || value === 'off' || value === '' ? undefined : value;
}
function sortedHeaders(value: Json): Json {
  if (!Array.isArray(value)) return value;
  const nameOf = (header: Json): string => (isJsonObject(header) && typeof header['name'] === 'string' ? header['name'] : '');
  return value.toSorted((a: Json, b: Json) => (nameOf(a) < nameOf(b) ? -1 : 1));
}
/** No policy means on-failure, ten tries. */
function restart(value: Json): Json | undefined {
  if (!isJsonObject(value)) return value;
  const { policy, max_retries: retries } = value;
  if (policy === undefined || policy === null || policy === '') return undefined;
  const usual = retries === undefined || retries === null || retries === 0 || retries === 10;
  if (policy === 'on-failure' && usual) return undefined;
  return compact({ policy, max_retries: retries === 0 ? undefined : retries });
}
/** A machine without a stated guest is shared, 1 CPU, 256 MB. */
function guest(value: Json): Json | undefined {
  if (!isJsonObject(value)) return value;
  const { cpu_kind: kind, cpus, memory_mb: memory } = value;
  const count = typeof cpus === 'number' && cpus > 0 ? cpus : 1;
  const cpuKind = typeof kind === 'string' && kind !== '' ? kind : 'shared';
  const base = cpuKind === 'performance' ? 2048 : 256;
  const megabytes = typeof memory === 'number' && memory > 0 ? memory : base * count;
  return compact({ ...value, gpus: value['gpus'] === 0 ? undefined : value['gpus'], cpu_kind: cpuKind, cpus: count, memory_mb: megabytes });
}
const PRESET = /^(shared|performance)(?:-cpu)?-(\d+)x$/;
function sizeToGuest(size: string): JsonObject {
  const match = PRESET.exec(size);
  const cpus = Number(match?.[2] ?? 1);
  const kind = match?.[1] ?? 'shared';
  return { cpu_kind: kind, cpus, memory_mb: cpus * (kind === 'performance' ? 2048 : 256) };
}
