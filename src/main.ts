/** argv → command. Heavy parts are loaded by the command that needs them: `--version` must not wait for a database. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import type { CliContext, ExitCode } from '#cli/context.ts';
import type { Selection } from '#engine/operator.ts';
import type { Config } from './config.ts';

const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8'));
const VERSION = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(`ended by ${name}`)));

const program = new Command('trimtab')
  .description('Keeps what runs on Fly.io equal to what is committed in git.')
  .version(VERSION, '-v, --version')
  .addOption(new Option('-o, --output <form>', 'form of the output').choices(['text', 'json']).default('text'))
  .showHelpAfterError('(trimtab --help lists everything)')
  .showSuggestionAfterError()
  .exitOverride();
program.addHelpText(
  'after',
  '\nExit codes: 0 done or nothing to do · 1 error · 2 changes, or something is held.\nConfiguration: environment variables; the README has the table.',
);

interface Common {
  readonly app?: string;
  readonly environment?: string;
}
const selection = (environment: string | undefined, { app }: Common): Selection => ({ environment: environment ?? null, app: app ?? null });
/** Reads the configuration and gives the command its context. */
function act<A extends readonly unknown[]>(run: (context: CliContext, config: Config, ...given: A) => Promise<ExitCode>) {
  return async (...given: A): Promise<void> => {
    const { readConfig } = await import('./config.ts');
    const config = readConfig(process.env, process.cwd());
    if (!config.ok) {
      process.stderr.write(`error: configuration\n${config.problems.map((problem) => `  ${problem}\n`).join('')}`);
      process.exitCode = 1;
      return;
    }
    const { makeContext } = await import('./command-context.ts');
    const context = makeContext(config.config, { version: VERSION, json: program.opts()['output'] === 'json', signal: stop.signal });
    process.exitCode = await run(context, config.config, ...given);
  };
}
const commands = () => import('#cli/commands.ts');

program
  .command('run')
  .description('the controller: watches, corrects, serves the status page and metrics')
  .option('--once', 'one round, then end: 0 synced, 2 held, 1 failed')
  .option('-e, --environment <name>', 'only this environment')
  .option('--timeout <seconds>', 'with --once: give up after', '900')
  .action(
    act(async (context, config, options: { readonly once?: boolean; readonly timeout: string } & Common) => {
      const { runController } = await import('./command-context.ts');
      const chosen = { once: options.once === true, only: options.environment ?? null, limitS: Number(options.timeout) };
      return runController(context, config, VERSION, chosen);
    }),
  );
program
  .command('validate')
  .description('checks the desired state; needs no platform')
  .argument('[folder]', 'folder or git address; default TRIMTAB_SOURCE')
  .action(
    act(async (context, config, folder: string | undefined) => {
      const { validate } = await import('./command-context.ts');
      return validate(context, folder === undefined ? config : { ...config, source: folder });
    }),
  );
program
  .command('plan')
  .description('what would be done, why, in which order, and what it costs')
  .argument('[environment]')
  .option('-a, --app <name>', 'only this app')
  .option('--markdown', 'for a comment on a pull request')
  .option('--json', 'the same as --output json')
  .action(
    act(
      async (
        context,
        _config,
        environment: string | undefined,
        options: Common & { readonly markdown?: boolean; readonly json?: boolean },
      ) =>
        (await commands()).plan(
          { ...context, json: context.json || options.json === true },
          selection(environment, options),
          options.markdown === true,
        ),
    ),
  );
program
  .command('apply')
  .description('approves what waits for a person, and carries it out')
  .argument('[environment]')
  .option('-a, --app <name>', 'only this app')
  .option('--timeout <seconds>', 'give up watching after', '900')
  .action(
    act(async (context, _config, environment: string | undefined, options: Common & { readonly timeout: string }) =>
      (await commands()).apply(context, selection(environment, options), Number(options.timeout)),
    ),
  );
program
  .command('status')
  .description('how everything is')
  .argument('[environment]')
  .option('-a, --app <name>', 'only this app')
  .action(
    act(async (context, _config, environment: string | undefined, options: Common) =>
      (await commands()).status(context, selection(environment, options)),
    ),
  );
program
  .command('explain')
  .description('why an app is as it is, and what happens next')
  .argument('<app>')
  .option('-e, --environment <name>')
  .action(
    act(async (context, _config, app: string, options: Common) =>
      (await commands()).explain(context, { environment: options.environment ?? null, app }),
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
      const { importCommand } = await import('./import-command.ts');
      return importCommand(context, config, environment, options);
    }),
  );
program
  .command('eject')
  .description("takes trimtab's stamps off without a restart; the platform's own CLI goes on")
  .argument('<environment>')
  .option('-a, --app <name>', 'only this app')
  .action(
    act(async (context, _config, environment: string, options: Common) =>
      (await commands()).eject(context, selection(environment, options)),
    ),
  );
program
  .command('simulator')
  .description('the platform simulator alone, for the CLI of the platform and for trimtab')
  .action(
    act(async (context, config) => {
      const { runSimulator } = await import('./command-context.ts');
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
      const { doctor } = await import('./command-context.ts');
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

try {
  await program.parseAsync();
} catch (thrown) {
  if (!(thrown instanceof CommanderError)) throw thrown;
  process.exitCode = thrown.exitCode === 0 ? 0 : 1;
}
