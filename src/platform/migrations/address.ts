/** The address that migrations are run at: never a pooler's, where a session's lock belongs to nobody. */
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

export interface DatabaseAddress {
  readonly url: string;
  /** For people: no user, no password. */
  readonly shown: string;
  readonly database: string;
  /** Why it is another one than was given; null: it is not. */
  readonly note: string | null;
}
export function directAddress(text: string): Result<DatabaseAddress, TrimtabError> {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol))
    return err(failure('DATABASE_URL_INVALID', 'the database URL is not of the form postgres://user:password@host/database'));
  const database = decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username) || 'postgres';
  const given = url.hostname;
  const neon = /^([^.]+)-pooler(\..*neon\.(?:tech|build))$/.exec(given);
  if (neon !== null) url.hostname = `${neon[1]}${neon[2]}`;
  else if (/(^|[.-])(pooler|pgbouncer)([.-]|$)/.test(given) || url.port === '6432')
    return err(
      failure('DATABASE_URL_INVALID', `${given} is a pooler: a lock taken there belongs to nobody, and migrations need one of their own`),
    );
  const shown = `${url.hostname}${url.port === '' ? '' : `:${url.port}`}/${database}`;
  return ok({ url: url.href, shown, database, note: neon === null ? null : `${given} is the pooler: ${url.hostname} is used` });
}
/** Two addresses of one database, however each is written. */
export function isSameDatabase(one: string, other: string): boolean {
  const a = directAddress(one);
  const b = directAddress(other);
  return a.ok && b.ok && placeOf(a.value) === placeOf(b.value);
}
function placeOf({ url, database }: DatabaseAddress): string {
  const { hostname, port } = new URL(url);
  const host = ['localhost', '::1', '[::1]'].includes(hostname) ? '127.0.0.1' : hostname;
  return `${host}:${port || '5432'}/${database}`;
}
/** Takes the URL, its password, and the password as URLs write it, out of a text. */
export function redact(text: string, url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const password = parsed?.password ?? '';
  const secrets = [url, ...(password === '' ? [] : [password, decodeURIComponent(password)])];
  return secrets.filter((secret) => secret !== '').reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text);
}
