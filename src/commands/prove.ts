/** Commands that prove an environment, before and after a release. */
import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { act } from './act.ts';

const collect = (name: string, before: readonly string[] = []): readonly string[] => [...before, name];
const saveTo = (path: string | undefined) => (path === undefined ? null : (text: string) => writeFile(path, text));

export function registerProve(program: Command): void {
  program
    .command('preflight')
    .description('everything that would keep a release from going through, at once, with remedies')
    .argument('[environment]', 'absent: every one')
    .option('--junit <file>', 'also as JUnit XML')
    .action(
      act(async (context, _config, environment: string | undefined, options: { readonly junit?: string }) => {
        const { preflight } = await import('#cli/prove.ts');
        return preflight(context, environment ?? null, saveTo(options.junit));
      }),
    );
  program
    .command('smoke')
    .description('asks the smoke checks of desired state, now')
    .argument('[environment]', 'absent: every one')
    .addOption(new Option('-c, --check <name>', 'only this check; may be given several times').argParser(collect))
    .option('--junit <file>', 'also as JUnit XML')
    .action(
      act(
        async (
          context,
          _config,
          environment: string | undefined,
          options: { readonly check?: readonly string[]; readonly junit?: string },
        ) => {
          const { smoke } = await import('#cli/prove.ts');
          return smoke(context, environment ?? null, options.check ?? null, saveTo(options.junit));
        },
      ),
    );
}
