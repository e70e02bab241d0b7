/** Who did what, from what to what, why, and how it ended. Append-only: the database itself refuses anything else. */
import type { Stored } from './port.ts';

export interface AuditEntry {
  readonly at: number;
  readonly actor: string;
  readonly environment: string;
  readonly app: string | null;
  readonly what: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly why: string;
  readonly result: string;
}
export interface NumberedEntry extends AuditEntry {
  /** Rises, with gaps. */
  readonly seq: number;
}
export interface AuditQuery {
  /** Null: any. */
  readonly environment: string | null;
  readonly app: string | null;
  readonly actor: string | null;
  /** How `what` begins. */
  readonly action: string | null;
  /** From inclusive, to exclusive. */
  readonly since: number | null;
  readonly until: number | null;
  /** Only what is older than this row; null: from the newest. */
  readonly before: { readonly at: number; readonly seq: number } | null;
  readonly limit: number;
}
export interface AuditStore {
  appendAudit(entries: readonly AuditEntry[], signal: AbortSignal): Stored<void>;
  /** Newest first. */
  audit(environment: string, app: string | null, limit: number, signal: AbortSignal): Stored<readonly AuditEntry[]>;
  /** Newest first. */
  searchAudit(query: AuditQuery, signal: AbortSignal): Stored<readonly NumberedEntry[]>;
  /** Rows behind this one, oldest first. */
  auditAfter(environment: string, seq: number, limit: number, signal: AbortSignal): Stored<readonly NumberedEntry[]>;
}
