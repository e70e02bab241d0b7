/** `make observe`: a real Prometheus scrapes a running demo, once by itself and once as Fly's does, and every query of every dashboard, every variable
 *  and every rule must find data. Ends non-zero when one finds none. The figures go to .trimtab/observe.md. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import pc from 'picocolors';
import { serveHttp } from '#http/serve.ts';
import { makeHands } from '#test/demo/hands.ts';
import type { Tour } from '#test/demo/tour.ts';
import { alertStands, panelQueries, recorded, variableQueries } from './panels.ts';
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
  /** Null: as it should be. */
  readonly wrong: string | null;
}
const withNumbers = (found: readonly Found[]): readonly Found[] => found.filter(({ value }) => value !== null);
const emptyText = (found: readonly Found[]): string | null =>
  found.length === 0 ? 'no series' : withNumbers(found).length === 0 ? 'not a number' : null;
async function look(prometheus: Prometheus, app: 'app' | 'exported_app'): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const note = (where: string, what: string, found: readonly Found[], wrong: string | null): void => {
    lines.push({ where: `${where} (${prometheus.name})`, what, found: withNumbers(found), wrong });
  };
  for (const { dashboard, panel, expr, over, labels } of panelQueries(app)) {
    const found = await prometheus.query(expr, over);
    const missing = labels.filter((label) => !found.some((one) => label in one.labels));
    note(
      dashboard,
      panel,
      found,
      emptyText(found) ?? (missing.length === 0 ? null : `its legend names ${missing.join(', ')}, which is not there`),
    );
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
const figure = (value: number | null): string => (value === null ? '–' : String(Number(value.toPrecision(4))));
const cell = (text: string): string => text.replaceAll('|', '\\|');
const rowOf = ({ where, what, found, wrong }: Line): string =>
  `| ${cell(where)} | ${cell(what)} | ${found.length === 0 ? '' : found.length} | ${figure(found[0]?.value ?? null)} | ${wrong ?? 'yes'} |`;

write(pc.bold('A running demo with a past of three weeks, and two Prometheus: one of our own, one as Fly scrapes\n'));
const team = await serveHttp(() => new Response('', { status: 204 }), '127.0.0.1', 0);
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
  // What was the last to happen is in the next scrapes.
  for (let tries = 0; tries < 12 && (tries === 0 || lines.some(({ wrong }) => wrong !== null)); tries++) {
    await new Promise((next) => setTimeout(next, 1_500));
    lines = [...(await look(own, 'app')), ...(await look(fly, 'exported_app'))];
  }
  const wrong = lines.filter((line) => line.wrong !== null);
  mkdirSync('.trimtab', { recursive: true });
  const head = '| dashboard | panel or rule | series | newest | data |\n|---|---|---|---|---|';
  writeFileSync('.trimtab/observe.md', `${[head, ...lines.map(rowOf)].join('\n')}\n`);
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
