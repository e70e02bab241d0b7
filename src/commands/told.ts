/** Commands about what was done, and about what people are told. */
import type { Command } from 'commander';
import { act } from './act.ts';

const notifying = () => import('#cli/notify.ts');
interface AuditOptions {
  readonly app?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly since?: string;
  readonly until?: string;
  readonly cursor?: string;
  readonly limit: string;
  readonly all?: boolean;
}
export function registerTold(program: Command): void {
  program
    .command('audit')
    .description('who did what, from what to what, why, and how it ended; newest first')
    .argument('[environment]')
    .option('--app <app>', 'only this one')
    .option('--actor <name>', 'only by this one; trimtab itself is `trimtab`')
    .option('--action <word>', 'how what was done begins, such as release, approve or machine-group/')
    .option('--since <when>', 'a day, an instant, or a span such as 24h')
    .option('--until <when>', 'the same, exclusive')
    .option('--limit <rows>', 'so many', '50')
    .option('--cursor <cursor>', 'where the page before ended')
    .option('--all', 'page after page, to the end')
    .action(
      act(async (context, _config, environment: string | undefined, options: AuditOptions) => {
        const { audit } = await import('#cli/audit.ts');
        const { app = null, actor = null, action = null, since = null, until = null, cursor = null, limit, all } = options;
        return audit(context, { environment: environment ?? null, app, actor, action, since, until, cursor, limit, all: all === true });
      }),
    );
  const notify = program
    .command('notify')
    .description('what people were told lately, and what waits')
    .argument('[environment]')
    .action(
      act(async (context, _config, environment: string | undefined) => (await notifying()).notifyStatus(context, environment ?? null)),
    );
  notify
    .command('test')
    .description('sends a test to the targets under notify, now')
    .option('--environment <name>', 'only its targets')
    .option('--target <name>', 'only this one')
    .action(
      act(async (context, _config, options: { readonly environment?: string; readonly target?: string }) =>
        (await notifying()).notifyTest(context, options.environment ?? null, options.target ?? null),
      ),
    );
  notify
    .command('occasions')
    .description('everything that can be told')
    .action(act(async (context) => (await notifying()).notifyOccasions(context)));
}
