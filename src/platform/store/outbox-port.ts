/** What people are to be told, and what they were told: written together, delivered by whoever claims it. Instants are milliseconds since 1970. */
import type { Json } from '#domain/json.ts';
import type { Stored } from './port.ts';

export interface NoticeRow {
  /** Stable: the same fact for the same target is one row for ever. */
  readonly id: string;
  readonly target: string;
  readonly environment: string;
  readonly thread: string;
  readonly notice: Json;
  readonly at: number;
}
export interface ClaimedNotice extends NoticeRow {
  /** This one included. */
  readonly attempts: number;
  /** What the receiver calls the first message of the thread; null: none was sent. */
  readonly reference: string | null;
}
export interface ToldRow {
  readonly version: number;
  readonly memory: Json;
}
export type NoticeEnd = 'sent' | 'dropped' | 'withdrawn';
export interface NoticeQueue {
  readonly target: string;
  readonly environment: string;
  readonly waiting: number;
  readonly oldestAt: number;
}
export interface KeptNotice extends NoticeRow {
  readonly state: 'waiting' | NoticeEnd;
  readonly attempts: number;
  readonly note: string;
  readonly endedAt: number | null;
}
export interface ClaimWish {
  readonly by: string;
  readonly now: number;
  /** Nobody else takes it before. */
  readonly until: number;
  /** Targets that are left alone for now. */
  readonly except: readonly string[];
}
export interface OutboxStore {
  told(environment: string, signal: AbortSignal): Stored<ToldRow | null>;
  /** All or nothing. `version`: as it was read, 0 for the first; null: somebody else wrote since, and nothing is written. Rows that are there already
   *  stay as they are. */
  saveTold(environment: string, memory: Json, version: number, notices: readonly NoticeRow[], signal: AbortSignal): Stored<number | null>;
  /** At most one per target, none while another of the target is claimed: the oldest of its thread that is due. */
  claimNotices(wish: ClaimWish, signal: AbortSignal): Stored<readonly ClaimedNotice[]>;
  /** It did not work. Nothing when somebody else has it by now. */
  delayNotice(
    row: { readonly id: string; readonly target: string; readonly by: string; readonly nextAt: number; readonly note: string },
    signal: AbortSignal,
  ): Stored<void>;
  /** `reference`: of the first message of its thread, where it was this one. */
  endNotice(
    row: Pick<NoticeRow, 'id' | 'target' | 'thread'> & {
      readonly end: NoticeEnd;
      readonly at: number;
      readonly note: string;
      readonly reference: string | null;
    },
    signal: AbortSignal,
  ): Stored<void>;
  /** What waits, by target. */
  noticeQueue(signal: AbortSignal): Stored<readonly NoticeQueue[]>;
  /** Newest first. `environment` null: of all. */
  notices(environment: string | null, limit: number, signal: AbortSignal): Stored<readonly KeptNotice[]>;
  /** What was over before. */
  forgetNotices(before: number, signal: AbortSignal): Stored<void>;
}
