/** Who may sign in: tokens and sessions, as hashes only. */
import type { Stored } from './port.ts';

export type Role = 'viewer' | 'operator';
export interface TokenRow {
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the token, hex: a token is 256 random bits, nothing to guess. */
  readonly hash: string;
  readonly createdAt: number;
}
export interface SessionRow {
  readonly hash: string;
  /** Of its token. */
  readonly name: string;
  readonly expiresAt: number;
}

export interface LoginStore {
  tokens(signal: AbortSignal): Stored<readonly TokenRow[]>;
  /** False: the name is taken. */
  addToken(row: TokenRow, signal: AbortSignal): Stored<boolean>;
  /** Its sessions go with it. False: there was none. */
  removeToken(name: string, signal: AbortSignal): Stored<boolean>;
  addSession(row: SessionRow, signal: AbortSignal): Stored<void>;
  /** This one, and all that have expired. */
  removeSessions(hash: string, now: number, signal: AbortSignal): Stored<void>;
  /** Null: unknown, expired, or its token was revoked. */
  personBySession(hash: string, now: number, signal: AbortSignal): Stored<Pick<TokenRow, 'name' | 'role'> | null>;
}
