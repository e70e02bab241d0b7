/** Who may sign in: tokens and sessions, as hashes. The statements. */
import { z } from 'zod';
import type { Database } from './db.ts';
import type { SessionRow, TokenRow } from './login-port.ts';

const Tokens = z.array(
  z
    .object({ name: z.string(), role: z.enum(['viewer', 'operator']), hash: z.string(), created_at: z.coerce.number() })
    .transform(({ created_at: createdAt, ...row }): TokenRow => ({ ...row, createdAt })),
);
const Found = z.array(z.object({ name: z.string(), role: z.enum(['viewer', 'operator']) }));

export async function readTokens(database: Database): Promise<readonly TokenRow[]> {
  return Tokens.parse(await database.query('select name, role, hash, created_at from trimtab_tokens order by name', []));
}
/** False: the name is taken. */
export async function addToken(database: Database, { name, role, hash, createdAt }: TokenRow): Promise<boolean> {
  const rows = await database.query(
    `insert into trimtab_tokens (name, role, hash, created_at) values ($1, $2, $3, $4::bigint) on conflict do nothing returning name`,
    [name, role, hash, createdAt],
  );
  return rows.length > 0;
}
/** Its sessions go with it. False: there was none. */
export async function removeToken(database: Database, name: string): Promise<boolean> {
  return (await database.query('delete from trimtab_tokens where name = $1 returning name', [name])).length > 0;
}
export async function addSession(database: Database, { hash, name, expiresAt }: SessionRow): Promise<void> {
  await database.query('insert into trimtab_sessions (hash, name, expires_at) values ($1, $2, $3::bigint)', [hash, name, expiresAt]);
}
export async function removeSessions(database: Database, hash: string, now: number): Promise<void> {
  await database.query('delete from trimtab_sessions where hash = $1 or expires_at <= $2::bigint', [hash, now]);
}
export async function personBySession(database: Database, hash: string, now: number): Promise<Pick<TokenRow, 'name' | 'role'> | null> {
  const rows = Found.parse(
    await database.query(
      `select token.name, token.role from trimtab_sessions session join trimtab_tokens token on token.name = session.name
       where session.hash = $1 and session.expires_at > $2::bigint`,
      [hash, now],
    ),
  );
  return rows[0] ?? null;
}
