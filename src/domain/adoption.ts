/** Taking over what was made by hand: stamps only, by the metadata endpoint; nothing restarts. Once per app. Pure. */
import type { Change } from './change.ts';
import type { Finding, PlanContext } from './finding.ts';
import { intentFor, NOTHING } from './finding.ts';
import { hashOwned, ownedView } from './flyconfig/ownership.ts';
import { adoptable } from './members.ts';
import { isActive, type ObservedMachine } from './observed.ts';
import type { CompiledGroup } from './revision.ts';
import { belongingOf, isReserved } from './stamp.ts';

/** Null: nothing to take over, plan as usual. An interrupted adoption goes on: `settling` was noted before its first write. */
export function planAdoption(context: PlanContext): Finding | null {
  const { app, observed, owner, memory } = context;
  const own = observed.machines.filter(
    (machine) => isActive(machine) && !isReserved(machine) && belongingOf(machine, owner).is !== 'foreign',
  );
  const once = own.length === 0 ? !memory.adopted : memory.settling && !memory.adopted;
  const returned = memory.excluded ? returning(context, own) : [];
  if (returned.length > 0) return { ...NOTHING, now: returned };
  const found = adoptable(observed, owner, app.groups);
  if (!once || found.length === 0) return null;
  if (!app.adopt)
    return {
      ...NOTHING,
      holds: [
        {
          reason: 'ForeignMachines',
          app: app.app,
          subject: null,
          message: `${found.length} machine(s) made by hand run here (${found.map(({ machine }) => machine.name).join(', ')}); no second set is made beside them`,
          until: null,
          change: null,
        },
      ],
    };
  return { ...NOTHING, now: found.map(({ machine, group }) => adoptChange(context, machine, group)) };
}
/** What was excluded is stamped with what runs now: anybody may have changed it meanwhile, and nothing of that is put back. */
function returning(context: PlanContext, own: readonly ObservedMachine[]): readonly Change[] {
  const { app, owner } = context;
  return own.flatMap((machine) => {
    const belonging = belongingOf(machine, owner);
    const group = app.groups.find(({ name }) => belonging.is === 'own' && name === belonging.stamp.group);
    if (belonging.is !== 'own' || group === undefined || machine.config === null) return [];
    const { hash, image } = belonging.stamp;
    // A stamp without a digest says nothing about the image.
    const sameImage = !image.startsWith('sha256:') || image === machine.image.digest;
    const same = sameImage && hash === hashOwned(ownedView(machine.config, group.ownership));
    return same ? [] : [adoptChange(context, machine, group)];
  });
}
function adoptChange(context: PlanContext, machine: ObservedMachine, group: CompiledGroup): Change {
  const stamp = {
    owner: context.owner,
    app: context.app.app,
    group: group.name,
    name: machine.name,
    hash: hashOwned(ownedView(machine.config ?? {}, group.ownership)),
    image: machine.image.digest ?? '',
    secrets: null,
    revision: context.revision,
    generation: context.generation,
    intent: intentFor(context.seed, `${context.app.app}/machine-group/${machine.name}`),
  };
  return {
    app: context.app.app,
    subject: machine.name,
    action: { kind: 'machine-group', verb: 'restamp', machine: machine.id, instance: machine.instanceId, stamp },
    cause: 'adoption',
    urgent: false,
    fields: [],
    why: `take over ${machine.name} as it is (no restart)`,
    group: group.name,
    region: machine.region,
    restarts: false,
    destroys: false,
    downtime: false,
    needsApproval: null,
  };
}
