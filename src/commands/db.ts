/** Commands about an environment's database. */
import type { Command } from 'commander';
import { act } from './act.ts';

export function registerDb(program: Command): void {
  const db = program.command('db').description("the environment's database: its migrations");
  const migrate = db
    .command('migrate')
    .description(
      'applies what is pending; `migrate status` and --dry-run only look: 0 nothing is pending, 2 something is, 1 it cannot be run',
    )
    .argument('[environment]')
    .option('--dry-run', 'what would be run, and what it would do; writes nothing')
    .action(
      act(async (context, _config, environment: string | undefined, options: { readonly dryRun?: boolean }) => {
        const { migrate: run, migrationStatus } = await import('#cli/database.ts');
        return options.dryRun === true ? migrationStatus(context, environment ?? null) : run(context, environment ?? null);
      }),
    );
  migrate
    .command('status')
    .description('the same as --dry-run')
    .argument('[environment]')
    .action(
      act(async (context, _config, environment: string | undefined) => {
        const { migrationStatus } = await import('#cli/database.ts');
        return migrationStatus(context, environment ?? null);
      }),
    );
}
