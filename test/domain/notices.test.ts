/** Facts → notices, row by row; that every alert of the rules exists as one; and that what is written of them in the documents is so. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import type { AppStatus, Condition } from '#domain/condition.ts';
import { Notification, namedTargets, wants } from '#domain/desired-notify.ts';
import { judgeScene } from '#domain/notices/judge.ts';
import { isGivenUp, waitAfter } from '#domain/notices/outbox.ts';
import type { AuditFact, BudgetFact, Scene } from '#domain/notices/scene.ts';
import { PLACEHOLDERS, renderNotice, unknownPlaceholders } from '#domain/notices/text.ts';
import type { Told } from '#domain/notices/told.ts';
import { ALERTS, type AlertName, aNotice, type Notice, OCCASIONS } from '#domain/notices/words.ts';
import type { Release } from '#domain/release.ts';
import { days, hours, type Instant, instant, after as later, type Ms, minutes, ms, seconds } from '#domain/units.ts';
import { aRelease } from '#test/support/a-release.ts';
import { NOW } from '#test/support/builders.ts';
import { aStatus } from '#test/support/events.ts';
import { aScene } from '#test/support/telling-scene.ts';

/** Looks again and again, `every` so often for `span`, and answers what was told in all. */
function watch(
  scenes: (now: Instant) => Partial<Scene>,
  span: Ms,
  every: Ms = minutes(1),
): { readonly notices: readonly Notice[]; readonly told: Told } {
  const all: Notice[] = [];
  let told: Told | null = null;
  let at = NOW;
  for (; at <= NOW + span || told === null; at = later(at, every)) {
    const judged = judgeScene(aScene({ now: at, observedAt: at, ...scenes(at) }), told);
    told = judged.told;
    all.push(...judged.notices);
  }
  return { notices: all, told };
}
const texts = (notices: readonly Notice[]): readonly string[] =>
  notices.map(({ occasion, state }) => (state === 'tells' ? occasion : `${occasion} ${state}`));
const condition = (over: Partial<Condition>): Condition => ({
  type: 'Ready',
  status: 'false',
  reason: 'OutOfSync',
  message: 'm',
  since: NOW,
  revision: null,
  ...over,
});
const ill = (over: Partial<AppStatus>): AppStatus => aStatus({ conditions: [condition({})], ...over });
const budget = (over: Partial<BudgetFact> = {}): BudgetFact => ({
  ...{ name: 'all', level: 'ok', since: NOW, reason: 'because', remindedAt: null, ackedBy: null, usedUp: false, figures: ['$1 of $2'] },
  ...over,
});
const secret = (rotationDue: Instant): NonNullable<AppStatus['secrets']>[number] => ({
  ...{ name: 'KEY', source: 'env KEY', kind: 'env', required: true, state: 'Synced', machines: 1, of: 1, since: NOW, problem: null },
  rotationDue,
});
const drift = (firstSeen: Instant): AppStatus['drifts'][number] => ({
  ...{ kind: 'machine-group', subject: 'app', pointer: '/guest/memory_mb', field: 'guest', correctedAt: null },
  firstSeen,
});

/** What makes each alert of the rules true, how long it has to, and how it ends. */
const CAUSES: Readonly<Record<AlertName, { readonly scene: (now: Instant) => Partial<Scene>; readonly after: Ms }>> = {
  TrimtabDriftNotCorrected: { scene: () => ({ statuses: [aStatus({ drifts: [drift(NOW)] })] }), after: minutes(65) },
  TrimtabReconcileStalled: { scene: () => ({ statuses: [ill({ sync: 'OutOfSync' })] }), after: minutes(30) },
  TrimtabAppDegraded: { scene: () => ({ statuses: [ill({ health: 'Degraded' })] }), after: minutes(5) },
  TrimtabReleaseFailed: {
    scene: () => ({
      newest: 1,
      active: aRelease({ number: 1, phase: 'returning', failure: { reason: 'Checks', phase: 'apps', apps: [], message: 'no' } }),
    }),
    after: minutes(0),
  },
  TrimtabSecretRotationDue: {
    scene: () => ({ statuses: [aStatus({ secrets: [secret(later(NOW, days(8)))] })] }),
    after: ms(days(1) + minutes(30)),
  },
  TrimtabRestorePointOld: {
    scene: () => ({ restorePoint: { at: instant(NOW - days(7)), confirmed: true } }),
    after: ms(days(1) + minutes(30)),
  },
  TrimtabDesiredStateRefused: { scene: () => ({ problems: ['a.yaml:1:1 x: y'] }), after: minutes(5) },
  TrimtabPlatformErrors: { scene: () => ({ failing: 0.2 }), after: minutes(10) },
  TrimtabNoObservation: { scene: () => ({ observedAt: NOW }), after: minutes(7) },
  TrimtabGuardRefused: {
    scene: (now) => ({ heard: { guard: [{ rule: 'last-healthy', app: 'web', message: 'no', at: now }], synced: [] } }),
    after: minutes(0),
  },
  TrimtabBudgetWarning: { scene: () => ({ budgets: [budget({ level: 'warning' })] }), after: minutes(0) },
  TrimtabBudgetCritical: { scene: () => ({ budgets: [budget({ level: 'critical', usedUp: true })] }), after: minutes(0) },
  TrimtabBudgetForecast: { scene: () => ({ budgets: [budget({ level: 'critical' })] }), after: minutes(0) },
  TrimtabConvergenceBurnsFast: { scene: (now) => ({ heard: { guard: [], synced: [{ at: now, late: true }] } }), after: minutes(0) },
  TrimtabConvergenceBurnsSlowly: { scene: (now) => ({ heard: { guard: [], synced: [{ at: now, late: now === NOW }] } }), after: hours(1) },
  TrimtabNotificationsLate: { scene: () => ({ late: [{ target: 'prod/slack', message: '3 wait' }] }), after: minutes(0) },
};
describe('the alerts', () => {
  const Rules = z.object({ groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string().optional() })) })) });
  test('of the rules and those that are built in are the same', () => {
    const rules = Rules.parse(parse(readFileSync('infra/prometheus/rules.yaml', 'utf8'))).groups.flatMap((group) => group.rules);
    expect(rules.flatMap(({ alert }) => alert ?? []).sort()).toEqual(Object.keys(ALERTS).sort());
  });
  const isAlert = (name: string): name is AlertName => name in CAUSES;
  const rows = Object.keys(CAUSES)
    .filter(isAlert)
    .map((name) => ({ name, ...CAUSES[name] }));
  test.each(rows)('$name is told once when it has lasted long enough, and not before', ({ name, scene, after: span }) => {
    const of = (notices: readonly Notice[]) => notices.filter(({ alert }) => alert === name);
    const step = span > hours(2) ? minutes(30) : minutes(1);
    if (span > 0) expect(of(watch(scene, ms(span - step), step).notices)).toEqual([]);
    const [told, ...more] = of(watch(scene, span, step).notices);
    expect(more).toEqual([]);
    expect(told).toMatchObject({ occasion: ALERTS[name], environment: 'prod' });
    expect(told?.remedy).toMatch(/\w/);
    const day = of(watch(scene, ms(span + days(1)), minutes(30)).notices);
    expect(day.filter(({ state }) => state !== 'ends')).toHaveLength(1);
  });
});
describe('an incident', () => {
  const of = (apps: (now: Instant) => readonly string[]) => (now: Instant) => ({
    statuses: apps(now).map((app) => ill({ app, health: 'Degraded' })),
  });
  test('is one for all apps with the same trouble; a later one follows in its thread, and it is over once', () => {
    const { notices, told } = watch(
      of((now) => (now < NOW + minutes(20) ? ['a', 'b'] : now < NOW + minutes(30) ? ['a', 'b', 'c'] : [])),
      minutes(60),
    );
    expect(texts(notices)).toEqual(['degraded begins', 'degraded begins', 'degraded ends']);
    expect(notices.map(({ lines }) => lines)).toEqual([['a: Degraded', 'b: Degraded'], ['c: Degraded'], ['a', 'b', 'c']]);
    expect(new Set(notices.map(({ thread }) => thread)).size).toBe(1);
    expect(notices[0]?.owners).toEqual([{ name: 'ann', slack: 'U1' }]);
    expect(told.incidents).toEqual({});
  });
  test('that trembles at its limit is not told again', () => {
    const { notices } = watch(
      of((now) => ((now / minutes(1)) % 3 === 0 ? [] : ['a'])),
      hours(2),
    );
    expect(texts(notices)).toEqual(['degraded begins']);
  });
  test('of one environment where nothing changes writes nothing new', () => {
    const scene = aScene({ statuses: [ill({ health: 'Degraded' })] });
    const first = judgeScene(scene, null);
    const second = judgeScene({ ...scene, now: later(NOW, minutes(20)), observedAt: later(NOW, minutes(20)) }, first.told);
    const last = judgeScene({ ...scene, now: later(NOW, minutes(40)), observedAt: later(NOW, minutes(40)) }, second.told);
    expect(last).toEqual({ told: second.told, notices: [] });
  });
  test('of requests that fail is ended by who told it, not by another controller', () => {
    const failing = watch(
      (now) => ({ writer: now < NOW + minutes(20) ? 'one' : 'two', failing: now < NOW + minutes(20) ? 0.5 : 0 }),
      minutes(40),
    );
    expect(texts(failing.notices)).toEqual(['platformErrors begins']);
    const ended = watch((now) => ({ writer: 'one', failing: now < NOW + minutes(20) ? 0.5 : 0 }), minutes(40));
    expect(texts(ended.notices)).toEqual(['platformErrors begins', 'platformErrors ends']);
    expect(texts(watch(() => ({ failing: null }), minutes(40)).notices)).toEqual([]);
  });
});

describe('a release', () => {
  const tell = (...scenes: readonly Partial<Scene>[]): readonly string[] => {
    let told = judgeScene(aScene(), null).told;
    return scenes.flatMap((scene) => {
      const judged = judgeScene(aScene(scene), told);
      told = judged.told;
      return texts(judged.notices);
    });
  };
  const one = (over: Parameters<typeof aRelease>[0] = {}) => aRelease({ number: 1, ...over });
  const failure: NonNullable<Release['failure']> = { reason: 'Checks', phase: 'apps', apps: ['acme-web'], message: 'no' };
  test.each<{ readonly situation: string; readonly scenes: readonly Partial<Scene>[]; readonly told: readonly string[] }>([
    {
      situation: 'that goes well',
      scenes: [
        { newest: 1, active: one() },
        { newest: 1, releases: [one({ phase: 'complete' })] },
      ],
      told: ['releaseStarted', 'releaseSucceeded'],
    },
    {
      situation: 'that nobody saw while it ran',
      scenes: [{ newest: 1, releases: [one({ phase: 'complete' })] }],
      told: ['releaseStarted', 'releaseSucceeded'],
    },
    {
      situation: 'that waits for a person',
      scenes: [
        { newest: 1, active: one({ phase: 'approval', hold: 'ApprovalRequired' }) },
        { newest: 1, active: one({ phase: 'approval', hold: 'ApprovalRequired' }) },
      ],
      told: ['releaseStarted', 'approvalNeeded'],
    },
    {
      situation: 'that waits for its window',
      scenes: [{ newest: 1, active: one({ phase: 'approval', hold: 'OutsideWindow' }) }],
      told: ['releaseStarted', 'held'],
    },
    {
      situation: 'that fails and comes back',
      scenes: [
        { newest: 1, active: one({ phase: 'returning', failure }) },
        { newest: 1, releases: [one({ phase: 'failed', failure })] },
      ],
      told: ['releaseStarted', 'releaseFailed', 'releaseRolledBack'],
    },
    {
      situation: 'that fails before it touched anything',
      scenes: [{ newest: 1, releases: [one({ phase: 'failed', failure, touched: false })] }],
      told: ['releaseStarted', 'releaseFailed'],
    },
    {
      situation: 'whose way back stalls',
      scenes: [{ newest: 1, active: one({ phase: 'stalled', failure }) }],
      told: ['releaseStarted', 'releaseFailed', 'releaseStalled'],
    },
    {
      situation: 'that a newer one replaces',
      scenes: [
        { newest: 1, active: one() },
        { newest: 2, active: one({ number: 2 }), releases: [one({ phase: 'superseded' })] },
      ],
      told: ['releaseStarted', 'releaseSuperseded', 'releaseStarted'],
    },
    // Its row is written before the book: what the book does not say yet has not happened.
    {
      situation: 'whose row is ahead of the book',
      scenes: [{ newest: 1, active: one(), releases: [one({ phase: 'complete' })] }],
      told: ['releaseStarted'],
    },
    { situation: 'whose row comes before the book knows it', scenes: [{ newest: 0, releases: [one()] }], told: [] },
  ])('$situation is told as $told', ({ scenes, told }) => {
    expect(tell(...scenes)).toEqual(told);
  });
  test('that ended before the first look is no news, one under way is', () => {
    expect(texts(judgeScene(aScene({ newest: 4, releases: [one({ number: 4, phase: 'complete' })] }), null).notices)).toEqual([]);
    expect(texts(judgeScene(aScene({ newest: 4, active: one({ number: 4 }) }), null).notices)).toEqual(['releaseStarted']);
  });
  test('says on its commit how it stands', () => {
    const state = (release: Partial<Parameters<typeof aRelease>[0]>) =>
      judgeScene(aScene({ newest: 1, releases: [one({ commit: 'c1', ...release })] }), judgeScene(aScene(), null).told).notices.at(-1)
        ?.release;
    expect(state({ phase: 'complete' })).toEqual({ number: 1, kind: 'deploy', commit: 'c1', state: 'success' });
    expect(state({ phase: 'failed', failure })).toMatchObject({ state: 'failure' });
    expect(state({ phase: 'superseded' })).toMatchObject({ state: 'superseded' });
  });
});

describe('drift', () => {
  let seq = 0;
  const row = (over: Partial<AuditFact> = {}): AuditFact => ({
    ...{
      seq: ++seq,
      at: NOW,
      actor: 'bob',
      app: 'web',
      what: 'machine-group/app /env/X',
      from: '"1"',
      to: '"2"',
      why: 'drift seen',
      result: 'due now',
    },
    ...over,
  });
  const fixed = { why: 'first seen 12:00', result: 'corrected, and seen so' };
  const by = (rows: readonly AuditFact[]) =>
    watch((now) => ({ audit: now === NOW ? [] : rows.filter(({ at }) => at <= now) }), hours(3), seconds(10)).notices;
  const at = (span: Ms): number => NOW + span;
  test('of several fields at once is one message, and so is its end', () => {
    const notices = by([
      row({ at: at(seconds(5)) }),
      row({ at: at(seconds(6)), what: 'machine-group/app /env/Y' }),
      row({ at: at(minutes(10)), ...fixed }),
    ]);
    expect(texts(notices)).toEqual(['driftDetected', 'driftCorrected']);
    expect(notices[0]?.lines).toEqual([
      'machine-group/app /env/X: "1" → "2" by bob; due now',
      'machine-group/app /env/Y: "1" → "2" by bob; due now',
    ]);
    expect(notices[1]?.thread).toBe(notices[0]?.thread);
  });
  test('that two sides pull at is told every five minutes at most; another hour is another incident', () => {
    const pulls = Array.from({ length: 60 }, (_, n) => row({ at: at(seconds(5 + n * 10)) }));
    expect(by(pulls)).toHaveLength(3);
    const [one, two] = by([row({ at: at(seconds(5)) }), row({ at: at(hours(2)) })]);
    expect(two?.thread).not.toBe(one?.thread);
  });
  test('of before the first look is nobody’s news, and a row that becomes visible late is', () => {
    const old = row({ at: NOW - 1_000 });
    const [first, second] = [row({ at: at(seconds(5)) }), row({ at: at(seconds(5)) })];
    const begun = judgeScene(aScene({ audit: [old] }), null);
    const next = judgeScene(aScene({ now: instant(at(seconds(20))), audit: [old, second] }), begun.told);
    const last = judgeScene(aScene({ now: instant(at(minutes(10))), audit: [old, first, second] }), next.told);
    const drifts = [begun, next, last].map(({ notices }) => texts(notices).filter((one) => one.startsWith('drift')));
    expect(drifts).toEqual([[], ['driftDetected'], ['driftDetected']]);
  });
  test('rows of other things are none', () => {
    expect(by([row({ why: 'change', result: 'landed' }), row({ app: null })])).toEqual([]);
  });
});

describe('money', () => {
  const marks = (...budgets: readonly Partial<BudgetFact>[]) => {
    let told: Told | null = null;
    return budgets.flatMap((one, step) => {
      const judged = judgeScene(aScene({ now: later(NOW, minutes(step)), budgets: [budget(one)] }), told);
      told = judged.told;
      return texts(judged.notices);
    });
  };
  const then = later(NOW, minutes(30));
  test.each([
    { situation: 'kept', budgets: [{}, {}], told: [] },
    {
      situation: 'crossed, and the same after it',
      budgets: [{}, { level: 'warning', since: then }, { level: 'warning', since: then }],
      told: ['budgetWarning begins'],
    },
    {
      situation: 'critical, told again when nobody answers, and kept again',
      budgets: [
        { level: 'critical' },
        { level: 'critical', remindedAt: then },
        { level: 'critical', remindedAt: then },
        { level: 'ok', since: then },
      ],
      told: ['budgetCritical begins', 'budgetCritical', 'budgetWarning ends'],
    },
    {
      situation: 'critical, and somebody saw it',
      budgets: [{ level: 'critical' }, { level: 'critical', ackedBy: 'ann' }, { level: 'critical', ackedBy: 'ann' }],
      told: ['budgetCritical begins', 'budgetCritical'],
    },
    {
      situation: 'used up while it is critical',
      budgets: [{ level: 'critical' }, { level: 'critical', usedUp: true }],
      told: ['budgetCritical begins', 'budgetCritical begins'],
    },
    {
      situation: 'critical in a new month, too',
      budgets: [{ level: 'critical' }, { level: 'critical', since: then }],
      told: ['budgetCritical begins'],
    },
  ] as const)('a budget that is $situation', ({ budgets, told }) => {
    expect(marks(...budgets)).toEqual(told);
  });
  test('owners are told by name when it is critical, not when it is a warning', () => {
    const owners = (level: BudgetFact['level']) => judgeScene(aScene({ budgets: [budget({ level })] }), null).notices[0]?.owners;
    expect([owners('critical'), owners('warning')]).toEqual([[{ name: 'ann', slack: 'U1' }], []]);
  });
  test('a week that costs much more is told without a budget, too; with one it is the budget that says so', () => {
    const week = (over: Partial<Scene>) => texts(watch(() => ({ weekOverWeek: 0.25, ...over }), minutes(30)).notices);
    expect(week({})).toEqual(['budgetWarning begins']);
    expect(week({ budgets: [budget()] })).toEqual([]);
    expect([week({ weekOverWeek: 0.2 }), week({ weekOverWeek: null })]).toEqual([[], []]);
  });
  test('a leak is told once; the week that ended once, but not the one of before the first look', () => {
    const { notices } = watch(
      (now) => ({
        leaks: now < NOW + minutes(5) ? [] : ['volume a'],
        week: { name: now < NOW + minutes(9) ? '2026-11-16' : '2026-11-23', lines: ['x'] },
      }),
      minutes(20),
    );
    expect(texts(notices)).toEqual(['leakFound', 'weeklyRecord']);
  });
});

describe('words', () => {
  const notice = aNotice({
    id: 'i',
    occasion: 'degraded',
    environment: 'prod',
    thread: 't',
    at: NOW,
    title: '<b>&"\'\u0007',
    lines: ['a', '<i>'],
    owners: [{ name: '<o>', slack: 'U1' }],
  });
  test.each([
    ['plain', `<b>&"' \na\n<i>\n<o>`],
    ['slack', `&lt;b&gt;&amp;"' \na\n&lt;i&gt;\n<@U1>`],
    ['html', `&lt;b&gt;&amp;&quot;&#39; \na\n&lt;i&gt;\n&lt;o&gt;`],
  ] as const)('are escaped for %s', (markup, text) => {
    expect(renderNotice(notice, null, markup)).toBe(text);
  });
  test('a template takes its placeholders and no other; a placeholder in a value is not read again', () => {
    expect(unknownPlaceholders('{{title}} {{ env }} {{constructor}}')).toEqual(['env', 'constructor']);
    expect(renderNotice({ ...notice, title: '{{id}}' }, PLACEHOLDERS.map((name) => `{{ ${name} }}`).join('|'), 'plain')).toContain(
      '{{id}}|a\n<i>',
    );
    const refused = Notification.safeParse({ slack: { webhook: { env: 'A' } }, templates: { degraded: '{{x}}' } });
    expect(refused.error?.issues[0]?.message).toContain('unknown placeholder x');
  });
  test('long ones are cut', () => {
    expect(renderNotice({ ...notice, title: 'x'.repeat(50_000) }, null, 'plain').length).toBeLessThan(12_100);
  });
  test('every target has a name of its own, and gets what it asked for', () => {
    const slack = { slack: { webhook: { env: 'A' } } };
    const github = { github: { repository: 'a/b', token: { from: { env: 'T' } } } };
    const named = namedTargets(
      [slack, { name: 'slack-2', ...slack }, slack, { ...slack, on: ['degraded'] }, github].map((one) => Notification.parse(one)),
    );
    expect(named.map(({ name }) => name)).toEqual(['slack', 'slack-2', 'slack-3', 'slack-4', 'github']);
    expect(named.map((target) => [wants(target, 'degraded'), wants(target, 'releaseFailed')].join())).toEqual([
      'true,true',
      'true,true',
      'true,true',
      'true,false',
      'false,true',
    ]);
  });
  test('the table of the documents is that of the code', () => {
    const text = readFileSync('docs/notifications.md', 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) ?\|$/gm)].map(([, name, severity, says, alerts]) => [
      name,
      severity,
      says,
      alerts,
    ]);
    const wanted = Object.entries(OCCASIONS).map(([name, { severity, says }]) => {
      const alerts = Object.entries(ALERTS).flatMap(([alert, occasion]) => (occasion === name ? [alert] : []));
      return [name, severity, says, alerts.join(', ')];
    });
    expect(rows).toEqual(wanted);
    for (const name of PLACEHOLDERS) expect(text).toContain(`\`{{${name}}}\``);
  });
});

test('a message is tried after 10 s, 20 s, … a quarter of an hour, or when the receiver says; given up after its time', () => {
  const wait = (attempts: number, retryAfter: Ms | null = null, random = 1) => waitAfter({ attempts, retryAfter, random }) / 1_000;
  expect([1, 2, 3, 7, 8, 50].map((attempts) => wait(attempts))).toEqual([10, 20, 40, 640, 900, 900]);
  expect(wait(1, null, 0)).toBe(7.5);
  expect(wait(1, minutes(30))).toBe(1_800);
  expect([days(3) - 1, days(3)].map((span) => isGivenUp(NOW, days(3), instant(NOW + span)))).toEqual([false, true]);
});
