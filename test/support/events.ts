/** One of each event: what the engine can tell. A new one is a type error until it stands here. */
import type { AppStatus } from '#domain/condition.ts';
import type { Event } from '#domain/events.ts';
import { environmentName, orgSlug } from '#domain/ids.ts';
import { microUsd, minutes, ms, seconds } from '#domain/units.ts';
import { APP, NOW, REVISION } from '#test/support/builders.ts';

const environment = environmentName('staging');
const of = { environment, app: APP };
const drift = {
  kind: 'machine-group',
  subject: 'app-nrt-1',
  pointer: '/env/LOG_LEVEL',
  field: 'env',
  from: 'debug',
  to: 'info',
  actor: 'user (update)',
} as const;
const step = { kind: 'machine-group', verb: 'update', subject: 'app-nrt-1', cause: 'change', why: 'write guest of app-nrt-1' } as const;
export const aStatus = (over: Partial<AppStatus> = {}): AppStatus => ({
  environment,
  name: 'web',
  app: APP,
  appliedRevision: REVISION,
  attemptedRevision: REVISION,
  sync: 'Synced',
  health: 'Healthy',
  conditions: [],
  groups: [],
  drifts: [],
  held: [],
  foreign: [],
  pending: [],
  costLines: [],
  costMonthToDateMicroUsd: microUsd(0),
  observedAt: NOW,
  syncedAt: NOW,
  ...over,
});
type EventOf<T extends Event['type']> = Extract<Event, { readonly type: T }>;
export const EVENTS: { readonly [T in Event['type']]: EventOf<T> } = {
  ControllerStarted: { type: 'ControllerStarted', version: '1.2.3', environments: [environment] },
  ControllerStopped: { type: 'ControllerStopped' },
  RevisionAccepted: { type: 'RevisionAccepted', environment, revision: REVISION, apps: 1, commit: null, warnings: [] },
  RevisionRefused: {
    type: 'RevisionRefused',
    environment,
    problems: [{ file: 'web.yaml', line: 7, column: 3, rule: 'unknown-key', message: 'unknown key', remedy: 'did you mean "enabled"?' }],
  },
  TargetChanged: { type: 'TargetChanged', environment, from: null, to: REVISION },
  SourceRewritten: { type: 'SourceRewritten', environment, commit: 'abc' },
  SourceFailed: { type: 'SourceFailed', code: 'SOURCE_UNAVAILABLE', message: 'no route' },
  AppAdopted: { type: 'AppAdopted', ...of, machines: 2 },
  DriftSeen: { type: 'DriftSeen', ...of, drift, correctAt: NOW, keep: 'commit it' },
  DriftCorrected: { type: 'DriftCorrected', ...of, drift, after: seconds(3) },
  DriftGone: { type: 'DriftGone', ...of, drift, after: minutes(3) },
  ReleaseStarted: { type: 'ReleaseStarted', environment, number: 7, kind: 'deploy', actor: 'ann', from: null, to: REVISION, apps: [APP] },
  ReleasePhase: { type: 'ReleasePhase', environment, number: 7, kind: 'deploy', phase: 'approval', message: 'waits', hold: 'Paused' },
  ReleaseFailing: { type: 'ReleaseFailing', environment, number: 7, kind: 'deploy', reason: 'Checks', apps: [APP], message: 'late' },
  ReleaseEnded: {
    type: 'ReleaseEnded',
    environment,
    number: 7,
    kind: 'deploy',
    result: 'failed',
    took: seconds(9),
    apps: [APP],
    message: '',
  },
  StepStarted: { type: 'StepStarted', ...of, ...step },
  StepFinished: { type: 'StepFinished', ...of, ...step, result: 'landed', code: null, message: '', took: ms(1_500) },
  IntentRecovered: { type: 'IntentRecovered', ...of, key: 'acme-web/machine-group/app-nrt-1', outcome: 'landed' },
  HoldBegan: {
    type: 'HoldBegan',
    ...of,
    reason: 'NoCapacity',
    subject: 'app/nrt',
    message: 'no room in nrt',
    remedy: 'give a second region',
  },
  HoldEnded: { type: 'HoldEnded', ...of, reason: 'NoCapacity', subject: 'app/nrt' },
  GuardRefused: { type: 'GuardRefused', ...of, rule: 'last-healthy', message: 'it is the last one' },
  AppStalled: { type: 'AppStalled', ...of, code: 'FLY_UNAUTHORIZED', message: '401', remedy: 'set a valid FLY_API_TOKEN' },
  AppStatusChanged: { type: 'AppStatusChanged', ...of, status: aStatus(), previous: { sync: 'OutOfSync', health: 'Progressing' } },
  AppForgotten: { type: 'AppForgotten', ...of },
  PassFinished: { type: 'PassFinished', ...of, result: 'failed', took: ms(20), steps: 1 },
  EnvironmentSynced: { type: 'EnvironmentSynced', environment, revision: REVISION, took: seconds(40) },
  OrganizationObserved: { type: 'OrganizationObserved', organization: orgSlug('acme'), machines: 2, missingRegions: [] },
  ObservationFailed: { type: 'ObservationFailed', organization: orgSlug('acme'), code: 'FLY_UNAVAILABLE', message: '502' },
  HaltChanged: { type: 'HaltChanged', halted: true, by: 'tester', reason: 'a rehearsal' },
  MigrationApplied: { type: 'MigrationApplied', environment, file: '0001_a.up.sql', took: ms(250) },
  MigrationFailed: { type: 'MigrationFailed', environment, code: 'MIGRATION_INVALID', message: '0002 is missing', remedy: 'add it' },
  BudgetCrossed: {
    type: 'BudgetCrossed',
    budget: 'all',
    news: 'crossed',
    level: 'critical',
    reason: 'the month is forecast to come to $120.00',
    organization: 'acme',
    environments: null,
    owners: [{ name: 'ann' }],
  },
  BudgetActed: { type: 'BudgetActed', budget: 'all', environment, act: 'autostop stop', reason: 'over', begins: true },
  Notified: { type: 'Notified', environment, target: 'slack', occasion: 'degraded', result: 'failed', message: 'Slack answered 503' },
  StoreLost: { type: 'StoreLost', message: 'connection refused' },
  StoreBack: { type: 'StoreBack' },
  Bugged: { type: 'Bugged', key: 'app/staging/acme-web', message: 'TypeError: x' },
  WorkTaken: { type: 'WorkTaken', key: 'app/staging/acme-web', waited: ms(120) },
};
