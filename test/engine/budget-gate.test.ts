import { expect, test } from 'vitest';
import { environmentName } from '#domain/ids.ts';
import { type Files, makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';

const BUDGET = `apiVersion: trimtab.dev/v1alpha1
kind: Budget
metadata: { name: all }
spec:
  scope: { environments: [test] }
  monthly: { amount: 100 }
  gate: { maxIncreaseUsd: 5 }
`;
const world = (memory: string): Files => ({ ...oneApp({ memory }), 'desired-state/test/budget.yaml': BUDGET });

test('a commit that costs more than the gate lets through waits for a person', async () => {
  const harness = await makeHarness({ files: world('512mb'), seed: 'gate' });
  // The first machines come by an approval too: from nothing to two of them is $8.36 a month.
  await harness.pass(30);
  expect(harness.machines('acme-web')).toHaveLength(0);
  expect(harness.status('acme-web')?.held).toMatchObject([{ reason: 'BudgetGate' }]);
  expect(harness.status('acme-web')?.held[0]?.message).toContain('budget all: $8.36 a month more; at most $5.00');
  const approve = async () => {
    const controller = harness.controller();
    const [target] = controller.environments.targets();
    if (target === undefined) throw new Error('no app');
    await controller.approvals.give(environmentName('test'), target.app.app, target.revision, 'ann', AbortSignal.timeout(1_000));
    await controller.wake([target], AbortSignal.timeout(1_000));
  };
  await approve();
  await harness.untilSettled();
  // 2 × 0.5 GB × $5 × 1.307692308 = $6.54
  harness.files.set('desired-state/test/web.yaml', world('1gb')['desired-state/test/web.yaml'] ?? '');
  await harness.pass(60);
  const memory = () => harness.machines('acme-web').map(({ config }) => config.guest?.memory_mb);
  expect(memory()).toEqual([512, 512]);
  expect(harness.status('acme-web')?.conditions.find(({ type }) => type === 'Held')).toMatchObject({
    status: 'true',
    reason: 'BudgetGate',
  });
  await approve();
  await harness.untilSettled();
  expect(memory()).toEqual([1_024, 1_024]);
  await harness.stop();
});
test('a commit within the gate goes through by itself', async () => {
  const files = { ...world('256mb'), 'desired-state/test/budget.yaml': BUDGET.replace('maxIncreaseUsd: 5', 'maxIncreaseUsd: 9') };
  const harness = await makeHarness({ files, seed: 'gate-open' });
  await harness.untilSettled();
  harness.files.set('desired-state/test/web.yaml', world('512mb')['desired-state/test/web.yaml'] ?? '');
  await harness.pass(30);
  await harness.untilSettled();
  expect(harness.machines('acme-web').map(({ config }) => config.guest?.memory_mb)).toEqual([512, 512]);
  await harness.stop();
});
