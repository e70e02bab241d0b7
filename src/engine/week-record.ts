/** The weekly record: what the week cost and what happened, with the team's checklist filled with evidence and signed by people, never by trimtab.
 *  A week that is over is stored as it was told. */
import { z } from 'zod';
import { dayOf, type Span, weekSpan } from '#domain/calendar.ts';
import { CHECKLIST, type ChecklistItem } from '#domain/checklist.ts';
import type { ClockDep } from '#domain/clock.ts';
import type { AppStatus } from '#domain/condition.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { totalOf } from '#domain/ledger.ts';
import { microToDollars } from '#domain/ratio.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { instant, type MicroUsd } from '#domain/units.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { Accounts } from './accounts.ts';
import { gapOf, readActual } from './cost-lines.ts';
import type { Environments } from './environments.ts';
import type { Money } from './money.ts';
import { type WeekEvidence, weekEvidence } from './week-evidence.ts';

export interface CheckedItem {
  readonly item: ChecklistItem;
  /** What was found, for whoever signs. */
  readonly evidence: string;
  readonly signed: { readonly by: string; readonly at: number; readonly note: string } | null;
}
export interface WeekRecord {
  /** The day the week begins: `2026-11-23`. */
  readonly week: string;
  readonly from: number;
  readonly to: number;
  readonly finished: boolean;
  readonly organizations: readonly OrganizationWeek[];
  readonly deploys: number;
  readonly driftCorrected: number;
  readonly releases: number;
  readonly failedReleases: number;
  readonly checklist: readonly CheckedItem[];
}
export interface OrganizationWeek {
  readonly organization: string;
  readonly cost: MicroUsd;
  /** Null: no earlier week. */
  readonly before: MicroUsd | null;
  readonly weekOverWeek: number | null;
  readonly monthToDate: MicroUsd;
  readonly forecast: { readonly amount: MicroUsd; readonly low: MicroUsd; readonly high: MicroUsd };
  readonly actual: { readonly amount: MicroUsd; readonly gap: number | null; readonly by: string } | null;
  readonly budgets: readonly {
    readonly name: string;
    readonly level: string;
    readonly used: MicroUsd;
    readonly amount: MicroUsd;
    readonly forecast: MicroUsd;
  }[];
}
export interface WeekRecordsDeps extends StoreDep, ClockDep {
  readonly money: Money;
  readonly environments: Pick<Environments, 'all' | 'views'>;
  readonly statuses: () => readonly AppStatus[];
  readonly timeZone: string;
}
const RECORDS = 'week';
export const SIGNED = 'signature';
const YEAR_OF_WEEKS = 53;
const MOST_SIGNATURES = 1_000;
const StoredRecord = z.custom<WeekRecord>(
  (value) =>
    z.looseObject({ week: z.string(), organizations: z.array(z.unknown()), checklist: z.array(z.unknown()) }).safeParse(value).success,
);
const Signature = z.object({ by: z.string(), at: z.number(), note: z.string() });

export function makeWeekRecords(deps: WeekRecordsDeps): Pick<Accounts, 'weekRecord' | 'weekRecords' | 'signWeek'> {
  const { clock, store, timeZone } = deps;
  const nameOf = (week: string | null): string => week ?? dayOf(weekSpan(clock.now(), timeZone).from, timeZone);
  const read = async (given: string | null, signal: AbortSignal): Promise<Result<WeekRecord, TrimtabError>> => {
    const name = nameOf(given);
    const at = Date.parse(`${name}T12:00:00Z`);
    if (Number.isNaN(at)) return err(failure('REQUEST_INVALID', `${name} is not a day such as 2026-11-23`));
    const span = weekSpan(instant(at), timeZone);
    if (dayOf(span.from, timeZone) !== name)
      return err(failure('REQUEST_INVALID', `${name} is no Monday: that week begins on ${dayOf(span.from, timeZone)}`));
    if (span.from > clock.now()) return err(failure('REQUEST_INVALID', `the week of ${name} has not begun`));
    const stored = await store.document(RECORDS, name, signal);
    if (!stored.ok) return stored;
    const known = StoredRecord.safeParse(stored.value?.document);
    const finished = span.to <= clock.now();
    const made = finished && known.success ? ok(known.data) : await recordOf(deps, name, span, finished, signal);
    if (!made.ok) return made;
    if (finished && !known.success) {
      const saved = await store.saveDocument(
        RECORDS,
        { key: name, at: span.from, document: JSON.parse(JSON.stringify(made.value)) },
        signal,
      );
      if (!saved.ok) return saved;
    }
    return signed(deps, made.value, signal);
  };
  return {
    weekRecord: read,
    weekRecords: async (signal) => {
      const rows = await store.documents(RECORDS, YEAR_OF_WEEKS, signal);
      if (!rows.ok) return rows;
      const all: WeekRecord[] = [];
      for (const { document } of rows.value) {
        const known = StoredRecord.safeParse(document);
        const one = known.success ? await signed(deps, known.data, signal) : null;
        if (one !== null && !one.ok) return one;
        if (one !== null) all.push(one.value);
      }
      return ok(all);
    },
    signWeek: async (week, item, note, by, signal) => {
      const known = CHECKLIST.find((one) => one === item);
      if (known === undefined) return err(failure('REQUEST_INVALID', `there is no item ${item}; known: ${CHECKLIST.join(', ')}`));
      const name = nameOf(week);
      const saved = await store.saveDocument(
        SIGNED,
        { key: `${name}/${known}`, at: clock.now(), document: { by, at: clock.now(), note } },
        signal,
      );
      return saved.ok ? read(name, signal) : saved;
    },
  };
}
async function signed({ store }: WeekRecordsDeps, record: WeekRecord, signal: AbortSignal): Promise<Result<WeekRecord, TrimtabError>> {
  const rows = await store.documents(SIGNED, MOST_SIGNATURES, signal);
  if (!rows.ok) return rows;
  const signatureOf = (item: string): CheckedItem['signed'] => {
    const parsed = Signature.safeParse(rows.value.find(({ key }) => key === `${record.week}/${item}`)?.document);
    return parsed.success ? parsed.data : null;
  };
  return ok({ ...record, checklist: record.checklist.map((one) => ({ ...one, signed: signatureOf(one.item) })) });
}
async function recordOf(
  deps: WeekRecordsDeps,
  week: string,
  span: Span,
  finished: boolean,
  signal: AbortSignal,
): Promise<Result<WeekRecord, TrimtabError>> {
  const { store, environments } = deps;
  const organizations: OrganizationWeek[] = [];
  for (const organization of new Set(environments.all().map((one) => one.organization))) {
    const one = await organizationWeek(deps, organization, span, signal);
    if (!one.ok) return one;
    organizations.push(one.value);
  }
  const count = async (what: string, result: string): Promise<Result<number, TrimtabError>> => {
    const rows = await store.countAudit({ what, result, from: span.from, to: span.to }, signal);
    return rows.ok ? ok(rows.value.reduce((sum, row) => sum + row.count, 0)) : rows;
  };
  const deploys = await count('app/release close-release', 'landed');
  const corrected = await count('', 'corrected, and seen so');
  const releases = await count('release', 'complete');
  const failed = await count('release', 'failed');
  if (!deploys.ok) return deploys;
  if (!corrected.ok) return corrected;
  if (!releases.ok) return releases;
  if (!failed.ok) return failed;
  const about = { store, environments: environments.all, statuses: deps.statuses, signatures: SIGNED };
  const evidence = await weekEvidence(about, span, signal);
  if (!evidence.ok) return evidence;
  const counts = { deploys: deploys.value, driftCorrected: corrected.value, releases: releases.value, failedReleases: failed.value };
  return ok({
    week,
    from: span.from,
    to: span.to,
    finished,
    organizations,
    ...counts,
    checklist: checklistOf(deps, organizations, counts, evidence.value),
  });
}
async function organizationWeek(
  deps: WeekRecordsDeps,
  organization: string,
  span: Span,
  signal: AbortSignal,
): Promise<Result<OrganizationWeek, TrimtabError>> {
  const { money, store, clock, timeZone } = deps;
  const cost = await money.costs.entries(organization, span, signal);
  if (!cost.ok) return cost;
  const beforeSpan = weekSpan(span.from, timeZone, 1);
  const first = await store.firstInterval(organization, signal);
  if (!first.ok) return first;
  const before =
    first.value !== null && first.value <= beforeSpan.from ? await money.costs.entries(organization, beforeSpan, signal) : ok(null);
  if (!before.ok) return before;
  const summary = await money.costs.summary({ organization, environments: null }, signal);
  if (!summary.ok) return summary;
  const actual = await readActual(store, organization, clock.now(), signal);
  if (!actual.ok) return actual;
  const [now, earlier] = [totalOf(cost.value), before.value === null ? null : totalOf(before.value)];
  const known = earlier === null || earlier <= 0 ? null : earlier;
  return ok({
    organization,
    cost: now,
    before: known,
    weekOverWeek: span.to <= clock.now() ? (known === null ? null : now / known - 1) : summary.value.weekOverWeek,
    monthToDate: summary.value.monthToDate,
    forecast: summary.value.forecast,
    actual: actual.value === null ? null : { amount: actual.value.amount, gap: gapOf(actual.value), by: actual.value.by },
    budgets: money.budgets
      .views()
      .filter((view) => view.organization === organization)
      .map(({ name, state, used, amount, forecast }) => ({ name, level: state.level, used, amount, forecast })),
  });
}
/** Evidence, as far as trimtab has it; what it cannot know is said to be for a person to find out. */
function checklistOf(
  { environments }: WeekRecordsDeps,
  organizations: readonly OrganizationWeek[],
  counts: Pick<WeekRecord, 'deploys' | 'driftCorrected' | 'releases' | 'failedReleases'>,
  known: WeekEvidence,
): readonly CheckedItem[] {
  const views = environments.views();
  const behind = views.filter(({ state, lastGood }) => state !== null && state.accepted.id !== lastGood).map(({ name }) => name);
  const broken = views.filter(({ problems }) => problems.length > 0).map(({ name }) => name);
  const costs = organizations.map(
    ({ organization, cost, weekOverWeek, monthToDate }) =>
      `${organization}: ${microToDollars(cost)} this week (${weekOverWeek === null ? 'n/a' : `${Math.round(weekOverWeek * 100)} %`}), ${microToDollars(monthToDate)} this month`,
  );
  const budgets = organizations.flatMap((one) =>
    one.budgets.map(
      ({ name, level, used, amount, forecast }) =>
        `${name}: ${level}, ${microToDollars(used)} of ${microToDollars(amount)}, forecast ${microToDollars(forecast)}`,
    ),
  );
  const evidence: Readonly<Record<ChecklistItem, string>> = {
    'app-state': `${views.length - behind.length} of ${views.length} environments at their accepted revision${behind.length === 0 ? '' : `; behind: ${behind.join(', ')}`}${broken.length === 0 ? '' : `; refused: ${broken.join(', ')}`}; drift corrected ${counts.driftCorrected} times`,
    'usage-and-bill': costs.join('; ') || 'no organization is watched',
    budget: budgets.join('; ') || 'no budget is declared',
    'restore-point': known.restorePoint,
    'secret-rotation': known.rotation,
    rehearsal: known.rehearsal,
    'operations-log': `${counts.deploys} deploys, ${counts.releases} releases complete, ${counts.failedReleases} failed; who, when and why: \`trimtab audit\``,
  };
  return CHECKLIST.map((item) => ({ item, evidence: evidence[item], signed: null }));
}
