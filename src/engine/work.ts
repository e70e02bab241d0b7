/** What is done with a key that was handed out: its kind's handler runs, and says when the key comes again. */
import type { ClockDep } from '#domain/clock.ts';
import type { TellDep } from '#domain/events.ts';
import { after, type Instant, type Ms, seconds } from '#domain/units.ts';
import { type KeyKind, kindOf } from './keys.ts';
import { PRIORITY } from './queue.ts';

export interface Handler {
  /** Answers when the key comes again; null: not by itself. */
  readonly run: (key: string, signal: AbortSignal) => Promise<Ms | null>;
  /** How urgent it is then. */
  readonly priority: number;
  /** A bug stopped it: what is in memory about it is not to be trusted. */
  readonly forget: (key: string) => void;
}
export type Handlers = Readonly<Record<KeyKind, Handler>>;
export interface WorkDeps extends ClockDep, TellDep {
  readonly wake: (keys: readonly string[], priority: number, at: Instant, signal: AbortSignal) => Promise<void>;
}
/** A bug stops one key alone, and only for a while: the next look may find another world. */
const AFTER_BUG = seconds(60);

export function makeWork({ clock, tell, wake }: WorkDeps, handlers: Handlers) {
  return async (key: string, waited: Ms, signal: AbortSignal): Promise<void> => {
    const kind = kindOf(key);
    if (kind === null) return;
    const handler = handlers[kind];
    try {
      tell({ type: 'WorkTaken', key, waited });
      const again = await handler.run(key, signal);
      if (again !== null && !signal.aborted) await wake([key], handler.priority, after(clock.now(), again), signal);
    } catch (thrown) {
      const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      handler.forget(key);
      tell({ type: 'Bugged', key, message });
      await wake([key], PRIORITY.resync, after(clock.now(), AFTER_BUG), signal);
    }
  };
}
