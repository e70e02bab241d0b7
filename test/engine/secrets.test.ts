/** Secrets from their sources onto the platform and onto every machine. */
import { describe, expect, test } from 'vitest';
import { makeMemoryStore } from '#platform/store/memory.ts';
import { actByHand, only } from '#test/support/hands.ts';
import { type Files, type Harness, type HarnessOptions, makeHarness } from '#test/support/harness.ts';
import {
  APP,
  digestsOf,
  holdsOf,
  machineVersions,
  secretWrites,
  setByHand,
  stateOf,
  versionOf,
  withSecrets,
} from '#test/support/secret-world.ts';
import { deployByHand, FLY_TOML } from '#test/support/worlds.ts';

const SESSION = { SESSION_SECRET: '{ from: { env: SESSION_SECRET } }' };
async function settled(files: Files, options: Partial<HarnessOptions> = {}): Promise<Harness> {
  const harness = await makeHarness({ files, environment: { SESSION_SECRET: 'one' }, ...options });
  await harness.untilSettled();
  return harness;
}
async function expectIdle(harness: Harness): Promise<void> {
  const writes = harness.writes();
  await harness.pass(180);
  expect(harness.writes()).toBe(writes);
}
const restarts = (harness: Harness): readonly string[] => harness.machines(APP).map(({ instanceId }) => instanceId);

describe('what the source gives', () => {
  test('is set before the first machine is made, and every machine runs with it', async () => {
    const harness = await settled(withSecrets(SESSION));
    expect(Object.keys(digestsOf(harness))).toEqual(['SESSION_SECRET']);
    expect(machineVersions(harness)).toEqual([1, 1]);
    expect(stateOf(harness, 'SESSION_SECRET')).toBe('Synced');
    await expectIdle(harness);
    await harness.stop();
  });
  test('when it changes, is set once and rolled once, however many changed together', async () => {
    const files = withSecrets({ ...SESSION, API_KEY: '{ from: { env: API_KEY } }' }, { machines: '{ nrt: 3 }' });
    const harness = await settled(files, { environment: { SESSION_SECRET: 'one', API_KEY: 'a' } });
    const before = restarts(harness);
    Object.assign(harness.environment, { SESSION_SECRET: 'two', API_KEY: 'b' });
    await harness.pass(20);
    await harness.untilSettled();
    expect(versionOf(harness)).toBe(2);
    expect(machineVersions(harness)).toEqual([2, 2, 2]);
    expect(restarts(harness).filter((id) => before.includes(id))).toEqual([]);
    expect(harness.simulator.world.counters.byRoute.get('POST /apps/{app_name}/machines/{machine_id}')).toBe(3);
    await expectIdle(harness);
    await harness.stop();
  });
  test('is tried by one machine before the others', async () => {
    const harness = await settled(withSecrets(SESSION, { machines: '{ nrt: 6 }', extra: '  rollout: { maxUnavailable: 3 }\n' }));
    harness.environment['SESSION_SECRET'] = 'two';
    let first = 0;
    for (let spent = 0; spent < 60 && first === 0; spent++) {
      await harness.pass(1);
      first = machineVersions(harness).filter((version) => version === 2).length;
    }
    expect(first).toBe(1);
    await harness.untilSettled();
    expect(machineVersions(harness)).toEqual([2, 2, 2, 2, 2, 2]);
    await harness.stop();
  });
  test('reaches stopped machines without starting them', async () => {
    const toml = FLY_TOML.replace('auto_stop_machines = "off"', 'auto_stop_machines = "stop"\n  min_machines_running = 1');
    const harness = await settled(withSecrets(SESSION, { machines: '{ nrt: 3 }', toml }));
    const sleeping = harness.machines(APP).slice(1);
    for (const row of sleeping) await actByHand(harness, row, 'stop');
    await harness.pass(30);
    const starts = sleeping.map(({ events }) => events.filter(({ type }) => type === 'start').length);
    harness.environment['SESSION_SECRET'] = 'two';
    await harness.pass(20);
    await harness.untilSettled();
    expect(machineVersions(harness)).toEqual([2, 2, 2]);
    const woken = sleeping.filter(({ events }, at) => events.filter(({ type }) => type === 'start').length > (starts[at] ?? 0));
    // One is woken to prove the new set before the only one that serves is touched; the others sleep on.
    expect(woken.length).toBeLessThanOrEqual(1);
    await harness.stop();
  });
  test('from another source with the same value writes nothing', async () => {
    const harness = await settled(withSecrets(SESSION), { environment: { SESSION_SECRET: 'one', OTHER: 'one' } });
    const writes = harness.writes();
    for (const [path, text] of Object.entries(withSecrets({ SESSION_SECRET: '{ from: { env: OTHER } }' }))) harness.files.set(path, text);
    await harness.pass(120);
    await harness.untilSettled();
    expect(harness.writes()).toBe(writes);
    await harness.stop();
  });
  test('makes a platform release, which is completed', async () => {
    const harness = await settled(withSecrets(SESSION));
    const releases = harness.simulator.world.releases.size;
    harness.environment['SESSION_SECRET'] = 'two';
    await harness.pass(20);
    await harness.untilSettled();
    await harness.pass(10);
    const made = [...harness.simulator.world.releases.values()].slice(releases);
    expect(made.map(({ status }) => status)).toEqual(['complete']);
    await harness.stop();
  });
});

describe('what cannot be given', () => {
  test('is named all at once, and nothing is written', async () => {
    const files = withSecrets({
      SESSION_SECRET: '{ from: { env: SESSION_SECRET } }',
      DATABASE_URL: '{ from: { env: DATABASE_URL }, must: { contain: sslmode=require } }',
      TOKEN: '{ from: { exec: { command: ["false"] } } }',
    });
    const harness = await makeHarness({ files, environment: { DATABASE_URL: 'postgres://nobody/db' } });
    const unready = () => harness.status(APP)?.held.filter(({ reason }) => reason === 'SecretUnready') ?? [];
    // A program runs outside of the simulated time.
    for (let looks = 0; looks < 100 && unready().length === 0; looks++) {
      await harness.pass(60);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(harness.writes()).toBe(0);
    const held = unready();
    expect(held.map(({ subject }) => subject)).toEqual(expect.arrayContaining(['SESSION_SECRET', 'DATABASE_URL', 'TOKEN']));
    expect(JSON.stringify(held)).not.toContain('postgres://nobody/db');
    Object.assign(harness.environment, { SESSION_SECRET: 'one', DATABASE_URL: 'postgres://db?sslmode=require' });
    for (const [path, text] of Object.entries(withSecrets({ SESSION_SECRET: '{ from: { env: SESSION_SECRET } }' })))
      harness.files.set(path, text);
    await harness.pass(30);
    await harness.untilSettled();
    await harness.stop();
  });
  test('but is there already, holds changes and leaves what runs in peace', async () => {
    const harness = await settled(withSecrets(SESSION));
    const writes = harness.writes();
    delete harness.environment['SESSION_SECRET'];
    for (const [path, text] of Object.entries(withSecrets(SESSION, { memory: '512mb' }))) harness.files.set(path, text);
    await harness.pass(120);
    expect(harness.writes()).toBe(writes);
    expect(holdsOf(harness)).toContain('SecretUnready SESSION_SECRET');
    await harness.stop();
  });
  test('and need not be there, is left out', async () => {
    const harness = await settled(withSecrets({ ...SESSION, OIDC_SCOPES: '{ from: { env: OIDC_SCOPES }, required: false }' }));
    expect(Object.keys(digestsOf(harness))).toEqual(['SESSION_SECRET']);
    await expectIdle(harness);
    await harness.stop();
  });
});

describe('what somebody else set', () => {
  test('is put back when the grace ends, once, and every machine runs with it again', async () => {
    const harness = await settled(withSecrets(SESSION, { grace: '5m' }));
    const digest = digestsOf(harness)['SESSION_SECRET'];
    await setByHand(harness, { SESSION_SECRET: 'by hand' });
    await harness.pass(70);
    expect(stateOf(harness, 'SESSION_SECRET')).toBe('Drifted');
    await harness.pass(330);
    await harness.untilSettled();
    expect(digestsOf(harness)['SESSION_SECRET']).toBe(digest);
    expect(machineVersions(harness)).toEqual([versionOf(harness), versionOf(harness)]);
    expect(harness.events.filter(({ type }) => type === 'DriftCorrected')).toHaveLength(1);
    await harness.stop();
  });
  test('is only shown where nothing heals itself', async () => {
    const files = withSecrets(SESSION, {
      env: '',
      extra: '  sync: { selfHeal: { enabled: false } }\n',
    });
    const harness = await settled(files);
    await setByHand(harness, { SESSION_SECRET: 'by hand' });
    const digest = digestsOf(harness)['SESSION_SECRET'];
    await harness.pass(300);
    expect(digestsOf(harness)['SESSION_SECRET']).toBe(digest);
    expect(stateOf(harness, 'SESSION_SECRET')).toBe('Drifted');
    await harness.stop();
  });
  test('is overtaken when the source gives a new value, too', async () => {
    const harness = await settled(withSecrets(SESSION, { grace: '1h' }));
    await setByHand(harness, { SESSION_SECRET: 'two' });
    harness.environment['SESSION_SECRET'] = 'two';
    await harness.pass(90);
    await harness.untilSettled();
    expect(stateOf(harness, 'SESSION_SECRET')).toBe('Synced');
    await harness.stop();
  });
  test('the source going back to an older value waits for a person', async () => {
    const harness = await settled(withSecrets(SESSION));
    harness.environment['SESSION_SECRET'] = 'two';
    await harness.pass(20);
    await harness.untilSettled();
    harness.environment['SESSION_SECRET'] = 'one';
    await harness.pass(120);
    expect(versionOf(harness)).toBe(2);
    expect(holdsOf(harness)).toContain('ApprovalRequired secrets');
    await harness.stop();
  });
});

describe('a value that failed in a release', () => {
  const fingerprintOf = async (harness: Harness): Promise<string> => {
    const rows = await harness.store.secrets('test', APP, AbortSignal.timeout(1_000));
    return (rows.ok ? rows.value[0]?.fingerprint : null) ?? '';
  };
  test('gives way to the declared value before, on every machine, and only another one is written after it', async () => {
    const files = withSecrets({ SESSION_SECRET: '{ from: { env: SESSION_SECRET }, previous: { env: OLD_SESSION_SECRET } }' });
    const harness = await settled(files, { pinsSecrets: true });
    const good = digestsOf(harness);
    Object.assign(harness.environment, { SESSION_SECRET: 'bad', OLD_SESSION_SECRET: 'one' });
    await harness.pass(20);
    await harness.untilSettled();
    harness.pinned.add(await fingerprintOf(harness));
    await harness.pass(180);
    expect(digestsOf(harness)).toEqual(good);
    expect(machineVersions(harness)).toEqual([3, 3]);
    expect(holdsOf(harness)).toEqual(['RevisionPinned SESSION_SECRET']);
    await expectIdle(harness);
    harness.environment['SESSION_SECRET'] = 'better';
    await harness.pass(20);
    await harness.untilSettled();
    expect(machineVersions(harness)).toEqual([4, 4]);
    await harness.stop();
  });
  test('that cannot be taken back stalls, and names it', async () => {
    const harness = await settled(withSecrets(SESSION), { pinsSecrets: true });
    harness.environment['SESSION_SECRET'] = 'bad';
    await harness.pass(20);
    await harness.untilSettled();
    harness.pinned.add(await fingerprintOf(harness));
    await harness.pass(90);
    expect(holdsOf(harness)).toContain('SecretNotReversible SESSION_SECRET');
    const stalled = harness.status(APP)?.conditions.find(({ type }) => type === 'Stalled');
    expect(stalled).toMatchObject({ status: 'true', reason: 'SecretNotReversible' });
    await harness.stop();
  });
});

describe('cut off while the answer of a write is noted', () => {
  /** A store that never answers calls of one kind, once armed: the process hangs there, and is killed. */
  function hanging(method: 'saveSecrets' | 'closeIntent') {
    const real = makeMemoryStore();
    const at = { armed: false, reached: false };
    const store = new Proxy(real, {
      get: (target, name) => {
        const found: unknown = Reflect.get(target, name);
        if (typeof found !== 'function') return found;
        return (...given: unknown[]) => {
          if (!at.armed || name !== method) return Reflect.apply(found, target, given);
          at.reached = true;
          return new Promise(() => undefined);
        };
      },
    });
    return { real, store, at };
  }
  test.each(['saveSecrets', 'closeIntent'] as const)(
    'at %s: the end is the same, and nothing is taken for somebody else’s',
    async (method) => {
      const { real, store, at } = hanging(method);
      const harness = await settled(withSecrets(SESSION), { store });
      const digest = digestsOf(harness)['SESSION_SECRET'];
      harness.environment['SESSION_SECRET'] = 'two';
      at.armed = true;
      for (let spent = 0; spent < 60 && !at.reached; spent++) await harness.pass(1);
      expect(at.reached).toBe(true);
      expect(digestsOf(harness)['SESSION_SECRET']).not.toBe(digest);
      await harness.restart({ store: real });
      await harness.pass(30);
      await harness.untilSettled();
      expect(stateOf(harness, 'SESSION_SECRET')).toBe('Synced');
      expect(machineVersions(harness)).toEqual([versionOf(harness), versionOf(harness)]);
      expect(harness.events.filter(({ type }) => type === 'DriftSeen')).toEqual([]);
      await expectIdle(harness);
      await harness.stop();
    },
  );
});

describe('what was there before', () => {
  test('is adopted without a write; a later change of the source is one', async () => {
    const harness = await makeHarness({ files: withSecrets(SESSION), environment: { SESSION_SECRET: 'one' }, start: false });
    await deployByHand(harness, APP, 2);
    await setByHand(harness, { SESSION_SECRET: 'unknown', LEFT_OVER: 'x' });
    const before = restarts(harness);
    await harness.restart();
    await harness.untilSettled();
    await harness.pass(120);
    expect(versionOf(harness)).toBe(1);
    expect(restarts(harness)).toEqual(before);
    expect(stateOf(harness, 'SESSION_SECRET')).toBe('Adopted');
    expect(harness.status(APP)?.unknownSecrets).toEqual(['LEFT_OVER']);
    harness.environment['SESSION_SECRET'] = 'two';
    await harness.pass(30);
    await harness.untilSettled();
    expect(stateOf(harness, 'SESSION_SECRET')).toBe('Synced');
    expect(machineVersions(harness)).toEqual([2, 2]);
    await harness.stop();
  });
  test.each([
    { what: 'a lost store', again: { store: makeMemoryStore() } },
    { what: 'a store that is there', again: {} },
  ])('is taken as it is after a restart with $what', async ({ again }) => {
    const harness = await settled(withSecrets(SESSION));
    const writes = harness.writes();
    await harness.restart(again);
    await harness.untilSettled();
    await harness.pass(120);
    expect(harness.writes()).toBe(writes);
    expect(machineVersions(harness)).toEqual([1, 1]);
    await harness.stop();
  });
  test('a machine that is made later runs with the newest', async () => {
    const harness = await settled(withSecrets(SESSION));
    harness.environment['SESSION_SECRET'] = 'two';
    await harness.pass(20);
    await harness.untilSettled();
    await harness.byHand('DELETE', `/v1/apps/${APP}/machines/${only(harness.machines(APP)).id}?force=true`);
    await harness.pass(30);
    await harness.untilSettled();
    expect(machineVersions(harness)).toEqual([2, 2]);
    expect(secretWrites(harness)).toBe(2);
    await harness.stop();
  });
});

describe('a controller that serves staging and production', () => {
  const both = (): Files => {
    const folder = (name: string): Files =>
      Object.fromEntries(
        Object.entries(withSecrets({ SESSION_SECRET: '{ from: { env: SESSION_SECRET } }' })).map(([path, text]) => [
          path.replace('/test/', `/${name}/`),
          text.replaceAll('metadata: { name: test }', `metadata: { name: ${name} }`).replaceAll('acme-web', `acme-${name}`),
        ]),
      );
    return { ...folder('staging'), ...folder('production') };
  };
  test('does not read the bare variables of either: what was meant for one never reaches the other', async () => {
    const harness = await makeHarness({ files: both(), environment: { SESSION_SECRET: 'of production, by its bare name' } });
    await harness.pass(60);
    expect(harness.writes()).toBe(0);
    for (const name of ['staging', 'production'])
      expect(
        harness
          .status(`acme-${name}`)
          ?.held.map(({ message }) => message)
          .join(),
      ).toContain(`set ${name.toUpperCase()}_SESSION_SECRET`);
    Object.assign(harness.environment, { STAGING_SESSION_SECRET: 's', PRODUCTION_SESSION_SECRET: 'p' });
    await harness.pass(30);
    await harness.untilSettled();
    expect(digestsOf(harness, 'acme-staging')).not.toEqual(digestsOf(harness, 'acme-production'));
    const digest = digestsOf(harness, 'acme-staging');
    harness.environment['SESSION_SECRET'] = 'another bare one';
    await harness.pass(120);
    expect(digestsOf(harness, 'acme-staging')).toEqual(digest);
    await harness.stop();
  });
});

describe('a key for fingerprints that is another one', () => {
  test('makes every secret one that is seen for the first time: nothing is written', async () => {
    const harness = await settled(withSecrets(SESSION));
    const store = harness.store;
    const writes = harness.writes();
    await harness.stop();
    const again = await makeHarness({
      files: withSecrets(SESSION),
      environment: { SESSION_SECRET: 'one' },
      store,
      secrets: { key: 'another key than before' },
      tables: harness.simulator.world,
    });
    await again.untilSettled();
    await again.pass(120);
    expect(again.writes()).toBe(0);
    expect(writes).toBeGreaterThan(0);
    expect(stateOf(again, 'SESSION_SECRET')).toBe('Synced');
    again.environment['SESSION_SECRET'] = 'two';
    await again.pass(30);
    await again.untilSettled();
    expect(versionOf(again)).toBe(2);
    await again.stop();
  });
});
