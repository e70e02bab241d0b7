/** Commands that run trimtab, and steer what it does. */
import type { Command } from 'commander';
import { act, type Common, commands, selection, UNLOCKED, type Unlocked, VERSION, withLock } from './act.ts';

export function registerSteer(program: Command): void {
  program
    .command('run')
    .description('the controller: watches, corrects, serves the status page and metrics')
    .option('--once', 'one round, then end: 0 synced, 2 held, 1 failed')
    .option('-e, --environment <name>', 'only this environment')
    .option('--timeout <seconds>', 'with --once: give up after', '900')
    .action(
      act(async (context, config, options: { readonly once?: boolean; readonly timeout: string } & Common) => {
        const { runController } = await import('./context.ts');
        const chosen = { once: options.once === true, only: options.environment ?? null, limitS: Number(options.timeout) };
        return runController(context, config, VERSION, chosen);
      }),
    );
  program
    .command('apply')
    .description('approves what waits for a person, and carries it out')
    .argument('[environment]')
    .option('-a, --app <name>', 'only this app')
    .option('--timeout <seconds>', 'give up watching after', '900')
    .option('--unlocked', UNLOCKED)
    .action(
      act(async (context, _config, environment: string | undefined, options: Common & Unlocked & { readonly timeout: string }) =>
        (await commands()).apply(withLock(context, options), selection(environment, options), Number(options.timeout)),
      ),
    );
  program
    .command('halt')
    .description('stops all writes within a second; --off ends it')
    .argument('[environment]', 'absent: everywhere')
    .option('--off', 'allow writes again')
    .option('--reason <text>', 'for those who wonder', 'no reason given')
    .action(
      act(async (context, _config, environment: string | undefined, options: { readonly off?: boolean; readonly reason: string }) =>
        (await commands()).halt(context, environment ?? '*', options.off === true, options.reason),
      ),
    );
  program
    .command('import')
    .description('writes an environment folder from live apps, such that the plan is empty afterwards')
    .argument('<environment>')
    .requiredOption('--org <slug>', 'the organization')
    .option('--app <names>', 'these apps, separated by commas; absent: every app of the organization')
    .option('--config <files>', 'their fly.toml files, separated by commas; absent: infra/fly/*.toml, else the last release')
    .option('--mode <mode>', 'observe, manual or automatic', 'observe')
    .option('--folder <path>', 'where to write; default: TRIMTAB_SOURCE')
    .option('--force', 'overwrite an existing folder')
    .action(
      act(async (context, config, environment: string, options: Readonly<Record<string, string | boolean | undefined>>) => {
        const { importCommand } = await import('./import.ts');
        return importCommand(context, config, environment, options);
      }),
    );
  program
    .command('eject')
    .description("takes trimtab's stamps off without a restart; the platform's own CLI goes on")
    .argument('<environment>')
    .option('-a, --app <name>', 'only this app')
    .option('--unlocked', UNLOCKED)
    .action(
      act(async (context, _config, environment: string, options: Common & Unlocked) =>
        (await commands()).eject(withLock(context, options), selection(environment, options)),
      ),
    );
}
