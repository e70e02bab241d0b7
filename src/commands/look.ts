/** Commands that only look. */
import type { Command } from 'commander';
import { sayError } from '#cli/context.ts';
import { ok } from '#domain/result.ts';
import { act, type Common, commands, selection, VERSION } from './act.ts';

interface PlanOptions extends Common {
  readonly markdown?: boolean;
  readonly json?: boolean;
  readonly github?: boolean;
}

export function registerLook(program: Command): void {
  program
    .command('validate')
    .description('checks the desired state; needs no platform')
    .argument('[folder]', 'folder or git address; default TRIMTAB_SOURCE')
    .action(
      act(async (context, config, folder: string | undefined) => {
        const { validate } = await import('./context.ts');
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
    .option('--github', "in a workflow: also into the run's summary, and as one comment on the pull request")
    .action(
      act(async (context, config, environment: string | undefined, options: PlanOptions) => {
        const { githubPlace } = await import('./github.ts');
        const place = options.github === true ? githubPlace(config.variables, VERSION) : ok(null);
        if (!place.ok) return sayError(context, place.error);
        return (await commands()).plan({ ...context, json: context.json || options.json === true }, selection(environment, options), {
          markdown: options.markdown === true,
          github: place.value,
        });
      }),
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
}
