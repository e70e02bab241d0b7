/** What the validator found → problems a person can act on: the place, what was expected, the nearest known word, the field's own description. */
import { closest, distance } from 'fastest-levenshtein';
import { z } from 'zod';
import type { Locate, Path } from './desired-yaml.ts';
import type { Problem } from './problem.ts';

type Issue = z.core.$ZodIssue;
/** A word farther away than this is another word. */
const MAX_TYPO = 3;

export function issuesToProblems(schema: z.ZodType, value: unknown, issues: readonly Issue[], locate: Locate): readonly Problem[] {
  // A rule over the keys of a map says nothing new where a key is unknown.
  const typos = new Set(issues.flatMap(({ code, path }) => (code === 'unrecognized_keys' ? [path.join('/')] : [])));
  const told = issues.filter(({ code, path }) => !(code === 'custom' && typos.has(path.join('/'))));
  return told.flatMap((issue) => issueToProblems(schema, value, issue, [], locate));
}
function issueToProblems(schema: z.ZodType, value: unknown, issue: Issue, base: Path, locate: Locate): readonly Problem[] {
  const path = [...base, ...issue.path];
  const make = (rule: string, message: string, remedy: string, at = locate(path)): Problem => ({ ...at, rule, message, remedy });
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schemaAt(schema, path).schema);
    return issue.keys.map((key) =>
      make('unknown-key', `unknown key ${JSON.stringify(key)}${inside(path)}`, suggest(key, known), locate([...path, key], 'key')),
    );
  }
  if (issue.code === 'invalid_union') {
    const branch = branchOf(issue.errors);
    if (branch !== null) return branch.flatMap((nested) => issueToProblems(schema, value, nested, path, locate));
  }
  if (issue.code === 'invalid_key') {
    const why = issue.issues[0]?.message ?? 'this key is not allowed';
    return [make('invalid-value', `${pathText(path)}: ${why}`, 'rename the key', locate(path, 'key'))];
  }
  const found = valueAt(value, path);
  if (found === undefined && path.length > 0) {
    return [make('missing-key', `${pathText(path)} is missing`, describe(schema, path) ?? 'add the key')];
  }
  if (issue.code === 'invalid_type') {
    const expected = TYPE_NAMES[issue.expected] ?? issue.expected;
    return [
      make(
        'wrong-type',
        `${pathText(path)}: expected ${expected}, found ${typeName(found)}`,
        describe(schema, path) ?? `write ${expected}`,
      ),
    ];
  }
  if (issue.code === 'invalid_value') {
    const choices = issue.values.map(String);
    const remedy = typeof found === 'string' ? suggest(found, choices) : `choose one of ${choices.join(', ')}`;
    return [make('invalid-value', `${pathText(path)}: expected ${orList(choices)}`, remedy)];
  }
  const why = issue.message.startsWith('expected') ? issue.message : `expected a value in range (${issue.message.toLowerCase()})`;
  return [make('invalid-value', `${pathText(path)}: ${why}`, describe(schema, path) ?? 'correct the value')];
}
/** The branch that a value was meant for: the one whose own type fits, with the fewest faults. Null when none does. */
function branchOf(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const fits = branches.filter(
    (issues) => !issues.some(({ code, path }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')),
  );
  const [best] = [...fits].sort((a, b) => a.length - b.length);
  return best ?? null;
}

/** "did you mean …?", or the words there are. */
export function suggest(word: string, known: readonly string[]): string {
  const near = known.length === 0 ? null : closest(word, [...known]);
  if (near !== null && distance(word.toLowerCase(), near.toLowerCase()) <= Math.min(MAX_TYPO, Math.ceil(word.length / 2))) {
    return `did you mean ${JSON.stringify(near)}?`;
  }
  return known.length === 0 ? 'remove it' : `known: ${[...known].sort().join(', ')}`;
}
const pathText = (path: Path): string => (path.length === 0 ? 'the document' : path.map(String).join('.'));
const inside = (path: Path): string => (path.length === 0 ? '' : ` in ${pathText(path)}`);
const orList = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
};
function typeName(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return TYPE_NAMES[typeof value] ?? typeof value;
}
function valueAt(value: unknown, path: Path): unknown {
  let at: unknown = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Object.getOwnPropertyDescriptor(at, step)?.value;
  }
  return at;
}

interface Described {
  readonly schema: z.core.$ZodType | null;
  readonly description: string | null;
}
const describe = (schema: z.ZodType, path: Path): string | null => schemaAt(schema, path).description;
/** The shape at a path, seen through optional, unions and transforms. */
function schemaAt(root: z.core.$ZodType, path: Path): Described {
  let schema: z.core.$ZodType | null = root;
  let description: string | null = null;
  for (const step of path) {
    const next: z.core.$ZodType | null = schema === null ? null : childOf(schema, step);
    description = next === null ? description : descriptionOf(next);
    schema = next;
  }
  return { schema, description };
}
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  return schema;
}
function childOf(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType | null {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodObject) return bare.shape[String(step)] ?? null;
  if (bare instanceof z.ZodRecord) return bare.valueType;
  if (bare instanceof z.ZodArray) return bare.element;
  if (bare instanceof z.ZodUnion) return bare.options.map((option) => childOf(option, step)).find((child) => child !== null) ?? null;
  return null;
}
function keysAt(schema: z.core.$ZodType | null): readonly string[] {
  if (schema === null) return [];
  const bare = unwrap(schema);
  if (bare instanceof z.ZodObject) return Object.keys(bare.shape);
  return bare instanceof z.ZodUnion ? bare.options.flatMap(keysAt) : [];
}
function descriptionOf(schema: z.core.$ZodType): string | null {
  const said = schema instanceof z.ZodType ? schema.description : undefined;
  if (said !== undefined) return said;
  return schema instanceof z.ZodOptional ? descriptionOf(schema.unwrap()) : null;
}
