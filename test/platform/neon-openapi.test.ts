/** Our description of the database provider's consumption against the official one, and the types made of it. The official file is not part of the
 *  project: without it there is nothing to compare with, in CI that is a failure. */
import { existsSync, readFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { isJsonObject, type JsonObject } from '#domain/json.ts';
import { NEON_METRICS } from '#domain/neon-price.ts';

const OFFICIAL = '../shared/reference/neon-openapi.json';
const ours = object(parse(readFileSync('openapi/neon-consumption.yaml', 'utf8')));
const official = existsSync(OFFICIAL) ? object(JSON.parse(readFileSync(OFFICIAL, 'utf8'))) : null;
const compared = test.runIf(process.env['CI'] === 'true' || official !== null);
/** A list may be given as one text with commas, as the provider describes it; that is how we ask. */
const LISTS_AS_TEXT = ['metrics'];

function object(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
const list = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);
const at = (root: JsonObject, ...path: readonly string[]): JsonObject => path.reduce((from, key) => object(from[key]), root);
/** References followed, and parts that belong together put together. */
function whole(root: JsonObject, schema: JsonObject): JsonObject {
  if (typeof schema['$ref'] === 'string') return whole(root, at(root, ...schema['$ref'].slice(2).split('/')));
  const parts = list(schema['allOf']).map((part) => whole(root, part));
  if (parts.length === 0) return schema;
  return {
    type: 'object',
    properties: Object.assign({}, ...parts.map((part) => object(part['properties']))),
    required: parts.flatMap((part) => (Array.isArray(part['required']) ? part['required'] : [])),
  };
}
const names = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
/** Everything of ours that the official description does not say, by where it is. */
function differences(mine: JsonObject, theirs: JsonObject, theirRoot: JsonObject, where: string): readonly string[] {
  const [here, there] = [whole(ours, mine), whole(theirRoot, theirs)];
  if (here['type'] !== there['type']) return [`${where}: ${String(here['type'])}, officially ${String(there['type'])}`];
  const words = names(here['enum']).filter((word) => !names(there['enum']).includes(word));
  const required = names(here['required']).filter((name) => !names(there['required']).includes(name));
  const properties = Object.entries(object(here['properties'])).flatMap(([name, property]) => {
    const other = object(there['properties'])[name];
    return isJsonObject(other) ? differences(object(property), other, theirRoot, `${where}.${name}`) : [`${where}.${name} is not official`];
  });
  const items = isJsonObject(here['items']) ? differences(here['items'], object(there['items']), theirRoot, `${where}[]`) : [];
  return [
    ...words.map((word) => `${where}: ${word} is no official word`),
    ...required.map((name) => `${where}.${name} is not always there`),
    ...properties,
    ...items,
  ];
}
const operations = Object.entries(at(ours, 'paths')).flatMap(([path, item]) =>
  Object.entries(object(item)).map(([method, operation]) => ({ path, method, operation: object(operation) })),
);

compared('every parameter that is sent is official, and everything that must be sent is', () => {
  if (official === null) throw new Error(`${OFFICIAL} is not there: nothing to compare with`);
  expect(operations).toHaveLength(1);
  for (const { path, method, operation } of operations) {
    const theirs = at(official, 'paths', path, method);
    const known = new Map(list(theirs['parameters']).map((one) => [one['name'], one]));
    for (const mine of list(operation['parameters'])) {
      const name = String(mine['name']);
      const other = known.get(name);
      if (other === undefined) throw new Error(`${method} ${path}: no parameter ${name}`);
      expect([name, mine['in'], mine['required'] ?? false]).toEqual([name, other['in'], other['required'] ?? false]);
      const schema = whole(official, object(other['schema']));
      if (LISTS_AS_TEXT.includes(name)) {
        expect(schema['type']).toBe('array');
        expect(String(other['description'])).toContain('comma');
      } else expect(differences(object(mine['schema']), schema, official, name)).toEqual([]);
    }
    const asked = list(operation['parameters']).map(({ name }) => name);
    const needed = [...known].filter(([, one]) => one['required'] === true).map(([name]) => name);
    expect(needed.filter((name) => !asked.includes(name ?? null))).toEqual([]);
  }
});
compared('everything that is read of an answer is official', () => {
  if (official === null) throw new Error(`${OFFICIAL} is not there: nothing to compare with`);
  for (const { path, method, operation } of operations) {
    const schemaOf = (root: JsonObject): JsonObject => at(root, 'responses', '200', 'content', 'application/json', 'schema');
    expect(differences(schemaOf(operation), schemaOf(at(official, 'paths', path, method)), official, path)).toEqual([]);
  }
});
compared('every amount that is priced is one that the provider names', () => {
  if (official === null) throw new Error(`${OFFICIAL} is not there: nothing to compare with`);
  const parameters = list(at(official, 'paths', '/consumption_history/v2/projects', 'get')['parameters']);
  const told = String(parameters.find(({ name }) => name === 'metrics')?.['description']);
  expect(NEON_METRICS.filter((metric) => !told.includes(`\`${metric}\``))).toEqual([]);
});
test('the types are made of the description', async () => {
  const made = astToString(await openapiTS(new URL('../../openapi/neon-consumption.yaml', import.meta.url), { immutable: true }));
  const withoutHead = (text: string): string => text.replace(/^\/\*\*[\s\S]*?\*\/\s*/, '').trim();
  expect(withoutHead(readFileSync('openapi/neon-consumption.d.ts', 'utf8')) === withoutHead(made), 'run make openapi').toBe(true);
});
