/** Defaults of a sync policy, and an app's own over its environment's. */
import type { SyncSpec } from './desired-schema.ts';
import type { SyncPolicy, SyncWindow } from './revision.ts';
import { hours, ms } from './units.ts';

/** A team starts by looking; nothing is pruned before somebody asks for it. Source: docs/decisions/0101-defaults-of-desired-state.md */
export const DEFAULT_SYNC: SyncPolicy = {
  mode: 'observe',
  selfHeal: { enabled: true, grace: ms(0) },
  prune: { enabled: false, maxDeletes: 3, holdFor: hours(24) },
  windows: [],
};

/** Key by key; a list of windows replaces the other whole. */
export function mergeSync(base: SyncPolicy, over: SyncSpec | undefined): SyncPolicy {
  return {
    mode: over?.mode ?? base.mode,
    selfHeal: {
      enabled: over?.selfHeal?.enabled ?? base.selfHeal.enabled,
      grace: over?.selfHeal?.grace ?? base.selfHeal.grace,
    },
    prune: {
      enabled: over?.prune?.enabled ?? base.prune.enabled,
      maxDeletes: over?.prune?.maxDeletes ?? base.prune.maxDeletes,
      holdFor: over?.prune?.holdFor ?? base.prune.holdFor,
      ...((over?.prune?.quarantine ?? base.prune.quarantine) ? { quarantine: true } : {}),
    },
    windows: over?.windows?.map(toWindow) ?? base.windows,
  };
}
const toWindow = (spec: NonNullable<SyncSpec['windows']>[number]): SyncWindow => ({
  kind: spec.allow === undefined ? 'deny' : 'allow',
  cron: spec.allow ?? spec.deny ?? '',
  duration: spec.duration,
  timeZone: spec.timeZone ?? 'UTC',
  holds: spec.holds ?? ['releases'],
});
