/** `[deploy] release_command` → the machine that runs it once, before anything of a release is written. Source: fly-behaviour.md §6.8. */
import type { Complaints } from '#domain/compile-app.ts';
import type { MachineConfig, MachineFile } from '#domain/machine-config.ts';
import type { CompiledCommand } from '#domain/revision.ts';
import { COMMAND_GROUP, PLATFORM_VERSION_KEY, PROCESS_GROUP_KEY } from '#domain/stamp.ts';
import { minutes, ms } from '#domain/units.ts';
import { defined, filled, nonEmpty } from './defined.ts';
import { durationToNs } from './duration.ts';
import { defaultGroup, groupNames } from './groups.ts';
import { guestOf } from './guest.ts';
import { stopOf } from './machine.ts';
import type { FlyToml } from './schema.ts';
import { shellWords } from './shell-words.ts';

const USUAL_TIMEOUT = minutes(5);

/** Null: there is none. Words that cannot be read are told by the rules. */
export function releaseCommandOf(toml: FlyToml, files: readonly MachineFile[], complaints: Complaints): CompiledCommand | null {
  const line = toml.deploy?.release_command ?? '';
  const words = shellWords(line);
  if (!words.ok || words.value.length === 0) return null;
  const { release_command_vm: vm, release_command_timeout: timeout } = toml.deploy ?? {};
  const guest = vm === undefined ? undefined : guestOf(vm, toml.host_dedication_id, ['deploy', 'release_command_vm'], complaints);
  const config: MachineConfig = {
    init: defined({
      cmd: words.value,
      entrypoint: nonEmpty(toml.experimental?.entrypoint),
      swap_size_mb: toml.swap_size_mb,
    }),
    restart: { policy: 'no' },
    auto_destroy: true,
    dns: { skip_registration: true },
    metadata: { [PLATFORM_VERSION_KEY]: 'v2', [PROCESS_GROUP_KEY]: COMMAND_GROUP },
    env: {
      ...toml.env,
      RELEASE_COMMAND: '1',
      FLY_PROCESS_GROUP: COMMAND_GROUP,
      ...defined({ PRIMARY_REGION: filled(toml.primary_region) }),
    },
    ...defined({ guest, files: nonEmpty(files), stop_config: stopOf(toml) }),
  };
  return { line, config, guestOf: defaultGroup(groupNames(toml)), timeout: timeout === undefined ? USUAL_TIMEOUT : limitOf(timeout) };
}
/** Nothing, spelled out, is no limit. */
function limitOf(timeout: string): CompiledCommand['timeout'] {
  const ns = durationToNs(timeout) ?? 0;
  return ns === 0 ? null : ms(Math.max(1, ns / 1e6));
}
