/** Going back by a person's word: what git says is pinned, and something that ran before stands instead, until git agrees. */
import { failure, type TrimtabError } from '#domain/errors.ts';
import { type Digest, environmentName } from '#domain/ids.ts';
import { parseReference } from '#domain/image.ts';
import { changedParts, contentOf, type Pin, takesPart } from '#domain/pins.ts';
import { Release } from '#domain/release.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledApp, CompiledEnvironment } from '#domain/revision.ts';
import type { RollbackRequest, WentBack } from './release-operator.ts';
import { auditRow, changeBook, type PeopleDeps } from './release-people.ts';
import { readRevision, saveDerived } from './revisions.ts';
import type { EnvironmentState } from './targets.ts';

type Found = Result<Before, TrimtabError>;
interface Before {
  readonly document: CompiledEnvironment;
  /** That brought it; null: none is known. */
  readonly commit: string | null;
}
/** Releases that are looked through for a name. */
const LOOKED_THROUGH = 200;

export async function rollback(deps: PeopleDeps, asked: RollbackRequest, signal: AbortSignal): Promise<Result<WentBack, TrimtabError>> {
  const name = environmentName(asked.environment);
  const state = deps.controller.environments.view(name)?.state ?? null;
  if (state === null) return err(failure('UNKNOWN_NAME', `no environment ${name} has been read`));
  const wanted = state.accepted.document.apps.filter((app) => takesPart(app) && isMeant(app, asked.app));
  if (wanted.length === 0) return err(failure('UNKNOWN_NAME', `there is no app ${asked.app ?? ''} that trimtab releases in ${name}`));
  const old = await documentAsked(deps, state, wanted, asked.to, signal);
  if (!old.ok) return old;
  const back = wanted.flatMap((app) => {
    const before = old.value.document.apps.find((one) => one.app === app.app && takesPart({ ...one, sync: app.sync }));
    return before === undefined ? [] : [{ app, before: { ...before, sync: app.sync } }];
  });
  if (back.length === 0) return err(failure('UNKNOWN_NAME', `that revision knows none of ${wanted.map((app) => app.name).join(', ')}`));
  const base = state.good?.document ?? state.accepted.document;
  const kept = base.apps.filter(({ app }) => !back.some((one) => one.app.app === app));
  const apps = [...kept, ...back.map(({ before }) => before)].sort((a, b) => (a.name < b.name ? -1 : 1));
  const saved = await saveDerived(deps, name, { ...base, apps }, 'derived', deps.clock.now(), signal);
  if (!saved.ok) return saved;
  const pins = back.flatMap(({ app, before }) => pinFor(deps, asked, app, before, saved.value.id));
  const changed = await changeBook(
    deps,
    name,
    ({ book }) => {
      const others = book.pins.filter((pin) => pin.instead === null || !back.some(({ app }) => app.app === pin.app));
      const images = book.images.filter(({ app }) => !back.some((one) => one.app.app === app));
      return ok({ ...book, spent: null, images, pins: [...others, ...pins] });
    },
    [saved.value],
    signal,
  );
  if (!changed.ok) return changed;
  const names = back.map(({ app }) => app.name);
  const row = auditRow(deps, name, asked.by, {
    what: `rollback ${names.join(', ')}`,
    to: saved.value.id,
    why: asked.reason,
    result: 'asked',
  });
  const noted = await deps.store.appendAudit([row], signal);
  const { commit } = old.value;
  const was = back.map(({ app, before }) => ({ name: app.name, commit, image: before.image?.reference ?? null }));
  return noted.ok ? ok({ to: saved.value.id, apps: names, was }) : noted;
}
const isMeant = (app: CompiledApp, name: string | null): boolean => name === null || app.name === name || app.app === name;

/** Nothing to pin where git says the same. */
function pinFor(
  { clock }: PeopleDeps,
  { by, reason }: RollbackRequest,
  app: CompiledApp,
  before: CompiledApp,
  instead: string,
): readonly Pin[] {
  const content = contentOf(app);
  const changed = changedParts(contentOf(before), content);
  if (changed.length === 0) return [];
  return [{ app: app.app, ...content, changed: [...changed], secrets: {}, instead, release: null, by, reason, at: clock.now() }];
}

async function documentAsked(
  deps: PeopleDeps,
  state: EnvironmentState,
  apps: readonly CompiledApp[],
  to: string | null,
  signal: AbortSignal,
): Promise<Found> {
  if (to !== null && /^\d{1,6}$/.test(to)) return platformRelease(deps, state, apps, Number(to), signal);
  const rows = await deps.store.releases(state.name, LOOKED_THROUGH, signal);
  if (!rows.ok) return rows;
  const releases = rows.value.flatMap(({ release }) => {
    const parsed = Release.safeParse(release);
    return parsed.success ? [parsed.data] : [];
  });
  const id = to === null ? revisionBefore(releases, state) : revisionNamed(releases, to);
  const found = id === null ? ok(null) : await readRevision(deps, state.name, id, signal);
  if (!found.ok) return found;
  if (found.value !== null)
    return ok({ document: found.value.document, commit: releases.find((release) => release.to === id)?.commit ?? null });
  const what = to === null ? 'a revision before the one that runs' : `a revision ${to}`;
  return err(failure('UNKNOWN_NAME', `the history of ${state.name} has not ${what}`));
}
/** While one is under way: where it came from. Else what the last good one took the place of. */
function revisionBefore(releases: readonly Release[], { book, good }: EnvironmentState): string | null {
  if (book.active !== null) return book.active.from;
  return releases.find(({ phase, to, from }) => phase === 'complete' && to === good?.id && from !== null)?.from ?? null;
}
function revisionNamed(releases: readonly Release[], to: string): string | null {
  const number = /^#(\d+)$/.exec(to)?.[1];
  if (number !== undefined) return releases.find((release) => release.number === Number(number))?.to ?? null;
  if (to.length < SHORTEST_ID) return null;
  const byCommit = releases.find(({ commit }) => commit?.startsWith(to));
  if (byCommit !== undefined) return byCommit.to;
  return releases.flatMap(({ to: brought, from }) => [brought, ...(from === null ? [] : [from])]).find((id) => id.startsWith(to)) ?? null;
}
const SHORTEST_ID = 6;

/** Its image; how machines are set up stays, for the platform's list does not tell it. */
async function platformRelease(
  { controller }: PeopleDeps,
  { accepted, good, name }: EnvironmentState,
  apps: readonly CompiledApp[],
  version: number,
  signal: AbortSignal,
): Promise<Found> {
  const [app, ...more] = apps;
  if (app === undefined || more.length > 0)
    return err(
      failure('UNKNOWN_NAME', `${version} is a platform release of one app: name it by --app (${apps.map((one) => one.name).join(', ')})`),
    );
  const target = controller.environments.targetsOf(name).find((one) => one.app.app === app.app);
  const fly = target === undefined ? null : controller.flyFor(target);
  if (fly === null || !fly.ok) return fly ?? err(failure('UNKNOWN_NAME', app.app));
  const releases = await fly.value.listReleases(app.app, LOOKED_THROUGH, signal);
  if (!releases.ok) return releases;
  const found = releases.value.find((one) => one.version === version)?.imageRef ?? null;
  if (found === null) return err(failure('UNKNOWN_NAME', `the platform tells no image of release v${version} of ${app.app}`));
  const known = parseReference(found).digest;
  const resolved = known === null ? await fly.value.resolveImage(app.app, found, signal) : ok({ digest: known });
  if (!resolved.ok) return resolved;
  const digest: Digest | null = resolved.value?.digest ?? null;
  const base = good?.document ?? accepted.document;
  const running = base.apps.find((one) => one.app === app.app) ?? app;
  return ok({ document: { ...base, apps: [{ ...running, image: { reference: found, digest } }] }, commit: null });
}
