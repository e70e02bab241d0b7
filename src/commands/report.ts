/** Commands about the weekly record. */
import type { Command } from 'commander';
import { act } from './act.ts';

const reports = () => import('#cli/report.ts');

export function registerReport(program: Command): void {
  const report = program
    .command('report')
    .description(
      'the weekly record: cost, budget, deploys, drift, and the checklist with evidence (Markdown; TRIMTAB_LANG=ja for Japanese)',
    )
    .option('--week [monday]', 'the day it begins; default: the week that goes on')
    .option('--list', 'the stored weeks of a year')
    .option('--json', 'the same as --output json')
    .action(
      act(async (context, config, options: { readonly week?: string | boolean; readonly list?: boolean; readonly json?: boolean }) => {
        const asked = { ...context, json: context.json || options.json === true };
        const week = typeof options.week === 'string' ? options.week : null;
        return options.list === true ? (await reports()).reports(asked) : (await reports()).report(asked, week, config.language);
      }),
    );
  report
    .command('sign')
    .description('signs an item of the checklist')
    .argument('<item>')
    .option('--note <text>', 'what was found', '')
    .option('--week <monday>', 'the day the week begins')
    .action(
      act(async (context, config, item: string, options: { readonly note: string; readonly week?: string }) =>
        (await reports()).sign(context, item, options.note, options.week ?? null, config.language),
      ),
    );
}
