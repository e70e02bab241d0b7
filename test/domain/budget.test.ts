import { describe, expect, test } from 'vitest';
import { activeActs, actText, releaseActs, withActs } from '#domain/acts.ts';
import { actingLevel, type BudgetFigures, type BudgetState, budgetAmount, judgeBudget } from '#domain/budget.ts';
import type { BudgetDocument } from '#domain/desired-schema.ts';
import { hours, instant, microUsd, minutes, ms } from '#domain/units.ts';
import { aConfig, aGroup, anApp } from '#test/support/builders.ts';

const NOW = instant(Date.UTC(2026, 10, 20, 12));
const spec: BudgetDocument['spec'] = { scope: { organization: 'acme' }, monthly: { amount: 100 } };
const dollars = (usd: number) => microUsd(usd * 1_000_000);
const figures = (used: number, forecast: number, weekOverWeek: number | null = null): BudgetFigures => ({
  used: dollars(used),
  forecast: dollars(forecast),
  weekOverWeek,
});
/** What is told, one after another, a minute apart. */
function tell(...all: readonly BudgetFigures[]): readonly string[] {
  let state: BudgetState | null = null;
  const told: string[] = [];
  for (const [at, one] of all.entries()) {
    const judged = judgeBudget(spec, one, state, instant(NOW + at * 60_000));
    state = judged.state;
    told.push(judged.news === null ? '-' : `${judged.news} ${judged.state.level}`);
  }
  return told;
}
describe('a budget is told', () => {
  test.each([
    { when: 'below everything: nothing', all: [figures(10, 90, 0.1)], told: ['-'] },
    {
      when: 'used above 80 %: a warning, once',
      all: [figures(80.1, 90), figures(82, 90), figures(85, 90)],
      told: ['crossed warning', '-', '-'],
    },
    { when: 'week over week above 20 %: a warning', all: [figures(10, 50, 0.201)], told: ['crossed warning'] },
    { when: 'no earlier week: nothing to compare', all: [figures(10, 50, null)], told: ['-'] },
    { when: 'forecast above 100 %: critical', all: [figures(10, 100.01)], told: ['crossed critical'] },
    { when: 'exactly at its limits: nothing', all: [figures(80, 100, 0.2)], told: ['-'] },
    {
      when: 'a forecast that trembles: one message',
      all: [figures(10, 101), figures(10, 99), figures(10, 100.5), figures(10, 96)],
      told: ['crossed critical', '-', '-', '-'],
    },
    {
      when: 'it falls well below: told that it is kept again',
      all: [figures(10, 101), figures(10, 94)],
      told: ['crossed critical', 'cleared ok'],
    },
    {
      when: 'from critical to warning and up again: each crossing',
      all: [figures(85, 101), figures(85, 90), figures(85, 120)],
      told: ['crossed critical', 'cleared warning', 'crossed critical'],
    },
  ])('$when', ({ all, told }) => expect(tell(...all)).toEqual(told));
  test('again after half an hour, unless somebody said that they saw it', () => {
    const first = judgeBudget(spec, figures(10, 120), null, NOW).state;
    const later = (state: BudgetState, span: number) => judgeBudget(spec, figures(10, 121), state, instant(NOW + span));
    expect(later(first, minutes(29)).news).toBeNull();
    const reminded = later(first, minutes(30));
    expect(reminded.news).toBe('reminder');
    expect(later(reminded.state, minutes(90)).news).toBeNull();
    expect(later({ ...first, ackedBy: 'ann' }, minutes(45)).news).toBeNull();
  });
  test('a new month begins without memory', () => {
    const november = judgeBudget(spec, figures(95, 130), null, NOW).state;
    const december = judgeBudget(spec, figures(0, 90), november, instant(Date.UTC(2026, 11, 1, 0, 1)));
    expect([december.news, december.state.level, december.state.crossed]).toEqual(['cleared', 'ok', []]);
    // 98 % of the forecast would have stayed critical within the month.
    expect(judgeBudget(spec, figures(0, 98), november, instant(Date.UTC(2026, 11, 1, 0, 1))).state.level).toBe('ok');
  });
  test('limits and currency are the team’s own', () => {
    const own: BudgetDocument['spec'] = {
      ...spec,
      monthly: { amount: 10_000, currency: 'JPY', rate: 0.0065 },
      warning: { used: 50, weekOverWeek: 100 },
      critical: { forecast: 150 },
    };
    expect(budgetAmount(own)).toBe(65_000_000);
    const level = (one: BudgetFigures) => judgeBudget(own, one, null, NOW).state.level;
    expect([level(figures(33, 60)), level(figures(10, 97)), level(figures(10, 98)), level(figures(1, 1, 0.99))]).toEqual([
      'warning',
      'ok',
      'critical',
      'ok',
    ]);
  });
  test('the reason has the figures', () => {
    expect(judgeBudget(spec, figures(81, 120, 0.5), null, NOW).state.reason).toBe(
      '$81.00 of $100.00 used, above 80 %; 50 % above the week before, more than 20 %; the month is forecast to come to $120.00, above 100 % of $100.00',
    );
  });
});

describe('acts', () => {
  type Acts = NonNullable<BudgetDocument['spec']['acts']>;
  const budget = (acts: Acts): BudgetDocument => ({
    apiVersion: 'trimtab.dev/v1alpha1',
    kind: 'Budget',
    metadata: { name: 'all' },
    spec: { ...spec, acts },
  });
  const all: Acts = [
    { on: 'warning', in: 'staging', do: { minMachinesRunning: 0 } },
    { on: 'critical', in: 'staging', do: { suspend: ['web', 'api'] } },
  ];
  test('follow the level: those of a warning go on while it is critical; apps are suspended one after the other', () => {
    const active = (level: 'ok' | 'warning' | 'critical', lasts = 0) =>
      activeActs(budget(all), level, 'why', lasts).map((act) => actText(act.do));
    expect(active('ok')).toEqual([]);
    expect(active('warning')).toEqual(['minMachinesRunning 0']);
    expect(active('critical')).toEqual(['minMachinesRunning 0', 'suspended web']);
    expect(active('critical', minutes(10))).toEqual(['minMachinesRunning 0', 'suspended web, api']);
  });
  test('go on for a day after the cause is gone, and end with the month', () => {
    const critical = judgeBudget(spec, figures(10, 120), null, NOW).state;
    const lower = judgeBudget(spec, figures(10, 50), critical, instant(NOW + 60_000)).state;
    expect([lower.level, actingLevel(lower, instant(NOW + hours(1)))]).toEqual(['ok', 'critical']);
    expect(actingLevel(lower, instant(NOW + hours(25)))).toBe('ok');
    expect(actingLevel(lower, instant(Date.UTC(2026, 11, 1)))).toBe('ok');
  });
  const service = { protocol: 'tcp', internal_port: 8080, autostop: false, autostart: false, min_machines_running: 2 };
  const app = anApp({ groups: [aGroup({ minMachinesRunning: 2, config: aConfig({ services: [service] }) })] });
  const act = (does: Acts[number]['do']) => [{ budget: 'all', environment: 'staging', do: does, reason: 'over' }];
  test('lower the floor, never raise it', () => {
    const lowered = withActs(app, act({ minMachinesRunning: 1 }));
    expect(lowered.overridden).toBe('minMachinesRunning 1 by budget all: over');
    expect(lowered.app.groups[0]).toMatchObject({ minMachinesRunning: 1, config: { services: [{ min_machines_running: 1 }] } });
    expect(lowered.app.groups[0]?.hash).not.toBe(app.groups[0]?.hash);
    expect(withActs(app, act({ minMachinesRunning: 3 }))).toEqual({ app, overridden: null });
  });
  test('let idle machines stop, and be woken again', () => {
    const { app: acted } = withActs(app, act({ autostop: 'stop' }));
    expect(acted.groups[0]).toMatchObject({ autostop: 'stop', config: { services: [{ autostop: true, autostart: true }] } });
    const without = anApp({ groups: [aGroup({ config: aConfig({ services: [] }) })] });
    expect(withActs(without, act({ autostop: 'stop' })).overridden).toBeNull();
  });
  test('suspend the named apps only, without changing what they run', () => {
    const { app: acted } = withActs(app, act({ suspend: ['web'] }));
    expect([acted.groups[0]?.resting, acted.groups[0]?.hash]).toEqual([true, app.groups[0]?.hash]);
    expect(withActs(app, act({ suspend: ['api'] })).overridden).toBeNull();
  });
  test('of releases change no app', () => {
    const acts = [
      ...act({ throttleReleases: { interval: ms(3_600_000) } }),
      ...act({ skipSmoke: true }),
      ...act({ throttleReleases: { interval: ms(60_000) } }),
    ];
    expect(withActs(app, acts).overridden).toBeNull();
    expect(releaseActs(acts)).toEqual({ interval: 3_600_000, skipMigrations: false, skipSmoke: true });
    expect(releaseActs([])).toEqual({ interval: null, skipMigrations: false, skipSmoke: false });
  });
});
