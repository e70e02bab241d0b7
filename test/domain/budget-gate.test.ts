import { describe, expect, test } from 'vitest';
import { budgetGate, type GatedBudget, gatesOver } from '#domain/budget-gate.ts';
import { microUsd } from '#domain/units.ts';

/** Micro-dollars an hour of so many dollars a month of 720 hours. */
const monthly = (usd: number) => microUsd((usd * 1_000_000) / 720);
const gated = (gate: GatedBudget['gate'], scope: number | null = 100, pending = 0): readonly GatedBudget[] => [
  { name: 'all', gate, scopePerHour: scope === null ? null : monthly(scope), pendingPerHour: monthly(pending) },
];
const change = (before: number, after: number) => ({ beforePerHour: monthly(before), afterPerHour: monthly(after) });

describe('a plan waits for a person', () => {
  test.each([
    {
      when: 'it adds more dollars than the gate',
      budgets: gated({ maxIncreaseUsd: 10 }),
      plan: change(5, 16),
      says: 'budget all: $11.00 a month more; at most $10.00',
    },
    {
      when: 'it adds a larger share than the gate',
      budgets: gated({ maxIncreasePercent: 10 }),
      plan: change(5, 20),
      says: 'budget all: $15.00 a month more (15 %); at most 10 %',
    },
    {
      when: 'all in all costs more than the gate',
      budgets: gated({ total: 110 }),
      plan: change(5, 16),
      says: 'budget all: $111.00 a month in all; at most $110.00',
    },
    {
      when: 'the scope is not known and its own share is too large',
      budgets: gated({ maxIncreasePercent: 50 }, null),
      plan: change(10, 16),
      says: '60 %',
    },
    {
      when: 'it adds little, but others wait beside it',
      budgets: gated({ maxIncreaseUsd: 10 }, 100, 8),
      plan: change(0, 3),
      says: '$11.00 a month more, with the other plans that wait',
    },
    {
      when: 'the second of two budgets holds it',
      budgets: [...gated({ maxIncreaseUsd: 99 }), ...gated({ maxIncreaseUsd: 1 })],
      plan: change(0, 2),
      says: '$2.00',
    },
  ])('when $when', ({ budgets, plan, says }) => {
    expect(budgetGate(budgets, plan)?.message).toContain(says);
  });
  test.each([
    {
      when: 'it adds just what the gate lets through',
      budgets: gated({ maxIncreaseUsd: 10, maxIncreasePercent: 10, total: 110 }),
      plan: change(5, 15),
    },
    { when: 'it costs less than before, however full the budget', budgets: gated({ maxIncreaseUsd: 0, total: 1 }), plan: change(50, 20) },
    { when: 'it costs the same', budgets: gated({ maxIncreaseUsd: 0, total: 0 }), plan: change(5, 5) },
    { when: 'there was nothing: a share of nothing says nothing', budgets: gated({ maxIncreasePercent: 1 }, 0), plan: change(0, 5) },
    { when: 'no budget gates', budgets: [], plan: change(0, 1_000) },
  ])('but not when $when', ({ budgets, plan }) => {
    expect(budgetGate(budgets, plan)).toBeNull();
  });
});
test('a budget gates what it counts: its organization, or its environments', () => {
  const budget = (name: string, scope: { organization?: string; environments?: string[] }, gate = true) => ({
    apiVersion: 'trimtab.dev/v1alpha1' as const,
    kind: 'Budget' as const,
    metadata: { name },
    spec: { scope, monthly: { amount: 100 }, ...(gate ? { gate: { total: 1 } } : {}) },
  });
  const all = [
    budget('org', { organization: 'acme' }),
    budget('other', { organization: 'beta' }),
    budget('two', { environments: ['staging', 'production'] }),
    budget('lax', { organization: 'acme' }, false),
  ];
  expect(gatesOver(all, { environment: 'staging', organization: 'acme' }).map(({ metadata }) => metadata.name)).toEqual(['org', 'two']);
});
