/** JSON as data. Object keys may be absent (`undefined`), as platform replies have it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json | undefined };

export const isJsonObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The same value, key by key; a key that is absent is the same as one that is `undefined`. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [ours, theirs] = [Object.entries(a), Object.entries(b)];
  const known = (entries: readonly (readonly [string, unknown])[]): number => entries.filter(([, value]) => value !== undefined).length;
  return known(ours) === known(theirs) && ours.every(([key, value]) => value === undefined || isSame(value, Reflect.get(b, key)));
}
