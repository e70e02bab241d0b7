/** What no API tells and people enter: dated lines. */
import { z } from 'zod';
import type { TrimtabError } from '#domain/errors.ts';
import type { DatedLine } from '#domain/ledger.ts';
import { ok, type Result } from '#domain/result.ts';
import { microUsd } from '#domain/units.ts';
import type { Store } from '#platform/store/port.ts';

const LINES = 'line';
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
interface CostLineRow extends DatedLine {
  readonly id: string;
  readonly by: string;
  readonly note: string;
}
async function readCostLines(store: Store, signal: AbortSignal): Promise<Result<readonly CostLineRow[], TrimtabError>> {
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
