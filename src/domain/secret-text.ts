/** Text that has no place in git: values under names of secrets, and values that look like one whatever their name. */

/** Names that hold secrets by custom: SESSION_SECRET, API_KEY, DB_PASSWORD, AUTH_TOKEN … */
const SECRET_NAME = /(?:^|_)(?:KEY|SECRET|TOKEN|PWD|PASSPHRASE|CREDENTIALS?)$|PASSWORD|PASSWD|(?:^|_)TOKEN(?:_|$)|^DATABASE_URL$/i;
/** What is public although it is named so. */
const PUBLIC_NAME =
  /PUBLIC|PUBLISHABLE|(?:_|^)(?:URL|URI|TTL|ISSUER|LIFETIME|EXPIRY|EXPIRES_IN|AUDIENCE|HEADER|NAME|ID|TYPE|LENGTH|FILE|PATH)$/i;
/** Addresses, ids and the like: declared as secrets for convenience, shown to people all the same. */
export const isPublicName = (name: string): boolean => !isSecretName(name) && PUBLIC_NAME.test(name);
export const isSecretName = (name: string): boolean => /^DATABASE_URL$/i.test(name) || (SECRET_NAME.test(name) && !PUBLIC_NAME.test(name));

/** Values of these forms tell nothing: switches, short numbers, durations, paths. */
const HARMLESS = /^(?:|true|false|\d{1,6}(?:ms|s|m|h|d)?|\/[\w./-]*)$/i;
/** `scheme://user:password@host`. */
const URL_WITH_PASSWORD = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/i;
const KNOWN_SECRETS: readonly RegExp[] = [
  URL_WITH_PASSWORD,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\bFlyV1 \S{20}/,
  /\bfm[12][ar]?_[A-Za-z0-9+/=_-]{20}/,
  /\b(?:sk|rk)_live_[A-Za-z0-9]{10}/,
  /\bgh[pousr]_[A-Za-z0-9]{20}/,
  /\bgithub_pat_[A-Za-z0-9_]{20}/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /\bxox[abprs]-[A-Za-z0-9-]{10}/,
  /\bnpg_[A-Za-z0-9]{10}/,
  /\bhooks\.slack\.com\/services\/T[A-Z0-9]+\/B[A-Z0-9]+\/[A-Za-z0-9]+/,
];
/** Does the text itself give a secret away? */
export const looksSecret = (text: string): boolean => KNOWN_SECRETS.some((form) => form.test(text));
/** The text with everything in it that looks like a secret crossed out. */
export const withoutSecrets = (text: string): string =>
  KNOWN_SECRETS.reduce((left, form) => left.replace(new RegExp(form.source, `${form.flags}g`), CROSSED_OUT), text);
export const CROSSED_OUT = '[redacted]';
/** Is this a secret written down under its name? */
export const isSecretPair = (name: string, value: string): boolean => (isSecretName(name) && !HARMLESS.test(value)) || looksSecret(value);
