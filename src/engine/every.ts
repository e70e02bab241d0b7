/** Something done again and again until the signal aborts, `span` after it began. */
import type { ClockDep } from '#domain/clock.ts';
import { elapsed, type Ms, ms } from '#domain/units.ts';

export async function every(
  deps: ClockDep,
  span: () => Ms,
  run: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const started = deps.clock.now();
    await run(signal);
    const rest = ms(Math.max(0, span() - elapsed(started, deps.clock.now())));
    await deps.clock.sleep(rest, signal).catch(() => undefined);
  }
}
