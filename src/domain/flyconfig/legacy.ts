/** Old and loose spellings of a fly.toml → today's shape, as the platform's client does it before it reads on. What cannot be translated stays as it
 *  is: the schema tells of it. Pure. */
import type { Json, JsonObject } from '#domain/json.ts';
import { nsToDuration } from './duration.ts';
import { isTable, type TomlTable, type TomlValue, tomlText } from './toml.ts';

export function toCurrent(table: TomlTable): JsonObject {
  const old = table['experimental'];
  const experimental = isTable(old) ? old : {};
  const { compute: _, computes: __, mount: ___, metric: ____, ...rest } = table;
  const current: Record<string, Json | undefined> = { ...plainTable(rest) };
  set(current, 'env', table['env'], envOf);
  set(current, 'services', table['services'], (value) =>
    tables(value)
      ?.map(serviceOf)
      .filter((one) => Object.keys(one).length > 0),
  );
  set(current, 'processes', table['processes'], processesOf);
  set(current, 'experimental', old, (value) => (isTable(value) ? experimentalOf(value) : undefined));
  set(current, 'checks', table['checks'], checksOf);
  set(current, 'build', table['build'], (value) => (isTable(value) ? buildOf(value) : undefined));
  set(current, 'kill_timeout', table['kill_timeout'] ?? experimental['kill_timeout'], (value) => durationText(value, 1e9));
  gather(current, 'vm', [table['compute'], table['computes'], table['vm']], (vm) => withTexts(vm, 'memory'));
  gather(current, 'mounts', [table['mount'], table['mounts']], (mount) => withTexts(mount, 'initial_size'));
  gather(current, 'metrics', [table['metric'], table['metrics'] ?? oldMetrics(experimental)], plainTable);
  const empty = current['kill_timeout'] === '';
  return Object.fromEntries(Object.entries(current).filter(([key, value]) => value !== undefined && !(empty && key === 'kill_timeout')));
}

/** Undefined from `to` leaves the value for the schema to refuse. */
function set(
  into: Record<string, Json | undefined>,
  key: string,
  value: TomlValue | undefined,
  to: (value: TomlValue) => Json | undefined,
): void {
  if (value !== undefined) into[key] = to(value) ?? plainValue(value);
}
/** Several keys, one list; a single table is a list of one. */
function gather(
  into: Record<string, Json | undefined>,
  key: string,
  values: readonly (TomlValue | undefined)[],
  to: (table: TomlTable) => Json,
): void {
  const stated = values.filter((value) => value !== undefined);
  const lists = stated.map(tables);
  if (stated.length === 0) return;
  into[key] = lists.includes(null) ? plainValue(stated[lists.indexOf(null)] ?? '') : lists.flatMap((list) => (list ?? []).map(to));
}
const tables = (value: TomlValue): readonly TomlTable[] | null => {
  if (isTable(value)) return [value];
  return Array.isArray(value) && value.every(isTable) ? value.filter(isTable) : null;
};

function plainValue(value: TomlValue): Json {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (isTable(value)) return plainTable(value);
  return typeof value === 'object' ? tomlText(value) : value;
}
const plainTable = (table: TomlTable): JsonObject =>
  Object.fromEntries(Object.entries(table).map(([key, value]) => [key, plainValue(value)]));
/** One key of a table as text. */
function withTexts(table: TomlTable, key: string): JsonObject {
  const value = table[key];
  return { ...plainTable(table), ...(value === undefined ? {} : { [key]: tomlText(value) }) };
}

function envOf(value: TomlValue): JsonObject | undefined {
  const parts = tables(value);
  return parts === null ? undefined : Object.assign({}, ...parts.map(textMap));
}
const textMap = (table: TomlTable): JsonObject => Object.fromEntries(Object.entries(table).map(([key, value]) => [key, tomlText(value)]));

/** `[[processes]] name, command`. */
function processesOf(value: TomlValue): JsonObject | undefined {
  if (!Array.isArray(value)) return undefined;
  const named = value.filter(isTable).flatMap((item): readonly (readonly [string, string])[] => {
    const { name, command } = item;
    return name === undefined ? [] : [[tomlText(name), command === undefined ? '' : tomlText(command)]];
  });
  return Object.fromEntries(named);
}
function buildOf(build: TomlTable): JsonObject {
  const { build_target: target, ...rest } = plainTable(build);
  return target === undefined ? rest : { ...rest, 'build-target': target };
}
/** Moved to where they live today. */
const MOVED: readonly string[] = ['kill_timeout', 'metrics_port', 'metrics_path'];
function experimentalOf(experimental: TomlTable): JsonObject {
  const entries = Object.entries(plainTable(experimental)).filter(([key]) => !MOVED.includes(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, COMMANDS.includes(key) && typeof value === 'string' ? [value] : value]));
}
const COMMANDS: readonly string[] = ['cmd', 'entrypoint', 'exec'];
function oldMetrics({ metrics_port: port, metrics_path: path }: TomlTable): TomlTable | undefined {
  if (port === undefined && path === undefined) return undefined;
  return { ...(port === undefined ? {} : { port }), ...(path === undefined ? {} : { path }) };
}

function checksOf(value: TomlValue): JsonObject | undefined {
  if (isTable(value))
    return Object.fromEntries(Object.entries(value).map(([name, check]) => [name, isTable(check) ? checkOf(check) : plainValue(check)]));
  const list = tables(value);
  if (list?.some(({ name }) => typeof name !== 'string') ?? true) return undefined;
  return Object.fromEntries((list ?? []).map(({ name = '', ...check }) => [tomlText(name), checkOf(check)]));
}
function serviceOf(service: TomlTable): JsonObject {
  const current: Record<string, Json | undefined> = { ...plainTable(service) };
  set(current, 'concurrency', service['concurrency'], (value) => (typeof value === 'string' ? softAndHard(value) : undefined));
  set(current, 'internal_port', service['internal_port'], wholeNumber);
  set(current, 'ports', service['ports'], (value) => tables(value)?.map(portOf));
  for (const key of ['tcp_checks', 'http_checks']) set(current, key, service[key], (value) => tables(value)?.map(checkOf));
  return current;
}
function portOf(port: TomlTable): JsonObject {
  const current: Record<string, Json | undefined> = { ...plainTable(port) };
  set(current, 'port', port['port'], wholeNumber);
  return current;
}
/** `"20,25"`. */
function softAndHard(text: string): Json | undefined {
  const [, soft, hard] = /^([+-]?\d+),([+-]?\d+)$/.exec(text) ?? [];
  return soft === undefined ? undefined : { type: 'requests', soft_limit: Number(soft), hard_limit: Number(hard) };
}
function wholeNumber(value: TomlValue): number | undefined {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return Math.trunc(value);
  return typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : undefined;
}
/** Numbers are milliseconds here, and here alone. */
function checkOf(check: TomlTable): JsonObject {
  const times = ['interval', 'timeout', 'grace_period'];
  const current: Record<string, Json | undefined> = plainTable(
    Object.fromEntries(Object.entries(check).filter(([key]) => !times.includes(key))),
  );
  for (const key of times) {
    set(current, key, check[key] === '' ? undefined : check[key], (value) => durationText(value, 1e6));
  }
  set(current, 'headers', check['headers'], headersOf);
  return current;
}
function durationText(value: TomlValue, unitNs: number): Json | undefined {
  if (typeof value !== 'bigint' && typeof value !== 'number') return undefined;
  return nsToDuration(Math.trunc(Number(value)) * unitNs);
}
/** A map, or a list of name and value. */
function headersOf(value: TomlValue): JsonObject | undefined {
  if (isTable(value)) return textMap(value);
  const list = tables(value);
  if (list?.some(({ name }) => name === undefined) ?? true) return undefined;
  return Object.fromEntries((list ?? []).map(({ name = '', value: text = '' }) => [tomlText(name), tomlText(text)]));
}
