/** `trimtab notify`: what people were told, what waits, and whether a target can be reached. */
import { OCCASIONS } from '#domain/notices/words.ts';
import { pc } from './colours.ts';
import { type CliContext, type ExitCode, sayError, withOperator } from './context.ts';

const print = (context: CliContext, value: unknown, text: () => string): void =>
  context.out(context.json ? `${JSON.stringify(value, null, 2)}\n` : text());
const LATELY = 20;

export function notifyTest(context: CliContext, environment: string | null, target: string | null): Promise<ExitCode> {
  return withOperator(
    context,
    async ({ operator }) => {
      const tested = await operator.notifyTest(environment, target, context.user, context.signal);
      if (!tested.ok) return sayError(context, tested.error);
      print(context, tested.value, () =>
        tested.value
          .map(
            ({ environment: one, target: name, kind, fault }) =>
              `${fault === null ? pc.green('ok   ') : pc.red('error')} ${one}/${name} (${kind})  ${fault ?? 'it arrived'}\n`,
          )
          .join(''),
      );
      return tested.value.every(({ fault }) => fault === null) ? 0 : 1;
    },
    environment,
  );
}
export function notifyStatus(context: CliContext, environment: string | null): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const found = await operator.notifications(environment, LATELY, context.signal);
    if (!found.ok) return sayError(context, found.error);
    print(context, found.value, () => {
      const { targets, messages } = found.value;
      if (targets.length === 0) return 'nobody is told: no environment has targets under notify (docs/notifications.md)\n';
      const lines = targets.map(
        ({ environment: one, target, waiting, oldestAt }) =>
          `${one}/${target}: ${waiting === 0 ? 'nothing waits' : `${waiting} wait, since ${new Date(oldestAt ?? 0).toISOString()}`}\n`,
      );
      const lately = messages.map(
        ({ at, target, id, state, attempts, note }) =>
          `  ${new Date(at).toISOString()} ${target} ${id} ${state}${attempts > 1 ? ` (attempt ${attempts})` : ''}${note === '' ? '' : `: ${note}`}\n`,
      );
      return `${lines.join('')}${lately.length === 0 ? '' : `\nLately:\n${lately.join('')}`}`;
    });
    return 0;
  });
}
export function notifyOccasions(context: CliContext): ExitCode {
  print(context, OCCASIONS, () =>
    Object.entries(OCCASIONS)
      .map(([name, { severity, says }]) => `${name.padEnd(22)} ${severity.padEnd(9)} ${says}\n`)
      .join(''),
  );
  return 0;
}
