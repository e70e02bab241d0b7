/** What checks bring back shows no secret: every value that a source gives is crossed out, however it is written. */
import { describe, expect, test } from 'vitest';
import { environmentName } from '#domain/ids.ts';
import { ok } from '#domain/result.ts';
import { SecretValue } from '#domain/secret-value.ts';
import { makeProber } from '#platform/checks/prober.ts';
import { realClock } from '#platform/clock.ts';
import { checkFrom } from '#test/support/checks.ts';
import { appText, compiledOf, ENVIRONMENT, WEB_TOML } from '#test/support/desired.ts';
import { makeTestReader } from '#test/support/secrets.ts';

const live = new AbortController().signal;

describe('a value crosses itself out', () => {
  const value = new SecretValue('p"ss wörd/1');
  test.each([
    ['as it is', 'before p"ss wörd/1 after', 'before [redacted] after'],
    ['in a URL', `x=${encodeURIComponent('p"ss wörd/1')}&y`, 'x=[redacted]&y'],
    ['in JSON', JSON.stringify({ a: 'p"ss wörd/1' }), '{"a":"[redacted]"}'],
    ['in a form', `x=${new URLSearchParams({ a: 'p"ss wörd/1' })}`, 'x=a=[redacted]'],
    ['in a page', '<b>p&quot;ss wörd/1</b>', '<b>[redacted]</b>'],
    ['in JSON that spares its slashes', '"p\\"ss wörd\\/1"', '"[redacted]"'],
    ['in base64', Buffer.from('p"ss wörd/1').toString('base64'), '[redacted]'],
    ['twice', 'p"ss wörd/1p"ss wörd/1', '[redacted][redacted]'],
    ['nowhere', 'harmless', 'harmless'],
  ])('%s', (_, text, expected) => {
    expect(value.crossOut(text)).toBe(expected);
  });
  test.each([0, 1, 2, 3])('in base64 behind %i other letters, but for its ends', (count) => {
    const text = Buffer.from(`${'x'.repeat(count)}p"ss wörd/1 and more`).toString('base64');
    const left = value.crossOut(text);
    expect(left).toContain('[redacted]');
    expect(Buffer.from(left.replace('[redacted]', ''), 'base64').toString()).not.toContain('ss w');
  });
  test('and, where it is an address, its password alone, as written and as meant', () => {
    const parts = new SecretValue('postgres://app:p%40ss-word@db.test/app').parts();
    const crossed = (said: string) => parts.reduce((left, part) => part.crossOut(left), said);
    expect(crossed('p%40ss-word p@ss-word app db.test')).toBe('[redacted] [redacted] app db.test');
    expect(new SecretValue('no address').parts()).toHaveLength(1);
  });
  test('unless it is a word that any text may hold', () => {
    expect(new SecretValue('a').crossOut('banana')).toBe('banana');
  });
});

const environment = compiledOf({
  others: { 'web.toml': WEB_TOML },
  files: {
    'a.yaml': `${ENVIRONMENT}---\n${appText(
      'web',
      'app: acme-web',
      'config: web.toml',
      'secrets:',
      '  SESSION_SECRET: { from: { env: SESSION_SECRET } }',
      '  OIDC_CLIENT_ID: { from: { env: OIDC_CLIENT_ID } }',
      '  GREETING: { from: { value: good morning } }',
      '  DATABASE_URL: { from: { env: DATABASE_URL } }',
      '  ABSENT: { from: { env: NOWHERE }, required: false }',
    )}`,
  },
}).document;
const process = {
  TEST_SESSION_SECRET: 'marked-session',
  TEST_OIDC_CLIENT_ID: 'client-123',
  TEST_DATABASE_URL: 'postgres://u:marked-db@h/d',
};

test('what is hidden are the values of all secrets, but of what is public or stands in git', async () => {
  const hidden = await makeTestReader({ clock: realClock, process }).hidden(environment, live);
  const crossed = (text: string) => hidden.reduce((left, value) => value.crossOut(left), text);
  expect(crossed('marked-session client-123 good morning postgres://u:marked-db@h/d')).toBe(
    '[redacted] client-123 good morning [redacted]',
  );
});
test('what a source gave before stays hidden; so does the database of the environment', async () => {
  const now: Record<string, string> = { ...process };
  const reader = makeTestReader({ clock: realClock, process: now });
  const crossed = async (text: string) => (await reader.hidden(environment, live)).reduce((left, value) => value.crossOut(left), text);
  await reader.hidden(environment, live);
  now['TEST_SESSION_SECRET'] = 'rotated-session';
  expect(await crossed('marked-session rotated-session')).toBe('[redacted] [redacted]');
  // Of this environment alone.
  const other = { ...environment, name: environmentName('other') };
  const elsewhere = (await reader.hidden(other, live)).reduce((left, value) => value.crossOut(left), 'marked-session');
  expect(elsewhere).toBe('marked-session');
});
test('of what people may see, the password stays hidden', async () => {
  const now = { ...process, TEST_OIDC_CLIENT_ID: 'https://somebody:marked-word@id.test' };
  const hidden = await makeTestReader({ clock: realClock, process: now }).hidden(environment, live);
  const crossed = hidden.reduce((left, value) => value.crossOut(left), 'https://somebody:marked-word@id.test');
  expect(crossed).toBe('https://somebody:[redacted]@id.test');
});
test('message and evidence of an attempt go through it', async () => {
  const prober = makeProber({
    clock: realClock,
    http: { get: () => Promise.resolve(ok({ status: 500, headers: {}, body: 'a page with marked-session in it', validTo: null })) },
    flyFor: () => ({ ok: false, error: { code: 'FLY_UNAUTHORIZED', message: 'none' } }),
    databaseUrl: () => Promise.resolve(ok(null)),
    redact: async (texts) => {
      const values = await makeTestReader({ clock: realClock, process }).hidden(environment, live);
      return texts.map((text) => values.reduce((left, value) => value.crossOut(left), text));
    },
  });
  const check = checkFrom('- { http: "http://a.test/marked-session", expect: { body: marked-session too } }');
  const attempt = await prober.probe(check, environment, live);
  expect(attempt).toMatchObject({ state: 'failed', evidence: expect.stringContaining('a page with [redacted] in it') });
  expect(JSON.stringify(attempt)).not.toContain('marked-session');
});
