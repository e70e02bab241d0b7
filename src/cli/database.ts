/** `trimtab db …`: what it prints, and its exit codes. */

import type { DatabaseOperator, MigrateAnswer } from '#engine/database-operator.ts';
import type { MigrationOutlook } from '#engine/migrations.ts';
import type { PhaseItem } from '#engine/release-ports.ts';
import { pc } from './colours.ts';
import { type CliContext, type ExitCode, sayError, withOperator } from './context.ts';

/** 0 nothing is pending · 1 it could not be run · 2 something is pending. */
export function migrationStatus(context: CliContext, environment: string | null): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const seen = await operator.db.migrations(environment, context.signal);
    if (!seen.ok) return sayError(context, seen.error);
    print(context, seen.value, () => seen.value.map(outlookText).join('\n'));
    if (seen.value.some(({ items }) => items.some(({ state }) => state === 'failed'))) return 1;
    return seen.value.some(({ pending }) => pending.length > 0) ? 2 : 0;
  });
}
/** 0 everything is applied · 1 something failed. */
export function migrate(context: CliContext, environment: string | null): Promise<ExitCode> {
  return withOperator(context, async ({ operator, server }) => {
    if (server !== null) context.err(pc.dim(`served by the controller at ${server}\n`));
    const ran = await untilDone(context, operator.db, environment);
    if (!ran.ok) return sayError(context, ran.error);
    print(context, ran.value, () => ran.value.map(ranText).join('\n'));
    return ran.value.some(({ items }) => items.some(({ state }) => state === 'failed')) ? 1 : 0;
  });
}
async function untilDone(context: CliContext, db: DatabaseOperator, environment: string | null) {
  for (;;) {
    const ran = await db.migrate(environment, context.user, context.signal);
    if (!ran.ok || context.signal.aborted || !ran.value.some(({ running }) => running)) return ran;
    if (!context.json) context.err(pc.dim('still running …\n'));
  }
}
const print = (context: CliContext, value: unknown, text: () => string): void =>
  context.out(context.json ? `${JSON.stringify(value, null, 2)}\n` : text());

function outlookText({ environment, database, format, applied, pending, items, notes }: MigrationOutlook): string {
  const head = `${pc.bold(environment)} ${database ?? ''} · ${format} · ${applied} applied, ${pending.length} pending\n`;
  return [head, ...notes.map((note) => `  ${note}\n`), ...pending.map((file) => `  + ${file}\n`), ...items.map(itemText)].join('');
}
const ranText = ({ environment, items }: MigrateAnswer): string => [`${pc.bold(environment)}\n`, ...items.map(itemText)].join('');
const MARKS: Readonly<Record<PhaseItem['state'], string>> = { ok: '✓', warning: '!', failed: '✗', skipped: '·' };
function itemText({ what, state, message, remedy, took }: PhaseItem): string {
  const time = took === 0 ? '' : pc.dim(` ${(took / 1_000).toFixed(1)} s`);
  const colour = state === 'failed' ? pc.red : state === 'warning' ? pc.yellow : state === 'ok' ? pc.green : pc.dim;
  const lines = message.replaceAll('\n', '\n    ');
  return `  ${colour(MARKS[state])} ${what}  ${lines}${time}\n${remedy === null ? '' : pc.dim(`      ${remedy}\n`)}`;
}
