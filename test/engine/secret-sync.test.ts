/** `secrets sync`: a person's word that what the sources give is written now. */
import { describe, expect, test } from 'vitest';
import { SecretValue } from '#domain/secret-value.ts';
import type { AppSynced } from '#engine/operator.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import type { Harness } from '#test/support/harness.ts';
import { makeHarness } from '#test/support/harness.ts';
import { operatorOf } from '#test/support/operator.ts';
import { APP, digestsOf, machineVersions, setByHand, stateOf, versionOf, withSecrets } from '#test/support/secret-world.ts';

const PUSHED = { SESSION_SECRET: '{ from: { pushed: {} } }' };
const ALL = { environment: null, app: null };
async function sync(harness: Harness, values: Readonly<Record<string, string>>, apply = false): Promise<AppSynced> {
  const given = new Map([[APP, new Map(Object.entries(values).map(([name, value]) => [name, new SecretValue(value)]))]]);
  let result: AppSynced | undefined;
  const asked = operatorOf(harness)
    .syncSecrets(ALL, { apply, by: 'ann', values: given }, AbortSignal.timeout(10_000))
    .then((answer) => {
      if (answer.ok) result = answer.value[0];
    });
  for (let spent = 0; spent < 60 && result === undefined; spent++) await harness.pass(1);
  await asked;
  if (result === undefined) throw new Error('no answer');
  return result;
}

describe('a pushed secret', () => {
  test('is waited for, then brought, and the machines are made', async () => {
    const harness = await makeHarness({ files: withSecrets(PUSHED) });
    await harness.pass(30);
    expect(harness.machines(APP)).toEqual([]);
    expect(
      harness
        .status(APP)
        ?.held.map(({ message }) => message)
        .join(),
    ).toContain('trimtab secrets sync test');
    const nothing = await sync(harness, {});
    expect(nothing.problems).toMatchObject([{ code: 'SECRET_MISSING' }]);
    expect(await sync(harness, { SESSION_SECRET: 'from ci' })).toMatchObject({ written: ['SESSION_SECRET'], problems: [], held: [] });
    await harness.untilSettled();
    expect(machineVersions(harness)).toEqual([1, 1]);
    expect(stateOf(harness, 'SESSION_SECRET')).toBe('Synced');
    await harness.stop();
  });
  test('set by somebody else is reported, and survives ten passes; a person takes it as it is', async () => {
    const harness = await makeHarness({ files: withSecrets(PUSHED) });
    await harness.pass(10);
    await sync(harness, { SESSION_SECRET: 'from ci' });
    await harness.untilSettled();
    await setByHand(harness, { SESSION_SECRET: 'rotated by ci' });
    const digest = digestsOf(harness)['SESSION_SECRET'];
    await harness.pass(660);
    expect(digestsOf(harness)['SESSION_SECRET']).toBe(digest);
    expect(stateOf(harness, 'SESSION_SECRET')).toBe('Drifted');
    expect(harness.status(APP)).toMatchObject({ sync: 'Synced' });
    expect(harness.status(APP)?.held.map(({ reason }) => reason)).toContain('SecretChanged');
    await operatorOf(harness).approve({ environment: 'test', app: APP }, 'ann', null, AbortSignal.timeout(5_000));
    await harness.pass(30);
    expect(['Synced', 'Staged']).toContain(stateOf(harness, 'SESSION_SECRET'));
    await harness.stop();
  });
});

describe('without anything known of what is there', () => {
  test('a sync writes what it is given: a runner in CI rotates, and a controller that comes later leaves it', async () => {
    const harness = await makeHarness({
      files: withSecrets({ ...PUSHED, API_KEY: '{ from: { env: API_KEY } }' }),
      environment: { API_KEY: 'a' },
    });
    await harness.pass(10);
    await sync(harness, { SESSION_SECRET: 'from ci' });
    await harness.untilSettled();
    const before = digestsOf(harness);
    await harness.restart({ store: makeMemoryStore() });
    await harness.pass(5);
    expect(await sync(harness, { SESSION_SECRET: 'rotated' })).toMatchObject({ problems: [], held: [] });
    expect(digestsOf(harness)['SESSION_SECRET']).not.toBe(before['SESSION_SECRET']);
    expect(digestsOf(harness)['API_KEY']).toBe(before['API_KEY']);
    const rotated = digestsOf(harness);
    await harness.restart({ store: makeMemoryStore() });
    await harness.pass(660);
    expect(digestsOf(harness)).toEqual(rotated);
    await harness.stop();
  });
});

describe('a sync', () => {
  const ENV = { SESSION_SECRET: '{ from: { env: SESSION_SECRET } }' };
  test('stages: the machines stay as they are until the next deploy takes it along in its one rollout', async () => {
    const harness = await makeHarness({ files: withSecrets(ENV), environment: { SESSION_SECRET: 'one' } });
    await harness.untilSettled();
    expect(await sync(harness, { SESSION_SECRET: 'two' })).toMatchObject({ written: ['SESSION_SECRET'], staged: ['SESSION_SECRET'] });
    harness.environment['SESSION_SECRET'] = 'two';
    await harness.pass(120);
    expect(versionOf(harness)).toBe(2);
    expect(machineVersions(harness)).toEqual([1, 1]);
    expect(stateOf(harness, 'SESSION_SECRET')).toBe('Staged');
    for (const [path, text] of Object.entries(withSecrets(ENV, { memory: '512mb' }))) harness.files.set(path, text);
    await harness.pass(30);
    await harness.untilSettled();
    expect(machineVersions(harness)).toEqual([2, 2]);
    expect(stateOf(harness, 'SESSION_SECRET')).toBe('Synced');
    expect(harness.simulator.world.counters.byRoute.get('POST /apps/{app_name}/machines/{machine_id}')).toBe(2);
    await harness.stop();
  });
  test('with --apply rolls at once, also what was staged before', async () => {
    const harness = await makeHarness({ files: withSecrets(ENV), environment: { SESSION_SECRET: 'one' } });
    await harness.untilSettled();
    harness.environment['SESSION_SECRET'] = 'two';
    await sync(harness, {});
    expect(await sync(harness, {}, true)).toMatchObject({ written: [], held: [] });
    await harness.pass(10);
    await harness.untilSettled();
    expect(machineVersions(harness)).toEqual([2, 2]);
    expect(versionOf(harness)).toBe(2);
    await harness.stop();
  });
  test('with anything wrong writes nothing to any app, and says all of it', async () => {
    const files = withSecrets({
      ...ENV,
      DATABASE_URL: '{ from: { env: DATABASE_URL }, must: { contain: sslmode=require } }',
      ...{ TOKEN: '{ from: { pushed: {} } }' },
    });
    const harness = await makeHarness({ files, environment: { DATABASE_URL: 'postgres://marked-value/db' } });
    await harness.pass(5);
    const { problems } = await sync(harness, {});
    expect(problems.map(({ code, message }) => `${code} ${message.split(' ')[0]}`)).toEqual([
      'SECRET_RULE DATABASE_URL',
      'SECRET_MISSING SESSION_SECRET',
      'SECRET_MISSING TOKEN',
    ]);
    expect(problems.every(({ remedy }) => remedy.length > 0)).toBe(true);
    expect(JSON.stringify(problems)).not.toContain('marked-value');
    expect(harness.writes()).toBe(0);
    await harness.stop();
  });
  test('is refused where the environment is only looked at', async () => {
    const harness = await makeHarness({ files: withSecrets(PUSHED, { mode: 'observe' }), start: false });
    await harness.byHand('POST', '/v1/apps', { app_name: APP, org_slug: 'acme' });
    await harness.restart();
    await harness.pass(10);
    const synced = await sync(harness, { SESSION_SECRET: 'x' });
    expect(synced.held).toEqual(['sync.mode is observe']);
    expect(versionOf(harness)).toBe(0);
    await harness.stop();
  });
  test('before the approval of the revision that needs it is no approval of that', async () => {
    const harness = await makeHarness({ files: withSecrets(PUSHED, { mode: 'manual' }) });
    await harness.pass(10);
    expect(await sync(harness, { SESSION_SECRET: 'x' })).toMatchObject({ written: ['SESSION_SECRET'], held: [] });
    await harness.pass(60);
    expect(harness.machines(APP)).toEqual([]);
    await operatorOf(harness).approve({ environment: 'test', app: null }, 'ann', null, AbortSignal.timeout(5_000));
    await harness.untilSettled();
    expect(machineVersions(harness)).toEqual([1, 1]);
    await harness.stop();
  });
});
