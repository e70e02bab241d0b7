/** What people are told: the occasions, how grave each is, and which alert of `infra/prometheus/rules.yaml` is the same thing. Words only. */
import { z } from 'zod';

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];
interface OccasionInfo {
  readonly severity: Severity;
  /** For the table of docs/notifications.md, and the editor. */
  readonly says: string;
}
export const OCCASIONS = {
  releaseStarted: { severity: 'info', says: 'a release begins' },
  approvalNeeded: { severity: 'warning', says: 'a release waits for a person' },
  held: { severity: 'info', says: 'a release waits on purpose: a window, a budget gate, a pause' },
  releaseSucceeded: { severity: 'info', says: 'a release is live, with the proof per machine' },
  releaseFailed: { severity: 'critical', says: 'a release failed; it goes back by itself' },
  releaseRolledBack: { severity: 'warning', says: 'a failed release is back on the last good revision' },
  releaseStalled: { severity: 'critical', says: 'the way back of a release does not work either' },
  releaseSuperseded: { severity: 'info', says: 'a newer commit took the place of a release' },
  driftDetected: { severity: 'warning', says: 'something was changed by hand' },
  driftCorrected: { severity: 'info', says: 'what was changed by hand is as git says again' },
  driftNotCorrected: { severity: 'warning', says: 'drift is not put right for an hour' },
  stalled: { severity: 'warning', says: 'an app is not as git says for half an hour' },
  degraded: { severity: 'critical', says: 'an app is not healthy for five minutes' },
  rotationDue: { severity: 'warning', says: 'a secret must be rotated within a week' },
  restorePointOld: { severity: 'warning', says: 'nobody confirmed a restore point of the database for eight days' },
  desiredStateRefused: { severity: 'warning', says: 'the newest desired state is not valid for five minutes' },
  guardRefused: { severity: 'warning', says: 'the guard refused a plan' },
  platformErrors: { severity: 'warning', says: 'more than a tenth of the requests to the platform fail, for ten minutes' },
  noObservation: { severity: 'critical', says: 'the platform is not seen for five minutes' },
  convergenceSlow: { severity: 'warning', says: 'commits take too long to go live: the objective is being missed' },
  budgetWarning: { severity: 'warning', says: 'a budget is mostly used, or the week costs much more than the one before' },
  budgetCritical: {
    severity: 'critical',
    says: 'a budget will not last, or is used up; owners are told by name, again after half an hour',
  },
  leakFound: { severity: 'warning', says: 'something costs and serves nobody' },
  weeklyRecord: { severity: 'info', says: 'the record of the week that ended' },
  test: { severity: 'info', says: 'somebody tries a target' },
  notificationsLate: { severity: 'warning', says: 'messages to another target wait for an hour, or were given up' },
} as const satisfies Readonly<Record<string, OccasionInfo>>;
export type Occasion = keyof typeof OCCASIONS;
const isOccasion = (text: string): text is Occasion => text in OCCASIONS;
export const OCCASION_NAMES: readonly Occasion[] = Object.keys(OCCASIONS).filter(isOccasion);

/** Every alert of the rules, and the occasion that tells the same without a Prometheus. */
export const ALERTS = {
  TrimtabDriftNotCorrected: 'driftNotCorrected',
  TrimtabReconcileStalled: 'stalled',
  TrimtabAppDegraded: 'degraded',
  TrimtabReleaseFailed: 'releaseFailed',
  TrimtabSecretRotationDue: 'rotationDue',
  TrimtabRestorePointOld: 'restorePointOld',
  TrimtabDesiredStateRefused: 'desiredStateRefused',
  TrimtabPlatformErrors: 'platformErrors',
  TrimtabNoObservation: 'noObservation',
  TrimtabGuardRefused: 'guardRefused',
  TrimtabBudgetWarning: 'budgetWarning',
  TrimtabBudgetCritical: 'budgetCritical',
  TrimtabBudgetForecast: 'budgetCritical',
  TrimtabConvergenceBurnsFast: 'convergenceSlow',
  TrimtabConvergenceBurnsSlowly: 'convergenceSlow',
  TrimtabNotificationsLate: 'notificationsLate',
} as const satisfies Readonly<Record<string, Occasion>>;
export type AlertName = keyof typeof ALERTS;
const isAlert = (text: string): text is AlertName => text in ALERTS;

const OwnerShape = z.object({ name: z.string(), slack: z.string().optional(), email: z.string().optional() });
export const Notice = z.object({
  /** The same fact never gets another: a receiver knows by it what it was told already. */
  id: z.string(),
  occasion: z.string().refine(isOccasion),
  severity: z.enum(SEVERITIES),
  /** `tells`: it happened · `begins`, `ends`: something that lasts. */
  state: z.enum(['tells', 'begins', 'ends']),
  alert: z.string().refine(isAlert).nullable(),
  environment: z.string(),
  app: z.string().nullable(),
  /** Of one release or one incident: what has the same belongs together. */
  thread: z.string(),
  title: z.string(),
  /** Plain text, one line each. */
  lines: z.array(z.string()),
  remedy: z.string().nullable(),
  /** Who is told by name. */
  owners: z.array(OwnerShape),
  release: z
    .object({
      number: z.number().int(),
      kind: z.string(),
      commit: z.string().nullable(),
      state: z.enum(['pending', 'success', 'failure', 'superseded']),
    })
    .nullable(),
  at: z.number().int(),
});
export type Notice = z.infer<typeof Notice>;

/** A notice with what most of them have; `id` begins with its occasion's kind of thing, and names the fact. */
export const aNotice = (of: Pick<Notice, 'id' | 'occasion' | 'environment' | 'thread' | 'title' | 'at'> & Partial<Notice>): Notice => ({
  severity: OCCASIONS[of.occasion].severity,
  state: 'tells',
  alert: null,
  app: null,
  lines: [],
  remedy: null,
  owners: [],
  release: null,
  ...of,
});
/** More are counted, not listed. */
const MOST_LINES = 20;
export const fewLines = (lines: readonly string[]): string[] =>
  lines.length <= MOST_LINES ? [...lines] : [...lines.slice(0, MOST_LINES), `… and ${lines.length - MOST_LINES} more`];
