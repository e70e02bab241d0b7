/** The app itself, and the platform releases that let `fly status` and `fly releases` tell our work. Identity: the app's name; a release by
 *  image and time. Apps are never deleted. */

import type { Change } from '#domain/change.ts';
import { failure } from '#domain/errors.ts';
import type { PlanContext } from '#domain/finding.ts';
import { NOTHING } from '#domain/finding.ts';
import type { ObservedRelease } from '#domain/observed.ts';
import { err, ok } from '#domain/result.ts';
import { ms } from '#domain/units.ts';
import type { Kind } from './kind.ts';

/** Clocks of the platform and ours differ by less than this, or `doctor` says so. */
const CLOCK_SKEW_MS = ms(30_000);

export const app: Kind<'app'> = {
  name: 'app',
  rank: 0,
  owned: ['name', 'organization', 'release'],
  plan: (context) => (context.observed.info === null ? { ...NOTHING, now: [createChange(context)] } : NOTHING),
  undo: () => null,
  // A release has one id and ends once; a second name or a second release would be another one.
  repeatable: ({ verb }) => verb === 'close-release',
  price: () => [],
  observe: async ({ fly }, name, signal) => {
    const info = await fly.getApp(name, signal);
    if (!info.ok) return info.error.code === 'FLY_NOT_FOUND' ? ok({ info: null, currentRelease: null }) : info;
    const release = await fly.currentRelease(name, signal);
    return release.ok ? ok({ info: info.value, currentRelease: release.value }) : release;
  },
  find: async ({ fly }, { app: name, action }, since, signal) => {
    if (action.verb === 'create') {
      const info = await fly.getApp(name, signal);
      if (info.ok) return ok({ id: name });
      return info.error.code === 'FLY_NOT_FOUND' ? ok(null) : info;
    }
    const releases = await fly.listReleases(name, 5, signal);
    if (!releases.ok) return releases;
    if (action.verb === 'close-release') {
      const found = releases.value.find(({ id }) => id === action.release);
      return ok(found !== undefined && found.status === action.status ? { id: found.id } : null);
    }
    const found = releases.value.find(
      ({ createdAt, imageRef, status }) =>
        createdAt >= since - CLOCK_SKEW_MS && isOpen(status) && (imageRef === null || imageRef === action.image),
    );
    return ok(found === undefined ? null : { id: found.id, release: { id: found.id, version: found.version } });
  },
  apply: async ({ fly }, { app: name, action }, signal) => {
    switch (action.verb) {
      case 'create': {
        const made = await fly.createApp(name, action.organization, signal);
        if (made.ok) return ok({ id: name });
        if (made.error.code !== 'FLY_NAME_TAKEN') return made;
        // Taken by us, when an earlier call landed after all.
        const there = await fly.getApp(name, signal);
        return there.ok && there.value.organization === action.organization ? ok({ id: name }) : made;
      }
      case 'open-release': {
        const made = await fly.createRelease(
          { app: name, image: action.image, strategy: 'ROLLING', definition: action.definition },
          signal,
        );
        if (!made.ok) return made;
        const running = await fly.updateRelease(made.value.id, 'running', signal);
        if (!running.ok) return err(failure('FLY_AMBIGUOUS', `release ${made.value.version} was made and not marked running`));
        return ok({ id: made.value.id, release: { id: made.value.id, version: made.value.version } });
      }
      case 'close-release': {
        const closed = await fly.updateRelease(action.release, action.status, signal);
        return closed.ok ? ok({ id: action.release }) : closed;
      }
    }
  },
};
const isOpen = (status: string): boolean => status === 'pending' || status === 'running';

function createChange({ app: wanted, environment }: PlanContext): Change {
  return {
    app: wanted.app,
    subject: wanted.app,
    action: { kind: 'app', verb: 'create', organization: environment.organization },
    cause: 'change',
    urgent: false,
    fields: [],
    why: `make app ${wanted.app} in ${environment.organization}`,
    group: null,
    region: null,
    restarts: false,
    destroys: false,
    downtime: false,
    needsApproval: null,
  };
}
/** Bookkeeping around a change of content: opened before its first write, closed when what it wrote was seen to serve. */
export function openRelease(context: PlanContext, image: string): Change {
  return release(context, { kind: 'app', verb: 'open-release', image, definition: context.app.definition }, 'open a platform release');
}
export function closeRelease(context: PlanContext, id: string, version: number, status: 'complete' | 'failed' | 'interrupted'): Change {
  const why = `mark platform release v${version} ${status}`;
  return release(context, { kind: 'app', verb: 'close-release', release: id, status }, why);
}
function release({ app: wanted }: PlanContext, action: Change['action'], why: string): Change {
  return {
    app: wanted.app,
    subject: 'release',
    action,
    cause: 'release',
    urgent: false,
    fields: [],
    why,
    group: null,
    region: null,
    restarts: false,
    destroys: false,
    downtime: false,
    needsApproval: null,
  };
}
/** Somebody else's release that is under way; taken as dead when nothing moved for ten minutes. */
export const RELEASE_DEAD_AFTER_MS = ms(600_000);
export const isForeignRelease = (current: ObservedRelease | null, ours: { readonly id: string } | null): boolean =>
  current !== null && isOpen(current.status) && current.id !== ours?.id;
