import { describe, expect, test } from 'vitest';
import { HEALTHS, worstHealth } from '#domain/condition.ts';
import { groupHealth, type HealthScene, isCrashLooping, isReady, machineHealth, stoppedIsHealthy } from '#domain/health.ts';
import { groupName, regionCode } from '#domain/ids.ts';
import type { MachineConfig } from '#domain/machine-config.ts';
import { emptyMemory } from '#domain/memory.ts';
import type { ObservedCheck, ObservedEvent, ObservedExit, ObservedMachine } from '#domain/observed.ts';
import { appHealth } from '#domain/status-of.ts';
import { instant } from '#domain/units.ts';
import type { MachineOver } from '#test/support/builders.ts';
import { aConfig, aContext, aGroup, aMachine, anApp, NOW, observedApp } from '#test/support/builders.ts';

const group = aGroup();
const machine = (over: MachineOver = {}, name = 'app-1') => aMachine(group, name, over);
const ago = (seconds: number) => instant(NOW - seconds * 1_000);
const start = (seconds: number): ObservedEvent => ({
  id: `s${seconds}`,
  type: 'start',
  status: 'started',
  source: 'flyd',
  at: ago(seconds),
});
const update = (seconds: number): ObservedEvent => ({ ...start(seconds), type: 'update', status: 'replacing', source: 'user' });
const exit = (over: Partial<ObservedExit> = {}, seconds = 30): ObservedEvent => ({
  id: `x${seconds}`,
  type: 'exit',
  status: 'stopped',
  source: 'flyd',
  at: ago(seconds),
  exit: { exitCode: 0, oomKilled: false, requestedStop: false, restarting: false, restartCount: 0, ...over },
});
const check = (status: string, seconds: number | null, name = 'up'): ObservedCheck => ({
  name,
  status,
  output: '',
  updatedAt: seconds === null ? null : ago(seconds),
});
const withChecks = (checks: readonly ObservedCheck[], over: MachineOver = {}) =>
  machine({ config: aConfig({ checks: { up: { type: 'tcp', port: 8080 } } }), checks, ...over });

describe('a started machine is ready', () => {
  test.each([
    { when: 'without checks, a second after its start', one: machine({ events: [start(1)] }), ready: true },
    { when: 'without checks, before that', one: machine({ events: [start(0.5)] }), ready: false },
    { when: 'without checks, started by a clock that is ahead of ours', one: machine({ events: [start(-30)] }), ready: true },
    { when: 'without checks, its start being forgotten', one: machine({ events: [] }), ready: true },
    { when: 'with its check passing', one: withChecks([check('passing', 30)]), ready: true },
    { when: 'with a check that has no result', one: withChecks([]), ready: false },
    { when: 'with a result of the instance before', one: withChecks([check('passing', 90)]), ready: false },
    { when: 'with a result without a date', one: withChecks([check('passing', null)]), ready: true },
    { when: 'with one of two checks failing', one: withChecks([check('passing', 30), check('critical', 30, 'other')]), ready: false },
    { when: 'with a status nobody knows', one: withChecks([check('splendid', 30)]), ready: false },
    { when: 'with only a filler of the platform', one: withChecks([check('passing', 30, 'bg_deployments_compat_1')]), ready: false },
    { when: 'on a sick host', one: machine({ hostStatus: 'unreachable' }), ready: false },
    { when: 'when it is stopped', one: machine({ state: 'stopped' }), ready: false },
  ])('$when: $ready', ({ one, ready }) => expect(isReady(one, NOW)).toBe(ready));
});

describe('a crash loop', () => {
  const loop = { exitCode: 1, restarting: true, restartCount: 2 };
  test.each([
    { when: 'it was restarted twice after failing', events: [exit(loop)], is: true },
    { when: 'it ended well', events: [exit({ ...loop, exitCode: 0 })], is: false },
    { when: 'it was asked to stop', events: [exit({ ...loop, requestedStop: true })], is: false },
    { when: 'it was restarted once', events: [exit({ ...loop, restartCount: 1 })], is: false },
    { when: 'it is not restarted any more', events: [exit({ ...loop, restarting: false })], is: false },
    { when: 'the newest exit was well', events: [exit(), exit(loop, 60)], is: false },
    { when: 'it never ended', events: [start(5)], is: false },
    { when: 'it was written anew since', events: [update(5), exit(loop, 60)], is: false },
    { when: 'it was written anew before', events: [exit(loop, 5), update(60)], is: true },
  ])('$when: $is', ({ events, is }) => expect(isCrashLooping({ events })).toBe(is));
});

describe('a stopped machine is healthy', () => {
  const scene = (over: Partial<HealthScene> = {}): HealthScene => ({ now: NOW, autostop: 'off', atFloor: true, primary: null, ...over });
  const stopped = (config: MachineConfig, ...events: readonly ObservedEvent[]) =>
    machine({ state: 'stopped', config: aConfig(config), events });
  const standby = stopped({ standbys: ['mapp-0'] });
  const primary = (over: MachineOver = {}) => machine(over, 'app-0');
  const failed = exit({ exitCode: 137 });
  const sleeps = { autostop: 'stop' } as const;
  test.each([
    { when: 'a standby whose primary runs', one: standby, over: { primary: primary() }, ok: true },
    { when: 'a standby whose primary sleeps', one: standby, over: { primary: primary({ state: 'stopped' }) }, ok: true },
    {
      when: 'a standby whose primary stands on a lost host',
      one: standby,
      over: { primary: primary({ hostStatus: 'unreachable' }) },
      ok: false,
    },
    { when: 'a standby whose primary is destroyed', one: standby, over: { primary: primary({ state: 'destroyed' }) }, ok: false },
    { when: 'a standby whose primary is not there', one: standby, over: sleeps, ok: false },
    { when: 'a scheduled one that ended well', one: stopped({ schedule: 'daily' }, exit()), over: {}, ok: true },
    { when: 'a scheduled one that failed', one: stopped({ schedule: 'daily' }, failed), over: {}, ok: false },
    { when: 'a scheduled one whose time has not come', one: stopped({ schedule: 'daily' }), over: {}, ok: true },
    { when: 'a job that ended well', one: stopped({ restart: { policy: 'no' } }, exit()), over: {}, ok: true },
    { when: 'a job that failed', one: stopped({ restart: { policy: 'no' } }, failed), over: {}, ok: false },
    { when: 'a job that never ran', one: stopped({ restart: { policy: 'no' } }), over: {}, ok: false },
    {
      when: 'a job that ended well after it had failed',
      one: stopped({ restart: { policy: 'no' } }, exit(), exit({ exitCode: 1 }, 90)),
      over: {},
      ok: true,
    },
    {
      when: 'a job of a sleeping group that was asked to stop',
      one: stopped({ restart: { policy: 'no' } }, exit({ exitCode: 130, requestedStop: true })),
      over: sleeps,
      ok: true,
    },
    { when: 'one that ended well and should run', one: stopped({}, exit()), over: {}, ok: false },
    { when: 'one put to sleep by the proxy', one: stopped({}, exit({ exitCode: 130, requestedStop: true })), over: sleeps, ok: true },
    { when: 'one that went to sleep by itself', one: stopped({}, exit()), over: sleeps, ok: true },
    { when: 'one that never ran, where machines may sleep', one: stopped({}), over: sleeps, ok: true },
    { when: 'one that failed, where machines may sleep', one: stopped({}, failed), over: sleeps, ok: false },
    { when: 'one that sleeps below the floor', one: stopped({}, exit()), over: { ...sleeps, atFloor: false }, ok: false },
  ])('$when: $ok', ({ one, over, ok }) => {
    expect(stoppedIsHealthy(one, scene(over))).toBe(ok);
    expect(machineHealth(one, scene(over))).toBe(ok ? 'Healthy' : 'Degraded');
  });
});

describe('the health of a machine', () => {
  const scene: HealthScene = { now: NOW, autostop: 'off', atFloor: true, primary: null };
  const suspends = { ...scene, autostop: 'suspend' } as const;
  test.each([
    { when: 'ready', one: machine(), health: 'Healthy' },
    { when: 'ready, but cordoned', one: machine({ cordoned: true }), health: 'Degraded' },
    { when: 'on a sick host', one: machine({ hostStatus: 'unknown' }), health: 'Unknown' },
    { when: 'starting', one: machine({ state: 'starting', updatedAt: ago(10) }), health: 'Progressing' },
    { when: 'starting for more than five minutes', one: machine({ state: 'starting', updatedAt: ago(300) }), health: 'Degraded' },
    { when: 'created', one: machine({ state: 'created', updatedAt: ago(10) }), health: 'Progressing' },
    { when: 'failed', one: machine({ state: 'failed' }), health: 'Degraded' },
    { when: 'in a state of tomorrow', one: machine({ state: 'hibernating' }), health: 'Degraded' },
    { when: 'waiting for its first result', one: withChecks([], { events: [start(10)] }), health: 'Progressing' },
    { when: 'failing its check since it came up', one: withChecks([check('critical', 9)], { events: [start(10)] }), health: 'Progressing' },
    { when: 'failing a check that had passed', one: withChecks([check('critical', 10)], { events: [start(200)] }), health: 'Degraded' },
    { when: 'without a result for five minutes', one: withChecks([], { events: [start(301)] }), health: 'Degraded' },
    {
      when: 'crash-looping between two starts',
      one: machine({ state: 'starting', updatedAt: ago(1), events: [exit({ exitCode: 1, restarting: true, restartCount: 3 })] }),
      health: 'Degraded',
    },
    { when: 'suspended where machines must run', one: machine({ state: 'suspended' }), health: 'Degraded' },
  ] as const)('$when: $health', ({ one, health }) => expect(machineHealth(one, scene)).toBe(health));
  test('suspended where machines may rest: Suspended, unless the group is below its floor', () => {
    const one = machine({ state: 'suspended' });
    expect(machineHealth(one, suspends)).toBe('Suspended');
    expect(machineHealth(one, { ...suspends, atFloor: false })).toBe('Degraded');
  });
});

describe('the health of a group', () => {
  const scene = { now: NOW, autostop: 'off', wanted: 2, floor: 0, primaryRegion: 'nrt' } as const;
  const rests = { ...scene, autostop: 'suspend' } as const;
  const asleep = (name: string, over: MachineOver = {}) => machine({ state: 'stopped', events: [exit()], ...over }, name);
  const suspended = (name: string) => machine({ state: 'suspended' }, name);
  const up = (name: string, over: MachineOver = {}) => machine(over, name);
  test.each([
    { when: 'all run', members: [up('a'), up('b')], at: scene, health: 'Healthy' },
    { when: 'one is lacking', members: [up('a')], at: scene, health: 'Missing' },
    { when: 'all are lacking', members: [], at: scene, health: 'Missing' },
    { when: 'none is asked for', members: [], at: { ...scene, wanted: 0 }, health: 'Healthy' },
    { when: 'one comes up', members: [up('a'), up('b', { state: 'starting' })], at: scene, health: 'Progressing' },
    { when: 'one comes up and one is lacking', members: [up('a', { state: 'starting' })], at: scene, health: 'Missing' },
    { when: 'one failed and one is lacking', members: [up('a', { state: 'failed' })], at: scene, health: 'Degraded' },
    {
      when: 'one failed and one is out of sight',
      members: [up('a', { state: 'failed' }), up('b', { hostStatus: 'unknown' })],
      at: scene,
      health: 'Unknown',
    },
    { when: 'all are suspended', members: [suspended('a'), suspended('b')], at: rests, health: 'Suspended' },
    { when: 'one is suspended and one runs', members: [suspended('a'), up('b')], at: rests, health: 'Healthy' },
    { when: 'one sleeps and the other is the floor', members: [asleep('a'), up('b')], at: { ...rests, floor: 1 }, health: 'Healthy' },
    { when: 'all sleep below the floor', members: [asleep('a'), asleep('b')], at: { ...rests, floor: 1 }, health: 'Degraded' },
    {
      when: 'the floor runs in another region',
      members: [asleep('a'), up('b', { region: regionCode('fra') })],
      at: { ...rests, floor: 1 },
      health: 'Degraded',
    },
    {
      when: 'the floor runs anywhere and there is no primary region',
      members: [asleep('a'), up('b', { region: regionCode('fra') })],
      at: { ...rests, floor: 1, primaryRegion: null },
      health: 'Healthy',
    },
  ] as const)('$when: $health', ({ members, at, health }) => expect(groupHealth(members, at)).toBe(health));

  const standby = machine({ state: 'stopped', config: aConfig({ standbys: ['ma'] }) }, 's');
  test('a standby counts for nothing and rests beside its primary', () => {
    expect(groupHealth([up('a'), standby], { ...scene, wanted: 1 })).toBe('Healthy');
    expect(groupHealth([up('a'), standby], scene)).toBe('Missing');
    expect(groupHealth([standby], { ...scene, wanted: 0 })).toBe('Degraded');
  });
  test('a standby that runs is no floor', () => {
    const running = machine({ config: aConfig({ standbys: ['ma'] }) }, 's');
    expect(groupHealth([asleep('a'), running], { ...rests, wanted: 1, floor: 1 })).toBe('Degraded');
  });
});

describe('the health of an app', () => {
  const jobs = aGroup({ name: groupName('jobs') });
  const of = (machines: readonly ObservedMachine[], over: Parameters<typeof aContext>[0] = {}) =>
    appHealth(aContext({ app: anApp({ groups: [group] }), observed: observedApp({ machines }), ...over }));
  test('is the worst of its groups, in the order of the page', () => {
    expect(HEALTHS).toEqual(['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown']);
    for (const [at, health] of HEALTHS.entries())
      for (const other of HEALTHS.slice(0, at + 1)) {
        expect(worstHealth([health, other])).toBe(health);
        expect(worstHealth([other, health])).toBe(health);
      }
    expect(worstHealth([])).toBe('Healthy');
    const both = { app: anApp({ groups: [group, jobs] }) };
    expect(of([machine(), aMachine(jobs, 'jobs-1')], both)).toBe('Healthy');
    expect(of([machine(), aMachine(jobs, 'jobs-1', { state: 'failed' })], both)).toBe('Degraded');
    expect(of([machine()], both)).toBe('Missing');
  });
  test('is Missing while the app, or a machine of it, does not exist', () => {
    expect(of([], { observed: observedApp({ info: null }) })).toBe('Missing');
    expect(of([])).toBe('Missing');
  });
  test('of an app that is excluded or switched off is no concern', () => {
    expect(of([machine({ state: 'failed' })], { app: anApp({ groups: [group], excluded: true }) })).toBe('Healthy');
    expect(of([machine({ state: 'failed' })], { app: anApp({ groups: [group], enabled: false }) })).toBe('Healthy');
  });
  test('before adoption looks at the machines that would be taken over; later at our own only', () => {
    const byHand = machine({ stamp: null });
    expect(of([byHand], { memory: emptyMemory() })).toBe('Healthy');
    expect(of([byHand])).toBe('Missing');
  });
});
