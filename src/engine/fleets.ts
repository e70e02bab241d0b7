/** One watch per organization and token. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import type { AppName } from '#domain/ids.ts';
import type { Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { type Instant, instant } from '#domain/units.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import { type Fleet, makeFleet } from './fleet.ts';

export interface FleetsDeps extends ClockDep, TellDep {
  readonly flyFor: (environment: CompiledEnvironment) => Result<FlyClient, TrimtabError>;
}
export interface Fleets {
  /** Apps that moved since the last look at the organization that these environments share. */
  look(environments: readonly CompiledEnvironment[], signal: AbortSignal): Promise<ReadonlySet<AppName>>;
  observedAt(): Instant | null;
}
export function makeFleets(deps: FleetsDeps): Fleets {
  const fleets = new Map<string, Fleet>();
  const fleetFor = (environment: CompiledEnvironment): Fleet | null => {
    const known = fleets.get(environment.organization);
    if (known !== undefined) return known;
    const fly = deps.flyFor(environment);
    if (!fly.ok) return null;
    const fleet = makeFleet({ fly: fly.value, tell: deps.tell, now: deps.clock.now }, environment.organization);
    fleets.set(environment.organization, fleet);
    return fleet;
  };
  return {
    look: async (environments, signal) => {
      const wanted = new Set(environments.flatMap((environment) => fleetFor(environment) ?? []));
      const looks = await Promise.all([...wanted].map((fleet) => fleet.look(signal)));
      return new Set(looks.flatMap((look) => (look.ok ? look.value : [])));
    },
    observedAt: () => {
      const times = [...fleets.values()].map((fleet) => fleet.observedAt());
      const seen = times.filter((at) => at !== null);
      return times.length === 0 || seen.length < times.length ? null : instant(Math.min(...seen));
    },
  };
}
