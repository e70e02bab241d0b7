/** `make observe`: a real Prometheus scrapes a running demo, once by itself and once as Fly's does, and every query of every dashboard, every variable
 *  and every rule must find data. Ends non-zero when one finds none. The figures go to .trimtab/observe.md. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import pc from 'picocolors';
import { serveHttp } from '#http/serve.ts';
import { makeHands } from '#test/demo/hands.ts';
import type { Tour } from '#test/demo/tour.ts';
import { alertStands, type PanelQuery, panelQueries, recorded, variableQueries } from './panels.ts';
import { type Found, type Prometheus, startPrometheus } from './prometheus.ts';
import { commit, isCalm, makeStage } from './stage.ts';

const started = performance.now();
const write = (text: string): void => void process.stdout.write(text);
const tell = (text: string): void => write(pc.dim(`  ${((performance.now() - started) / 1_000).toFixed(0).padStart(3)} s  ${text}\n`));
const LOOK_MS = 500;

/** What every panel needs to have happened, while both look on. */
async function live(tour: Tour): Promise<void> {
  const { controller, waitFor, api, trimtab } = tour;
  const hands = makeHands(api);
  // Taking over is silent; the first change after it waits for a person.
  await waitFor('a person is asked', async () => (await controller.status()).some(({ held }) => held > 0), 60, LOOK_MS);
  tell('a person approves the first change');
  await trimtab(['approve', 'production']);
  await waitFor('everything is taken over', () => isCalm(tour), 60, LOOK_MS);
  tell('taken over; a release in each environment');
  for (const path of ['desired-state/production/web.yaml', 'desired-state/staging/web.yaml'])
    commit(tour, path, (text) => text.replace(':v1\n', ':v2\n'));
  await new Promise((next) => setTimeout(next, 2_500));
  await waitFor('both are live', () => isCalm(tour), 60, LOOK_MS);
  tell('live; drift by hand');
  const before = await controller.corrected();
  await hands.setEnv('acme-api', 'LOG_LEVEL', 'debug');
  await hands.setEnv('acme-staging-web', 'LOG_LEVEL', 'debug');
  await waitFor('one is corrected', async () => (await controller.corrected()) > before, 60, LOOK_MS);
  await waitFor('the other one stands', async () => (await controller.status()).some(({ drifts }) => drifts > 0), 30, LOOK_MS);
}
interface Line {
  readonly where: string;
  readonly what: string;
  readonly found: readonly Found[];
  /** Null: no panel. */
  readonly panel: PanelQuery | null;
  /** Null: as it should be. */
  readonly wrong: string | null;
}
const withNumbers = (found: readonly Found[]): readonly Found[] => found.filter(({ value }) => value !== null);
const emptyText = (found: readonly Found[]): string | null =>
  found.length === 0 ? 'no series' : withNumbers(found).length === 0 ? 'not a number' : null;
async function look(prometheus: Prometheus, app: 'app' | 'exported_app'): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const note = (where: string, what: string, found: readonly Found[], wrong: string | null, panel: PanelQuery | null = null): void => {
    lines.push({ where: `${where} (${prometheus.name})`, what, found: withNumbers(found), panel, wrong });
  };
  for (const query of panelQueries(app)) {
    const { dashboard, panel, expr, over, labels } = query;
    const found = await prometheus.query(expr, over);
    const missing = labels.filter((label) => !found.some((one) => label in one.labels));
    const nameless = missing.length === 0 ? null : `its legend names ${missing.join(', ')}, which is not there`;
    note(dashboard, panel, found, emptyText(found) ?? nameless, query);
  }
  for (const { dashboard, label, series } of variableQueries()) {
    const values = await prometheus.labelValues(label, series);
    note(dashboard, `variable ${label}`, [], values.length === 0 ? 'no value' : null);
  }
  for (const record of recorded) {
    const found = await prometheus.query(record, 'range');
    note('rules', record, found, emptyText(found));
  }
  for (const { alert, series } of alertStands()) {
    const found = await prometheus.query(series, 'range');
    note('rules', `${alert}: ${series}`, found, emptyText(found));
  }
  for (const { name, health, lastError = '' } of await prometheus.rules())
    note('rules', `${name} is evaluated`, [], health === 'ok' ? null : `${health} ${lastError}`);
  return lines;
}
const DOCS = 'docs/dashboards.md';
const UNITS: Readonly<Record<string, (value: number) => string>> = {
  s: (value) => `${Number(value.toPrecision(3))} s`,
  currencyUSD: (value) => `$${value.toFixed(2)}`,
  percentunit: (value) => `${(value * 100).toFixed(1)} %`,
  ops: (value) => `${Number(value.toPrecision(2))}/s`,
  reqps: (value) => `${Number(value.toPrecision(2))}/s`,
};
/** The pages of docs/dashboards.md, with what the panels showed: the first of our own scrape. */
function docsText(lines: readonly Line[]): string {
  const seen = lines.filter(({ where, panel }) => panel !== null && where.endsWith('(own)'));
  const sections = [...Map.groupBy(seen, ({ panel }) => panel?.dashboard ?? '')].map(([dashboard, all]) => {
    const rows = [...Map.groupBy(all, ({ what }) => what).values()].flatMap(([one]) => {
      if (one === undefined || one.panel === null) return [];
      const { panel, found } = one;
      const shown = found.slice(0, 3).map(({ labels, value }) => {
        const name = panel.labels.map((label) => labels[label] ?? '').join(' ');
        return `${name === '' ? '' : `${name} `}${(UNITS[panel.unit] ?? figure)(value ?? 0)}`;
      });
      return [
        `| ${cell(panel.panel)} | ${cell(panel.description)} | ${cell(shown.join(', '))}${found.length > shown.length ? ', …' : ''} |`,
      ];
    });
    return `## ${dashboard}\n\n| panel | what it tells | seen |\n|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `${readFileSync(DOCS, 'utf8').split('\n## ')[0]?.trimEnd() ?? ''}\n\n${sections.join('\n')}`;
}
const figure = (value: number | null): string => (value === null ? '–' : String(Number(value.toPrecision(4))));
const cell = (text: string): string => text.replaceAll('|', '\\|');
const rowOf = ({ where, what, found, wrong }: Line): string =>
  `| ${cell(where)} | ${cell(what)} | ${found.length === 0 ? '' : found.length} | ${figure(found[0]?.value ?? null)} | ${wrong ?? 'yes'} |`;

write(pc.bold('A running demo with a past of three weeks, and two Prometheus: one of our own, one as Fly scrapes\n'));
let messages = 0;
const team = await serveHttp(
  () => {
    messages += 1;
    return new Response('', { status: 204 });
  },
  '127.0.0.1',
  0,
);
const tour = await makeStage(() => undefined, team.url);
const running: Prometheus[] = [];
const end = async (): Promise<void> => {
  await Promise.all(running.map((one) => one.close()));
  await tour.close();
  await team.close();
  rmSync(tour.folder, { recursive: true, force: true });
};
process.once('SIGINT', () => void end().then(() => process.exit(1)));
try {
  tell('the past is written');
  await tour.controller.start();
  running.push(await startPrometheus(tour.folder, tour.serverUrl, 'own', {}));
  running.push(
    await startPrometheus(tour.folder, tour.serverUrl, 'Fly', { app: 'acme-trimtab', instance: '3d8d9014b32d89', region: 'nrt' }),
  );
  tell('both scrape');
  await live(tour);
  const [own, fly] = running;
  if (own === undefined || fly === undefined) throw new Error('no Prometheus');
  let lines: readonly Line[] = [];
  await tour.waitFor('the team is told', () => Promise.resolve(messages > 0), 30, LOOK_MS);
  // What happened once is counted once, also where nothing was before it.
  for (const [what, metric] of [
    ['drift seen', 'drift_detected_total'],
    ['drift corrected', 'drift_corrected_total'],
    ['deploys', 'deploys_total'],
  ] as const) {
    const asked = panelQueries('app').find(({ expr }) => expr.startsWith('sum(') && expr.includes(metric));
    if (asked === undefined) throw new Error(`no panel counts ${metric}`);
    await tour.waitFor(`${what}: counted`, async () => ((await own.query(asked.expr, 'instant'))[0]?.value ?? 0) > 0.9, 20, LOOK_MS);
  }
  // What was the last to happen is in the next scrapes.
  for (let tries = 0; tries < 12 && (tries === 0 || lines.some(({ wrong }) => wrong !== null)); tries++) {
    await new Promise((next) => setTimeout(next, 1_500));
    lines = [...(await look(own, 'app')), ...(await look(fly, 'exported_app'))];
  }
  const wrong = lines.filter((line) => line.wrong !== null);
  mkdirSync('.trimtab', { recursive: true });
  const head = '| dashboard | panel or rule | series | newest | data |\n|---|---|---|---|---|';
  writeFileSync('.trimtab/observe.md', `${[head, ...lines.map(rowOf)].join('\n')}\n`);
  if (process.argv.includes('--docs')) writeFileSync(DOCS, docsText(lines));
  for (const line of wrong) write(`  ${pc.red('✗')} ${line.where} ${line.what}: ${line.wrong ?? ''}\n`);
  const took = ((performance.now() - started) / 1_000).toFixed(0);
  write(
    `  ${wrong.length === 0 ? pc.green('✓') : pc.red('✗')} ${lines.length - wrong.length} of ${lines.length} queries and rules found data, in ${took} s; .trimtab/observe.md\n`,
  );
  process.exitCode = wrong.length === 0 ? 0 : 1;
} catch (thrown) {
  write(`  ${pc.red('✗')} ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
} finally {
  await end();
}
