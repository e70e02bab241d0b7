/** Who keeps to which share of the platform's rate limits: see docs/decisions/0170. */
import { createHash } from 'node:crypto';
import { ms } from '#domain/units.ts';
import { realClock } from '#platform/clock.ts';
import { LEAD, type Limits, type LimitsOptions, LOCKED, makeLimits, REST, type Throttled } from '#platform/fly/limits.ts';
import type { Store } from '#platform/store/port.ts';

export interface SessionLimits {
  /** Of passes, and of the look at the organization: their keys are nobody else's at that moment. */
  readonly lead: Limits;
  /** Of everything else. In a controller, and where nobody shares the state, the same. */
  readonly rest: Limits;
  /** A run without any state holds a lock, or holds it no more. */
  readonly onLead: (leads: boolean) => void;
}
export interface LimitsWays {
  readonly store: Store;
  /** Other processes may work on the same state. */
  readonly shared: boolean;
  readonly stateless: boolean;
  /** Stays, and has keys all the time: what it reads beside its passes comes from the same bucket, so that a release is not made to wait for it. */
  readonly controller: boolean;
  readonly onThrottle?: ((seconds: number) => void) | undefined;
}
/** One row per turn in the store: ids of machines come and go, so they share this many. */
const TURNS = 4_096;

export function composeLimits({ store, shared, stateless, controller, onThrottle }: LimitsWays): SessionLimits {
  const common = { clock: realClock, onThrottled: ({ waited }: Throttled) => onThrottle?.(waited / 1_000) };
  if (stateless) return limitsByLock(common);
  const turn: LimitsOptions['turn'] = async (name, every, within) => {
    const wait = await store.takeTurn(name, every, within);
    return ms(wait.ok ? wait.value : 0);
  };
  const lead = makeLimits({ ...common, share: () => LEAD, ...(shared ? { turn } : {}) });
  if (!shared || controller) return { lead, rest: lead, onLead: () => undefined };
  const among: LimitsOptions['turn'] = (name, every, within) => turn(`aside ${bucketOf(name)}`, every, within);
  return { lead, rest: makeLimits({ ...common, share: () => REST, turn: among, alwaysByTurn: true }), onLead: () => undefined };
}
const bucketOf = (name: string): number => createHash('sha256').update(name).digest().readUInt32BE() % TURNS;

/** Of a run without any state: little until it holds the lock, and then only what is sure to be left by the one before it. */
export function limitsByLock(options: Pick<LimitsOptions, 'clock' | 'onThrottled'>): SessionLimits {
  let held = 0;
  const limits = makeLimits({ ...options, startsEmpty: true, share: () => (held > 0 ? LOCKED : REST) });
  const onLead = (leads: boolean): void => {
    held += leads ? 1 : -1;
    if (leads) limits.emptyAll();
  };
  return { lead: limits, rest: limits, onLead };
}

/** Of a command that only looks, whoever works there. */
export const limitsAside = (): Limits => makeLimits({ clock: realClock, share: () => REST, startsEmpty: true });
