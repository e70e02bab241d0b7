/** Every metric that the code exports, by name. */
import { instant } from '#domain/units.ts';
import { makeMetrics } from '#telemetry/metrics.ts';

export async function exportedMetrics(): Promise<readonly string[]> {
  const { registry } = makeMetrics('test', {
    statuses: () => [],
    environments: () => [],
    queue: () => ({ waiting: 0, active: 0 }),
    monthToDate: () => 0,
    observations: () => [],
    environmentCosts: () => [],
    budgets: () => [],
    noticeQueues: () => [],
    restorePoints: () => [],
    now: () => instant(0),
  });
  return (await registry.getMetricsAsJSON()).map(({ name }) => name);
}
