/** fly.toml text → today's shape, all problems at once. A key that the platform's client does not know is told and left out, as it does itself. */
import { issuesToProblems } from '#domain/desired-issues.ts';
import type { Locate } from '#domain/desired-yaml.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import { isJsonObject } from '#domain/json.ts';
import type { Problem } from '#domain/problem.ts';
import { toCurrent } from './legacy.ts';
import { FlyToml } from './schema.ts';
import { readToml } from './toml.ts';

export interface FlyTomlRead {
  /** Null only with problems. */
  readonly toml: FlyToml | null;
  readonly locate: Locate;
  readonly problems: readonly Problem[];
  /** Unknown keys. */
  readonly warnings: readonly Problem[];
}

export function parseFlyToml(file: string, text: string): FlyTomlRead {
  const { table, locate, problem } = readToml(file, text);
  if (table === null) return { toml: null, locate, problems: problem === null ? [] : [problem], warnings: [] };
  const current = toCurrent(table);
  const first = FlyToml.safeParse(current);
  if (first.success) return { toml: first.data, locate, problems: [], warnings: [] };
  const unknown = first.error.issues.filter(({ code }) => code === 'unrecognized_keys');
  const rest = first.error.issues.filter(({ code }) => code !== 'unrecognized_keys');
  const warnings = issuesToProblems(FlyToml, current, unknown, locate);
  const problems = issuesToProblems(FlyToml, current, rest, locate);
  if (problems.length > 0) return { toml: null, locate, problems, warnings };
  const known = unknown.reduce<JsonObject>(
    (tree, issue) => (issue.code === 'unrecognized_keys' ? withoutKeys(tree, issue.path, issue.keys) : tree),
    current,
  );
  const second = FlyToml.safeParse(known);
  if (second.success) return { toml: second.data, locate, problems, warnings };
  return { toml: null, locate, problems: issuesToProblems(FlyToml, known, second.error.issues, locate), warnings };
}

function withoutKeys(tree: JsonObject, path: readonly PropertyKey[], keys: readonly string[]): JsonObject {
  const [head, ...rest] = path;
  if (head === undefined) return Object.fromEntries(Object.entries(tree).filter(([key]) => !keys.includes(key)));
  const name = String(head);
  const inner = tree[name];
  return inner === undefined ? tree : { ...tree, [name]: withoutIn(inner, rest, keys) };
}
function withoutIn(value: Json, path: readonly PropertyKey[], keys: readonly string[]): Json {
  if (isJsonObject(value)) return withoutKeys(value, path, keys);
  const [head, ...rest] = path;
  return Array.isArray(value) ? value.map((item: Json, at) => (at === head ? withoutIn(item, rest, keys) : item)) : value;
}
