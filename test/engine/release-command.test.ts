/** fly.toml's release_command: once per release, on a machine of its own, before any machine is written; and what becomes of it when it fails,
 *  hangs, or when trimtab dies meanwhile. */
import { describe, expect, test } from 'vitest';
import type { MachineRow } from '#simulator/world.ts';
import { machinesOf } from '#simulator/world.ts';
import { only } from '#test/support/hands.ts';
import { type Files, type Harness, makeHarness } from '#test/support/harness.ts';
import { withSecrets } from '#test/support/secret-world.ts';
import { FLY_TOML, oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const COMMAND = 'bin/migrate up --to "last one"';
const withCommand = (command: string, more = ''): string => `${FLY_TOML}\n[deploy]\n  release_command = '${command}'\n${more}`;
const files = (version: string, command = COMMAND, more = ''): Files =>
  oneApp({ image: `registry.fly.io/acme-web:${version}`, toml: withCommand(command, more) });

const isCommand = ({ config }: MachineRow): boolean => config.metadata?.['fly_process_group'] === 'fly_app_release_command';
const commands = (harness: Harness): readonly MachineRow[] => machinesOf(harness.simulator.world, APP).filter(isCommand);
const live = (rows: readonly MachineRow[]): readonly MachineRow[] => rows.filter(({ state }) => state !== 'destroyed');
const members = (harness: Harness): readonly MachineRow[] => harness.machines(APP).filter((row) => !isCommand(row));
const versions = (harness: Harness): readonly string[] => members(harness).map(({ image }) => image.tag);
const releases = (harness: Harness): readonly string[] => [...harness.simulator.world.releases.values()].map(({ status }) => status);
const holds = (harness: Harness): readonly string[] => harness.status(APP)?.held.map(({ reason }) => reason) ?? [];
const commit = (harness: Harness, next: Files): void => {
  for (const [path, text] of Object.entries(next)) harness.files.set(path, text);
};
async function settled(first: Files): Promise<Harness> {
  const harness = await makeHarness({ files: first });
  await harness.untilSettled();
  return harness;
}
async function until(harness: Harness, is: () => boolean, limit = 120): Promise<void> {
  for (let spent = 0; spent < limit; spent += 0.1) {
    if (is()) return;
    await harness.pass(0.1);
  }
  throw new Error(`never came: ${JSON.stringify({ holds: holds(harness), states: commands(harness).map(({ state }) => state) })}`);
}

test('it runs once per release, with what the platform’s CLI gives it, and ends before a machine is written', async () => {
  const harness = await settled(files('v1'));
  const first = only(commands(harness));
  expect(first.config).toMatchObject({
    init: { cmd: ['bin/migrate', 'up', '--to', 'last one'] },
    env: { LOG_LEVEL: 'info', RELEASE_COMMAND: '1', FLY_PROCESS_GROUP: 'fly_app_release_command', PRIMARY_REGION: 'nrt' },
    restart: { policy: 'no' },
    auto_destroy: true,
    dns: { skip_registration: true },
    image: 'registry.fly.io/acme-web:v1',
    guest: { cpu_kind: 'shared', cpus: 2, memory_mb: 512 },
  });
  for (const absent of ['services', 'checks', 'mounts', 'metrics', 'statics']) expect(first.config).not.toHaveProperty(absent);
  expect(first.state).toBe('destroyed');
  commit(harness, files('v2'));
  await until(harness, () => live(commands(harness)).length === 1);
  const second = only(live(commands(harness)));
  expect(second.config.guest).toMatchObject({ cpus: 1, memory_mb: 256 });
  const written = (): boolean => versions(harness).includes('v2') || members(harness).some(({ state }) => state === 'replacing');
  await until(harness, () => second.events.some(({ type }) => type === 'exit') || written());
  expect(written()).toBe(false);
  expect(harness.status(APP)?.groups[0]).toMatchObject({ ready: 2, states: { started: 2 } });
  await harness.untilSettled();
  expect(versions(harness)).toEqual(['v2', 'v2']);
  expect(commands(harness)).toHaveLength(2);
  expect(live(commands(harness))).toHaveLength(0);
  expect(releases(harness)).toEqual(['complete', 'complete']);
  const before = harness.writes();
  await harness.pass(300);
  expect(harness.writes()).toBe(before);
  await harness.stop();
});
test('its own size, and the environment that the YAML adds for the machines', async () => {
  const toml = withCommand('bin/migrate', '  [deploy.release_command_vm]\n    size = "performance-1x"\n');
  const harness = await settled(oneApp({ toml, extra: '  env: { LEVEL: from-yaml }\n' }));
  const { config } = only(commands(harness));
  expect(config.guest).toMatchObject({ cpu_kind: 'performance', memory_mb: 2048 });
  expect(config.env).toMatchObject({ LEVEL: 'from-yaml', RELEASE_COMMAND: '1' });
  await harness.stop();
});
test('it is made after the secrets of its release were written, and with them', async () => {
  const secrets = (version: string, value: string): Files =>
    withSecrets(
      { GREETING: `{ from: { value: ${value} } }` },
      { image: `registry.fly.io/acme-web:${version}`, toml: withCommand(COMMAND) },
    );
  const harness = await settled(secrets('v1', 'one'));
  expect(only(commands(harness)).config.metadata?.['trimtab_secrets']).toBe('1');
  commit(harness, secrets('v2', 'two'));
  await harness.pass(30);
  await harness.untilSettled();
  expect(commands(harness).map(({ secretsVersion }) => secretsVersion)).toEqual([1, 2]);
  expect(members(harness).map(({ secretsVersion }) => secretsVersion)).toEqual([2, 2]);
  await harness.stop();
});
test('an end with another code than 0 fails the release: no machine is touched, and the next revision tries again', async () => {
  const harness = await settled(files('v1'));
  const before = members(harness).map(({ instanceId }) => instanceId);
  commit(harness, files('v2', 'bin/migrate fail'));
  await harness.pass(120);
  expect(members(harness).map(({ instanceId }) => instanceId)).toEqual(before);
  expect(holds(harness)).toEqual(['RevisionPinned']);
  expect(harness.status(APP)?.held[0]?.message).toMatch(/ReleaseCommand: .*exit code 1/);
  expect(harness.status(APP)?.conditions).toContainEqual(expect.objectContaining({ type: 'Held', reason: 'RevisionPinned' }));
  expect(releases(harness)).toEqual(['complete', 'failed']);
  expect(commands(harness)).toHaveLength(2);
  const writes = harness.writes();
  await harness.pass(600);
  expect(harness.writes()).toBe(writes);
  commit(harness, files('v3'));
  await harness.pass(20);
  await harness.untilSettled();
  expect(versions(harness)).toEqual(['v3', 'v3']);
  expect(releases(harness)).toEqual(['complete', 'failed', 'complete']);
  await harness.stop();
});
test('a command that does not end in time is taken away, and the release fails', async () => {
  const harness = await settled(files('v1'));
  commit(harness, files('v2', 'sleep 900', '  release_command_timeout = "30s"\n'));
  await harness.pass(100);
  expect(harness.status(APP)?.held[0]?.message).toContain('did not end within 30 s');
  expect(live(commands(harness))).toHaveLength(0);
  expect(versions(harness)).toEqual(['v1', 'v1']);
  expect(releases(harness)).toEqual(['complete', 'failed']);
  await harness.stop();
});
test('a command whose image is missing fails the release', async () => {
  const harness = await settled(files('v1'));
  commit(harness, files('v2-missing'));
  await harness.pass(120);
  expect(harness.status(APP)?.held[0]?.message).toContain('never ran');
  expect(versions(harness)).toEqual(['v1', 'v1']);
  await harness.stop();
});
test('a newer commit waits for the command that runs, and then takes the place of its release', async () => {
  const harness = await settled(files('v1'));
  commit(harness, files('v2', 'sleep 60'));
  await until(harness, () => live(commands(harness)).some(({ state }) => state === 'started'));
  const slow = only(live(commands(harness)));
  commit(harness, files('v3'));
  await harness.pass(40);
  expect(releases(harness)).toEqual(['complete', 'running']);
  expect(slow.state).toBe('started');
  await harness.pass(40);
  await harness.untilSettled();
  expect(slow.events.find(({ type }) => type === 'exit')?.request?.['exit_event']).toMatchObject({ requested_stop: false, exit_code: 0 });
  expect(versions(harness)).toEqual(['v3', 'v3']);
  expect(releases(harness)).toEqual(['complete', 'interrupted', 'complete']);
  await harness.stop();
});
test('while all writes are stopped nothing goes on, and afterwards it goes on from there', async () => {
  const harness = await settled(files('v1'));
  const { signal } = new AbortController();
  commit(harness, files('v2'));
  await until(harness, () => live(commands(harness)).length === 1);
  await harness.store.halt({ scope: '*', by: 'somebody', reason: 'look first', since: harness.clock.now() }, signal);
  await harness.pass(0.5);
  const made = only(live(commands(harness)));
  await harness.pass(60);
  const halted = harness.writes();
  await harness.pass(60);
  expect(harness.writes()).toBe(halted);
  expect(versions(harness)).toEqual(['v1', 'v1']);
  await harness.store.unhalt('*', signal);
  await harness.pass(30);
  await harness.untilSettled();
  expect(versions(harness)).toEqual(['v2', 'v2']);
  expect(made.events.filter(({ type }) => type === 'exit')).toHaveLength(1);
  await harness.stop();
});

describe.each(['callerDiesBeforeCommit', 'callerDiesAfterCommit'] as const)('%s', (kind) => {
  test.each([
    ['is made', '=POST /apps/{app_name}/machines'],
    ['is started', '=POST /apps/{app_name}/machines/{machine_id}/start'],
  ])('when it %s: it runs once, and nothing is left over', async (_when, operation) => {
    const harness = await settled(files('v1'));
    harness.simulator.faults.add({ kind, operation, count: 1 });
    commit(harness, files('v2'));
    await harness.pass(30);
    await harness.restart();
    await harness.pass(300);
    await harness.untilSettled(600);
    expect(versions(harness)).toEqual(['v2', 'v2']);
    const ran = commands(harness).filter((row) => row.events.some(({ type }) => type === 'exit') && row.image.tag === 'v2');
    expect(ran).toHaveLength(1);
    expect(live(commands(harness))).toHaveLength(0);
    await harness.stop();
  });
});
