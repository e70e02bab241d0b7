/** Facts → notices: what an environment's people are to be told now, and what is known to be told afterwards. Pure: the same scene gives the same
 *  notices with the same ids, whoever looks. */
import { alertNotices } from './alerts.ts';
import { driftNotices } from './drift.ts';
import { moneyNotices } from './money.ts';
import { firstRelease, releaseNotices } from './releases.ts';
import type { Scene } from './scene.ts';
import type { Told } from './told.ts';
import type { Notice } from './words.ts';

export interface Judged {
  readonly told: Told;
  readonly notices: readonly Notice[];
}
export function judgeScene(scene: Scene, before: Told | null): Judged {
  const told = before ?? firstLook(scene);
  const releases = releaseNotices(scene, told.release);
  const drift = driftNotices(scene, told);
  const money = moneyNotices(scene, told);
  const alerts = alertNotices(scene, { ...told, ...drift.told, ...money.told, release: releases.told });
  return { told: alerts.told, notices: [...releases.notices, ...drift.notices, ...money.notices, ...alerts.notices] };
}
/** What happened before anybody looked is no news; what lasts, is. */
function firstLook(scene: Scene): Told {
  const seqs = scene.audit.map(({ seq }) => seq);
  return {
    since: scene.now,
    release: firstRelease(scene),
    audit: { upTo: Math.max(0, ...seqs), recent: seqs },
    drift: {},
    incidents: {},
    budgets: {},
    guard: {},
    synced: [],
    week: scene.week?.name ?? null,
    leaks: [],
  };
}
