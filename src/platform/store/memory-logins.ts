/** Tokens and sessions of the store in memory. */
import { ok } from '#domain/result.ts';
import type { LoginStore, SessionRow, TokenRow } from './login-port.ts';

export function makeMemoryLogins(): LoginStore {
  const tokens = new Map<string, TokenRow>();
  const sessions = new Map<string, SessionRow>();
  const give = <T>(value: T) => Promise.resolve(ok(value));
  return {
    tokens: () => give([...tokens.values()].sort((a, b) => (a.name < b.name ? -1 : 1))),
    addToken: (row) => {
      if (tokens.has(row.name)) return give(false);
      tokens.set(row.name, row);
      return give(true);
    },
    removeToken: (name) => {
      for (const [hash, session] of sessions) if (session.name === name) sessions.delete(hash);
      return give(tokens.delete(name));
    },
    addSession: (row) => {
      sessions.set(row.hash, row);
      return give(undefined);
    },
    removeSessions: (hash, now) => {
      for (const [key, { expiresAt }] of sessions) if (key === hash || expiresAt <= now) sessions.delete(key);
      return give(undefined);
    },
    personBySession: (hash, now) => {
      const session = sessions.get(hash);
      const token = session === undefined || session.expiresAt <= now ? undefined : tokens.get(session.name);
      return give(token === undefined ? null : { name: token.name, role: token.role });
    },
  };
}
