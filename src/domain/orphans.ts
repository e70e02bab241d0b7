/** What left git: a group, an app, or an app switched off. Machines go by the rules of prune; volumes, addresses, certificates and the app
 *  stay. Pure. */
import type { Cause, Change } from './change.ts';
import type { Finding, PlanContext } from './finding.ts';
import { NOTHING } from './finding.ts';
import type { ObservedMachine } from './observed.ts';
import { isActive, isStarted } from './observed.ts';
import { belongingOf, isQuarantined, isReserved, type Stamp } from './stamp.ts';

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
  const { app, environment, now } = context;
  // What left git and rests already disturbs nobody when it goes.
  const guarded = environment.protection === 'production' && (cause === 'change' || isStarted(machine));
  const at = { kind: 'machine-group', machine: machine.id, instance: machine.instanceId } as const;
  const rests = cause === 'prune' && app.sync.prune.quarantine === true && !isQuarantined(machine);
  const protect = guarded ? `${machine.name} goes under protection: production` : null;
  const fields: Change['fields'] = rests
    ? [{ pointer: 'state', from: machine.state, to: 'quarantine', group: 'state' }]
    : [{ pointer: 'count', from: 1, to: 0, group: 'count' }];
  return {
    app: app.app,
    subject: machine.name,
    action: rests ? { ...at, verb: 'quarantine', since: now } : { ...at, verb: 'destroy', volume: volume?.id ?? null },
    cause,
    urgent: false,
    fields,
    why: rests ? `put ${machine.name} in quarantine (stopped, cordoned, marked): ${why}` : `destroy ${machine.name}: ${why}`,
    group: stamp.group,
    region: machine.region,
    restarts: false,
    destroys: !rests,
    downtime: rests || cause === 'change',
    needsApproval: volume !== null && !rests ? `machine ${machine.name} (${machine.id}) holds volume ${volume.id}` : protect,
  };
}
