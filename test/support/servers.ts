/** Real servers on this machine, for what speaks to the network. */
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Socket, type Server as TcpServer } from 'node:net';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import type { Certified } from './certificates.ts';

export interface Served {
  readonly port: number;
  close(): Promise<void>;
}
async function listen(server: TcpServer): Promise<Served> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: portOf(server.address()),
    close: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => done());
      }),
  };
}
const portOf = (address: AddressInfo | string | null): number => (typeof address === 'object' && address !== null ? address.port : 0);
export const serveHttp = (listener: RequestListener): Promise<Served> => listen(createHttp(listener));
export const serveHttps = (certified: Certified, listener: RequestListener): Promise<Served> => listen(createHttps(certified, listener));
/** `hello`: what it says to who connects; null: nothing, for ever. */
export const serveTcp = (hello: string | null): Promise<Served> =>
  listen(createTcp((socket) => void (hello !== null && socket.end(hello))));
/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const { port, close } = await serveTcp(null);
  await close();
  return port;
}

export type Health = 'SERVING' | 'NOT_SERVING' | 'hangs' | 'none';
/** gRPC with the standard health service, one word per service; the empty name is the server itself. */
export async function serveGrpc(health: Readonly<Record<string, Health>>, certified?: Certified): Promise<Served> {
  const server = new GrpcServer();
  if (health[''] !== 'none')
    server.addService(HEALTH, { check: (call: Call, done: Done) => answer(health[call.request.service] ?? null, done) });
  const credentials =
    certified === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [{ private_key: Buffer.from(certified.key), cert_chain: Buffer.from(certified.cert) }]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  return {
    port,
    close: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}
interface Call {
  readonly request: { readonly service: string };
}
type Done = (error: { readonly code: number; readonly details: string } | null, status?: number) => void;
function answer(health: Health | null, done: Done): void {
  if (health === null) done({ code: 5, details: 'unknown service' });
  else if (health !== 'hangs') done(null, health === 'SERVING' ? 1 : 2);
}
/** The two messages in the wire's own form, written a second time so that the client is not checked by itself. */
const HEALTH = {
  check: {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: ({ service }: Call['request']) => Buffer.from(service),
    requestDeserialize: (bytes: Buffer) => ({ service: bytes.subarray(2, 2 + (bytes[1] ?? 0)).toString() }),
    responseSerialize: (status: number) => Buffer.from([1 << 3, status]),
    responseDeserialize: (bytes: Buffer) => bytes[1] ?? 0,
  },
};
