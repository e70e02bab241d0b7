/** Metrics about what people are told, and about what only people can confirm. */
import type { Instant } from '#domain/units.ts';
import type { MakeGauge } from './metrics.ts';

export interface NoticeSources {
  /** Of every declared target; `oldestAt` null: nothing waits. */
  readonly noticeQueues: () => readonly {
    readonly environment: string;
    readonly target: string;
    readonly waiting: number;
    readonly oldestAt: number | null;
  }[];
  /** Of environments with a database. */
  readonly restorePoints: () => readonly { readonly environment: string; readonly at: number }[];
  readonly now: () => Instant;
}
export function noticeGauges(gauge: MakeGauge, { noticeQueues, restorePoints, now }: NoticeSources): void {
  gauge('notifications_waiting', 'Messages to people that have not arrived yet.', ['environment', 'target'], (set) => {
    for (const { environment, target, waiting } of noticeQueues()) set({ environment, target }, waiting);
  });
  gauge('notification_age_seconds', 'Age of the oldest message that waits; 0: none does.', ['environment', 'target'], (set) => {
    for (const { environment, target, oldestAt } of noticeQueues())
      set({ environment, target }, oldestAt === null ? 0 : Math.max(0, now() - oldestAt) / 1_000);
  });
  gauge(
    'restore_point_confirmed_timestamp_seconds',
    'When a person last confirmed that the database can be restored.',
    ['environment'],
    (set) => {
      for (const { environment, at } of restorePoints()) set({ environment }, at / 1_000);
    },
  );
}
