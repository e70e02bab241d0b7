/** A Hono app behind a socket of this machine. */
import { serve } from '@hono/node-server';

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}
/** Port 0: any free one. Rejects with the system's error when the port is taken. */
export function serveHttp(fetch: (request: Request) => Response | Promise<Response>, host: string, port: number): Promise<Served> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, port, hostname: host }, (info) => {
      const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
      resolve({ url: `http://${shown}:${info.port}`, close: () => closing(server) });
    });
    server.once('error', reject);
  });
}
const closing = (server: ReturnType<typeof serve>): Promise<void> =>
  new Promise((done) => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close(() => done());
  });
