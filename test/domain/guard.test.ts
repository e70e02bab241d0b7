import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Step } from '#domain/change.ts';
import { type GuardScene, guardPlan } from '#domain/guard.ts';
import { appName, groupName, regionCode, volumeId } from '#domain/ids.ts';
import { emptyMemory } from '#domain/memory.ts';
import type { ObservedMachine } from '#domain/observed.ts';
import { SHIPPED_PRICES } from '#domain/price-book.ts';
import { NO_SECRETS } from '#domain/secret-picture.ts';
import { hours, instant } from '#domain/units.ts';
import type { MachineOver } from '#test/support/builders.ts';
import { APP, aConfig, aGroup, aMachine, anApp, aStamp, aSync, aVolume, NOW, observedApp } from '#test/support/builders.ts';
import { aStep, createStep, destroyStep, plainStep, planOfSteps, restampStep, updateStep } from '#test/support/steps.ts';

const group = aGroup({ machines: { nrt: 2 } });
const machine = (name: string, over: MachineOver = {}) => aMachine(group, name, over);
const scene = (machines: readonly ObservedMachine[], over: Partial<GuardScene> = {}): GuardScene => ({
  now: NOW,
  owner: 'acme/staging',
  app: anApp({ groups: [group] }),
  protection: 'none',
  observed: observedApp({ machines }),
  secrets: NO_SECRETS,
  memory: { ...emptyMemory(), adopted: true },
  approved: false,
  halted: null,
  massChange: null,
  mostIncreasePerHour: null,
  prices: SHIPPED_PRICES,
  selfApp: null,
  ...over,
});
/** `rule subject` of what is refused; the rule alone where it is the whole plan. */
const refused = (steps: readonly Step[], at: GuardScene): readonly string[] =>
  guardPlan(planOfSteps(steps), at).map(({ rule, step }) => (step === null ? rule : `${rule} ${step.split('/').at(-1)}`));
const production = (machines: readonly ObservedMachine[], over: Partial<GuardScene> = {}) =>
  scene(machines, { protection: 'production', ...over });

const a = machine('app-1');
const b = machine('app-2');

test('one release at a time: none is opened twice, nor while one is open', () => {
  const open = () => aStep({ kind: 'app', verb: 'open-release', image: 'registry.fly.io/acme-web:v1', definition: {} }, 'release');
  const running = { id: 'r1', version: 3, revision: 'rev-1', openedAt: instant(NOW) };
  expect(refused([open()], scene([a]))).toEqual([]);
  expect(refused([open(), open()], scene([a]))).toEqual(['one-release release']);
  expect(refused([open()], scene([a], { memory: { ...emptyMemory(), adopted: true, release: running } }))).toEqual(['one-release release']);
});

describe('foreign machines', () => {
  const byHand = machine('wild-river-1', { stamp: null });
  const verbs = (target: ObservedMachine): readonly Step[] => [
    destroyStep(target),
    updateStep(target),
    plainStep('start', target),
    plainStep('stop', target),
    plainStep('uncordon', target),
    restampStep(target),
    aStep({ kind: 'machine-group', verb: 'unstamp', machine: target.id, instance: target.instanceId }, target.name),
  ];
  test.each(verbs(byHand).map((step) => ({ verb: step.action.verb, step })))('a machine made by hand: no $verb', ({ step }) => {
    expect(refused([step], scene([a, b, byHand]))).toEqual(['foreign-machine wild-river-1']);
  });
  test.each(verbs(b).map((step) => ({ verb: step.action.verb, step })))('our own machine: $verb', ({ step }) => {
    expect(refused([step], scene([a, b, machine('app-3')]))).toEqual([]);
  });
  test('a machine of another environment, or of another app, is foreign', () => {
    const theirs = machine('app-2', { stamp: aStamp(group, 'app-2', { owner: 'acme/production' }) });
    const odd = machine('app-3', { metadata: { trimtab_app: 'acme-api' } });
    expect(refused([updateStep(theirs), updateStep(odd)], scene([a, theirs, odd]))).toEqual([
      'foreign-machine app-2',
      'foreign-machine app-3',
    ]);
  });
  test('a machine that was not observed is not written', () => {
    expect(refused([destroyStep(machine('app-9'))], scene([a, b]))).toEqual(['foreign-machine app-9']);
  });

  const unadopted = { memory: emptyMemory() };
  test('what the platform’s CLI made is stamped, once, where git says adopt', () => {
    expect(refused([restampStep(byHand)], scene([byHand], unadopted))).toEqual([]);
    expect(refused([restampStep(byHand)], scene([byHand]))).toEqual(['foreign-machine wild-river-1']);
    const never = { ...unadopted, app: anApp({ groups: [group], adopt: false }) };
    expect(refused([restampStep(byHand)], scene([byHand], never))).toEqual(['foreign-machine wild-river-1']);
  });
  test('before it is stamped, stamping is all that may be done to it', () => {
    expect(refused([updateStep(byHand)], scene([byHand], unadopted))).toEqual(['foreign-machine wild-river-1']);
  });
  test.each([
    { whose: 'that the CLI did not make', metadata: { fly_platform_version: 'v1' } },
    { whose: 'of another environment', metadata: { trimtab_owner: 'acme/production' } },
    { whose: 'of a group that git does not name', metadata: { fly_process_group: 'jobs' } },
    { whose: 'for a release command', metadata: { fly_process_group: 'fly_app_release_command' } },
    { whose: 'for a console', metadata: { fly_process_group: 'fly_app_console' } },
    { whose: 'for a test', metadata: { fly_process_group: 'fly_app_test_machine_command' } },
    { whose: 'for a canary', metadata: { fly_canary: 'true' } },
  ])('a machine $whose is never taken over', ({ metadata }) => {
    const other = machine('m', { stamp: null, metadata });
    expect(refused([restampStep(other)], scene([other], unadopted))).toEqual(['foreign-machine m']);
  });
  test('a group of git that is named like the platform’s helpers takes none over', () => {
    const console = machine('m', { stamp: null, metadata: { fly_process_group: 'fly_app_console' } });
    const app = anApp({ groups: [aGroup({ name: groupName('fly_app_console') })] });
    expect(refused([restampStep(console)], scene([console], { ...unadopted, app }))).toEqual(['foreign-machine m']);
  });
  test('the older key of the group is read too', () => {
    const old = { ...byHand, metadata: { fly_platform_version: 'v2', process_group: 'jobs' } };
    expect(refused([restampStep(old)], scene([old], unadopted))).toEqual(['foreign-machine wild-river-1']);
  });
  test('a machine without a group belongs to the default one and may be taken over', () => {
    const plain = machine('m', { stamp: null, metadata: { fly_process_group: '' } });
    expect(refused([restampStep(plain)], scene([plain], unadopted))).toEqual([]);
  });
});

describe('the app itself', () => {
  test('trimtab never writes the app it runs as, whatever was approved', () => {
    expect(refused([updateStep(a)], scene([a, b], { selfApp: APP, approved: true }))).toEqual(['own-app']);
    expect(refused([updateStep(a)], scene([a, b], { selfApp: 'trimtab' }))).toEqual([]);
  });
  test('builders are left alone', () => {
    const builder = anApp({ groups: [group], app: appName('fly-builder-wild-river-1') });
    const step = aStep({ kind: 'app', verb: 'open-release', image: 'i', definition: {} }, 'release');
    expect(refused([step], scene([], { app: builder }))).toEqual(['own-app']);
    expect(refused([step], scene([]))).toEqual([]);
  });
  test('while writes are stopped nothing is written, whatever was approved', () => {
    expect(refused([plainStep('start', a)], scene([a, b], { halted: 'TRIMTAB_READ_ONLY', approved: true }))).toEqual(['writes-stopped']);
  });
  test('an app that is only looked at, or excluded, is not written', () => {
    const observe = anApp({ groups: [group], sync: aSync({ mode: 'observe' }) });
    expect(refused([plainStep('start', a)], scene([a, b], { app: observe }))).toEqual(['writes-stopped']);
    expect(refused([plainStep('start', a)], scene([a, b], { app: anApp({ groups: [group], excluded: true }) }))).toEqual([
      'writes-stopped',
    ]);
    expect(refused([plainStep('start', a)], scene([a, b], { app: anApp({ groups: [group], sync: aSync({ mode: 'manual' }) }) }))).toEqual(
      [],
    );
  });
});

describe('deleting', () => {
  const extra = machine('app-3');
  const three = [a, b, extra];
  const releaseAddress = aStep({ kind: 'ip-address', verb: 'destroy', type: 'shared_v4', ip: '66.0.0.1' }, '66.0.0.1', { cause: 'drift' });
  test('nothing is deleted on a partial picture; the rest is written', () => {
    const partial = scene(three, { observed: observedApp({ machines: three, complete: false }), approved: true });
    expect(refused([destroyStep(extra), releaseAddress, updateStep(a)], partial)).toEqual([
      'partial-picture app-3',
      'partial-picture 66.0.0.1',
    ]);
    expect(refused([destroyStep(extra), releaseAddress], scene(three))).toEqual([]);
  });
  test.each([
    { age: 120_000, rules: [] },
    { age: 120_001, rules: ['stale-picture app-3'] },
  ])('on a picture of $age ms: $rules', ({ age, rules }) => {
    const seen = observedApp({ machines: three, observedAt: instant(NOW - age) });
    expect(refused([destroyStep(extra), updateStep(a)], scene(three, { observed: seen }))).toEqual(rules);
  });

  const addresses = [
    { ip: '137.0.0.1', type: 'v4', region: null, createdAt: null },
    { ip: '66.0.0.1', type: 'shared_v4', region: null, createdAt: null },
  ] as const;
  const seen = observedApp({ machines: three, addresses, volumes: [aVolume('vol_1', { attachedMachine: extra.id })] });
  const mounted = machine('app-4', { config: aConfig({ mounts: [{ name: 'data', path: '/data', volume: 'vol_4' }] }) });
  const destroyAddress = (type: 'v4' | 'shared_v4', ip: string): Step =>
    aStep({ kind: 'ip-address', verb: 'destroy', type, ip }, ip, { cause: 'drift' });
  test.each([
    { what: 'a dedicated address', step: destroyAddress('v4', '137.0.0.1'), subject: '137.0.0.1' },
    { what: 'a dedicated address that the plan calls shared', step: destroyAddress('shared_v4', '137.0.0.1'), subject: '137.0.0.1' },
    {
      what: 'a certificate',
      step: aStep({ kind: 'certificate', verb: 'destroy', hostname: 'app.example.com' }, 'app.example.com'),
      subject: 'app.example.com',
    },
    { what: 'a machine with an attached volume', step: destroyStep(extra, { cause: 'drift' }), subject: 'app-3' },
    { what: 'a machine that mounts a volume', step: destroyStep(mounted, { cause: 'floor' }), subject: 'app-4' },
    {
      what: 'a machine of which the plan says that it holds a volume',
      step: aStep({ kind: 'machine-group', verb: 'destroy', machine: b.id, instance: b.instanceId, volume: volumeId('vol_2') }, 'app-2'),
      subject: 'app-2',
    },
  ])('$what goes only with a person’s word', ({ step, subject }) => {
    const at = scene([], { observed: { ...seen, machines: [...three, mounted] } });
    expect(refused([step], at)).toEqual([`needs-approval ${subject}`]);
    expect(refused([step], { ...at, approved: true })).toEqual([]);
  });
  test('a shared address goes by itself, unless it was there at adoption', () => {
    const step = destroyAddress('shared_v4', '66.0.0.1');
    expect(refused([step], scene([], { observed: seen }))).toEqual([]);
    const memory = { ...emptyMemory(), adopted: true, adoptedAddresses: ['66.0.0.1'] };
    expect(refused([step], scene([], { observed: seen, memory }))).toEqual(['needs-approval 66.0.0.1']);
  });
  test('prune deletes up to its limit and no further', () => {
    const pruned = three.map((one) => destroyStep(one, { cause: 'prune' }));
    const prune = (over: object) =>
      scene(three, {
        app: anApp({ groups: [group], sync: aSync({ prune: { enabled: true, maxDeletes: 2, holdFor: hours(24), ...over } }) }),
      });
    expect(refused(pruned, prune({}))).toEqual(['too-many-deletes app-3']);
    expect(refused(pruned, prune({ maxDeletes: 3 }))).toEqual([]);
    expect(refused(pruned.slice(2), prune({ enabled: false }))).toEqual(['too-many-deletes app-3']);
  });
  test('a quarantine only of what left git, and only where git asks for it', () => {
    const rests = (cause: 'prune' | 'drift'): Step =>
      aStep({ kind: 'machine-group', verb: 'quarantine', machine: b.id, instance: b.instanceId, since: instant(NOW) }, b.name, { cause });
    const prune = { enabled: false, maxDeletes: 3, holdFor: hours(24) };
    const asked = scene([a, b], { app: anApp({ groups: [group], sync: aSync({ prune: { ...prune, quarantine: true } }) }) });
    expect(refused([rests('prune')], asked)).toEqual([]);
    expect(refused([rests('drift')], asked)).toEqual(['quarantine app-2']);
    expect(refused([rests('prune')], scene([a, b]))).toEqual(['quarantine app-2']);
  });
});

describe('the last healthy machine, under protection', () => {
  const checked = aConfig({ checks: { up: { type: 'tcp', port: 8080 } } });
  const passing = { name: 'up', status: 'passing', output: '', updatedAt: instant(NOW - 30_000) };
  const withCheck = (name: string, ...checks: ObservedMachine['checks']) => machine(name, { config: checked, checks });
  const one = withCheck('app-1', passing);
  const drift = { cause: 'drift' } as const;

  test.each([
    { verb: 'destroyed', step: destroyStep(one, { ...drift, group: groupName('app') }) },
    { verb: 'stopped', step: plainStep('stop', one, drift) },
    { verb: 'left stopped by an update', step: updateStep(one, 'skip', checked, drift) },
  ])('is not $verb', ({ step }) => {
    // Git asks for none, so that only this rule has a say.
    const app = anApp({ groups: [aGroup({ machines: { nrt: 0 } })] });
    const rules = refused([step], production([one], { app }));
    expect(rules).toContain('last-healthy app-1');
    expect(refused([step], production([one], { app, approved: true }))).toEqual([]);
    expect(refused([step], scene([one], { app }))).toEqual([]);
  });
  test('is updated in place: the plan shows the downtime', () => {
    expect(refused([updateStep(one), updateStep(one, 'start')], production([one]))).toEqual([]);
  });
  test.each([
    { other: 'serves', machine: withCheck('app-2', passing), ok: true },
    { other: 'fails its check', machine: withCheck('app-2', { ...passing, status: 'critical' }), ok: false },
    { other: 'has no result yet', machine: withCheck('app-2'), ok: false },
    {
      other: 'has only a result from before it started',
      machine: withCheck('app-2', { ...passing, updatedAt: instant(NOW - 90_000) }),
      ok: false,
    },
    { other: 'is stopped', machine: machine('app-2', { state: 'stopped' }), ok: false },
    { other: 'is cordoned', machine: machine('app-2', { cordoned: true }), ok: false },
    { other: 'stands on a sick host', machine: machine('app-2', { hostStatus: 'unreachable' }), ok: false },
    { other: 'is not ours', machine: machine('app-2', { stamp: null }), ok: false },
    { other: 'is a standby', machine: machine('app-2', { config: aConfig({ standbys: ['m1'] }) }), ok: false },
    { other: 'is of another group', machine: aMachine(aGroup({ name: groupName('jobs') }), 'jobs-1'), ok: false },
  ])('goes while another one $other: $ok', ({ machine: other, ok }) => {
    expect(refused([plainStep('stop', one)], production([one, other]))).toEqual(ok ? [] : ['last-healthy app-1']);
  });
  test('does not go in the wave in which the other one restarts or goes too', () => {
    const two = withCheck('app-2', passing);
    const app = anApp({ groups: [aGroup({ machines: { nrt: 1 } })] });
    expect(refused([plainStep('stop', one), updateStep(two)], production([one, two], { app }))).toEqual(['last-healthy app-1']);
    expect(refused([plainStep('stop', one), plainStep('stop', two)], production([one, two], { app }))).toEqual([
      'last-healthy app-1',
      'last-healthy app-2',
    ]);
  });
  test.each([
    { why: 'stopped', machine: machine('app-1', { state: 'stopped' }) },
    { why: 'failing', machine: withCheck('app-1', { ...passing, status: 'critical' }) },
    { why: 'cordoned', machine: machine('app-1', { cordoned: true }) },
  ])('may go when it is $why: it serves nobody', ({ machine: sick }) => {
    const app = anApp({ groups: [aGroup({ machines: { nrt: 0 } })] });
    expect(refused([destroyStep(sick, { cause: 'drift' })], production([sick], { app }))).toEqual([]);
  });
  test('with a check not yet run it may serve already, and stays', () => {
    expect(refused([plainStep('stop', withCheck('app-1'))], production([withCheck('app-1')]))).toEqual(['last-healthy app-1']);
  });
  test('a standby is stopped again: it was never counted', () => {
    const standby = machine('app-2', { config: aConfig({ standbys: [a.id] }) });
    expect(refused([plainStep('stop', standby)], production([standby]))).toEqual([]);
  });
  test('checks of services are waited for too', () => {
    const service = { protocol: 'tcp', internal_port: 8080, checks: [{ type: 'tcp' }] };
    const both = { config: aConfig({ services: [service], checks: { up: { type: 'tcp', port: 8080 } } }) };
    const half = machine('app-2', { ...both, checks: [passing] });
    const whole = machine('app-2', { ...both, checks: [passing, { ...passing, name: 'servicecheck-00-tcp-8080' }] });
    expect(refused([plainStep('stop', one)], production([one, half]))).toEqual(['last-healthy app-1']);
    expect(refused([plainStep('stop', one)], production([one, whole]))).toEqual([]);
  });
  test('fillers of the platform for older clients are no checks', () => {
    const filler = { name: 'bg_deployments_compat_1', status: 'critical', output: '', updatedAt: null };
    expect(refused([plainStep('stop', one)], production([one, withCheck('app-2', passing, filler)]))).toEqual([]);
  });
});

describe('a count that goes down, under protection', () => {
  const many = (count: number): readonly ObservedMachine[] => Array.from({ length: count }, (_, at) => machine(`app-${at + 1}`));
  const to = (count: number) => anApp({ groups: [aGroup({ machines: { nrt: count } })] });
  test.each([
    { from: 4, down: 2, is: 'half', refusals: 0 },
    { from: 5, down: 2, is: 'more than half', refusals: 3 },
    { from: 3, down: 2, is: 'a third', refusals: 0 },
    { from: 2, down: 1, is: 'below two', refusals: 1 },
    { from: 10, down: 5, is: 'half', refusals: 0 },
    { from: 10, down: 4, is: 'more than half', refusals: 6 },
  ])('from $from to $down ($is): $refusals steps are refused', ({ from, down, refusals }) => {
    const machines = many(from);
    const steps = machines.slice(down).map((one) => destroyStep(one));
    const rules = refused(steps, production(machines, { app: to(down) }));
    expect(rules.filter((rule) => rule.startsWith('scale-in'))).toHaveLength(refusals);
    expect(rules).toHaveLength(refusals);
    expect(refused(steps, production(machines, { app: to(down), approved: true }))).toEqual([]);
    expect(refused(steps, scene(machines, { app: to(down) }))).toEqual([]);
  });
  test('in small steps goes no further than at once', () => {
    const machines = many(8);
    expect(refused([destroyStep(machine('app-8'))], production(machines, { app: to(3) }))).toEqual(['scale-in app-8']);
    expect(refused([destroyStep(machine('app-8'))], production(machines, { app: to(4) }))).toEqual([]);
  });
  test('machines in regions that git leaves open stay in the count', () => {
    const away = ['app-5', 'app-6'].map((name) => machine(name, { region: regionCode('fra') }));
    const machines = [...many(4), ...away];
    const keep = anApp({ groups: [aGroup({ machines: { nrt: 2 }, elsewhere: 'keep' })] });
    const steps = [destroyStep(machine('app-3')), destroyStep(machine('app-4'))];
    expect(refused(steps, production(machines, { app: keep }))).toEqual([]);
    expect(refused(steps, production(machines, { app: to(2) }))).toHaveLength(2);
  });
  test('a surplus made by hand goes down to what git says', () => {
    const machines = many(5);
    const steps = machines.slice(1).map((one) => destroyStep(one, { cause: 'drift' }));
    expect(refused(steps, production(machines, { app: to(1) }))).toEqual([]);
  });
  test('a plan that takes more than the surplus and calls it drift is refused', () => {
    const machines = many(5);
    const steps = machines.slice(1).map((one) => destroyStep(one, { cause: 'drift' }));
    expect(refused(steps, production(machines, { app: to(3) }))).toHaveLength(4);
  });
  test('machines that are extra for the time of a rollout do not count', () => {
    const machines = many(2);
    const memory = { ...emptyMemory(), adopted: true, temporary: ['app-2'] };
    expect(refused([destroyStep(machine('app-2'))], production(machines, { app: to(1), memory }))).toEqual([]);
    expect(refused([destroyStep(machine('app-2'))], production(machines, { app: to(1) }))).toEqual(['scale-in app-2']);
  });
  test.each([
    { what: 'a standby', other: machine('app-3', { config: aConfig({ standbys: ['mapp-1'] }) }), counts: false },
    { what: 'a foreign machine', other: machine('app-3', { stamp: null }), counts: false },
    { what: 'a machine that is going', other: machine('app-3', { state: 'destroying' }), counts: false },
    { what: 'a sleeping machine', other: machine('app-3', { state: 'stopped' }), counts: true },
  ])('$what counts: $counts', ({ other, counts }) => {
    const range = anApp({ groups: [aGroup({ regions: [{ region: regionCode('nrt'), min: 1, max: 9 }] })] });
    expect(refused([destroyStep(b)], production([a, b, other], { app: range }))).toEqual(counts ? [] : ['scale-in app-2']);
  });
  test('an app switched off goes down to nothing, not to what its groups say', () => {
    const off = anApp({ groups: [aGroup({ machines: { nrt: 4 } })], enabled: false });
    expect(refused([destroyStep(machine('app-4'))], production(many(4), { app: off }))).toEqual(['scale-in app-4']);
  });
  test('what left git goes by the limit of prune, down to the last healthy machine', () => {
    const prune = { enabled: true, maxDeletes: 3, holdFor: hours(24) };
    const gone = anApp({ groups: [aGroup({ machines: { nrt: 5 } })], sync: aSync({ prune }) });
    const machines = many(5);
    const steps = machines.map((one) => destroyStep(one, { cause: 'prune' }));
    expect(refused(steps.slice(0, 3), production(machines, { app: gone }))).toEqual([]);
    expect(refused(steps.slice(3), production(machines.slice(3), { app: gone }))).toEqual(['last-healthy app-4', 'last-healthy app-5']);
  });
  test('a group that left git, or an app switched off, goes only with a person’s word', () => {
    const steps = [destroyStep(a), destroyStep(b)];
    expect(refused(steps, production([a, b], { app: anApp({ groups: [] }) }))).toContain('scale-in app-1');
    expect(refused(steps, production([a, b], { app: anApp({ groups: [group], enabled: false }) }))).toContain('scale-in app-1');
    expect(refused(steps, production([a, b], { app: anApp({ groups: [group], enabled: false }), approved: true }))).toEqual([]);
  });
});

describe('a mass change by trimtab’s own version', () => {
  const massChange = 'only trimtab’s own version moved';
  test('is held; drift and the floor are not', () => {
    const steps = [updateStep(a), updateStep(b, 'keep', aConfig(), { cause: 'drift' }), plainStep('start', b, { cause: 'floor' })];
    expect(refused(steps, scene([a, b], { massChange }))).toEqual(['mass-change app-1']);
    expect(refused(steps, scene([a, b], { massChange, approved: true }))).toEqual([]);
  });
});

describe('what is judged', () => {
  test('only what would be written now', () => {
    const step = updateStep(machine('wild-river-1', { stamp: null }));
    const later = planOfSteps([], { waves: [{ steps: [step], ready: false }] });
    expect(guardPlan(later, scene([a]))).toEqual([]);
    expect(
      guardPlan(
        planOfSteps([], {
          waves: [
            { steps: [updateStep(a)], ready: true },
            { steps: [step], ready: false },
          ],
        }),
        scene([a]),
      ),
    ).toEqual([]);
  });
  test('nothing, where there is nothing to write', () => {
    expect(guardPlan(planOfSteps([]), scene([a], { halted: 'by ann' }))).toEqual([]);
  });
});

test('a plan that only makes machines and updates our own in place is never refused', () => {
  const anyMachine = fc.record({
    state: fc.constantFrom('started', 'stopped', 'suspended', 'failed', 'starting', 'a word of tomorrow'),
    cordoned: fc.boolean(),
    hostStatus: fc.constantFrom('ok', 'unreachable'),
    volume: fc.boolean(),
    does: fc.constantFrom('nothing', 'keep', 'start', 'sleep'),
    cause: fc.constantFrom('drift' as const, 'change' as const),
  });
  const world = fc.record({
    machines: fc.array(anyMachine, { maxLength: 6 }),
    made: fc.nat({ max: 3 }),
    protection: fc.constantFrom('production' as const, 'none' as const),
    complete: fc.boolean(),
    age: fc.nat({ max: 1_000_000 }),
    wanted: fc.nat({ max: 6 }),
  });
  fc.assert(
    fc.property(world, ({ machines, made, protection, complete, age, wanted }) => {
      const seen = machines.map(({ state, cordoned, hostStatus }, at) => machine(`app-${at}`, { state, cordoned, hostStatus }));
      const updates = machines.flatMap(({ does, cause, state }, at) => {
        const target = seen[at];
        if (target === undefined || does === 'nothing') return [];
        // Left asleep only when it sleeps.
        const launch = does === 'sleep' ? (state === 'started' ? 'keep' : 'skip') : does;
        return [updateStep(target, launch, aConfig(), { cause })];
      });
      const creates = Array.from({ length: made }, (_, at) => createStep(`app-new-${at}`));
      const volumes = machines.flatMap(({ volume }, at) => {
        const target = seen[at];
        return volume && target !== undefined ? [aVolume(`vol_${at}`, { attachedMachine: target.id })] : [];
      });
      const at = scene(seen, {
        protection,
        app: anApp({ groups: [aGroup({ machines: { nrt: wanted } })] }),
        observed: observedApp({ machines: seen, volumes, complete, observedAt: instant(NOW - age) }),
      });
      expect(refused([...creates, ...updates], at)).toEqual([]);
    }),
  );
});
test('no plan of any steps writes a machine that is not ours', () => {
  const verbs = ['destroy', 'stop', 'start', 'uncordon', 'update', 'restamp'] as const;
  const make = (verb: (typeof verbs)[number], target: ObservedMachine): Step => {
    if (verb === 'destroy') return destroyStep(target);
    if (verb === 'update') return updateStep(target);
    return verb === 'restamp' ? restampStep(target) : plainStep(verb, target);
  };
  fc.assert(
    fc.property(
      fc.array(fc.record({ verb: fc.constantFrom(...verbs), ours: fc.boolean() }), { maxLength: 6 }),
      fc.boolean(),
      (acts, approved) => {
        const seen = acts.map(({ ours }, at) => machine(`app-${at}`, ours ? {} : { stamp: null }));
        const steps = acts.flatMap(({ verb }, at) => (seen[at] === undefined ? [] : [make(verb, seen[at])]));
        const rules = refused(steps, scene(seen, { approved }));
        const foreign = acts.flatMap(({ ours }, at) => (ours ? [] : [`foreign-machine app-${at}`]));
        expect(rules.filter((rule) => rule.startsWith('foreign-machine'))).toEqual(foreign);
      },
    ),
  );
});
