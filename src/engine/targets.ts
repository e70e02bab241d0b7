/** Which revision each app must be at now. Held in memory; stored as revisions and two ids per environment. */

import { type AppName, appName, type EnvironmentName, type RevisionId } from '#domain/ids.ts';
import type { CompiledApp, CompiledEnvironment } from '#domain/revision.ts';
import { minutes } from '#domain/units.ts';
import { keyOf } from './keys.ts';
import type { AppTarget } from './target.ts';

export interface AcceptedRevision {
  readonly id: RevisionId;
  readonly sourceHash: string;
  readonly document: CompiledEnvironment;
}
export interface EnvironmentState {
  readonly name: EnvironmentName;
  readonly accepted: AcceptedRevision;
  /** What a person approved last, or what `automatic` took; null before either. */
  readonly applied: AcceptedRevision | null;
  /** Why everything of the accepted revision waits: only trimtab's own version moved. */
  readonly massChange: string | null;
}

/** The targets of one environment. An app that was here before and is no longer in git is still looked at, by the rules of prune. */
export function targetsOf(state: EnvironmentState, known: readonly string[]): ReadonlyMap<string, AppTarget> {
  const { document, id } = state.accepted;
  const present = document.apps.map((app) => targetOf(state, app));
  const inGit = new Set<string>(document.apps.map(({ app }) => app));
  const left = known
    .filter((app) => !inGit.has(app))
    .map((app): AppTarget => {
      const gone = goneApp(appName(app), document);
      return { environment: document, app: gone, revision: id, gone: true, awaitsApproval: null, massChange: null };
    });
  return new Map([...present, ...left].map((target) => [keyOf({ environment: state.name, app: target.app.app }), target]));
}
/** Nothing is wanted of it any more; its stamps say what is ours. */
const goneApp = (app: AppName, { sync, primaryRegion }: CompiledEnvironment): CompiledApp => ({
  name: app,
  app,
  labels: {},
  enabled: true,
  excluded: false,
  adopt: false,
  visibility: null,
  dependsOn: [],
  sync,
  primaryRegion,
  image: null,
  groups: [],
  addresses: null,
  certificates: null,
  rollout: { strategy: 'rolling', maxUnavailable: 1, surge: 0, waitTimeout: minutes(5) },
  definition: {},
});

function targetOf({ accepted, applied, massChange }: EnvironmentState, app: CompiledApp): AppTarget {
  const current = { environment: accepted.document, app, revision: accepted.id, gone: false, awaitsApproval: null, massChange };
  if (app.sync.mode !== 'manual' || applied?.id === accepted.id) return current;
  const old = applied?.document.apps.find((other) => other.app === app.app);
  const waits = waitsText(accepted);
  if (applied === null || old === undefined) return { ...current, awaitsApproval: waits };
  // Corrections go on against what was approved; how it is synced follows git at once.
  return {
    ...current,
    environment: { ...applied.document, sync: accepted.document.sync },
    app: { ...old, sync: app.sync },
    revision: applied.id,
  };
}

/** What a plan is made for: the accepted revision, also while it waits for a person. */
export function proposalOf(state: EnvironmentState, target: AppTarget): AppTarget {
  const { accepted, applied, massChange } = state;
  const app = accepted.document.apps.find((one) => one.app === target.app.app);
  if (app === undefined) return target;
  const waits = app.sync.mode === 'manual' && applied?.id !== accepted.id;
  const awaitsApproval = waits ? waitsText(accepted) : null;
  return { environment: accepted.document, app, revision: accepted.id, gone: false, awaitsApproval, massChange };
}
const waitsText = ({ id }: AcceptedRevision): string => `revision ${id.slice(0, 12)} waits for approval`;

/** Share of an environment's machines that may change because of trimtab's own version alone. */
const MASS_SHARE = 0.1;
/** The sources are the same and the documents are not: then it was the compiler. Null: not so, or too little to wait for. */
export function massChangeOf(before: AcceptedRevision | null, after: AcceptedRevision): string | null {
  if (before === null || before.sourceHash !== after.sourceHash || before.id === after.id) return null;
  const old = new Map(before.document.apps.map((app) => [app.app, app]));
  const moved = after.document.apps.filter((app) => contentOf(old.get(app.app)) !== contentOf(app));
  const share = machinesIn(moved) / Math.max(1, machinesIn(after.document.apps));
  if (moved.length <= 1 && share <= MASS_SHARE) return null;
  return `neither git nor the world changed, only trimtab's version: ${moved.map(({ name }) => name).join(', ')} would be written`;
}
const contentOf = (app: CompiledApp | undefined): string =>
  app === undefined ? '' : app.groups.map(({ name, hash }) => `${name}=${hash}`).join(' ');
const machinesIn = (apps: readonly CompiledApp[]): number =>
  apps.reduce((sum, { groups }) => sum + groups.reduce((all, { regions }) => all + regions.reduce((most, { min }) => most + min, 0), 0), 0);

/** Apps that wait for this one. */
export const dependentsOf = (environment: CompiledEnvironment, app: AppName): readonly AppName[] => {
  const name = environment.apps.find((one) => one.app === app)?.name;
  return name === undefined ? [] : environment.apps.filter(({ dependsOn }) => dependsOn.includes(name)).map((one) => one.app);
};
