/** fly.toml text → today's shape, all problems at once. A key that the platform's client does not know is told and left out, as it does itself. */
import type { z } from 'zod';
import { issuesToProblems } from '#domain/desired-issues.ts';
import type { Locate } from '#domain/desired-yaml.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import { isJsonObject } from '#domain/json.ts';
import type { Problem } from '#domain/problem.ts';
import { readByName } from './formats.ts';
import { toCurrent } from './legacy.ts';
import { FlyToml } from './schema.ts';

export interface FlyTomlRead {
  /** Null only with problems. */
  readonly toml: FlyToml | null;
  readonly locate: Locate;
  readonly problems: readonly Problem[];
  /** Unknown keys. */
  readonly warnings: readonly Problem[];
}

export function parseFlyToml(file: string, text: string): FlyTomlRead {
  const { table, locate, problem } = readByName(file, text);
  if (table === null) return { toml: null, locate, problems: problem === null ? [] : [problem], warnings: [] };
  const current = toCurrent(table);
  const first = FlyToml.safeParse(current);
  if (first.success) return { toml: first.data, locate, problems: [], warnings: [] };
  const unknown = first.error.issues.filter(({ code }) => code === 'unrecognized_keys');
  const rest = first.error.issues.filter(({ code }) => code !== 'unrecognized_keys');
  const warnings = issuesToProblems(FlyToml, current, unknown, locate);
  const problems = issuesToProblems(FlyToml, current, rest, locate);
  if (problems.length > 0) return { toml: null, locate, problems, warnings };
  // The client reads keys in any case, yet calls other spellings unknown: so they are told, and count.
  const lowered = FlyToml.safeParse(changed(current, unknown, lowerCase));
  if (lowered.success) return { toml: lowered.data, locate, problems, warnings };
  const left = lowered.error.issues.filter(({ code }) => code === 'unrecognized_keys');
  const known = changed(changed(current, unknown, lowerCase), left, dropKeys);
  const last = FlyToml.safeParse(known);
  if (last.success) return { toml: last.data, locate, problems, warnings };
  return { toml: null, locate, problems: issuesToProblems(FlyToml, known, last.error.issues, locate), warnings };
}

type Issue = z.core.$ZodIssue;
type Change = (table: JsonObject, keys: readonly string[]) => JsonObject;
const changed = (tree: JsonObject, issues: readonly Issue[], change: Change): JsonObject =>
  issues.reduce<JsonObject>(
    (rest, issue) => (issue.code === 'unrecognized_keys' ? changeAt(rest, issue.path, issue.keys, change) : rest),
    tree,
  );
const dropKeys: Change = (table, keys) => Object.fromEntries(Object.entries(table).filter(([key]) => !keys.includes(key)));
const lowerCase: Change = (table, keys) =>
  Object.fromEntries(
    Object.entries(table).map(([key, value]) => {
      const lower = key.toLowerCase();
      return [keys.includes(key) && !Object.hasOwn(table, lower) ? lower : key, value];
    }),
  );
function changeAt(tree: JsonObject, path: readonly PropertyKey[], keys: readonly string[], change: Change): JsonObject {
  const [head, ...rest] = path;
  if (head === undefined) return change(tree, keys);
  const name = String(head);
  const inner = tree[name];
  return inner === undefined ? tree : { ...tree, [name]: changeIn(inner, rest, keys, change) };
}
function changeIn(value: Json, path: readonly PropertyKey[], keys: readonly string[], change: Change): Json {
  if (isJsonObject(value)) return changeAt(value, path, keys, change);
  const [head, ...rest] = path;
  return Array.isArray(value) ? value.map((item: Json, at) => (at === head ? changeIn(item, rest, keys, change) : item)) : value;
}
