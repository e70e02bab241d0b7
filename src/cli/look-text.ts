/** `trimtab look`: an organization at a glance, for somebody who sees trimtab for the first time. */

import { HOURS_PER_MONTH } from '#domain/price-book.ts';
import { microToDollars } from '#domain/ratio.ts';
import type { Look, LookedApp } from '#engine/look.ts';
import { pc } from './colours.ts';

export function lookText({ organization, apps, monthMicroUsd, proposals }: Look): string {
  const started = apps.reduce((sum, one) => sum + one.started, 0);
  const machines = apps.reduce((sum, one) => sum + one.machines, 0);
  const head = `${pc.bold(organization)}  ${apps.length} apps, ${started} of ${machines} machines run, ${pc.bold(`${microToDollars(monthMicroUsd)} a month`)} at the rate of now`;
  const width = Math.max(12, ...apps.map(({ app }) => app.length));
  const rows = apps.flatMap((one) => appLines(one, width));
  const saved = proposals.map(
    ({ what, saves, change }) =>
      `  ${microToDollars(saves).padStart(9)}  ${what}\n${change
        .split('\n')
        .map((line) => pc.dim(`             ${line}`))
        .join('\n')}`,
  );
  const saving =
    saved.length === 0 ? ['Nothing to save that shows at a glance.'] : [pc.bold('The cheapest dollars to save, per month'), ...saved];
  return `${[head, '', ...rows, '', ...saving, '', pc.dim(`Nothing was written. Next: trimtab import production --org ${organization}`)].join('\n')}\n`;
}
function appLines(
  { app, machines, started, regions, microUsdPerHour, file, differences, oldestSecretDays, secrets, error }: LookedApp,
  width: number,
): readonly string[] {
  if (error !== null) return [`  ${app.padEnd(width)} ${pc.red(error)}`];
  const age = oldestSecretDays === null ? '' : `  ${secrets} secrets, the oldest ${oldestSecretDays} days`;
  const row = `  ${app.padEnd(width)} ${`${started}/${machines}`.padStart(7)} ${regions.join(' ').padEnd(12)} ${microToDollars(microUsdPerHour * HOURS_PER_MONTH).padStart(9)}${age}`;
  if (file === null) return [row];
  return differences.length === 0
    ? [`${row}  ${pc.green(`as ${file} says`)}`]
    : [row, ...differences.map((one) => pc.yellow(`      ${file}: ${one}`))];
}
