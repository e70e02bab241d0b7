/** What an app holds that costs, and what it will hold when the steps of a plan are done. Pure. */
import type { Action, MachineAction } from './change.ts';
import { regionCode, volumeId } from './ids.ts';
import type { MachineConfig } from './machine-config.ts';
import type { ObservedAddress, ObservedApp, ObservedCertificate, ObservedMachine, ObservedVolume } from './observed.ts';
import { instant } from './units.ts';

/** Billed for CPU and memory: it runs, or is between two states of which one does. A machine that was only made is not. */
const RUNNING: readonly string[] = ['started', 'starting', 'restarting', 'stopping', 'suspending', 'replacing', 'updating'];
const GONE: readonly string[] = ['destroyed', 'destroying', 'launch_failed', 'migrated', 'replaced'];
export const isBilled = ({ state }: Pick<ObservedMachine, 'state'>): boolean => RUNNING.includes(state);
export const isHeld = ({ state }: Pick<ObservedMachine, 'state'>): boolean => !GONE.includes(state);

export interface HeldMachine {
  readonly id: string;
  readonly group: string;
  readonly region: string;
  readonly config: MachineConfig;
  readonly runs: boolean;
}
export interface Held {
  readonly app: ObservedApp['app'];
  readonly machines: readonly HeldMachine[];
  readonly volumes: readonly ObservedVolume[];
  readonly addresses: readonly ObservedAddress[];
  readonly certificates: readonly Pick<ObservedCertificate, 'hostname'>[];
}
export const heldOf = ({ app, machines, volumes, addresses, certificates }: ObservedApp): Held => ({
  app,
  machines: machines.filter(isHeld).map(toHeld),
  volumes,
  addresses,
  certificates,
});
const toHeld = (machine: ObservedMachine): HeldMachine => ({
  id: machine.id,
  group: groupOf(machine.metadata),
  region: machine.region,
  config: machine.config ?? {},
  runs: isBilled(machine),
});
export const groupOf = (metadata: Readonly<Record<string, string>>): string =>
  metadata['trimtab_group'] ?? metadata['fly_process_group'] ?? metadata['process_group'] ?? '';

/** Each step changes it by what it makes, takes or moves. */
export function heldAfter(before: Held, actions: readonly Action[]): Held {
  let held = before;
  for (const action of actions) held = heldAfterOne(held, action);
  return held;
}
function heldAfterOne(held: Held, action: Action): Held {
  switch (action.kind) {
    case 'app':
    case 'secret':
      return held;
    case 'ip-address': {
      if (action.verb === 'destroy') return { ...held, addresses: held.addresses.filter(({ ip }) => ip !== action.ip) };
      return { ...held, addresses: [...held.addresses, { ip: 'new', type: action.type, region: action.region, createdAt: null }] };
    }
    case 'certificate': {
      const others = held.certificates.filter(({ hostname }) => hostname !== action.hostname);
      return { ...held, certificates: action.verb === 'destroy' ? others : [...others, { hostname: action.hostname }] };
    }
    case 'volume':
      return { ...held, volumes: [...held.volumes, newVolume(held, action)] };
    case 'machine-group':
      return { ...held, machines: machinesAfter(held.machines, action) };
  }
}
function machinesAfter(machines: readonly HeldMachine[], action: MachineAction): readonly HeldMachine[] {
  if (action.verb === 'create') {
    const { name: id, region, config, stamp } = action;
    return [...machines, { id, region, config, group: stamp.group, runs: action.launch === 'start' }];
  }
  if (action.verb === 'destroy') return machines.filter(({ id }) => id !== action.machine);
  return machines.map((machine) => (machine.id === action.machine ? machineAfter(machine, action) : machine));
}
function machineAfter(machine: HeldMachine, action: Exclude<MachineAction, { readonly verb: 'create' | 'destroy' }>): HeldMachine {
  switch (action.verb) {
    case 'start':
      return { ...machine, runs: true };
    case 'stop':
    case 'quarantine':
      return { ...machine, runs: false };
    case 'update':
      return { ...machine, config: action.config, runs: action.launch === 'start' || (action.launch === 'keep' && machine.runs) };
    case 'uncordon':
    case 'restamp':
    case 'unstamp':
      return machine;
  }
}
const newVolume = ({ app }: Held, { name, region, sizeGb }: Extract<Action, { readonly kind: 'volume' }>): ObservedVolume => ({
  ...{ id: volumeId('new'), app, name, state: 'created', region: regionCode(region), sizeGb, encrypted: true, hostStatus: 'ok' },
  ...{ attachedMachine: null, snapshotRetention: null, createdAt: instant(0) },
});
