/** A scene in which nothing is to be told, for tests that change one thing of it. */
import type { Scene } from '#domain/notices/scene.ts';
import { NOW } from './builders.ts';

export const aScene = (over: Partial<Scene> = {}): Scene => ({
  now: NOW,
  environment: 'prod',
  owners: [{ name: 'ann', slack: 'U1' }],
  newest: 0,
  active: null,
  releases: [],
  statuses: [],
  proof: () => [],
  problems: [],
  audit: [],
  observedAt: NOW,
  writer: 'w1',
  failing: 0,
  heard: { guard: [], synced: [] },
  budgets: [],
  weekOverWeek: null,
  restorePoint: null,
  week: null,
  leaks: null,
  late: [],
  ...over,
});
