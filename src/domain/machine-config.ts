/** A Fly machine's `config`, in the platform's own words and spelling (openapi/fly-machines.yaml#fly.MachineConfig).
 *  Types say what trimtab reads; keys it does not know pass through untouched (`JsonObject`). */
import type { JsonObject } from './json.ts';

export type MachineConfig = JsonObject & {
  readonly image?: string;
  readonly env?: { readonly [name: string]: string };
  readonly init?: MachineInit;
  readonly guest?: MachineGuest;
  readonly metadata?: { readonly [key: string]: string };
  readonly mounts?: readonly MachineMount[];
  readonly services?: readonly MachineService[];
  readonly checks?: { readonly [name: string]: MachineCheck };
  readonly statics?: readonly MachineStatic[];
  readonly metrics?: MachineMetrics;
  readonly files?: readonly MachineFile[];
  readonly restart?: MachineRestart;
  readonly stop_config?: MachineStopConfig;
  readonly schedule?: string;
  readonly auto_destroy?: boolean;
  readonly standbys?: readonly string[];
  readonly dns?: JsonObject;
};
export type MachineInit = JsonObject & {
  readonly cmd?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly exec?: readonly string[];
  readonly swap_size_mb?: number;
  readonly tty?: boolean;
  readonly kernel_args?: readonly string[];
};
export type MachineGuest = JsonObject & {
  readonly cpu_kind?: string;
  readonly cpus?: number;
  readonly memory_mb?: number;
  readonly gpus?: number;
  readonly gpu_kind?: string;
};
export type MachineMount = JsonObject & {
  readonly volume?: string;
  readonly path?: string;
  readonly name?: string;
  readonly size_gb?: number;
  readonly encrypted?: boolean;
  readonly extend_threshold_percent?: number;
  readonly add_size_gb?: number;
  readonly size_gb_limit?: number;
};
export type MachineService = JsonObject & {
  readonly protocol?: string;
  readonly internal_port?: number;
  readonly ports?: readonly MachinePort[];
  readonly checks?: readonly MachineCheck[];
  readonly concurrency?: JsonObject & { readonly type?: string; readonly soft_limit?: number; readonly hard_limit?: number };
  /** `false` = off, `true` = stop, `"suspend"` on the wire; also accepted as `"off"`, `"stop"`. */
  readonly autostop?: boolean | string;
  readonly autostart?: boolean;
  readonly min_machines_running?: number;
};
export type MachinePort = JsonObject & {
  readonly port?: number;
  readonly start_port?: number;
  readonly end_port?: number;
  readonly handlers?: readonly string[];
  readonly force_https?: boolean;
};
export type MachineCheck = JsonObject & {
  readonly type?: string;
  readonly port?: number;
  /** Go duration (`"15s"`) or integer nanoseconds. */
  readonly interval?: string | number;
  readonly timeout?: string | number;
  readonly grace_period?: string | number;
  readonly method?: string;
  readonly path?: string;
  readonly protocol?: string;
  readonly tls_skip_verify?: boolean;
  readonly tls_server_name?: string;
  readonly headers?: readonly { readonly name: string; readonly values: readonly string[] }[];
  readonly kind?: string;
};
export type MachineStatic = JsonObject & {
  readonly guest_path?: string;
  readonly url_prefix?: string;
  readonly tigris_bucket?: string;
  readonly index_document?: string;
};
export type MachineMetrics = JsonObject & { readonly port?: number; readonly path?: string; readonly https?: boolean };
export type MachineFile = JsonObject & {
  readonly guest_path?: string;
  readonly raw_value?: string;
  readonly secret_name?: string;
  readonly mode?: number;
};
export type MachineRestart = JsonObject & { readonly policy?: string; readonly max_retries?: number };
export type MachineStopConfig = JsonObject & { readonly signal?: string; readonly timeout?: string | number };
