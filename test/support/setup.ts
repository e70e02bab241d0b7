/** Before every test file: what breaks a contract, or the platform's rate limits, fails the test in which it happened. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect } from 'vitest';
import { takeBreaches } from '#test/support/breaches.ts';
import { listen, takeAbove, takeCounted } from '#test/support/own-requests.ts';
import { TALLY_FOLDER } from '#test/support/tally.ts';

listen();
// What comes after the last test, while everything is put away, counts too.
afterAll(() => {
  const above = takeAbove();
  const folder = process.env[TALLY_FOLDER];
  if (folder !== undefined) writeFileSync(join(folder, randomUUID()), JSON.stringify(takeCounted()));
  expect(above, 'requests above the published rate limits').toEqual([]);
});
afterEach(() => {
  const above = takeAbove();
  expect(takeBreaches(), 'the Machines API as it is described').toEqual([]);
  expect(above, 'requests above the published rate limits').toEqual([]);
});
