/** openapi/trimtab.yaml describes the API that there is: every route and every parameter, and no other. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { makeHttp } from '#http/controller.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { operatorOf } from '#test/support/operator.ts';
import { pagesOf } from '#test/support/people.ts';
import { oneApp } from '#test/support/worlds.ts';

const Operation = z.object({
  parameters: z.array(z.object({ name: z.string(), in: z.enum(['path', 'query']) })).optional(),
  requestBody: z
    .object({ required: z.boolean(), content: z.object({ 'application/json': z.object({ schema: z.object({ $ref: z.string() }) }) }) })
    .optional(),
});
const Description = z.object({
  paths: z.record(z.string(), z.record(z.enum(['get', 'post']), Operation.optional())),
  components: z.object({ schemas: z.record(z.string(), z.looseObject({ required: z.array(z.string()).optional() })) }),
});
const description = Description.parse(parse(readFileSync('openapi/trimtab.yaml', 'utf8')));
const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, operation]) =>
    operation === undefined ? [] : [{ route: `${method.toUpperCase()} ${path}`, path, operation }],
  ),
);
let harness: Harness;
beforeAll(async () => {
  harness = await makeHarness({ files: oneApp(), start: false });
});
afterAll(() => harness.stop());
const http = () =>
  makeHttp({
    operator: operatorOf(harness),
    metrics: async function* () {
      yield '';
    },
    metricsType: 'text/plain',
    notReady: () => null,
    token: 'a token',
    version: 'test',
    now: () => 0,
    webhook: { secret: null, branches: null, onPush: () => undefined },
    ...pagesOf(harness),
  });

test('every route is described, and every description is a route', () => {
  const routes = http()
    .routes.filter(({ path, method }) => path.startsWith('/api/v1/') && !path.endsWith('*') && method !== 'ALL')
    .map(
      ({ path, method }) =>
        `${method} ${path
          .slice('/api/v1'.length)
          .replace(/\/$/, '')
          .replace(/:(\w+)/g, '{$1}')}`,
    );
  expect([...new Set(routes)].sort()).toEqual(operations.map(({ route }) => route).sort());
});
test('every parameter that is read is described, and no other', () => {
  const text = readdirSync('src/http')
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(`src/http/${file}`, 'utf8'))
    .join('\n');
  const read = new Set([...text.matchAll(/\.quer(?:y|ies)\('(\w+)'\)|\b(?:word|number)\(c, '(\w+)'\)/g)].map(([, a, b]) => a ?? b));
  for (const name of ['environment', 'app', 'limit']) read.add(name);
  const described = new Set(
    operations.flatMap(({ operation }) => (operation.parameters ?? []).filter((one) => one.in === 'query').map(({ name }) => name)),
  );
  expect([...described].sort()).toEqual([...read].sort());
});
test('a body that lacks what is described as required is refused, and nothing is done', async () => {
  const bodies = operations.filter(({ operation }) => operation.requestBody?.required === true);
  expect(bodies.length).toBeGreaterThan(5);
  for (const { path, operation } of bodies) {
    const name = operation.requestBody?.content['application/json'].schema.$ref.split('/').at(-1) ?? '';
    expect(description.components.schemas[name]?.required?.length, name).toBeGreaterThan(1);
    for (const body of ['{}', '{"environment":"test","by":"ann","nonsense":1}']) {
      const answer = await http().request(`/api/v1${path}`, { method: 'POST', body, headers: { authorization: 'Bearer a token' } });
      expect([path, answer.status >= 400]).toEqual([path, true]);
      expect(await answer.json()).toMatchObject({
        error: { code: expect.any(String), message: expect.any(String), remedy: expect.any(String) },
      });
    }
  }
});
