/** The audit of the store in memory. */
import { ok } from '#domain/result.ts';
import type { AuditEntry, AuditQuery, AuditStore, NumberedEntry } from './audit-port.ts';

const give = <T>(value: T) => Promise.resolve(ok(value));
/** `rows` is counted over by the meter, too. */
export function makeMemoryAudit(rows: AuditEntry[]): AuditStore {
  const numbered = (): readonly NumberedEntry[] => rows.map((row, at) => ({ seq: at + 1, ...row }));
  const search = (query: AuditQuery): readonly NumberedEntry[] =>
    numbered()
      .filter((row) => matches(row, query))
      .sort((a, b) => b.at - a.at || b.seq - a.seq)
      .slice(0, query.limit);
  return {
    appendAudit: (entries) => {
      rows.push(...structuredClone(entries));
      return give(undefined);
    },
    audit: (environment, app, limit) =>
      give(
        search({ environment, app, actor: null, action: null, since: null, until: null, before: null, limit }).map(
          ({ seq: _, ...row }) => row,
        ),
      ),
    searchAudit: (query) => give(search(query)),
    auditAfter: (environment, seq, limit) =>
      give(
        numbered()
          .slice(seq)
          .filter((row) => row.environment === environment)
          .slice(0, limit),
      ),
  };
}
function matches(row: NumberedEntry, { environment, app, actor, action, since, until, before }: AuditQuery): boolean {
  return (
    (environment === null || row.environment === environment) &&
    (app === null || row.app === app) &&
    (actor === null || row.actor === actor) &&
    (action === null || row.what.startsWith(action)) &&
    (since === null || row.at >= since) &&
    (until === null || row.at < until) &&
    (before === null || row.at < before.at || (row.at === before.at && row.seq < before.seq))
  );
}
