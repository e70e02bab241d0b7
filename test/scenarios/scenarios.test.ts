/** Every script of this folder against its golden file. `UPDATE=1` writes them anew: look at what changed. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { runScript } from '#test/support/scenario.ts';

const FOLDER = import.meta.dirname;
const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.scn'))
  .map((file) => file.slice(0, -'.scn'.length));
/** Longer ones are read by nobody. */
const LONGEST = 80;

test.each(NAMES)('%s', { timeout: 60_000 }, async (name) => {
  const lines = readFileSync(join(FOLDER, `${name}.scn`), 'utf8')
    .trim()
    .split('\n');
  const out = stripVTControlCharacters(await runScript({ name, lines }));
  expect(out.split('\n').length).toBeLessThanOrEqual(LONGEST);
  const golden = join(FOLDER, `${name}.out`);
  if (process.env['UPDATE'] === '1') writeFileSync(golden, out);
  expect(existsSync(golden) ? readFileSync(golden, 'utf8') : '').toBe(out);
});
test('there is a golden file for every script, and no other', () => {
  const outs = readdirSync(FOLDER).filter((file) => file.endsWith('.out'));
  expect(outs.sort()).toEqual(NAMES.map((name) => `${name}.out`).sort());
  expect(NAMES.length).toBeGreaterThanOrEqual(10);
});
