/** Log lines: JSON where no terminal looks on, readable where one does, nothing at all while nothing happens. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Event } from '#domain/events.ts';
import { eventToLine, type Level } from '#telemetry/log.ts';
import { makeLogger } from '#telemetry/logger.ts';
import { aStatus, EVENTS } from '#test/support/events.ts';
import { makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

/** Null: not worth a line. */
const LINES: { readonly [T in Event['type']]: readonly [Level, RegExp] | null } = {
  ControllerStarted: ['info', /^trimtab 1\.2\.3 started$/],
  ControllerStopped: ['info', /^stopped$/],
  RevisionAccepted: ['info', /^revision rev-1 accepted$/],
  RevisionRefused: [
    'error',
    /refused; the last good revision stays\n {2}web\.yaml:7:3 unknown-key: unknown key \(did you mean "enabled"\?\)/,
  ],
  TargetChanged: null,
  SourceRewritten: ['warn', /./],
  SourceFailed: ['error', /no route/],
  AppAdopted: ['info', /^took over 2 machines without a restart$/],
  ImageTagMoved: ['warn', /acme-web:v1 points to sha256:b by now; sha256:a goes on/],
  DriftSeen: ['warn', /^drift: app-nrt-1 \/env\/LOG_LEVEL: info → debug \(by user \(update\)\); corrected from 2026-.*; commit it$/],
  DriftCorrected: ['info', /^corrected: app-nrt-1 \/env\/LOG_LEVEL is info again$/],
  DriftGone: ['info', /went away by itself/],
  ReleaseStarted: ['info', /^release 7 \(deploy\) of acme-web by ann$/],
  ReleasePhase: ['info', /^release 7: approval \(Paused\): waits$/],
  ReleaseFailing: ['error', /^release 7 fails: Checks: late$/],
  ReleaseEnded: ['error', /^release 7 failed$/],
  StepStarted: null,
  StepFinished: ['info', /^write guest of app-nrt-1$/],
  IntentRecovered: ['info', /has landed/],
  HoldBegan: ['warn', /^held \(NoCapacity\): no room in nrt\. give a second region$/],
  HoldEnded: null,
  GuardRefused: ['error', /last-healthy: it is the last one/],
  AppStalled: ['error', /^401\. set a valid FLY_API_TOKEN$/],
  AppStatusChanged: ['info', /^Synced, Healthy$/],
  AppForgotten: null,
  PassFinished: null,
  EnvironmentSynced: ['info', /^everything is as revision rev-1 says$/],
  OrganizationObserved: null,
  ObservationFailed: ['warn', /organization acme cannot be seen: 502/],
  HaltChanged: ['warn', /^all writes stopped by tester: a rehearsal$/],
  MigrationApplied: ['info', /^migrated: 0001_a\.up\.sql$/],
  MigrationFailed: ['error', /^migration failed: 0002 is missing\. add it$/],
  BudgetCrossed: ['warn', /^budget all is critical: the month is forecast/],
  BudgetActed: ['warn', /^budget all acts: autostop stop: over$/],
  Notified: ['warn', /^degraded did not reach slack: Slack answered 503$/],
  HeartbeatChanged: ['warn', /^the heartbeat does not arrive: .* answered 500$/],
  StoreLost: ['error', /nothing is written meanwhile: connection refused/],
  StoreBack: ['info', /answers again/],
  Bugged: ['error', /TypeError: x/],
  WorkTaken: null,
};
test.each(Object.values(EVENTS))('$type is said in one line, or not at all', (event) => {
  const line = eventToLine(event);
  const wanted = LINES[event.type];
  if (wanted === null) expect(line).toBeNull();
  else expect(line).toMatchObject({ level: wanted[0], message: expect.stringMatching(wanted[1]) });
});
describe('what is told once only, or elsewhere already, is no line', () => {
  test.each([
    {
      situation: 'a status that says the same',
      event: { ...EVENTS.AppStatusChanged, previous: { sync: 'Synced', health: 'Healthy' } as const },
    },
    { situation: 'a wait for the next check', event: { ...EVENTS.HoldBegan, reason: 'WaitingForHealth' as const } },
    {
      situation: 'a wait for the release that brings it, told by the release',
      event: { ...EVENTS.HoldBegan, reason: 'ReleaseWaits' as const },
    },
    { situation: 'a grace, told with its drift', event: { ...EVENTS.HoldBegan, reason: 'Grace' as const } },
  ])('$situation', ({ event }) => expect(eventToLine(event)).toBeNull());
});
test('a failed write is an error, one whose outcome is looked up a warning', () => {
  expect(eventToLine({ ...EVENTS.StepFinished, result: 'failed', code: 'FLY_INVALID', message: '400 no' })).toMatchObject({
    level: 'error',
    fields: { code: 'FLY_INVALID' },
  });
  expect(eventToLine({ ...EVENTS.StepFinished, result: 'ambiguous', code: 'FLY_AMBIGUOUS', message: '408' })).toMatchObject({
    level: 'warn',
  });
});
test('an excluded app is said to be so', () => {
  expect(eventToLine({ ...EVENTS.AppStatusChanged, status: aStatus({ excluded: true }), previous: null })?.message).toBe(
    'excluded: left alone on purpose',
  );
});
function written(terminal: boolean): { readonly lines: string[]; readonly write: ReturnType<typeof makeLogger> } {
  const lines: string[] = [];
  return { lines, write: makeLogger(terminal, { write: (text) => lines.push(text) }) };
}
test('without a terminal each line is one JSON object with level, time, place and words', () => {
  const { lines, write } = written(false);
  for (const event of Object.values(EVENTS)) {
    const line = eventToLine(event);
    if (line !== null) write(line, Date.UTC(2026, 0, 2, 3, 4, 5));
  }
  expect(lines).toHaveLength(Object.values(LINES).filter((line) => line !== null).length);
  for (const text of lines) {
    expect(text).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(text)).toMatchObject({
      level: expect.stringMatching(/info|warn|error/),
      time: '2026-01-02T03:04:05.000Z',
      msg: expect.any(String),
    });
  }
  expect(JSON.parse(lines.find((text) => text.includes('write guest')) ?? '{}')).toMatchObject({
    environment: 'staging',
    app: 'acme-web',
    seconds: 1.5,
  });
});
test('with a terminal it is a readable line', () => {
  const { lines, write } = written(true);
  const line = eventToLine(EVENTS.StepFinished);
  if (line !== null) write(line, Date.UTC(2026, 0, 2, 3, 4, 5));
  expect(lines.map(stripVTControlCharacters)).toEqual(['03:04:05 staging/acme-web write guest of app-nrt-1 seconds=1.5\n']);
});
test('nothing at all is said while nothing happens', async () => {
  const harness = await makeHarness({ files: oneApp() });
  await harness.untilSettled();
  await harness.pass(60);
  const before = harness.events.length;
  await harness.pass(1_800);
  expect(harness.events.length).toBeGreaterThan(before);
  expect(harness.events.slice(before).flatMap((event) => eventToLine(event) ?? [])).toEqual([]);
  await harness.stop();
});
