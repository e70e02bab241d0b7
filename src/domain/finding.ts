/** What the planner sees of one app, and what it finds. Pure data. */
import { createHash } from 'node:crypto';
import type { Change, Drift } from './change.ts';
import { stepKey } from './change.ts';
import type { IntentId, RevisionId } from './ids.ts';
import { intentId } from './ids.ts';
import type { AppMemory } from './memory.ts';
import type { ObservedApp } from './observed.ts';
import type { Hold } from './plan.ts';
import type { RunningShares } from './price.ts';
import type { Prices } from './price-book.ts';
import type { CompiledApp, CompiledEnvironment } from './revision.ts';
import type { SecretsPicture } from './secret-picture.ts';
import type { Instant } from './units.ts';

export interface PlanContext {
  readonly now: Instant;
  readonly environment: Pick<CompiledEnvironment, 'name' | 'organization' | 'protection'>;
  readonly owner: string;
  readonly app: CompiledApp;
  readonly observed: ObservedApp;
  readonly secrets: SecretsPicture;
  readonly memory: AppMemory;
  readonly revision: RevisionId;
  readonly generation: number;
  readonly prices: Prices;
  /** How much machines that may rest ran lately. */
  readonly shares: RunningShares;
  /** One per pass: intents of two passes never meet. */
  readonly seed: string;
  /** A release brings the app here: what differs is change, not drift. `back`: it is taken back. */
  readonly release?: 'forward' | 'back' | undefined;
  /** No release has proved this app yet: how it runs is noted, to go back to. */
  readonly unproved?: boolean | undefined;
  /** Which release that is, and its direction: what an earlier one met says nothing of this one. */
  readonly attempt?: string | undefined;
}
export interface Finding {
  /** Safe at this moment, together. */
  readonly now: readonly Change[];
  /** What follows, wave by wave, for people. */
  readonly later: readonly (readonly Change[])[];
  readonly holds: readonly Hold[];
  readonly drifts: readonly Drift[];
  /** Names to be remembered as extra on purpose. */
  readonly temporary: readonly string[];
}
export const NOTHING: Finding = { now: [], later: [], holds: [], drifts: [], temporary: [] };

export function joinFindings(findings: readonly Finding[]): Finding {
  const depth = Math.max(0, ...findings.map(({ later }) => later.length));
  return {
    now: findings.flatMap(({ now }) => now),
    later: Array.from({ length: depth }, (_, at) => findings.flatMap(({ later }) => later[at] ?? [])),
    holds: findings.flatMap(({ holds }) => holds),
    drifts: findings.flatMap(({ drifts }) => drifts),
    temporary: findings.flatMap(({ temporary }) => temporary),
  };
}
/** Crockford's base 32, as the platform's own ids: 26 characters, 130 bits. */
export function intentFor(seed: string, change: Pick<Change, 'app' | 'subject' | 'action'>): IntentId;
export function intentFor(seed: string, key: string): IntentId;
export function intentFor(seed: string, of: string | Pick<Change, 'app' | 'subject' | 'action'>): IntentId {
  const key = typeof of === 'string' ? of : stepKey(of);
  return intentId(createHash('sha256').update(`${seed}\n${key}`).digest('hex').slice(0, 26));
}
/** Was the app seen as this revision asks? Then a difference is drift; before, it is change. */
export const isSettledAt = (context: Pick<PlanContext, 'memory' | 'revision' | 'release'>): boolean =>
  context.release === undefined && context.memory.syncedRevision === context.revision;
