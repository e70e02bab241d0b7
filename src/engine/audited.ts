/** Every act of a person, with who, when, what and how it ended: written here once, whichever way it came in. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { Operator } from './operator.ts';

interface Acted {
  readonly environment: string;
  readonly app: string | null;
  readonly by: string;
  readonly what: string;
  readonly why: string;
}
export function auditedOperator(operator: Operator, { store, clock }: StoreDep & ClockDep): Operator {
  /** What was done stays done when it cannot be written down: the store's loss is told by the controller itself. */
  const note = async <T>(acted: Acted, done: Promise<Result<T, TrimtabError>>, signal: AbortSignal): Promise<Result<T, TrimtabError>> => {
    const result = await done;
    const { by, ...row } = acted;
    const said = result.ok ? 'done' : `${result.error.code}: ${result.error.message}`;
    await store.appendAudit([{ ...row, at: clock.now(), actor: by, from: null, to: null, result: said }], signal);
    return result;
  };
  return {
    ...operator,
    approve: (selection, by, plan, signal) =>
      note(
        { environment: selection.environment ?? '*', app: selection.app, by, what: 'approve', why: 'asked by a person' },
        operator.approve(selection, by, plan, signal),
        signal,
      ),
    halt: (scope, by, reason, signal) =>
      note({ environment: scope, app: null, by, what: 'halt', why: reason }, operator.halt(scope, by, reason, signal), signal),
    unhalt: (scope, by, signal) =>
      note({ environment: scope, app: null, by, what: 'unhalt', why: 'asked by a person' }, operator.unhalt(scope, by, signal), signal),
    ackBudget: (budget, by, signal) =>
      note(
        { environment: '*', app: null, by, what: `budget ack ${budget}`, why: 'seen by a person' },
        operator.ackBudget(budget, by, signal),
        signal,
      ),
    signWeek: (week, item, text, by, signal) =>
      note(
        { environment: '*', app: null, by, what: `report sign ${item} ${week ?? ''}`.trimEnd(), why: text },
        operator.signWeek(week, item, text, by, signal),
        signal,
      ),
    eject: (selection, by, signal) =>
      note(
        { environment: selection.environment ?? '*', app: selection.app, by, what: 'eject', why: 'asked by a person' },
        operator.eject(selection, by, signal),
        signal,
      ),
  };
}
