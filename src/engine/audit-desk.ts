/** What a person asks of the audit: filters, and page after page by a cursor that stays true while new rows come. */
import { failure } from '#domain/errors.ts';
import { err, ok } from '#domain/result.ts';
import type { AuditEntry, AuditQuery } from '#platform/store/audit-port.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { Answer } from './operator.ts';

export interface AuditAsk extends Omit<AuditQuery, 'before'> {
  /** What the page before gave as `next`; null: the newest. */
  readonly cursor: string | null;
}
export interface AuditPage {
  /** Newest first. */
  readonly entries: readonly AuditEntry[];
  /** Null: there is nothing older. */
  readonly next: string | null;
}
export interface AuditDesk {
  searchAudit(ask: AuditAsk, signal: AbortSignal): Answer<AuditPage>;
}
const CURSOR = /^(\d{1,16})-(\d{1,16})$/;

/** `appNamed`: the platform's name of an app that git calls something else. */
export function makeAuditDesk({ store, appNamed }: StoreDep & { readonly appNamed: (app: string) => string }): AuditDesk {
  return {
    searchAudit: async ({ cursor, ...ask }, signal) => {
      const [, at, seq] = CURSOR.exec(cursor ?? '') ?? [];
      if (cursor !== null && at === undefined) return err(failure('REQUEST_INVALID', `${cursor} is no cursor of a page`));
      const before = at === undefined ? null : { at: Number(at), seq: Number(seq) };
      // One more than asked for: whether a page follows.
      const found = await store.searchAudit(
        { ...ask, app: ask.app === null ? null : appNamed(ask.app), before, limit: ask.limit + 1 },
        signal,
      );
      if (!found.ok) return found;
      const rows = found.value.slice(0, ask.limit);
      const last = rows.at(-1);
      const next = found.value.length <= ask.limit || last === undefined ? null : `${last.at}-${last.seq}`;
      return ok({ entries: rows.map(({ seq: _, ...entry }) => entry), next });
    },
  };
}
