/** When a person last confirmed that a database can be restored: the signature under that item of a weekly record. Where nobody ever did, it is counted
 *  from when trimtab began to look at the organization. */
import { z } from 'zod';
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { elapsed, type Instant, instant, minutes } from '#domain/units.ts';
import type { StoreDep } from '#platform/store/port.ts';
import { SIGNED } from './week-record.ts';

export interface RestorePoint {
  readonly at: Instant;
  readonly confirmed: boolean;
}
export interface RestorePoints {
  /** Reads the store; not more often than is worth it. */
  refresh(signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** Null: it has no database. */
  of(environment: CompiledEnvironment): RestorePoint | null;
}
const READ_EVERY = minutes(1);
const MOST_SIGNATURES = 500;
const Signature = z.object({ at: z.number() });

export function makeRestorePoints({
  store,
  clock,
  environments,
}: StoreDep & ClockDep & { readonly environments: () => readonly CompiledEnvironment[] }): RestorePoints {
  let readAt: Instant | null = null;
  let confirmedAt: Instant | null = null;
  const begun = new Map<string, Instant>();
  const hasDatabase = ({ declared }: CompiledEnvironment): boolean => declared?.database !== undefined;
  return {
    refresh: async (signal) => {
      const now = clock.now();
      const having = environments().filter(hasDatabase);
      if (having.length === 0 || (readAt !== null && elapsed(readAt, now) < READ_EVERY)) return ok(undefined);
      const rows = await store.documents(SIGNED, MOST_SIGNATURES, signal);
      if (!rows.ok) return rows;
      const times = rows.value.flatMap(({ key, document }) => {
        const parsed = Signature.safeParse(document);
        return key.endsWith('/restore-point') && parsed.success ? [parsed.data.at] : [];
      });
      confirmedAt = times.length === 0 ? null : instant(Math.max(...times));
      for (const { organization } of having) {
        const first = await store.firstInterval(organization, signal);
        if (!first.ok) return first;
        begun.set(organization, instant(first.value ?? now));
      }
      readAt = now;
      return ok(undefined);
    },
    of: (environment) => {
      const since = begun.get(environment.organization);
      if (!hasDatabase(environment) || since === undefined) return null;
      return confirmedAt === null ? { at: since, confirmed: false } : { at: confirmedAt, confirmed: true };
    },
  };
}
