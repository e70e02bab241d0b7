/** `trimtab report`: the weekly record, and its signatures. */
import { microToDollars } from '#domain/ratio.ts';
import { type CliContext, type ExitCode, sayError, withOperator } from './context.ts';
import { percent } from './cost-text.ts';
import { type Language, weekMarkdown } from './week-text.ts';

const print = (context: CliContext, value: unknown, text: () => string): void =>
  context.out(context.json ? `${JSON.stringify(value, null, 2)}\n` : text());

export function report(context: CliContext, week: string | null, language: Language): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const record = await operator.weekRecord(week, context.signal);
    if (!record.ok) return sayError(context, record.error);
    print(context, record.value, () => weekMarkdown(record.value, language));
    return 0;
  });
}
export function reports(context: CliContext): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const records = await operator.weekRecords(context.signal);
    if (!records.ok) return sayError(context, records.error);
    print(context, records.value, () =>
      records.value.length === 0
        ? 'no finished week is stored yet: `trimtab report --week DAY` stores one\n'
        : records.value
            .map(({ week, organizations, checklist, deploys }) => {
              const costs = organizations.map(
                ({ organization, cost, weekOverWeek }) => `${organization} ${microToDollars(cost)} (${percent(weekOverWeek)})`,
              );
              return `${week}  ${costs.join('  ')}  ${deploys} deploys  ${checklist.filter(({ signed }) => signed !== null).length}/${checklist.length} signed\n`;
            })
            .join(''),
    );
    return 0;
  });
}
export function sign(context: CliContext, item: string, note: string, week: string | null, language: Language): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const record = await operator.signWeek(week, item, note, context.user, context.signal);
    if (!record.ok) return sayError(context, record.error);
    print(context, record.value, () => weekMarkdown(record.value, language));
    return 0;
  });
}
