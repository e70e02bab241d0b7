/** Every act of a person leaves a row: who, what, to what, why, and how it ended. */
import { expect, test } from 'vitest';
import { failure } from '#domain/errors.ts';
import { err, ok } from '#domain/result.ts';
import { instant, microUsd } from '#domain/units.ts';
import { auditedOperator } from '#engine/audited.ts';
import type { Operator } from '#engine/operator.ts';
import { makeHarness } from '#test/support/harness.ts';
import { operatorOf } from '#test/support/operator.ts';
import { oneApp } from '#test/support/worlds.ts';

const signal = new AbortController().signal;
const ALL = { environment: null, app: null };
const LINE = { label: 'support', amount: microUsd(29_000_000), monthly: true, from: instant(0), to: null, note: 'plan', by: 'ann' };
const ACTS: Readonly<Record<string, (operator: Operator) => Promise<unknown>>> = {
  'ann approve * → h1 (asked by a person)': (operator) => operator.approve({ environment: 'test', app: null }, 'ann', 'h1', signal),
  'ann halt * (why not)': (operator) => operator.halt('*', 'ann', 'why not', signal),
  'ann unhalt * (asked by a person)': (operator) => operator.unhalt('*', 'ann', signal),
  'ann eject * (asked by a person)': (operator) => operator.eject(ALL, 'ann', signal),
  'ann budget ack all * (seen by a person)': (operator) => operator.ackBudget('all', 'ann', signal),
  'ann report sign budget * (looked)': (operator) => operator.signWeek(null, 'budget', 'looked', 'ann', signal),
  'ann cost line support * → $29.00 (plan)': (operator) => operator.addCostLine(LINE, signal),
  'ann cost actual * → $43.10 (read by a person)': (operator) => operator.actual(microUsd(43_100_000), null, 'ann', signal),
  'ann notify test slack * (asked by a person)': (operator) => operator.notifyTest(null, 'slack', 'ann', signal),
  'ann secrets sync * (asked by a person)': (operator) => operator.syncSecrets(ALL, { apply: false, by: 'ann', values: new Map() }, signal),
  'ann token add bob * → viewer (asked by a person)': (operator) => operator.addToken('bob', 'viewer', 'ann', signal),
  'ann token revoke bob * (asked by a person)': (operator) => operator.revokeToken('bob', 'ann', signal),
};
test.each([
  { answer: ok([]), result: 'done' },
  { answer: err(failure('STORE_UNAVAILABLE', 'no')), result: 'STORE_UNAVAILABLE: no' },
])('is $result', async ({ answer, result }) => {
  const harness = await makeHarness({ files: oneApp(), start: false });
  // Whatever is done, it ends so.
  const ended = new Proxy(operatorOf(harness), { get: () => () => Promise.resolve(answer), ownKeys: () => [] });
  const operator = auditedOperator(ended, harness);
  for (const act of Object.values(ACTS)) await act(operator);
  const any = { environment: null, app: null, actor: null, action: null, since: null, until: null, before: null };
  const rows = await harness.store.searchAudit({ ...any, limit: 100 }, signal);
  if (!rows.ok) throw new Error(rows.error.message);
  const said = rows.value.map(
    ({ actor, what, environment, to, why }) =>
      `${actor} ${what} ${environment === 'test' ? '*' : environment}${to === null ? '' : ` → ${to}`} (${why})`,
  );
  expect(said.reverse()).toEqual(Object.keys(ACTS));
  expect(new Set(rows.value.map((row) => row.result))).toEqual(new Set([result]));
  await harness.stop();
});
