/** What is held costs: lines per item in micro-dollars per hour, and a plan's cost before and after. Pure.
 *  Source: price-book.ts. The exact meter works from events; this is the rate of this moment. */
import type { Change } from './change.ts';
import type { CostLine } from './condition.ts';
import type { MachineConfig } from './machine-config.ts';
import type { ObservedAddress, ObservedApp, ObservedCertificate, ObservedMachine, ObservedVolume } from './observed.ts';
import type { PlanCost } from './plan.ts';
import { DEAREST_MARKUP, HOURS_PER_MONTH, PRICE_BOOK } from './price-book.ts';
import { DEFAULT_GUEST } from './sizes.ts';
import { type MicroUsd, microUsd } from './units.ts';

type WithMachines = Pick<ObservedApp, 'machines'>;

/** Billed for CPU and memory: it runs, or is between two states of which one does. A machine that was only made is not. */
const RUNNING: readonly string[] = ['started', 'starting', 'restarting', 'stopping', 'suspending', 'replacing', 'updating'];
const GONE: readonly string[] = ['destroyed', 'destroying', 'launch_failed', 'migrated', 'replaced'];
/** The platform does not tell the size of a root file system: what a usual image unpacks to, in GB. */
const ROOTFS_GB = 1;

export function priceMachines({ machines }: WithMachines): readonly CostLine[] {
  return machines.filter(({ state }) => !GONE.includes(state)).map(priceOfMachine);
}
function priceOfMachine({ name, region, state, config }: Pick<ObservedMachine, 'name' | 'region' | 'state' | 'config'>): CostLine {
  if (!RUNNING.includes(state)) return line('rootfs', name, perHour(ROOTFS_GB * PRICE_BOOK.rootfsGb));
  const guess = guessedOf(config, region);
  return line('compute', `${name}${guess === null ? '' : ` (estimate: ${guess})`}`, computePerHour(config ?? {}, region));
}
/** What the price rests on that is not known; null: nothing. */
function guessedOf(config: MachineConfig | null, region: string): string | null {
  if (config === null) return 'unknown size';
  const { cpu_kind: kind = 'shared', gpu_kind: gpu, gpus = 0 } = config.guest ?? {};
  if (gpu !== undefined || gpus > 0) return 'without its GPU';
  if (kind !== 'shared' && kind !== 'performance') return 'unknown size';
  return Object.hasOwn(PRICE_BOOK.regions, region) ? null : 'unknown region';
}

/** Micro-dollars per hour of a running machine. */
export function computePerHour(config: MachineConfig, region: string): MicroUsd {
  const { cpu_kind: kind, cpus = 1, memory_mb: memory = 256 } = { ...DEFAULT_GUEST, ...config.guest };
  // A kind the book does not know is priced as the dearer one.
  const cpu = kind === 'shared' ? PRICE_BOOK.sharedCpu : PRICE_BOOK.performanceCpu;
  const month = cpus * cpu + (memory / 1_024) * PRICE_BOOK.memoryGb;
  return perHour(month * (PRICE_BOOK.regions[region]?.markup ?? DEAREST_MARKUP));
}
export const priceVolumes = ({ volumes }: { readonly volumes: readonly ObservedVolume[] }): readonly CostLine[] =>
  volumes
    .filter(({ state }) => state !== 'pending_destroy' && state !== 'destroying')
    .map(({ name, id, sizeGb }) => line('volume', `${name} ${id}`, perHour(sizeGb * PRICE_BOOK.volumeGb)));

/** Only a dedicated IPv4 costs. */
export const priceAddresses = ({ addresses }: { readonly addresses: readonly ObservedAddress[] }): readonly CostLine[] =>
  addresses.filter(({ type }) => type === 'v4').map(({ ip }) => line('address', ip, perHour(PRICE_BOOK.dedicatedIpv4)));

/** At the full price: the ten free ones are the organization's, not the app's. */
export const priceCertificates = ({ certificates }: { readonly certificates: readonly ObservedCertificate[] }): readonly CostLine[] =>
  certificates.map(({ hostname }) =>
    line('certificate', hostname, perHour(hostname.startsWith('*.') ? PRICE_BOOK.wildcardCertificate : PRICE_BOOK.certificate)),
  );

/** Everything the app holds. */
export const priceApp = (observed: ObservedApp): readonly CostLine[] => [
  ...priceMachines(observed),
  ...priceVolumes(observed),
  ...priceAddresses(observed),
  ...priceCertificates(observed),
];
export const totalPerHour = (lines: readonly Pick<CostLine, 'microUsdPerHour'>[]): MicroUsd =>
  microUsd(lines.reduce((sum, { microUsdPerHour }) => sum + microUsdPerHour, 0));

/** Each step changes the rate by what it makes, takes or moves. */
export function priceOfPlan(observed: ObservedApp, steps: readonly Pick<Change, 'action'>[]): PlanCost {
  const before = totalPerHour(priceApp(observed));
  const delta = steps.reduce((sum, step) => sum + deltaOf(observed, step.action), 0);
  return { beforePerHour: before, afterPerHour: microUsd(Math.max(0, before + delta)) };
}
function deltaOf(observed: ObservedApp, action: Change['action']): number {
  switch (action.kind) {
    case 'app':
      return 0;
    case 'ip-address': {
      const rate = action.type === 'v4' ? perHour(PRICE_BOOK.dedicatedIpv4) : 0;
      return action.verb === 'create' ? rate : -rate;
    }
    case 'certificate': {
      const rate = perHour(action.hostname.startsWith('*.') ? PRICE_BOOK.wildcardCertificate : PRICE_BOOK.certificate);
      return action.verb === 'create' ? rate : -rate;
    }
    case 'volume':
      return perHour(action.sizeGb * PRICE_BOOK.volumeGb);
    case 'machine-group':
      return machineDelta(observed, action);
  }
}
function machineDelta(observed: ObservedApp, action: Extract<Change['action'], { readonly kind: 'machine-group' }>): number {
  if (action.verb === 'create')
    return action.launch === 'skip' ? perHour(PRICE_BOOK.rootfsGb) : computePerHour(action.config, action.region);
  const machine = observed.machines.find(({ id }) => id === action.machine);
  if (machine === undefined || GONE.includes(machine.state)) return 0;
  const now = priceOfMachine(machine).microUsdPerHour;
  const running = computePerHour(machine.config ?? {}, machine.region);
  switch (action.verb) {
    case 'destroy':
      return -now;
    case 'start':
      return running - now;
    case 'stop':
      return perHour(PRICE_BOOK.rootfsGb) - now;
    case 'update':
      return RUNNING.includes(machine.state) || action.launch === 'start' ? computePerHour(action.config, machine.region) - now : 0;
    case 'uncordon':
    case 'restamp':
    case 'unstamp':
      return 0;
  }
}
const perHour = (perMonth: number): MicroUsd => microUsd(perMonth / HOURS_PER_MONTH);
const line = (item: CostLine['item'], subject: string, microUsdPerHour: MicroUsd): CostLine => ({ item, subject, microUsdPerHour });
