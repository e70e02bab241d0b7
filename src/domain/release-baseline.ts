/** What is observed of an app, as a revision has it: the first last good of an app that is taken over, so that its first release has somewhere
 *  to go back to. Pure. */
import { hashOwned, ownedView } from './flyconfig/ownership.ts';
import { runningReference } from './image.ts';
import type { MachineConfig } from './machine-config.ts';
import { adoptable, membersOf } from './members.ts';
import type { ObservedApp, ObservedMachine } from './observed.ts';
import { isStarted } from './observed.ts';
import type { CompiledApp, CompiledGroup } from './revision.ts';
import { isStandby } from './stamp.ts';
import type { Instant } from './units.ts';

/** Null: nothing runs that is ours or will be. Where machines of a group differ, what most of the started ones run counts. */
export function baselineOf(app: CompiledApp, observed: ObservedApp, owner: string, now: Instant): CompiledApp | null {
  if (observed.info === null) return null;
  const found = adoptable(observed, owner, app.groups);
  const machines = (group: CompiledGroup): readonly ObservedMachine[] =>
    [
      ...membersOf(observed, owner, group, app.image, now).map(({ machine }) => machine),
      ...found.flatMap((one) => (one.group.name === group.name ? [one.machine] : [])),
    ].filter((machine) => machine.config !== null && !isStandby(machine));
  const typical = mostOf(app.groups.flatMap(machines), ({ image }) => image.digest ?? image.tag ?? '');
  if (typical === null) return null;
  const reference = runningReference(typical.image);
  return {
    ...app,
    enabled: true,
    image: reference === null ? app.image : { reference, digest: typical.image.digest ?? null },
    groups: app.groups.map((group) => observedGroup(group, machines(group))),
  };
}
function observedGroup(group: CompiledGroup, machines: readonly ObservedMachine[]): CompiledGroup {
  const regions = [...Map.groupBy(machines, ({ region }) => region)].map(([region, here]) => ({
    region,
    min: here.length,
    max: here.length,
  }));
  const live = mostOf(machines, ({ config }) => hashOwned(ownedView(config ?? {}, group.ownership)))?.config;
  if (live === undefined || live === null) return { ...group, regions: [], minMachinesRunning: 0 };
  const config: MachineConfig = { ...ownedView(live, group.ownership) };
  const services = live.services ?? [];
  return {
    ...group,
    config,
    hash: hashOwned(ownedView(config, group.ownership)),
    regions,
    minMachinesRunning: Math.max(0, ...services.map(({ min_machines_running: floor }) => floor ?? 0)),
    autostop: autostopOf(services[0]?.autostop),
  };
}
const autostopOf = (said: unknown): CompiledGroup['autostop'] =>
  said === 'suspend' ? 'suspend' : said === true || said === 'stop' ? 'stop' : 'off';
/** Of several contents the one that most machines run, started ones first. Null: there is no machine. */
function mostOf(machines: readonly ObservedMachine[], contentOf: (machine: ObservedMachine) => string): ObservedMachine | null {
  const started = machines.filter(isStarted);
  const [most] = [...Map.groupBy(started.length > 0 ? started : machines, contentOf).values()].sort((a, b) => b.length - a.length);
  return most?.[0] ?? null;
}
