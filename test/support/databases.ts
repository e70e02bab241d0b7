/** A database to migrate, at an address: on PostgreSQL when DATABASE_URL is given (in CI it must be), else PGlite behind a socket, so that any
 *  machine can run the same tests. */
import { Bug } from '#domain/result.ts';
import { openDatabaseOn, type TestDatabase } from './fresh-database.ts';

export const serverUrl = process.env['DATABASE_URL'] ?? '';
if (process.env['CI'] === 'true' && serverUrl === '') throw new Bug('CI migrates a real PostgreSQL: DATABASE_URL is missing');
/** Two sessions at a time, locks between them, cancelling. */
export const isServer = serverUrl !== '';
export const openDatabase = (): Promise<TestDatabase> => openDatabaseOn(serverUrl);
