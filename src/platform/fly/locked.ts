/** The platform for a run without any state: before a write the environment's lock is held, and its lease serves for writes to that machine. */
import { failure, type PlatformError } from '#domain/errors.ts';
import type { AppName, MachineId } from '#domain/ids.ts';
import type { ObservedMachine } from '#domain/observed.ts';
import { ok, type Result } from '#domain/result.ts';
import type { FlyClient, HeldLease } from './port.ts';
import { gatedFly } from './read-only.ts';

/** Fits the engine's `ExecutorLock`, which this floor does not see. */
export interface Lock {
  hold(signal: AbortSignal): Promise<Result<'held' | 'taken' | 'open', PlatformError>>;
  leaseOf(machine: MachineId): HeldLease | null;
  leave(machine: MachineId, signal: AbortSignal): Promise<void>;
  saw(app: AppName, machines: readonly ObservedMachine[]): void;
}
export function lockedFly(fly: FlyClient, lock: Lock): FlyClient {
  const gated = gatedFly(fly, async (operation, signal) => {
    const held = await lock.hold(signal);
    if (!held.ok) return held.error;
    // What this write was decided on may be what another run has changed meanwhile.
    return held.value === 'taken'
      ? failure('FLY_CANCELLED', `${operation}: the lock was taken just now, so everything is read again`)
      : null;
  });
  return {
    ...gated,
    listMachines: async (app, signal) => {
      const listed = await gated.listMachines(app, signal);
      if (listed.ok) lock.saw(app, listed.value);
      return listed;
    },
    acquireLease: (app, machine, ...rest) => {
      const held = lock.leaseOf(machine);
      return held === null ? gated.acquireLease(app, machine, ...rest) : Promise.resolve(ok(held));
    },
    releaseLease: (app, machine, nonce, signal) =>
      lock.leaseOf(machine)?.nonce === nonce ? Promise.resolve(ok(undefined)) : fly.releaseLease(app, machine, nonce, signal),
    destroyMachine: async (app, machine, options, signal) => {
      await lock.leave(machine, signal);
      return gated.destroyMachine(app, machine, options, signal);
    },
  };
}
