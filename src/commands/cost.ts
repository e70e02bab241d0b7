/** Commands about money. */
import type { Command } from 'commander';
import type { CliContext } from '#cli/context.ts';
import { act } from './act.ts';

const costs = () => import('#cli/cost.ts');
interface Json {
  readonly json?: boolean;
}
const asJson = (context: CliContext, { json }: Json): CliContext => ({ ...context, json: context.json || json === true });
const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

export function registerCost(program: Command): void {
  const cost = program
    .command('cost')
    .description('what it costs: month to date, rate, week, forecast, budgets')
    .argument('[environment]')
    .option('--by <dimension>', 'environment, app, group, label, region, item or day', 'app')
    .option('--month <month>', 'such as 2026-11; default: the one that goes on')
    .option('--csv', 'every entry, for a spreadsheet')
    .option('--json', 'the same as --output json')
    .action(
      act(
        async (
          context,
          _config,
          environment: string | undefined,
          options: Json & { readonly by: string; readonly month?: string; readonly csv?: boolean },
        ) =>
          (await costs()).cost(asJson(context, options), {
            environment: environment ?? null,
            by: options.by,
            month: options.month ?? null,
            csv: options.csv === true,
          }),
      ),
    );
  registerQuestions(cost);
  registerEntries(cost);
}
function registerQuestions(cost: Command): void {
  cost
    .command('invoice')
    .description('compares an export of an invoice (CSV) with what was counted, line by line')
    .argument('<file>')
    .option('--month <month>', 'the month of the invoice')
    .action(
      act(async (context, _config, file: string, options: { readonly month?: string }) =>
        (await costs()).invoice(context, file, options.month ?? null),
      ),
    );
  cost
    .command('whatif')
    .description('what a change would cost, without making it')
    .argument('[environment]')
    .option('--set <setting>', 'app.field=value or app/group.field=value; again for more', collect, [])
    .action(
      act(async (context, _config, environment: string | undefined, options: { readonly set: readonly string[] }) =>
        (await costs()).whatIf(context, environment ?? null, options.set),
      ),
    );
  cost
    .command('advise')
    .description('what could be saved, with $/month and the exact change')
    .argument('[environment]')
    .action(act(async (context, _config, environment: string | undefined) => (await costs()).advise(context, environment ?? null)));
}
/** What no API tells. */
function registerEntries(cost: Command): void {
  cost
    .command('actual')
    .description("keeps what the platform's dashboard shows, and tells the gap")
    .requiredOption('--month-to-date <usd>', 'such as 43.10')
    .option('--org <slug>', 'where there are several')
    .action(
      act(async (context, _config, options: { readonly monthToDate: string; readonly org?: string }) =>
        (await costs()).actual(context, options.monthToDate, options.org ?? null),
      ),
    );
  cost
    .command('ack')
    .description('says that a critical budget was seen: nobody is told again')
    .argument('<budget>')
    .action(act(async (context, _config, budget: string) => (await costs()).ack(context, budget)));
  const line = cost.command('line').description('what no API tells: plan, support, credits');
  line
    .command('add')
    .description('a dated line; below zero: a credit')
    .argument('<label>')
    .argument('<usd>')
    .option('--once', 'on its day; default: every month')
    .option('--from <day>', 'such as 2026-11-01; default: the first of this month')
    .option('--to <day>', 'the first day without it')
    .option('--note <text>', 'where it is written', '')
    .allowUnknownOption()
    .action(
      act(
        async (
          context,
          _config,
          label: string,
          usd: string,
          options: { readonly once?: boolean; readonly from?: string; readonly to?: string; readonly note: string },
        ) =>
          (await costs()).addLine(context, {
            label,
            amount: usd,
            once: options.once === true,
            from: options.from ?? null,
            to: options.to ?? null,
            note: options.note,
          }),
      ),
    );
  line
    .command('remove')
    .argument('<id>')
    .action(act(async (context, _config, id: string) => (await costs()).removeLine(context, id)));
}
export function registerGlance(program: Command): void {
  program
    .command('look')
    .description(
      'a first look at an organization: what runs, what differs from your fly.toml files, secrets by age, what a month costs, what could be saved',
    )
    .requiredOption('--org <slug>', 'the organization')
    .option('--folder <path>', 'where fly.toml files lie; default: TRIMTAB_SOURCE')
    .option('--json', 'the same as --output json')
    .action(
      act(async (context, config, options: Json & { readonly org: string; readonly folder?: string }) => {
        const { glance } = await import('./glance.ts');
        return glance(asJson(context, options), config, options.org, options.folder ?? null);
      }),
    );
}
