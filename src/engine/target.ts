/** Which revision an app must be at now. Held in memory by the running controller, stored as two ids per environment. */
import type { RevisionId } from '#domain/ids.ts';
import type { CompiledApp, CompiledEnvironment } from '#domain/revision.ts';
import { keyOf } from './keys.ts';

export interface AppTarget {
  readonly environment: CompiledEnvironment;
  readonly app: CompiledApp;
  readonly revision: RevisionId;
  /** It left git: only its machines are looked at, by the rules of prune. */
  readonly gone: boolean;
  /** Null: go ahead; else why a person must say so first (a first revision in `manual`). */
  readonly awaitsApproval: string | null;
  /** Null, or why everything of this revision waits (only trimtab's own version moved). */
  readonly massChange: string | null;
  /** What of it is not as git says, for a while and on purpose. Absent: nothing. */
  readonly overridden?: string;
}
export const targetKey = (target: Pick<AppTarget, 'environment' | 'app'>): string =>
  keyOf({ environment: target.environment.name, app: target.app.app });

/** Apps of `dependsOn`, as Fly app names. */
export const dependenciesOf = (target: AppTarget): readonly CompiledApp[] =>
  target.environment.apps.filter(({ name, excluded, enabled }) => target.app.dependsOn.includes(name) && !excluded && enabled);
