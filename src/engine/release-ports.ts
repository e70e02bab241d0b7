/** What the release engine asks of the parts that carry a phase out. Each part is one small interface; null means that this build has none, and
 *  then an environment that declares the phase cannot be released. */
import type { TrimtabError } from '#domain/errors.ts';
import type { AppName } from '#domain/ids.ts';
import type { Problem } from '#domain/problem.ts';
import type { Result } from '#domain/result.ts';
import type { CompiledApp, CompiledEnvironment } from '#domain/revision.ts';
import type { Ms } from '#domain/units.ts';

/** One line of a preflight, smoke or migration table. */
export interface PhaseItem {
  /** `secret backend/DATABASE_URL`, `http https://…/healthz`, `0007_add_index.up.sql`. */
  readonly what: string;
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped';
  /** Never a secret value. */
  readonly message: string;
  readonly remedy: string | null;
  readonly took: Ms;
  /** What came back from a check: bounded, without secrets; empty or absent: nothing. */
  readonly evidence?: string;
}
/** Failed when any item is. */
export interface PhaseReport {
  readonly items: readonly PhaseItem[];
}
export interface PreflightDep {
  /** `apps`: those that the release changes. */
  readonly preflight: (
    input: { readonly environment: CompiledEnvironment; readonly apps: readonly AppName[] },
    signal: AbortSignal,
  ) => Promise<Result<PhaseReport, TrimtabError>>;
}
export interface SmokeDep {
  /** `changed`: something is there that may answer otherwise than before. */
  readonly smoke: (
    input: { readonly environment: CompiledEnvironment; readonly changed: boolean },
    signal: AbortSignal,
  ) => Promise<Result<PhaseReport, TrimtabError>>;
}
/** `set`: content hash of the migration set, what a failed migration pins. Nothing is ever reversed by itself. */
export interface MigrateDep {
  readonly migrations: {
    readonly plan: (
      environment: CompiledEnvironment,
      signal: AbortSignal,
    ) => Promise<Result<{ readonly set: string; readonly pending: readonly string[] }, TrimtabError>>;
    readonly apply: (environment: CompiledEnvironment, signal: AbortSignal) => Promise<Result<PhaseReport, TrimtabError>>;
  };
}
/** What the sources give now, by name: keyed fingerprints, never values. Problems name what is missing or breaks a rule. */
export interface SecretsDep {
  readonly secrets: {
    readonly fingerprints: (
      environment: CompiledEnvironment,
      app: CompiledApp,
      signal: AbortSignal,
    ) => Promise<Result<{ readonly fingerprints: Readonly<Record<string, string>>; readonly problems: readonly Problem[] }, TrimtabError>>;
  };
}
/** Chosen in compose. */
export interface ReleaseParts {
  readonly preflight: PreflightDep['preflight'] | null;
  readonly smoke: SmokeDep['smoke'] | null;
  readonly migrations: MigrateDep['migrations'] | null;
  readonly secrets: SecretsDep['secrets'] | null;
}
export const NO_PARTS: ReleaseParts = { preflight: null, smoke: null, migrations: null, secrets: null };
