/** Our description of the Machines API against the official one. The official file is not part of the project: without it these tests have nothing to compare with, in CI that is a failure. */
import { existsSync, readFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { isJsonObject, type JsonObject } from '#domain/json.ts';

const OURS = 'openapi/fly-machines.yaml';
const OFFICIAL = '../shared/reference/fly-machines-openapi.json';
const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;

const object = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
const list = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);
const ours = object(parse(readFileSync(OURS, 'utf8')));
const official = existsSync(OFFICIAL) ? object(JSON.parse(readFileSync(OFFICIAL, 'utf8'))) : null;
const Differences = z.array(z.strictObject({ reason: z.string().min(10), at: z.array(z.string()).min(1) }));
const differences = Differences.parse(parse(readFileSync('openapi/differences.yaml', 'utf8')));

const at = (root: JsonObject, ...path: readonly string[]): JsonObject => path.reduce((from, key) => object(from[key]), root);
const refName = (schema: JsonObject): string | null =>
  typeof schema['$ref'] === 'string' && schema['$ref'].startsWith('#/components/schemas/')
    ? (schema['$ref'].split('/').at(-1) ?? null)
    : null;
/** The official description wraps some references in an allOf of one. */
const bare = (schema: JsonObject): JsonObject => {
  const all = list(schema['allOf']);
  return all.length === 1 ? bare(object(all[0])) : schema;
};
const jsonOf = (content: JsonObject): JsonObject | null => {
  const schema = at(content, 'content', 'application/json', 'schema');
  return Object.keys(schema).length === 0 ? null : schema;
};
const parameterOf = (root: JsonObject, parameter: JsonObject): JsonObject => {
  const name = typeof parameter['$ref'] === 'string' ? (parameter['$ref'].split('/').at(-1) ?? '') : null;
  return name === null ? parameter : at(root, 'components', 'parameters', name);
};

/** Everything of ours that the official description does not say, by where it is. */
function compare(theirs: JsonObject): readonly string[] {
  const found: string[] = [];
  const say = (where: string): void => {
    found.push(where);
  };
  const schemas = (root: JsonObject): JsonObject => at(root, 'components', 'schemas');

  const compareSchema = (where: string, mine: JsonObject, other: JsonObject): void => {
    const [here, there] = [bare(mine), bare(other)];
    const [myName, theirName] = [refName(here), refName(there)];
    if (myName !== null || theirName !== null) {
      // Enumerations are named there and written out here.
      if (myName === null && theirName !== null && Array.isArray(at(schemas(theirs), theirName)['enum'])) {
        compareSchema(where, here, at(schemas(theirs), theirName));
      } else if (myName !== theirName) say(where);
      return;
    }
    if (here['type'] !== there['type'] || (Object.keys(there).length === 0 && Object.keys(here).length > 0)) {
      say(where);
      return;
    }
    const [myWords, theirWords] = [here['enum'], there['enum']];
    if (Array.isArray(myWords) && !(Array.isArray(theirWords) && myWords.every((word) => theirWords.includes(word)))) say(where);
    if (isJsonObject(here['items'])) compareSchema(`${where}[]`, here['items'], object(there['items']));
    if (isJsonObject(here['additionalProperties']))
      compareSchema(`${where}{}`, here['additionalProperties'], object(there['additionalProperties']));
    for (const [name, property] of Object.entries(object(here['properties']))) {
      const counterpart = object(there['properties'])[name];
      if (isJsonObject(counterpart)) compareSchema(`${where}.${name}`, object(property), counterpart);
      else say(`${where}.${name}`);
    }
  };
  const compareOperation = (route: string, mine: JsonObject, other: JsonObject): void => {
    const parameters = list(other['parameters']);
    for (const given of list(mine['parameters']).map((one) => parameterOf(ours, one))) {
      const counterpart = parameters.find((one) => one['name'] === given['name'] && one['in'] === given['in']);
      if (counterpart === undefined) say(`${route} ${given['in']} ${given['name']}`);
      else compareSchema(`${route} ${given['in']} ${given['name']}`, object(given['schema']), object(counterpart['schema']));
    }
    for (const needed of parameters.filter((one) => one['required'] === true && one['in'] !== 'path')) {
      const counterpart = list(mine['parameters'])
        .map((one) => parameterOf(ours, one))
        .find((one) => one['name'] === needed['name']);
      if (counterpart?.['required'] !== true) say(`${route} requires ${needed['name']}`);
    }
    const body = jsonOf(object(mine['requestBody']));
    if (body !== null) compareSchema(`${route} body`, body, jsonOf(object(other['requestBody'])) ?? {});
    for (const [status, reply] of Object.entries(object(mine['responses']))) {
      // Refusals: one shape everywhere here, listed now and then there.
      if (status === 'default') continue;
      const counterpart = object(other['responses'])[status];
      if (!isJsonObject(counterpart)) say(`${route} ${status}`);
      else if (jsonOf(object(reply)) !== null) compareSchema(`${route} ${status}`, jsonOf(object(reply)) ?? {}, jsonOf(counterpart) ?? {});
    }
  };

  for (const [path, item] of Object.entries(object(ours['paths']))) {
    const there = object(object(theirs['paths'])[path]);
    const inPath = list(object(item)['parameters']).map((parameter) => String(parameter['name']));
    expect(inPath, path).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
    for (const method of METHODS) {
      const mine = object(item)[method];
      if (!isJsonObject(mine)) continue;
      const route = `${method.toUpperCase()} ${path}`;
      if (isJsonObject(there[method])) compareOperation(route, mine, there[method]);
      else say(route);
    }
  }
  for (const [name, schema] of Object.entries(schemas(ours))) {
    const counterpart = schemas(theirs)[name];
    if (isJsonObject(counterpart)) compareSchema(name, object(schema), counterpart);
    else say(name);
  }
  return found;
}

describe('openapi/fly-machines.yaml', () => {
  test('the generated types are those of the description', async () => {
    const fresh = astToString(await openapiTS(new URL(`../../${OURS}`, import.meta.url), { immutable: true }));
    // The command line writes this head in front; everything else is the generator's.
    const kept = readFileSync('openapi/fly-machines.d.ts', 'utf8').replace(/^\/\*\*[\s\S]*?\*\/\s*/, '');
    expect(kept.trim()).toBe(fresh.trim());
  });

  test('the official description is there wherever the suite is meant to prove something', () => {
    expect(official !== null || process.env['CI'] !== 'true').toBe(true);
  });

  test.runIf(official !== null)(
    'every path, parameter, field, type and word exists in the official description, or is a difference with a reason',
    () => {
      const found = compare(official ?? {});
      const known = new Set(differences.flatMap((difference) => difference.at));
      expect(found.filter((where) => !known.has(where))).toEqual([]);
    },
  );

  test.runIf(official !== null)('no difference is listed that is none', () => {
    const found = new Set(compare(official ?? {}));
    expect(differences.flatMap((difference) => difference.at).filter((where) => !found.has(where))).toEqual([]);
  });
});
