/** The whole body of a machine write: owned fields from git, everything else from the machine as it is, then image, stamp and release. Pure. */
import type { MachineCreate, MachineUpdate } from './change.ts';
import type { PlanContext } from './finding.ts';
import { intentFor } from './finding.ts';
import { applyOwned } from './flyconfig/ownership.ts';
import type { Digest, IntentId } from './ids.ts';
import { pinnedReference, runningReference } from './image.ts';
import type { MachineConfig, MachineMount } from './machine-config.ts';
import type { ObservedMachine, ObservedVolume } from './observed.ts';
import type { CompiledGroup, CompiledImage } from './revision.ts';
import { newestOf } from './secret-mark.ts';
import { PLATFORM_VERSION_KEY, PROCESS_GROUP_KEY, type Stamp, stampToMetadata } from './stamp.ts';

/** What is written into `config.image`, and the digest it stands for (null: the registry named none). */
export interface WantedImage {
  readonly reference: string;
  readonly digest: Digest | null;
}
/** Git's image; where git names none, what the group or the app runs already. */
export function wantedImage(image: CompiledImage | null, running: readonly Pick<ObservedMachine, 'image'>[]): WantedImage | null {
  if (image !== null) return { reference: pinnedReference(image), digest: image.digest };
  for (const machine of running) {
    const reference = runningReference(machine.image);
    if (reference !== null) return { reference, digest: machine.image.digest ?? null };
  }
  return null;
}
/** `secrets`: the version the machine was, or is to be, started with. */
export function stampFor(
  context: PlanContext,
  group: CompiledGroup,
  name: string,
  image: WantedImage,
  intent: IntentId,
  secrets: number | null,
): Stamp {
  return {
    owner: context.owner,
    app: context.app.app,
    group: group.name,
    name,
    hash: group.hash,
    image: image.digest ?? image.reference,
    secrets,
    revision: context.revision,
    generation: context.generation,
    intent,
  };
}
/** The platform release a machine belongs to, as the CLI writes it: `fly status` shows it as the version. */
export function releaseMetadata(context: PlanContext): Readonly<Record<string, string>> {
  const current = context.observed.currentRelease;
  const release = context.memory.release ?? context.memory.lastRelease ?? current;
  return release === null ? {} : { fly_release_id: release.id, fly_release_version: String(release.version) };
}
function finish(
  context: PlanContext,
  group: CompiledGroup,
  config: MachineConfig,
  image: WantedImage,
  stamp: Stamp,
  release: boolean,
): MachineConfig {
  return {
    ...config,
    image: image.reference,
    metadata: {
      ...config.metadata,
      [PLATFORM_VERSION_KEY]: 'v2',
      [PROCESS_GROUP_KEY]: group.name,
      ...(release ? releaseMetadata(context) : {}),
      ...stampToMetadata(stamp),
    },
  };
}
export function createAction(
  context: PlanContext,
  group: CompiledGroup,
  image: WantedImage,
  place: { readonly name: string; readonly region: MachineCreate['region']; readonly volume: ObservedVolume | null },
): MachineCreate {
  const intent = intentFor(context.seed, `${context.app.app}/machine-group/${place.name}`);
  const stamp = stampFor(context, group, place.name, image, intent, newestOf(context));
  const owned = applyOwned(null, group.config, group.ownership);
  const volume = place.volume?.id;
  const mounts = volume === undefined ? owned.mounts : owned.mounts?.map((mount): MachineMount => ({ ...mount, volume }));
  const config = finish(context, group, mounts === undefined ? owned : { ...owned, mounts }, image, stamp, true);
  return { kind: 'machine-group', verb: 'create', name: place.name, region: place.region, config, stamp, launch: 'start' };
}
/** Also made by the executor again, from the machine as it is under the lease. */
export function updateAction(
  context: PlanContext,
  group: CompiledGroup,
  image: WantedImage,
  machine: ObservedMachine,
  options: { readonly launch: MachineUpdate['launch']; readonly release: boolean },
): MachineUpdate {
  const intent = intentFor(context.seed, `${context.app.app}/machine-group/${machine.name}`);
  const stamp = stampFor(context, group, machine.name, image, intent, newestOf(context));
  const config = finish(context, group, applyOwned(machine.config, group.config, group.ownership), image, stamp, options.release);
  return {
    kind: 'machine-group',
    verb: 'update',
    machine: machine.id,
    instance: machine.instanceId,
    config,
    stamp,
    launch: options.launch,
  };
}
