/** A simulator behind real sockets: one port for the APIs, one for the edge. */
import { serve } from '@hono/node-server';
import type { Clock } from '#domain/clock.ts';
import { keepSaved, loadTables, resumeWorld } from './persist.ts';
import { answerEdge, runStopLoop } from './proxy.ts';
import { makeSimulator, type Simulator } from './simulator.ts';

export interface SimulatorServer {
  readonly simulator: Simulator;
  /** `http://127.0.0.1:port`: set all three base URLs to it. */
  readonly apiUrl: string;
  readonly edgeUrl: string;
  close(): Promise<void>;
}
export interface SimulatorServerOptions {
  readonly clock: Clock;
  readonly seed: string;
  /** Absent: the world ends with the process. */
  readonly folder?: string;
  /** 0: any free port. */
  readonly apiPort: number;
  readonly edgePort: number;
}

export async function startSimulator(options: SimulatorServerOptions): Promise<SimulatorServer> {
  const { clock, folder } = options;
  const tables = folder === undefined ? null : loadTables(folder);
  // Ids of a second start must not repeat those of the first.
  const seed = tables === null ? options.seed : `${options.seed}/${clock.now()}`;
  const simulator = makeSimulator({ clock, seed, ...(tables === null ? {} : { tables }) });
  if (tables !== null) resumeWorld(simulator.world);
  const save = folder === undefined ? null : keepSaved(simulator.world, folder);
  const stop = new AbortController();
  const api = await listen(simulator.fetch, options.apiPort);
  const edge = await listen((request) => answerEdge(simulator.world, request), options.edgePort);
  void runStopLoop(simulator.world, stop.signal);
  return {
    simulator,
    apiUrl: `http://127.0.0.1:${api.port}`,
    edgeUrl: `http://127.0.0.1:${edge.port}`,
    close: async () => {
      stop.abort();
      await Promise.all([api.close(), edge.close()]);
      save?.();
    },
  };
}
interface Listening {
  readonly port: number;
  close(): Promise<void>;
}
function listen(fetch: (request: Request) => Promise<Response>, port: number): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, port, hostname: '127.0.0.1' }, (info) => {
      const close = (): Promise<void> =>
        new Promise((done) => {
          closeAll(server);
          server.close(() => done());
        });
      resolve({ port: info.port, close });
    });
    server.once('error', reject);
  });
}
/** Kept-alive connections would hold the process open. */
function closeAll(server: object): void {
  if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') server.closeAllConnections();
}
