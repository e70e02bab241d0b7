/** What is seen of an environment, for whoever judges what its people are to be told: from what the controller knows, and from the store where the
 *  controller keeps nothing. */
import { dayOf, weekSpan } from '#domain/calendar.ts';
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { AuditFact, BudgetFact, Scene } from '#domain/notices/scene.ts';
import type { Told } from '#domain/notices/told.ts';
import { problemText } from '#domain/problem.ts';
import { microToDollars } from '#domain/ratio.ts';
import { Release } from '#domain/release.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { elapsed, hours, type Instant, minutes } from '#domain/units.ts';
import type { Accounts } from '#engine/accounts.ts';
import type { BudgetView } from '#engine/budgets.ts';
import type { Controller } from '#engine/controller.ts';
import type { RestorePoints } from '#engine/restore-points.ts';
import type { WeekRecord } from '#engine/week-record.ts';
import type { NoticeQueue } from '#platform/store/outbox-port.ts';
import type { StoreDep } from '#platform/store/port.ts';
import { auditCursor, type LookDeps } from './look.ts';

export interface ScenesDeps extends StoreDep, ClockDep {
  readonly controller: Pick<Controller, 'environments' | 'statusOf' | 'runtime' | 'observations' | 'money'>;
  readonly accounts: Pick<Accounts, 'weekRecord' | 'advise'>;
  readonly restorePoints: RestorePoints;
  readonly writer: string;
  readonly failing: () => number | null;
  readonly timeZone: string;
  /** As the report has it, one line each. */
  readonly weekLines: (record: WeekRecord) => readonly string[];
  readonly queue: () => readonly NoticeQueue[];
}
/** More releases than these between two looks are told by the newest. */
const MOST_RELEASES = 20;
const MOST_ROWS = 500;
/** The newest rows at the first look: as many as may still become visible behind each other. */
const FIRST_ROWS = 200;
const LEAKS_EVERY = hours(1);
/** What is over a week is counted by then: late events of its last minutes have come. */
const WEEK_SETTLES = minutes(10);
const LATE = hours(1);

export function makeScenes(deps: ScenesDeps): LookDeps['sceneOf'] {
  const { controller, clock } = deps;
  const leaksAt = new Map<string, Instant>();
  return async (environment, told, heard, signal) => {
    const { name } = environment;
    const now = clock.now();
    const view = controller.environments.view(name);
    const book = view?.state?.book ?? null;
    const newest = book?.number ?? 0;
    const releases = await releasesOf(deps, name, told, newest, signal);
    if (!releases.ok) return releases;
    const audit = await auditOf(deps, name, auditCursor(told), signal);
    if (!audit.ok) return audit;
    const week = await weekOf(deps, told, signal);
    if (!week.ok) return week;
    const due = elapsed(leaksAt.get(name) ?? now, now) >= LEAKS_EVERY || !leaksAt.has(name);
    const leaks = due ? await leaksOf(deps, name, signal) : ok(null);
    if (!leaks.ok) return leaks;
    if (due) leaksAt.set(name, now);
    const machines = (app: string) => controller.runtime(`app/${name}/${app}`)?.machines ?? [];
    return ok({
      now,
      environment: name,
      owners: environment.owners,
      newest,
      active: book?.active ?? null,
      releases: releases.value,
      statuses: controller.environments.targetsOf(name).flatMap(({ app }) => controller.statusOf(name, app.app) ?? []),
      proof: (app) => machines(app).map(machineText),
      problems: (view?.problems ?? []).map(problemText),
      audit: audit.value,
      observedAt: controller.observations().find(({ organization }) => organization === environment.organization)?.at ?? null,
      writer: deps.writer,
      failing: deps.failing(),
      heard,
      budgets: budgetsOf(controller.money.budgets.views(), environment),
      weekOverWeek: controller.money.environmentCosts().find((one) => one.environment === name)?.weekOverWeek ?? null,
      restorePoint: deps.restorePoints.of(environment),
      week: week.value,
      leaks: leaks.value,
      late: deps
        .queue()
        .filter((one) => one.environment === name && now - one.oldestAt >= LATE)
        .map(({ target, waiting }) => ({ target, message: `${waiting} wait` })),
    });
  };
}
type Machine = NonNullable<NonNullable<ReturnType<Controller['runtime']>>['machines']>[number];
const machineText = ({ name, id, region, image, state, version, checks }: Machine): string => {
  const passing = checks.filter(({ status }) => status === 'passing').length;
  return `${name} ${id} ${region} ${image} instance ${version} ${state}${checks.length === 0 ? '' : `, ${passing}/${checks.length} checks passing`}`;
};
/** Nothing is asked while nothing new has ended. */
async function releasesOf(
  { store, controller }: ScenesDeps,
  environment: string,
  told: Told | null,
  newest: number,
  signal: AbortSignal,
): Promise<Result<readonly Release[], TrimtabError>> {
  const active = controller.environments.view(environment)?.state?.book.active ?? null;
  const ended = newest - (active === null ? 0 : 1);
  const fresh = told === null ? 0 : Math.min(MOST_RELEASES, ended - told.release.upTo);
  if (fresh <= 0) return ok([]);
  const rows = await store.releases(environment, fresh + 1, signal);
  if (!rows.ok) return rows;
  return ok(
    rows.value.flatMap(({ release }) => {
      const parsed = Release.safeParse(release);
      return parsed.success ? [parsed.data] : [];
    }),
  );
}
async function auditOf(
  { store }: ScenesDeps,
  environment: string,
  cursor: number | null,
  signal: AbortSignal,
): Promise<Result<readonly AuditFact[], TrimtabError>> {
  if (cursor !== null) return store.auditAfter(environment, cursor, MOST_ROWS, signal);
  const any = { app: null, actor: null, action: null, since: null, until: null, before: null };
  return store.searchAudit({ ...any, environment, limit: FIRST_ROWS }, signal);
}
/** The week that ended last, until it was told. */
async function weekOf(
  { accounts, clock, timeZone, weekLines }: ScenesDeps,
  told: Told | null,
  signal: AbortSignal,
): Promise<Result<Scene['week'], TrimtabError>> {
  const now = clock.now();
  if (now - weekSpan(now, timeZone).from < WEEK_SETTLES) return ok(null);
  const name = dayOf(weekSpan(now, timeZone, 1).from, timeZone);
  // At the first look the week that is over is nobody's news.
  if (told === null) return ok({ name, lines: [] });
  if (told.week === name) return ok(null);
  const record = await accounts.weekRecord(name, signal);
  return record.ok ? ok({ name, lines: weekLines(record.value) }) : record;
}
const LEAKS: readonly string[] = ['volume', 'unmanaged'];
/** What costs and serves nobody: volumes attached to nothing, apps that are not in git. */
async function leaksOf(
  { accounts }: ScenesDeps,
  environment: string,
  signal: AbortSignal,
): Promise<Result<readonly string[], TrimtabError>> {
  const advice = await accounts.advise(null, signal);
  if (!advice.ok) return advice;
  return ok(
    advice.value
      .filter((one) => LEAKS.includes(one.kind) && (one.environment === null || one.environment === environment))
      .map(({ what }) => what)
      .sort(),
  );
}
const budgetsOf = (views: readonly BudgetView[], { name, organization }: CompiledEnvironment): readonly BudgetFact[] =>
  views
    .filter((view) => view.organization === organization && view.environments?.includes(name) !== false)
    .map(({ name: budget, state, used, amount, forecast, acts }) => ({
      name: budget,
      level: state.level,
      since: state.since,
      reason: state.reason,
      remindedAt: state.remindedAt,
      ackedBy: state.ackedBy,
      usedUp: used > amount,
      figures: [
        `${microToDollars(used)} of ${microToDollars(amount)} used, forecast ${microToDollars(forecast)}`,
        ...acts.map(({ environment, act, reason }) => `${environment}: ${act}: ${reason}`),
      ],
    }));
