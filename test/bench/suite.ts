/** Requests above the published rate limits, as the last whole run of the test suite counted them (`test/support/tally.ts`). */
import { existsSync, readFileSync } from 'node:fs';
import { SUITE, SuiteTally } from '#test/support/tally.ts';
import type { Figure } from './figure.ts';

export function measureSuite(): Promise<readonly Figure[]> {
  const missing = 'rate_limit_violations_test_suite: run `make test` first; it is the suite that counts them';
  if (!existsSync(SUITE)) {
    if (process.env['CI'] === 'true') throw new Error(missing);
    process.stdout.write(`${missing}\n`);
    return Promise.resolve([]);
  }
  const { above, requests, onPurpose, files, at } = SuiteTally.parse(JSON.parse(readFileSync(SUITE, 'utf8')));
  const note = `of ${requests} requests in ${files} test files, ${at}; ${onPurpose} more by tests that break the limits on purpose`;
  return Promise.resolve([{ name: 'rate_limit_violations_test_suite', value: above, unit: 'requests', limit: 0, work: true, note }]);
}
