/** HTTP/1.1 over kept connections, by Node's own client. `fetch` does the same with streams of the web around every reply: twice the processor
 *  time and some forty megabytes more, for the small replies a controller lives on. */
import http from 'node:http';
import https from 'node:https';
import type { Fetch } from './call.ts';
import { CONNECT_TIMEOUT } from './errors.ts';

/** One organization's reads run side by side; more connections only wait for each other. */
const CONNECTIONS = 32;
/** An idle connection is given up before servers commonly close theirs: a request on a closed one would be ambiguous. */
const IDLE_MS = 4_000;
/** A host that does not take a connection in this time was never asked. */
const CONNECT_MS = 10_000;

/** Redirects are not followed: a token goes to the address it was given for. */
export function makeTransport(): Fetch {
  const options = { keepAlive: true, maxSockets: CONNECTIONS, maxFreeSockets: CONNECTIONS, timeout: IDLE_MS, scheduling: 'lifo' } as const;
  const agents = { 'http:': new http.Agent(options), 'https:': new https.Agent(options) };
  return async (request) => {
    const body = request.method === 'GET' ? null : await request.text();
    const { protocol } = new URL(request.url);
    return protocol === 'http:' ? send(http, agents['http:'], request, body) : send(https, agents['https:'], request, body);
  };
}

function send(client: typeof http | typeof https, agent: http.Agent, request: Request, body: string | null): Promise<Response> {
  const { url, method, signal } = request;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const headers = { ...Object.fromEntries(request.headers), ...(body === null ? {} : { 'Content-Length': Buffer.byteLength(body) }) };
    const sent = client.request(url, { agent, method, headers });
    const abort = (): void => void sent.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    sent.once('close', () => signal.removeEventListener('abort', abort));
    sent.once('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => sent.destroy(new ConnectTimeout()), CONNECT_MS);
      sent.once('close', () => clearTimeout(timer));
      socket.once(client === https ? 'secureConnect' : 'connect', () => clearTimeout(timer));
    });
    sent.once('error', reject);
    sent.once('response', (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (part: string) => {
        text += part;
      });
      reply.once('error', reject);
      reply.once('end', () => resolve(new TextResponse(text, reply)));
    });
    sent.end(body ?? undefined);
  });
}
class ConnectTimeout extends Error {
  readonly code = CONNECT_TIMEOUT;
}

/** An answer whose text has been read already. */
class TextResponse extends Response {
  override readonly text: () => Promise<string>;
  constructor(text: string, { statusCode, headers }: http.IncomingMessage) {
    const single = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' ? [[name, value]] : [],
    );
    super(null, { status: statusCode ?? 0, headers: single });
    this.text = () => Promise.resolve(text);
  }
}
