/** What a person can ask about money: the part of the operator that the cost and report commands speak. */

import type { Proposal } from '#domain/advise.ts';
import type { Span } from '#domain/calendar.ts';
import type { CostEntry } from '#domain/ledger.ts';
import type { Instant, MicroUsd } from '#domain/units.ts';
import type { AppCost } from '#domain/whatif.ts';
import type { BudgetView } from './budgets.ts';
import type { ActualRow, CostLineRow } from './cost-lines.ts';
import type { CostSummary } from './costs.ts';
import type { Answer } from './operator.ts';
import type { WeekRecord } from './week-record.ts';

export interface CostAnswer {
  readonly organization: string;
  /** `2026-11`. */
  readonly month: string;
  readonly span: Span;
  readonly entries: readonly CostEntry[];
  /** App → the value of its `team` label, or of its first one. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of the month that goes on; null for another. */
  readonly summary: CostSummary | null;
  readonly budgets: readonly BudgetView[];
  readonly lines: readonly CostLineRow[];
  readonly actual: (ActualRow & { readonly gap: number | null }) | null;
  /** What costs and is not known here, with what would make it known. */
  readonly unknown: readonly { readonly item: string; readonly why: string }[];
  /** Machines of builders that were started this week. */
  readonly builds: number;
}
export interface WhatIfAnswer {
  readonly apps: readonly { readonly environment: string; readonly before: AppCost; readonly after: AppCost }[];
}
export interface NewLine {
  readonly label: string;
  readonly amount: MicroUsd;
  readonly monthly: boolean;
  readonly from: Instant;
  readonly to: Instant | null;
  readonly note: string;
  readonly by: string;
}
export interface CostQuery {
  readonly environment: string | null;
  readonly month: string | null;
}
/** One day (UTC) of an organization's month. */
export interface DayCost {
  readonly organization: string;
  /** `2026-11-03`. */
  readonly day: string;
  readonly amount: MicroUsd;
  /** Largest first. */
  readonly apps: readonly { readonly app: string; readonly amount: MicroUsd }[];
}
export interface Accounts {
  /** One answer per organization. */
  cost(query: CostQuery, signal: AbortSignal): Answer<readonly CostAnswer[]>;
  /** Day by day until now. What is only known of a whole month (credits of reservations) is in none of them. */
  costDays(query: CostQuery, signal: AbortSignal): Answer<readonly DayCost[]>;
  addCostLine(line: NewLine, signal: AbortSignal): Answer<CostLineRow>;
  removeCostLine(id: string, signal: AbortSignal): Answer<void>;
  /** What the dashboard shows for the month so far. `organization` null: the only one. */
  actual(
    amount: MicroUsd,
    organization: string | null,
    by: string,
    signal: AbortSignal,
  ): Answer<ActualRow & { readonly gap: number | null }>;
  whatIf(environment: string | null, settings: readonly string[], signal: AbortSignal): Answer<WhatIfAnswer>;
  advise(environment: string | null, signal: AbortSignal): Answer<readonly Proposal[]>;
  ackBudget(budget: string, by: string, signal: AbortSignal): Answer<BudgetView>;
  /** The record of a week, by the day it begins; null: the week that goes on. What is finished is stored. */
  weekRecord(week: string | null, signal: AbortSignal): Answer<WeekRecord>;
  /** Newest first, a year at most. */
  weekRecords(signal: AbortSignal): Answer<readonly WeekRecord[]>;
  signWeek(week: string | null, item: string, note: string, by: string, signal: AbortSignal): Answer<WeekRecord>;
}
