/** The published rate limits, enforced: per action and per machine or app id. Source: fly-behaviour.md §1. */
import { channel } from 'node:diagnostics_channel';
import type { Clock } from '#domain/clock.ts';

/** One of trimtab's own requests, held against the limits as if nobody else asked. Told to whoever counts over every world of a process. */
export interface OwnRequest {
  readonly operation: string;
  readonly id: string;
  readonly within: boolean;
}
export const OWN_REQUESTS = channel('trimtab:simulator:own-requests');

interface Bucket {
  tokens: number;
  at: number;
}
export interface RateLimits {
  /** False: 429. */
  allows(operation: string, id: string): boolean;
}
const rateOf = (counted: string): { readonly perSecond: number; readonly burst: number } => {
  const operation = counted.slice(counted.search(/[A-Z]+ \//));
  if (operation === 'GET /apps/{app_name}/machines/{machine_id}') return { perSecond: 5, burst: 10 };
  if (operation === 'DELETE /apps/{app_name}') return { perSecond: 100 / 60, burst: 100 };
  return { perSecond: 1, burst: 3 };
};
/** Old buckets are full again and say nothing. */
const SWEEP_ABOVE = 20_000;

export function makeRateLimits(clock: Clock): RateLimits {
  const buckets = new Map<string, Bucket>();
  return {
    allows: (operation, id) => {
      const { perSecond, burst } = rateOf(operation);
      const now = clock.now();
      if (buckets.size > SWEEP_ABOVE) for (const [key, old] of buckets) if (now - old.at > 60_000) buckets.delete(key);
      const key = `${operation}\n${id}`;
      const bucket = buckets.get(key) ?? { tokens: burst, at: now };
      bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1_000) * perSecond);
      bucket.at = now;
      buckets.set(key, bucket);
      if (bucket.tokens < 1) return false;
      bucket.tokens -= 1;
      return true;
    },
  };
}
