/** What the pages conclude from what they are given: where a release is, what proves a machine, how figures become a picture. */
import { expect, test } from 'vitest';
import type { Release } from '#domain/release.ts';
import { microUsd } from '#domain/units.ts';
import { scaleFor } from '#http/page/plot.ts';
import { proofOf, stopsOf } from '#http/page/release.ts';
import { aMachineLine } from '#test/support/machine-line.ts';
import { aCostAnswer, dayCosts } from '#test/support/money-views.ts';
import { aRelease } from '#test/support/releases.ts';
import { makeTestSite } from '#test/support/site.ts';
import { anAppStatus, anEnvironmentAnswer } from '#test/support/statuses.ts';

const failure = (phase: 'migrations' | 'apps' | 'smoke'): Release['failure'] => ({
  reason: 'Checks',
  phase,
  apps: [],
  message: 'it does not pass',
});
test.each([
  {
    situation: 'before anything was written',
    over: { phase: 'approval', endedAt: null },
    want: 'preflight+ approval* migrations apps smoke complete',
  },
  { situation: 'while apps move', over: { phase: 'apps', endedAt: null }, want: 'preflight+ approval+ migrations+ apps* smoke complete' },
  { situation: 'live', over: { phase: 'complete' }, want: 'preflight+ approval+ migrations+ apps+ smoke+ complete+' },
  {
    situation: 'a failed migration goes nowhere back',
    over: { phase: 'failed', failure: failure('migrations') },
    want: 'preflight+ approval+ migrations! failed!',
  },
  {
    situation: 'on the way back',
    over: { phase: 'returning', endedAt: null, failure: failure('apps') },
    want: 'preflight+ approval+ migrations+ apps! returning* returnSmoke failed',
  },
  {
    situation: 'back',
    over: { phase: 'failed', failure: failure('smoke') },
    want: 'preflight+ approval+ migrations+ apps+ smoke! returning+ returnSmoke+ failed!',
  },
  {
    situation: 'the way back does not work either',
    over: { phase: 'stalled', endedAt: null, failure: failure('apps') },
    want: 'preflight+ approval+ migrations+ apps! returning+ returnSmoke+ stalled! failed',
  },
  {
    situation: 'with nothing to go back to',
    over: { phase: 'failed', from: null, failure: failure('apps') },
    want: 'preflight+ approval+ migrations+ apps! failed!',
  },
  {
    situation: 'a newer one came before it was let through',
    over: { phase: 'superseded', touched: false, openedAt: null },
    want: 'preflight+ superseded*',
  },
  {
    situation: 'a newer one came while apps moved',
    over: { phase: 'superseded' },
    want: 'preflight+ approval+ migrations+ apps+ superseded*',
  },
] as const)('where a release is, $situation', ({ over, want }) => {
  const marks = { past: '+', now: '*', bad: '!', next: '' } as const;
  expect(
    stopsOf(aRelease(over))
      .map(({ phase, state }) => `${phase}${marks[state]}`)
      .join(' '),
  ).toBe(want);
});
const [OLD, NEW] = ['b'.repeat(64), 'a'.repeat(64)];
const critical = [{ name: 'http', status: 'critical' }];
test.each([
  { situation: 'started with its checks passed proves it', line: { revision: NEW }, over: {}, want: 'proved' },
  { situation: 'a check that does not pass proves nothing', line: { revision: NEW, checks: critical }, over: {}, want: 'coming' },
  { situation: 'what only starts proves nothing', line: { revision: NEW, state: 'starting' }, over: {}, want: 'coming' },
  { situation: 'what sleeps was written, and not proved', line: { revision: NEW, state: 'stopped' }, over: {}, want: 'sleeps' },
  { situation: 'what was not written runs as before', line: { revision: OLD }, over: {}, want: 'before' },
  { situation: 'a machine without a stamp is none of ours', line: { revision: null }, over: { from: null }, want: 'before' },
  { situation: 'on the way back the old revision is the goal', line: { revision: OLD }, over: { phase: 'returning' }, want: 'proved' },
  { situation: 'and the new one is not', line: { revision: NEW }, over: { phase: 'failed' }, want: 'before' },
] as const)('$situation', ({ line, over, want }) => {
  expect(proofOf(aMachineLine(line), aRelease({ from: OLD, to: NEW, ...over }))).toBe(want);
});
test.each([
  { most: 0, ticks: [0, 1_000_000] },
  { most: 7, ticks: [0, 2, 4, 6, 8] },
  { most: 63_000_000, ticks: [0, 20_000_000, 40_000_000, 60_000_000, 80_000_000] },
])('a scale up to $most has round steps', ({ most, ticks }) => {
  expect(scaleFor(most).ticks).toEqual(ticks);
  expect(scaleFor(most).top).toBe(ticks.at(-1));
});
test('where there is no earlier week, no budget and no deploy, a page says n/a', async () => {
  const [one] = [aCostAnswer()];
  const site = await makeTestSite({
    environments: [anEnvironmentAnswer([anAppStatus()])],
    costs: [{ ...one, budgets: [], summary: one.summary === null ? null : { ...one.summary, costPerDeploy: null, deploys: 0 } }],
    days: dayCosts(3),
  });
  const text = await (await site.app.request('/cost')).text();
  expect(text).toContain('week over week n/a');
  expect(text).toContain('n/a each');
  expect(text).not.toMatch(/NaN|Infinity|undefined/);
});
test('a day on which credits were more than the cost has no bar, and a month without days is a page', async () => {
  const [first, ...others] = dayCosts(3);
  if (first === undefined) throw new Error('no day');
  const negative = {
    ...first,
    amount: microUsd(-first.amount),
    apps: first.apps.map((app) => ({ ...app, amount: microUsd(-app.amount) })),
  };
  for (const days of [[negative, ...others], []]) {
    const site = await makeTestSite({ environments: [anEnvironmentAnswer([])], costs: [aCostAnswer({ summary: null })], days: [...days] });
    const answer = await site.app.request('/cost?month=2026-10');
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(text).not.toMatch(/NaN|Infinity|height="-/);
  }
});
