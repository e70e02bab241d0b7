/** A database of its own, at an address: a new one on the server that is named, else PGlite behind a socket. */
import pg from 'pg';
import { servePglite } from './pglite-server.ts';

export interface TestDatabase {
  readonly url: string;
  /** Rows of the last statement. */
  query(text: string): Promise<readonly Record<string, unknown>[]>;
  /** Empty again: a new database costs seconds, a new schema nothing. */
  clear(): Promise<void>;
  drop(): Promise<void>;
}
let serial = 0;
/** `serverUrl` empty: PGlite. */
export async function openDatabaseOn(serverUrl: string): Promise<TestDatabase> {
  if (serverUrl === '') return openEmbedded();
  const name = `migrated_${process.pid}_${serial++}`;
  await once(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    query: (text) => once(url.href, text),
    clear: () => clear(url.href),
    drop: async () => {
      await once(serverUrl, `drop database ${name} with (force)`);
    },
  };
}
const clear = async (url: string): Promise<void> => {
  await once(url, 'drop schema public cascade; create schema public');
};
async function once(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const answer: unknown = await client.query(text);
    const last: unknown = Array.isArray(answer) ? answer.at(-1) : answer;
    return typeof last === 'object' && last !== null && 'rows' in last && Array.isArray(last.rows) ? last.rows : [];
  } finally {
    await client.end();
  }
}
async function openEmbedded(): Promise<TestDatabase> {
  const served = await servePglite();
  return { url: served.url, query: (text) => once(served.url, text), clear: () => clear(served.url), drop: served.close };
}
