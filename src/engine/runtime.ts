/** What a running controller keeps of an app between passes: a cache, lost without harm. */
import type { AppStatus } from '#domain/condition.ts';
import type { ObservedApp } from '#domain/observed.ts';
import { type Instant, type MicroUsd, microUsd } from '#domain/units.ts';
import type { MachineLine } from './machine-lines.ts';
import type { AppState } from './ports.ts';

export interface AppRuntime {
  /** Null: the app is taken over (again) at the next pass. */
  state: AppState | null;
  /** Under which this process wrote last; null: never. */
  generation: number | null;
  /** When the store was told last; null: it has to be told. */
  savedAt: Instant | null;
  status: AppStatus | null;
  /** The last whole picture without its machines: those are read again at every pass. */
  full: { readonly observed: ObservedApp; readonly at: Instant } | null;
  /** Something beside a machine may have changed: read everything. */
  wantsFull: boolean;
  failures: number;
  /** What the last plan would add to the rate; nothing while it is as git says. */
  pendingPerHour: MicroUsd;
  highestStamp: number;
  /** When the registry is asked again where the image's tag points to; null: not yet settled. */
  tagDue: Instant | null;
  /** As last seen by this process, for people; null: never. */
  machines: readonly MachineLine[] | null;
}
export const makeRuntime = (): AppRuntime => ({
  state: null,
  generation: null,
  savedAt: null,
  status: null,
  full: null,
  wantsFull: false,
  failures: 0,
  pendingPerHour: microUsd(0),
  highestStamp: 0,
  tagDue: null,
  machines: null,
});
