/** Variables of the process that shape a revision: prefixed name first, the bare one only where the process serves one environment. Every
 *  answer is kept, so that the controller's own poll compiles with what a command once sent. */
export interface LookupInput {
  /** Variables of a file for this environment: they count where the process says nothing. Absent: there is none. */
  readonly file?: Readonly<Record<string, string | undefined>>;
  readonly process: Readonly<Record<string, string | undefined>>;
  /** True where the process serves this environment alone. */
  readonly bare: boolean;
  /** Answers of the last revision: they win. Empty for a command, which asks anew. */
  readonly stored: Readonly<Record<string, string | null>>;
}
/** What a command has of the variables that an environment asks for, by the environment's name; null: unset. */
export type Told = Readonly<Record<string, Readonly<Record<string, string | null>>>>;
/** How a read of the source answers: as it was answered before, anew by this process, or as before but for what a command tells. */
export type Lookups = 'kept' | 'anew' | Told;
/** By the names an environment asks for; the prefixed name first, the bare one where it is meant for this environment alone. What is not set at
 *  all is not told: it may be set where the controller runs. */
export function toldBy(
  process: Readonly<Record<string, string | undefined>>,
  { prefix, names }: { readonly prefix: string; readonly names: readonly string[] },
  bare: boolean,
): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    names.flatMap((name): readonly [string, string | null][] => {
      const given = [`${prefix}${name}`, ...(bare ? [name] : [])].filter((one) => Object.hasOwn(process, one)).map((one) => process[one]);
      return given.length === 0 ? [] : [[name, given.find((value) => value !== undefined && value !== '') ?? null]];
    }),
  );
}
export interface Lookup {
  /** Null: unset, or empty, which is the same. */
  readonly find: (name: string) => string | null;
  /** Everything asked so far. */
  readonly asked: () => Readonly<Record<string, string | null>>;
}

/** The runbook's switch: whether a release runs migrations. */
export const MIGRATIONS_SWITCH = 'RUN_MIGRATIONS';
/** And whether it ends with the smoke checks. */
export const SMOKE_SWITCH = 'RUN_SMOKE_CHECK';

export function makeLookup(input: LookupInput, prefix: string): Lookup {
  const asked = new Map<string, string | null>();
  const read = (name: string): string | null => {
    if (Object.hasOwn(input.stored, name)) return input.stored[name] ?? null;
    const names = input.bare ? [`${prefix}${name}`, name] : [`${prefix}${name}`];
    const answers = [input.process, input.file ?? {}].flatMap((given) => names.map((one) => filled(given, one)));
    return answers.find((answer) => answer !== null) ?? null;
  };
  return {
    find: (name) => {
      const known = asked.get(name);
      if (known !== undefined) return known;
      const answer = read(name);
      asked.set(name, answer);
      return answer;
    },
    asked: () => Object.fromEntries([...asked].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
const filled = (process: LookupInput['process'], name: string): string | null =>
  Object.hasOwn(process, name) ? process[name] || null : null;

/** `staging` → `STAGING_`. */
export const defaultPrefix = (environment: string): string => `${environment.toUpperCase().replaceAll('-', '_')}_`;

/** A default may hold placeholders of its own. */
const PLACEHOLDER = /\$(\$?)\{((?:[^{}]|\$\{[^{}]*\})*)\}/g;
const NAME_AND_DEFAULT = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;
/** No value of an environment variable on the platform is longer. */
const MAX_TEXT = 65_536;
export type Interpolated =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly name: string; readonly why: 'unset' | 'malformed' | 'too-long' };

/** Puts variables into a text: `${NAME}`, `${NAME:-default}` (for what is unset; `${OTHER}` may stand in it), `$${` for the characters
 *  themselves. */
export function interpolate(text: string, find: (name: string) => string | null): Interpolated {
  let wrong: Interpolated | null = null;
  let added = 0;
  const replaced = text.replace(PLACEHOLDER, (whole, escaped: string, inside: string) => {
    if (escaped !== '') return whole.slice(1);
    const [, name, fallback] = NAME_AND_DEFAULT.exec(inside) ?? [];
    const found = name === undefined ? null : find(name);
    const inner = found !== null || fallback === undefined ? null : interpolate(fallback, find);
    if (inner !== null && !inner.ok) wrong ??= inner;
    const value = found ?? (inner?.ok === true ? inner.text : null);
    added += value?.length ?? 0;
    if (name === undefined) wrong ??= { ok: false, name: inside, why: 'malformed' };
    else if (value === null) wrong ??= { ok: false, name, why: 'unset' };
    else if (added > MAX_TEXT) wrong ??= { ok: false, name, why: 'too-long' };
    else return value;
    return '';
  });
  return wrong ?? { ok: true, text: replaced };
}
export const hasPlaceholder = (text: string): boolean => text.includes('${');

/** Variables of the folder, which may name each other and the process; a circle, and a name in its own text, mean the process. */
export function resolveVariables(texts: ReadonlyMap<string, string>, find: Lookup['find']): ReadonlyMap<string, string> {
  const resolved = new Map<string, string | null>();
  const open = new Set<string>();
  const resolve = (name: string): string | null => {
    const text = texts.get(name);
    if (text === undefined || open.has(name)) return find(name);
    const known = resolved.get(name);
    if (known !== undefined) return known;
    open.add(name);
    const put = interpolate(text, resolve);
    open.delete(name);
    const value = put.ok ? put.text : null;
    resolved.set(name, value);
    return value;
  };
  return new Map(
    [...texts.keys()].flatMap((name): readonly [string, string][] => {
      const value = resolve(name);
      return value === null ? [] : [[name, value]];
    }),
  );
}
