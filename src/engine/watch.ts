/** The observation of one organization: one list of all its machines tells which apps moved; the time it covers is charged. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { OrgSlug } from '#domain/ids.ts';
import { elapsed, type Instant, type Ms, ms } from '#domain/units.ts';
import type { Environments } from './environments.ts';
import type { Fleets } from './fleets.ts';
import { organizationKey } from './keys.ts';
import type { Meter } from './meter.ts';
import { PRIORITY } from './queue.ts';
import type { Statuses } from './statuses.ts';
import type { Handler, WorkDeps } from './work.ts';

export interface WatchDeps extends ClockDep, Pick<WorkDeps, 'wake'> {
  readonly environments: Environments;
  readonly fleets: Fleets;
  readonly statuses: Statuses;
  readonly meter: Meter;
  readonly tick: Ms;
  readonly noteStore: (error: TrimtabError | null) => void;
}
export function makeWatch(deps: WatchDeps): Handler {
  const { clock, environments } = deps;
  const watched = new Map<string, Instant>();
  const metered = (organization: OrgSlug) =>
    environments
      .targets()
      .filter(({ environment }) => environment.organization === organization)
      .flatMap(({ environment, app }) => {
        const status = deps.statuses.of(environment.name, app.app);
        return status === null ? [] : [{ environment: environment.name, app: app.app, lines: status.costLines }];
      });
  return {
    priority: PRIORITY.watch,
    forget: (key) => void watched.delete(key),
    run: async (key, signal) => {
      const started = clock.now();
      const sharing = environments.all().filter(({ organization }) => organizationKey(organization) === key);
      const organization = sharing[0]?.organization;
      if (organization === undefined) return null;
      const look = await deps.fleets.look(organization, sharing, signal);
      deps.noteStore(look.ok ? null : look.error);
      if (!look.ok) return deps.tick;
      const keys = environments.keysOf(look.value.moved);
      if (keys.length > 0) await deps.wake(keys, PRIORITY.observed, clock.now(), signal);
      // Time that somebody else watched is charged by them.
      const before = look.value.alone ? (watched.get(key) ?? started) : started;
      watched.set(key, started);
      deps.meter.tick(metered(organization), elapsed(before, started), started);
      return ms(Math.max(0, deps.tick - elapsed(started, clock.now())));
    },
  };
}
