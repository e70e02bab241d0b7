/** One thing preflight looks at: its items, and what it costs to find out. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { EnvironmentName } from '#domain/ids.ts';
import type { Result } from '#domain/result.ts';
import type { CompiledApp, CompiledEnvironment } from '#domain/revision.ts';
import { type Ms, ms } from '#domain/units.ts';
import type { Migrations } from '#engine/migrations.ts';
import type { PhaseItem } from '#engine/release-ports.ts';
import type { SecretReader } from '#engine/secret-reader.ts';
import type { FlyClient } from '#platform/fly/port.ts';

export interface PreflightDeps extends ClockDep {
  readonly flyFor: (environment: CompiledEnvironment) => Result<FlyClient, TrimtabError>;
  readonly secrets: Pick<SecretReader, 'read'>;
  /** Faults and dangers of the migrations that a release would apply; null: this build has none. */
  readonly migrations: Pick<Migrations, 'look' | 'check'> | null;
  /** Is there a program of this name on the search path of this process? */
  readonly hasProgram: (name: string) => Promise<boolean>;
  /** Writes are stopped: why; null when they are not. */
  readonly halted: (environment: EnvironmentName) => string | null;
}
/** An environment and those of its apps that a release would touch. */
export interface Scene {
  readonly environment: CompiledEnvironment;
  readonly apps: readonly CompiledApp[];
  /** For a person who asks: what a release would only wait for, or skip, is a failure. */
  readonly strict: boolean;
}
export type Part = (deps: PreflightDeps, scene: Scene, signal: AbortSignal) => Promise<readonly PhaseItem[]>;

type Told = Omit<PhaseItem, 'state' | 'took' | 'remedy'>;
export const fine = (what: string, message: string): PhaseItem => ({ what, state: 'ok', message, remedy: null, took: NOTHING });
export const skipped = (what: string, message: string): PhaseItem => ({ what, state: 'skipped', message, remedy: null, took: NOTHING });
export const warning = (what: Told['what'], message: string, remedy: string): PhaseItem => ({
  what,
  state: 'warning',
  message,
  remedy,
  took: NOTHING,
});
export const failing = (what: string, message: string, remedy: string | null): PhaseItem => ({
  what,
  state: 'failed',
  message,
  remedy,
  took: NOTHING,
});
/** A release goes on without it; a person who asks wants to know. */
export const lacking = ({ strict }: Pick<Scene, 'strict'>, what: string, message: string, remedy: string): PhaseItem =>
  strict ? failing(what, message, remedy) : warning(what, message, remedy);
const NOTHING: Ms = ms(0);
