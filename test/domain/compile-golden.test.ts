/** Whole folders and what they compile to, kept as files so that a review sees every change. UPDATE=1 rewrites them. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileEnvironment } from '#domain/compile.ts';
import { parseDesired } from '#domain/desired-parse.ts';

const GOLDEN = 'test/golden';
const CASES = readdirSync(GOLDEN).filter((name) => existsSync(join(GOLDEN, name, 'desired')));
const filesOf = (name: string): readonly (readonly [string, string])[] =>
  readdirSync(join(GOLDEN, name, 'desired')).map((file) => [`desired/${file}`, readFileSync(join(GOLDEN, name, 'desired', file), 'utf8')]);
function compile(name: string, files: readonly (readonly [string, string])[]) {
  const folder = parseDesired({ folder: 'desired', files: new Map(files), lookup: { process: {}, bare: false, stored: {} } });
  return compileEnvironment(folder, {
    readFile: (path) => (existsSync(join(GOLDEN, name, path)) ? readFileSync(join(GOLDEN, name, path), 'utf8') : null),
    resolvedImages: () => null,
  });
}

test('there are golden folders', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(3);
});
test.each(CASES)('%s compiles to what is on file', (name) => {
  const result = compile(name, filesOf(name));
  const path = join(GOLDEN, name, 'compiled.json');
  if (process.env['UPDATE'] === '1') writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  expect(JSON.parse(JSON.stringify(result))).toEqual(JSON.parse(readFileSync(path, 'utf8')));
});
test.each(CASES)('%s compiles to the same however its documents are spread over files', (name) => {
  const documents = filesOf(name).flatMap(([, text]) => text.split(/^---$/m));
  const wanted = compile(name, filesOf(name));
  const spread = fc
    .shuffledSubarray(documents, { minLength: documents.length })
    .chain((order) => fc.tuple(fc.constant(order), fc.array(fc.nat({ max: 3 }), { minLength: order.length, maxLength: order.length })));
  fc.assert(
    fc.property(spread, ([order, places]) => {
      const texts = new Map<string, string>();
      for (const [at, document] of order.entries()) {
        const path = `desired/${places[at] ?? 0}.yaml`;
        const before = texts.get(path);
        texts.set(path, before === undefined ? document : `${before}\n---\n${document}`);
      }
      const result = compile(name, [...texts].reverse());
      expect(result.ok && wanted.ok && result.value.id).toBe(wanted.ok && wanted.value.id);
      if (result.ok && wanted.ok) expect(result.value).toEqual(wanted.value);
    }),
    { numRuns: 25 },
  );
});
