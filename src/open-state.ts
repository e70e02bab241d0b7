/** State and queue: PostgreSQL with pg-boss when TRIMTAB_DATABASE_URL is set, else PGlite in the data folder with the queue of this process. */
import { join } from 'node:path';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { makeMemoryQueue } from '#engine/memory-queue.ts';
import type { Queue } from '#engine/queue.ts';
import { realClock } from '#platform/clock.ts';
import { makePatientQueue } from '#platform/queue/patient-queue.ts';
import { type Database, openPglite, openPostgres } from '#platform/store/db.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import { migrate } from '#platform/store/migrate.ts';
import { makePatientStore } from '#platform/store/patient.ts';
import type { Store } from '#platform/store/port.ts';
import { makeSqlStore } from '#platform/store/sql.ts';

export interface OpenState {
  readonly store: Store;
  readonly queue: Queue;
  /** Other processes may work on the same state. */
  readonly shared: boolean;
  close(): Promise<void>;
}
export interface StateOptions {
  readonly databaseUrl: string | null;
  readonly folder: string;
  /** What the state belongs to: another one is refused. */
  readonly platform: string;
  /** A controller waits for its database; a command says that it is not there. */
  readonly waits: boolean;
}
/** Of a run that keeps nothing. */
export const openNothing = (): OpenState => ({
  store: makeMemoryStore(),
  queue: makeMemoryQueue(realClock),
  shared: false,
  close: () => Promise.resolve(),
});
export async function openState(options: StateOptions, signal: AbortSignal): Promise<Result<OpenState, TrimtabError>> {
  return options.databaseUrl === null ? openEmbedded(options, signal) : openShared(options, options.databaseUrl, signal);
}
async function openEmbedded({ folder, platform }: StateOptions, signal: AbortSignal): Promise<Result<OpenState, TrimtabError>> {
  const database = await openPglite({ folder: join(folder, 'db') });
  const store = makeSqlStore(database);
  const prepared = await prepare(database, store, platform, signal);
  if (!prepared.ok) {
    await store.close();
    return prepared;
  }
  return ok({ store, queue: makeMemoryQueue(realClock), shared: false, close: () => store.close() });
}
async function openShared({ platform, waits }: StateOptions, url: string, signal: AbortSignal): Promise<Result<OpenState, TrimtabError>> {
  const database = openPostgres(url);
  const bare = makeSqlStore(database);
  const prepared = await prepare(database, bare, platform, signal);
  if (!prepared.ok && !(waits && prepared.error.code === 'STORE_UNAVAILABLE')) {
    await bare.close();
    return prepared;
  }
  const store = prepared.ok ? bare : makePatientStore(bare, () => prepare(database, bare, platform, signal), realClock);
  // Loaded where it is needed, as PGlite is.
  const openQueue = async () => (await import('#platform/queue/pg-boss-queue.ts')).openPgBossQueue({ url, clock: realClock });
  const queue = makePatientQueue(openQueue, realClock);
  const close = async (): Promise<void> => {
    await queue.close();
    await store.close();
  };
  return ok({ store, queue, shared: true, close });
}
async function prepare(database: Database, store: Store, platform: string, signal: AbortSignal): Promise<Result<void, TrimtabError>> {
  const migrated = await migrate(database);
  return migrated.ok ? store.claimIdentity({ platform }, signal) : migrated;
}
