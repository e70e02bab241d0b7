/** The smaller words of people: pause, resume, retry, override, an image, and the history. */
import { failure, type TrimtabError } from '#domain/errors.ts';
import { environmentName } from '#domain/ids.ts';
import { parseReference } from '#domain/image.ts';
import { takesPart } from '#domain/pins.ts';
import { Release } from '#domain/release.ts';
import { afterRetry, type Override, type ReleaseBook } from '#domain/release-book.ts';
import { overrideText } from '#domain/release-effective.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledApp } from '#domain/revision.ts';
import { sizeToGuest } from '#domain/sizes.ts';
import { after, instantToIso } from '#domain/units.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import type { Asked, History, OverrideRequest, ReleaseOperator } from './release-operator.ts';
import { auditRow, changeBook, type PeopleDeps } from './release-people.ts';
import { rollback } from './release-rollback.ts';

type Done<T = void> = Promise<Result<T, TrimtabError>>;

export function makeReleaseOperator(deps: PeopleDeps): ReleaseOperator {
  return {
    history: (environment, app, limit, signal) => history(deps, environment, app, limit, signal),
    retry: ({ environment, app, by }, signal) => {
      const named = app === null ? ok(null) : appNamed(deps, environment, app);
      if (!named.ok) return Promise.resolve(named);
      const what = { what: 'release retry', app: named.value?.app ?? null, why: 'asked by a person', result: 'pins lifted' };
      return said(deps, { environment, by }, what, (book) => afterRetry(book, named.value?.app ?? null), signal);
    },
    pause: ({ environment, by, span, reason }, signal) => {
      const now = deps.clock.now();
      const until = after(now, span);
      const what = { what: 'pause', why: reason, result: `until ${instantToIso(until)}` };
      return said(deps, { environment, by }, what, (book) => ({ ...book, pause: { until, since: now, by, reason } }), signal);
    },
    resume: (asked, signal) =>
      said(
        deps,
        asked,
        { what: 'resume', why: 'asked by a person', result: 'releases go on' },
        (book) => ({ ...book, pause: null }),
        signal,
      ),
    rollback: (asked, signal) => rollback(deps, asked, signal),
    override: (asked, signal) => override(deps, asked, signal),
    endOverride: ({ environment, app, by }, signal) => {
      const named = appNamed(deps, environment, app);
      if (!named.ok) return Promise.resolve(named);
      const { app: name } = named.value;
      const what = { what: 'override', app: name, why: 'asked by a person', result: 'ended' };
      const without = (book: ReleaseBook) => ({ ...book, overrides: book.overrides.filter((one) => one.app !== name) });
      return said(deps, { environment, by }, what, without, signal);
    },
    chooseImage: async ({ environment, app, image, by }, signal) => {
      const named = appNamed(deps, environment, app);
      if (!named.ok) return named;
      const resolved = await resolve(deps, environment, named.value, image, signal);
      if (!resolved.ok) return resolved;
      const choice = { app: named.value.app, over: named.value.image?.reference ?? null, ...resolved.value, by, at: deps.clock.now() };
      const what = {
        what: 'deploy --image',
        app: named.value.app,
        to: resolved.value.digest ?? image,
        why: `image ${image}`,
        result: 'recorded',
      };
      const chosen = (book: ReleaseBook) => ({ ...book, images: [...book.images.filter((one) => one.app !== choice.app), choice] });
      const done = await said(deps, { environment, by }, what, chosen, signal);
      return done.ok ? resolved : done;
    },
  };
}
/** A change of the book, with its audit row. */
async function said(
  deps: PeopleDeps,
  { environment, by }: Asked,
  what: Parameters<typeof auditRow>[3],
  change: (book: ReleaseBook) => ReleaseBook,
  signal: AbortSignal,
): Done {
  const name = environmentName(environment);
  const changed = await changeBook(deps, name, ({ book }) => ok(change(book)), [], signal);
  return changed.ok ? deps.store.appendAudit([auditRow(deps, name, by, what)], signal) : changed;
}
/** As git has it. */
function appNamed({ controller }: PeopleDeps, environment: string, name: string): Result<CompiledApp, TrimtabError> {
  const apps = controller.environments.view(environment)?.state?.accepted.document.apps.filter(takesPart) ?? [];
  const found = apps.find((app) => app.name === name || app.app === name);
  return found === undefined
    ? err(
        failure(
          'UNKNOWN_NAME',
          `no app ${name} that trimtab writes in ${environment} (${apps.map((app) => app.name).join(', ') || 'none'})`,
        ),
      )
    : ok(found);
}
function clientFor({ controller }: PeopleDeps, environment: string, app: CompiledApp): Result<FlyClient, TrimtabError> {
  const target = controller.environments.targetsOf(environment).find((one) => one.app.app === app.app);
  return target === undefined ? err(failure('UNKNOWN_NAME', `no app ${app.app}`)) : controller.flyFor(target);
}
async function resolve(deps: PeopleDeps, environment: string, app: CompiledApp, image: string, signal: AbortSignal) {
  const known = parseReference(image).digest;
  if (known !== null) return ok({ reference: image, digest: known });
  const fly = clientFor(deps, environment, app);
  if (!fly.ok) return fly;
  const found = await fly.value.resolveImage(app.app, image, signal);
  // Before its first deploy an app does not exist, and the platform resolves images by app.
  if (!found.ok && found.error.code === 'FLY_NOT_FOUND') return ok({ reference: image, digest: null });
  if (!found.ok) return found;
  if (found.value === null) return err(failure('UNKNOWN_NAME', `the registry does not have ${image}`));
  return ok({ reference: image, digest: found.value.digest });
}
async function override(deps: PeopleDeps, asked: OverrideRequest, signal: AbortSignal): Done {
  const named = appNamed(deps, asked.environment, asked.app);
  if (!named.ok) return named;
  const { app, groups } = named.value;
  const { group, count, vm, reason, by } = asked;
  if (group !== null && !groups.some(({ name }) => name === group))
    return err(failure('UNKNOWN_NAME', `${app} has no group ${group} (${groups.map(({ name }) => name).join(', ')})`));
  const guest = vm === null ? null : sizeToGuest(vm.size);
  if (vm !== null && guest === null) return err(failure('UNKNOWN_NAME', `there is no size ${vm.size}`));
  const image = asked.image === null ? ok(null) : await resolve(deps, asked.environment, named.value, asked.image, signal);
  if (!image.ok) return image;
  const now = deps.clock.now();
  const { cpu_kind = 'shared', cpus = 1, memory_mb: memory = 256 } = guest ?? {};
  const one: Override = {
    ...{ app, image: image.value, group, count, reason, by },
    vm: vm === null ? null : { cpu_kind, cpus, memory_mb: vm.memoryMb ?? memory },
    at: now,
    until: after(now, asked.span),
  };
  const what = { what: `override ${overrideText(one)}`, app, why: reason, result: `until ${instantToIso(one.until)}` };
  return said(deps, asked, what, (book) => ({ ...book, overrides: [...book.overrides, one] }), signal);
}
async function history(deps: PeopleDeps, environment: string, app: string | null, limit: number, signal: AbortSignal): Done<History> {
  const rows = await deps.store.releases(environment, limit, signal);
  if (!rows.ok) return rows;
  const releases = rows.value.flatMap(({ release }) => {
    const parsed = Release.safeParse(release);
    return parsed.success ? [parsed.data] : [];
  });
  if (app === null) return ok({ environment, releases, platform: null });
  const named = appNamed(deps, environment, app);
  if (!named.ok) return named;
  const fly = clientFor(deps, environment, named.value);
  if (!fly.ok) return fly;
  const listed = await fly.value.listReleases(named.value.app, limit, signal);
  if (!listed.ok) return listed;
  const platform = listed.value.map(({ version, status, imageRef, user, createdAt }) => ({
    version,
    status,
    image: imageRef,
    user,
    at: createdAt,
  }));
  return ok({ environment, releases: releases.filter(({ changes }) => changes.some((one) => one.app === named.value.app)), platform });
}
