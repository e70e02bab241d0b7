/** `make observe`: a real Prometheus scrapes a running controller on a simulated platform; things are released and changed by hand, and then every
 *  panel of every dashboard must have something to show, every rule must evaluate, and Prometheus must find nothing wrong with the exposition. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { textsByFile } from '#infra/dashboards/build.ts';

const SCRAPE_S = 1;
/** Long enough for a release, some drift, and two evaluations of everything. */
const WATCH_S = 60;
const children: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), 'trimtab-observe-'));
const fail = (why: string): never => {
  throw new Error(why);
};

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
function begin(command: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(command, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}
async function until(what: string, seconds: number, look: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + seconds * 1_000;
  while (Date.now() < end) {
    if (await look().catch(() => false)) return;
    await pause(500);
  }
  fail(`${what}: not within ${seconds} s`);
}

const Answer = z.object({
  status: z.string(),
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
});
const Targets = z.object({
  panels: z.array(z.object({ title: z.string().optional(), targets: z.array(z.object({ expr: z.string() })).optional() })),
});
const panels = [...textsByFile].flatMap(([file, text]) =>
  Targets.parse(JSON.parse(text)).panels.flatMap(({ title = '', targets = [] }) => targets.map(({ expr }) => ({ file, title, expr }))),
);
const filled = (expr: string): string =>
  expr.replaceAll('${app}', 'app').replaceAll('$environment', '.*').replaceAll('$__rate_interval', '30s');

/** Null: it shows something. */
async function whyEmpty(prometheus: string, expr: string): Promise<string | null> {
  const answer = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(filled(expr))}`);
  const body: unknown = await answer.json();
  const parsed = Answer.safeParse(body);
  if (!parsed.success) return JSON.stringify(body).slice(0, 300);
  const values = parsed.data.data.result.map(({ value }) => Number(value[1]));
  if (values.length === 0) return 'no series';
  return values.every(Number.isNaN) ? 'only NaN' : null;
}
