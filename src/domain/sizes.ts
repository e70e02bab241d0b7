/** The platform's machine sizes and the rules between kind, CPUs and memory. Source: its public presets and the checks of its own client, 2026-08. */
import type { MachineGuest } from './machine-config.ts';

interface CpuKind {
  readonly preset: string;
  readonly presetCpus: readonly number[];
  readonly cpus: readonly number[];
  /** Of the preset, and the least, per CPU. */
  readonly memoryMb: number;
  readonly maxMemoryMb: number;
  readonly stepMb: number;
}
const KINDS: Readonly<Record<string, CpuKind>> = {
  shared: {
    preset: 'shared-cpu',
    presetCpus: [1, 2, 4, 6, 8],
    cpus: [1, 2, 4, 6, 8],
    memoryMb: 256,
    maxMemoryMb: 2_048,
    stepMb: 256,
  },
  performance: {
    preset: 'performance',
    presetCpus: [1, 2, 4, 6, 8, 10, 12, 14, 16],
    cpus: [1, 2, 4, 6, 8, 10, 12, 14, 16, 32, 64, 128],
    memoryMb: 2_048,
    maxMemoryMb: 8_192,
    stepMb: 1_024,
  },
};
const PRESETS: ReadonlyMap<string, MachineGuest> = new Map(
  Object.entries(KINDS).flatMap(([kind, { preset, presetCpus, memoryMb }]) =>
    presetCpus.map((cpus): readonly [string, MachineGuest] => [`${preset}-${cpus}x`, { cpu_kind: kind, cpus, memory_mb: cpus * memoryMb }]),
  ),
);
export const SIZE_NAMES: readonly string[] = [...PRESETS.keys()];
export const DEFAULT_GUEST: MachineGuest = { cpu_kind: 'shared', cpus: 1, memory_mb: 256 };
/** Null: no such preset. */
export const sizeToGuest = (size: string): MachineGuest | null => PRESETS.get(size) ?? null;

/** Why the platform would refuse this guest; null when it would not. Kinds it does not know are left to the platform. */
export function guestFault(guest: MachineGuest): string | null {
  const { cpu_kind: name = 'shared', cpus = 1, memory_mb: memory } = guest;
  const kind = KINDS[name];
  if (kind === undefined) return null;
  if (!kind.cpus.includes(cpus)) return `${name} machines have ${kind.cpus.join(', ')} CPUs, not ${cpus}`;
  const [least, most] = [cpus * kind.memoryMb, cpus * kind.maxMemoryMb];
  if (memory === undefined || (memory >= least && memory <= most && memory % kind.stepMb === 0)) return null;
  return `${cpus} ${name} CPUs take ${least} to ${most} MB in steps of ${kind.stepMb}, not ${memory}`;
}
