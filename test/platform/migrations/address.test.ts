/** Where migrations are run, and what of an address is never shown. */
import { expect, test } from 'vitest';
import { directAddress, isSameDatabase, redact } from '#platform/migrations/address.ts';

const NEON = 'ep-cool-sun-123.eu-central-1.aws.neon.tech';
test('the pooler of Neon is turned into the database behind it', () => {
  const found = directAddress(`postgres://app:p%40ss@ep-cool-sun-123-pooler.eu-central-1.aws.neon.tech/app?sslmode=require`);
  expect(found).toEqual({
    ok: true,
    value: {
      url: `postgres://app:p%40ss@${NEON}/app?sslmode=require`,
      shown: `${NEON}/app`,
      database: 'app',
      note: expect.stringContaining('is the pooler'),
    },
  });
});
test.each([
  'not a url',
  'mysql://u@h/d',
  'postgres://u@pooler.example.com/d',
  'postgres://u@aws-0-pooler.example.com/d',
  'postgres://u@h:6432/d',
])('%s is refused', (text) => {
  expect(directAddress(text)).toMatchObject({ ok: false, error: { code: 'DATABASE_URL_INVALID' } });
});
test('a database is the same however its address is written', () => {
  expect(isSameDatabase('postgres://a:b@localhost/x', 'postgresql://c@127.0.0.1:5432/x?sslmode=disable')).toBe(true);
  expect(isSameDatabase(`postgres://a@ep-1-pooler.aws.neon.tech/x`, 'postgres://b@ep-1.aws.neon.tech/x')).toBe(true);
  expect(isSameDatabase('postgres://a@h/x', 'postgres://a@h/y')).toBe(false);
  expect(isSameDatabase('postgres://a@h/x', 'nonsense')).toBe(false);
});
test('password and address go out of a text, in either spelling', () => {
  const url = 'postgres://app:p%40ss@h/d';
  expect(redact(`cannot use ${url}: p@ss and p%40ss are wrong for app`, url)).toBe(
    'cannot use [redacted]: [redacted] and [redacted] are wrong for app',
  );
});
