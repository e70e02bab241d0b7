/** What desired state takes from a fly.toml. */
import type { Complaints } from './compile-app.ts';
import { definitionOf } from './flyconfig/definition.ts';
import { durationToNs } from './flyconfig/duration.ts';
import { filesOf } from './flyconfig/files.ts';
import { defaultGroup, groupNames } from './flyconfig/groups.ts';
import { flattenGroup } from './flyconfig/machine.ts';
import { parseFlyToml } from './flyconfig/parse.ts';
import { rawConfigOf } from './flyconfig/raw-config.ts';
import { releaseCommandOf } from './flyconfig/release-command.ts';
import { checkRules } from './flyconfig/rules.ts';
import type { FlyToml } from './flyconfig/schema.ts';
import type { JsonObject } from './json.ts';
import type { MachineConfig } from './machine-config.ts';
import type { Problem } from './problem.ts';
import type { CompiledCommand, CompiledMount, Rollout } from './revision.ts';
import { ms } from './units.ts';

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
  readonly releaseCommand: CompiledCommand | null;
  /** The whole file as JSON: what our platform releases carry. */
  readonly definition: JsonObject;
}
export interface FlyConfigRead {
  /** Null only with problems. */
  readonly config: FlyConfig | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}
/** Text of another file of the same source, by its path from the root; null when there is none. */
export type ReadFile = (path: string) => string | null;

/** `file`: its path from the root of the source, as messages name it. */
export function readFlyConfig(file: string, text: string, readFile: ReadFile): FlyConfigRead {
  const { toml, locate, ...read } = parseFlyToml(file, text);
  const problems: Problem[] = [...read.problems];
  const warnings: Problem[] = [...read.warnings];
  if (toml === null) return { config: null, problems, warnings };
  const complaints: Complaints = {
    problem: (path, rule, message, remedy, side = 'value') => problems.push({ ...locate(path, side), rule, message, remedy }),
    warning: (path, rule, message, remedy) => warnings.push({ ...locate(path), rule, message, remedy }),
  };
  checkRules(toml, complaints);
  const near = readNear(file, readFile);
  const raw = rawConfigOf(toml, near, complaints);
  const files = filesOf(toml, near, complaints);
  const names = groupNames(toml);
  const isDefault = (group: string): boolean => group === defaultGroup(names);
  const groups = names.map((group) => flattenGroup(toml, { group, isDefault: isDefault(group), raw, files }, complaints));
  const config: FlyConfig = {
    primaryRegion: toml.primary_region || null,
    image: toml.build?.image || null,
    groups,
    deploy: deployOf(toml),
    releaseCommand: releaseCommandOf(toml, files, complaints),
    definition: definitionOf(toml),
  };
  return { config: problems.length > 0 ? null : config, problems: distinct(problems), warnings: distinct(warnings) };
}
/** Other files that a fly.toml needs read: `[[files]] local_path` and a `machine_config` that is a path. */
export function filesNeeded(file: string, text: string): readonly string[] {
  if (!NAMES_FILES.test(text)) return [];
  const asked = new Set<string>();
  readFlyConfig(file, text, (path) => {
    asked.add(path);
    return null;
  });
  return [...asked];
}

const NAMES_FILES = /local_path|machine_config/i;

/** From the root of the source, where the platform's client is started; else beside the file itself. */
const readNear =
  (file: string, readFile: ReadFile): ReadFile =>
  (path) => {
    const folder = file.includes('/') ? file.slice(0, file.lastIndexOf('/') + 1) : '';
    const bare = path.replace(/^\.\//, '');
    return readFile(bare) ?? (folder === '' ? null : readFile(`${folder}${bare}`));
  };
/** Every group tells of what all groups share. */
const distinct = (problems: readonly Problem[]): readonly Problem[] => [
  ...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values(),
];

/** A shorter one is a bare number that was meant as something else: told, and the default taken. */
const LEAST_WAIT_MS = 1_000;
function deployOf({ deploy }: FlyToml): FlyConfig['deploy'] {
  const { strategy, max_unavailable: share, wait_timeout: wait } = deploy ?? {};
  const waitMs = wait === undefined ? 0 : (durationToNs(wait) ?? 0) / 1e6;
  return {
    ...(strategy === undefined ? {} : { strategy: strategy === 'immediate' ? 'immediate' : 'rolling' }),
    ...(share === undefined || share === 0 ? {} : { maxUnavailable: share }),
    ...(waitMs < LEAST_WAIT_MS ? {} : { waitTimeout: ms(waitMs) }),
  };
}
