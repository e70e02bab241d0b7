/** A fly.toml as the JSON that a platform release carries: what it says, without sections that say nothing. */
import type { Json, JsonObject } from '#domain/json.ts';
import { isJsonObject } from '#domain/json.ts';
import type { FlyToml } from './schema.ts';

/** The CLI reads it back when it stands beside no fly.toml. */
export const definitionOf = (toml: FlyToml): JsonObject => pruned(toml);
function pruned(object: JsonObject): JsonObject {
  const entries = Object.entries(object).flatMap(([key, value]): readonly (readonly [string, Json])[] => {
    if (value === undefined) return [];
    if (key === 'auto_stop_machines') return [[key, AUTOSTOP.get(value) ?? value]];
    const inner = isJsonObject(value) ? pruned(value) : Array.isArray(value) ? value.map(prunedItem) : value;
    return isEmpty(inner) && !MEANS_SOMETHING.includes(key) ? [] : [[key, inner]];
  });
  return Object.fromEntries(entries);
}
/** As the wire and the CLI write the words. */
const AUTOSTOP: ReadonlyMap<Json, Json> = new Map<Json, Json>([
  ['off', false],
  ['stop', true],
]);
/** Empty, and yet there: a service on 80 and 443; a compose file by its usual name. */
const MEANS_SOMETHING: readonly string[] = ['http_service', 'compose'];
const prunedItem = (item: Json): Json => (isJsonObject(item) ? pruned(item) : item);
const isEmpty = (value: Json): boolean =>
  (Array.isArray(value) && value.length === 0) || (isJsonObject(value) && Object.keys(value).length === 0);
