/** HTTP from this process: one fresh connection per request, so that names, certificates and latency are those of now. */

import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { TLSSocket } from 'node:tls';
import { err, ok, type Result } from '#domain/result.ts';
import type { Exchange } from '#domain/smoke-judge.ts';
import { type Instant, isoToInstant } from '#domain/units.ts';
import { codeOfThrown, faultOf } from './faults.ts';
import type { HttpTransport } from './http.ts';
import type { Fault } from './port.ts';

export interface NodeHttpOptions {
  readonly userAgent: string;
  /** Certificates of authorities to trust instead of the runtime's own. */
  readonly ca?: string;
  /** Everything goes there, in plain HTTP, and the address is told as `Host`. */
  readonly through?: URL;
}
/** A page that is judged by its first words is no download. */
const LONGEST_BODY = 65_536;

export function makeNodeHttp({ userAgent, ca, through }: NodeHttpOptions): HttpTransport {
  const headers = { 'user-agent': userAgent, accept: '*/*', 'cache-control': 'no-cache', connection: 'close' };
  return {
    get: (url, signal) =>
      new Promise((resolve) => {
        const fail = (thrown: unknown): void => resolve(err(signal.aborted ? faultOf('ETIMEDOUT') : faultOf(codeOfThrown(thrown))));
        // A host under .localhost is this machine (RFC 6761); not every resolver knows.
        const lookup = url.hostname.endsWith('.localhost') ? { lookup: loopback } : {};
        const options = { headers, signal, agent: false, ...lookup, ...(ca === undefined ? {} : { ca }) };
        const request = start(url, through, options);
        request.on('error', fail);
        request.on('response', (response) => void read(response, resolve));
      }),
  };
}
function start(url: URL, through: URL | undefined, options: https.RequestOptions): http.ClientRequest {
  if (through === undefined) return url.protocol === 'https:' ? https.get(url, options) : http.get(url, options);
  return http.get(new URL(`${url.pathname}${url.search}`, through), { ...options, headers: { ...options.headers, host: url.host } });
}
const loopback: LookupFunction = (_host, options, done) => {
  if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};

async function read(response: http.IncomingMessage, resolve: (answer: Result<Exchange, Fault>) => void): Promise<void> {
  // Before the body: a socket that is closed tells nothing any more.
  const validTo = validToOf(response);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response) {
      const piece = Buffer.from(chunk);
      chunks.push(piece);
      length += piece.length;
      if (length >= LONGEST_BODY) break;
    }
  } catch (thrown) {
    resolve(err(faultOf(codeOfThrown(thrown) === 'ABORT_ERR' ? 'ETIMEDOUT' : codeOfThrown(thrown))));
    return;
  }
  response.destroy();
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  const body = Buffer.concat(chunks).subarray(0, LONGEST_BODY).toString('utf8');
  resolve(ok({ status: response.statusCode ?? 0, headers, body, validTo }));
}
function validToOf({ socket }: http.IncomingMessage): Instant | null {
  return socket instanceof TLSSocket ? isoToInstant(socket.getPeerCertificate().valid_to) : null;
}
