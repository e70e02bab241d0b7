/** Which revision each app must be at now. Held in memory; stored as revisions and two ids per environment. */

import { type AppName, appName, type EnvironmentName, type RevisionId } from '#domain/ids.ts';
import { changedParts, contentOf, provedIn, takesPart } from '#domain/pins.ts';
import type { HoldReason, Notice } from '#domain/plan.ts';
import { isBackward, isForward } from '#domain/release.ts';
import { isGoingBack, type ReleaseBook } from '#domain/release-book.ts';
import type { Effective } from '#domain/release-effective.ts';
import type { CompiledApp, CompiledEnvironment } from '#domain/revision.ts';
import { minutes } from '#domain/units.ts';
import { keyOf } from './keys.ts';
import type { AppTarget } from './target.ts';
import { plainTarget } from './target.ts';

export interface AcceptedRevision {
  readonly id: RevisionId;
  readonly sourceHash: string;
  readonly document: CompiledEnvironment;
}
export interface EnvironmentState {
  readonly name: EnvironmentName;
  /** What git says. */
  readonly accepted: AcceptedRevision;
  /** What was proved last: where apps are while no release brings them forward. Null: nothing was. */
  readonly good: AcceptedRevision | null;
  /** What the release under way brings; null: none is. */
  readonly to: AcceptedRevision | null;
  readonly book: ReleaseBook;
  /** What would be released of the accepted revision now. */
  readonly effective: Effective & { readonly id: RevisionId };
  /** Why everything of the accepted revision waits: only trimtab's own version moved. */
  readonly massChange: string | null;
}
/** The revision that apps are held at; null: none yet. */
export const appliedOf = ({ book: { active }, to, good }: EnvironmentState): AcceptedRevision | null =>
  active !== null && isForward(active) ? to : good;

/** The targets of one environment. An app that was here before and is no longer in git is still looked at, by the rules of prune. */
export function targetsOf(state: EnvironmentState, known: readonly string[]): ReadonlyMap<string, AppTarget> {
  const { document, id } = state.accepted;
  const present = document.apps.map((app) => targetOf(state, app));
  const inGit = new Set<string>(document.apps.map(({ app }) => app));
  const left = known
    .filter((app) => !inGit.has(app))
    .map((app): AppTarget => ({ ...plainTarget(document, goneApp(appName(app), document), id), gone: true }));
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

function targetOf(state: EnvironmentState, app: CompiledApp): AppTarget {
  const { accepted, good, to, book, massChange } = state;
  // Who only observes is compared with git, always.
  if (!takesPart(app)) return { ...plainTarget(accepted.document, app, accepted.id), massChange };
  const { active } = book;
  const forward = active !== null && isForward(active) ? to : null;
  const brought = forward?.document.apps.find((one) => one.app === app.app) ?? null;
  const base = brought === null ? good : forward;
  const found = brought ?? provedIn(good?.document ?? null, app.app);
  const notices = noticesFor(state, app, found);
  const said = state.effective.overridden.find((one) => one.app === app.app);
  const overridden = said === undefined ? null : ({ reason: 'Overridden', message: said.message } as const);
  const back = isGoingBack(book);
  if (base === null || found === null)
    return {
      ...plainTarget(accepted.document, app, accepted.id),
      ...{ overridden, back, massChange },
      waits: notices[0] ?? WAITS,
    };
  // How it is synced follows git at once, whatever runs.
  const { sync, declared } = accepted.document;
  const environment = { ...base.document, sync, ...(declared === undefined ? {} : { declared }) };
  const { releaseCommand, ...rest } = { ...found, sync: app.sync };
  // What was proved once runs its release command no second time; nor does the platform's CLI when only secrets are new.
  const runsNone = back || active?.kind === 'secrets' || releaseCommand === undefined;
  const wanted = runsNone ? rest : { ...rest, releaseCommand };
  const before = brought === null || good === null ? null : provedIn(good.document, app.app);
  const proved = before === null || good === null ? {} : { proved: plainTarget(good.document, before, good.id) };
  return {
    ...plainTarget(environment, wanted, base.id),
    ...{ notices, overridden, back, values: valuesOf(state, app), ...proved },
    massChange: base.id === accepted.id ? massChange : null,
    release: active === null || !(isForward(active) || back) ? null : { number: active.number, openedAt: active.openedAt },
  };
}
function noticesFor({ book, effective }: EnvironmentState, app: CompiledApp, found: CompiledApp | null): readonly Notice[] {
  const { active, spent } = book;
  const held = effective.held.find((one) => one.app === app.app);
  if (held !== undefined) return [{ reason: 'RevisionPinned', message: held.message, until: null }];
  if (found !== null && changedParts(contentOf(found), contentOf(app)).length === 0 && active?.phase !== 'stalled') return [];
  if (active !== null && isBackward(active)) {
    const reason = active.phase === 'stalled' ? 'ReleaseStalled' : 'ReleaseWaits';
    return [{ reason, message: `release ${active.number} goes back: ${active.message}`, until: null }];
  }
  if (active !== null && !isForward(active)) {
    const reason = HOLDS.find((one) => one === active.hold) ?? 'ReleaseWaits';
    return [{ reason, message: `release ${active.number}: ${active.message || active.phase}`, until: null }];
  }
  if (spent !== null) return [{ reason: 'RevisionPinned', message: spent.message, until: null }];
  if (active !== null || app.sync.mode !== 'manual') return [];
  return [{ reason: 'ApprovalRequired', message: `revision ${effective.id.slice(0, 12)} waits for approval`, until: null }];
}
/** New values come in a release of their own, or with the one that brings the app. What waits for a person holds up no rotation. */
function valuesOf({ book: { active } }: EnvironmentState, { app }: CompiledApp): Notice | null {
  if (active === null) return { reason: 'ReleaseWaits', message: 'a release brings it', until: null };
  const brings = active.changes.some((change) => change.app === app);
  const moves = isForward(active) || isBackward(active);
  const goesOn = moves ? brings || active.phase === 'stalled' : active.kind !== 'secrets' && LONG_HOLDS.includes(active.hold ?? '');
  return goesOn ? null : { reason: 'ReleaseWaits', message: `release ${active.number} is in ${active.phase}`, until: null };
}
const LONG_HOLDS: readonly string[] = ['ApprovalRequired', 'MassChange', 'RevisionPinned'];
const WAITS: Notice = { reason: 'ReleaseWaits', message: 'it waits for its release', until: null };
/** Beside a plan, not in its way. */
const SHOWN: readonly HoldReason[] = ['RevisionPinned', 'ReleaseWaits', 'PreflightFailed'];
const HOLDS: readonly HoldReason[] = [
  'Halted',
  'PreflightFailed',
  'ApprovalRequired',
  'SyncWindow',
  'Paused',
  'MassChange',
  'RevisionPinned',
];

/** What a plan is made for: what would be released of the accepted revision, also while it waits. */
export function proposalOf(state: EnvironmentState, target: AppTarget): AppTarget {
  const { accepted, effective, massChange, book } = state;
  const app = effective.document.apps.find((one) => one.app === target.app.app);
  const forward = book.active !== null && isForward(book.active);
  if (app === undefined || !takesPart(app) || forward || target.gone) return target;
  // What nothing keeps from beginning is shown as what is done next.
  const waits = [target.waits, ...target.notices].find((notice) => notice !== null && !SHOWN.includes(notice.reason)) ?? null;
  const notices = target.notices.filter(({ reason }) => SHOWN.includes(reason));
  const proposed = plainTarget({ ...effective.document, sync: accepted.document.sync }, app, effective.id);
  return { ...proposed, waits, notices, overridden: target.overridden, massChange };
}

/** Share of an environment's machines that may change because of trimtab's own version alone. */
const MASS_SHARE = 0.1;
/** What runs was made of the same source by another version of trimtab. It holds until a release makes it good, also over a restart.
 *  Null: not so, or too little to wait for. */
export function massChangeOf(before: AcceptedRevision | null, after: AcceptedRevision): string | null {
  if (before === null || before.sourceHash !== after.sourceHash || before.document.compilerVersion === after.document.compilerVersion)
    return null;
  const old = new Map(before.document.apps.map((app) => [app.app, app]));
  const moved = after.document.apps.filter((app) => configOf(old.get(app.app)) !== configOf(app));
  const share = machinesIn(moved) / Math.max(1, machinesIn(after.document.apps));
  if (moved.length <= 1 && share <= MASS_SHARE) return null;
  return `neither git nor the world changed, only trimtab's version: ${moved.map(({ name }) => name).join(', ')} would be written`;
}
const configOf = (app: CompiledApp | undefined): string =>
  app === undefined ? '' : app.groups.map(({ name, hash }) => `${name}=${hash}`).join(' ');
const machinesIn = (apps: readonly CompiledApp[]): number =>
  apps.reduce((sum, { groups }) => sum + groups.reduce((all, { regions }) => all + regions.reduce((most, { min }) => most + min, 0), 0), 0);

/** Apps that wait for this one. */
export const dependentsOf = (environment: CompiledEnvironment, app: AppName): readonly AppName[] => {
  const name = environment.apps.find((one) => one.app === app)?.name;
  return name === undefined ? [] : environment.apps.filter(({ dependsOn }) => dependsOn.includes(name)).map((one) => one.app);
};
