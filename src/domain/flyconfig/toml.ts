/** TOML text → values that know where they stand. Never throws for what people write. */
import { parse, TomlDate, TomlError, type TomlValue } from 'smol-toml';
import type { Locate, Place } from '#domain/desired-yaml.ts';
import type { Problem } from '#domain/problem.ts';
import { placeKey, type TomlPlaces, tomlPlaces } from './toml-places.ts';

export type { TomlValue } from 'smol-toml';
export type TomlTable = { readonly [key: string]: TomlValue };
export const isTable = (value: TomlValue | undefined): value is { [key: string]: TomlValue } =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);

export interface TomlFile {
  /** Null only with a problem. Integers are bigint: text made of `1` and of `1.0` differs. */
  readonly table: TomlTable | null;
  readonly locate: Locate;
  readonly problem: Problem | null;
}
/** The longest fly.toml seen in public is 20 KiB. */
const MAX_CHARACTERS = 1024 * 1024;
/** Deeper than any section of a fly.toml. */
const MAX_DEPTH = 32;

export function readToml(file: string, text: string): TomlFile {
  const start: Place = { file, line: 1, column: 1 };
  if (text.length > MAX_CHARACTERS) {
    const problem = { ...start, rule: 'too-large', message: 'the file is larger than 1 MiB', remedy: 'check that this is a fly.toml' };
    return { table: null, locate: () => start, problem };
  }
  try {
    const table = parse(text, { integersAsBigInt: true, maxDepth: MAX_DEPTH });
    return { table, locate: makeLocate(file, text), problem: null };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The first line says what; the rest quotes the file, which may hold a secret.
    const message = error.message.split('\n')[0] ?? 'the file is no TOML';
    const problem = {
      file,
      line: Math.max(1, error.line),
      column: Math.max(1, error.column),
      rule: 'toml-syntax',
      message,
      remedy: 'correct the TOML; fly config validate -c FILE reads it the same way',
    };
    return { table: null, locate: () => start, problem };
  }
}

/** Other spellings of a section, in the order they are tried. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  vm: ['vm', 'compute', 'computes'],
  mounts: ['mounts', 'mount'],
  metrics: ['metrics', 'metric', 'experimental'],
  kill_timeout: ['kill_timeout', 'experimental'],
};
/** Places are worked out when the first one is asked for: a file without problems never needs them. */
function makeLocate(file: string, text: string): Locate {
  let places: TomlPlaces | null = null;
  return (path, side = 'value') => {
    places ??= tomlPlaces(text);
    const offset = offsetOf(places, path, side);
    const before = text.slice(0, offset);
    return { file, line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
  };
}
/** Deepest part of the path that the text has. A list of one may be written as a table, so its number may be missing. */
function offsetOf({ keys, values }: TomlPlaces, path: readonly PropertyKey[], side: 'key' | 'value'): number {
  const [first = '', ...rest] = path;
  let found: { readonly path: readonly PropertyKey[]; readonly depth: number } = { path: [], depth: 0 };
  for (const name of ALIASES[String(first)] ?? [first]) {
    let at: readonly PropertyKey[] = [name];
    if (!keys.has(placeKey(at))) continue;
    let depth = 1;
    for (const step of rest) {
      const next = [...at, step];
      if (keys.has(placeKey(next))) at = next;
      else if (typeof step !== 'number') break;
      depth += 1;
    }
    if (depth > found.depth) found = { path: at, depth };
  }
  const key = placeKey(found.path);
  const whole = found.depth === path.length && side === 'value';
  return (whole ? values.get(key) : keys.get(key)) ?? 0;
}

/** Any value as the text that the platform's client makes of it where it wants text (Go's `%v`). */
export function tomlText(value: TomlValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return floatText(value);
  if (value instanceof TomlDate) return dateText(value);
  if (Array.isArray(value)) return `[${value.map(tomlText).join(' ')}]`;
  if (!isTable(value)) return String(value);
  const entries = Object.keys(value).sort();
  return `map[${entries.map((key) => `${key}:${tomlText(value[key] ?? '')}`).join(' ')}]`;
}
/** Shortest digits; with an exponent, of at least two digits, below 1e-4 and from 1e6 on. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [digits = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
function dateText(value: TomlDate): string {
  const iso = value.toISOString();
  if (value.isLocal()) return iso.replace(/\.000$/, '');
  const [, day = '', time = '', fraction = '', zone = 'Z'] = /^(.+)T([\d:]+)(\.\d+)?(.*)$/.exec(iso) ?? [];
  const offset = zone === 'Z' ? '+0000 UTC' : `${zone.replace(':', '')} ${zone.replace(':', '')}`;
  return `${day} ${time}${fraction.replace(/\.?0+$/, '')} ${offset}`;
}
