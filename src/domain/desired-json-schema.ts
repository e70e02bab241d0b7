/** JSON Schema of the desired-state files, for editors. Generated from the shapes that validate them; `desired-state/schema.json` holds it. */
import { z } from 'zod';
import { AppDocument, BudgetDocument, EnvironmentDocument } from './desired-schema.ts';
import type { Json, JsonObject } from './json.ts';
import { isJsonObject } from './json.ts';

/** Draft 2020-12. Every field is described; a string that takes a variable is accepted wherever a value is. */
export function jsonSchema(): JsonObject {
  const kinds = [EnvironmentDocument, AppDocument, BudgetDocument].map((kind) => {
    const { $schema: _, ...shape } = z.toJSONSchema(kind, { io: 'input', unrepresentable: 'any' });
    return withVariables(asJson(shape));
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Desired state of trimtab',
    type: 'object',
    oneOf: kinds,
  };
}
/** The generator's answer is JSON with `undefined` nowhere; parsed back so that its type says so. */
const asJson = (value: unknown): Json => JsonValue.parse(value);
const JsonValue: z.ZodType<Json> = z.json();

const VARIABLE = '\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}';
const SCALARS: readonly unknown[] = ['number', 'integer', 'boolean'];
function withVariables(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(withVariables);
  if (!isJsonObject(schema)) return schema;
  const inside = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, value === undefined ? null : nested(key, value)]));
  const { description, ...rest } = inside;
  const said = description === undefined ? {} : { description };
  if (typeof inside['pattern'] === 'string') return { ...inside, pattern: `(?:${inside['pattern']})|${VARIABLE}` };
  const takesVariable = SCALARS.includes(inside['type']) || (Array.isArray(inside['enum']) && inside['type'] === 'string');
  return takesVariable ? { ...said, anyOf: [rest, { type: 'string', pattern: VARIABLE }] } : inside;
}
/** Names of keys and of the kind itself take no variable. */
const nested = (key: string, value: Json): Json => (key === 'propertyNames' || key === 'const' ? value : withVariables(value));
