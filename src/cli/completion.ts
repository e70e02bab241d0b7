/** Completion scripts: names of commands, with their descriptions where the shell shows them. */
import type { CliContext, ExitCode } from './context.ts';

interface Named {
  readonly name: string;
  readonly description: string;
}
export function completion(context: Pick<CliContext, 'out' | 'err'>, commands: readonly Named[], shell: string): Promise<ExitCode> {
  const make = SHELLS[shell];
  if (make === undefined) {
    context.err(`error: no completion for ${shell}\n  known: ${Object.keys(SHELLS).join(', ')}\n`);
    return Promise.resolve(1);
  }
  context.out(make(commands));
  return Promise.resolve(0);
}
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const SHELLS: Readonly<Record<string, (commands: readonly Named[]) => string>> = {
  bash: (commands) => `complete -W ${quoted(commands.map(({ name }) => name).join(' '))} trimtab\n`,
  zsh: (commands) =>
    `#compdef trimtab\n_trimtab() {\n  local -a commands=(\n${commands.map(({ name, description }) => `    ${quoted(`${name}:${description}`)}`).join('\n')}\n  )\n  _describe command commands\n}\ncompdef _trimtab trimtab\n`,
  fish: (commands) =>
    commands.map(({ name, description }) => `complete -c trimtab -n __fish_use_subcommand -a ${name} -d ${quoted(description)}\n`).join(''),
};
