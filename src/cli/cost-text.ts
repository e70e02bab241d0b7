/** Costs for people: tables, CSV, and the comparison with an invoice. */

import type { Proposal } from '#domain/advise.ts';
import { type CostEntry, type Dimension, sharesBy, totalOf } from '#domain/ledger.ts';
import { HOURS_PER_MONTH } from '#domain/price-book.ts';
import { microToDollars } from '#domain/ratio.ts';
import type { CostAnswer, DayCost, WhatIfAnswer } from '#engine/accounts.ts';
import { pc } from './colours.ts';

/** Above it somebody should find out why. */
const GAP_WARNING = 0.05;
export const percent = (ratio: number | null): string => (ratio === null ? 'n/a' : `${ratio > 0 ? '+' : ''}${(ratio * 100).toFixed(1)} %`);

export function costText(answers: readonly CostAnswer[], dimension: Dimension): string {
  return answers.map((answer) => answerText(answer, dimension)).join('\n');
}
function answerText(answer: CostAnswer, dimension: Dimension): string {
  const { organization, month, entries, labels, summary, budgets, actual, unknown, builds } = answer;
  const shares = sharesBy(entries, dimension, (app) => labels[app] ?? null);
  const width = Math.max(12, ...shares.map(({ key }) => key.length));
  const rows = shares.map(
    ({ key, amount, guessed }) => `  ${key.padEnd(width)} ${microToDollars(amount).padStart(12)}${guessed ? pc.dim('  estimate') : ''}`,
  );
  const head = `${pc.bold(organization)} ${month}  ${pc.bold(microToDollars(totalOf(entries)))}${summary === null ? '' : ' so far'}`;
  const now =
    summary === null
      ? []
      : [
          `  today ${microToDollars(summary.today)} · now ${microToDollars(summary.perHour, 4)}/h (${microToDollars(summary.perHour * HOURS_PER_MONTH)}/month) · week ${microToDollars(summary.week)} (${percent(summary.weekOverWeek)} on the week before)`,
          `  forecast ${pc.bold(microToDollars(summary.forecast.amount))} (${microToDollars(summary.forecast.low)} to ${microToDollars(summary.forecast.high)}, four times of five${summary.forecast.basis === 'rate' ? '; by the rate of now, less than a week is known' : ''})`,
          `  deploys this week ${summary.deploys}${summary.costPerDeploy === null ? '' : `, ${microToDollars(summary.costPerDeploy)} each`} · builds ${builds}`,
        ];
  const kept = budgets.map(({ name, amount, used, forecast, state, acts }) => {
    const colour = state.level === 'critical' ? pc.red : state.level === 'warning' ? pc.yellow : pc.green;
    return [
      `  budget ${name}: ${colour(state.level)}, ${microToDollars(used)} of ${microToDollars(amount)}, forecast ${microToDollars(forecast)}${state.reason === '' || state.level === 'ok' ? '' : ` (${state.reason})`}`,
      ...acts.map(({ environment, act }) => `    acts in ${environment}: ${act}`),
    ].join('\n');
  });
  const gap = actual === null ? [] : [gapText(actual.amount, actual.estimate, actual.gap, actual.by)];
  const missing = unknown.map(({ item, why }) => pc.dim(`  ${item}: not known (${why})`));
  return `${[head, ...now, ...rows, ...kept, ...gap, ...missing].join('\n')}\n`;
}
export function gapText(amount: number, estimate: number, gap: number | null, by: string): string {
  const said = `  dashboard ${microToDollars(amount)} (read by ${by}), counted here ${microToDollars(estimate)}: gap ${percent(gap)}`;
  return gap !== null && Math.abs(gap) > GAP_WARNING ? pc.yellow(`${said}: above 5 %, find out why`) : said;
}
const CSV_HEAD = 'organization,month,environment,app,label,group,region,item,class,usd,estimate';
export function costCsv(answers: readonly CostAnswer[]): string {
  const rows = answers.flatMap(({ organization, month, entries, labels }) =>
    entries.map((entry) =>
      [
        organization,
        month,
        entry.environment ?? '',
        entry.app,
        labels[entry.app] ?? '',
        entry.group,
        entry.region,
        entry.item,
        entry.cls,
        (entry.amount / 1_000_000).toFixed(6),
        entry.guessed || entry.guess !== null ? 'yes' : '',
      ]
        .map(cell)
        .join(','),
    ),
  );
  return `${[CSV_HEAD, ...rows].join('\n')}\n`;
}
const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const BAR = 40;
/** A day a line, with a bar against the dearest. */
export function daysText(days: readonly DayCost[]): string {
  const most = Math.max(1, ...days.map(({ amount }) => amount));
  return [...Map.groupBy(days, ({ organization }) => organization)]
    .map(([organization, all]) => {
      const rows = all.map(
        ({ day, amount }) =>
          `  ${day} ${microToDollars(amount).padStart(12)} ${pc.dim('▇'.repeat(Math.max(0, Math.round((amount / most) * BAR))))}`,
      );
      return `${[`${pc.bold(organization)}  ${microToDollars(totalOf(all))}`, ...rows].join('\n').replace(/ +$/gm, '')}\n`;
    })
    .join('\n');
}
export const daysCsv = (days: readonly DayCost[]): string =>
  `${[
    'organization,day,app,usd',
    ...days.flatMap(({ organization, day, apps }) =>
      apps.map(({ app, amount }) => [organization, day, app, (amount / 1_000_000).toFixed(6)].map(cell).join(',')),
    ),
  ].join('\n')}\n`;

export function adviceText(proposals: readonly Proposal[]): string {
  if (proposals.length === 0) return 'nothing to save that trimtab knows of\n';
  const all = proposals.map(({ what, saves, note, change, environment }) => {
    const lines = change.split('\n').map((one) => `      ${one}`);
    return `${pc.bold(microToDollars(saves).padStart(10))}/month  ${environment === null ? '' : `${environment}: `}${what}\n${pc.dim(`      ${note}`)}\n${lines.join('\n')}\n`;
  });
  return all.join('');
}
export function whatIfText({ apps }: WhatIfAnswer): string {
  const month = (perHour: number): string => microToDollars(perHour * HOURS_PER_MONTH);
  const moved = apps.filter(
    ({ before, after }) => before.expectedPerHour !== after.expectedPerHour || before.alwaysOnPerHour !== after.alwaysOnPerHour,
  );
  const sum = (side: 'before' | 'after', rate: 'expectedPerHour' | 'alwaysOnPerHour'): number =>
    apps.reduce((total, one) => total + one[side][rate], 0);
  const line = (name: string, [before, after, always]: readonly [number, number, number]): string =>
    `  ${name.padEnd(28)} ${month(before).padStart(12)} → ${month(after).padStart(12)}   always on ${month(always)}`;
  const rows = moved.map(({ environment, before, after }) =>
    line(`${environment}/${before.name}`, [before.expectedPerHour, after.expectedPerHour, after.alwaysOnPerHour]),
  );
  const total = line('all together', [sum('before', 'expectedPerHour'), sum('after', 'expectedPerHour'), sum('after', 'alwaysOnPerHour')]);
  return `${[moved.length === 0 ? '  no cost changes' : '  a month', ...rows, pc.bold(total)].join('\n')}\n`;
}

export interface InvoiceLine {
  readonly key: string;
  readonly invoiced: number;
  readonly counted: number;
}
const ITEM_WORDS: readonly (readonly [RegExp, string])[] = [
  [/snapshot/i, 'snapshot'],
  [/volume|storage/i, 'volume'],
  [/rootfs|stopped|suspended/i, 'rootfs'],
  [/ipv4|ip address|static egress|egress ip/i, 'address'],
  [/cert/i, 'certificate'],
  [/private|cross-region/i, 'private'],
  [/data transfer|egress|bandwidth|outbound/i, 'egress'],
  [/reserv|credit|discount/i, 'credit'],
  [/support|plan|subscription/i, 'fee'],
  [/builder/i, 'builder'],
  [/machine|cpu|vcpu|ram|memory|gpu|compute|shared|performance/i, 'compute'],
];
/** By app and item where the export names an app, else by item. Columns are found by their names. */
export function compareInvoice(
  csv: string,
  entries: readonly CostEntry[],
): { readonly lines: readonly InvoiceLine[]; readonly problem: string | null } {
  const [head = [], ...rows] = csvRows(csv);
  const column = (...names: readonly RegExp[]): number => head.findIndex((title) => names.some((name) => name.test(title.trim())));
  const amountAt = column(/^(amount|total|usd|cost|price total|line total)/i);
  const whatAt = column(/^(item|description|product|line item|name|type)/i);
  const appAt = column(/^app/i);
  if (amountAt === -1 || whatAt === -1)
    return { lines: [], problem: `expected columns for what (item, description) and how much (amount, usd); found: ${head.join(', ')}` };
  const sums = new Map<string, { invoiced: number; counted: number }>();
  const at = (key: string) => {
    const sum = sums.get(key) ?? { invoiced: 0, counted: 0 };
    sums.set(key, sum);
    return sum;
  };
  const keyOf = (app: string, item: string): string => (appAt === -1 || app === '' ? item : `${app} ${item}`);
  for (const row of rows) {
    const amount = Number((row[amountAt] ?? '').replace(/[$,\s]/g, ''));
    if (Number.isNaN(amount) || row.length < 2) continue;
    const what = row[whatAt] ?? '';
    const item = ITEM_WORDS.find(([pattern]) => pattern.test(what))?.[1] ?? what;
    at(keyOf(appAt === -1 ? '' : (row[appAt] ?? ''), item)).invoiced += Math.round(amount * 1_000_000);
  }
  for (const { app, item, amount } of entries) at(keyOf(app, item)).counted += amount;
  const lines = [...sums]
    .map(([key, sum]) => ({ key, ...sum }))
    .sort((a, b) => Math.abs(b.invoiced - b.counted) - Math.abs(a.invoiced - a.counted) || (a.key < b.key ? -1 : 1));
  return { lines, problem: null };
}
export function csvRows(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  for (const [, separator = '', quoted, plain = ''] of text.replaceAll('\r\n', '\n').matchAll(/(^|,|\n)(?:"((?:[^"]|"")*)"|([^",\n]*))/g)) {
    if (separator === '\n') rows.push([]);
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
  }
  return rows.filter((row) => row.some((one) => one !== ''));
}
export function invoiceText(lines: readonly InvoiceLine[]): string {
  const width = Math.max(16, ...lines.map(({ key }) => key.length));
  const row = (key: string, invoiced: number, counted: number): string => {
    const difference = counted - invoiced;
    return `  ${key.padEnd(width)} ${microToDollars(invoiced).padStart(12)} ${microToDollars(counted).padStart(12)} ${microToDollars(difference).padStart(12)} ${percent(invoiced === 0 ? null : difference / invoiced).padStart(9)}`;
  };
  const total = (side: 'invoiced' | 'counted'): number => lines.reduce((sum, one) => sum + one[side], 0);
  return `${[`  ${'line'.padEnd(width)} ${'invoice'.padStart(12)} ${'counted'.padStart(12)} ${'difference'.padStart(12)}`, ...lines.map(({ key, invoiced, counted }) => row(key, invoiced, counted)), pc.bold(row('total', total('invoiced'), total('counted')))].join('\n')}\n`;
}
