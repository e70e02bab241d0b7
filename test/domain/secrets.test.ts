/** What is to be written of secrets, what waits, and what the guard lets through: rule by rule. */
import { describe, expect, test } from 'vitest';
import type { Change, SecretAction, SecretItem } from '#domain/change.ts';
import type { SecretDeclaration } from '#domain/desired-sources.ts';
import type { PlanContext } from '#domain/finding.ts';
import { type GuardScene, guardPlan } from '#domain/guard.ts';
import { emptyMemory } from '#domain/memory.ts';
import type { ObservedSecret } from '#domain/observed.ts';
import { SHIPPED_PRICES } from '#domain/price-book.ts';
import { rotationDue } from '#domain/secret-age.ts';
import { markOf, newestOf } from '#domain/secret-mark.ts';
import { NO_SECRETS, type SecretReading, type SecretRecord } from '#domain/secret-picture.ts';
import { mergeSecretWrites, planSecrets } from '#domain/secret-plan.ts';
import { adoptedRecords, newWith, recordsAfter } from '#domain/secret-records.ts';
import { faultsOf } from '#domain/secret-rules.ts';
import { isOutOfSync, secretStatuses } from '#domain/secret-status.ts';
import { SecretValue } from '#domain/secret-value.ts';
import { hours, instant, ms } from '#domain/units.ts';
import { secret } from '#kinds/secret.ts';
import { aContext, aGroup, aMachine, anApp, aStamp, NOW, observedApp } from '#test/support/builders.ts';
import { aStep, planOfSteps } from '#test/support/steps.ts';

const KEY = 'k1';
const DAY = hours(24);
const seen = (digest: string, over: Partial<ObservedSecret> = {}): ObservedSecret => ({
  name: 'A',
  digest,
  createdAt: NOW,
  updatedAt: NOW,
  ...over,
});
const record = (over: Partial<SecretRecord> = {}): SecretRecord => ({
  name: 'A',
  keyId: KEY,
  fingerprint: 'f1',
  digest: 'd1',
  version: 3,
  staged: false,
  since: NOW,
  setAt: NOW,
  older: [],
  ...over,
});
interface Scene {
  readonly declaration?: SecretDeclaration;
  readonly reading?: SecretReading;
  readonly record?: SecretRecord | null;
  readonly seen?: ObservedSecret | null;
  readonly stage?: boolean;
  readonly asked?: boolean;
  readonly pinned?: readonly string[];
}
const given = (fingerprint: string | null): SecretReading => ({ fingerprint, faults: [] });
function scene({
  declaration = { from: { env: 'A' } },
  reading = given('f1'),
  record: known = record(),
  seen: found = seen('d1'),
  stage = false,
  asked = false,
  pinned = [],
}: Scene): PlanContext {
  return aContext({
    app: anApp({ secrets: { A: declaration } }),
    observed: observedApp({ secrets: found === null ? [] : [found], machines: [aMachine(aGroup(), 'app-1')] }),
    secrets: {
      ...NO_SECRETS,
      keyId: KEY,
      records: new Map(known === null ? [] : [['A', known]]),
      readings: new Map([['A', reading]]),
      stage,
      asked,
      pinned: new Set(pinned),
    },
  });
}
const told = (changes: readonly Change[]): readonly string[] =>
  changes.map(({ cause, action, needsApproval }) => `${cause} ${action.verb}${needsApproval === null ? '' : ' needs approval'}`);
const PUSHED: SecretDeclaration = { from: { pushed: {} } };

describe('what is planned', () => {
  test.each<{
    readonly situation: string;
    readonly at: Scene;
    readonly now?: readonly string[];
    readonly holds?: readonly string[];
    readonly drifts?: number;
  }>([
    { situation: 'all as it is', at: {} },
    { situation: 'not on the platform, never seen', at: { record: null, seen: null }, now: ['change set'] },
    { situation: 'taken away by somebody', at: { seen: null }, now: ['drift set'], drifts: 1 },
    { situation: 'the source gives another', at: { reading: given('f2') }, now: ['change set'] },
    { situation: 'somebody set another', at: { seen: seen('d2') }, now: ['drift set'], drifts: 1 },
    { situation: 'both at once: straight to the target', at: { reading: given('f2'), seen: seen('d2') }, now: ['change set'] },
    {
      situation: 'the source gives one that was replaced',
      at: { reading: given('f0'), record: record({ older: ['f0'] }) },
      now: ['change set needs approval'],
    },
    {
      situation: 'git gives one that was replaced',
      at: { declaration: { from: { value: 'x' } }, reading: given('f0'), record: record({ older: ['f0'] }) },
      now: ['change set'],
    },
    { situation: 'first sight is not written', at: { record: null } },
    { situation: 'unless a person asks', at: { record: null, asked: true }, now: ['change set'] },
    { situation: 'a person asks, and all is as it is', at: { asked: true } },
    { situation: 'of another key, and a person asks', at: { record: record({ keyId: 'old' }), asked: true }, now: ['change set'] },
    {
      situation: 'an optional one that nobody gives',
      at: { declaration: { from: { env: 'A' }, required: false }, reading: given(null), record: null, seen: null },
    },
    {
      situation: 'an optional one whose source stopped giving it stays',
      at: { declaration: { from: { env: 'A' }, required: false }, reading: given(null) },
    },
    {
      situation: 'a fault is told, and nothing is written',
      at: { reading: { fingerprint: null, faults: [{ code: 'SECRET_RULE', message: 'm', remedy: 'r' }] }, seen: seen('d2') },
      holds: ['SecretUnready'],
    },
    {
      situation: 'a value that failed in a release is not written',
      at: { reading: given('f2'), pinned: ['f2'] },
      holds: ['RevisionPinned'],
    },
    {
      situation: 'one that failed and stands goes back to `previous`',
      at: { reading: { ...given('f1'), previous: 'f0' }, pinned: ['f1'] },
      now: ['change set'],
    },
    { situation: 'one that failed and stands, and cannot go back', at: { pinned: ['f1'] }, holds: ['SecretNotReversible'] },
    {
      situation: 'one whose `previous` failed as well',
      at: { reading: { ...given('f1'), previous: 'f0' }, pinned: ['f1', 'f0'] },
      holds: ['SecretNotReversible'],
    },
    {
      situation: 'a pushed one that is not there',
      at: { declaration: PUSHED, reading: given(null), record: null, seen: null },
      holds: ['SecretUnready'],
    },
    {
      situation: 'a pushed one set by somebody else is left',
      at: { declaration: PUSHED, reading: given(null), record: record({ fingerprint: null }), seen: seen('d2') },
      holds: ['SecretChanged'],
      drifts: 1,
    },
    { situation: 'a pushed one that comes now', at: { declaration: PUSHED, reading: given('f2') }, now: ['change set'] },
    { situation: 'a write whose version was lost', at: { record: record({ version: null }) }, now: ['release learn'] },
    {
      situation: 'due for rotation in two weeks',
      at: { declaration: { from: { env: 'A' }, rotateEvery: ms(10 * DAY) } },
      holds: ['RotationDue'],
    },
    { situation: 'due for rotation much later', at: { declaration: { from: { env: 'A' }, rotateEvery: ms(15 * DAY) } } },
  ])('$situation', ({ at, now = [], holds = [], drifts = 0 }) => {
    const finding = planSecrets(scene(at));
    expect(told(finding.now)).toEqual(now);
    expect(finding.holds.map(({ reason }) => reason)).toEqual(holds);
    expect(finding.drifts).toHaveLength(drifts);
  });
  test('an app that is switched off or excluded keeps its secrets as they are', () => {
    for (const over of [{ enabled: false }, { excluded: true }]) {
      const context = scene({ reading: given('f2') });
      expect(planSecrets({ ...context, app: { ...context.app, ...over } }).now).toEqual([]);
    }
  });
  test('a staged write restarts nothing; another one does', () => {
    expect(planSecrets(scene({ reading: given('f2'), stage: true })).now).toMatchObject([{ restarts: false, action: { staged: true } }]);
    expect(planSecrets(scene({ reading: given('f2') })).now).toMatchObject([{ restarts: true, action: { staged: false } }]);
  });
  test('several that may go now are one write', () => {
    const change = planSecrets(scene({ reading: given('f2') })).now;
    const drift = planSecrets(scene({ seen: seen('d2') })).now;
    expect(mergeSecretWrites([...drift, ...change])).toMatchObject([
      { cause: 'change', action: { verb: 'set', items: [{ name: 'A' }, { name: 'A' }] } },
    ]);
    expect(mergeSecretWrites(change)).toEqual(change);
  });
  test('what nobody declares goes only where git says so, one by one, with a person', () => {
    const context = scene({});
    const others = { ...context, observed: { ...context.observed, secrets: [seen('d1'), seen('x', { name: 'LEFT' })] } };
    for (const unknownSecrets of ['report', 'ignore', undefined] as const)
      expect(planSecrets({ ...others, app: { ...context.app, ...(unknownSecrets === undefined ? {} : { unknownSecrets }) } }).now).toEqual(
        [],
      );
    expect(planSecrets({ ...others, app: { ...context.app, unknownSecrets: 'prune' } }).now).toMatchObject([
      {
        cause: 'prune',
        destroys: true,
        action: { verb: 'destroy', names: ['LEFT'] },
        needsApproval: expect.stringContaining('cannot be had back'),
      },
    ]);
  });
  test('no plan holds a value, nor a fingerprint in its words', () => {
    const { now } = planSecrets(scene({ reading: given('f2') }));
    expect(now.map(({ why, fields }) => JSON.stringify([why, fields])).join()).not.toContain('f2');
  });
});

describe('what is taken back', () => {
  const set = (...items: readonly Partial<SecretItem>[]): SecretAction => ({
    kind: 'secret',
    verb: 'set',
    keyId: KEY,
    staged: false,
    items: items.map((item) => ({ name: 'A', fingerprint: 'f2', from: 'source', before: null, previous: 'f0', reversible: null, ...item })),
  });
  test.each([
    {
      what: 'what has a declared `previous`',
      action: set({ reversible: 'previous' }),
      undo: { verb: 'set', items: [{ from: 'previous', fingerprint: 'f0' }] },
    },
    { what: 'what was not there before is taken away', action: set({ reversible: 'absent' }), undo: { verb: 'destroy', names: ['A'] } },
    { what: 'what is bound to a revision comes back with it', action: set({ reversible: 'revision' }), undo: null },
    {
      what: 'one that cannot makes the whole write one that cannot',
      action: set({ reversible: 'previous' }, { reversible: null }),
      undo: null,
    },
  ])('$what', ({ action, undo }) => {
    const found = secret.undo(action, observedApp());
    if (undo === null) expect(found).toBeNull();
    else expect(found).toMatchObject(undo);
  });
  test.each([
    { declaration: { from: { env: 'A' }, previous: { env: 'OLD' } }, previous: 'f0', is: 'previous' },
    { declaration: { from: { env: 'A' }, previous: { env: 'OLD' } }, is: null },
    { declaration: { from: { value: 'x' } }, is: 'revision' },
    { declaration: { from: { sops: { file: 'f' } } }, is: 'revision' },
    { declaration: { from: { env: 'A' } }, is: null },
  ])('$declaration is reversible by $is, and the plan says so beforehand', ({ declaration, previous, is }) => {
    const reading = previous === undefined ? given('f2') : { ...given('f2'), previous };
    const { now } = planSecrets(scene({ declaration, reading }));
    expect(now).toMatchObject([{ action: { items: [{ reversible: is }] } }]);
    expect(now[0]?.why.includes('cannot be taken back')).toBe(is === null);
  });
});

describe('the mark', () => {
  const stamped = (...marks: readonly (number | null)[]) =>
    marks.map((secrets, at) => aMachine(aGroup(), `app-${at}`, { stamp: aStamp(aGroup(), `app-${at}`, { secrets }) }));
  const at = (records: readonly SecretRecord[], marks: readonly (number | null)[]): PlanContext => {
    const context = scene({});
    return {
      ...context,
      observed: { ...context.observed, machines: stamped(...marks) },
      secrets: { ...context.secrets, records: new Map(records.map((one) => [one.name, one])) },
    };
  };
  test.each([
    { what: 'none of ours', records: [record({ version: null, setAt: null })], marks: [null], mark: null, newest: null },
    { what: 'our write', records: [record({ version: 5 })], marks: [null, 4], mark: 5, newest: 5 },
    {
      what: 'staged: asked of no machine, given to those that are written',
      records: [record({ version: 5, staged: true })],
      marks: [4],
      mark: 4,
      newest: 5,
    },
    {
      what: 'staged, and one machine took it along: all follow',
      records: [record({ version: 5, staged: true })],
      marks: [5, 4],
      mark: 5,
      newest: 5,
    },
    { what: 'a lost store: what one machine was written with', records: [], marks: [7, 6], mark: 7, newest: 7 },
    { what: 'a name that is not declared', records: [record({ name: 'OTHER', version: 9 })], marks: [null], mark: null, newest: null },
  ])('$what', ({ records, marks, mark, newest }) => {
    expect(markOf(at(records, marks))).toBe(mark);
    expect(newestOf(at(records, marks))).toBe(newest);
  });
});

describe('how it is', () => {
  const status = (at: Scene, secrets: number | null = 3) => {
    const context = scene(at);
    const machines = [aMachine(aGroup(), 'app-1', { stamp: aStamp(aGroup(), 'app-1', { secrets }) })];
    return secretStatuses({ ...context, observed: { ...context.observed, machines } }, 'STAGING_')[0];
  };
  test.each<{ readonly at: Scene; readonly mark?: number | null; readonly state: string; readonly out: boolean }>([
    { at: {}, state: 'Synced', out: false },
    { at: {}, mark: 2, state: 'Staged', out: true },
    { at: {}, mark: null, state: 'Staged', out: true },
    { at: { reading: given('f2') }, state: 'Changed', out: true },
    { at: { seen: seen('d2') }, state: 'Drifted', out: true },
    { at: { seen: null }, state: 'Missing', out: true },
    {
      at: { seen: null, record: null, reading: given(null), declaration: { from: { env: 'A' }, required: false } },
      state: 'Missing',
      out: false,
    },
    { at: { record: record({ version: null, setAt: null }) }, state: 'Adopted', out: false },
    { at: { record: null }, state: 'Adopted', out: false },
  ])('$state, out of sync: $out', ({ at, mark = 3, state, out }) => {
    const found = status(at, mark);
    expect(found?.state).toBe(state);
    expect(found === undefined ? null : isOutOfSync(found)).toBe(out);
  });
  test('the age is that of the value: a second write of the same changes nothing, a stranger’s starts anew', () => {
    const old = instant(NOW - 40 * DAY);
    expect(status({ record: record({ since: old }) })?.since).toBe(old);
    expect(status({ record: record({ since: old }), seen: seen('d2') })?.since).toBe(NOW);
    const context = scene({ declaration: { from: { env: 'A' }, rotateEvery: ms(90 * DAY) }, record: record({ since: old }) });
    expect(rotationDue('A', context.app, context.secrets, context.observed)).toBe(instant(old + 90 * DAY));
  });
});

describe('records', () => {
  const action = {
    kind: 'secret',
    verb: 'set',
    keyId: KEY,
    staged: false,
    items: [{ name: 'A', fingerprint: 'f2', from: 'source', previous: null, before: null, reversible: null }],
  } as const;
  const later = instant(NOW + 5);
  test('a write keeps what stood before, and since when', () => {
    const [after] = recordsAfter(action, { version: 4, seen: [seen('d2')] }, new Map([['A', record({ older: ['f0'] })]]), later);
    expect(after).toMatchObject({ fingerprint: 'f2', digest: 'd2', version: 4, since: later, older: ['f1', 'f0'] });
    const [same] = recordsAfter(
      { ...action, items: [{ ...action.items[0], fingerprint: 'f1' }] },
      { version: 4, seen: [seen('d1')] },
      new Map([['A', record()]]),
      later,
    );
    expect(same).toMatchObject({ since: NOW, older: [] });
  });
  test('what a release brought anew: not what it only put back, nor what took no other’s place, nor what ran well before', () => {
    const rows = [
      record({ name: 'NEW', setAt: later, since: later, older: ['f0'] }),
      record({ name: 'BACK', setAt: later, since: NOW, older: ['f0'] }),
      record({ name: 'FIRST', setAt: later, since: later }),
      record({ name: 'OLD', setAt: NOW, older: ['f0'] }),
      record({ name: 'FOUND', setAt: null, since: later }),
    ];
    const release = { provedAt: null, startedAt: later };
    expect(newWith(rows, {}, release)).toEqual({ NEW: 'f1' });
    // It is known what the app ran well with.
    expect(newWith(rows, { NEW: 'f1', BACK: 'f1', OLD: 'f1' }, release)).toEqual({});
    // Staged before the release began, and never proved.
    expect(newWith(rows, { NEW: 'f0', OLD: 'f0' }, release)).toEqual({ NEW: 'f1', OLD: 'f1' });
    // A release that was complete since proved it, though the app told nothing yet.
    expect(newWith(rows, { NEW: 'f0', OLD: 'f0' }, { ...release, provedAt: later })).toEqual({ NEW: 'f1' });
  });
  test('what a way back took the place of may come again: it is none of the values that stood before', () => {
    const returned = { ...action, items: [{ ...action.items[0], fingerprint: 'f0', returns: true as const }] };
    const [kept] = recordsAfter(returned, { version: 4, seen: [seen('d2')] }, new Map([['A', record({ older: ['f0'] })]]), later);
    expect(kept).toMatchObject({ fingerprint: 'f0', older: [] });
  });
  test('a lost version is put in when it is learnt', () => {
    const lost = new Map([['A', record({ version: null })]]);
    expect(recordsAfter({ kind: 'secret', verb: 'learn', probe: 'X' }, { version: 9, seen: [] }, lost, later)).toMatchObject([
      { version: 9 },
    ]);
    expect(recordsAfter({ kind: 'secret', verb: 'learn', probe: 'X' }, { version: null, seen: [] }, lost, later)).toEqual([]);
  });
  test('another key is first sight: adopted again, the version of our write stays known', () => {
    const { secrets, app, observed } = scene({ record: record({ keyId: 'old', fingerprint: 'g', version: 3 }) });
    expect(adoptedRecords(app, observed.secrets, secrets, later)).toMatchObject([
      { keyId: KEY, fingerprint: 'f1', digest: 'd1', version: 3, setAt: null, older: [] },
    ]);
    expect(planSecrets(scene({ record: { ...record(), fingerprint: 'f1', setAt: null } })).now).toEqual([]);
  });
  test('what cannot be read now is adopted when it can be', () => {
    const { secrets, app, observed } = scene({
      record: null,
      reading: { fingerprint: null, faults: [{ code: 'SECRET_MISSING', message: 'm', remedy: 'r' }] },
    });
    expect(adoptedRecords(app, observed.secrets, secrets, later)).toEqual([]);
  });
});

describe('rules of a value', () => {
  const MARK = 'marked-value';
  test.each<{ readonly must: SecretDeclaration['must']; readonly value: string; readonly faults: number }>([
    { must: { contain: 'sslmode=require' }, value: `${MARK}?sslmode=require`, faults: 0 },
    { must: { contain: 'sslmode=require' }, value: MARK, faults: 1 },
    { must: { match: '^[0-9a-f]{64}$' }, value: 'a'.repeat(64), faults: 0 },
    { must: { match: '^[0-9a-f]{64}$' }, value: MARK, faults: 1 },
    { must: { notContain: 'localhost' }, value: `${MARK}@localhost`, faults: 1 },
    { must: { contain: 'x', match: '^y', notContain: MARK }, value: MARK, faults: 3 },
    { must: undefined, value: MARK.repeat(10_000), faults: 1 },
    { must: undefined, value: '', faults: 1 },
  ])('$must: $faults faults, all at once, each with a remedy and without the value', ({ must, value, faults }) => {
    const found = faultsOf('A', { from: { env: 'A' }, must }, new SecretValue(value), 'P_');
    expect(found).toHaveLength(faults);
    for (const { remedy, message } of found) {
      expect(remedy).not.toBe('');
      if (must?.notContain !== MARK) expect(message + remedy).not.toContain(MARK);
    }
  });
  test('one that is missing says where it was looked for', () => {
    expect(faultsOf('A', { from: { env: 'A' } }, null, 'P_')).toMatchObject([
      { code: 'SECRET_MISSING', remedy: expect.stringContaining('set P_A') },
    ]);
    expect(faultsOf('A', { from: { env: 'A' }, required: false }, null, 'P_')).toEqual([]);
    expect(faultsOf('A', PUSHED, null, 'P_')).toEqual([]);
  });
});

describe('the guard', () => {
  const scened = (over: Partial<GuardScene> = {}): GuardScene => ({
    now: NOW,
    owner: 'acme/staging',
    app: anApp({ secrets: { A: { from: { env: 'A' } } } }),
    protection: 'none',
    observed: observedApp(),
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
  const item: SecretItem = { name: 'A', fingerprint: 'f0', from: 'source', previous: null, before: null, reversible: null };
  const setStep = (name: string) =>
    aStep({ kind: 'secret', verb: 'set', keyId: KEY, staged: false, items: [{ ...item, name }] }, 'secrets');
  const dropStep = aStep({ kind: 'secret', verb: 'destroy', names: ['LEFT'] }, 'LEFT', { cause: 'prune' });
  const older = { ...NO_SECRETS, records: new Map([['A', record({ older: ['f0'] })]]) };
  const PRUNES = anApp({ unknownSecrets: 'prune', sync: { ...anApp().sync, prune: { enabled: true, maxDeletes: 3, holdFor: hours(0) } } });
  test.each([
    { what: 'a declared one is set', step: setStep('A'), at: scened(), rules: [] },
    { what: 'another one is not', step: setStep('B'), at: scened(), rules: ['secrets'] },
    { what: 'an older value waits for a person', step: setStep('A'), at: scened({ secrets: older }), rules: ['secrets'] },
    { what: 'on the way back of a release it does not', step: setStep('A'), at: scened({ secrets: older, back: true }), rules: [] },
    { what: 'and goes with one', step: setStep('A'), at: scened({ secrets: older, approved: true }), rules: [] },
    {
      what: 'or where git says it',
      step: setStep('A'),
      at: scened({ secrets: older, app: anApp({ secrets: { A: { from: { value: 'x' } } } }) }),
      rules: [],
    },
    {
      what: 'a pinned value is not written',
      step: setStep('A'),
      at: scened({ secrets: { ...NO_SECRETS, pinned: new Set(['f0']) } }),
      rules: ['secrets'],
    },
    {
      what: 'nothing is taken away unless git says prune',
      step: dropStep,
      at: scened({ approved: true }),
      rules: ['too-many-deletes', 'secrets'],
    },
    { what: 'and then only with a person', step: dropStep, at: scened({ app: PRUNES }), rules: ['needs-approval'] },
    { what: 'who has said so', step: dropStep, at: scened({ app: PRUNES, approved: true }), rules: [] },
    { what: 'nothing while writes are stopped', step: setStep('A'), at: scened({ halted: 'by ann' }), rules: ['writes-stopped'] },
  ])('$what', ({ step, at, rules }) => {
    expect(
      guardPlan(planOfSteps([step]), at)
        .map(({ rule }) => rule)
        .sort(),
    ).toEqual([...rules].sort());
  });
});
