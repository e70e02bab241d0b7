/** The machines of an app as a person looks at them; kept by the process that looks after the app, never stored. */
import { isActive, type ObservedApp } from '#domain/observed.ts';
import { belongingOf, flyGroupOf, isQuarantined, QUARANTINE_KEY } from '#domain/stamp.ts';

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
  /** Of its stamp; null: it has none. */
  readonly revision: string | null;
  readonly digest: string | null;
  /** The platform's secrets version it was written with; null: none, or no stamp. */
  readonly secrets: number | null;
  /** Since when it rests in quarantine, as its mark says; null: it does not. */
  readonly quarantine: string | null;
  readonly belongs: 'own' | 'copy' | 'foreign';
  readonly updatedAt: number;
}
export function machineLines(observed: ObservedApp, owner: string): readonly MachineLine[] {
  return observed.machines.filter(isActive).map((machine) => {
    const belonging = belongingOf(machine, owner);
    const stamp = belonging.is === 'foreign' ? null : belonging.stamp;
    return {
      id: machine.id,
      name: machine.name,
      group: flyGroupOf(machine.metadata),
      region: machine.region,
      state: machine.state,
      cordoned: machine.cordoned,
      image: `${machine.image.repository}:${machine.image.tag ?? machine.image.digest?.slice(0, 19) ?? '?'}`,
      version: machine.instanceId,
      checks: machine.checks.map(({ name, status }) => ({ name, status })),
      revision: stamp?.revision ?? null,
      digest: machine.image.digest ?? null,
      secrets: stamp?.secrets ?? null,
      quarantine: isQuarantined(machine) ? (machine.metadata[QUARANTINE_KEY] ?? null) : null,
      belongs: belonging.is,
      updatedAt: machine.updatedAt,
    };
  });
}
