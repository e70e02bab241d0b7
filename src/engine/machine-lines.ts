/** The machines of an app as a person looks at them; kept by the process that looks after the app, never stored. */
import { isActive, type ObservedApp } from '#domain/observed.ts';
import { belongingOf, flyGroupOf } from '#domain/stamp.ts';

export interface MachineLine {
  readonly id: string;
  readonly name: string;
  readonly group: string | null;
  readonly region: string;
  readonly state: string;
  readonly cordoned: boolean;
  /** `repository:tag`. */
  readonly image: string;
  readonly version: string;
  readonly checks: readonly { readonly name: string; readonly status: string }[];
  readonly belongs: 'own' | 'copy' | 'foreign';
  readonly updatedAt: number;
}
export function machineLines(observed: ObservedApp, owner: string): readonly MachineLine[] {
  return observed.machines.filter(isActive).map((machine) => ({
    id: machine.id,
    name: machine.name,
    group: flyGroupOf(machine.metadata),
    region: machine.region,
    state: machine.state,
    cordoned: machine.cordoned,
    image: `${machine.image.repository}:${machine.image.tag ?? machine.image.digest?.slice(0, 19) ?? '?'}`,
    version: machine.instanceId,
    checks: machine.checks.map(({ name, status }) => ({ name, status })),
    belongs: belongingOf(machine, owner).is,
    updatedAt: machine.updatedAt,
  }));
}
