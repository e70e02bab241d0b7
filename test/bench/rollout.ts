/** A rolling update of 20 machines in simulated time, against what boot, checks, availability and rate limits allow at best. */
import { seconds } from '#domain/units.ts';
import { makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';
import { type Figure, round } from './figure.ts';

const MACHINES = 20;
const SHARE = 0.33;
/** Longest of: prepare, start, first round of the checks (interval 5 s). Source: the simulator's own times. */
const ONE_MACHINE_S = 2.2 + 1.2 + 5;
const TICK_S = 2;

export async function measureRollout(): Promise<readonly Figure[]> {
  const files = oneApp({ machines: `{ nrt: ${MACHINES} }` });
  const harness = await makeHarness({ files, seed: 'rollout' });
  await harness.untilSettled(600);
  const started = harness.clock.now();
  for (const [path, text] of Object.entries(oneApp({ machines: `{ nrt: ${MACHINES} }`, memory: '512mb' }))) harness.files.set(path, text);
  // The commit is read at the next poll: the time starts when it is accepted.
  const accepted = await waitFor(() =>
    harness.events.some((event, at) => at > 0 && event.type === 'RevisionAccepted' && event.revision !== firstRevision(harness.events)),
  );
  const begun = harness.clock.now();
  const done = await waitFor(() =>
    harness
      .machines('acme-web')
      .every(
        ({ config, state, checks }) =>
          config.guest?.memory_mb === 512 && state === 'started' && checks.every(({ status }) => status === 'passing'),
      ),
  );
  async function waitFor(reached: () => boolean): Promise<boolean> {
    for (let spent = 0; spent < 1_200; spent++) {
      if (reached()) return true;
      await harness.clock.advance(seconds(0.5));
    }
    return false;
  }
  if (!accepted || !done || begun < started) throw new Error('the rollout does not end');
  const took = (harness.clock.now() - begun) / 1_000;
  // The first alone, then waves of the share; each wave is one machine's time and one look.
  const waves = 1 + Math.ceil((MACHINES - 1) / Math.floor(MACHINES * SHARE));
  const bound = waves * (ONE_MACHINE_S + TICK_S);
  await harness.stop();
  return [
    {
      name: 'rolling_update_20_machines',
      value: round(took / bound),
      unit: 'ratio',
      limit: 1.15,
      work: false,
      note: `${round(took)} s of ${round(bound)} s: ${waves} waves of boot, checks and one tick`,
    },
  ];
}
const firstRevision = (events: readonly { readonly type: string; readonly revision?: string }[]): string | undefined =>
  events.find(({ type }) => type === 'RevisionAccepted')?.revision;
