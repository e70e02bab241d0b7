/** `trimtab preflight` and `trimtab smoke`. */
import type { TrimtabError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { EnvironmentReport } from '#engine/proving.ts';
import { type CliContext, type ExitCode, type Opened, sayError, withOperator } from './context.ts';
import { junitText } from './junit.ts';
import { hasFailed, reportsText } from './phase-text.ts';

/** Writes the JUnit file; null: none is wanted. */
export type SaveJunit = ((text: string) => Promise<void>) | null;

export const preflight = (context: CliContext, environment: string | null, save: SaveJunit): Promise<ExitCode> =>
  prove(context, environment, 'preflight', save, ({ operator }) => operator.preflight(environment, context.signal));

export const smoke = (
  context: CliContext,
  environment: string | null,
  only: readonly string[] | null,
  save: SaveJunit,
): Promise<ExitCode> => prove(context, environment, 'smoke', save, ({ operator }) => operator.smoke(environment, only, context.signal));

const WORDS = { preflight: 'conditions', smoke: 'checks' } as const;
function prove(
  context: CliContext,
  environment: string | null,
  what: keyof typeof WORDS,
  save: SaveJunit,
  ask: (opened: Opened) => Promise<Result<readonly EnvironmentReport[], TrimtabError>>,
): Promise<ExitCode> {
  return withOperator(
    context,
    async (opened) => {
      const reports = await ask(opened);
      if (!reports.ok) return sayError(context, reports.error);
      if (reports.value.length === 0) {
        context.err(`error: there is no environment ${environment ?? ''}\n  see \`trimtab status\` for those there are\n`);
        return 1;
      }
      await save?.(junitText(reports.value, what));
      context.out(context.json ? `${JSON.stringify(reports.value, null, 2)}\n` : reportsText(reports.value, WORDS[what]));
      return hasFailed(reports.value) ? 1 : 0;
    },
    environment,
  );
}
