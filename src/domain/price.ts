/** What is held costs: lines per item in micro-dollars per hour, and a plan's cost before and after. Pure.
 *  This is the rate of a moment; what was spent is integrated from intervals (intervals.ts). Source of prices: price-book.ts. */
import type { Change } from './change.ts';
import type { CostLine } from './condition.ts';
import type { MachineConfig } from './machine-config.ts';
import type { ObservedAddress, ObservedApp, ObservedCertificate, ObservedMachine, ObservedVolume } from './observed.ts';
import type { PlanCost } from './plan.ts';
import type { Prices } from './price-book.ts';
import { type Held, type HeldMachine, heldAfter, heldOf, isBilled, isHeld } from './price-held.ts';
import { classOfGuest, type MeteredItem, rateOf } from './rates.ts';
import { amountOf } from './ratio.ts';
import { type MicroUsd, microUsd } from './units.ts';

type WithMachines = Pick<ObservedApp, 'machines'>;

/** The platform does not tell the size of a root file system: what a usual image unpacks to, in GB. */
export const USUAL_ROOTFS_GB = 1;

const HOUR_MS = 3_600_000n;
function line(prices: Prices, item: MeteredItem, cls: string, region: string, subject: string, quantity = 1): CostLine {
  const { rate, guess } = rateOf(prices, item, cls, region);
  // Of a root file system the size is always the usual one: said in the docs, not at each line.
  const told = guess === null || item === 'rootfs' ? subject : `${subject} (estimate: ${guess})`;
  return { item: item === 'private' ? 'egress' : item, subject: told, microUsdPerHour: amountOf(rate, HOUR_MS * BigInt(quantity)) };
}
export const priceMachines = ({ machines }: WithMachines, prices: Prices): readonly CostLine[] =>
  machines.filter(isHeld).map((machine) => machineLine(machine, prices));
function machineLine(machine: Pick<ObservedMachine, 'name' | 'region' | 'state' | 'config'>, prices: Prices): CostLine {
  const { name, region, config } = machine;
  if (!isBilled(machine)) return line(prices, 'rootfs', '?', region, name, USUAL_ROOTFS_GB);
  return line(prices, 'compute', classOfGuest(config === null ? null : config.guest), region, name);
}
/** Micro-dollars per hour of a running machine. */
export const computePerHour = (config: MachineConfig, region: string, prices: Prices): MicroUsd =>
  line(prices, 'compute', classOfGuest(config.guest), region, '').microUsdPerHour;
export const restPerHour = (prices: Prices): MicroUsd => line(prices, 'rootfs', '?', '', '', USUAL_ROOTFS_GB).microUsdPerHour;

export const priceVolumes = ({ volumes }: { readonly volumes: readonly ObservedVolume[] }, prices: Prices): readonly CostLine[] =>
  volumes
    .filter(({ state }) => state !== 'pending_destroy' && state !== 'destroying')
    .map(({ name, id, region, sizeGb }) => line(prices, 'volume', 'gb', region, `${name} ${id}`, sizeGb));
/** Only a dedicated IPv4 costs. */
export const priceAddresses = ({ addresses }: { readonly addresses: readonly ObservedAddress[] }, prices: Prices): readonly CostLine[] =>
  addresses.filter(({ type }) => type === 'v4').map(({ ip }) => line(prices, 'address', 'ipv4', '', ip));
/** At the full price: the ten free ones are the organization's, not the app's. */
export const priceCertificates = (
  { certificates }: { readonly certificates: readonly Pick<ObservedCertificate, 'hostname'>[] },
  prices: Prices,
): readonly CostLine[] => certificates.map(({ hostname }) => line(prices, 'certificate', certificateClass(hostname), '', hostname));
export const certificateClass = (hostname: string): 'wildcard' | 'single' => (hostname.startsWith('*.') ? 'wildcard' : 'single');

/** Everything the app holds. */
export const priceApp = (observed: ObservedApp, prices: Prices): readonly CostLine[] => [
  ...priceMachines(observed, prices),
  ...priceVolumes(observed, prices),
  ...priceAddresses(observed, prices),
  ...priceCertificates(observed, prices),
];
export const totalPerHour = (lines: readonly Pick<CostLine, 'microUsdPerHour'>[]): MicroUsd =>
  microUsd(lines.reduce((sum, { microUsdPerHour }) => sum + microUsdPerHour, 0));

/** Process group → the share of its time (0 to 1) that a machine of it ran lately. Groups that never rest have none. */
export type RunningShares = Readonly<Record<string, number>>;

/** At the expected rate (as machines run now, and where the platform lets them rest, as much as they did lately), and as if all of them always ran. */
export function priceOfPlan(
  observed: ObservedApp,
  steps: readonly Pick<Change, 'action'>[],
  prices: Prices,
  shares: RunningShares = {},
): PlanCost {
  const before = heldOf(observed);
  const after = heldAfter(
    before,
    steps.map(({ action }) => action),
  );
  return {
    beforePerHour: heldPerHour(before, prices, shares),
    afterPerHour: heldPerHour(after, prices, shares),
    alwaysOnBeforePerHour: heldPerHour(before, prices, null),
    alwaysOnAfterPerHour: heldPerHour(after, prices, null),
  };
}
/** `shares` null: every machine runs all the time. */
function heldPerHour(held: Held, prices: Prices, shares: RunningShares | null): MicroUsd {
  const machines = held.machines.reduce((sum, machine) => sum + machinePerHour(machine, prices, shares), 0);
  return microUsd(
    machines + totalPerHour([...priceVolumes(held, prices), ...priceAddresses(held, prices), ...priceCertificates(held, prices)]),
  );
}
function machinePerHour({ config, region, runs, group }: HeldMachine, prices: Prices, shares: RunningShares | null): number {
  const running = computePerHour(config, region, prices);
  if (shares === null) return running;
  const rests = restPerHour(prices);
  const share = mayRest(config) ? shares[group] : undefined;
  if (share === undefined) return runs ? running : rests;
  return Math.round(running * share + rests * (1 - share));
}
/** The platform stops it when nobody asks for it. */
export const mayRest = ({ services = [] }: MachineConfig): boolean =>
  services.length > 0 && services.every(({ autostop }) => autostop === true || autostop === 'stop' || autostop === 'suspend');
