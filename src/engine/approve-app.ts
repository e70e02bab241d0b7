/** A person's word for one app: what its own pass holds is let through; a revision that waits goes live as a whole, so it is let through only
 *  when it changes nothing else. */
import { failure, type TrimtabError } from '#domain/errors.ts';
import type { EnvironmentName } from '#domain/ids.ts';
import { changedParts, contentOf, provedIn, takesPart } from '#domain/pins.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { approveRelease, type PeopleDeps } from './release-people.ts';
import type { AppTarget } from './target.ts';
import type { EnvironmentState } from './targets.ts';

/** Fails: RELEASE_WHOLE, naming what else would go live. */
export async function approveApps(
  deps: PeopleDeps,
  environment: EnvironmentName,
  targets: readonly AppTarget[],
  { by, plan }: { readonly by: string; readonly plan: string | null },
  signal: AbortSignal,
): Promise<Result<void, TrimtabError>> {
  const state = deps.controller.environments.view(environment)?.state ?? null;
  const changed = state === null || !waitsForWord(state) ? [] : changedApps(state);
  const chosen = new Set(targets.map(({ app }) => app.app));
  if (changed.some(({ app }) => chosen.has(app))) {
    const others = changed.filter(({ app }) => !chosen.has(app)).map(({ name }) => name);
    if (others.length === 0) return approveRelease(deps, environment, by, plan, signal);
    const asked = targets.map(({ app }) => app.name).join(', ');
    const told = `revision ${state?.effective.id.slice(0, 12)} changes ${asked} and ${others.join(', ')}: \`trimtab apply ${environment}\``;
    return err(failure('RELEASE_WHOLE', told));
  }
  for (const { app, revision } of targets) {
    const given = await deps.controller.approvals.give(environment, app.app, revision, by, signal);
    if (!given.ok) return given;
  }
  return ok(undefined);
}
/** A release that has not begun, or is about to be made. */
const waitsForWord = ({ book: { active, spent } }: EnvironmentState): boolean =>
  active === null ? spent === null : active.openedAt === null;
const changedApps = ({ good, effective }: EnvironmentState) =>
  effective.document.apps.filter((app) => {
    const proved = provedIn(good?.document ?? null, app.app);
    return takesPart(app) && changedParts(proved === null ? null : contentOf(proved), contentOf(app)).length > 0;
  });
