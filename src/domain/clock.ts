/** Time comes in. Real, scaled and virtual clocks implement this; nothing else reads the time or sets a timer. */
import type { Instant, Ms } from './units.ts';

export interface Clock {
  now(): Instant;
  /** Resolves after `span`; rejects with the signal's reason when it aborts first. */
  sleep(span: Ms, signal?: AbortSignal): Promise<void>;
  /** Calls `run` once after `span`. The returned function cancels it. Never keeps the process alive. */
  after(span: Ms, run: () => void): () => void;
}
export interface ClockDep {
  readonly clock: Clock;
}
