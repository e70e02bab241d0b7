/** Checks as programs that an image may have. The scripts run on any Node.js from 14 on, print one line of JSON, and end by themselves. */
import type { Probe } from '#domain/smoke.ts';

/** One program with its arguments, and how what it did is to be read. */
export interface Tool {
  readonly program: string;
  readonly command: readonly string[];
  readonly reads: 'json' | 'exit' | 'curl';
}
export type Asked = Extract<Probe, { readonly kind: 'tcp' | 'grpc' }> | { readonly kind: 'http'; readonly url: string };

/** In the order they are tried. */
export function toolsFor(asked: Asked, limitS: number): readonly Tool[] {
  const limit = String(limitS);
  const node = (script: string, ...given: readonly string[]): Tool => ({
    program: 'node',
    command: ['node', '-e', script, asked.kind, ...given],
    reads: 'json',
  });
  if (asked.kind === 'http') {
    const curl = ['curl', '-sS', '-g', '-D', '-', '--max-time', limit, '-A', 'trimtab', asked.url];
    return [node(HTTP, asked.url, limit), { program: 'curl', command: curl, reads: 'curl' }];
  }
  const { host, port } = asked;
  const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  if (asked.kind === 'tcp') {
    const nc = ['nc', '-z', '-w', limit, host, String(port)];
    return [node(TCP, target, limit), { program: 'nc', command: nc, reads: 'exit' }];
  }
  const { service, tls } = asked;
  const probe = ['grpc_health_probe', `-addr=${target}`, `-connect-timeout=${limit}s`, `-rpc-timeout=${limit}s`];
  const more = [...(service === '' ? [] : [`-service=${service}`]), ...(tls ? ['-tls'] : [])];
  return [
    node(GRPC, target, service, limit, tls ? 'https' : 'http'),
    { program: 'grpc_health_probe', command: [...probe, ...more], reads: 'exit' },
  ];
}

/** `process.argv` begins with the runtime itself, then what follows the script. */
const BEGIN = `
const out = (x) => { console.log(JSON.stringify(x)); process.exit(x.error ? 1 : 0); };
const bad = (e) => out({ error: e.code || e.message });
const within = (s) => setTimeout(() => out({ error: 'ETIMEDOUT' }), s * 1000);`;

const TCP = `${BEGIN}
const [, , target, s] = process.argv;
within(s);
const at = target.lastIndexOf(':');
const c = require('net').connect(+target.slice(at + 1), target.slice(0, at).replace(/^\\[|\\]$/g, ''), () => out({ connected: true }));
c.on('error', bad);`;

const LONGEST_BODY = 16_384;
const HTTP = `${BEGIN}
const [, , url, s] = process.argv;
within(s);
const q = require(url.startsWith('https:') ? 'https' : 'http').get(url, { headers: { 'user-agent': 'trimtab' } }, (r) => {
  const k = r.socket, validTo = k.getPeerCertificate ? k.getPeerCertificate().valid_to : undefined;
  let body = '';
  const done = () => out({ status: r.statusCode, headers: r.headers, body: body.slice(0, ${LONGEST_BODY}), validTo });
  r.setEncoding('utf8');
  r.on('data', (d) => { body += d; if (body.length >= ${LONGEST_BODY}) done(); });
  r.on('end', done);
  r.on('error', bad);
});
q.on('error', bad);`;

/** The health service by hand: one frame there, one back. The numbers are gRPC's own status codes.
 *  A connection that breaks says why later than its stream. */
const GRPC = `${BEGIN}
const [, , target, service, s, scheme] = process.argv;
within(s);
const h = require('http2').connect(scheme + '://' + target);
h.on('error', bad);
const r = h.request({ ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc', te: 'trailers' });
const name = Buffer.from(service);
const message = name.length ? Buffer.concat([Buffer.from([10, name.length]), name]) : name;
const head = Buffer.alloc(5);
head.writeUInt32BE(message.length, 1);
r.end(Buffer.concat([head, message]));
const parts = [];
let code;
r.on('response', (x) => { code = x['grpc-status']; });
r.on('trailers', (x) => { code = x['grpc-status']; });
r.on('data', (d) => parts.push(d));
r.on('error', (e) => setTimeout(bad, 50, e));
r.on('end', () => setImmediate(() => {
  const names = { 5: 'NOT_FOUND', 7: 'PERMISSION_DENIED', 12: 'UNIMPLEMENTED', 14: 'UNAVAILABLE', 16: 'UNAUTHENTICATED' };
  if (code === undefined) return out({ error: 'UNAVAILABLE' });
  if (+code !== 0) return out({ error: names[code] || 'gRPC status ' + code });
  const b = Buffer.concat(parts);
  out({ status: ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][b.length > 6 ? b[6] : 0] || 'UNKNOWN' });
}));`;
