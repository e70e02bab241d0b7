/** Holds as they begin and end, told once each. */
import type { AppStatus } from '#domain/condition.ts';
import type { TellDep } from '#domain/events.ts';
import { appName, environmentName } from '#domain/ids.ts';
import { HOLD_REASONS, type HoldReason } from '#domain/plan.ts';

type Held = AppStatus['held'][number];
const keyOf = ({ reason, subject }: Held): string => `${reason}/${subject ?? ''}`;
const isReason = (text: string): text is HoldReason => text in HOLD_REASONS;

export function tellHolds({ tell }: TellDep, before: AppStatus | null, now: AppStatus): void {
  const place = { environment: environmentName(now.environment), app: appName(now.app) };
  const [old, fresh] = [before?.held ?? [], now.held].map((held) => new Map(held.map((one) => [keyOf(one), one])));
  for (const [key, { reason, subject, message, remedy }] of fresh ?? [])
    if (old?.has(key) !== true && isReason(reason)) tell({ type: 'HoldBegan', ...place, reason, subject, message, remedy });
  for (const [key, { reason, subject }] of old ?? [])
    if (fresh?.has(key) !== true && isReason(reason)) tell({ type: 'HoldEnded', ...place, reason, subject });
}
