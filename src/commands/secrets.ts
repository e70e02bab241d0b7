/** Commands about secrets. */
import type { Command } from 'commander';
import { act, type Common, selection, UNLOCKED, type Unlocked, withLock } from './act.ts';

export function registerSecrets(program: Command): void {
  const secrets = program.command('secrets').description('how secrets are, and that what their sources give is written');
  secrets
    .command('status')
    .description('each secret: source, state, on how many machines, age, when it must be rotated; never a value')
    .argument('[environment]')
    .option('-a, --app <name>', 'only this app')
    .action(
      act(async (context, _config, environment: string | undefined, options: Common) => {
        const { secretsStatus } = await import('#cli/secrets.ts');
        return secretsStatus(context, selection(environment, options));
      }),
    );
  secrets
    .command('sync')
    .description('checks every value, then writes what changed; the next deploy, or --apply, brings it to the machines')
    .argument('[environment]')
    .option('-a, --app <name>', 'only this app')
    .option('--apply', 'bring it to the machines now')
    .option('--from-here', 'variables of this process stand for those of a running controller')
    .option('--timeout <seconds>', 'with --apply: give up watching after', '900')
    .option('--unlocked', UNLOCKED)
    .action(
      act(
        async (
          context,
          config,
          environment: string | undefined,
          options: Common & Unlocked & { readonly apply?: boolean; readonly fromHere?: boolean; readonly timeout: string },
        ) => {
          const { secretsSync } = await import('#cli/secrets.ts');
          const wish = { apply: options.apply === true, fromHere: options.fromHere === true, limitS: Number(options.timeout) };
          return secretsSync(withLock(context, options), selection(environment, options), config.variables, wish);
        },
      ),
    );
}
