/** Commands beside the main job. */
import type { Command } from 'commander';
import { act } from './act.ts';

export function registerTools(program: Command): void {
  program
    .command('simulator')
    .description('the platform simulator alone, for the CLI of the platform and for trimtab')
    .action(
      act(async (context, config) => {
        const { runSimulator } = await import('./context.ts');
        return runSimulator(context, config);
      }),
    );
  program
    .command('schema')
    .description('JSON Schema of the desired state, for editors')
    .action(
      act(async (context) => {
        const { jsonSchema } = await import('#domain/desired-json-schema.ts');
        context.out(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
        return 0;
      }),
    );
  program
    .command('doctor')
    .description('looks at what trimtab needs: runtime, data folder, source, token, platform')
    .action(
      act(async (context, config) => {
        const { doctor } = await import('./context.ts');
        return doctor(context, config);
      }),
    );
  program
    .command('completion')
    .description('a completion script for your shell')
    .argument('<shell>', 'bash, zsh or fish')
    .action(
      act(async (context, _config, shell: string) => {
        const { completion } = await import('#cli/completion.ts');
        return completion(
          context,
          program.commands.map((one) => ({ name: one.name(), description: one.description() })),
          shell,
        );
      }),
    );
}
