/** What people approved: an app, or a whole environment, at one revision. Ends when that revision is Synced. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { EnvironmentName } from '#domain/ids.ts';
import { ok, type Result } from '#domain/result.ts';
import type { ApprovalRow, StoreDep } from '#platform/store/port.ts';
import type { AppTarget } from './target.ts';

export interface Approvals {
  has(target: AppTarget): boolean;
  /** `app`: `*` for the whole environment. */
  give(environment: EnvironmentName, app: string, revision: string, by: string, signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** The app is as approved: its approval has served, and does not cover what drifts later. */
  end(target: AppTarget): void;
  /** Every app of the environment is as approved. */
  endAll(environment: EnvironmentName): void;
  /** Tells the store what has ended. */
  flush(signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** What the store has for this app at this moment. */
  know(target: Pick<AppTarget, 'environment' | 'app'>, rows: readonly ApprovalRow[]): void;
  load(environments: readonly string[], signal: AbortSignal): Promise<Result<void, TrimtabError>>;
}
export function makeApprovals(deps: StoreDep & ClockDep): Approvals {
  const given = new Map<string, ApprovalRow>();
  const served = new Set<string>();
  const ended = new Set<ApprovalRow>();
  const keyFor = (environment: string, app: string): string => `${environment}/${app}`;
  const find = ({ environment, app, revision }: AppTarget): ApprovalRow | undefined =>
    [given.get(keyFor(environment.name, app.app)), given.get(keyFor(environment.name, '*'))].find((row) => row?.revision === revision);
  const forget = (row: ApprovalRow): void => {
    given.delete(keyFor(row.environment, row.app));
    ended.add(row);
  };
  /** What has ended here and is not told to the store yet has ended. */
  const take = (rows: readonly ApprovalRow[]): void => {
    const ending = new Set([...ended].map(({ environment, app, at }) => `${environment}/${app}/${at}`));
    for (const row of rows) if (!ending.has(`${row.environment}/${row.app}/${row.at}`)) given.set(keyFor(row.environment, row.app), row);
  };
  return {
    // One approval serves one time per app: what drifts later is not approved by it.
    has: (target) => find(target) !== undefined && !served.has(`${target.environment.name}/${target.app.app}/${find(target)?.at ?? 0}`),
    end: (target) => {
      const row = find(target);
      if (row === undefined) return;
      served.add(`${target.environment.name}/${target.app.app}/${row.at}`);
      if (row.app !== '*') forget(row);
    },
    endAll: (environment) => {
      for (const row of [...given.values()]) if (row.environment === environment) forget(row);
    },
    flush: async (signal) => {
      for (const row of [...ended]) {
        const done = await deps.store.endApproval(row.environment, row.app, signal);
        if (!done.ok) return done;
        ended.delete(row);
      }
      return ok(undefined);
    },
    give: async (environment, app, revision, by, signal) => {
      const row = { environment, app, revision, by, at: deps.clock.now() };
      const saved = await deps.store.approve(row, signal);
      if (saved.ok) given.set(keyFor(environment, app), row);
      return saved;
    },
    know: ({ environment, app }, rows) => {
      for (const one of ['*', app.app]) given.delete(keyFor(environment.name, one));
      take(rows);
    },
    load: async (environments, signal) => {
      for (const environment of environments) {
        const rows = await deps.store.approvals(environment, signal);
        if (!rows.ok) return rows;
        for (const [key, row] of [...given]) if (row.environment === environment) given.delete(key);
        take(rows.value);
      }
      return ok(undefined);
    },
  };
}
