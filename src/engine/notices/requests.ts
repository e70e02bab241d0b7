/** How many of this process' requests to the platform failed in the last five minutes: the recording rule of the metrics, for where no Prometheus is. */
import type { ClockDep } from '#domain/clock.ts';
import { minutes, seconds } from '#domain/units.ts';

export interface Requests {
  note(code: string): void;
  /** A share; null: too few to say. */
  failing(): number | null;
}
const WINDOW = minutes(5);
const BUCKET = seconds(15);
const TOO_FEW = 10;
/** Answers, too: not found, held by somebody, changed meanwhile. */
const NO_FAILURES: readonly string[] = ['ok', 'FLY_NOT_FOUND', 'FLY_LEASE_HELD', 'FLY_PRECONDITION'];

export function makeRequests({ clock }: ClockDep): Requests {
  const buckets = new Map<number, { all: number; failed: number }>();
  return {
    note: (code) => {
      const at = Math.floor(clock.now() / BUCKET);
      const bucket = buckets.get(at) ?? { all: 0, failed: 0 };
      bucket.all += 1;
      if (!NO_FAILURES.includes(code)) bucket.failed += 1;
      buckets.set(at, bucket);
      for (const old of buckets.keys()) if (old <= at - WINDOW / BUCKET) buckets.delete(old);
    },
    failing: () => {
      const from = Math.floor(clock.now() / BUCKET) - WINDOW / BUCKET;
      const [all, failed] = [...buckets].reduce(
        ([sum, bad], [at, bucket]) => (at > from ? [sum + bucket.all, bad + bucket.failed] : [sum, bad]),
        [0, 0],
      );
      return all < TOO_FEW ? null : failed / all;
    },
  };
}
