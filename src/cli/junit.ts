/** Results as JUnit XML: one suite per environment. Read by every CI. */
import type { EnvironmentReport } from '#engine/proving.ts';

export function junitText(reports: readonly EnvironmentReport[], word: string): string {
  const suites = reports.map((report) => suiteText(report, word)).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="trimtab ${word}">\n${suites}</testsuites>\n`;
}
function suiteText({ environment, items }: EnvironmentReport, word: string): string {
  const count = (state: string): number => items.filter((item) => item.state === state).length;
  const total = items.reduce((sum, { took }) => sum + took, 0);
  const attributes = `name="${xml(environment)}" tests="${items.length}" failures="${count('failed')}" skipped="${count('skipped')}" time="${total / 1_000}"`;
  return `  <testsuite ${attributes}>\n${items.map((item) => caseText(item, `${environment}.${word}`)).join('')}  </testsuite>\n`;
}
function caseText({ what, state, message, remedy, took, evidence }: EnvironmentReport['items'][number], group: string): string {
  const inside = [
    state === 'failed' ? `      <failure message="${xml(message)}">${xml(remedy ?? '')}</failure>\n` : '',
    state === 'skipped' ? `      <skipped message="${xml(message)}"/>\n` : '',
    state === 'warning' ? `      <system-err>${xml(`${message}\n${remedy ?? ''}`)}</system-err>\n` : '',
    evidence === undefined || evidence === '' ? '' : `      <system-out>${xml(evidence)}</system-out>\n`,
  ].join('');
  const head = `    <testcase classname="${xml(group)}" name="${xml(what)}" time="${took / 1_000}"`;
  return inside === '' ? `${head}/>\n` : `${head}>\n${inside}    </testcase>\n`;
}
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;', '\n': '&#10;' };
/** Characters that XML cannot hold at all are left out. */
const xml = (text: string): string => text.replace(/[^\P{C}\n\t]/gu, '').replace(/[&<>"'\n]/g, (found) => ENTITIES[found] ?? '');
