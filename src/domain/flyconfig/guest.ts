/** `[[vm]]` → the guest of a machine. */
import type { Complaints } from '#domain/compile-app.ts';
import { suggest } from '#domain/desired-issues.ts';
import type { Path } from '#domain/desired-yaml.ts';
import type { MachineGuest } from '#domain/machine-config.ts';
import { guestFault, SIZE_NAMES, sizeToGuest } from '#domain/sizes.ts';
import { defined, filled, nonEmpty } from './defined.ts';
import type { FlyVm } from './schema.ts';
import { memoryMb } from './size.ts';

const GPU_MACHINE = { gpus: 1, cpu_kind: 'performance', cpus: 8, memory_mb: 32_768 };
const GPU_SIZES: Readonly<Record<string, MachineGuest>> = {
  'a100-40gb': { ...GPU_MACHINE, gpu_kind: 'a100-pcie-40gb' },
  'a100-80gb': { ...GPU_MACHINE, gpu_kind: 'a100-sxm4-80gb' },
  l40s: { ...GPU_MACHINE, gpu_kind: 'l40s' },
  a10: { ...GPU_MACHINE, gpu_kind: 'a10' },
};
const USUAL = 'shared-cpu-1x';
const USUAL_WITH_GPU = 'performance-8x';

/** Size first, then memory, then what is stated one by one. */
export function guestOf(vm: FlyVm, hostDedicationId: string | undefined, at: Path, { problem, warning }: Complaints): MachineGuest {
  const size = filled(vm.size) ?? (filled(vm.gpu_kind) === undefined ? USUAL : USUAL_WITH_GPU);
  const preset = sizeToGuest(size) ?? GPU_SIZES[size];
  if (preset === undefined) problem([...at, 'size'], 'unknown-size', `there is no size ${size}`, suggest(size, SIZE_NAMES));
  const memory = filled(vm.memory) === undefined ? undefined : (memoryMb(vm.memory ?? '') ?? undefined);
  const guest: MachineGuest = {
    ...preset,
    ...defined({
      cpu_kind: filled(vm.cpu_kind),
      cpus: filled(vm.cpus),
      memory_mb: filled(vm.memory_mb) ?? memory ?? preset?.memory_mb,
      max_memory_mb: filled(vm.max_memory_mb),
      gpus: filled(vm.gpus),
      gpu_kind: filled(vm.gpu_kind),
      host_dedication_id: filled(vm.host_dedication_id) ?? filled(hostDedicationId),
      persist_rootfs: vm.persist_rootfs === 'none' ? undefined : filled(vm.persist_rootfs),
      kernel_args: nonEmpty(vm.kernel_args),
    }),
  };
  const gpu = guest.gpu_kind !== undefined || guest.gpus !== undefined;
  if (gpu)
    warning(
      at,
      'not-supported',
      'machines with a GPU are written as stated, but neither checked nor priced',
      'leave this app to the CLI (excluded: true), or watch it with care',
    );
  const fault = gpu || preset === undefined ? null : guestFault(guest);
  if (fault !== null) warning(at, 'invalid-size', fault, 'change size, cpus or memory so that they fit');
  return guest;
}
