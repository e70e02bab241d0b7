/** The status of every app, whichever controller saw it last. */
import type { AppStatus } from '#domain/condition.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { AppName, EnvironmentName } from '#domain/ids.ts';
import { ok, type Result } from '#domain/result.ts';
import type { StoreDep } from '#platform/store/port.ts';
import { keyOf } from './keys.ts';
import type { SavedStatus } from './ports.ts';
import type { AppRuntime } from './runtime.ts';
import { savedStatuses } from './state.ts';

export interface Statuses {
  /** Null: nobody looked at it yet. */
  of(environment: EnvironmentName, app: AppName): AppStatus | null;
  /** What others saved. */
  absorb(rows: readonly SavedStatus[]): void;
  /** Asks the store what others saved since the last time. */
  refresh(signal: AbortSignal): Promise<Result<void, TrimtabError>>;
}
export interface StatusesDeps extends StoreDep {
  readonly runtime: (key: string) => AppRuntime | null;
  readonly writer: string;
}
export function makeStatuses({ store, runtime, writer }: StatusesDeps): Statuses {
  const saved = new Map<string, SavedStatus>();
  let cursor = 0;
  const absorb = (rows: readonly SavedStatus[]): void => {
    for (const row of rows) {
      const key = keyOf(row);
      // A takeover raises the generation: the higher one wrote later.
      if (row.generation >= (saved.get(key)?.generation ?? 0)) saved.set(key, row);
    }
  };
  return {
    absorb,
    of: (environment, app) => {
      const key = keyOf({ environment, app });
      const mine = runtime(key);
      const other = saved.get(key) ?? null;
      if (mine === null || mine.status === null) return other?.status ?? null;
      return other !== null && other.generation > (mine.generation ?? 0) ? other.status : mine.status;
    },
    refresh: async (signal) => {
      const told = await store.statuses(cursor, writer, signal);
      if (!told.ok) return told;
      ({ cursor } = told.value);
      absorb(savedStatuses(told.value.rows));
      return ok(undefined);
    },
  };
}
