/** `trimtab cost …`: what it costs, what it would cost, what could be saved. */
import { readFile } from 'node:fs/promises';
import { monthSpan } from '#domain/calendar.ts';
import { failure } from '#domain/errors.ts';
import { DIMENSIONS, type Dimension } from '#domain/ledger.ts';
import { decimalToNano, microToDollars } from '#domain/ratio.ts';
import { instant, type MicroUsd, microUsd } from '#domain/units.ts';
import { type CliContext, type ExitCode, sayError, withOperator } from './context.ts';
import { adviceText, compareInvoice, costCsv, costText, daysCsv, daysText, gapText, invoiceText, whatIfText } from './cost-text.ts';

const print = (context: CliContext, value: unknown, text: () => string): void =>
  context.out(context.json ? `${JSON.stringify(value, null, 2)}\n` : text());
const refuse = (context: CliContext, message: string): ExitCode => sayError(context, failure('REQUEST_INVALID', message));

export interface CostOptions {
  readonly environment: string | null;
  readonly by: string;
  readonly month: string | null;
  readonly csv: boolean;
}
const isDimension = (word: string): word is Dimension => DIMENSIONS.some((one) => one === word);
export function cost(context: CliContext, { environment, by, month, csv }: CostOptions): Promise<ExitCode> {
  if (by === 'day') return costByDay(context, { environment, month, csv });
  if (!isDimension(by)) return Promise.resolve(refuse(context, `--by ${by}: expected one of ${DIMENSIONS.join(', ')}, day`));
  return withOperator(context, async ({ operator }) => {
    const answers = await operator.cost({ environment, month }, context.signal);
    if (!answers.ok) return sayError(context, answers.error);
    if (answers.value.length === 0)
      return refuse(context, environment === null ? 'no environment has been read' : `there is no environment ${environment}`);
    print(context, answers.value, () => (csv ? costCsv(answers.value) : costText(answers.value, by)));
    if (!context.json && !csv && answers.value.every(({ entries }) => entries.length === 0))
      context.err('nothing has been counted yet: `trimtab run` counts while it runs, and reads what was before from the platform\n');
    return 0;
  });
}
function costByDay(context: CliContext, { environment, month, csv }: Omit<CostOptions, 'by'>): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const days = await operator.costDays({ environment, month }, context.signal);
    if (!days.ok) return sayError(context, days.error);
    print(context, days.value, () => (csv ? daysCsv(days.value) : daysText(days.value)));
    return 0;
  });
}
export function invoice(context: CliContext, file: string, month: string | null): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (thrown) {
      return refuse(context, `${file} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
    const answers = await operator.cost({ environment: null, month }, context.signal);
    if (!answers.ok) return sayError(context, answers.error);
    const compared = compareInvoice(
      text,
      answers.value.flatMap(({ entries }) => entries),
    );
    if (compared.problem !== null) return refuse(context, `${file}: ${compared.problem}`);
    print(context, compared.lines, () => invoiceText(compared.lines));
    return 0;
  });
}
export function whatIf(context: CliContext, environment: string | null, settings: readonly string[]): Promise<ExitCode> {
  if (settings.length === 0) return Promise.resolve(refuse(context, 'say what would change: --set backend.memory=1gb'));
  return withOperator(context, async ({ operator }) => {
    const answer = await operator.whatIf(environment, settings, context.signal);
    if (!answer.ok) return sayError(context, answer.error);
    print(context, answer.value, () => whatIfText(answer.value));
    return 0;
  });
}
export function advise(context: CliContext, environment: string | null): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const proposals = await operator.advise(environment, context.signal);
    if (!proposals.ok) return sayError(context, proposals.error);
    print(context, proposals.value, () => adviceText(proposals.value));
    return 0;
  });
}
/** `43.10` → micro-dollars; null when it is no amount. */
export function toMicro(text: string): MicroUsd | null {
  const nano = decimalToNano(text.replace(/^\$/, ''));
  return nano === null ? null : microUsd(Number(nano / 1_000n));
}
export function actual(context: CliContext, given: string, organization: string | null): Promise<ExitCode> {
  const amount = toMicro(given);
  if (amount === null) return Promise.resolve(refuse(context, `${given} is no amount such as 43.10`));
  return withOperator(context, async ({ operator }) => {
    const kept = await operator.actual(amount, organization, context.user, context.signal);
    if (!kept.ok) return sayError(context, kept.error);
    print(context, kept.value, () => `${gapText(kept.value.amount, kept.value.estimate, kept.value.gap, kept.value.by)}\n`);
    return 0;
  });
}
export interface LineOptions {
  readonly label: string;
  readonly amount: string;
  readonly once: boolean;
  readonly from: string | null;
  readonly to: string | null;
  readonly note: string;
}
const dayToInstant = (day: string): number => Date.parse(`${day}T00:00:00Z`);
export function addLine(context: CliContext, { label, amount: given, once, from, to, note }: LineOptions): Promise<ExitCode> {
  const amount = toMicro(given);
  if (amount === null) return Promise.resolve(refuse(context, `${given} is no amount such as 29 or -10.50`));
  const start = from === null ? monthSpan(context.clock.now()).from : dayToInstant(from);
  const end = to === null ? null : dayToInstant(to);
  if (Number.isNaN(start) || (end !== null && Number.isNaN(end)))
    return Promise.resolve(refuse(context, 'expected days such as 2026-11-01'));
  return withOperator(context, async ({ operator }) => {
    const line = { label, amount, monthly: !once, from: instant(start), to: end === null ? null : instant(end), note, by: context.user };
    const added = await operator.addCostLine(line, context.signal);
    if (!added.ok) return sayError(context, added.error);
    print(
      context,
      added.value,
      () =>
        `${added.value.id}: ${microToDollars(added.value.amount)} ${added.value.monthly ? 'a month' : 'once'} from ${new Date(added.value.from).toISOString().slice(0, 10)}\n`,
    );
    return 0;
  });
}
export function removeLine(context: CliContext, id: string): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const removed = await operator.removeCostLine(id, context.signal);
    if (!removed.ok) return sayError(context, removed.error);
    print(context, { removed: id }, () => `removed ${id}\n`);
    return 0;
  });
}
export function ack(context: CliContext, budget: string): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const view = await operator.ackBudget(budget, context.user, context.signal);
    if (!view.ok) return sayError(context, view.error);
    print(context, view.value, () => `budget ${budget} is ${view.value.state.level}; seen by ${context.user}, nobody is told again\n`);
    return 0;
  });
}
