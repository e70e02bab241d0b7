/** One statement on somebody's database: connect, read in a transaction that can write nothing, go. */
import pg from 'pg';
import { err, ok, type Result } from '#domain/result.ts';

export interface ReadOnce {
  readonly rows: number;
  /** First column of the first row, as text; null: no row, or NULL. */
  readonly first: string | null;
}
/** The caller's signal is the deadline; this is for a server that does not notice that we have gone. */
const LONGEST_MS = 60_000;

/** The error is what the driver threw. A connection that hangs is dropped when the signal aborts. */
export async function readOnce(url: string, statement: string, signal: AbortSignal): Promise<Result<ReadOnce, unknown>> {
  const gone = Promise.withResolvers<never>();
  const abort = (): void => gone.reject(signal.reason);
  if (signal.aborted) return err(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  // The constructor reads the address: one that cannot be read is an answer like any other.
  const made = makeClient(url);
  if (!made.ok) return made;
  const client = made.value;
  client.on('error', () => undefined);
  try {
    return ok(await Promise.race([read(client, statement), gone.promise]));
  } catch (thrown) {
    return err(thrown);
  } finally {
    signal.removeEventListener('abort', abort);
    void client.end().catch(() => undefined);
  }
}
function makeClient(url: string): Result<pg.Client, unknown> {
  try {
    return ok(new pg.Client({ connectionString: url, statement_timeout: LONGEST_MS, application_name: 'trimtab smoke' }));
  } catch (thrown) {
    return err(thrown);
  }
}
async function read(client: pg.Client, statement: string): Promise<ReadOnce> {
  await client.connect();
  await client.query('begin read only');
  // The extended protocol takes one statement: a second one cannot end the transaction.
  const query = { text: statement, rowMode: 'array', queryMode: 'extended' } as const;
  const result = await client.query(query);
  const row: unknown = result.rows[0];
  const first: unknown = Array.isArray(row) ? row[0] : null;
  return { rows: result.rows.length, first: first === null || first === undefined ? null : String(first) };
}
