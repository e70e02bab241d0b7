/** Evidence for the items of the weekly checklist that no figure tells: what trimtab knows of restore points, rotation and rehearsals. What it cannot
 *  know is said to be for a person to find out. */
import { z } from 'zod';
import type { Span } from '#domain/calendar.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { days } from '#domain/units.ts';
import type { StoreDep } from '#platform/store/port.ts';

export interface EvidenceDeps extends StoreDep {
  readonly environments: () => readonly CompiledEnvironment[];
  readonly statuses: () => readonly AppStatus[];
  /** Of documents that hold signatures. */
  readonly signatures: string;
}
export interface WeekEvidence {
  readonly restorePoint: string;
  readonly rotation: string;
  readonly rehearsal: string;
}
const MOST = 500;
const SOON = days(7);
const Signature = z.object({ by: z.string(), at: z.number(), note: z.string() });
type Signed = z.infer<typeof Signature>;

export async function weekEvidence(deps: EvidenceDeps, span: Span, signal: AbortSignal): Promise<Result<WeekEvidence, TrimtabError>> {
  const { store } = deps;
  const rows = await store.documents(deps.signatures, MOST, signal);
  if (!rows.ok) return rows;
  const lastOf = (item: string): Signed | null => {
    const found = rows.value.flatMap(({ key, document }) => {
      const parsed = Signature.safeParse(document);
      return key.endsWith(`/${item}`) && parsed.success ? [parsed.data] : [];
    });
    return found.sort((a, b) => b.at - a.at)[0] ?? null;
  };
  const any = { environment: null, app: null, actor: null, before: null };
  const acts = await store.searchAudit({ ...any, action: 'rehearse', since: span.from, until: span.to, limit: 1 }, signal);
  if (!acts.ok) return acts;
  const [carriedOut] = acts.value;
  return ok({
    restorePoint: restorePointText(deps.environments(), lastOf('restore-point')),
    rotation: rotationText(deps.statuses(), span.to),
    rehearsal:
      carriedOut === undefined
        ? `none this week; ${lastText(lastOf('rehearsal'), 'never signed')}: \`trimtab rehearse staging\``
        : `${carriedOut.environment}: ${new Date(carriedOut.at).toISOString()} by ${carriedOut.actor}: ${carriedOut.result}`,
  });
}
const lastText = (last: Signed | null, never: string): string =>
  last === null ? never : `last signed ${dayOf(last.at)} by ${last.by}${last.note === '' ? '' : ` (${last.note})`}`;
function restorePointText(environments: readonly CompiledEnvironment[], last: Signed | null): string {
  const having = environments.filter(({ declared }) => declared?.database !== undefined).map(({ name }) => name);
  if (having.length === 0) return 'no environment declares a database';
  return `${having.join(', ')}: ${lastText(last, 'never confirmed')}; look at the restore window of the database project`;
}
function rotationText(statuses: readonly AppStatus[], until: number): string {
  const due = statuses.flatMap(({ environment, app, secrets }) =>
    (secrets ?? []).flatMap(({ name, rotationDue }) =>
      rotationDue === null ? [] : [{ what: `${environment}/${app} ${name}`, at: rotationDue }],
    ),
  );
  if (due.length === 0) return 'no secret has a rotation deadline';
  const soon = due.filter(({ at }) => at < until + SOON).sort((a, b) => a.at - b.at);
  const listed = soon.map(({ what, at }) => `${what} ${dayOf(at)}${at < until ? ' (overdue)' : ''}`).join(', ');
  return `${due.length} with a deadline; ${soon.length === 0 ? 'none is due within a week' : `due: ${listed}`}`;
}
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
