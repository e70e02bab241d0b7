/** What comes next in a release, row by row. */
import { describe, expect, test } from 'vitest';
import { type AppFact, isEnded, type Release, type ReleaseFacts, type ReleasePhase } from '#domain/release.ts';
import { advance } from '#domain/release-turn.ts';
import { after, minutes, ms, seconds } from '#domain/units.ts';
import { aRelease } from '#test/support/a-release.ts';
import { NOW } from '#test/support/builders.ts';

const app = (state: AppFact['state'], over: Partial<AppFact> = {}): AppFact => ({
  app: 'acme-web',
  state,
  reason: null,
  message: state,
  ...over,
});
const facts = (over: Partial<ReleaseFacts> = {}): ReleaseFacts => ({
  ...{ now: NOW, accepted: 'r2', wanted: 'r2', halted: null, report: null, trouble: null, gate: null, apps: [app('progress')] },
  declares: { preflight: false, migrations: false, smoke: false },
  appsMayTake: minutes(20),
  ...over,
});
const report = (effect: 'preflight' | 'migrations' | 'smoke', state: 'ok' | 'failed'): ReleaseFacts['report'] => ({
  ...{ effect, took: ms(5) },
  items: [{ what: 'something', state, message: 'said', remedy: null, took: ms(5) }],
});
const all = { preflight: true, migrations: true, smoke: true };
/** Turn after turn, until it waits, asks for a part, or has ended. */
function run(release: Release, given: ReleaseFacts): { readonly release: Release; readonly effect: string | null } {
  let turn = advance(release, given);
  for (let turns = 0; turns < 20 && turn.effect === null && turn.again === 0 && !isEnded(turn.release); turns++)
    turn = advance(turn.release, {
      ...given,
      report: null,
      apps: given.apps.map((one) => (one.state === 'failed' ? app('progress') : one)),
    });
  return turn;
}
interface Row {
  readonly situation: string;
  readonly from: ReleasePhase;
  readonly given?: Partial<ReleaseFacts>;
  readonly row?: Partial<Release>;
  readonly next: ReleasePhase;
  readonly effect?: string;
}
const ROWS: readonly Row[] = [
  { situation: 'with nothing declared it goes straight to its apps', from: 'preflight', next: 'apps' },
  { situation: 'a preflight is carried out first', from: 'preflight', given: { declares: all }, next: 'preflight', effect: 'preflight' },
  {
    situation: 'a preflight that fails waits and is asked again',
    from: 'preflight',
    given: { declares: all, report: report('preflight', 'failed') },
    next: 'preflight',
  },
  {
    situation: 'a good preflight leads to the migrations',
    from: 'preflight',
    given: { declares: all, report: report('preflight', 'ok') },
    next: 'migrations',
    effect: 'migrations',
  },
  { situation: 'a halt keeps it from beginning', from: 'preflight', given: { halted: 'halted' }, next: 'preflight' },
  {
    situation: 'a gate keeps it waiting',
    from: 'approval',
    given: { gate: { reason: 'Paused', message: 'paused', until: null } },
    next: 'approval',
  },
  {
    situation: 'a migration that fails ends it before any app',
    from: 'migrations',
    row: { touched: false },
    given: { declares: all, report: report('migrations', 'failed') },
    next: 'failed',
  },
  {
    situation: 'a newer commit does not come into the middle of a migration',
    from: 'migrations',
    given: { declares: all, wanted: 'r3', accepted: 'r3' },
    next: 'migrations',
    effect: 'migrations',
  },
  {
    situation: 'apps that are done lead to the smoke checks',
    from: 'apps',
    given: { declares: all, apps: [app('done')] },
    next: 'smoke',
    effect: 'smoke',
  },
  { situation: 'without smoke checks, done is complete', from: 'apps', given: { apps: [app('done')] }, next: 'complete' },
  { situation: 'a failed app goes back', from: 'apps', given: { apps: [app('failed', { reason: 'CrashLoop' })] }, next: 'returning' },
  {
    situation: 'with no last good revision there is nothing to go back to',
    from: 'apps',
    row: { from: null },
    given: { apps: [app('failed', { reason: 'Checks' })] },
    next: 'failed',
  },
  {
    situation: 'a capacity shortage holds, past the deadline too',
    from: 'apps',
    given: { now: after(NOW, minutes(90)), apps: [app('held')] },
    next: 'apps',
  },
  { situation: 'past the deadline it goes back', from: 'apps', given: { now: after(NOW, minutes(90)) }, next: 'returning' },
  {
    situation: 'a newer commit replaces a release that is stuck',
    from: 'apps',
    given: { wanted: 'r3', accepted: 'r3' },
    next: 'superseded',
  },
  {
    situation: 'smoke checks that fail go back',
    from: 'smoke',
    given: { declares: all, report: report('smoke', 'failed') },
    next: 'returning',
  },
  { situation: 'smoke checks that pass end it', from: 'smoke', given: { declares: all, report: report('smoke', 'ok') }, next: 'complete' },
  { situation: 'going back is not replaced by its own pins', from: 'returning', given: { wanted: 'r1-derived' }, next: 'returning' },
  { situation: 'going back is replaced by a new commit', from: 'returning', given: { accepted: 'r3', wanted: 'r3' }, next: 'superseded' },
  {
    situation: 'back again, and the checks of what was gone back to are asked',
    from: 'returning',
    given: { declares: all, apps: [app('done')] },
    next: 'returnSmoke',
    effect: 'smoke',
  },
  { situation: 'back, and without checks it has failed', from: 'returning', given: { apps: [app('done')] }, next: 'failed' },
  {
    situation: 'going back that fails is stalled',
    from: 'returning',
    given: { apps: [app('failed', { reason: 'CrashLoop' })] },
    next: 'stalled',
  },
  {
    situation: 'checks that fail after going back are stalled',
    from: 'returnSmoke',
    given: { declares: all, report: report('smoke', 'failed') },
    next: 'stalled',
  },
  { situation: 'what was stalled and comes back after all has failed', from: 'stalled', given: { apps: [app('done')] }, next: 'failed' },
  { situation: 'what has ended stays', from: 'complete', given: { wanted: 'r3', accepted: 'r3' }, next: 'complete' },
];
describe('a release', () => {
  test.each(ROWS)('$situation', ({ from, given, row, next, effect = null }) => {
    const turn = run(aRelease({ phase: from, ...row }), facts(given));
    expect({ phase: turn.release.phase, effect: turn.effect }).toEqual({ phase: next, effect });
  });
});
test('time that is held on purpose does not count for the deadline', () => {
  const held = advance(aRelease(), facts({ apps: [app('held')] })).release;
  const later = after(NOW, minutes(60));
  const goesOn = advance(held, facts({ now: later })).release;
  expect(goesOn).toMatchObject({ phase: 'apps', heldSince: null, deadline: after(NOW, minutes(80)) });
  expect(advance(goesOn, facts({ now: after(NOW, minutes(81)) })).release.phase).toBe('returning');
});
test('a part that cannot find out is asked again, and is late in the end', () => {
  const smoking = aRelease({ phase: 'smoke', deadline: after(NOW, minutes(15)) });
  const turn = advance(smoking, facts({ declares: all, trouble: 'no answer' }));
  expect(turn).toMatchObject({ effect: null, again: seconds(10), release: { phase: 'smoke', message: 'no answer' } });
  expect(advance(turn.release, facts({ declares: all, now: after(NOW, minutes(16)) })).release).toMatchObject({
    phase: 'returning',
    failure: { reason: 'Smoke', apps: [] },
  });
});
test('a failure names its apps, and what was seen of the others', () => {
  const bad = app('failed', { reason: 'ImagePull', message: 'no such image' });
  const { release } = advance(aRelease(), facts({ apps: [bad, app('done', { app: 'acme-api' })] }));
  expect(release.failure).toEqual({ reason: 'ImagePull', phase: 'apps', apps: ['acme-web'], message: 'no such image' });
});
