/** A release: one attempt to bring an environment to a revision. The row, and the words it is told in; what comes next is in
 *  `release-turn.ts`. */
import { z } from 'zod';
import { CONTENT_PARTS } from './pins.ts';
import type { Instant, Ms } from './units.ts';
import { instant, ms } from './units.ts';

/** `deploy`: git moved · `rollback`: a person went back · `derived`: a commit without what it failed by · `secrets`: a source gives new values ·
 *  `override`: an override began or ended. */
export const RELEASE_KINDS = ['deploy', 'rollback', 'derived', 'secrets', 'override'] as const;
export type ReleaseKind = (typeof RELEASE_KINDS)[number];
/** `returning`, `returnSmoke`: the way back · `stalled`: the way back does not work either; it is looked at until it does, or a commit comes. */
export const RELEASE_PHASES = [
  'preflight',
  'approval',
  'migrations',
  'apps',
  'smoke',
  'returning',
  'returnSmoke',
  'stalled',
  'complete',
  'failed',
  'superseded',
] as const;
export type ReleasePhase = (typeof RELEASE_PHASES)[number];
export const ENDED: readonly ReleasePhase[] = ['complete', 'failed', 'superseded'];
export const isEnded = (release: Pick<Release, 'phase'>): boolean => ENDED.includes(release.phase);
/** While it stands here, apps are at the revision it brings. */
export const isForward = ({ phase }: Pick<Release, 'phase'>): boolean => phase === 'apps' || phase === 'smoke';
export const isBackward = ({ phase }: Pick<Release, 'phase'>): boolean =>
  phase === 'returning' || phase === 'returnSmoke' || phase === 'stalled';

/** Why it went wrong. Closed. */
export const FAILURES = ['Checks', 'CrashLoop', 'ImagePull', 'Refused', 'ReleaseCommand', 'Deadline', 'Migration', 'Smoke'] as const;
export type FailureReason = (typeof FAILURES)[number];

const at = z.number().int().transform(instant);
const Item = z.object({
  what: z.string(),
  state: z.enum(['ok', 'warning', 'failed', 'skipped']),
  message: z.string(),
  remedy: z.string().nullable(),
  took: z.number().transform(ms),
  /** What came back from a check that failed: bounded, without secrets. */
  evidence: z.string().optional(),
});
const Report = z.object({ phase: z.enum(RELEASE_PHASES), at, took: z.number().transform(ms), items: z.array(Item) });
export type ReleaseReport = z.infer<typeof Report>;
const AppChange = z.object({
  app: z.string(),
  name: z.string(),
  parts: z.array(z.enum([...CONTENT_PARTS, 'secrets', 'new'])),
  state: z.enum(['waiting', 'progress', 'held', 'done', 'failed']),
  message: z.string(),
});
export const Release = z.object({
  environment: z.string(),
  /** Rises by one per environment. */
  number: z.number().int(),
  kind: z.enum(RELEASE_KINDS),
  /** The revision of git it was made for. */
  accepted: z.string(),
  /** The last good revision: where it goes back to; null: nowhere. */
  from: z.string().nullable(),
  to: z.string(),
  commit: z.string().nullable(),
  author: z.string().nullable(),
  actor: z.string(),
  phase: z.enum(RELEASE_PHASES),
  phaseSince: at,
  /** Of the phase; null: it has none. Moves while it is held on purpose. */
  deadline: at.nullable(),
  heldSince: at.nullable(),
  /** Not tried again before. */
  retryAt: at.nullable(),
  startedAt: at,
  endedAt: at.nullable(),
  /** When it was let through its windows and approvals. */
  openedAt: at.nullable(),
  /** It reached the apps: something may have been written. */
  touched: z.boolean(),
  changes: z.array(AppChange),
  /** Keyed fingerprints of the secrets it brings that the last good revision did not have, by app and name. */
  secrets: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  migrations: z.object({ set: z.string(), pending: z.array(z.string()) }).nullable(),
  /** Hash of the plan that was approved. */
  plan: z.string().nullable(),
  approvals: z.array(z.object({ by: z.string(), at })),
  reports: z.array(Report),
  failure: z.object({ reason: z.enum(FAILURES), phase: z.enum(RELEASE_PHASES), apps: z.array(z.string()), message: z.string() }).nullable(),
  /** Why it waits on purpose: a reason of the plan's holds. */
  hold: z.string().nullable(),
  message: z.string(),
});
export type Release = z.infer<typeof Release>;

/** How far one app is with the revision it is being brought to: told by its own pass. */
export const ReleaseVerdict = z.object({
  /** Which release it is about, and its direction; null: none. */
  attempt: z.string().nullable(),
  state: z.enum(['waiting', 'progress', 'held', 'done', 'failed']),
  reason: z.enum(FAILURES).nullable(),
  message: z.string(),
  /** Secrets whose new values wait for a release to bring them. */
  values: z.array(z.string()).default([]),
});
export type ReleaseVerdict = z.infer<typeof ReleaseVerdict>;

/** More machines of the same, an address, a certificate: what answers is as it was. */
export const isVisible = ({ parts }: Pick<Release['changes'][number], 'parts'>): boolean =>
  parts.length === 0 || parts.some((part) => part !== 'shape');

export type Effect = 'preflight' | 'migrations' | 'smoke';
export interface AppFact extends Omit<ReleaseVerdict, 'attempt' | 'values'> {
  readonly app: string;
}
export interface ReleaseFacts {
  readonly now: Instant;
  /** What git asks for now, and what would be released of it. */
  readonly accepted: string;
  readonly wanted: string;
  /** Null: writes are allowed; else who stopped them. */
  readonly halted: string | null;
  /** What this environment declares. */
  readonly declares: Readonly<Record<Effect, boolean>>;
  /** What came back from an effect that this pass carried out. */
  readonly report: (Omit<ReleaseReport, 'phase' | 'at'> & { readonly effect: Effect }) | null;
  /** Nothing can be said: the part that was asked could not find out. */
  readonly trouble: string | null;
  /** Null: let through; else why it waits. */
  readonly gate: { readonly reason: string; readonly message: string; readonly until: Instant | null } | null;
  readonly apps: readonly AppFact[];
  /** All machines of the changed apps may take so long, one wave after the other. */
  readonly appsMayTake: Ms;
}
export interface Turn {
  readonly release: Release;
  /** To be carried out now, and brought back as the report of the next turn. */
  readonly effect: Effect | null;
  /** Null: when something moves. 0: at once. */
  readonly again: Ms | null;
}
/** As verdicts and memories name it. */
export const attemptName = (number: number, direction: 'forward' | 'back'): string => `${number}/${direction}`;
