/** The observation of one organization: one list of all its machines tells which apps moved. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { elapsed, type Ms, ms } from '#domain/units.ts';
import type { Environments } from './environments.ts';
import type { Fleets } from './fleets.ts';
import { organizationKey } from './keys.ts';
import type { Money } from './money.ts';
import { PRIORITY } from './queue.ts';
import type { Handler, WorkDeps } from './work.ts';

export interface WatchDeps extends ClockDep, Pick<WorkDeps, 'wake'> {
  readonly environments: Environments;
  readonly fleets: Fleets;
  readonly money: Pick<Money, 'survey'>;
  readonly tick: Ms;
  readonly noteStore: (error: TrimtabError | null) => void;
}
export function makeWatch(deps: WatchDeps): Handler {
  const { clock, environments } = deps;
  return {
    priority: PRIORITY.watch,
    forget: () => undefined,
    run: async (key, signal) => {
      const started = clock.now();
      const sharing = environments.all().filter(({ organization }) => organizationKey(organization) === key);
      const organization = sharing[0]?.organization;
      if (organization === undefined) return null;
      const look = await deps.fleets.look(organization, sharing, signal);
      if (!look.ok) {
        deps.noteStore(look.error);
        return deps.tick;
      }
      const keys = environments.keysOf(look.value.moved);
      if (keys.length > 0) await deps.wake(keys, PRIORITY.observed, clock.now(), signal);
      await deps.money.survey(sharing, signal);
      return ms(Math.max(0, deps.tick - elapsed(started, clock.now())));
    },
  };
}
