/** Every queue there is, for the law tests: in process, and pg-boss when DATABASE_URL is given (in CI it must be). */
import { connect, createServer, type Socket } from 'node:net';
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
/** A line to the database that can be cut, as when a host is lost. */
export async function openLine(url: string): Promise<{ readonly url: string; cut(): void }> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port || 5432), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(typeof address === 'object' && address !== null ? address.port : 0);
  return {
    url: through.href,
    cut: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
export const QUEUES: readonly QueueKind[] = [
  { name: 'the in-process twin', open: () => Promise.resolve({ queue: makeMemoryQueue(realClock), close: () => Promise.resolve() }) },
  ...(databaseUrl === '' ? [] : [{ name: 'pg-boss on PostgreSQL', open: openReal }]),
];
