/** Dashboards, rules and the pages behind the alerts: generated, checked by Prometheus' own tools, and naming only what the code exports. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { parse as parseToml } from 'smol-toml';
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
test('fly.toml lets the platform scrape the port and path that the controller serves', () => {
  const { env, metrics } = z
    .object({
      env: z.object({ TRIMTAB_PORT: z.string(), TRIMTAB_HOST: z.string() }),
      metrics: z.object({ port: z.number(), path: z.string() }),
    })
    .parse(parseToml(readFileSync('fly.toml', 'utf8')));
  expect(metrics).toEqual({ port: Number(env.TRIMTAB_PORT), path: '/metrics' });
  expect(env.TRIMTAB_HOST).toBe('0.0.0.0');
});
/** Fly sets these on what it scrapes; ours of the same name are renamed. `make observe` runs every query on both kinds of scrape. */
const SET_BY_FLY = ['app', 'instance', 'region', 'host'];
test('no query names a label that Fly takes for itself, but by the variable; every panel asks the chosen data source', () => {
  const Source = z.object({ type: z.string(), uid: z.string() });
  const Variables = z.object({
    templating: z.object({ list: z.array(z.looseObject({ name: z.string(), type: z.string(), query: z.unknown() })) }),
  });
  const Panels = z.object({
    panels: z.array(
      z.object({
        type: z.string(),
        datasource: Source.optional(),
        targets: z.array(z.object({ datasource: Source, legendFormat: z.string().optional() })).optional(),
      }),
    ),
  });
  for (const [file, text] of textsByFile) {
    const { list } = Variables.parse(JSON.parse(text)).templating;
    expect(
      list.map(({ name, type }) => `${name} ${type}`),
      file,
    ).toEqual(['datasource datasource', 'app custom', 'environment query']);
    expect(list[1]?.['query'], file).toBe('own Prometheus : app, Fly : exported_app');
    for (const { type, datasource, targets = [] } of Panels.parse(JSON.parse(text)).panels) {
      if (type === 'row') continue;
      for (const uid of [datasource?.uid, ...targets.map((target) => target.datasource.uid)]) expect(uid, file).toBe('${datasource}');
      for (const { legendFormat = '' } of targets) expect(legendFormat, file).not.toMatch(/\{\{(app|instance|region|host)\}\}/);
    }
  }
  for (const { file, title, expr } of exprs)
    for (const label of SET_BY_FLY) expect(expr.replaceAll('${app}', ''), `${file} ${title}`).not.toMatch(new RegExp(`\\b${label}\\b`));
  for (const { expr } of rules) {
    const labels = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/, */));
    expect(labels.includes('app'), expr).toBe(labels.includes('exported_app'));
    for (const label of ['instance', 'region', 'host']) expect(expr).not.toMatch(new RegExp(`\\b${label}\\b`));
  }
});
test('every panel of every dashboard is described, with what it showed', () => {
  const text = readFileSync('docs/dashboards.md', 'utf8');
  const lacking = exprs.filter(
    ({ title }) => !new RegExp(`^\\| ${title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')} \\| .+ \\| .+ \\|$`, 'm').test(text),
  );
  expect(lacking.map(({ file, title }) => `${file} ${title}: run node test/observe/observe.ts --docs`)).toEqual([]);
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
const TESTS = ['infra/prometheus/rules.test.yaml', 'infra/prometheus/rules.days.test.yaml'];
test('every alert is tested', () => {
  const text = TESTS.map((file) => readFileSync(file, 'utf8')).join('\n');
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
    ['test', 'rules', ...TESTS],
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
