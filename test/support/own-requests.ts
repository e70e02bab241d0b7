/** Every request of trimtab's own to any simulator of this process, held against the published rate limits. One above them fails the test in
 *  which it came, unless that test says that it means to; `tally.ts` sums up the whole suite. */
import { subscribe } from 'node:diagnostics_channel';
import { z } from 'zod';
import { OWN_REQUESTS } from '#simulator/limits.ts';

const Told = z.object({ operation: z.string(), id: z.string(), within: z.boolean() });
export interface Counted {
  readonly requests: number;
  readonly above: number;
  /** Above, in tests that break the limits to see what happens. */
  readonly onPurpose: number;
}
const NONE: Counted = { requests: 0, above: 0, onPurpose: 0 };
let counted = { ...NONE };
let told: string[] = [];
let isMeant = false;
let listens = false;

/** Once per process, however many test files share it. */
export function listen(): void {
  if (listens) return;
  listens = true;
  subscribe(OWN_REQUESTS.name, (message) => {
    const { operation, id, within } = Told.parse(message);
    counted.requests += 1;
    if (within) return;
    if (isMeant) {
      counted.onPurpose += 1;
      return;
    }
    counted.above += 1;
    told.push(`${operation} of ${id}`);
  });
}
/** The test that runs now breaks the limits on purpose. */
export const breaksLimits = (): void => {
  isMeant = true;
};
/** What was above the limits since it was last asked. The next test means nothing of the kind. */
export function takeAbove(): readonly string[] {
  const taken = told;
  told = [];
  isMeant = false;
  return taken;
}
/** Since it was last asked: of one test file. */
export function takeCounted(): Counted {
  const taken = counted;
  counted = { ...NONE };
  return taken;
}
