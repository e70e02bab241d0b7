/** Around the whole suite: sums up what every test file counted against the published rate limits. More than none fails the suite; what a whole
 *  run found is kept for `make bench`. */
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reporter } from 'vitest/node';
import { z } from 'zod';

/** Of one test file, or of all. */
const Tally = z.object({ requests: z.number(), above: z.number(), onPurpose: z.number() });
export const SUITE = join('.trimtab', 'suite.json');
export const SuiteTally = z.object({ ...Tally.shape, at: z.string(), files: z.number() });
/** Where the test files of one run put what they counted. */
export const TALLY_FOLDER = 'TRIMTAB_TEST_TALLY';

export function makeTally(): Reporter {
  let folder = '';
  return {
    // Before the workers start; they inherit it.
    onInit: () => {
      folder = mkdtempSync(join(tmpdir(), 'trimtab-tally-'));
      process.env[TALLY_FOLDER] = folder;
    },
    onTestRunEnd: () => {
      const files = readdirSync(folder).map((name) => Tally.parse(JSON.parse(readFileSync(join(folder, name), 'utf8'))));
      rmSync(folder, { recursive: true });
      const sum = (of: 'requests' | 'above' | 'onPurpose'): number => files.reduce((total, file) => total + file[of], 0);
      const found = { requests: sum('requests'), above: sum('above'), onPurpose: sum('onPurpose') };
      const all = globSync('test/**/*.test.ts').length;
      const which = files.length === all ? 'the whole test suite' : `${files.length} of ${all} test files`;
      process.stdout.write(
        `Requests above the published rate limits: ${found.above} of ${found.requests} in ${which} (and ${found.onPurpose} on purpose)\n`,
      );
      if (files.length === all) {
        mkdirSync('.trimtab', { recursive: true });
        writeFileSync(SUITE, `${JSON.stringify({ ...found, files: all, at: new Date().toISOString() })}\n`);
      }
      if (found.above > 0) process.exitCode = 1;
    },
  };
}
