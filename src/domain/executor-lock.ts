/** The lock of a run without any state: a line in the metadata of one machine. It is no part of the stamp nor of the config that is hashed:
 *  writing it restarts nothing and is no drift. Pure. */
import type { AppName, MachineId } from './ids.ts';
import { isActive, type ObservedMachine } from './observed.ts';
import { belongingOf, isFlyAppsMachine, isReserved } from './stamp.ts';
import { type Instant, instant } from './units.ts';

export const LOCK_KEY = 'trimtab_lock';
export interface LockText {
  /** Of the run that holds it. */
  readonly id: string;
  readonly until: Instant;
}
export const lockToText = ({ id, until }: LockText): string => `${id} ${until}`;
/** Null: none, or nothing of ours. */
export function textToLock(text: string | undefined): LockText | null {
  const [id = '', until = ''] = (text ?? '').split(' ');
  const at = Number(until);
  return id === '' || until === '' || !Number.isInteger(at) ? null : { id, until: instant(at) };
}
export interface AppMachines {
  readonly app: AppName;
  readonly machines: readonly ObservedMachine[];
}
export interface LockPlace {
  readonly app: AppName;
  readonly machine: MachineId;
}
/** The lowest id of the first app by name that has a machine of ours; of an app that has none yet, one that the platform's CLI made. */
export function lockPlaceOf(apps: readonly AppMachines[], owner: string): LockPlace | null {
  for (const { app, machines } of [...apps].sort((a, b) => (a.app < b.app ? -1 : 1))) {
    const active = machines.filter((machine) => isActive(machine) && !isReserved(machine));
    const own = active.filter((machine) => belongingOf(machine, owner).is !== 'foreign');
    const candidates = own.length > 0 ? own : active.filter(isFlyAppsMachine);
    const [lowest] = candidates.map(({ id }) => id).sort();
    if (lowest !== undefined) return { app, machine: lowest };
  }
  return null;
}
export interface FoundLock extends LockPlace, LockText {}
/** Wherever they stand: the machine that is the lowest now need not have been it a moment ago. */
export const locksIn = (apps: readonly AppMachines[]): readonly FoundLock[] =>
  apps.flatMap(({ app, machines }) =>
    machines.filter(isActive).flatMap(({ id: machine, metadata }) => {
      const lock = textToLock(metadata[LOCK_KEY]);
      return lock === null ? [] : [{ app, machine, ...lock }];
    }),
  );
