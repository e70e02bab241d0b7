/** What checks bring back shows no secret: every value that a source gives is crossed out, however it is written. */
import { describe, expect, test } from 'vitest';
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
    ['in base64', Buffer.from('p"ss wörd/1').toString('base64'), '[redacted]'],
    ['twice', 'p"ss wörd/1p"ss wörd/1', '[redacted][redacted]'],
    ['nowhere', 'harmless', 'harmless'],
  ])('%s', (_, text, expected) => {
    expect(value.crossOut(text)).toBe(expected);
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
