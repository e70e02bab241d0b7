/** Leases of machines. A lost reply to an acquire leaves a lease nobody has the nonce of: it ends with its TTL. */
import type { AppName, MachineId } from '#domain/ids.ts';
import { absentIsNull, goneIsDone } from './absence.ts';
import { perform } from './call.ts';
import { asText, type Flaps, toRaw } from './flaps.ts';
import type { FlyClient } from './port.ts';
import { judgeBy, judgeDone } from './reply.ts';
import { HeldLeaseReply, ObservedLeaseReply } from './states.ts';

const LEASE = '/apps/{app_name}/machines/{machine_id}/lease';

export function makeLeaseCalls({ wire, http }: Flaps): Pick<FlyClient, 'acquireLease' | 'refreshLease' | 'releaseLease' | 'getLease'> {
  return {
    acquireLease(app, machine, ttlS, description, signal) {
      const call = { operation: 'acquire lease', action: 'lease.create', id: machine, idempotent: false };
      const params = { ...machinePath(app, machine), query: { ttl: ttlS } };
      // Both spellings of the ttl: the description wants it in the body, the platform's own client sends the query.
      const body = { ttl: ttlS, description };
      const send = (within: AbortSignal) => toRaw(http.POST(LEASE, { params, body, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, HeldLeaseReply) }, signal);
    },
    refreshLease(app, machine, ttlS, nonce, signal) {
      const call = { operation: 'refresh lease', action: 'lease.create', id: machine, idempotent: true };
      const params = { ...machinePath(app, machine), query: { ttl: ttlS }, header: { 'fly-machine-lease-nonce': nonce } };
      const body = { ttl: ttlS };
      const send = (within: AbortSignal) => toRaw(http.POST(LEASE, { params, body, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, HeldLeaseReply) }, signal);
    },
    releaseLease(app, machine, nonce, signal) {
      const call = { operation: 'release lease', action: 'lease.release', id: machine, idempotent: true };
      const params = { ...machinePath(app, machine), header: { 'fly-machine-lease-nonce': nonce } };
      const send = (within: AbortSignal) => toRaw(http.DELETE(LEASE, { params, signal: within, ...asText }));
      return goneIsDone(perform(wire, { ...call, send, judge: judgeDone(call) }, signal));
    },
    getLease(app, machine, signal) {
      const call = { operation: 'get lease', action: 'lease.get', id: machine, idempotent: true };
      const params = machinePath(app, machine);
      const send = (within: AbortSignal) => toRaw(http.GET(LEASE, { params, signal: within, ...asText }));
      return absentIsNull(perform(wire, { ...call, send, judge: judgeBy(call, ObservedLeaseReply) }, signal));
    },
  };
}

const machinePath = (app: AppName, machine: MachineId) => ({ path: { app_name: app, machine_id: machine } });
