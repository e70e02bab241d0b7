/** Drift by hand → the corrective call, in simulated time, less the lag of the platform's list. */
import { makeRandom } from '#domain/random.ts';
import { ms, seconds } from '#domain/units.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';
import { type Figure, round } from './figure.ts';

const DRIFTS = 200;
const TICK_S = 2;

export async function measureDrift(): Promise<readonly Figure[]> {
  const random = makeRandom('drifts');
  const harness = await makeHarness({ files: oneApp({ machines: '{ nrt: 3 }' }), seed: 'drift' });
  await harness.untilSettled(120);
  const lag = harness.simulator.world.listLagMs;
  const spans: number[] = [];
  for (let at = 0; at < DRIFTS; at++) {
    // At any moment of the tick, and far enough apart that no contention is seen in it.
    await harness.clock.advance(ms(random.integer(200_000, 203_000)));
    const rows = harness.machines('acme-web');
    const row = rows[random.integer(0, rows.length - 1)];
    if (row === undefined) throw new Error('no machine');
    const started = harness.clock.now();
    if (random.next() < 0.5) await harness.byHand('POST', `/v1/apps/acme-web/machines/${row.id}/stop`, {});
    else
      await harness.byHand('POST', `/v1/apps/acme-web/machines/${row.id}`, {
        config: { ...row.config, env: { ...row.config.env, LOG_LEVEL: `debug-${at}` } },
      });
    // What the platform was asked, not what trimtab says it does.
    const before = corrections(harness);
    const seen = (): number | null => (corrections(harness) > before ? harness.clock.now() - started : null);
    let span = seen();
    for (let waited = 0; span === null && waited < 600; waited++) {
      await harness.clock.advance(ms(100));
      span = seen();
    }
    spans.push(Math.max(0, (span ?? 60_000) - lag));
    await harness.clock.advance(seconds(30));
    const after = harness.machines('acme-web').find(({ id }) => id === row.id);
    if (after?.state !== 'started' || after.config.env?.['LOG_LEVEL'] !== row.config.env?.['LOG_LEVEL'])
      throw new Error(`drift ${at} was not put right`);
  }
  const p99 = [...spans].sort((a, b) => a - b)[Math.floor(DRIFTS * 0.99)] ?? 0;
  const violations = harness.simulator.world.counters.rateLimitViolations;
  await harness.stop();
  return [
    { name: 'rate_limit_violations_drift', value: violations, unit: 'requests', limit: 0, work: true },
    {
      name: 'drift_to_call_p99',
      value: round(p99 / 1_000),
      unit: 's',
      limit: TICK_S + 1,
      work: false,
      note: 'simulated time, until the platform gets the call; includes the time the machine itself is between two states',
    },
  ];
}
const ROUTES = ['POST /apps/{app_name}/machines/{machine_id}', 'POST /apps/{app_name}/machines/{machine_id}/start'];
const corrections = ({ simulator }: Harness): number =>
  ROUTES.reduce((sum, route) => sum + (simulator.world.counters.byRoute.get(route) ?? 0), 0);
