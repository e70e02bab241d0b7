/** Every queue there is, for the law tests: in process, and pg-boss when DATABASE_URL is given (in CI it must be). */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Bug } from '#domain/result.ts';
import { makeMemoryQueue } from '#engine/memory-queue.ts';
import type { Queue } from '#engine/queue.ts';
import { realClock } from '#platform/clock.ts';
import { openPgBossQueue } from '#platform/queue/pg-boss-queue.ts';
import { openPostgres } from '#platform/store/db.ts';

export interface OpenQueue {
  readonly queue: Queue;
  close(): Promise<void>;
}
export interface QueueKind {
  readonly name: string;
  readonly open: () => Promise<OpenQueue>;
}
export const databaseUrl = process.env['DATABASE_URL'] ?? '';
if (process.env['CI'] === 'true' && databaseUrl === '') throw new Bug('CI runs the queue on a real PostgreSQL: DATABASE_URL is missing');

let serial = 0;
/** A schema of its own; `join` gives another holder of the same queue. */
export async function openSharedQueue(url: string): Promise<{ join(through?: string): Promise<OpenQueue>; drop(): Promise<void> }> {
  const schema = `queue_${process.pid}_${serial++}`;
  return {
    join: async (through = url) => {
      const opened = await openPgBossQueue({ url: through, clock: realClock, schema });
      if (!opened.ok) throw new Bug(opened.error.message);
      return { queue: opened.value, close: () => opened.value.close() };
    },
    drop: async () => {
      const admin = openPostgres(url);
      await admin.exec(`drop schema if exists ${schema} cascade`);
      await admin.close();
    },
  };
}
async function openReal(): Promise<OpenQueue> {
  const shared = await openSharedQueue(databaseUrl);
  const { queue, close } = await shared.join();
  return {
    queue,
    close: async () => {
      await close();
      await shared.drop();
    },
  };
}
/** A line to the database that can be cut as when the server is gone, frozen as when a host on the way is lost, and mended. */
export interface Line {
  readonly url: string;
  /** Connections break, new ones are refused. */
  cut(): Promise<void>;
  /** Half open: connections stay, nothing comes through any more, new ones are refused. */
  freeze(): Promise<void>;
  mend(): Promise<void>;
}
export async function openLine(url: string, { mended = true } = {}): Promise<Line> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const makeServer = (): Server =>
    createServer((near) => {
      const far = connect(Number(target.port || 5432), target.hostname);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
      }
      near.pipe(far).pipe(near);
    });
  let server = makeServer();
  await listenOn(server, 0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(port);
  const refuse = (): Promise<void> => new Promise((closed) => void server.close(() => closed()));
  const line = {
    url: through.href,
    cut: async () => {
      const closing = refuse();
      for (const socket of sockets) socket.destroy();
      sockets.clear();
      await closing;
    },
    freeze: () => {
      void refuse();
      for (const socket of sockets) socket.unpipe().pause();
      return Promise.resolve();
    },
    mend: async () => {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
      server = makeServer();
      await listenOn(server, port);
    },
  };
  if (!mended) await line.cut();
  return line;
}
const listenOn = (server: Server, port: number): Promise<void> =>
  new Promise((listening) => void server.listen(port, '127.0.0.1', () => listening()));
export const QUEUES: readonly QueueKind[] = [
  { name: 'the in-process twin', open: () => Promise.resolve({ queue: makeMemoryQueue(realClock), close: () => Promise.resolve() }) },
  ...(databaseUrl === '' ? [] : [{ name: 'pg-boss on PostgreSQL', open: openReal }]),
];
