/** The real clock: the one place in production where time is read and timers are set. */
import type { Clock } from '#domain/clock.ts';
import { instant, type Ms } from '#domain/units.ts';

/** Node fires a longer timer at once (a 32-bit overflow): longer spans are waited in slices. */
const LONGEST_TIMER_MS = 2_147_483_647;

export const realClock: Clock = {
  now: () => instant(Date.now()),
  sleep: (span, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      // Referenced, unlike `after`: somebody waits for it.
      const cancel = arm(span, false, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      const abort = (): void => {
        cancel();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
    }),
  after: (span, run) => arm(span, true, run),
};

function arm(span: Ms, detached: boolean, run: () => void): () => void {
  let left = Math.max(0, span);
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    const slice = Math.min(left, LONGEST_TIMER_MS);
    left -= slice;
    timer = setTimeout(() => (left > 0 ? next() : run()), slice);
    if (detached) timer.unref();
  };
  next();
  return () => clearTimeout(timer);
}
