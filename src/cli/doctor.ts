/** `trimtab doctor`: what is looked at, what was found, what to do about it. */
import { pc } from './colours.ts';
import type { CliContext, ExitCode } from './context.ts';

export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'warning' | 'error';
  readonly found: string;
  readonly remedy: string | null;
}
export function sayFindings(context: CliContext, findings: readonly Finding[]): ExitCode {
  if (context.json) context.out(`${JSON.stringify(findings, null, 2)}\n`);
  else for (const one of findings) context.out(findingText(one));
  return findings.some(({ state }) => state === 'error') ? 1 : 0;
}
const MARK = { ok: pc.green('ok     '), warning: pc.yellow('warning'), error: pc.red('error  ') } as const;
const findingText = ({ what, state, found, remedy }: Finding): string =>
  `${MARK[state]} ${what.padEnd(16)} ${found}\n${remedy === null ? '' : `        ${' '.repeat(16)} ${remedy}\n`}`;
