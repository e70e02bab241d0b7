/** Drift as it comes and goes: told, and written into the audit with who, where the platform says it. */
import type { Drift } from '#domain/change.ts';
import { recordOf } from '#domain/drift-record.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { PlanContext } from '#domain/finding.ts';
import type { DriftRecord } from '#domain/memory.ts';
import { correctionDue } from '#domain/restrain.ts';
import type { Result } from '#domain/result.ts';
import { ok } from '#domain/result.ts';
import { elapsed, type Instant, instantToIso } from '#domain/units.ts';
import type { Decision } from './decide.ts';
import type { PassDeps } from './pass-deps.ts';
import type { AuditRow } from './ports.ts';
import type { AppTarget } from './target.ts';

export async function reportNews(
  deps: PassDeps,
  target: AppTarget,
  context: PlanContext,
  { news, memory, plan }: Decision,
  signal: AbortSignal,
): Promise<Result<void, TrimtabError>> {
  const after = { ...context, memory };
  const row = rowFor(target, context);
  const seen = news.seen.map((drift) => ({
    drift,
    record: memory.drifts[drift.key] ?? recordOf(drift, context),
    at: correctionDue(drift, plan.held, after),
  }));
  const observing = target.app.sync.mode === 'observe';
  const rows = [
    ...seen.map(({ record, at }) => row(record, 'drift seen', observing ? 'only looked at' : dueText(at, context.now))),
    ...news.gone.map(({ record, corrected }) =>
      row(record, `first seen ${instantToIso(record.at)}`, corrected ? 'corrected, and seen so' : 'went away by itself'),
    ),
  ];
  if (rows.length > 0) {
    const written = await deps.store.audit(rows, signal);
    if (!written.ok) return written;
  }
  const place = { environment: target.environment.name, app: target.app.app };
  for (const { drift, record, at } of seen)
    deps.tell({ type: 'DriftSeen', ...place, drift: record, correctAt: at, keep: keepCommand(drift, context) });
  for (const { record, corrected } of news.gone)
    deps.tell({ type: corrected ? 'DriftCorrected' : 'DriftGone', ...place, drift: record, after: elapsed(record.at, context.now) });
  return ok(undefined);
}
const dueText = (at: Instant | null, now: Instant): string =>
  at === null ? 'waits for a person' : at <= now ? 'due now' : `due ${instantToIso(at)}`;
export function keepCommand(drift: Drift, { environment }: Pick<PlanContext, 'environment'>): string {
  const ignore = drift.field.pointer.startsWith('/') ? `, or list ${drift.field.pointer} under ignoreDifferences` : '';
  return `to keep it, commit it to desired-state/${environment.name}${ignore}`;
}
const rowFor =
  (target: AppTarget, { now }: PlanContext) =>
  (record: DriftRecord, why: string, result: string): AuditRow => ({
    at: now,
    actor: record.actor ?? 'unknown',
    environment: target.environment.name,
    app: target.app.app,
    what: `${record.kind}/${record.subject} ${record.pointer}`,
    // A drift went from what git says to what is seen.
    from: record.to,
    to: record.from,
    why,
    result,
  });
