/** What the tour stands on: a simulator, the commands, a controller, all as processes of their own in a folder of their own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pc from 'picocolors';
import { z } from 'zod';
import type { Api } from './hands.ts';
import type { Checks } from './table.ts';

export interface AppView {
  readonly name: string;
  readonly sync: string;
  readonly health: string;
  readonly drifts: number;
  readonly held: number;
}
export interface Tour {
  readonly folder: string;
  /** Pages, API and metrics of the controller. */
  readonly serverUrl: string;
  readonly api: Api;
  readonly controller: {
    /** Once: a second call finds it running. */
    start(): Promise<void>;
    status(): Promise<readonly AppView[]>;
    /** What its API answers to a GET. */
    ask(path: string): Promise<unknown>;
    /** Drifts that it saw corrected since its start. */
    corrected(): Promise<number>;
  };
  say(text: string): void;
  title(text: string): void;
  readonly check: Checks['check'];
  trimtab(args: readonly string[]): Promise<{ readonly code: number; readonly out: string }>;
  /** Edits a file of the environment `shop`, as a commit would. */
  edit(file: string, change: (text: string) => string): void;
  /** Puts files beside the desired state, or in it: each whole or not at all, since a controller reads whenever it likes. */
  put(files: Readonly<Record<string, string>>): void;
  /** Seconds it took. Throws when it does not come. `everyMs`: for questions that no rate limit counts. */
  waitFor(what: string, reached: () => Promise<boolean>, limitS: number, everyMs?: number): Promise<number>;
  close(): Promise<void>;
}
const TRIMTAB = join(import.meta.dirname, '..', '..', 'bin', 'trimtab');
const LOOK_EVERY_MS = 2_200;

export interface TourOptions {
  /** Before anything runs. `world`: the folder where the simulator finds its world. */
  readonly prepare?: (world: string) => Promise<void>;
  readonly env?: Readonly<Record<string, string>>;
}
export async function makeTour(check: Checks['check'], write: (text: string) => void, options: TourOptions = {}): Promise<Tour> {
  const folder = mkdtempSync(join(tmpdir(), 'trimtab-demo-'));
  const [apiPort, edgePort, port] = await Promise.all([freePort(), freePort(), freePort()]);
  const env = {
    ...process.env,
    FLY_API_TOKEN: '',
    TRIMTAB_SERVER: '',
    TRIMTAB_DATABASE_URL: '',
    TRIMTAB_DATA_DIR: join(folder, '.trimtab'),
    TRIMTAB_SOURCE: folder,
    TRIMTAB_PORT: String(port),
    TRIMTAB_SIMULATOR_PORT: String(apiPort),
    TRIMTAB_EDGE_PORT: String(edgePort),
    TRIMTAB_POLL_SECONDS: '2',
    // What the platform's list does not tell (cordon) is seen at the next resync; a tour has less patience.
    TRIMTAB_RESYNC_SECONDS: '10',
    ...options.env,
  };
  await options.prepare?.(join(folder, '.trimtab', 'simulated', 'world'));
  const children: ChildProcess[] = [];
  const start = (args: readonly string[], show: boolean): void => {
    const child = spawn(TRIMTAB, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout?.on('data', (data: Buffer) => show && write(logText(String(data))));
    children.push(child);
  };
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const serverUrl = `http://127.0.0.1:${port}`;
  const put = (files: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(files)) {
      const at = join(folder, path);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(`${at}.new`, text);
      renameSync(`${at}.new`, at);
    }
  };
  let runs = false;
  start(['simulator'], false);
  await until(async () => (await fetch(`${apiUrl}/_sim/counters`)).ok, 20);
  return {
    folder,
    serverUrl,
    api: (method, path, body) => call(apiUrl, method, path, body),
    controller: {
      start: async () => {
        if (runs) return;
        runs = true;
        start(['run'], true);
        await until(async () => (await fetch(`${serverUrl}/healthz`)).ok, 20);
      },
      status: () => statusOf(serverUrl),
      ask: (path) => call(serverUrl, 'GET', path, undefined),
      corrected: () => correctedOf(serverUrl),
    },
    say: (text) => write(`${text.replace(/^/gm, '  ')}\n`),
    title: (text) => write(`\n${pc.bold(text)}\n`),
    check,
    trimtab: (args) => run(args, env),
    edit: (file, change) => {
      const path = join('desired-state', 'shop', file);
      const before = readFileSync(join(folder, path), 'utf8');
      const after = change(before);
      if (after === before) throw new Error(`${file} is not what the tour expects:\n${before}`);
      put({ [path]: after });
    },
    put,
    waitFor: async (what, reached, limitS, everyMs) => {
      const took = await until(reached, limitS, everyMs);
      if (took === null) throw new Error(`${what}: not within ${limitS} s`);
      return took;
    },
    close: async () => {
      for (const child of children.reverse()) await ended(child);
    },
  };
}
/** The controller's own log lines, as a person reads them. */
function logText(lines: string): string {
  const Line = z.looseObject({ app: z.string().optional(), msg: z.string() });
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { app = '', msg } = Line.parse(JSON.parse(line));
      return `    ${pc.dim(`${app} ${msg}`)}\n`;
    })
    .join('');
}
async function correctedOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/^trimtab_drift_corrected_total\{[^}]*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
}
async function call(url: string, method: string, path: string, body: unknown): Promise<unknown> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const send = () => fetch(`${url}${path}`, { method, headers: { authorization: 'Bearer a-person' }, ...sent });
  let response = await send();
  // A person who is told to slow down slows down.
  for (let tries = 0; response.status === 429 && tries < 5; tries++) {
    await new Promise((next) => setTimeout(next, LOOK_EVERY_MS));
    response = await send();
  }
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}
const Environments = z.array(
  z.looseObject({
    apps: z.array(
      z.looseObject({ name: z.string(), sync: z.string(), health: z.string(), drifts: z.array(z.unknown()), held: z.array(z.unknown()) }),
    ),
  }),
);
async function statusOf(url: string): Promise<readonly AppView[]> {
  const environments = Environments.parse(await call(url, 'GET', '/api/v1/environments', undefined));
  const apps = environments.flatMap((one) =>
    one.apps.map(({ name, sync, health, drifts, held }) => ({ name, sync, health, drifts: drifts.length, held: held.length })),
  );
  // Nothing read yet is not "all is well".
  return apps.length === 0 ? [{ name: '', sync: 'Unknown', health: 'Unknown', drifts: 0, held: 0 }] : apps;
}
const run = (args: readonly string[], env: NodeJS.ProcessEnv): Promise<{ readonly code: number; readonly out: string }> =>
  new Promise((resolve) => {
    execFile(TRIMTAB, [...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, out: `${stdout}${stderr}` });
    });
  });
export async function until(reached: () => Promise<boolean>, limitS: number, everyMs = LOOK_EVERY_MS): Promise<number | null> {
  const started = performance.now();
  for (;;) {
    const done = await reached().catch(() => false);
    const took = (performance.now() - started) / 1_000;
    if (done) return took;
    if (took > limitS) return null;
    // The hands keep to the platform's rate limits too.
    await new Promise((next) => setTimeout(next, everyMs));
  }
}
export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
export const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 5_000).unref();
  });
