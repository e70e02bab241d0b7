/** One organization-wide list per tick: tells which apps moved. It decides nothing; the app's own pass reads with authority. */
import type { TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import type { AppName, OrgSlug } from '#domain/ids.ts';
import type { OrgMachine } from '#domain/observed.ts';
import { ok, type Result } from '#domain/result.ts';
import { type Instant, instant, seconds } from '#domain/units.ts';
import type { FlyDep } from '#platform/fly/port.ts';

/** Recent changes reach the list late: what is asked for overlaps what was told. */
const OVERLAP = seconds(15);

export interface Fleet {
  readonly organization: OrgSlug;
  /** Apps with a machine that is new, or has another version, state or time of change since the last look. */
  look(signal: AbortSignal): Promise<Result<readonly AppName[], TrimtabError>>;
  observedAt(): Instant | null;
}
export interface FleetDeps extends FlyDep, TellDep {
  readonly now: () => Instant;
  /** Machines that are new, or moved. */
  readonly onMoved?: (machines: readonly OrgMachine[]) => void;
}
export function makeFleet(deps: FleetDeps, organization: OrgSlug): Fleet {
  const seen = new Map<string, string>();
  let since: Instant | null = null;
  let sinceSeenAt: Instant | null = null;
  let observedAt: Instant | null = null;
  return {
    organization,
    observedAt: () => observedAt,
    look: async (signal) => {
      // What came late has come by now: a quiet fleet is not told again and again.
      const quiet = sinceSeenAt === null ? 0 : deps.now() - sinceSeenAt;
      const asked = since === null ? null : instant(since - Math.max(0, OVERLAP - quiet));
      const picture = await deps.fly.listOrgMachines(organization, asked, signal);
      if (!picture.ok) {
        deps.tell({ type: 'ObservationFailed', organization, code: picture.error.code, message: picture.error.message });
        return picture;
      }
      const { machines, errorRegions, lastUpdatedAt } = picture.value;
      const moved: OrgMachine[] = [];
      for (const machine of machines) {
        const print = fingerprint(machine);
        if (seen.get(machine.id) === print) continue;
        seen.set(machine.id, print);
        moved.push(machine);
      }
      observedAt = deps.now();
      if (lastUpdatedAt !== null && (since === null || lastUpdatedAt > since)) {
        since = lastUpdatedAt;
        sinceSeenAt = observedAt;
      }
      deps.tell({ type: 'OrganizationObserved', organization, machines: machines.length, missingRegions: errorRegions });
      if (moved.length > 0) deps.onMoved?.(moved);
      return ok([...new Set(moved.map(({ app }) => app))]);
    },
  };
}
const fingerprint = ({ instanceId, state, updatedAt }: OrgMachine): string => `${instanceId} ${state} ${updatedAt}`;
