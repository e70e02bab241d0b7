/** The plan of one app: an immutable document. People see every wave; a pass executes the first, and the next pass plans again. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Change, Drift, Step } from './change.ts';
import type { AppName, EnvironmentName, PlanId, RevisionId } from './ids.ts';
import { planId } from './ids.ts';
import type { Instant, MicroUsd } from './units.ts';

/** Why something is not done now. Closed: each has its remedy below. */
export const HOLD_REASONS = {
  ObserveOnly: 'sync.mode is observe: nothing is written; set `manual` or `automatic` to let trimtab correct it',
  ApprovalRequired: 'look at `trimtab plan`, then `trimtab apply`',
  SelfHealDisabled: 'sync.selfHeal.enabled is false: correct it by hand, commit it, or `trimtab apply`',
  Grace: 'corrected when the grace ends; to keep what is there, commit it or list it under ignoreDifferences',
  Halted: '`trimtab halt --off`, or unset TRIMTAB_READ_ONLY',
  ForeignMachines: 'set `adopt: true` to take these machines over, or destroy them',
  WaitingForDependency: 'nothing to do: it follows when the app it depends on is Synced',
  WaitingForHealth: 'nothing to do yet: the machines written last must pass their checks first; `fly logs` tells why they do not',
  WaitingForPlatform: 'nothing to do: a machine is between two states',
  WaitingForVolume: 'nothing to do: the volume is made first',
  WaitingForReleaseCommand: 'nothing to do: no machine is written before the release command has ended well',
  ReleaseCommandFailed: 'no machine was written: correct what the command says, and commit; the next revision runs it again',
  ForeignRelease: 'somebody else releases this app: wait until they are done; taken as dead after 10 minutes without a sign',
  LeaseHeld: 'somebody else holds the lease of this machine: wait, or `fly machine leases view`',
  NoCapacity: 'the region is full: give a second region, or wait',
  NoImage: 'state `image:` in the app, or deploy one machine by the platform’s CLI first',
  ImagePullFailed: 'the platform goes on with the old version: push the image, or name another one; tried again with pauses',
  Contended: 'somebody or something changes it back: find out who (the message names them), or list the field under ignoreDifferences',
  CrashLoop: 'the machine does not stay up: `fly logs`; it is tried again with growing pauses',
  HostUnreachable: 'the platform cannot reach the host: wait for it, or destroy the machine by hand',
  PruneDisabled: 'it left git: remove it by hand, or enable sync.prune',
  PruneHold: 'it left git: removed when sync.prune.holdFor has passed',
  PartialPicture: 'the platform did not tell everything: nothing is deleted meanwhile',
  StateLost: 'stamps of several revisions and no history: name the target with `trimtab apply`',
  MassChange: 'only trimtab’s own version changed, yet many machines would: look at `trimtab plan`, then `trimtab apply`',
  GuardRefused: 'the guard refused this plan: the message names the rule; report it with the plan',
  BudgetGate: 'it costs more than the budget lets through by itself: look at `trimtab plan`, then `trimtab apply`',
  SecretUnready: 'every remedy is named; changes of this app wait meanwhile, what runs goes on',
  RevisionPinned: 'it failed in a release: commit something else, give another value, or `trimtab release retry ENVIRONMENT`',
  SecretNotReversible: 'the value before cannot be had from its source: give a good value, or declare `previous`',
  SecretChanged: 'somebody else set a pushed secret: `trimtab secrets sync` gives it a new value, `trimtab apply` takes it as it is',
  RotationDue: 'issue a new value and give it to the source; trimtab does the rest',
  SyncWindow: 'outside its window: wait, or `trimtab approve`',
  Paused: 'releases are paused: wait, or `trimtab resume`',
  PreflightFailed: 'correct what the preflight names; it is asked again by itself',
  ReleaseWaits: 'nothing to do: a release brings it',
  ReleaseStalled: 'look at what is where (`trimtab history`), then commit a correction, or `trimtab release retry ENVIRONMENT`',
} as const;
export type HoldReason = keyof typeof HOLD_REASONS;
export interface Hold {
  readonly reason: HoldReason;
  readonly app: AppName;
  /** Null: the whole app. */
  readonly subject: string | null;
  readonly message: string;
  readonly until: Instant | null;
  /** What would be done. */
  readonly change: Change | null;
}

/** Why what git asks for is not what the app must be now. */
export interface Notice {
  readonly reason: HoldReason;
  readonly message: string;
  readonly until: Instant | null;
}
export const noticeHold = (app: AppName, { reason, message, until }: Notice): Hold => ({
  reason,
  app,
  subject: null,
  message,
  until,
  change: null,
});

export interface Wave {
  readonly steps: readonly Step[];
  /** False: shown only; it waits for what stands before it. */
  readonly ready: boolean;
}
export interface PlanCost {
  /** Micro-dollars per hour, all lines of the app. */
  readonly beforePerHour: MicroUsd;
  readonly afterPerHour: MicroUsd;
  /** As if every machine ran all the time. */
  readonly alwaysOnBeforePerHour: MicroUsd;
  readonly alwaysOnAfterPerHour: MicroUsd;
}
export interface Plan {
  /** Content hash over everything below but `generation`. */
  readonly id: PlanId;
  readonly environment: EnvironmentName;
  readonly app: AppName;
  readonly revision: RevisionId;
  readonly generation: number;
  readonly waves: readonly Wave[];
  readonly held: readonly Hold[];
  readonly drifts: readonly Drift[];
  readonly cost: PlanCost;
  readonly downtime: boolean;
}

/** The id tells what would be done, not which pass said it: intents and generation stay out. */
export function sealPlan(plan: Omit<Plan, 'id'>): Plan {
  const said = {
    environment: plan.environment,
    app: plan.app,
    revision: plan.revision,
    waves: plan.waves.map(({ steps }) => steps.map(({ key, cause, action, fields }) => ({ key, cause, verb: action.verb, fields }))),
    held: plan.held.map(({ reason, subject }) => ({ reason, subject })),
  };
  return {
    ...plan,
    id: planId(
      createHash('sha256')
        .update(canonicalize(said) ?? '')
        .digest('hex')
        .slice(0, 16),
    ),
  };
}
export const stepsOf = (plan: Plan): readonly Step[] => plan.waves.flatMap((wave) => wave.steps);
/** Nothing to do and nothing held back: what git says is what runs. Stamps alone change nothing that runs. */
export const isEmpty = (plan: Plan): boolean =>
  stepsOf(plan).every(({ cause }) => cause === 'adoption') &&
  plan.held.every((hold) => hold.change === null || hold.change.cause === 'adoption');
