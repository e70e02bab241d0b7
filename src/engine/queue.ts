/** The alarm clock. It carries only keys; what is to be done is found by looking. The law, held by `memory-queue.ts` and by pg-boss alike:
 *  one entry per key · a second wake keeps the higher priority and the earlier time · a key is never handed out twice before it is done ·
 *  a wake that comes while the key is worked on is kept, and handed out after · among those due, higher priority first, then the earlier. */
import type { TrimtabError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { Instant, Ms } from '#domain/units.ts';

/** Resync 0, a platform change 5, the look that finds such changes 7, a person or a new revision 9. */
export const PRIORITY = { resync: 0, observed: 5, watch: 7, asked: 9 } as const;

export interface Wake {
  readonly key: string;
  readonly priority: number;
  /** Not before this. */
  readonly at: Instant;
}
export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
}
export interface Queue {
  wake(wakes: readonly Wake[], signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** Works until the signal aborts; `work` never throws. Resolves when the last piece of work has ended. */
  run(work: (key: string, waited: Ms, signal: AbortSignal) => Promise<void>, concurrency: number, signal: AbortSignal): Promise<void>;
  /** Work on this one key now, as if it had been handed out; its signal ends when the key is lost. Null: somebody has it. Wakes stay as they are. */
  within<T>(
    key: string,
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Result<{ readonly result: T } | null, TrimtabError>>;
  depth(): QueueDepth;
}
