/** One watch per organization. Several controllers share the work: whoever has the organization's key looks, and all know when it was seen. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import type { AppName, OrgSlug } from '#domain/ids.ts';
import { orgSlug } from '#domain/ids.ts';
import type { OrgMachine } from '#domain/observed.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { type Instant, instant } from '#domain/units.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import type { StoreDep } from '#platform/store/port.ts';
import { type Fleet, makeFleet } from './fleet.ts';

export interface FleetsDeps extends ClockDep, TellDep, StoreDep {
  readonly flyFor: (environment: CompiledEnvironment) => Result<FlyClient, TrimtabError>;
  readonly writer: string;
  /** Other processes may work on the same state. */
  readonly shared: boolean;
  readonly startEmpty: (ids: readonly string[]) => void;
  readonly onMoved: (organization: OrgSlug, machines: readonly OrgMachine[]) => void;
}
export interface Look {
  readonly moved: ReadonlySet<AppName>;
  /** Nobody else looked since this process did. */
  readonly alone: boolean;
}
export interface Observation {
  readonly organization: OrgSlug;
  readonly at: Instant;
}
export interface Fleets {
  /** Looks at the organization that these environments share. */
  look(organization: OrgSlug, environments: readonly CompiledEnvironment[], signal: AbortSignal): Promise<Result<Look, TrimtabError>>;
  /** Asks the store when others saw the organizations. */
  refresh(signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  observations(): readonly Observation[];
  /** The oldest picture of the organizations of these environments; null: one was never seen. Those without a token are not counted. */
  observedAt(environments: readonly CompiledEnvironment[]): Instant | null;
}
export function makeFleets(deps: FleetsDeps): Fleets {
  const fleets = new Map<OrgSlug, Fleet>();
  const others = new Map<OrgSlug, Instant>();
  const fleetFor = (environment: CompiledEnvironment): Fleet | null => {
    const known = fleets.get(environment.organization);
    if (known !== undefined) return known;
    const fly = deps.flyFor(environment);
    if (!fly.ok) return null;
    const { organization } = environment;
    const onMoved = (machines: readonly OrgMachine[]): void => deps.onMoved(organization, machines);
    const fleet = makeFleet({ fly: fly.value, tell: deps.tell, now: deps.clock.now, onMoved }, organization);
    fleets.set(environment.organization, fleet);
    return fleet;
  };
  const seenAt = (organization: OrgSlug): Instant | null => {
    const times = [fleets.get(organization)?.observedAt() ?? null, others.get(organization) ?? null].filter((at) => at !== null);
    return times.length === 0 ? null : instant(Math.max(...times));
  };
  const isAlone = async (organization: OrgSlug, signal: AbortSignal): Promise<Result<boolean, TrimtabError>> => {
    if (!deps.shared) return ok(true);
    const former = await deps.store.watchOrganization(organization, deps.writer, seenAt(organization), signal);
    return former.ok ? ok(former.value === deps.writer) : former;
  };
  return {
    look: async (organization, environments, signal) => {
      const alone = await isAlone(organization, signal);
      if (!alone.ok) return alone;
      if (!alone.value) deps.startEmpty([organization]);
      const fleet = environments.map(fleetFor).find((one) => one !== null);
      const look = await fleet?.look(signal);
      return ok({ moved: new Set(look?.ok === true ? look.value : []), alone: alone.value });
    },
    refresh: async (signal) => {
      if (!deps.shared) return ok(undefined);
      const rows = await deps.store.observations(signal);
      if (!rows.ok) return rows;
      for (const { organization, at } of rows.value) others.set(orgSlug(organization), instant(at));
      return ok(undefined);
    },
    observations: () =>
      [...new Set([...fleets.keys(), ...others.keys()])].flatMap((organization) => {
        const at = seenAt(organization);
        return at === null ? [] : [{ organization, at }];
      }),
    observedAt: (environments) => {
      const reached = environments.filter((environment) => deps.flyFor(environment).ok);
      const times = reached.map(({ organization }) => seenAt(organization));
      const seen = times.filter((at) => at !== null);
      return times.length === 0 || seen.length < times.length ? null : instant(Math.min(...seen));
    },
  };
}
