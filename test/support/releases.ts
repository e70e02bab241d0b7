/** Releases as people see them. Only the fields that matter are given. */
import { Release } from '#domain/release.ts';
import { SEEN_AT } from './statuses.ts';

const MINUTE = 60_000;
export const aRelease = (over: Partial<Release> = {}): Release =>
  Release.parse({
    environment: 'production',
    number: 12,
    kind: 'deploy',
    accepted: 'a'.repeat(64),
    from: 'b'.repeat(64),
    to: 'a'.repeat(64),
    commit: '1f2e3d4c5b6a79880f1e',
    author: 'ben',
    actor: 'git',
    phase: 'complete',
    phaseSince: SEEN_AT - 2 * MINUTE,
    deadline: null,
    heldSince: null,
    retryAt: null,
    startedAt: SEEN_AT - 5 * MINUTE,
    endedAt: SEEN_AT - 2 * MINUTE,
    openedAt: SEEN_AT - 4 * MINUTE,
    touched: true,
    changes: [
      { app: 'acme-api', name: 'api', parts: ['image'], state: 'done', message: '' },
      { app: 'acme-web', name: 'web', parts: ['image', 'config'], state: 'done', message: '' },
    ],
    migrations: null,
    plan: null,
    approvals: [],
    reports: [],
    failure: null,
    hold: null,
    message: '',
    ...over,
  });
