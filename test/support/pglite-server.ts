/** PGlite behind a socket: a real database on any machine, at an address. It is one session: what takes two at a time needs a server. */
import { createServer, type Socket } from 'node:net';
import { PGlite } from '@electric-sql/pglite';

interface ServedDatabase {
  readonly url: string;
  close(): Promise<void>;
}
/** PGlite as PostgreSQL's protocol has it. One client after the other gets the session; one in a transaction keeps it until its end. */
export async function servePglite(): Promise<ServedDatabase> {
  const lite = new PGlite();
  await lite.waitReady;
  const turns = makeTurns();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveOne(socket, lite, turns);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `postgres://postgres:a-password@127.0.0.1:${port}/postgres`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await lite.close();
    },
  };
}

interface Turns {
  /** Runs when nobody else has the session. */
  take<T>(who: object, run: () => Promise<T>): Promise<T>;
  /** Until then others wait. */
  keep(who: object, isHeld: boolean): void;
}
function makeTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let holder: object | null = null;
  let freed: () => void = () => undefined;
  let free: Promise<void> = Promise.resolve();
  return {
    take: async (who, run) => {
      while (holder !== null && holder !== who) await free;
      const mine = last.then(run, run);
      last = mine.catch(() => undefined);
      return mine;
    },
    keep: (who, isHeld) => {
      if (isHeld && holder === null) {
        holder = who;
        free = new Promise((resolve) => {
          freed = resolve;
        });
      } else if (!isHeld && holder === who) {
        holder = null;
        freed();
      }
    },
  };
}

const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const START = 196_608;
function serveOne(socket: Socket, lite: PGlite, turns: Turns): void {
  const who = {};
  let rest: Buffer = Buffer.alloc(0);
  let started = false;
  let work: Promise<void> = Promise.resolve();
  const leave = async (): Promise<void> => {
    await turns.take(who, async () => {
      await lite.exec('ROLLBACK; SELECT pg_advisory_unlock_all(); RESET ALL').catch(() => undefined);
    });
    turns.keep(who, false);
  };
  const greet = (): void => {
    const size = rest.readInt32BE(0);
    const code = rest.readInt32BE(4);
    rest = rest.subarray(size);
    if (code === SSL_REQUEST || code === GSS_REQUEST) socket.write('N');
    else if (code === START) {
      started = true;
      socket.write(GREETING);
    } else socket.destroy();
  };
  const pass = (message: Uint8Array): void => {
    work = work.then(async () => {
      const reply = await turns.take(who, () => lite.execProtocolRaw(message));
      // The last byte of "ready" says whether a transaction is open.
      if (reply.at(-6) === 0x5a) turns.keep(who, reply.at(-1) !== 0x49);
      socket.write(reply);
    });
  };
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (!started && rest.length >= 8 && rest.length >= rest.readInt32BE(0)) greet();
    while (started && rest.length >= 5 && rest.length >= rest.readInt32BE(1) + 1) {
      const size = rest.readInt32BE(1) + 1;
      const message = new Uint8Array(rest.subarray(0, size));
      rest = rest.subarray(size);
      if (message[0] === 0x58) socket.end();
      else pass(message);
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => void work.then(leave).catch(() => undefined));
}
const status = (name: string, value: string): Buffer => {
  const body = Buffer.from(`${name}\0${value}\0`);
  const head = Buffer.from([0x53, 0, 0, 0, 0]);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
/** You are in; these are my settings; here is your key; go on. */
const GREETING = Buffer.concat([
  Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]),
  status('server_version', '17.0'),
  status('client_encoding', 'UTF8'),
  status('server_encoding', 'UTF8'),
  status('DateStyle', 'ISO, MDY'),
  status('standard_conforming_strings', 'on'),
  status('integer_datetimes', 'on'),
  Buffer.from([0x4b, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 1]),
  Buffer.from([0x5a, 0, 0, 0, 5, 0x49]),
]);
