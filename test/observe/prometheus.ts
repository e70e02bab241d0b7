/** A real Prometheus beside a running controller: scrapes it every second, evaluates the rules, answers queries. Debian's `prometheus`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ended, freePort, until } from '#test/demo/tour.ts';

const Series = z.object({
  metric: z.record(z.string(), z.string()),
  value: z.tuple([z.number(), z.string()]).optional(),
  values: z.array(z.tuple([z.number(), z.string()])).optional(),
});
const Answer = z.object({
  status: z.enum(['success', 'error']),
  error: z.string().optional(),
  data: z.object({ result: z.array(Series) }).optional(),
});
const Rules = z.object({
  data: z.object({
    groups: z.array(
      z.object({
        rules: z.array(
          z.object({ name: z.string(), type: z.enum(['alerting', 'recording']), health: z.string(), lastError: z.string().optional() }),
        ),
      }),
    ),
  }),
});
export interface Found {
  readonly labels: Readonly<Record<string, string>>;
  /** The newest that is a number; null: none is. */
  readonly value: number | null;
}
export interface Prometheus {
  readonly name: string;
  query(expr: string, over: 'instant' | 'range'): Promise<readonly Found[]>;
  rules(): Promise<z.infer<typeof Rules>['data']['groups'][number]['rules']>;
  labelValues(label: string, series: string): Promise<readonly string[]>;
  close(): Promise<void>;
}
/** As it comes out of `rules.yaml`, but looked at every second. */
const RULES = 'infra/prometheus/rules.yaml';
const RANGE_S = 900;
const STEP_S = 5;

/** `platform`: labels that a platform sets on what it scrapes; ours of the same name become `exported_…`. */
export async function startPrometheus(
  folder: string,
  target: string,
  name: string,
  platform: Readonly<Record<string, string>>,
): Promise<Prometheus> {
  const home = join(folder, `prometheus-${name}`);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'rules.yaml'), readFileSync(RULES, 'utf8').replaceAll(/interval: \d+s/g, 'interval: 1s'));
  const scrape = {
    job_name: 'trimtab',
    scrape_interval: '1s',
    static_configs: [{ targets: [target.replace('http://', '')], labels: platform }],
  };
  writeFileSync(
    join(home, 'prometheus.yaml'),
    JSON.stringify({ global: { evaluation_interval: '1s' }, rule_files: ['rules.yaml'], scrape_configs: [scrape] }),
  );
  const port = await freePort();
  const child: ChildProcess = spawn(
    'prometheus',
    [
      `--config.file=${join(home, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(home, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const failed = new Promise<never>((_, reject) =>
    child.once('error', (error) => reject(new Error(`prometheus does not start: ${error.message}`))),
  );
  const url = `http://127.0.0.1:${port}`;
  const get = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();
  const ready = until(async () => (await fetch(`${url}/-/ready`)).ok, 20, 200);
  if ((await Promise.race([ready, failed])) === null) throw new Error('prometheus is not ready within 20 s');
  return {
    name,
    query: async (expr, over) => {
      const now = Date.now() / 1_000;
      const asked: Readonly<Record<string, string>> =
        over === 'instant' ? { query: expr } : { query: expr, start: String(now - RANGE_S), end: String(now), step: String(STEP_S) };
      const path = over === 'instant' ? 'query' : 'query_range';
      const { status, error, data } = Answer.parse(await get(`/api/v1/${path}?${new URLSearchParams(asked)}`));
      if (status === 'error') throw new Error(`${expr}: ${error ?? 'refused'}`);
      return (data?.result ?? []).map(({ metric, value, values }) => ({
        labels: metric,
        value: newest(values ?? (value === undefined ? [] : [value])),
      }));
    },
    rules: async () => Rules.parse(await get('/api/v1/rules')).data.groups.flatMap(({ rules }) => rules),
    labelValues: async (label, series) =>
      z
        .object({ data: z.array(z.string()) })
        .parse(await get(`/api/v1/label/${label}/values?${new URLSearchParams({ 'match[]': series })}`)).data,
    close: () => ended(child),
  };
}
function newest(values: readonly (readonly [number, string])[]): number | null {
  const numbers = values.map(([, text]) => Number(text)).filter((one) => !Number.isNaN(one));
  return numbers.at(-1) ?? null;
}
