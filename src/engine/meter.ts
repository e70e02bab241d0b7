/** A first meter: the rate of each app, integrated over the controller's own time. Exact metering comes from events, not from here. */
import type { CostLine } from '#domain/condition.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { type Instant, instantToIso, type MicroUsd, type Ms, microUsd } from '#domain/units.ts';
import type { StoreDep, UsageRow } from '#platform/store/port.ts';

const HOUR_MS = 3_600_000;

export interface MeteredApp {
  readonly environment: string;
  readonly app: string;
  readonly lines: readonly CostLine[];
}
export interface Meter {
  /** Charges this span of time, which ends now, at these rates. */
  tick(apps: readonly MeteredApp[], span: Ms, now: Instant): void;
  /** Adds what was charged to the store. */
  flush(signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** Reads what the month has so far. */
  load(environments: readonly string[], now: Instant, signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  monthToDate(environment: string, app: string, item: string | null, now: Instant): MicroUsd;
}
interface Account {
  readonly environment: string;
  readonly app: string;
  readonly item: string;
  readonly month: string;
  /** In the store, and not yet. */
  stored: number;
  pending: number;
  /** Micro-dollar milliseconds per hour below one micro-dollar. */
  rest: number;
}
export const monthOf = (at: Instant): string => instantToIso(at).slice(0, 7);

export function makeMeter(deps: StoreDep): Meter {
  const accounts = new Map<string, Account>();
  const accountOf = (environment: string, app: string, item: string, month: string): Account => {
    const key = `${environment}/${app}/${item}/${month}`;
    const account = accounts.get(key) ?? { environment, app, item, month, stored: 0, pending: 0, rest: 0 };
    accounts.set(key, account);
    return account;
  };
  return {
    tick: (apps, span, now) => {
      for (const { environment, app, lines } of apps) {
        for (const { item, microUsdPerHour } of lines) {
          const account = accountOf(environment, app, item, monthOf(now));
          account.rest += microUsdPerHour * span;
          const whole = Math.floor(account.rest / HOUR_MS);
          account.rest -= whole * HOUR_MS;
          account.pending += whole;
        }
      }
    },
    flush: async (signal) => {
      const due = [...accounts.values()].filter(({ pending }) => pending > 0);
      if (due.length === 0) return ok(undefined);
      const charged = due.map((account) => ({ account, amount: account.pending }));
      const rows = charged.map(
        ({ account: { environment, app, item, month }, amount }): UsageRow => ({ environment, app, item, month, microUsd: amount }),
      );
      const added = await deps.store.addUsage(rows, signal);
      if (!added.ok) return added;
      for (const { account, amount } of charged) {
        account.pending -= amount;
        account.stored += amount;
      }
      return added;
    },
    load: async (environments, now, signal) => {
      for (const environment of environments) {
        const rows = await deps.store.usage(environment, monthOf(now), signal);
        if (!rows.ok) return rows;
        for (const row of rows.value) accountOf(environment, row.app, row.item, row.month).stored = row.microUsd;
      }
      return ok(undefined);
    },
    monthToDate: (environment, app, item, now) => {
      const month = monthOf(now);
      const mine = [...accounts.values()].filter(
        (account) =>
          account.environment === environment && account.app === app && account.month === month && (item === null || account.item === item),
      );
      return microUsd(mine.reduce((sum, { stored, pending }) => sum + stored + pending, 0));
    },
  };
}
