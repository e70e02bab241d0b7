/** What a change of the desired state would cost, without making it: `--set backend.memory=1gb`, `--set client/app.machines=nrt:3`. Pure. */

import { regionCode } from './ids.ts';
import type { MachineConfig, MachineGuest } from './machine-config.ts';
import { computePerHour, type RunningShares, restPerHour } from './price.ts';
import type { Prices } from './price-book.ts';
import { rateOf } from './rates.ts';
import { amountOf } from './ratio.ts';
import { isKnownRegion } from './regions.ts';
import { err, ok, type Result } from './result.ts';
import type { CompiledApp, CompiledGroup } from './revision.ts';
import { guestFault, SIZE_NAMES, sizeToGuest } from './sizes.ts';
import { type MicroUsd, microUsd } from './units.ts';

export interface AppCost {
  readonly name: string;
  readonly expectedPerHour: MicroUsd;
  readonly alwaysOnPerHour: MicroUsd;
}
const HOUR_MS = 3_600_000n;
/** Of what git asks for: the least number of machines of a range, and of what may rest as much as it ran lately (all of it where that is unknown). */
export function costOfApp(app: CompiledApp, prices: Prices, shares: RunningShares): AppCost {
  let [expected, always] = [0, 0];
  if (!app.excluded && app.enabled)
    for (const group of app.groups)
      for (const { region, min } of group.regions) {
        const running = computePerHour(group.config, region, prices);
        const share = group.autostop === 'off' ? 1 : (shares[group.name] ?? 1);
        const floor = group.autostop === 'off' || region !== app.primaryRegion ? 0 : Math.min(min, group.minMachinesRunning);
        expected += running * (floor + (min - floor) * share) + restPerHour(prices) * (min - floor) * (1 - share);
        always += running * min;
        if (group.mount === null) continue;
        const volume = amountOf(rateOf(prices, 'volume', 'gb', region).rate, HOUR_MS * BigInt(group.mount.initialSizeGb)) * min;
        expected += volume;
        always += volume;
      }
  return { name: app.name, expectedPerHour: microUsd(expected), alwaysOnPerHour: microUsd(always) };
}

const SETTING = /^([a-z0-9-]+)(?:\/([A-Za-z0-9_-]+))?\.([A-Za-z]+)=(.+)$/;
const FIELDS = ['machines', 'memory', 'size', 'cpus', 'autostop', 'minMachinesRunning', 'enabled', 'volume'] as const;
/** The apps as they would be. Fails with one sentence that names what is wrong. */
export function withSettings(apps: readonly CompiledApp[], settings: readonly string[]): Result<readonly CompiledApp[], string> {
  let all = apps;
  for (const setting of settings) {
    const [, name = '', group, field = '', value = ''] = SETTING.exec(setting) ?? [];
    const app = all.find((one) => one.name === name || one.app === name);
    if (name === '') return err(`${setting}: expected app.field=value, with one of ${FIELDS.join(', ')}`);
    if (app === undefined) return err(`${setting}: there is no app ${name}; known: ${apps.map((one) => one.name).join(', ') || 'none'}`);
    const changed = appWith(app, group ?? null, field, value);
    if (!changed.ok) return err(`${setting}: ${changed.error}`);
    all = all.map((one) => (one === app ? changed.value : one));
  }
  return ok(all);
}
function appWith(app: CompiledApp, name: string | null, field: string, value: string): Result<CompiledApp, string> {
  if (field === 'enabled')
    return value === 'true' || value === 'false'
      ? ok({ ...app, enabled: value === 'true', excluded: false })
      : err('expected true or false');
  if (name !== null && !app.groups.some((group) => group.name === name))
    return err(`there is no group ${name}; known: ${app.groups.map((group) => group.name).join(', ')}`);
  const groups: CompiledGroup[] = [];
  for (const group of app.groups) {
    const next = name === null || group.name === name ? groupWith(app, group, field, value) : ok(group);
    if (!next.ok) return next;
    groups.push(next.value);
  }
  return ok({ ...app, groups });
}
function groupWith(app: CompiledApp, group: CompiledGroup, field: string, value: string): Result<CompiledGroup, string> {
  switch (field) {
    case 'machines':
      return machinesWith(app, group, value);
    case 'memory':
    case 'size':
    case 'cpus':
      return guestWith(group, field, value);
    case 'autostop':
      return value === 'off' || value === 'stop' || value === 'suspend'
        ? ok({ ...group, autostop: value })
        : err('expected off, stop or suspend');
    case 'minMachinesRunning':
      return wholeNumber(value, (count) => ({ ...group, minMachinesRunning: count }));
    case 'volume':
      return group.mount === null
        ? err(`${group.name} has no volume`)
        : wholeNumber(value.replace(/gb$/i, ''), (size) => ({
            ...group,
            mount: group.mount === null ? null : { ...group.mount, initialSizeGb: size },
          }));
    default:
      return err(`there is no field ${field}; known: ${FIELDS.join(', ')}`);
  }
}
function wholeNumber<T>(text: string, make: (value: number) => T): Result<T, string> {
  return /^\d{1,6}$/.test(text) ? ok(make(Number(text))) : err('expected a whole number');
}
/** `3`, or `nrt:2,fra:1`. */
function machinesWith({ primaryRegion }: CompiledApp, group: CompiledGroup, value: string): Result<CompiledGroup, string> {
  const regions = [];
  for (const part of value.split(',')) {
    const [first = '', second] = part.split(':');
    const [region, count] = second === undefined ? [group.regions[0]?.region ?? primaryRegion ?? '', first] : [first, second];
    if (!isKnownRegion(region)) return err(`the platform has no region ${region}`);
    if (!/^\d{1,4}$/.test(count)) return err('expected a number of machines, or region:number');
    regions.push({ region: regionCode(region), min: Number(count), max: Number(count) });
  }
  return ok({ ...group, regions });
}
function guestWith(group: CompiledGroup, field: 'memory' | 'size' | 'cpus', value: string): Result<CompiledGroup, string> {
  const guest: MachineGuest = group.config.guest ?? {};
  const next =
    field === 'size' ? sizeToGuest(value) : field === 'cpus' ? { ...guest, cpus: Number(value) } : { ...guest, memory_mb: memoryOf(value) };
  if (next === null) return err(`there is no size ${value}; known: ${SIZE_NAMES.join(', ')}`);
  const fault = Object.values(next).some((part) => Number.isNaN(part))
    ? `expected ${field === 'cpus' ? 'a number of CPUs' : 'memory such as 512mb or 2gb'}`
    : guestFault(next);
  const config: MachineConfig = { ...group.config, guest: next };
  return fault === null ? ok({ ...group, config }) : err(fault);
}
function memoryOf(text: string): number {
  const [, amount, unit = 'mb'] = /^(\d+)(mb|gb)?$/i.exec(text) ?? [];
  return amount === undefined ? Number.NaN : Number(amount) * (unit.toLowerCase() === 'gb' ? 1_024 : 1);
}
