/** What people say about releases: approvals, pauses, ways back, overrides, retries. Each is a word in the release book; the next pass acts. */
import type { ClockDep } from '#domain/clock.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import type { EnvironmentName } from '#domain/ids.ts';
import { isBackward } from '#domain/release.ts';
import type { ReleaseBook } from '#domain/release-book.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Instant } from '#domain/units.ts';
import type { AuditEntry, StoreDep } from '#platform/store/port.ts';
import type { Controller } from './controller.ts';
import { inKey } from './in-key.ts';
import { environmentPlan } from './release-plan.ts';
import { targetKey } from './target.ts';
import type { AcceptedRevision, EnvironmentState } from './targets.ts';

export interface PeopleDeps extends StoreDep, ClockDep {
  readonly controller: Controller;
}
type Done<T = void> = Promise<Result<T, TrimtabError>>;

/** Read again and again while others write the book too. */
const MOST_TRIES = 5;
/** `change` null: nothing to do. */
export async function changeBook(
  { controller }: PeopleDeps,
  environment: EnvironmentName,
  change: (state: EnvironmentState) => Result<ReleaseBook | null, TrimtabError>,
  more: readonly AcceptedRevision[],
  signal: AbortSignal,
): Done {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const state = controller.environments.view(environment)?.state ?? null;
    if (state === null) return err(failure('UNKNOWN_NAME', `no environment ${environment} has been read`));
    const book = change(state);
    if (!book.ok) return book;
    if (book.value === null) return ok(undefined);
    const saved = await controller.environments.write(environment, book.value, more, signal);
    if (!saved.ok) return saved;
    if (saved.value === 'saved') return wakeRelease(controller, environment, signal);
  }
  return err(failure('STORE_UNAVAILABLE', `the release book of ${environment} is written by others all the time`));
}
async function wakeRelease(controller: Controller, environment: EnvironmentName, signal: AbortSignal): Done {
  await controller.wakeRelease(environment, signal);
  return ok(undefined);
}
export function auditRow(
  { clock }: ClockDep,
  environment: EnvironmentName,
  by: string,
  said: Pick<AuditEntry, 'what' | 'why' | 'result'> & {
    readonly app?: string | null;
    readonly from?: string | null;
    readonly to?: string | null;
  },
): AuditEntry {
  return { at: clock.now(), actor: by, environment, app: said.app ?? null, from: said.from ?? null, to: said.to ?? null, ...said };
}

/** A person's word for what waits: the release under way, and everything in it that asks for one. With `plan`: only if that is what would run. */
export async function approveRelease(
  deps: PeopleDeps,
  environment: EnvironmentName,
  by: string,
  plan: string | null,
  signal: AbortSignal,
): Done {
  const { controller } = deps;
  const begun = await beginRelease(deps, environment, signal);
  if (!begun.ok) return begun;
  const current = await environmentPlan(controller, environment, signal);
  if (!current.ok) return current;
  const { hash } = current.value;
  if (plan !== null && !(plan.length >= SHORTEST_HASH && hash.startsWith(plan)))
    return err(failure('PLAN_NOT_CURRENT', `${plan} is not what would run in ${environment} now: that is ${hash}`));
  const said = await changeBook(deps, environment, (state) => ok(approved(state.book, hash, by, deps.clock.now())), [], signal);
  if (!said.ok) return said;
  const state = controller.environments.view(environment)?.state ?? null;
  const active = state?.book.active ?? null;
  // On the way back it is said of what is gone back to.
  const revision = (active !== null && isBackward(active) ? active.from : active?.to) ?? state?.good?.id ?? state?.accepted.id ?? '';
  const given = await controller.approvals.give(environment, '*', revision, by, signal);
  if (!given.ok) return given;
  return wakeRelease(controller, environment, signal);
}
/** What is approved is a release: it must have begun. It does not begin before each app was looked at, which a run without any state, or a
 *  controller in its first seconds, has not done: done here, in the apps' own turns. What waits for a person is not written by that. */
async function beginRelease({ controller, clock }: PeopleDeps, environment: EnvironmentName, signal: AbortSignal): Done {
  await controller.release(environment, signal);
  const state = controller.environments.view(environment)?.state ?? null;
  if (state === null || state.book.active !== null || state.good?.id === state.effective.id) return ok(undefined);
  for (const target of controller.environments.targetsOf(environment)) {
    const key = targetKey(target);
    const passed = await inKey({ clock, within: controller.within }, key, (within) => controller.pass(key, within), signal);
    if (!passed.ok) return passed;
  }
  await controller.release(environment, signal);
  return ok(undefined);
}
/** Enough of a hash to mean one plan. */
const SHORTEST_HASH = 8;
/** Words for another plan do not count for this one. */
function approved(book: ReleaseBook, plan: string, by: string, at: Instant): ReleaseBook | null {
  const { active } = book;
  if (active === null || active.openedAt !== null) return null;
  const before = active.plan === plan ? active.approvals.filter((one) => one.by !== by) : [];
  // Whether that is enough, its next turn says.
  return { ...book, active: { ...active, plan, approvals: [...before, { by, at }], retryAt: null, hold: null } };
}
