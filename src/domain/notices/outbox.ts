/** When a message is tried again, and when it is given up. Pure. */
import { days, elapsed, type Instant, type Ms, minutes, ms, seconds } from '#domain/units.ts';

/** A target that is down over a weekend gets everything. */
export const GIVE_UP_AFTER = days(3);
const FIRST_WAIT = seconds(10);
const LONGEST_WAIT = minutes(15);
/** One attempt, and as long nobody else makes another one of it. */
export const ATTEMPT_MAY_TAKE = seconds(20);
export const CLAIMED_FOR = seconds(60);

export interface Failed {
  /** From 1. */
  readonly attempts: number;
  readonly since: Instant;
  /** What the receiver asked for; null: nothing. */
  readonly retryAfter: Ms | null;
  /** From 0 to 1: not everybody at once when a receiver comes back. */
  readonly random: number;
}
export function waitAfter({ attempts, retryAfter, random }: Omit<Failed, 'since'>): Ms {
  const grown = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(attempts - 1, 20));
  return ms(Math.max(retryAfter ?? 0, grown * (0.75 + random / 4)));
}
export const isGivenUp = (since: Instant, giveUpAfter: Ms, now: Instant): boolean => elapsed(since, now) >= giveUpAfter;
