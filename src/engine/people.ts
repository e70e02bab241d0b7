/** Who signs in, and with what: tokens made once and shown once, sessions that end. Only hashes are kept. */
import { createHash } from 'node:crypto';
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { after, hours } from '#domain/units.ts';
import type { Role, TokenRow } from '#platform/store/login-port.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { TokenDesk } from './operator.ts';

export interface Person {
  readonly name: string;
  readonly role: Role;
}
type Answer<T> = Promise<Result<T, TrimtabError>>;
export interface People {
  /** The new token, shown this one time; null: the name is taken. */
  add(name: string, role: Role, signal: AbortSignal): Answer<string | null>;
  list(signal: AbortSignal): Answer<readonly (Person & { readonly createdAt: number })[]>;
  /** Its sessions end at once. False: nobody has this name. */
  revoke(name: string, signal: AbortSignal): Answer<boolean>;
  byToken(token: string, signal: AbortSignal): Answer<Person | null>;
  /** A session for a token; null: the token is not known. */
  signIn(token: string, signal: AbortSignal): Answer<{ readonly session: string; readonly person: Person } | null>;
  bySession(session: string, signal: AbortSignal): Answer<Person | null>;
  signOut(session: string, signal: AbortSignal): Answer<void>;
}
export interface PeopleDeps extends ClockDep, StoreDep {
  /** 256 bits, unguessable, as text for headers and cookies. */
  readonly secret: () => string;
}
/** The part of it that commands ask for. */
export const tokenDesk = ({ add, list, revoke }: People): TokenDesk => ({
  addToken: (name, role, _by, signal) => add(name, role, signal),
  tokens: list,
  revokeToken: (name, _by, signal) => revoke(name, signal),
});

/** A day of work. */
export const SESSION_LENGTH = hours(12);
const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

export function makePeople({ store, clock, secret }: PeopleDeps): People {
  const byToken = async (token: string, signal: AbortSignal): Answer<TokenRow | null> => {
    const rows = await store.tokens(signal);
    if (!rows.ok) return rows;
    const hash = hashOf(token);
    return ok(rows.value.find((row) => row.hash === hash) ?? null);
  };
  const toPerson = ({ name, role }: TokenRow): Person => ({ name, role });
  return {
    add: async (name, role, signal) => {
      const token = `trimtab_${secret()}`;
      const added = await store.addToken({ name, role, hash: hashOf(token), createdAt: clock.now() }, signal);
      return added.ok ? ok(added.value ? token : null) : added;
    },
    list: async (signal) => {
      const rows = await store.tokens(signal);
      return rows.ok ? ok(rows.value.map((row) => ({ ...toPerson(row), createdAt: row.createdAt }))) : rows;
    },
    revoke: (name, signal) => store.removeToken(name, signal),
    byToken: async (token, signal) => {
      const row = await byToken(token, signal);
      return row.ok ? ok(row.value === null ? null : toPerson(row.value)) : row;
    },
    signIn: async (token, signal) => {
      const row = await byToken(token, signal);
      if (!row.ok) return row;
      if (row.value === null) return ok(null);
      const session = secret();
      const saved = await store.addSession(
        { hash: hashOf(session), name: row.value.name, expiresAt: after(clock.now(), SESSION_LENGTH) },
        signal,
      );
      return saved.ok ? ok({ session, person: toPerson(row.value) }) : saved;
    },
    bySession: (session, signal) => store.personBySession(hashOf(session), clock.now(), signal),
    signOut: (session, signal) => store.removeSessions(hashOf(session), clock.now(), signal),
  };
}
