/** A secret that changed at its source → on all of 20 machines, in simulated time, against what the poll, boot, checks and availability allow at best. */
import { seconds } from '#domain/units.ts';
import { makeHarness } from '#test/support/harness.ts';
import { APP, machineVersions, secretWrites, versionOf, withSecrets } from '#test/support/secret-world.ts';
import { type Figure, round } from './figure.ts';

const MACHINES = 20;
const SHARE = 0.33;
/** Longest of: prepare, start, first round of the checks (interval 5 s). Source: the simulator's own times. */
const ONE_MACHINE_S = 2.2 + 1.2 + 5;
const TICK_S = 2;
/** Sources are read so often; here the change comes at the worst moment, right after a look. */
const POLL_S = 15;

export async function measureSecrets(): Promise<readonly Figure[]> {
  const files = withSecrets({ SESSION_SECRET: '{ from: { env: SESSION_SECRET } }' }, { machines: `{ nrt: ${MACHINES} }` });
  const harness = await makeHarness({ files, seed: 'secrets', environment: { SESSION_SECRET: 'one' } });
  await harness.untilSettled(600);
  const begun = harness.clock.now();
  const before = versionOf(harness);
  harness.environment['SESSION_SECRET'] = 'two';
  const isDone = (): boolean =>
    machineVersions(harness).every((version) => version > before) &&
    harness.machines(APP).every(({ state, checks }) => state === 'started' && checks.every(({ status }) => status === 'passing'));
  for (let spent = 0; spent < 1_200 && !isDone(); spent++) await harness.clock.advance(seconds(0.5));
  if (!isDone()) throw new Error('the rollout of the secret does not end');
  const took = (harness.clock.now() - begun) / 1_000;
  const writes = secretWrites(harness);
  await harness.untilSettled(120);
  await harness.stop();
  // The first alone, then waves of the share; each wave is one machine's time and one look.
  const waves = 1 + Math.ceil((MACHINES - 1) / Math.floor(MACHINES * SHARE));
  const bound = POLL_S + TICK_S + waves * (ONE_MACHINE_S + TICK_S);
  return [
    { name: 'secret_writes_per_rotation', value: writes - 1, unit: 'requests', limit: 1, work: true },
    {
      name: 'secret_on_all_20_machines',
      value: round(took / bound),
      unit: 'ratio',
      limit: 1.15,
      work: false,
      note: `${round(took)} s of ${round(bound)} s: the poll, the write, ${waves} waves of boot, checks and one tick`,
    },
  ];
}
