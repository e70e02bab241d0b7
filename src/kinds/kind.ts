/** One kind of managed resource. A new kind is one file holding this object, its test, and one line in registry.ts.
 *  Why a kind plans a whole app at once and not one resource: docs/decisions/0110-one-plan-per-kind-and-app.md. */
import type { Action, KindName, SecretItem, Step } from '#domain/change.ts';
import type { CostLine } from '#domain/condition.ts';
import type { PlatformError } from '#domain/errors.ts';
import type { Finding, PlanContext } from '#domain/finding.ts';
import type { AppName } from '#domain/ids.ts';
import type { ObservedApp } from '#domain/observed.ts';
import type { Prices } from '#domain/price-book.ts';
import type { Result } from '#domain/result.ts';
import type { SecretReceipt } from '#domain/secret-records.ts';
import type { SecretValue } from '#domain/secret-value.ts';
import type { Instant } from '#domain/units.ts';
import type { FlyDep } from '#platform/fly/port.ts';

/** Values as the sources give them at this moment. Fails with SECRET_MOVED when one is not what the plan was made for. */
export interface SecretValuesDep {
  readonly secretValues: (
    items: readonly SecretItem[],
    keyId: string,
    signal: AbortSignal,
  ) => Promise<Result<ReadonlyMap<string, SecretValue>, PlatformError>>;
}
/** What a kind may use of the world when it writes. */
export type Ports = FlyDep & SecretValuesDep;
/** The part of an app's picture that one kind reads. */
export type Slice = Partial<Omit<ObservedApp, 'app' | 'observedAt' | 'complete'>>;
/** What a call brought: an id to note, never a proof of success. */
export interface Receipt {
  readonly id: string;
  readonly release?: { readonly id: string; readonly version: number };
  readonly secrets?: SecretReceipt;
}
export interface Kind<Name extends KindName = KindName> {
  readonly name: Name;
  /** Written in rising order within a pass, removed in falling order. */
  readonly rank: number;
  /** What a change or a drift of this kind may name: `config` for pointers into the machine config. Everything else is shown, never reverted. */
  readonly owned: readonly string[];
  // decide: no clock, no randomness, no I/O
  readonly plan: (context: PlanContext) => Finding;
  /** The step that takes this one back; null: only a person can. */
  readonly undo: (action: ActionOf<Name>, before: ObservedApp) => Action | null;
  readonly price: (observed: ObservedApp, prices: Prices) => readonly CostLine[];
  // act: only through ports; repeatable with the same step
  readonly observe: (ports: FlyDep, app: AppName, signal: AbortSignal) => Promise<Result<Slice, PlatformError>>;
  /** Did a call that was cut off land? `since`: when its intent was opened. Null: it is not to be seen (yet). */
  readonly find: (ports: FlyDep, step: StepOf<Name>, since: Instant, signal: AbortSignal) => Promise<Result<Receipt | null, PlatformError>>;
  /** May it be sent again while an earlier call with it may still land? Only where twice is once, whichever lands first: never a create. */
  readonly repeatable: (action: ActionOf<Name>) => boolean;
  readonly apply: (ports: Ports, step: StepOf<Name>, signal: AbortSignal) => Promise<Result<Receipt, PlatformError>>;
}
export type ActionOf<Name extends KindName> = Extract<Action, { readonly kind: Name }>;
/** The part of a step that is acted on. */
export interface StepOf<Name extends KindName> extends Pick<Step, 'app' | 'subject' | 'intent'> {
  readonly action: ActionOf<Name>;
}
