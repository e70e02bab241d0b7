/** Before every test file: what breaks a contract fails the test in which it happened. */
import { afterEach, expect } from 'vitest';
import { takeBreaches } from '#test/support/breaches.ts';

afterEach(() => {
  expect(takeBreaches(), 'the Machines API as it is described').toEqual([]);
});
