/** What no API tells and people enter: dated lines, and what the platform's own dashboard said. */
import { z } from 'zod';
import { monthOf } from '#domain/calendar.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import type { DatedLine } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { type Instant, instant, microUsd } from '#domain/units.ts';
import type { Store } from '#platform/store/port.ts';

const LINES = 'line';
const ACTUALS = 'actual';
const MOST = 1_000;

const Line = z.object({
  label: z.string(),
  amount: z.number().int().transform(microUsd),
  monthly: z.boolean(),
  from: z.number(),
  to: z.number().nullable(),
  by: z.string(),
  note: z.string(),
});
export interface CostLineRow extends DatedLine {
  readonly id: string;
  readonly by: string;
  readonly note: string;
}
export async function readCostLines(store: Store, signal: AbortSignal): Promise<Result<readonly CostLineRow[], TrimtabError>> {
  const rows = await store.documents(LINES, MOST, signal);
  if (!rows.ok) return rows;
  return ok(
    rows.value.flatMap(({ key, document }) => {
      const line = Line.safeParse(document);
      return line.success ? [{ id: key, ...line.data }] : [];
    }),
  );
}
export const readDatedLines = (store: Store, signal: AbortSignal): Promise<Result<readonly DatedLine[], TrimtabError>> =>
  readCostLines(store, signal);

/** Its id is the label in small letters, so that entering a line again replaces it. */
export async function addCostLine(
  store: Store,
  line: Omit<CostLineRow, 'id'>,
  now: Instant,
  signal: AbortSignal,
): Promise<Result<CostLineRow, TrimtabError>> {
  const id = line.label
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
  if (id === '') return err(failure('REQUEST_INVALID', 'a line needs a label'));
  if (line.to !== null && line.to <= line.from) return err(failure('REQUEST_INVALID', 'the line would end before it begins'));
  const saved = await store.saveDocument(LINES, { key: id, at: now, document: { ...line } }, signal);
  return saved.ok ? ok({ id, ...line }) : saved;
}
export async function removeCostLine(store: Store, id: string, signal: AbortSignal): Promise<Result<void, TrimtabError>> {
  const removed = await store.removeDocument(LINES, id, signal);
  if (!removed.ok) return removed;
  return removed.value ? ok(undefined) : err(failure('REQUEST_INVALID', `there is no line ${id}`));
}

const Actual = z.object({
  month: z.string(),
  amount: z.number().int().transform(microUsd),
  estimate: z.number().int().transform(microUsd),
  by: z.string(),
});
export interface ActualRow extends z.infer<typeof Actual> {
  readonly organization: string;
  readonly at: Instant;
}
/** What the dashboard said at a moment, beside what trimtab had counted at that moment. */
export async function saveActual(store: Store, row: ActualRow, signal: AbortSignal): Promise<Result<void, TrimtabError>> {
  const { organization, at, ...said } = row;
  return store.saveDocument(ACTUALS, { key: `${organization}/${said.month}`, at, document: said }, signal);
}
export async function readActual(
  store: Store,
  organization: string,
  at: Instant,
  signal: AbortSignal,
): Promise<Result<ActualRow | null, TrimtabError>> {
  const row = await store.document(ACTUALS, `${organization}/${monthOf(at)}`, signal);
  if (!row.ok) return row;
  const said = Actual.safeParse(row.value?.document);
  return ok(said.success && row.value !== null ? { organization, at: instant(row.value.at), ...said.data } : null);
}
/** Estimate against actual, at the moment the actual was read; null: nothing to compare with. */
export const gapOf = ({ amount, estimate }: Pick<ActualRow, 'amount' | 'estimate'>): number | null =>
  amount === 0 ? null : estimate / amount - 1;
