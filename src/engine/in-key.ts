/** A piece of work that is not the queue's own under the key that keeps everybody else away: what a command does by itself, and what a person
 *  asked a controller to do at once. */
import type { ClockDep } from '#domain/clock.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { elapsed, minutes, seconds } from '#domain/units.ts';
import type { Queue } from './queue.ts';

const LOOK_EVERY = seconds(1);
/** Longer than a pass may take, and than a dead holder keeps a key. */
const PATIENCE = minutes(7);

/** Waits until nobody works on the key. Fails: EXECUTOR_BUSY, STORE_UNAVAILABLE. */
export async function inKey<T>(
  { clock, within }: ClockDep & Pick<Queue, 'within'>,
  key: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<Result<T, TrimtabError>> {
  const began = clock.now();
  for (;;) {
    const done = await within(key, work, signal);
    if (!done.ok) return done;
    if (done.value !== null) return ok(done.value.result);
    if (signal.aborted || elapsed(began, clock.now()) > PATIENCE) return err(failure('EXECUTOR_BUSY', `another trimtab works on ${key}`));
    await clock.sleep(LOOK_EVERY, signal).catch(() => undefined);
  }
}
