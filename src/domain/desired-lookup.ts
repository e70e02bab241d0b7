/** Variables of the process that shape a revision: prefixed name first, the bare one only where the process serves one environment. Every
 *  answer is kept, so that the controller's own poll compiles with what a command once sent. */
export interface LookupInput {
  /** The process environment, with the environment's dotenv file under it. */
  readonly process: Readonly<Record<string, string | undefined>>;
  /** True where the process serves this environment alone. */
  readonly bare: boolean;
  /** Answers of the last revision: they win. Empty for a command, which asks anew. */
  readonly stored: Readonly<Record<string, string | null>>;
}
export interface Lookup {
  /** Null: unset, or empty, which is the same. */
  readonly find: (name: string) => string | null;
  /** Everything asked so far. */
  readonly asked: () => Readonly<Record<string, string | null>>;
}

export function makeLookup(input: LookupInput, prefix: string): Lookup {
  const asked = new Map<string, string | null>();
  const read = (name: string): string | null => {
    if (Object.hasOwn(input.stored, name)) return input.stored[name] ?? null;
    return filled(input.process, `${prefix}${name}`) ?? (input.bare ? filled(input.process, name) : null);
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

const PLACEHOLDER = /\$(\$?)\{([^{}]*)\}/g;
const NAME_AND_DEFAULT = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;
export type Interpolated =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly name: string; readonly why: 'unset' | 'malformed' };

/** Puts variables into a text: `${NAME}`, `${NAME:-default}` (for what is unset), `$${` for the characters themselves. */
export function interpolate(text: string, find: (name: string) => string | null): Interpolated {
  let wrong: Interpolated | null = null;
  const replaced = text.replace(PLACEHOLDER, (whole, escaped: string, inside: string) => {
    if (escaped !== '') return whole.slice(1);
    const [, name, fallback] = NAME_AND_DEFAULT.exec(inside) ?? [];
    if (name === undefined) {
      wrong ??= { ok: false, name: inside, why: 'malformed' };
      return whole;
    }
    const value = find(name) ?? fallback;
    if (value === undefined) wrong ??= { ok: false, name, why: 'unset' };
    return value ?? whole;
  });
  return wrong ?? { ok: true, text: replaced };
}
export const hasPlaceholder = (text: string): boolean => text.includes('${');
