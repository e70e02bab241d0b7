/** JSON pointers (RFC 6901) into a config. Pure. */
import type { Json, JsonObject } from '#domain/json.ts';
import { isJsonObject } from '#domain/json.ts';

const partsOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

export function getPointer(config: JsonObject, pointer: string): Json | undefined {
  return partsOf(pointer).reduce<Json | undefined>((value, part) => {
    if (isJsonObject(value)) return value[part];
    return Array.isArray(value) ? value[Number(part)] : undefined;
  }, config);
}
/** A copy with the value set; undefined takes it away. A path that leads nowhere changes nothing, unless a value has to be put there. */
export function setPointer<T extends JsonObject>(config: T, pointer: string, value: Json | undefined): T {
  const [head, ...rest] = partsOf(pointer);
  return head === undefined ? config : setIn(config, head, rest, value);
}
function setIn<T extends JsonObject>(object: T, head: string, rest: readonly string[], value: Json | undefined): T {
  if (rest.length === 0) return value === undefined ? omit(object, head) : { ...object, [head]: value };
  const inner = object[head];
  const [next = '', ...more] = rest;
  if (Array.isArray(inner)) {
    const at = Number(next);
    const item: Json | undefined = inner[at];
    if (item === undefined) return object;
    const changed = more.length === 0 ? value : isJsonObject(item) ? setIn(item, more[0] ?? '', more.slice(1), value) : item;
    const list = inner.flatMap((old: Json, index): readonly Json[] => (index === at ? (changed === undefined ? [] : [changed]) : [old]));
    return { ...object, [head]: list };
  }
  if (isJsonObject(inner)) return { ...object, [head]: setIn(inner, next, more, value) };
  return value === undefined ? object : { ...object, [head]: setIn({}, next, more, value) };
}
function omit<T extends JsonObject>(object: T, key: string): T {
  const copy = { ...object };
  Reflect.deleteProperty(copy, key);
  return copy;
}
