/** What a network's error codes mean to a person. */
import type { Fault } from './port.ts';

const CERTIFICATE = 'renew it, or look at `fly certs check`; an own authority is named by NODE_EXTRA_CA_CERTS';
const FAULTS: Readonly<Record<string, Fault>> = {
  ECONNREFUSED: {
    message: 'connection refused',
    remedy: 'nothing listens there: check the port, and that the app binds to all interfaces',
  },
  ECONNRESET: { message: 'the connection was cut off', remedy: 'look at the logs of the app' },
  ENOTFOUND: { message: 'no such host', remedy: 'check the name; names of the private network need from: { app: NAME }' },
  EAI_AGAIN: { message: 'the name cannot be looked up now', remedy: 'check the DNS of this machine' },
  ETIMEDOUT: { message: 'no answer in time', remedy: 'check that the app runs, and that nothing drops its packets' },
  EHOSTUNREACH: { message: 'no route to the host', remedy: 'check the address and the network' },
  ENETUNREACH: { message: 'the network cannot be reached', remedy: 'check the address: is it IPv6 on a machine without?' },
  CERT_HAS_EXPIRED: { message: 'the certificate has expired', remedy: CERTIFICATE },
  CERT_NOT_YET_VALID: { message: 'the certificate is not valid yet', remedy: 'check the clock of this machine' },
  ERR_TLS_CERT_ALTNAME_INVALID: { message: 'the certificate is for another host', remedy: 'add the host with `certificates` of the app' },
  DEPTH_ZERO_SELF_SIGNED_CERT: { message: 'the certificate is signed by itself', remedy: CERTIFICATE },
  SELF_SIGNED_CERT_IN_CHAIN: { message: 'the certificate comes from an unknown authority', remedy: CERTIFICATE },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { message: 'the certificate comes from an unknown authority', remedy: CERTIFICATE },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { message: 'the certificate comes from an unknown authority', remedy: CERTIFICATE },
  EPROTO: { message: 'the other side speaks no TLS', remedy: 'check the scheme and the port' },
  ERR_INVALID_URL: { message: 'that is no address', remedy: 'correct it' },
  HPE_INVALID_CONSTANT: { message: 'the other side speaks no HTTP', remedy: 'check the port' },
  UNAVAILABLE: { message: 'nothing there speaks gRPC', remedy: 'check the address and tls of the check, and that the server runs' },
  UNIMPLEMENTED: { message: 'the server has no health service', remedy: 'register grpc.health.v1.Health in it, or write a tcp check' },
  NOT_FOUND: { message: 'the health service does not know this service', remedy: 'check `service` of the check' },
  DEADLINE_EXCEEDED: { message: 'no answer in time', remedy: 'check that the server runs, and that nothing drops its packets' },
};
export const faultOf = (code: string): Fault => FAULTS[code] ?? { message: code.slice(0, 120), remedy: null };

/** The code of what was thrown, else its words: Node wraps several attempts of one connection into one. */
export function codeOfThrown(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return codeOfThrown(thrown.errors[0]);
  if (!(thrown instanceof Error)) return String(thrown);
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return thrown.cause instanceof Error ? codeOfThrown(thrown.cause) : thrown.message;
}
