/** Tables of preflight and smoke: one line per item, what to do under what failed, a sum at the end. */

import type { EnvironmentReport } from '#engine/proving.ts';
import { pc } from './colours.ts';

type Item = EnvironmentReport['items'][number];
const MARK = {
  ok: pc.green('ok     '),
  warning: pc.yellow('warning'),
  failed: pc.red('failed '),
  skipped: pc.dim('skipped'),
} as const satisfies Record<Item['state'], string>;

export const reportsText = (reports: readonly EnvironmentReport[], word: string): string =>
  reports.map((report) => reportText(report, word)).join('\n');
function reportText({ environment, items }: EnvironmentReport, word: string): string {
  const head = pc.bold(environment);
  if (items.length === 0) return `${head}: no ${word}\n`;
  const width = Math.min(48, Math.max(...items.map(({ what }) => what.length)));
  return `${head}\n${items.map((item) => itemText(item, width)).join('')}${sumText(items, word)}`;
}
const INDENT = ' '.repeat(10);
function itemText(item: Item, width: number): string {
  const { what, state, message, remedy, took, evidence, attempts } = item;
  // What went well at once has its time in its message.
  const time = took === 0 || (state === 'ok' && attempts === 1) ? '' : pc.dim(` ${spanText(took)}`);
  const line = `  ${MARK[state]} ${what.padEnd(width)}  ${message}${time}\n`;
  if (state === 'ok' || state === 'skipped') return line;
  const todo = remedy === null ? '' : `${INDENT}→ ${remedy}\n`;
  const seen = evidence === undefined || evidence === '' ? '' : `${evidence.replace(/^/gm, `${INDENT}| `)}\n`;
  return `${line}${todo}${pc.dim(seen)}`;
}
const spanText = (took: number): string => (took < 1_000 ? `${took} ms` : `${(took / 1_000).toFixed(1)} s`);
function sumText(items: readonly Item[], word: string): string {
  const count = (state: Item['state']): number => items.filter((item) => item.state === state).length;
  const parts = (['failed', 'warning', 'skipped'] as const).flatMap((state) => (count(state) === 0 ? [] : [`${count(state)} ${state}`]));
  return `  ${count('ok')} of ${items.length} ${word} ok${parts.length === 0 ? '' : `, ${parts.join(', ')}`}\n`;
}
export const hasFailed = (reports: readonly EnvironmentReport[]): boolean =>
  reports.some(({ items }) => items.some(({ state }) => state === 'failed'));
