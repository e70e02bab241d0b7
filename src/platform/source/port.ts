/** Where desired state comes from: a folder, or a branch of a git repository. */
import type { TrimtabError } from '#domain/errors.ts';
import type { CommitSha } from '#domain/ids.ts';
import type { Result } from '#domain/result.ts';
import type { Instant } from '#domain/units.ts';

export interface SourceCommit {
  readonly sha: CommitSha;
  readonly author: string;
  readonly message: string;
  readonly at: Instant;
}
/** One state of the source, whole. Paths are relative to its root, with `/`. */
export interface SourceSnapshot {
  /** Path → text of every YAML file in the desired-state folder. */
  readonly files: ReadonlyMap<string, string>;
  /** Null: a folder has no commits. */
  readonly commit: SourceCommit | null;
  /** The branch no longer contains the commit that was read before. */
  readonly rewritten: boolean;
  /** Any other file of the same state, such as a fly.toml; null when there is none. Fails: DESIRED_INVALID (a path or link that leaves the root, too large). */
  readFile(path: string, signal: AbortSignal): Promise<Result<string | null, TrimtabError>>;
  /** Path → text of every file under a folder that is `wanted`, hidden ones apart; null when there is no such folder. Fails like `readFile`. */
  readFolder(
    folder: string,
    wanted: (path: string) => boolean,
    signal: AbortSignal,
  ): Promise<Result<ReadonlyMap<string, string> | null, TrimtabError>>;
}
export interface DesiredSource {
  /** For people, without credentials. */
  readonly description: string;
  /** Fails: SOURCE_UNAVAILABLE, SOURCE_EMPTY (no YAML file at all), DESIRED_INVALID (links out of the root, sizes). */
  read(signal: AbortSignal): Promise<Result<SourceSnapshot, TrimtabError>>;
}
export interface DesiredSourceDep {
  readonly source: DesiredSource;
}
