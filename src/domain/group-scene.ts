/** What every part of a group's plan looks at. */
import type { Change } from './change.ts';
import type { PlanContext } from './finding.ts';
import type { Counts } from './group-counts.ts';
import type { WantedImage } from './machine-body.ts';
import type { Member } from './members.ts';
import type { Hold, HoldReason } from './plan.ts';
import type { CompiledGroup } from './revision.ts';

export interface GroupScene {
  readonly context: PlanContext;
  readonly group: CompiledGroup;
  readonly members: readonly Member[];
  readonly counts: Counts;
  /** Null: neither git nor a running machine names one. */
  readonly image: WantedImage | null;
  readonly primary: string | undefined;
}
export const holdOf = (
  scene: GroupScene,
  reason: HoldReason,
  subject: string | null,
  message: string,
  change: Change | null = null,
): Hold => ({ reason, app: scene.context.app.app, subject, message, until: null, change });
