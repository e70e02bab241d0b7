/** One connection to the database that is migrated: its limits, its lock, and an end that leaves nothing behind. */
import { EventEmitter } from 'node:events';
import { crc32 } from 'node:zlib';
import pg from 'pg';
import type { Clock } from '#domain/clock.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, type Result } from '#domain/result.ts';
import { type Ms, ms } from '#domain/units.ts';
import { type DatabaseAddress, redact } from './address.ts';
import type { MigrationLimits } from './port.ts';

export interface Session {
  /** One message, however many statements: the last one's rows. */
  query(text: string): Promise<readonly Record<string, unknown>[]>;
  /** How many statements of the last message were carried out: the next one is the one that failed. */
  completed(): number;
  /** Ends the statement that runs, on the server too. */
  cancel(): void;
  close(): Promise<void>;
}
const CONNECT_TIMEOUT_MS = 15_000;
const CANCEL_TIMEOUT_MS = 3_000;

export interface SessionDeps {
  readonly clock: Clock;
  readonly address: DatabaseAddress;
  readonly limits: MigrationLimits;
}
/** Opens, runs, closes: also when what is run throws or the signal ends it. */
export async function withSession<T>(
  { address, limits }: SessionDeps,
  signal: AbortSignal,
  run: (session: Session) => Promise<Result<T, TrimtabError>>,
): Promise<Result<T, TrimtabError>> {
  const client = new pg.Client({
    connectionString: address.url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'trimtab migrations',
    keepAlive: true,
  });
  // A connection that breaks fails the query that waits on it; unheard, the event would end the process.
  client.on('error', () => undefined);
  const end = async (): Promise<void> => {
    await client.end().catch(() => undefined);
  };
  if (signal.aborted) return err(cancelled(address));
  try {
    await client.connect();
  } catch (thrown) {
    await end();
    return err(failure('DATABASE_UNAVAILABLE', `${address.shown}: ${textOf(thrown, address)}`));
  }
  const backend = Number((await client.query('select pg_backend_pid() as pid')).rows[0]?.pid);
  const cancel = (): void => void cancelBackend(address, backend).then((done) => (done ? undefined : end()));
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const completed = countCompleted(client);
    const session: Session = {
      completed: () => completed.count,
      cancel,
      query: async (text) => {
        completed.count = 0;
        const answer: unknown = await client.query(text);
        const last: unknown = Array.isArray(answer) ? answer.at(-1) : answer;
        return rowsOf(last);
      },
      close: end,
    };
    await session.query(settings(limits));
    return await run(session);
  } catch (thrown) {
    if (signal.aborted) return err(cancelled(address));
    if (!isAboutTheDatabase(thrown)) throw thrown;
    // It answers, and says no: to our own tables, for lack of rights.
    const { sqlState } = databaseError(thrown, address);
    const code = isPassing(sqlState) ? 'DATABASE_UNAVAILABLE' : 'MIGRATION_FAILED';
    return err(failure(code, `${address.shown}: ${textOf(thrown, address)}${sqlState === null ? '' : ` (${sqlState})`}`));
  } finally {
    signal.removeEventListener('abort', cancel);
    await end();
  }
}
export const cancelled = (address: DatabaseAddress): TrimtabError =>
  failure('MIGRATION_TIMEOUT', `${address.shown}: ended before it was done (deadline, or asked to stop)`);
/** After a migration too: it may have set what it liked. */
export const settings = ({ statement, lock }: MigrationLimits): string =>
  `RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; SET statement_timeout = ${Math.round(statement)}; SET lock_timeout = ${Math.round(lock)}; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = warning`;

/** The driver tells results only when all went well; its connection tells each as it comes. */
function countCompleted(client: pg.Client): { count: number } {
  const completed = { count: 0 };
  const connection: unknown = Reflect.get(client, 'connection');
  if (connection instanceof EventEmitter)
    connection.on('commandComplete', () => {
      completed.count += 1;
    });
  return completed;
}
function rowsOf(answer: unknown): readonly Record<string, unknown>[] {
  if (typeof answer !== 'object' || answer === null || !('rows' in answer) || !Array.isArray(answer.rows)) return [];
  return answer.rows.filter((row): row is Record<string, unknown> => typeof row === 'object' && row !== null);
}
/** A socket that is merely closed leaves a long statement running on the server. */
async function cancelBackend(address: DatabaseAddress, backend: number): Promise<boolean> {
  const client = new pg.Client({
    connectionString: address.url,
    connectionTimeoutMillis: CANCEL_TIMEOUT_MS,
    query_timeout: CANCEL_TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_cancel_backend($1)', [backend]);
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

export interface DatabaseError {
  readonly message: string;
  readonly sqlState: string | null;
  /** In characters of what was sent, from 1; null: not told. */
  readonly position: number | null;
  readonly hint: string | null;
}
export function databaseError(thrown: unknown, address: DatabaseAddress): DatabaseError {
  const told = thrown instanceof pg.DatabaseError ? thrown : null;
  return {
    message: textOf(thrown, address),
    sqlState: told?.code ?? null,
    position: told?.position === undefined ? null : Number(told.position),
    hint: told?.hint ?? null,
  };
}
const textOf = (thrown: unknown, { url }: DatabaseAddress): string =>
  redact(
    thrown instanceof AggregateError ? thrown.errors.map(String).join('; ') : thrown instanceof Error ? thrown.message : String(thrown),
    url,
  );
/** Classes 08 (connection), 53 (resources), 57P (shut down, starting), 58 (system), or no word at all: it may answer in a minute. */
export const isPassing = (sqlState: string | null): boolean => sqlState === null || /^(08|53|57P|58)/.test(sqlState);
/** Everything else is a bug of ours. */
const WORDS = /timeout|terminated|not queryable|Connection ended|closed|connect|ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|socket/i;
export const isAboutTheDatabase = (thrown: unknown): boolean =>
  thrown instanceof pg.DatabaseError ||
  thrown instanceof AggregateError ||
  (thrown instanceof Error && WORDS.test(`${thrown.message} ${thrown.name}`));

/** Ours, so that two of us never run at once; and those of the old tools, so that they wait for us and we for them. */
export const OUR_LOCK = 7_274_686_961_900_021n;
/** goose's default. */
const GOOSE = 5_887_940_537_704_921_958n;
const GOLANG_SALT = 1_486_364_155n;
/** golang-migrate's: a checksum over schema, table and database. */
export const golangLock = (schema: string, table: string, database: string): bigint =>
  (BigInt(crc32([schema, table, database].join('\0'))) * GOLANG_SALT) & 0xff_ff_ff_ffn;
export const locksFor = (schema: string, database: string): readonly bigint[] => [
  OUR_LOCK,
  golangLock(schema, 'schema_migrations', database),
  GOOSE,
];

const LOCK_EVERY: Ms = ms(500);
/** Asked again and again, not waited for inside the server: a session that waits there holds up every CREATE INDEX CONCURRENTLY. */
export async function takeLocks(session: Session, locks: readonly bigint[], clock: Clock, signal: AbortSignal): Promise<boolean> {
  const wanted = [...locks];
  while (!signal.aborted) {
    const [next] = wanted;
    if (next === undefined) return true;
    const [row] = await session.query(`select pg_try_advisory_lock(${next}) as taken`);
    if (row?.['taken'] === true) wanted.shift();
    else await clock.sleep(LOCK_EVERY, signal).catch(() => undefined);
  }
  return false;
}
export const unavailable = (address: DatabaseAddress): Result<never, TrimtabError> =>
  err(failure('MIGRATION_BUSY', `${address.shown}: somebody else migrates this database, and did not end in time`));
