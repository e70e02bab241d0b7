/** What a person can ask of releases, whether the controller runs in this process or somewhere else. */
import type { TrimtabError } from '#domain/errors.ts';
import type { Release } from '#domain/release.ts';
import type { Result } from '#domain/result.ts';
import type { Ms } from '#domain/units.ts';

type Answer<T> = Promise<Result<T, TrimtabError>>;

/** A release of the platform's own list. */
export interface PlatformRelease {
  readonly version: number;
  readonly status: string;
  readonly image: string | null;
  readonly user: string | null;
  readonly at: number;
}
export interface History {
  readonly environment: string;
  /** Newest first. */
  readonly releases: readonly Release[];
  /** Of the one app that was asked about; null: none was. */
  readonly platform: readonly PlatformRelease[] | null;
}
/** Every request names its environment, and who asks. */
export interface Asked {
  readonly environment: string;
  readonly by: string;
}
export interface RollbackRequest extends Asked {
  /** Null: every app. */
  readonly app: string | null;
  /** The start of a revision's or a commit's id, `#12` a release of the history, `12` a platform release of the app; null: the one before. */
  readonly to: string | null;
  readonly reason: string;
}
export interface WentBack {
  readonly to: string;
  readonly apps: readonly string[];
  /** What each of them goes back to, as git may say it: the commit that had it, and its image. Null: not known. */
  readonly was: readonly { readonly name: string; readonly commit: string | null; readonly image: string | null }[];
}
export interface OverrideRequest extends Asked {
  readonly app: string;
  readonly group: string | null;
  readonly image: string | null;
  readonly count: { readonly region: string | null; readonly machines: number } | null;
  /** Preset and memory as in desired state. */
  readonly vm: { readonly size: string; readonly memoryMb: number | null } | null;
  readonly reason: string;
  readonly span: Ms;
}
export interface ReleaseOperator {
  history(environment: string, app: string | null, limit: number, signal: AbortSignal): Answer<History>;
  /** Pins are lifted: of one app, or all. */
  retry(asked: Asked & { readonly app: string | null }, signal: AbortSignal): Answer<void>;
  /** No release begins until the time has passed, or `resume`. */
  pause(asked: Asked & { readonly span: Ms; readonly reason: string }, signal: AbortSignal): Answer<void>;
  resume(asked: Asked, signal: AbortSignal): Answer<void>;
  /** Answers the revision it goes back to. */
  rollback(asked: RollbackRequest, signal: AbortSignal): Answer<WentBack>;
  override(asked: OverrideRequest, signal: AbortSignal): Answer<void>;
  endOverride(asked: Asked & { readonly app: string }, signal: AbortSignal): Answer<void>;
  /** Stands until git's text changes. Answers the reference with its digest. */
  chooseImage(
    asked: Asked & { readonly app: string; readonly image: string },
    signal: AbortSignal,
  ): Answer<{ readonly reference: string; readonly digest: string | null }>;
}
