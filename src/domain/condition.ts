/** Words about how an app is: sync status, health, conditions (kstatus meaning), and the status document that every surface shows. */
import { z } from 'zod';
import { CAUSES, FIELD_GROUPS, KIND_NAMES } from './change.ts';
import { ReleaseVerdict } from './release.ts';
import type { Instant } from './units.ts';
import { instant, microUsd } from './units.ts';

export const SYNC_STATUSES = ['Synced', 'OutOfSync', 'Unknown'] as const;
export type SyncStatus = (typeof SYNC_STATUSES)[number];
/** Worst wins, in this order. */
export const HEALTHS = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'] as const;
export type Health = (typeof HEALTHS)[number];
export const worstHealth = (healths: readonly Health[]): Health =>
  healths.reduce<Health>((worst, health) => (HEALTHS.indexOf(health) > HEALTHS.indexOf(worst) ? health : worst), 'Healthy');

/** `Ready`: all is as git says and healthy · `Reconciling`: work is under way · `Stalled`: a person is needed · `Held`: waits on purpose ·
 *  `Overridden`: until a time, by whom. */
export const CONDITION_TYPES = ['Ready', 'Reconciling', 'Stalled', 'Held', 'Overridden'] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

const at = z
  .number()
  .int()
  .transform((epochMs): Instant => instant(epochMs));
const money = z.number().int().transform(microUsd);
export const Condition = z.object({
  type: z.enum(CONDITION_TYPES),
  status: z.enum(['true', 'false', 'unknown']),
  reason: z.string(),
  /** With remedy. */
  message: z.string(),
  since: at,
  revision: z.string().nullable(),
});
export type Condition = z.infer<typeof Condition>;

export const GroupStatus = z.object({
  group: z.string(),
  region: z.string(),
  desiredMin: z.number().int(),
  desiredMax: z.number().int(),
  /** Platform state → machines, members only. */
  states: z.record(z.string(), z.number().int()),
  ready: z.number().int(),
  /** Check status → checks. */
  checks: z.record(z.string(), z.number().int()),
  minMachinesRunning: z.number().int(),
  started: z.number().int(),
  primary: z.boolean(),
});
export type GroupStatus = z.infer<typeof GroupStatus>;

export const DriftStatus = z.object({
  kind: z.enum(KIND_NAMES),
  subject: z.string(),
  pointer: z.string(),
  field: z.enum(FIELD_GROUPS),
  from: z.json().optional(),
  to: z.json().optional(),
  firstSeen: at,
  /** Null: not before a person acts. */
  correctedAt: at.nullable(),
});
export const HoldStatus = z.object({
  reason: z.string(),
  subject: z.string().nullable(),
  message: z.string(),
  remedy: z.string(),
  until: at.nullable(),
});
export const CostLine = z.object({
  item: z.enum(['compute', 'rootfs', 'volume', 'snapshot', 'address', 'certificate', 'egress', 'database']),
  subject: z.string(),
  microUsdPerHour: money,
});
export type CostLine = z.infer<typeof CostLine>;

export const SECRET_STATES = ['Synced', 'Changed', 'Drifted', 'Staged', 'Missing', 'Adopted'] as const;
export const SecretStatus = z.object({
  name: z.string(),
  /** Where its value comes from. */
  source: z.string(),
  kind: z.string(),
  required: z.boolean(),
  state: z.enum(SECRET_STATES),
  /** Own machines that run with it, of all; null: adopted, nobody can know. */
  machines: z.number().int().nullable(),
  of: z.number().int(),
  /** Since when this value stands. */
  since: at.nullable(),
  rotationDue: at.nullable(),
  /** What is wrong with it, and what to do. */
  problem: z.string().nullable(),
});
export type SecretStatus = z.infer<typeof SecretStatus>;

export const AppStatus = z.object({
  environment: z.string(),
  /** metadata.name in the desired state. */
  name: z.string(),
  app: z.string(),
  /** The revision it was brought to last, and the one it is being brought to. */
  appliedRevision: z.string().nullable(),
  attemptedRevision: z.string().nullable(),
  /** Left alone on purpose: it is not looked at, and nothing is said of it. */
  excluded: z.boolean().optional(),
  sync: z.enum(SYNC_STATUSES),
  health: z.enum(HEALTHS),
  conditions: z.array(Condition),
  groups: z.array(GroupStatus),
  drifts: z.array(DriftStatus),
  held: z.array(HoldStatus),
  foreign: z.array(z.string()),
  /** Steps of the plan's waves, one line each: `cause: why`. */
  pending: z.array(z.object({ cause: z.enum(CAUSES), kind: z.enum(KIND_NAMES), verb: z.string(), subject: z.string(), why: z.string() })),
  secrets: z.array(SecretStatus).optional(),
  /** On the platform, declared by nobody. */
  unknownSecrets: z.array(z.string()).optional(),
  /** The tag that git names points to another image since; what was resolved goes on. */
  tagMoved: z.object({ reference: z.string(), runs: z.string(), pointsTo: z.string(), since: at }).optional(),
  /** How far it is with the revision it is being brought to. */
  release: ReleaseVerdict.nullable().optional(),
  costLines: z.array(CostLine),
  costMonthToDateMicroUsd: money,
  observedAt: at.nullable(),
  syncedAt: at.nullable(),
});
export type AppStatus = z.infer<typeof AppStatus>;
