import { describe, expect, test } from 'vitest';
import type { Change } from '#domain/change.ts';
import { AppStatus, CONDITION_TYPES } from '#domain/condition.ts';
import { ERRORS, type ErrorCode, failure } from '#domain/errors.ts';
import type { PlanContext } from '#domain/finding.ts';
import { environmentName, regionCode, revisionId } from '#domain/ids.ts';
import type { Hold, HoldReason, Plan } from '#domain/plan.ts';
import { HOLD_REASONS } from '#domain/plan.ts';
import { instant, minutes, ms } from '#domain/units.ts';
import { isSettled, statusAfter, statusAfterFailure } from '#engine/status.ts';
import { type AppTarget, plainTarget } from '#engine/target.ts';
import type { MachineOver } from '#test/support/builders.ts';
import {
  APP,
  aConfig,
  aContext,
  aGroup,
  aMachine,
  anApp,
  anEnvironment,
  aSync,
  NOW,
  observedApp,
  REVISION,
} from '#test/support/builders.ts';
import { planOfSteps, restampStep, updateStep } from '#test/support/steps.ts';

const group = aGroup();
const machine = (over: MachineOver = {}, name = 'app-1') => aMachine(group, name, over);
const app = anApp({ groups: [group] });
const aTarget = (over: Partial<AppTarget> = {}): AppTarget => ({ ...plainTarget(anEnvironment(), app, REVISION), ...over });
const contextOf = (over: Partial<PlanContext> = {}): PlanContext =>
  aContext({ app, observed: observedApp({ machines: [machine()] }), ...over });
interface Given {
  readonly plan?: Plan;
  readonly synced?: boolean;
  readonly context?: Partial<PlanContext>;
  readonly target?: Partial<AppTarget>;
  readonly previous?: AppStatus | null;
}
function statusOf({ plan = planOfSteps([]), synced = false, context = {}, target = {}, previous = null }: Given = {}): AppStatus {
  const at = contextOf(context);
  return statusAfter(aTarget(target), at, { plan, memory: at.memory, news: { seen: [], gone: [] }, refusals: [], synced }, previous);
}
/** `Type Reason` of the conditions that are true. */
const isTrue = ({ conditions }: AppStatus): readonly string[] =>
  conditions.filter(({ status }) => status === 'true').map(({ type, reason }) => `${type} ${reason}`);
const condition = (status: AppStatus, type: string) => status.conditions.find((one) => one.type === type);
const hold = (reason: HoldReason, change: Change | null = updateStep(machine())): Hold => ({
  reason,
  app: APP,
  subject: 'app-1',
  message: 'because',
  until: null,
  change,
});
const holding = (reason: HoldReason, change?: Change | null): Given => ({ plan: planOfSteps([], { held: [hold(reason, change)] }) });

describe('a machine on its way', () => {
  const checked = aConfig({ checks: { up: { type: 'tcp' } } });
  const long = instant(NOW - minutes(11));
  test.each([
    { when: 'serves', one: machine(), settled: true },
    { when: 'is starting', one: machine({ state: 'starting' }), settled: false },
    { when: 'waits for its first check', one: machine({ config: checked }), settled: false },
    { when: 'has failed its checks for longer than ten minutes', one: machine({ config: checked, updatedAt: long }), settled: true },
    { when: 'is stuck between two states for longer than that', one: machine({ state: 'starting', updatedAt: long }), settled: true },
    { when: 'sleeps', one: machine({ state: 'stopped' }), settled: true },
    { when: 'is foreign and starting', one: machine({ state: 'starting', stamp: null }), settled: true },
  ])('that $when: settled is $settled', ({ one, settled }) => {
    expect(isSettled(contextOf({ observed: observedApp({ machines: [one] }) }))).toBe(settled);
  });
});

describe('after a pass', () => {
  test('an app as git says is Synced, Healthy and Ready, and says since when', () => {
    const status = statusOf({ synced: true });
    expect(status).toMatchObject({
      sync: 'Synced',
      health: 'Healthy',
      appliedRevision: REVISION,
      attemptedRevision: REVISION,
      syncedAt: NOW,
    });
    expect(isTrue(status)).toEqual(['Ready Synced']);
    expect(status.conditions.map(({ type }) => type)).toEqual([...CONDITION_TYPES]);
  });
  test('one that differs is OutOfSync and keeps the revision it was brought to', () => {
    const plan = planOfSteps([updateStep(machine())]);
    const previous = statusOf({ synced: true });
    const status = statusOf({ plan, previous, target: { revision: revisionId('rev-2') } });
    expect(status).toMatchObject({ sync: 'OutOfSync', appliedRevision: REVISION, attemptedRevision: 'rev-2', syncedAt: NOW });
    expect(isTrue(status)).toEqual(['Reconciling Progressing']);
    expect(condition(status, 'Ready')).toMatchObject({ status: 'false', reason: 'OutOfSync', revision: 'rev-2' });
    expect(status.pending).toEqual([{ cause: 'change', kind: 'machine-group', verb: 'update', subject: 'app-1', why: 'update app-1' }]);
  });
  test('after a restart the revision it was brought to is the remembered one', () => {
    expect(statusOf().appliedRevision).toBe(REVISION);
  });
  test('Synced with a sick machine is not Ready, and names its health', () => {
    const status = statusOf({ synced: true, context: { observed: observedApp({ machines: [machine({ cordoned: true })] }) } });
    expect(status).toMatchObject({ sync: 'Synced', health: 'Degraded' });
    expect(condition(status, 'Ready')).toMatchObject({ status: 'false', reason: 'Degraded' });
  });
  test('Synced and suspended is Ready', () => {
    const sleepy = anApp({ groups: [aGroup({ autostop: 'suspend' })] });
    const observed = observedApp({ machines: [machine({ state: 'suspended' })] });
    const status = statusOf({ synced: true, context: { app: sleepy, observed }, target: { app: sleepy } });
    expect(status.health).toBe('Suspended');
    expect(isTrue(status)).toEqual(['Ready Synced']);
  });
  test('a machine that comes up is work under way', () => {
    const observed = observedApp({ machines: [machine({ state: 'starting' })] });
    expect(isTrue(statusOf({ synced: true, context: { observed } }))).toEqual(['Reconciling Progressing']);
  });

  test.each([
    { reason: 'Grace', said: ['Held Grace'] },
    { reason: 'ApprovalRequired', said: ['Held ApprovalRequired'] },
    { reason: 'Halted', said: ['Held Halted'] },
    { reason: 'Contended', said: ['Held Contended'] },
    { reason: 'LeaseHeld', said: ['Reconciling Progressing'] },
    { reason: 'PartialPicture', said: ['Reconciling Progressing'] },
    { reason: 'GuardRefused', said: ['Stalled GuardRefused'] },
    { reason: 'StateLost', said: ['Stalled StateLost'] },
    { reason: 'ImagePullFailed', said: ['Stalled ImagePullFailed'] },
  ] as const)('a change held by $reason: $said', ({ reason, said }) => {
    const status = statusOf(holding(reason));
    expect(isTrue(status)).toEqual(said);
    const type = said[0].split(' ')[0] ?? '';
    if (type !== 'Reconciling') expect(condition(status, type)?.message).toBe(`because. ${HOLD_REASONS[reason]}`);
    expect(status.held).toEqual([{ reason, subject: 'app-1', message: 'because', remedy: HOLD_REASONS[reason], until: null }]);
  });
  test.each([
    { reason: 'NoCapacity', said: ['Held NoCapacity'] },
    { reason: 'ForeignMachines', said: ['Held ForeignMachines'] },
    { reason: 'WaitingForHealth', said: ['Reconciling Progressing'] },
    { reason: 'WaitingForVolume', said: ['Reconciling Progressing'] },
    { reason: 'NoImage', said: ['Stalled NoImage'] },
    { reason: 'HostUnreachable', said: ['Stalled HostUnreachable'] },
  ] as const)('a hold that names no change, $reason, is a condition too: $said', ({ reason, said }) => {
    expect(isTrue(statusOf(holding(reason, null)))).toEqual(said);
  });
  test('where trimtab only looks, not being stamped is no lack', () => {
    const given = holding('ObserveOnly', restampStep(machine({ stamp: null })));
    expect(isTrue(statusOf({ ...given, synced: true }))).toEqual(['Ready Synced']);
    expect(isTrue(statusOf(holding('ObserveOnly')))).toEqual(['Held ObserveOnly']);
    expect(isTrue(statusOf(holding('ApprovalRequired', restampStep(machine({ stamp: null })))))).toEqual(['Held ApprovalRequired']);
  });
  test('what waits on purpose and what is stuck stand side by side', () => {
    const plan = planOfSteps([updateStep(machine({}, 'app-2'))], { held: [hold('Grace'), hold('StateLost')] });
    expect(isTrue(statusOf({ plan }))).toEqual(['Reconciling Progressing', 'Stalled StateLost', 'Held Grace']);
  });
  test('a condition keeps its time until its status or reason changes', () => {
    const later = { now: instant(NOW + minutes(5)) };
    const first = statusOf(holding('Grace'));
    expect(condition(statusOf({ ...holding('Grace'), previous: first, context: later }), 'Held')?.since).toBe(NOW);
    expect(condition(statusOf({ ...holding('Halted'), previous: first, context: later }), 'Held')?.since).toBe(later.now);
    expect(condition(statusOf({ previous: first, context: later }), 'Held')).toMatchObject({ status: 'false', since: later.now });
  });

  test('an app that left git is Synced when none of its machines is left', () => {
    const gone = { target: { gone: true } };
    const failing = { observed: observedApp({ machines: [machine({ state: 'failed' })] }) };
    expect(statusOf({ ...gone, context: failing })).toMatchObject({ sync: 'OutOfSync', health: 'Healthy' });
    expect(statusOf({ ...gone, context: { observed: observedApp({ machines: [machine({ state: 'destroyed' })] }) } }).sync).toBe('Synced');
  });
  test('an excluded app is no concern and has no price here', () => {
    const excluded = anApp({ groups: [], excluded: true });
    const status = statusOf({ target: { app: excluded }, context: { app: excluded } });
    expect(status).toMatchObject({ sync: 'Synced', health: 'Healthy', costLines: [], groups: [] });
  });
  test('groups are counted by region, with what git asks for beside what is there', () => {
    const two = anApp({ groups: [aGroup({ machines: { nrt: 2, fra: 1 }, minMachinesRunning: 1 })] });
    const machines = [
      machine({ checks: [{ name: 'up', status: 'passing', output: '', updatedAt: NOW }] }),
      machine({ state: 'stopped' }, 'app-2'),
      machine({ region: regionCode('syd') }, 'app-3'),
      machine({ stamp: null }, 'by-hand'),
      machine({ state: 'stopped', config: aConfig({ standbys: ['mapp-1'] }) }, 'standby'),
    ];
    const status = statusOf({ context: { app: two, observed: observedApp({ machines }) }, target: { app: two } });
    const common = { group: 'app', minMachinesRunning: 1 };
    expect(status.groups).toEqual([
      {
        ...common,
        region: 'nrt',
        desiredMin: 2,
        desiredMax: 2,
        states: { started: 1, stopped: 1 },
        ready: 1,
        checks: { passing: 1 },
        started: 1,
        primary: true,
      },
      { ...common, region: 'fra', desiredMin: 1, desiredMax: 1, states: {}, ready: 0, checks: {}, started: 0, primary: false },
      { ...common, region: 'syd', desiredMin: 0, desiredMax: 0, states: { started: 1 }, ready: 1, checks: {}, started: 1, primary: false },
    ]);
    expect(status.foreign).toEqual(['by-hand mby-hand']);
    expect(status.costLines).toHaveLength(5);
  });
  test('a drift says since when, and when it is corrected', () => {
    const slow = anApp({ groups: [group], sync: aSync({ selfHeal: { enabled: true, grace: ms(600_000) } }) });
    const field = { pointer: '/env/A', from: 'x', to: undefined, group: 'env' } as const;
    const drift = { app: APP, kind: 'machine-group', subject: 'app-1', field, urgent: false, key: 'k' } as const;
    const seen = instant(NOW - 60_000);
    const record = {
      at: seen,
      kind: 'machine-group',
      subject: 'app-1',
      pointer: '/env/A',
      field: 'env',
      from: 'x',
      to: '',
      actor: null,
    } as const;
    const context = { app: slow, memory: { ...contextOf().memory, drifts: { k: record } } };
    const line = { kind: 'machine-group', subject: 'app-1', pointer: '/env/A', field: 'env', from: 'x', firstSeen: seen };
    const plan = (held: readonly Hold[]) => planOfSteps([], { drifts: [drift], held });
    expect(statusOf({ context, plan: plan([hold('Grace')]) }).drifts).toEqual([{ ...line, correctedAt: seen + 600_000 }]);
    expect(statusOf({ context, plan: plan([hold('ApprovalRequired')]) }).drifts).toEqual([{ ...line, correctedAt: null }]);
  });
  test('the document is what its schema says, also after JSON', () => {
    const status = statusOf({ plan: planOfSteps([updateStep(machine())], { held: [hold('Grace')] }) });
    expect(AppStatus.parse(JSON.parse(JSON.stringify(status)))).toEqual(status);
  });
});

describe('after a pass that failed', () => {
  const later = instant(NOW + 60_000);
  const failed = (code: ErrorCode, previous: AppStatus | null = statusOf({ synced: true })) =>
    statusAfterFailure(aTarget(), failure(code, 'it said no'), previous, later);
  test.each([
    { code: 'FLY_UNAUTHORIZED', sync: 'Unknown', said: ['Stalled FLY_UNAUTHORIZED'] },
    { code: 'FLY_INVALID', sync: 'Unknown', said: ['Stalled FLY_INVALID'] },
    { code: 'FLY_UNAVAILABLE', sync: 'Unknown', said: [] },
    { code: 'FLY_BAD_REPLY', sync: 'Unknown', said: [] },
    { code: 'FLY_LEASE_HELD', sync: 'Synced', said: ['Held FLY_LEASE_HELD'] },
    { code: 'FLY_NO_CAPACITY', sync: 'Synced', said: ['Held FLY_NO_CAPACITY'] },
    { code: 'FLY_AMBIGUOUS', sync: 'Synced', said: ['Reconciling FLY_AMBIGUOUS'] },
  ] as const)('with $code: $said', ({ code, sync, said }) => {
    const status = failed(code);
    expect(status).toMatchObject({
      sync,
      health: sync === 'Synced' ? 'Healthy' : 'Unknown',
      attemptedRevision: REVISION,
      appliedRevision: REVISION,
    });
    expect(isTrue(status)).toEqual(said);
    expect(condition(status, 'Ready')).toMatchObject({ status: sync === 'Unknown' ? 'unknown' : 'false', reason: code, since: later });
    expect(condition(status, 'Ready')?.message).toBe(`it said no. ${ERRORS[code].remedy}`);
  });
  test('what was seen of an older revision is not said of a new one', () => {
    const target = aTarget({ revision: revisionId('rev-2') });
    const first = statusAfterFailure(target, failure('FLY_LEASE_HELD', 'it said no'), statusOf({ synced: true }), later);
    expect(first).toMatchObject({ sync: 'Unknown', health: 'Healthy', attemptedRevision: 'rev-2', appliedRevision: REVISION });
    expect(condition(first, 'Ready')).toMatchObject({ status: 'unknown', revision: 'rev-2' });
    expect(statusAfterFailure(target, failure('FLY_LEASE_HELD', 'it said no'), first, later).sync).toBe('Unknown');
  });
  test('what was seen last stays on the page', () => {
    const previous = statusOf({ synced: true });
    const { groups, costLines, observedAt, syncedAt } = failed('FLY_UNAVAILABLE', previous);
    expect({ groups, costLines, observedAt, syncedAt }).toEqual({
      groups: previous.groups,
      costLines: previous.costLines,
      observedAt: NOW,
      syncedAt: NOW,
    });
    expect(groups).toHaveLength(1);
  });
  test('an app that was never seen is Unknown', () => {
    const status = failed('FLY_LEASE_HELD', null);
    expect(status).toMatchObject({
      environment: environmentName('staging'),
      app: APP,
      sync: 'Unknown',
      health: 'Unknown',
      observedAt: null,
      groups: [],
    });
    expect(AppStatus.safeParse(status).success).toBe(true);
  });
  test('the same failure again keeps its time', () => {
    const first = failed('FLY_UNAUTHORIZED');
    const again = statusAfterFailure(aTarget(), failure('FLY_UNAUTHORIZED', 'it said no'), first, instant(later + 60_000));
    expect(condition(again, 'Stalled')?.since).toBe(later);
  });
  test('a condition that is no longer known starts its time anew', () => {
    const known = failed('FLY_LEASE_HELD');
    const target = aTarget({ revision: revisionId('rev-2') });
    const unknown = statusAfterFailure(target, failure('FLY_LEASE_HELD', 'it said no'), known, instant(later + 60_000));
    expect(condition(unknown, 'Ready')).toMatchObject({ status: 'unknown', reason: 'FLY_LEASE_HELD', since: later + 60_000 });
  });
  test('every error has its conditions, each of them once', () => {
    const codes = Object.keys(ERRORS).filter((code): code is ErrorCode => Object.hasOwn(ERRORS, code));
    for (const code of codes) expect(failed(code).conditions.map(({ type }) => type)).toEqual([...CONDITION_TYPES]);
  });
});
