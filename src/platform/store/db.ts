/** One way to talk to PostgreSQL, whether it is a server (`pg`) or embedded (PGlite). */
import pg from 'pg';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

export type Parameter = string | number | null;
export interface Database {
  /** Rows as the driver gives them: each caller parses its own. */
  query(text: string, parameters: readonly Parameter[]): Promise<readonly unknown[]>;
  /** Several statements at once, no parameters: migrations. */
  exec(text: string): Promise<void>;
  close(): Promise<void>;
}
/** A statement of ours reads or writes a few rows: longer means that the server is in trouble. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** A controller works on a few apps at a time; more connections only wait for each other. */
const POOL_SIZE = 5;

export function openPostgres(url: string, options: { readonly schema?: string } = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS,
    connectionTimeoutMillis: STATEMENT_TIMEOUT_MS,
    application_name: 'trimtab',
    ...(options.schema === undefined ? {} : { options: `-c search_path=${options.schema}` }),
  });
  // An idle connection that breaks is replaced at the next query; unheard, the event would end the process.
  pool.on('error', () => undefined);
  return {
    query: async (text, parameters) => (await pool.query(text, [...parameters])).rows,
    exec: async (text) => {
      await pool.query(text);
    },
    close: () => pool.end(),
  };
}
/** `folder` undefined: in memory. `dump`: an initialised database to start from (a first start costs seconds). */
export async function openPglite(options: { readonly folder?: string; readonly dump?: Blob } = {}): Promise<Database> {
  // Some hundred megabytes that a process with a server of its own never loads.
  const { PGlite } = await import('@electric-sql/pglite');
  const lite = new PGlite({
    ...(options.folder === undefined ? {} : { dataDir: options.folder }),
    ...(options.dump === undefined ? {} : { loadDataDir: options.dump }),
  });
  await lite.waitReady;
  return {
    query: async (text, parameters) => (await lite.query(text, [...parameters])).rows,
    exec: async (text) => {
      await lite.exec(text);
    },
    close: () => lite.close(),
  };
}

/** Runs one statement's function; a database that cannot be reached is a value. What is not about reaching it is a bug and stays one. */
export async function reaching<T>(run: () => Promise<T>): Promise<Result<T, TrimtabError>> {
  try {
    return ok(await run());
  } catch (thrown) {
    if (!isUnreachable(thrown)) throw thrown;
    return err(failure('STORE_UNAVAILABLE', thrown instanceof Error ? thrown.message : String(thrown)));
  }
}
const NETWORK: readonly string[] = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'EAI_AGAIN', 'ENOENT'];
/** Classes 08 (connection), 53 (resources), 57 (operator intervention), 58 (system) of PostgreSQL's error codes. */
const SQLSTATE = /^(08|53|57|58)/;
const WORDS = /timeout|terminated|not queryable|Connection ended|closed|Cannot use a pool/i;
function isUnreachable(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  return NETWORK.includes(code) || SQLSTATE.test(code) || WORDS.test(thrown.message) || thrown instanceof AggregateError;
}
