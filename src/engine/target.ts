/** Which revision an app must be at now. Held in memory by the running controller; stored as revision ids and a release book. */
import type { PlanContext } from '#domain/finding.ts';
import type { RevisionId } from '#domain/ids.ts';
import type { Notice } from '#domain/plan.ts';
import { attemptName } from '#domain/release.ts';
import type { CompiledApp, CompiledEnvironment } from '#domain/revision.ts';
import { keyOf } from './keys.ts';

export interface AppTarget {
  readonly environment: CompiledEnvironment;
  readonly app: CompiledApp;
  readonly revision: RevisionId;
  /** It left git: only its machines are looked at, by the rules of prune. */
  readonly gone: boolean;
  /** Null: go ahead; else why nothing but drift is written (no release has brought it yet). */
  readonly waits: Notice | null;
  /** Null: new values of secrets may be written; else why they wait for a release. */
  readonly values: Notice | null;
  /** Why git asks for something else than this. */
  readonly notices: readonly Notice[];
  /** Somebody's word, or a budget's act, stands over git's for a while; null: no. */
  readonly overridden: { readonly reason: 'Overridden' | 'BudgetAct'; readonly message: string } | null;
  /** A release is taken back: dependents go first, and what it had open on the platform failed. */
  readonly back: boolean;
  /** Null, or why everything of this revision waits (only trimtab's own version moved). */
  readonly massChange: string | null;
  /** A release of the environment brings this revision now; null: none does. */
  readonly release: { readonly number: number; readonly openedAt: number | null } | null;
  /** What the app was proved to be, where a release brings something else; absent: nothing was. */
  readonly proved?: AppTarget;
}
/** Exactly what this revision says, and nothing waits. */
export const plainTarget = (environment: CompiledEnvironment, app: CompiledApp, revision: RevisionId): AppTarget => ({
  environment,
  app,
  revision,
  gone: false,
  waits: null,
  values: null,
  notices: [],
  overridden: null,
  back: false,
  massChange: null,
  release: null,
});
export const targetKey = (target: Pick<AppTarget, 'environment' | 'app'>): string =>
  keyOf({ environment: target.environment.name, app: target.app.app });

/** Apps of `dependsOn`, as they are in the environment. */
export const dependenciesOf = (target: AppTarget): readonly CompiledApp[] =>
  target.app.dependsOn.length === 0
    ? []
    : target.environment.apps.filter(({ name, excluded, enabled }) => target.app.dependsOn.includes(name) && !excluded && enabled);
/** Apps that depend on this one: on the way back they go first. */
export const dependentAppsOf = ({ environment, app }: AppTarget): readonly CompiledApp[] =>
  environment.apps.filter(({ dependsOn, excluded, enabled }) => dependsOn.includes(app.name) && !excluded && enabled);
/** What a pass is told about the release it works for. */
export function attemptOf({ back, release, waits }: AppTarget): Pick<PlanContext, 'release' | 'attempt' | 'unproved'> {
  if (release === null) return { unproved: waits !== null };
  const direction = back ? 'back' : 'forward';
  return { release: direction, attempt: attemptName(release.number, direction) };
}
