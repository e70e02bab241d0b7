import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppStatus } from '#domain/condition.ts';
import { failure } from '#domain/errors.ts';
import { environmentName, intentId } from '#domain/ids.ts';
import { emptyMemory } from '#domain/memory.ts';
import { err } from '#domain/result.ts';
import { instant } from '#domain/units.ts';
import type { AppStore, NewIntent, Stored } from '#engine/ports.ts';
import { makeAppStore } from '#engine/state.ts';
import { statusAfter } from '#engine/status.ts';
import { plainTarget } from '#engine/target.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import type { Store } from '#platform/store/port.ts';
import { APP, aContext, aGroup, aMachine, anApp, anEnvironment, NOW, observedApp, REVISION } from '#test/support/builders.ts';
import { createStep, planOfSteps, updateStep } from '#test/support/steps.ts';
import { STORES } from '#test/support/stores.ts';

const signal = AbortSignal.timeout(60_000);
const BY = { writer: 'an older version', generation: 1 };
const group = aGroup();
const machine = aMachine(group, 'app-1');
const step = updateStep(machine);

async function value<T>(stored: Stored<T>): Promise<T> {
  const result = await stored;
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
function aStatus(): AppStatus {
  const app = anApp({ groups: [group] });
  const context = aContext({ app, observed: observedApp({ machines: [machine] }) });
  const target = plainTarget(anEnvironment(), app, REVISION);
  const decision = { plan: planOfSteps([step]), memory: context.memory, news: { seen: [], gone: [] }, refusals: [], synced: false };
  return statusAfter(target, context, decision, null);
}
const memory = {
  ...emptyMemory(),
  adopted: true,
  syncedRevision: REVISION,
  corrections: { 'acme-web/machine-group/app-1/env': [instant(NOW - 1_000), NOW] },
  release: { id: 'r1', version: 3, revision: REVISION, openedAt: NOW },
  incarnations: { 'app-nrt-1': 2 },
};

describe.each(STORES)('the state of an app in $name', ({ open }) => {
  let store: Store;
  let state: AppStore;
  let serial = 0;
  const openOf = async (environment: NewIntent['environment']) => (await value(state.situation(environment, APP, [], signal))).intents;
  /** Its own environment for each test. */
  const somewhere = () => environmentName(`state-${serial++}`);
  beforeAll(async () => {
    store = await open();
    state = makeAppStore(store, 'here');
  });
  afterAll(() => store.close());

  test('of an app nobody knows is fresh and empty', async () => {
    expect(await value(state.takeApp(somewhere(), APP, 0, signal))).toEqual({
      generation: 1,
      memory: emptyMemory(),
      status: null,
      fresh: true,
    });
  });
  test('comes back as it was saved, and is not fresh', async () => {
    const environment = somewhere();
    const status = aStatus();
    await value(state.takeApp(environment, APP, 0, signal));
    await value(state.saveApp(environment, APP, { generation: 1, memory, status }, signal));
    expect(await value(state.takeApp(environment, APP, 7, signal))).toEqual({ generation: 8, memory, status, fresh: false });
  });
  test('keeps its status when only memory is saved', async () => {
    const environment = somewhere();
    await value(state.takeApp(environment, APP, 0, signal));
    await value(state.saveApp(environment, APP, { generation: 1, memory: emptyMemory(), status: aStatus() }, signal));
    await value(state.saveApp(environment, APP, { generation: 1, memory, status: null }, signal));
    expect(await value(state.takeApp(environment, APP, 0, signal))).toMatchObject({ memory, status: { app: APP } });
  });
  test('that an older version wrote is completed with what it did not know', async () => {
    const environment = somewhere();
    await value(store.takeApp(environment, APP, 0, signal));
    await value(store.saveApp(environment, APP, BY, { memory: { adopted: true }, status: null }, signal));
    expect(await value(state.takeApp(environment, APP, 0, signal))).toMatchObject({
      memory: { ...emptyMemory(), adopted: true },
      fresh: false,
    });
  });
  test.each([{ memory: 'nonsense' }, { memory: { adopted: 'maybe' } }, { memory: { corrections: { a: ['yesterday'] } } }])(
    'that cannot be read is lost, and said to be: $memory',
    async ({ memory: odd }) => {
      const environment = somewhere();
      await value(store.takeApp(environment, APP, 0, signal));
      await value(store.saveApp(environment, APP, BY, { memory: odd, status: { app: 7 } }, signal));
      expect(await value(state.takeApp(environment, APP, 0, signal))).toEqual({
        generation: 2,
        memory: emptyMemory(),
        status: null,
        fresh: true,
      });
    },
  );

  const intentOf = (environment: NewIntent['environment'], over: Partial<NewIntent> = {}): NewIntent => ({
    id: intentId(`${environment}-1`),
    key: step.key,
    environment,
    app: APP,
    generation: 1,
    step,
    at: NOW,
    ...over,
  });
  test('holds an intent with its whole step until it is closed', async () => {
    const environment = somewhere();
    await value(state.takeApp(environment, APP, 0, signal));
    expect(await value(state.openIntent(intentOf(environment), signal))).toBe('opened');
    expect(await value(state.openIntent(intentOf(environment, { id: intentId(`${environment}-2`) }), signal))).toBe('busy');
    const [found, ...more] = await openOf(environment);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ id: `${environment}-1`, key: step.key, environment, app: APP, generation: 1, openedAt: NOW });
    expect(found?.step).toEqual(JSON.parse(JSON.stringify(step)));
    await value(state.closeIntent(intentId(`${environment}-1`), 'landed', 'mapp-1', NOW, signal));
    expect(await openOf(environment)).toEqual([]);
  });
  test('refuses an intent of somebody who was replaced', async () => {
    const environment = somewhere();
    await value(state.takeApp(environment, APP, 0, signal));
    await value(state.takeApp(environment, APP, 0, signal));
    expect(await value(state.openIntent(intentOf(environment), signal))).toBe('stale');
  });
  test('leaves out what a step does not say, as JSON does', async () => {
    const environment = somewhere();
    await value(state.takeApp(environment, APP, 0, signal));
    const made = createStep('app-2', {}, { fields: [{ pointer: '/env/A', from: undefined, to: 'x', group: 'env' }] });
    await value(state.openIntent(intentOf(environment, { step: made, key: made.key }), signal));
    const [found] = await openOf(environment);
    expect(found?.step).toMatchObject({ action: { verb: 'create', name: 'app-2' }, cause: 'change' });
  });
  test.each([
    { what: 'no step', odd: { verb: 'create' } },
    { what: 'a step of a kind nobody knows', odd: { ...JSON.parse(JSON.stringify(step)), action: { kind: 'teapot', verb: 'create' } } },
    { what: 'a step without its reason', odd: { ...JSON.parse(JSON.stringify(step)), why: null } },
  ])('does not guess about $what', async ({ odd }) => {
    const environment = somewhere();
    await value(store.takeApp(environment, APP, 0, signal));
    const row = { id: `${environment}-1`, key: 'k', environment, app: APP, generation: 1, step: odd, at: 1 };
    await value(store.openIntent(row, signal));
    const found = await state.situation(environment, APP, [], signal);
    expect(found).toMatchObject({ ok: false, error: { code: 'STORE_FOREIGN' } });
  });
  test('writes the audit, and nothing where there is nothing to write', async () => {
    const environment = somewhere();
    const row = { at: NOW, actor: 'trimtab', environment, app: APP, what: 'x', from: null, to: '1', why: 'w', result: 'landed' };
    await value(state.audit([], signal));
    await value(state.audit([row], signal));
    expect(await value(store.audit(environment, null, 10, signal))).toEqual([row]);
  });
});

test('a store that does not answer is an answer, not an exception', async () => {
  const down = () => Promise.resolve(err(failure('STORE_UNAVAILABLE', 'no connection')));
  const store = makeMemoryStore();
  const state = makeAppStore({ ...store, takeApp: down, saveApp: down, openIntent: down, situation: down, appendAudit: down }, 'here');
  const environment = environmentName('down');
  const said = { ok: false, error: { code: 'STORE_UNAVAILABLE' } };
  expect(await state.takeApp(environment, APP, 0, signal)).toMatchObject(said);
  expect(await state.saveApp(environment, APP, { generation: 1, memory, status: null }, signal)).toMatchObject(said);
  expect(await state.situation(environment, APP, [], signal)).toMatchObject(said);
});
