/** What left git: a group, an app, or an app switched off. Machines go by the rules of prune; volumes, addresses, certificates and the app
 *  stay. Pure. */
import type { Cause, Change } from './change.ts';
import type { Finding, PlanContext } from './finding.ts';
import { NOTHING } from './finding.ts';
import type { ObservedMachine } from './observed.ts';
import { isActive } from './observed.ts';
import { belongingOf, isReserved, type Stamp } from './stamp.ts';

/** Own machines of groups that git no longer names; all of them when the app is switched off or gone. */
export function planOrphans(context: PlanContext, gone: boolean): Finding {
  const { app, observed, owner } = context;
  const groups = new Set<string>(app.groups.map(({ name }) => name));
  const off = !app.enabled;
  const found = observed.machines.filter(isActive).flatMap((machine) => {
    const belonging = belongingOf(machine, owner);
    if (belonging.is === 'foreign' || isReserved(machine)) return [];
    return gone || off || !groups.has(belonging.stamp.group) ? [{ machine, stamp: belonging.stamp }] : [];
  });
  const why = gone ? 'its app left git' : off ? 'its app is switched off (enabled: false)' : 'its group left git';
  return { ...NOTHING, now: found.map(({ machine, stamp }) => goes(context, machine, stamp, off && !gone ? 'change' : 'prune', why)) };
}
function goes(context: PlanContext, machine: ObservedMachine, stamp: Stamp, cause: Cause, why: string): Change {
  const volume = context.observed.volumes.find(({ attachedMachine }) => attachedMachine === machine.id) ?? null;
  const guarded = cause === 'change' && context.environment.protection === 'production';
  return {
    app: context.app.app,
    subject: machine.name,
    action: { kind: 'machine-group', verb: 'destroy', machine: machine.id, instance: machine.instanceId, volume: volume?.id ?? null },
    cause,
    urgent: false,
    fields: [{ pointer: 'count', from: 1, to: 0, group: 'count' }],
    why: `destroy ${machine.name}: ${why}`,
    group: stamp.group,
    region: machine.region,
    restarts: false,
    destroys: true,
    downtime: cause === 'change',
    needsApproval:
      volume !== null
        ? `machine ${machine.name} (${machine.id}) holds volume ${volume.id}`
        : guarded
          ? `${machine.name} goes under protection: production`
          : null,
  };
}
