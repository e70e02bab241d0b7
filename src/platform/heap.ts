/** Keeps a process small that runs for months. What a pass has read is garbage when it ends, but has lived long enough for V8 to lay it with what
 *  lasts, and there it lets thirty megabytes gather before it looks. Here it is looked after each few. */
import { getHeapSpaceStatistics } from 'node:v8';

/** More often costs processor time, more seldom memory: a collection takes some 40 ms of 50 MB that live. */
const STEP_BYTES = 6 * 1_024 * 1_024;

/** To be called often; mostly it does nothing. Does nothing at all where the launcher did not give the word (`--expose-gc`). */
export function makeHeapKeeper(collect: (() => void) | null = collectorOf(), used: () => number = usedOld): () => void {
  if (collect === null) return () => undefined;
  let least = 0;
  return () => {
    const now = used();
    if (now < least) least = now;
    if (now - least <= STEP_BYTES) return;
    collect();
    least = used();
  };
}
/** What is young comes and goes by itself. */
const usedOld = (): number =>
  getHeapSpaceStatistics().reduce((sum, { space_name: name, space_used_size: size }) => (name.startsWith('new_') ? sum : sum + size), 0);
function collectorOf(): (() => void) | null {
  const { gc } = globalThis;
  return gc === undefined ? null : () => void gc({ type: 'major', execution: 'sync' });
}
