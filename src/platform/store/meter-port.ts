/** What the meter keeps: intervals, quantities, and what people said about money. Instants are milliseconds since 1970. */
import type { Json } from '#domain/json.ts';
import type { MeteredUnits } from '#domain/ledger.ts';
import type { Stored } from './port.ts';

export interface Placed {
  /** Null: no environment of git looks after this app. */
  readonly environment: string | null;
  readonly app: string;
  readonly group: string;
  readonly region: string;
}
export interface IntervalRow extends Placed {
  readonly resource: string;
  readonly subject: string;
  readonly item: string;
  readonly cls: string;
  readonly quantity: number;
  readonly rests: boolean;
  readonly guessed: boolean;
  readonly bornAt: number;
  readonly from: number;
  /** Null: it goes on. */
  readonly to: number | null;
}
export interface IntervalRewrite {
  readonly resource: string;
  /** What is stored of the resource from here on is replaced. */
  readonly from: number;
  readonly rows: readonly IntervalRow[];
}
/** Sums of quantity × milliseconds; of what is billed by the hour, of whole hours. */
export type UnitsRow = MeteredUnits;
export interface MonthUnits extends UnitsRow {
  readonly month: string;
}
export interface QuantityRow {
  readonly environment: string | null;
  readonly app: string;
  readonly region: string;
  readonly item: string;
  readonly cls: string;
  /** Start of the bucket. */
  readonly at: number;
  readonly quantity: number;
}
/** Of machines that may rest: milliseconds run in one hour. */
export interface HourRow {
  readonly environment: string | null;
  readonly app: string;
  readonly region: string;
  readonly cls: string;
  readonly hour: number;
  readonly units: bigint;
}
export interface DocumentRow {
  readonly key: string;
  readonly at: number;
  readonly document: Json;
}

export interface MeterStore {
  rewriteIntervals(organization: string, rewrites: readonly IntervalRewrite[], signal: AbortSignal): Stored<void>;
  /** Open ones, and those that ended since. */
  recentIntervals(organization: string, since: number, signal: AbortSignal): Stored<readonly IntervalRow[]>;
  /** Of one item, whole, that touch the span: for what is free up to an amount. */
  intervalsOfItem(organization: string, item: string, from: number, to: number, signal: AbortSignal): Stored<readonly IntervalRow[]>;
  /** What happened between the two, one row per place, item and class. `app` null: all. */
  unitsBetween(organization: string, app: string | null, from: number, to: number, signal: AbortSignal): Stored<readonly UnitsRow[]>;
  /** When the oldest of all began; null: there is none. */
  firstInterval(organization: string, signal: AbortSignal): Stored<number | null>;
  /** Keeps the sums of a finished month. */
  sealMonth(organization: string, month: string, rows: readonly UnitsRow[], signal: AbortSignal): Stored<void>;
  sealedMonths(organization: string, signal: AbortSignal): Stored<readonly string[]>;
  /** A row of that month, or of a later one, changed. */
  unsealFrom(organization: string, month: string, signal: AbortSignal): Stored<void>;
  monthUnits(organization: string, app: string | null, from: string, to: string, signal: AbortSignal): Stored<readonly MonthUnits[]>;
  saveQuantities(organization: string, rows: readonly QuantityRow[], signal: AbortSignal): Stored<void>;
  quantities(organization: string, from: number, to: number, signal: AbortSignal): Stored<readonly QuantityRow[]>;
  /** How much machines that may rest ran, hour by hour: the pattern a forecast rests on. */
  hoursBetween(organization: string, from: number, to: number, signal: AbortSignal): Stored<readonly HourRow[]>;
  saveDocument(kind: string, row: DocumentRow, signal: AbortSignal): Stored<void>;
  removeDocument(kind: string, key: string, signal: AbortSignal): Stored<boolean>;
  /** Newest first. */
  documents(kind: string, limit: number, signal: AbortSignal): Stored<readonly DocumentRow[]>;
  document(kind: string, key: string, signal: AbortSignal): Stored<DocumentRow | null>;
  /** Audit rows whose subject begins so, with this result, by environment and app. */
  countAudit(
    query: { readonly what: string; readonly result: string; readonly from: number; readonly to: number },
    signal: AbortSignal,
  ): Stored<readonly { readonly environment: string; readonly app: string | null; readonly count: number }[]>;
}
