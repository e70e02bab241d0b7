/** Dashboards, rules and the pages behind the alerts: generated, checked by Prometheus' own tools, and naming only what the code exports. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { textsByFile } from '#infra/dashboards/build.ts';
import { exportedMetrics } from '#test/support/exported-metrics.ts';

const Rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          record: z.string().optional(),
          alert: z.string().optional(),
          expr: z.string(),
          annotations: z.record(z.string(), z.string()).optional(),
        }),
      ),
    }),
  ),
});
const rules = Rules.parse(parse(readFileSync('infra/prometheus/rules.yaml', 'utf8'))).groups.flatMap((group) => group.rules);
const Targets = z.object({
  panels: z.array(z.object({ title: z.string().optional(), targets: z.array(z.object({ expr: z.string() })).optional() })),
});
const exprs = [...textsByFile].flatMap(([file, text]) =>
  Targets.parse(JSON.parse(text)).panels.flatMap(({ title = '', targets = [] }) => targets.map(({ expr }) => ({ file, title, expr }))),
);
const namesIn = (expr: string): readonly string[] =>
  [...expr.matchAll(/\btrimtab_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));

test('the committed dashboards are the generated ones', () => {
  expect(
    readdirSync('infra/grafana')
      .filter((file) => file.endsWith('.json'))
      .sort(),
  ).toEqual([...textsByFile.keys()].sort());
  for (const [file, text] of textsByFile)
    expect(readFileSync(`infra/grafana/${file}`, 'utf8') === text, `${file}: run make dashboards`).toBe(true);
});
test('panels and rules name only metrics that the code exports', async () => {
  const known = new Set(await exportedMetrics());
  const unknown = [...exprs, ...rules.map(({ expr }) => ({ file: 'rules.yaml', title: '', expr }))].flatMap(({ file, title, expr }) =>
    namesIn(expr)
      .filter((name) => !known.has(name))
      .map((name) => `${file} ${title}: ${name}`),
  );
  expect(unknown).toEqual([]);
});
test('every exported metric is on a dashboard', async () => {
  const shown = new Set(exprs.flatMap(({ expr }) => namesIn(expr)));
  expect((await exportedMetrics()).filter((name) => !shown.has(name))).toEqual([]);
});
test('every alert has a page that says what to do', () => {
  const headings = new Set([...readFileSync('docs/alerts.md', 'utf8').matchAll(/^## (.+)$/gm)].map(([, name = '']) => name));
  const alerts = rules.flatMap(({ alert, annotations }) => (alert === undefined ? [] : [{ alert, url: annotations?.['runbook_url'] }]));
  expect(alerts.filter(({ alert, url }) => !headings.has(alert) || url !== `docs/alerts.md#${alert.toLowerCase()}`)).toEqual([]);
  expect([...headings].filter((name) => !alerts.some(({ alert }) => alert === name))).toEqual([]);
});
test('every alert is tested', () => {
  const text = readFileSync('infra/prometheus/rules.test.yaml', 'utf8');
  const untested = rules.filter(({ alert }) => alert !== undefined && !new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n`).test(text));
  expect(untested.map(({ alert }) => alert)).toEqual([]);
});

/** Debian's prometheus and prometheus-alertmanager; `.ci/run` installs them. */
const run = (command: string, ...words: readonly string[]) => spawnSync(command, words, { encoding: 'utf8' });
const lacks = (command: string): boolean => run(command, '--version').error !== undefined;
const needed = (command: string) => test.runIf(process.env['CI'] === 'true' || !lacks(command));
needed('promtool')('promtool takes the rules, their tests pass, and the example scrape is valid', () => {
  for (const words of [
    ['check', 'rules', 'infra/prometheus/rules.yaml'],
    ['test', 'rules', 'infra/prometheus/rules.test.yaml'],
    ['check', 'config', 'infra/prometheus/prometheus.yaml'],
  ]) {
    const ran = run('promtool', ...words);
    expect(ran.status, `${ran.stdout}${ran.stderr}${ran.error?.message ?? ''}`).toBe(0);
  }
});
needed('amtool')('amtool takes the example of an Alertmanager', () => {
  const ran = run('amtool', 'check-config', 'infra/prometheus/alertmanager.yaml');
  expect(ran.status, `${ran.stdout}${ran.stderr}${ran.error?.message ?? ''}`).toBe(0);
});
