/** The machines of one process group as the planner sees them: whose they are, what they run against what they were written with and what
 *  they should run, and whether they serve. Pure. */
import type { FieldDifference } from './change.ts';
import { hideSecrets } from './drift-record.ts';
import { hashOfConfig } from './flyconfig/owned-hash.ts';
import { diffOwned, ownedView } from './flyconfig/ownership.ts';
import { isReady } from './health.ts';
import type { ConfigHash, GroupName } from './ids.ts';
import { imageText, runsImage } from './image.ts';
import type { MachineConfig } from './machine-config.ts';
import type { ObservedApp, ObservedMachine } from './observed.ts';
import { isActive, isStarted } from './observed.ts';
import type { CompiledGroup, CompiledImage } from './revision.ts';
import { belongingOf, flyGroupOf, isFlyAppsMachine, isReserved, isStandby, type Stamp } from './stamp.ts';
import type { Instant } from './units.ts';

export interface Member {
  readonly machine: ObservedMachine;
  readonly stamp: Stamp;
  readonly copy: boolean;
  readonly standby: boolean;
  /** Null: the host is sick and the config is not to be believed. */
  readonly hash: ConfigHash | null;
  /** Runs what it should. */
  readonly current: boolean;
  /** Runs something else than it was last written with. */
  readonly drifted: boolean;
  /** Was last written with something else than it should run now. */
  readonly outdated: boolean;
  /** Against what it should run. */
  readonly differences: readonly FieldDifference[];
  /** Started, and its checks passed on this instance. */
  readonly ready: boolean;
  /** Between two states: left alone until it rests. */
  readonly moving: boolean;
  /** Why it cannot be updated in place; null when it can. */
  readonly replace: string | null;
}

const MOVING: readonly string[] = ['creating', 'starting', 'stopping', 'restarting', 'suspending', 'destroying', 'updating', 'replacing'];
/** Until the new version runs, a machine tells the image of the old one beside the config of the new. */
const TELLS_OLD_IMAGE: readonly string[] = ['updating', 'replacing'];
/** Past this, a machine between two states is taken as stuck and acted on (docs: over 10 minutes in `updating`). */
const STUCK_MS = 600_000;

export function membersOf(
  observed: ObservedApp,
  owner: string,
  group: CompiledGroup,
  image: CompiledImage | null,
  now: Instant,
  /** The secrets mark; null: none. */
  mark: number | null = null,
): readonly Member[] {
  return observed.machines.filter(isActive).flatMap((machine) => {
    const belonging = belongingOf(machine, owner);
    if (belonging.is === 'foreign' || belonging.stamp.group !== group.name || isReserved(machine)) return [];
    return [memberOf(machine, belonging.stamp, belonging.is === 'copy', { group, image, now, mark })];
  });
}
interface Wanted {
  readonly group: CompiledGroup;
  readonly image: CompiledImage | null;
  readonly now: Instant;
  readonly mark: number | null;
}
function memberOf(machine: ObservedMachine, stamp: Stamp, copy: boolean, { group, image, now, mark }: Wanted): Member {
  const base = { machine, stamp, copy, standby: isStandby(machine), ready: isReady(machine, now), moving: isMoving(machine, now) };
  if (machine.config === null || machine.hostStatus !== 'ok')
    return { ...base, hash: null, current: true, drifted: false, outdated: false, differences: [], replace: null, ready: false };
  const hash = hashOfConfig(machine.config, group.ownership);
  const imageOk = image === null || runsImage(machine, image);
  const behind = mark !== null && (stamp.secrets ?? 0) < mark;
  const current = hash === group.hash && imageOk && !behind;
  const stampImageMoved = image !== null && !(base.moving && TELLS_OLD_IMAGE.includes(machine.state)) && !runsStamped(machine, stamp);
  const drifted = hash !== stamp.hash || stampImageMoved;
  const outdated = stamp.hash !== group.hash || (image !== null && stampIsBehind(stamp, image)) || behind;
  return {
    ...base,
    hash,
    current,
    drifted,
    outdated,
    differences: current
      ? []
      : [...differencesOf(machine, machine.config, group, image, imageOk), ...(behind ? [secretsBehind(stamp, mark)] : [])],
    replace: current ? null : needsReplacement(machine, group),
  };
}
const secretsBehind = ({ secrets }: Stamp, mark: number | null): FieldDifference => ({
  pointer: 'secrets',
  from: secrets,
  to: mark,
  group: 'secret',
});
/** A stamp names the digest; where the registry had named none, the reference that was written. */
const isDigest = (text: string): boolean => text.startsWith('sha256:');
function runsStamped(machine: ObservedMachine, { image }: Stamp): boolean {
  if (image === '') return true;
  if (isDigest(image)) return machine.image.digest === undefined || machine.image.digest === image;
  return runsImage(machine, { reference: image, digest: null });
}
function stampIsBehind({ image: stamped }: Stamp, image: CompiledImage): boolean {
  if (stamped === '') return false;
  return isDigest(stamped) ? image.digest !== null && stamped !== image.digest : stamped !== image.reference;
}
const isMoving = (machine: ObservedMachine, now: Instant): boolean =>
  (MOVING.includes(machine.state) || (machine.state === 'created' && now - machine.createdAt < STUCK_MS)) &&
  now - machine.updatedAt < STUCK_MS;

function differencesOf(
  machine: ObservedMachine,
  config: MachineConfig,
  group: CompiledGroup,
  image: CompiledImage | null,
  imageOk: boolean,
): readonly FieldDifference[] {
  const fields = diffOwned(ownedView(group.config, group.ownership), ownedView(config, group.ownership)).map(hideSecrets);
  if (imageOk || image === null) return fields;
  const to = `${image.reference}${image.digest === null ? '' : ` (${image.digest.slice(0, 19)})`}`;
  return [{ pointer: '/image', from: imageText(machine.image), to, group: 'image' }, ...fields];
}
/** A machine is attached to its volume at creation only (volumes docs): another volume name, or one more, or one less, is another machine. */
function needsReplacement(machine: ObservedMachine, group: CompiledGroup): string | null {
  const has = machine.config?.mounts?.[0];
  if (has === undefined && group.mount === null) return null;
  if (has === undefined) return 'it has no volume, and a volume is attached at creation only';
  if (group.mount === null) return 'it has a volume that the configuration no longer mounts';
  return has.name === undefined || has.name === group.mount.name ? null : `its volume is ${has.name}, not ${group.mount.name}`;
}

/** Machines that are active, not ours, and not the platform's helpers. */
export function foreignMachines(observed: ObservedApp, owner: string): readonly ObservedMachine[] {
  return observed.machines.filter((machine) => isActive(machine) && !isReserved(machine) && belongingOf(machine, owner).is === 'foreign');
}
/** What `adopt: true` takes: made by the platform's CLI, for a group of this app. Machines without a group belong to the default one. */
export function adoptable(
  observed: ObservedApp,
  owner: string,
  groups: readonly CompiledGroup[],
): readonly { machine: ObservedMachine; group: CompiledGroup }[] {
  const groupsByName = new Map<GroupName, CompiledGroup>(groups.map((group) => [group.name, group]));
  const fallback = groups.find((group) => group.name === 'app') ?? groups[0];
  return foreignMachines(observed, owner).flatMap((machine) => {
    if (!isFlyAppsMachine(machine) || machine.config === null || machine.hostStatus !== 'ok' || isStamped(machine)) return [];
    const named = flyGroupOf(machine.metadata);
    const group = named === null ? fallback : groupsByName.get(named);
    return group === undefined ? [] : [{ machine, group }];
  });
}
/** Somebody's stamp: another environment's machine is never taken. */
const isStamped = (machine: ObservedMachine): boolean => machine.metadata['trimtab_owner'] !== undefined;

/** Must it be started at this moment? Standbys, scheduled machines, finished jobs and what autostop may stop need not. */
export function mustRun(member: Pick<Member, 'machine' | 'standby'>, group: Pick<CompiledGroup, 'autostop' | 'resting'>): boolean {
  const { machine, standby } = member;
  if (standby || group.resting === true || group.autostop !== 'off' || machine.config?.schedule !== undefined) return false;
  if (machine.config?.restart?.policy === 'no') {
    const exit = machine.events.find((event) => event.exit !== undefined)?.exit;
    if (!isStarted(machine) && exit !== undefined && exit.exitCode === 0) return false;
  }
  return true;
}
