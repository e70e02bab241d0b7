/** `trimtab validate`: every problem of every environment at once. */

import type { Problem } from '#domain/problem.ts';
import { problemText } from '#domain/problem.ts';
import { pc } from './colours.ts';
import type { CliContext, ExitCode } from './context.ts';

export interface Validated {
  readonly name: string;
  readonly apps: number;
  readonly revision: string | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}
export function sayValidated(context: CliContext, environments: readonly Validated[]): ExitCode {
  if (context.json) context.out(`${JSON.stringify(environments, null, 2)}\n`);
  else for (const one of environments) context.out(validatedText(one));
  return environments.some(({ problems }) => problems.length > 0) ? 1 : 0;
}
function validatedText({ name, apps, revision, problems, warnings }: Validated): string {
  const head =
    revision === null
      ? `${pc.red('refused')} ${pc.bold(name)}: ${problems.length} problem${problems.length === 1 ? '' : 's'}\n`
      : `${pc.green('valid')} ${pc.bold(name)}: ${apps} app${apps === 1 ? '' : 's'}, revision ${revision.slice(0, 12)}\n`;
  const said = problems.map((problem) => `${pc.red(problemText(problem))}\n`);
  return `${head}${said.join('')}${warnings.map((warning) => `${pc.yellow(`warning ${problemText(warning)}`)}\n`).join('')}`;
}
