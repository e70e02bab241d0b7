/** Faults on demand: per operation, count, probability and seed. What strikes a request is here; what strikes the world is in `acts.ts`. */
import { makeRandom, type Random } from '#domain/random.ts';
import { reply, type SimReply } from './request.ts';

/** Before: the platform refuses or dies first. After: it did it, and the caller does not learn so. */
export const FAULT_KINDS = [
  'timeoutBeforeCommit',
  'timeoutAfterCommit',
  'badGatewayBeforeCommit',
  'badGatewayAfterCommit',
  'connectionLostBeforeCommit',
  'connectionLostAfterCommit',
  'leaseHeld',
  'rateLimited',
  'noCapacity',
  'unauthorized',
  'forbidden',
  'notFound',
  'brokenJson',
  'halfAnswer',
  'unknownWords',
  'slow',
  'hang',
  'callerDiesBeforeCommit',
  'callerDiesAfterCommit',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** Part of the operation, as in `POST /apps/{app_name}/machines`; a leading `=` asks for the whole. Absent: every operation. */
  readonly operation?: string;
  /** Strikes at most so often. Absent: for ever. */
  readonly count?: number;
  /** Passes by so many matching requests first. */
  readonly skip?: number;
  /** 0 to 1; absent: always. */
  readonly probability?: number;
  readonly seed?: string;
}
export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  /** The fault that strikes this request, used up by one. */
  strike(operation: string): FaultKind | null;
  list(): readonly Fault[];
}
interface Armed {
  readonly fault: Fault;
  readonly random: Random;
  skip: number;
  left: number;
}
export function makeFaults(): Faults {
  const armed: Armed[] = [];
  const matches = (fault: Fault, operation: string): boolean => {
    if (fault.operation === undefined) return true;
    return fault.operation.startsWith('=') ? operation === fault.operation.slice(1) : operation.includes(fault.operation);
  };
  return {
    add: (fault) => {
      const random = makeRandom(fault.seed ?? 'faults');
      armed.push({ fault, random, skip: fault.skip ?? 0, left: fault.count ?? Number.POSITIVE_INFINITY });
    },
    clear: () => {
      armed.length = 0;
    },
    strike: (operation) => {
      for (const entry of armed) {
        if (entry.left <= 0 || !matches(entry.fault, operation)) continue;
        if (entry.skip > 0) {
          entry.skip -= 1;
          continue;
        }
        if (entry.random.next() >= (entry.fault.probability ?? 1)) continue;
        entry.left -= 1;
        return entry.fault.kind;
      }
      return null;
    },
    list: () => armed.filter((entry) => entry.left > 0).map((entry) => entry.fault),
  };
}
/** What the platform says instead, for faults that are a refusal. */
export function refusalOf(kind: FaultKind): SimReply | null {
  switch (kind) {
    case 'timeoutBeforeCommit':
    case 'timeoutAfterCommit':
      return reply(408, { error: 'deadline_exceeded: timed out waiting for flyd' });
    case 'badGatewayBeforeCommit':
    case 'badGatewayAfterCommit':
      return reply(502, { error: 'bad gateway' });
    case 'leaseHeld':
      return reply(409, { error: 'lease currently held by somebody@example.com' });
    case 'rateLimited':
      return reply(429, { error: 'rate limit exceeded' });
    case 'noCapacity':
      return reply(503, { error: 'insufficient resources available to fulfill request', status: 'insufficient_capacity' });
    case 'unauthorized':
      return reply(401, { error: 'unauthorized' });
    case 'forbidden':
      return reply(403, { error: 'forbidden' });
    case 'notFound':
      return reply(404, { error: 'not found' });
    default:
      return null;
  }
}
/** Also for GraphQL and releases: does the platform do it before it fails? */
export const isAfterCommit = (kind: FaultKind): boolean =>
  kind.endsWith('AfterCommit') || ['brokenJson', 'halfAnswer', 'unknownWords', 'slow'].includes(kind);
