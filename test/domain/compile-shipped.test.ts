/** The folders that ship describe the runbook's system, and compile. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Compiled, compileEnvironment } from '#domain/compile.ts';
import { jsonSchema } from '#domain/desired-json-schema.ts';
import { parseDesired } from '#domain/desired-parse.ts';
import { problemsAcross } from '#domain/desired-rules.ts';
import { problemText } from '#domain/problem.ts';

const ENVIRONMENTS = ['staging', 'production'];
const texts = (name: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(`desired-state/${name}`).map((file) => [
      `desired-state/${name}/${file}`,
      readFileSync(`desired-state/${name}/${file}`, 'utf8'),
    ]),
  );
const parse = (name: string, process: Readonly<Record<string, string>> = {}) =>
  parseDesired({ folder: `desired-state/${name}`, files: texts(name), lookup: { process, bare: false, stored: {} } });
function compiled(name: string, process: Readonly<Record<string, string>> = {}): Compiled {
  const result = compileEnvironment(parse(name, process), {
    readFile: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : null),
    resolvedImages: () => null,
  });
  if (!result.ok) throw new Error(result.error.problems.map(problemText).join('\n'));
  return result.value;
}
const appOf = ({ document }: Compiled, name: string) => document.apps.find((app) => app.name === name);

describe.each(ENVIRONMENTS)('%s', (name) => {
  test('compiles without a problem or a warning', () => {
    const { document, warnings } = compiled(name);
    expect(warnings.map(problemText)).toEqual([]);
    expect(document).toMatchObject({ name, organization: 'acme', sync: { mode: 'automatic' } });
    expect(document.apps.map((app) => app.name)).toEqual(['authentik', 'backend', 'client']);
  });
  test('has a public client behind which a private backend stands', () => {
    const all = compiled(name);
    expect(appOf(all, 'client')).toMatchObject({ visibility: 'public', dependsOn: ['backend'], addresses: ['shared_v4', 'v6'] });
    expect(appOf(all, 'backend')).toMatchObject({ visibility: 'private', addresses: [] });
    expect(appOf(all, 'backend')?.groups[0]?.config.services).toBeUndefined();
    expect(appOf(all, 'backend')?.groups[0]?.config.checks).toMatchObject({ grpc: { port: 50051 } });
  });
  test('leaves Authentik alone unless it is asked to deploy it', () => {
    const prefix = `${name.toUpperCase()}_`;
    expect(appOf(compiled(name), 'authentik')?.excluded).toBe(true);
    const on = compiled(name, { [`${prefix}DEPLOY_AUTHENTIK`]: 'true' });
    expect(appOf(on, 'authentik')?.groups.map((group) => group.name)).toEqual(['server', 'worker']);
  });
  test('takes names of apps and files from prefixed variables only', () => {
    const prefix = `${name.toUpperCase()}_`;
    expect(appOf(compiled(name, { [`${prefix}FLY_CLIENT_APP`]: 'other' }), 'client')?.app).toBe('other');
    expect(appOf(compiled(name, { FLY_CLIENT_APP: 'other' }), 'client')?.app).not.toBe('other');
  });
  test('is valid for editors', () => {
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      JSON.parse(readFileSync('desired-state/schema.json', 'utf8')),
    );
    for (const text of texts(name).values()) {
      for (const document of parseAllDocuments(text)) {
        validate(document.toJS());
        expect(validate.errors ?? []).toEqual([]);
      }
    }
  });
});
test('no Fly app stands in both', () => {
  expect(problemsAcross(ENVIRONMENTS.map((name) => parse(name)))).toEqual([]);
});
test('apps.env.example names every variable that the folders look up', () => {
  const example = readFileSync('infra/fly/apps.env.example', 'utf8');
  const asked = Object.keys(compiled('production').document.declared?.lookups ?? {});
  for (const name of asked.filter((one) => !/^(DEPLOY_AUTHENTIK|RUN_[A-Z_]+)$/.test(one)))
    expect(example).toMatch(new RegExp(`^${name}=`, 'm'));
});
test('the schema for editors is current: make schema writes it', () => {
  expect(readFileSync('desired-state/schema.json', 'utf8')).toBe(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
});
