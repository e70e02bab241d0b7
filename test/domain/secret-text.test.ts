/** What is taken for a secret written down, and what is not: an alarm at ordinary words teaches people to look away. */
import { describe, expect, test } from 'vitest';
import { isSecretName, isSecretPair, looksSecret } from '#domain/secret-text.ts';

const NOT_SHORT = 'k2J9vQx7Lm4Tz8Rw';
describe('a name', () => {
  test.each([
    'SESSION_SECRET',
    'API_KEY',
    'AWS_SECRET_ACCESS_KEY',
    'DB_PASSWORD',
    'PASSWORD',
    'POSTGRES_PASSWORD',
    'DATABASE_URL',
    'GITHUB_TOKEN',
    'TOKEN',
    'AUTH_TOKEN',
    'OIDC_CLIENT_SECRET',
    'PRIVATE_KEY',
    'SMTP_PASSWD',
    'REDIS_PWD',
    'GPG_PASSPHRASE',
    'GOOGLE_CREDENTIALS',
    'secret_key',
    'STRIPE_TOKEN_LIVE',
  ])('%s holds a secret', (name) => {
    expect(isSecretName(name)).toBe(true);
    expect(isSecretPair(name, NOT_SHORT)).toBe(true);
  });
  test.each([
    'PORT',
    'LOG_LEVEL',
    'NODE_ENV',
    'OIDC_ISSUER_URL',
    'OIDC_CLIENT_ID',
    'OIDC_REDIRECT_URI',
    'BACKEND_GRPC_ADDRESS',
    'KEYBOARD',
    'MONKEY',
    'TURKEY_REGION',
    'TOKENIZER',
    'TOKEN_TTL',
    'TOKEN_EXPIRY',
    'PASSWORD_MIN_LENGTH',
    'SECRET_NAME',
    'SECRETARY',
    'KEY_ID',
    'API_KEY_HEADER',
    'PUBLIC_KEY',
    'STRIPE_PUBLISHABLE_KEY',
    'NEXT_PUBLIC_API_KEY',
    'CACHE_KEY_LENGTH',
    'TOKEN_ISSUER',
    'SECRET_FILE',
    'KEYSPACE',
    'AUTHOR',
    'CREDENTIALS_PATH',
    'PASSWORD_RESET_URL',
    'DATABASE_POOL',
  ])('%s is an ordinary word', (name) => {
    expect(isSecretName(name)).toBe(false);
    expect(isSecretPair(name, NOT_SHORT)).toBe(false);
  });
  test.each(['true', 'false', '3600', '30s', '/etc/keys/app.pem', ''])('of a secret, with the harmless value %j, is none', (value) => {
    expect(isSecretPair('SESSION_SECRET', value)).toBe(false);
  });
});
describe('a text', () => {
  test.each([
    'postgres://app:hunter2@db.internal/app',
    'redis://:hunter2@cache:6379',
    'use https://me:pw@example.com/x',
    '-----BEGIN RSA PRIVATE KEY-----',
    `FlyV1 ${'a'.repeat(30)}`,
    `fm2_${'a'.repeat(30)}`,
    `sk_live_${'a'.repeat(20)}`,
    `ghp_${'a'.repeat(30)}`,
    `github_pat_${'a'.repeat(30)}`,
    'AKIAABCDEFGHIJKLMNOP',
    `xoxb-${'1'.repeat(12)}`,
    `npg_${'a'.repeat(12)}`,
    'https://hooks.slack.com/services/T000/B000/XXXX',
  ])('%s gives a secret away, whatever its name', (text) => {
    expect(looksSecret(text)).toBe(true);
    expect(isSecretPair('NOTES', text)).toBe(true);
  });
  test.each([
    'postgres://db.internal/app',
    'postgres://app@db.internal/app?sslmode=require',
    'http://localhost:8080/a@b',
    'acme-backend.internal:50051',
    'https://auth.example.com/realms/a:b@c',
    'openid profile email',
    'a key opens a door; the token of a metro; my password is secret',
    'sha256:' + 'a'.repeat(64),
    'registry.fly.io/acme-client:v42',
    'mailto:ann@example.com',
  ])('%s gives none away', (text) => {
    expect(looksSecret(text)).toBe(false);
  });
});
