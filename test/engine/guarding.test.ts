import { expect, test } from 'vitest';
import type { GuardRule } from '#domain/guard.ts';
import type { Controls } from '#domain/restrain.ts';
import { guardFor } from '#engine/guarding.ts';
import { plainTarget } from '#engine/target.ts';
import { APP, aContext, aGroup, aMachine, anApp, anEnvironment, observedApp, REVISION } from '#test/support/builders.ts';
import { plainStep, planOfSteps, updateStep } from '#test/support/steps.ts';

const machine = aMachine(aGroup(), 'app-1');
const calm: Controls = {
  halted: null,
  approved: false,
  waits: null,
  values: null,
  notices: [],
  waitsFor: [],
  foreignRelease: null,
  massChange: null,
  gates: [],
  stateLost: null,
};
interface Given {
  readonly controls?: Partial<Controls>;
  readonly selfApp?: string;
  readonly protection?: 'production' | 'none';
  readonly owner?: string;
}
function rulesOf({ controls = {}, selfApp, protection = 'none', owner = 'acme/staging' }: Given): readonly GuardRule[] {
  const context = aContext({ owner, observed: observedApp({ machines: [machine] }) });
  const environment = anEnvironment({ protection });
  const target = plainTarget(environment, anApp(), REVISION);
  const guard = guardFor({ selfApp: selfApp ?? null }, target, context, { ...calm, ...controls });
  const steps = [updateStep(machine), { ...plainStep('stop', machine), key: 'stop' }];
  return guard(planOfSteps(steps)).map(({ rule }) => rule);
}

test.each([
  { given: {}, rules: [] },
  { given: { controls: { halted: 'by ann' } }, rules: ['writes-stopped'] },
  { given: { controls: { massChange: 'our own version' } }, rules: ['mass-change', 'mass-change'] },
  { given: { controls: { massChange: 'our own version', approved: true } }, rules: [] },
  { given: { selfApp: APP }, rules: ['own-app'] },
  { given: { protection: 'production' as const }, rules: ['last-healthy'] },
  { given: { protection: 'production' as const, controls: { approved: true } }, rules: [] },
  { given: { owner: 'acme/production' }, rules: ['foreign-machine', 'foreign-machine'] },
])('the guard of a pass knows what the pass knows: $given', ({ given, rules }) => expect(rulesOf(given)).toEqual(rules));
