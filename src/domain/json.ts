/** JSON as data. Object keys may be absent (`undefined`), as platform replies have it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json | undefined };

export const isJsonObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The same value, key by key; a key that is absent is the same as one that is `undefined`. Asked at every pass: it makes no object. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  return holds(a, b) && holds(b, a);
}
function holds(a: object, b: object): boolean {
  for (const key in a) {
    const value: unknown = Reflect.get(a, key);
    if (value !== undefined && !isSame(value, Reflect.get(b, key))) return false;
  }
  return true;
}
