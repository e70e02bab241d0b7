/** Every act of a person, with who, when, what and how it ended: written here once, whichever way it came in. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { microToDollars } from '#domain/ratio.ts';
import type { Result } from '#domain/result.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { Operator, Selection } from './operator.ts';

interface Acted {
  readonly environment?: string | null;
  readonly app?: string | null;
  readonly by: string;
  readonly what: string;
  readonly to?: string | null;
  readonly why?: string;
}
type Done<T> = Promise<Result<T, TrimtabError>>;
type Note = <T>(acted: Acted, done: Done<T>, signal: AbortSignal) => Done<T>;

export function auditedOperator(operator: Operator, { store, clock }: StoreDep & ClockDep): Operator {
  /** What was done stays done when it cannot be written down: the store's loss is told by the controller itself. */
  const note: Note = async ({ environment, app = null, by, what, to = null, why = 'asked by a person' }, done, signal) => {
    const result = await done;
    const said = result.ok ? 'done' : `${result.error.code}: ${result.error.message}`;
    const row = { at: clock.now(), actor: by, environment: environment ?? '*', app, what, from: null, to, why, result: said };
    await store.appendAudit([row], signal);
    return result;
  };
  return { ...operator, ...steered(operator, note), ...aboutMoney(operator, note), ...aboutPeople(operator, note) };
}
const of = ({ environment, app }: Selection): Pick<Acted, 'environment' | 'app'> => ({ environment, app });

const steered = (operator: Operator, note: Note): Pick<Operator, 'approve' | 'halt' | 'unhalt' | 'eject'> => ({
  approve: (selection, by, plan, signal) =>
    note({ ...of(selection), by, what: 'approve', to: plan }, operator.approve(selection, by, plan, signal), signal),
  halt: (scope, by, reason, signal) =>
    note({ environment: scope, by, what: 'halt', why: reason }, operator.halt(scope, by, reason, signal), signal),
  unhalt: (scope, by, signal) => note({ environment: scope, by, what: 'unhalt' }, operator.unhalt(scope, by, signal), signal),
  eject: (selection, by, signal) => note({ ...of(selection), by, what: 'eject' }, operator.eject(selection, by, signal), signal),
});
const aboutMoney = (operator: Operator, note: Note): Pick<Operator, 'ackBudget' | 'signWeek' | 'addCostLine' | 'actual'> => ({
  ackBudget: (budget, by, signal) =>
    note({ by, what: `budget ack ${budget}`, why: 'seen by a person' }, operator.ackBudget(budget, by, signal), signal),
  signWeek: (week, item, text, by, signal) =>
    note({ by, what: `report sign ${item} ${week ?? ''}`.trimEnd(), why: text }, operator.signWeek(week, item, text, by, signal), signal),
  addCostLine: (line, signal) =>
    note(
      { by: line.by, what: `cost line ${line.label}`, to: microToDollars(line.amount), why: line.note || 'entered by a person' },
      operator.addCostLine(line, signal),
      signal,
    ),
  actual: (amount, organization, by, signal) =>
    note(
      { by, what: `cost actual ${organization ?? ''}`.trimEnd(), to: microToDollars(amount), why: 'read by a person' },
      operator.actual(amount, organization, by, signal),
      signal,
    ),
});
const aboutPeople = (operator: Operator, note: Note): Pick<Operator, 'notifyTest' | 'syncSecrets' | 'addToken' | 'revokeToken'> => ({
  notifyTest: (environment, target, by, signal) =>
    note({ environment, by, what: `notify test ${target ?? ''}`.trimEnd() }, operator.notifyTest(environment, target, by, signal), signal),
  // Never a value: names alone would be too many.
  syncSecrets: (selection, wish, signal) =>
    note(
      { ...of(selection), by: wish.by, what: `secrets sync${wish.apply ? ' --apply' : ''}` },
      operator.syncSecrets(selection, wish, signal),
      signal,
    ),
  addToken: (name, role, by, signal) =>
    note({ by, what: `token add ${name}`, to: role }, operator.addToken(name, role, by, signal), signal),
  revokeToken: (name, by, signal) => note({ by, what: `token revoke ${name}` }, operator.revokeToken(name, by, signal), signal),
});
