/** A release under way: of `web`, among its apps. Only the fields that matter are given. */
import type { Release } from '#domain/release.ts';
import { after, minutes } from '#domain/units.ts';
import { NOW } from './builders.ts';

export const aRelease = (over: Partial<Release> = {}): Release => ({
  ...{ environment: 'test', number: 3, kind: 'deploy', accepted: 'r2', from: 'r1', to: 'r2', commit: null, author: null, actor: 'git' },
  ...{ phase: 'apps', phaseSince: NOW, deadline: after(NOW, minutes(20)), heldSince: null, retryAt: null, startedAt: NOW, endedAt: null },
  ...{ openedAt: NOW, touched: true, secrets: {}, migrations: null, plan: null, approvals: [], reports: [], failure: null, hold: null },
  changes: [{ app: 'acme-web', name: 'web', parts: ['image'], state: 'waiting', message: '' }],
  message: '',
  ...over,
});
