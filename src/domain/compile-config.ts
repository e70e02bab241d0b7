/** What desired state takes from a fly.toml. */
import type { JsonObject } from './json.ts';
import type { MachineConfig } from './machine-config.ts';
import type { Problem } from './problem.ts';
import type { CompiledMount, Rollout } from './revision.ts';

export interface FlyGroup {
  readonly name: string;
  /** As the platform's own CLI would send it, without image. */
  readonly config: MachineConfig;
  /** `[[vm]]` covers the group. */
  readonly guestStated: boolean;
  /** Kept keys that are stated all the same. */
  readonly stated: readonly string[];
  readonly mount: CompiledMount | null;
}
export interface FlyConfig {
  readonly primaryRegion: string | null;
  /** `[build] image`. */
  readonly image: string | null;
  readonly groups: readonly FlyGroup[];
  readonly deploy: Partial<Pick<Rollout, 'strategy' | 'maxUnavailable' | 'waitTimeout'>>;
  /** The whole file as JSON: what our platform releases carry. */
  readonly definition: JsonObject;
}
export interface FlyConfigRead {
  /** Null only with problems. */
  readonly config: FlyConfig | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}
