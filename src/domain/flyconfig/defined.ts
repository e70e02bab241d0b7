/** Objects without keys that hold nothing: an absent key and `undefined` are not the same where a config is compared or sent. */
type MaybeKeys<T> = { readonly [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];
export type Defined<T> = Readonly<Omit<T, MaybeKeys<T>>> & { readonly [K in MaybeKeys<T>]?: Exclude<T[K], undefined> };
export function defined<T extends object>(object: T): Defined<T> {
  const kept: readonly (readonly unknown[])[] = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept);
}
/** The wire leaves out zero, false, empty text and empty lists. */
export const filled = <T extends number | string | boolean>(value: T | undefined): T | undefined =>
  value === 0 || value === '' || value === false ? undefined : value;
export const nonEmpty = <T>(list: readonly T[] | undefined): readonly T[] | undefined =>
  list === undefined || list.length === 0 ? undefined : list;
