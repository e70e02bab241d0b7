/** Runs without any state on one environment: one at a time; the lock restarts nothing, is no drift, and leaves nothing behind. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LOCK_KEY, lockPlaceOf, locksIn, lockToText, textToLock } from '#domain/executor-lock.ts';
import { appName } from '#domain/ids.ts';
import { makeRandom } from '#domain/random.ts';
import { instant } from '#domain/units.ts';
import { type ExecutorLock, makeExecutorLock } from '#engine/executor-lock.ts';
import { makeFlyClient } from '#platform/fly/client.ts';
import { lockedFly } from '#platform/fly/locked.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import { limitsByLock } from '#src/compose-limits.ts';
import { aGroup, aMachine } from '#test/support/builders.ts';
import { destroyByHand, only } from '#test/support/hands.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { deployByHand, oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const signal = new AbortController().signal;
let harness: Harness;
const said: string[] = [];

/** A run of its own: its own client, its own name. `alive` false: it was killed. */
function aRun(id: string, unlocked = false): { readonly fly: FlyClient; readonly lock: ExecutorLock; kill(): void } {
  const { clock, simulator } = harness;
  let alive = true;
  const { lead: limits, onLead } = limitsByLock({ clock });
  const fly = makeFlyClient({
    ...{ token: 'a-token-for-tests', flapsBaseUrl: 'http://sim.test', apiBaseUrl: 'http://sim.test', uiexBaseUrl: 'http://sim.test' },
    fetch: async (request) => {
      if (!alive) return new Promise(() => undefined);
      clock.touch();
      const answer = await simulator.fetch(request);
      clock.touch();
      return answer;
    },
    ...{ clock, random: makeRandom(id), limits, userAgent: 'trimtab/test' },
  });
  const environment = only(harness.controller().environments.all());
  const lock = makeExecutorLock({ environment: () => environment, fly, clock, id, unlocked, say: (text) => said.push(text), onLead });
  return {
    fly: lockedFly(fly, lock),
    lock,
    kill: () => {
      alive = false;
    },
  };
}
/** Lets the world's time pass until it has come to an end. */
async function done<T>(work: Promise<T>, limit = 300): Promise<T> {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  work.then(end, end);
  for (let spent = 0; !ended && spent < limit; spent++) await harness.pass(1);
  if (!ended) throw new Error(`not within ${limit} s`);
  return work;
}
const lockTexts = (): readonly string[] => harness.machines(APP).flatMap(({ config }) => config.metadata?.[LOCK_KEY] ?? []);
const instances = (): readonly string[] => harness.machines(APP).map(({ instanceId }) => instanceId);
const lowest = () => only([...harness.machines(APP)].sort((a, b) => (a.id < b.id ? -1 : 1)));

beforeEach(async () => {
  said.length = 0;
  harness = await makeHarness({ files: oneApp({ machines: '{ nrt: 3 }' }) });
  await harness.untilSettled();
});
afterEach(() => harness.stop());

describe('the lock of a run without state', () => {
  test('stands on the lowest machine, restarts nothing, is no drift, and leaves nothing behind', async () => {
    const before = instances();
    const { lock } = aRun('one');
    expect(await done(lock.hold(signal))).toEqual({ ok: true, value: 'taken' });
    expect(await lock.hold(signal)).toEqual({ ok: true, value: 'held' });
    expect(lowest().config.metadata?.[LOCK_KEY]).toMatch(/^one \d+$/);
    expect(lowest().lease?.description).toBe('trimtab one');
    await harness.pass(130);
    expect(textToLock(lockTexts()[0])?.until).toBeGreaterThan(harness.clock.now());
    expect(harness.status(APP)).toMatchObject({ sync: 'Synced', drifts: [] });
    await done(lock.release(signal));
    expect(lockTexts()).toEqual([]);
    expect(lowest().lease).toBeNull();
    expect(instances()).toEqual(before);
  });
  test('makes the second run wait for the first, and says for whom', async () => {
    const [one, two] = [aRun('one'), aRun('two')];
    await done(one.lock.hold(signal));
    let second = false;
    const waiting = two.lock.hold(signal).then((result) => {
      second = true;
      return result;
    });
    await harness.pass(120);
    expect(second).toBe(false);
    expect(said.join()).toMatch(/waiting: one works on test \(until /);
    await done(one.lock.release(signal));
    expect(await done(waiting)).toEqual({ ok: true, value: 'taken' });
    await done(two.lock.release(signal));
    expect(lockTexts()).toEqual([]);
  });
  test('of three that come at the same moment, one gets it, and all together keep to the rate limits', async () => {
    await harness.stop();
    await harness.pass(10);
    const runs = ['one', 'two', 'three'].map((id) => aRun(id));
    const taken: number[] = [];
    const all = runs.map(({ lock }, at) => lock.hold(signal).then(() => taken.push(at)));
    await harness.pass(60);
    expect(taken).toHaveLength(1);
    for (let served = 1; served <= runs.length; served++) {
      await done(runs[taken.at(-1) ?? 0]?.lock.release(signal) ?? Promise.resolve());
      if (served < runs.length) await harness.pass(30);
      expect(taken).toHaveLength(Math.min(served + 1, runs.length));
    }
    await Promise.all(all);
    expect(lockTexts()).toEqual([]);
  });
  test('ends by itself when its run was killed, and the next one clears it away', async () => {
    const [one, two] = [aRun('one'), aRun('two')];
    await done(one.lock.hold(signal));
    one.kill();
    const began = harness.clock.now();
    expect(await done(two.lock.hold(signal))).toEqual({ ok: true, value: 'taken' });
    expect(harness.clock.now() - began).toBeLessThanOrEqual(70_000);
    await done(two.lock.release(signal));
    expect(lockTexts()).toEqual([]);
  });
  test('is taken anew when its machine was destroyed by somebody', async () => {
    const { lock } = aRun('one');
    await done(lock.hold(signal));
    const gone = lowest();
    await destroyByHand(harness, gone).catch(() => harness.byHand('DELETE', `/v1/apps/${APP}/machines/${gone.id}?force=true`));
    await harness.pass(150);
    expect(await done(lock.hold(signal))).toMatchObject({ ok: true });
    expect(lockTexts()).toHaveLength(1);
    await done(lock.release(signal));
  });
});
describe('a write of a run without state', () => {
  test('is refused once when the lock was taken just now, and goes on under its lease', async () => {
    const { fly, lock } = aRun('one');
    const machine = lowest();
    const ask = () => fly.listMachines(appName(APP), signal);
    const seen = await done(ask());
    const row = seen.ok ? seen.value.find(({ id }) => id === machine.id) : undefined;
    if (row === undefined) throw new Error('it is not listed');
    const stop = () => fly.stopMachine(row.app, row.id, null, signal);
    expect(await done(stop())).toMatchObject({ ok: false, error: { code: 'FLY_CANCELLED' } });
    expect(lowest().state).toBe('started');
    const lease = await fly.acquireLease(row.app, row.id, 30, 'a step', signal);
    if (!lease.ok) throw new Error(lease.error.message);
    expect(await done(fly.stopMachine(row.app, row.id, lease.value.nonce, signal))).toMatchObject({ ok: true });
    await fly.releaseLease(row.app, row.id, lease.value.nonce, signal);
    expect(lowest().lease?.nonce).toBe(lease.value.nonce);
    await done(lock.release(signal));
  });
  test('that destroys the machine of the lock moves the lock first', async () => {
    const { fly, lock } = aRun('one');
    await done(lock.hold(signal));
    const first = lowest();
    const seen = await done(fly.listMachines(appName(APP), signal));
    const row = seen.ok ? seen.value.find(({ id }) => id === first.id) : undefined;
    if (row === undefined) throw new Error('it is not listed');
    const lease = await fly.acquireLease(row.app, row.id, 30, 'a step', signal);
    if (!lease.ok) throw new Error(lease.error.message);
    expect(await done(fly.destroyMachine(row.app, row.id, { kill: true, leaseNonce: lease.value.nonce }, signal))).toMatchObject({
      ok: true,
    });
    expect(lowest().id).not.toBe(first.id);
    expect(lowest().config.metadata?.[LOCK_KEY]).toMatch(/^one /);
    expect(await lock.hold(signal)).toEqual({ ok: true, value: 'held' });
    await done(lock.release(signal));
    expect(lockTexts()).toEqual([]);
  });
});
describe('an environment', () => {
  test('before it is taken over is locked on a machine of the CLI', async () => {
    await harness.stop();
    harness = await makeHarness({ files: oneApp(), start: false });
    await deployByHand(harness, APP, 2);
    await harness.controller().readSource(signal);
    const { lock } = aRun('one');
    expect(await done(lock.hold(signal))).toEqual({ ok: true, value: 'taken' });
    expect(lowest().config.metadata?.[LOCK_KEY]).toMatch(/^one /);
    await done(lock.release(signal));
  });
  test('without a machine cannot be locked: refused, unless a person says so; then it is locked as soon as it can be', async () => {
    await harness.stop();
    harness = await makeHarness({ files: oneApp(), start: false });
    await harness.controller().readSource(signal);
    expect(await done(aRun('one').lock.hold(signal))).toMatchObject({ ok: false, error: { code: 'ENVIRONMENT_EMPTY' } });
    const { fly, lock } = aRun('two', true);
    expect(await done(lock.hold(signal))).toEqual({ ok: true, value: 'open' });
    expect(await done(fly.createApp(appName(APP), only(harness.controller().environments.all()).organization, signal))).toMatchObject({
      ok: true,
    });
    await deployByHand(harness, APP, 1);
    expect(await done(lock.hold(signal))).toEqual({ ok: true, value: 'taken' });
    await done(lock.release(signal));
  });
});
describe('the words of the lock', () => {
  test('are read as they were written, and what is not ours is none', () => {
    const lock = { id: 'ci-7', until: instant(1_700_000_000_000) };
    expect(textToLock(lockToText(lock))).toEqual(lock);
    for (const odd of [undefined, '', 'ci-7', 'ci-7 soon', ' 17']) expect(textToLock(odd)).toBeNull();
  });
  test('stand on the first app by name that has a machine; foreign machines are no place', () => {
    const group = aGroup();
    const [b, a] = [aMachine(group, 'app-2'), aMachine(group, 'app-1')];
    const other = aMachine(group, 'app-0', { stamp: null, metadata: { fly_platform_version: 'v1' } });
    const apps = [
      { app: appName('zeta'), machines: [aMachine(group, 'app-0')] },
      { app: appName('alpha'), machines: [] },
      { app: appName('beta'), machines: [b, a, other] },
    ];
    const ids = [a.id, b.id].sort();
    expect(lockPlaceOf(apps, 'acme/production')).toEqual({ app: 'beta', machine: ids[0] });
    expect(lockPlaceOf([{ app: appName('alpha'), machines: [other] }], 'acme/production')).toBeNull();
    expect(locksIn(apps)).toEqual([]);
  });
});
test('patience has an end', async () => {
  const [one, two] = [aRun('one'), aRun('two')];
  await done(one.lock.hold(signal));
  expect(await done(two.lock.hold(signal), 1_000)).toMatchObject({ ok: false, error: { code: 'EXECUTOR_BUSY' } });
  await done(one.lock.release(signal));
});
