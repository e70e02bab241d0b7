/** Volumes. Several may share a name: identified by their attachment, and until then by the id they were made with. Made when a machine of a
 *  group with a mount is missing and no volume is free; reused; never deleted. */
import type { Change } from '#domain/change.ts';
import type { PlatformError } from '#domain/errors.ts';
import type { Finding, PlanContext } from '#domain/finding.ts';
import { isSettledAt, NOTHING } from '#domain/finding.ts';
import { countGroup } from '#domain/group-counts.ts';
import type { RegionCode } from '#domain/ids.ts';
import { isActive } from '#domain/observed.ts';
import { priceVolumes } from '#domain/price.ts';
import type { Result } from '#domain/result.ts';
import { ok } from '#domain/result.ts';
import type { CompiledGroup, CompiledMount } from '#domain/revision.ts';
import { membersIn } from '#domain/secret-mark.ts';
import type { FlyDep } from '#platform/fly/port.ts';
import type { Kind, Receipt, StepOf } from './kind.ts';

export const volume: Kind<'volume'> = {
  name: 'volume',
  rank: 3,
  owned: ['name', 'region'],
  plan: (context) => {
    if (context.observed.info === null || !context.app.enabled) return NOTHING;
    return { ...NOTHING, now: context.app.groups.flatMap((group) => missingVolumes(context, group)) };
  },
  undo: () => null,
  repeatable: () => false,
  price: priceVolumes,
  observe: async ({ fly }, app, signal) => {
    const volumes = await fly.listVolumes(app, signal);
    return volumes.ok ? ok({ volumes: volumes.value }) : volumes;
  },
  find: (ports, step, _since, signal) => findVolume(ports, step, signal),
  apply: async (ports, step, signal) => {
    // Names are not unique: a second call would make a second one.
    const there = await findVolume(ports, step, signal);
    if (!there.ok) return there;
    if (there.value !== null) return ok(there.value);
    const { app, action } = step;
    const made = await ports.fly.createVolume(
      app,
      {
        name: action.name,
        region: action.region,
        sizeGb: action.sizeGb,
        encrypted: true,
        requireUniqueZone: action.requireUniqueZone,
        ...(action.snapshotRetention === null ? {} : { snapshotRetention: action.snapshotRetention }),
        ...(action.autoBackup === null ? {} : { autoBackup: action.autoBackup }),
        ...(action.compute === null ? {} : { compute: action.compute }),
      },
      signal,
    );
    return made.ok ? ok({ id: made.value.id }) : made;
  },
};

/** One more than were known before. */
async function findVolume(
  { fly }: FlyDep,
  { app, action }: StepOf<'volume'>,
  signal: AbortSignal,
): Promise<Result<Receipt | null, PlatformError>> {
  const listed = await fly.listVolumes(app, signal);
  if (!listed.ok) return listed;
  const fresh = listed.value.find(({ id, name, region }) => name === action.name && region === action.region && !action.known.includes(id));
  return ok(fresh === undefined ? null : { id: fresh.id });
}

/** A volume in any other state but `created` will be usable again: being made, restored, extended, or in a state nobody has named yet. */
const GOING: readonly string[] = ['scheduling_destroy', 'pending_destroy', 'destroying', 'destroyed', 'failed'];
/** One per region and pass: which one is new stays certain after a crash. */
function missingVolumes(context: PlanContext, group: CompiledGroup): Finding['now'] {
  const { mount } = group;
  if (mount === null) return [];
  const members = membersIn(context, group);
  const { regions } = countGroup(group, members, context.memory, context.now);
  const active = new Set<string>(context.observed.machines.filter(isActive).map(({ id }) => id));
  return regions.flatMap(({ region, missing }) => {
    const here = context.observed.volumes.filter((seen) => seen.name === mount.name && seen.region === region);
    const free = here.filter(
      ({ attachedMachine, state, hostStatus }) => attachedMachine === null && state === 'created' && hostStatus === 'ok',
    );
    const coming = here.some(({ attachedMachine, state }) => attachedMachine === null && state !== 'created' && !GOING.includes(state));
    // Attached to a machine that is going: free in a moment.
    const leaving = here.filter(
      ({ attachedMachine, hostStatus }) => attachedMachine !== null && !active.has(attachedMachine) && hostStatus === 'ok',
    );
    if (missing <= free.length + leaving.length || coming) return [];
    return [volumeChange(context, group, mount, region, here)];
  });
}
function volumeChange(
  context: PlanContext,
  group: CompiledGroup,
  mount: CompiledMount,
  region: RegionCode,
  here: PlanContext['observed']['volumes'],
): Change {
  const drift = isSettledAt(context);
  return {
    app: context.app.app,
    subject: `${mount.name}/${region}`,
    action: {
      kind: 'volume',
      verb: 'create',
      name: mount.name,
      region,
      sizeGb: mount.initialSizeGb,
      snapshotRetention: mount.snapshotRetention,
      autoBackup: mount.scheduledSnapshots,
      compute: group.config.guest ?? null,
      requireUniqueZone: here.length > 0,
      known: here.map(({ id }) => id),
    },
    cause: drift ? 'drift' : 'change',
    urgent: drift,
    fields: [],
    why: `make volume ${mount.name} (${mount.initialSizeGb} GB) in ${region}: none is free`,
    group: group.name,
    region,
    restarts: false,
    destroys: false,
    downtime: false,
    needsApproval: null,
  };
}
