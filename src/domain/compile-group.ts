/** One process group: what fly.toml says, what the YAML says over it, and the rules between the two. */
import type { Complaints } from './compile-app.ts';
import type { FlyGroup } from './compile-config.ts';
import { suggest } from './desired-issues.ts';
import { type AppDocument, type GroupSpec, MAX_MACHINES, type VmSpec } from './desired-schema.ts';
import type { Path } from './desired-yaml.ts';
import { hashOwned, ownedView } from './flyconfig/ownership.ts';
import { groupName, type RegionCode, regionCode } from './ids.ts';
import type { MachineConfig, MachineGuest, MachineService } from './machine-config.ts';
import { isKnownRegion, isOpenRegion, REGIONS } from './regions.ts';
import type { CompiledGroup, Ownership, RegionCount } from './revision.ts';
import { DEFAULT_GUEST, guestFault, SIZE_NAMES, sizeToGuest } from './sizes.ts';

export function compileGroup(document: AppDocument, fly: FlyGroup, primary: RegionCode | null, complaints: Complaints): CompiledGroup {
  const spec = document.spec.groups?.[fly.name] ?? {};
  const at: Path = ['spec', 'groups', fly.name];
  const guest = spec.vm === undefined ? fly.config.guest : guestOf(spec.vm, fly.config.guest, [...at, 'vm'], complaints);
  checkServices(spec, fly.config, at, complaints);
  const config = configOf(document, spec, fly.config, guest, primary);
  const ownership: Ownership = {
    guest: fly.guestStated || spec.vm !== undefined,
    stated: fly.stated,
    ignored: ignoredOf(document, fly.name),
  };
  const regions = regionsOf(spec, primary, [...at, 'machines'], complaints);
  const listed = spec.machines !== undefined;
  return {
    name: groupName(fly.name),
    config,
    ownership,
    hash: hashOwned(ownedView(config, ownership)),
    regions,
    ...(listed ? {} : { elsewhere: 'keep' as const }),
    minMachinesRunning: floorOf(spec, config, regions, primary, at, complaints),
    autostop: autostopOf(config),
    mount: fly.mount,
  };
}

function configOf(
  { spec: app }: AppDocument,
  spec: GroupSpec,
  base: MachineConfig,
  guest: MachineGuest | undefined,
  primary: RegionCode | null,
): MachineConfig {
  const env = {
    ...base.env,
    ...app.env,
    ...spec.env,
    ...(base.env?.['FLY_PROCESS_GROUP'] === undefined ? {} : { FLY_PROCESS_GROUP: base.env['FLY_PROCESS_GROUP'] }),
    ...(primary === null ? {} : { PRIMARY_REGION: primary }),
  };
  return {
    ...base,
    ...(Object.keys(env).length === 0 ? {} : { env }),
    ...(guest === undefined ? {} : { guest }),
    ...(base.services === undefined ? {} : { services: base.services.map((service) => withScaling(service, spec)) }),
  };
}
/** In the platform's own spelling: `false`, `true`, `"suspend"`. */
const AUTOSTOP_WIRE = { off: false, stop: true, suspend: 'suspend' } as const;
const withScaling = (service: MachineService, { autostop, autostart, minMachinesRunning }: GroupSpec): MachineService => ({
  ...service,
  ...(autostop === undefined ? {} : { autostop: AUTOSTOP_WIRE[autostop] }),
  ...(autostart === undefined ? {} : { autostart }),
  ...(minMachinesRunning === undefined ? {} : { min_machines_running: minMachinesRunning }),
});
/** Of several services on a machine the least aggressive wins; unset means off. */
function autostopOf({ services = [] }: MachineConfig): CompiledGroup['autostop'] {
  const words = services.map(({ autostop }) => autostop ?? false);
  if (words.length === 0 || words.some((word) => word === false || word === 'off')) return 'off';
  return words.some((word) => word === true || word === 'stop') ? 'stop' : 'suspend';
}
function checkServices({ autostop, autostart }: GroupSpec, { services = [] }: MachineConfig, at: Path, { problem }: Complaints): void {
  if (services.length > 0) return;
  const remedy = 'add a service to fly.toml, or take it out';
  const why = 'has no effect: the proxy starts and stops machines of services only';
  if (autostop !== undefined && autostop !== 'off') problem([...at, 'autostop'], 'no-service', `autostop: ${autostop} ${why}`, remedy);
  if (autostart === true) problem([...at, 'autostart'], 'no-service', `autostart ${why}`, remedy);
}

function guestOf(vm: VmSpec, stated: MachineGuest | undefined, at: Path, { problem }: Complaints): MachineGuest {
  const preset = vm.size === undefined ? null : sizeToGuest(vm.size);
  if (vm.size !== undefined && preset === null) {
    problem([...at, 'size'], 'unknown-size', `there is no size ${vm.size}`, suggest(vm.size, SIZE_NAMES));
    return stated ?? DEFAULT_GUEST;
  }
  const base = preset === null ? (stated ?? DEFAULT_GUEST) : { ...stated, ...preset };
  const guest: MachineGuest = {
    ...base,
    ...(vm.cpuKind === undefined ? {} : { cpu_kind: vm.cpuKind }),
    ...(vm.cpus === undefined ? {} : { cpus: vm.cpus }),
    ...(vm.memory === undefined ? {} : { memory_mb: vm.memory }),
  };
  const fault = guestFault(guest);
  if (fault !== null) problem(at, 'invalid-size', fault, 'change size, cpus or memory so that they fit');
  return guest;
}

/** The primary region first, then as written: where a machine goes that finds no room. */
function regionsOf({ machines }: GroupSpec, primary: RegionCode | null, at: Path, complaints: Complaints): readonly RegionCount[] {
  // Counts that git does not state are not managed: one or more where the app is at home, and all there are elsewhere.
  if (machines === undefined) return primary === null ? [] : [{ region: primary, min: 1, max: MAX_MACHINES }];
  const counts = Object.entries(machines).map(([region, count]) => {
    checkRegion(region, [...at, region], complaints);
    return { region: regionCode(region), ...(typeof count === 'number' ? { min: count, max: count } : count) };
  });
  return [...counts.filter(({ region }) => region === primary), ...counts.filter(({ region }) => region !== primary)];
}
function checkRegion(region: string, at: Path, { problem, warning }: Complaints): void {
  if (!isKnownRegion(region)) problem(at, 'unknown-region', `there is no region ${region}`, suggest(region, REGIONS), 'key');
  else if (!isOpenRegion(region)) {
    warning(at, 'closed-region', `region ${region} takes no new machines`, 'choose another region before these machines have to move');
  }
}

/** What the YAML says must be possible; what fly.toml says is lowered to what is. */
function floorOf(
  spec: GroupSpec,
  config: MachineConfig,
  regions: readonly RegionCount[],
  primary: RegionCode | null,
  at: Path,
  { problem, warning }: Complaints,
): number {
  const room = regions.find(({ region }) => region === primary)?.max ?? 0;
  const stated = spec.minMachinesRunning;
  const floor = stated ?? Math.max(0, ...(config.services ?? []).map((service) => service.min_machines_running ?? 0));
  if (floor <= room) return floor;
  const where = primary === null ? 'there is no primary region, where the floor counts' : `${primary}, where the floor counts, has ${room}`;
  const remedy = primary === null ? 'set primaryRegion' : `raise machines.${primary} to ${floor}, or lower minMachinesRunning`;
  if (stated !== undefined)
    problem([...at, 'minMachinesRunning'], 'min-above-count', `minMachinesRunning is ${floor}, but ${where}`, remedy);
  else warning([...at, 'machines'], 'min-above-count', `fly.toml keeps ${floor} machines running, but ${where}`, remedy);
  return room;
}

const ignoredOf = ({ spec }: AppDocument, group: string): readonly string[] =>
  [
    ...new Set(
      (spec.ignoreDifferences ?? []).filter((one) => one.group === undefined || one.group === group).flatMap(({ fields }) => fields),
    ),
  ].sort();
