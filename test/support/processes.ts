/** Controllers as processes of their own, beside a simulated platform on real sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { realClock } from '#platform/clock.ts';
import { openPostgres } from '#platform/store/db.ts';
import { makeScaledClock } from '#simulator/clock.ts';
import { type SimulatorServer, startSimulator } from '#simulator/server.ts';
import type { MachineRow } from '#simulator/world.ts';
import { machinesOf } from '#simulator/world.ts';
import { freePort } from './ports.ts';

export interface Site {
  readonly folder: string;
  readonly simulator: SimulatorServer['simulator'];
  machines(app: string): readonly MachineRow[];
  write(files: Readonly<Record<string, string>>): void;
  byHand(method: string, path: string, body?: unknown): Promise<void>;
  /** A controller; `databaseUrl` null: without. */
  start(options: { readonly databaseUrl: string | null; readonly env?: Readonly<Record<string, string>> }): Promise<Process>;
  /** One command to its end. */
  run(
    args: readonly string[],
    options?: { readonly databaseUrl?: string; readonly dataDir?: string; readonly env?: Readonly<Record<string, string>> },
  ): Promise<Ended>;
  close(): Promise<void>;
}
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
export interface Process {
  /** Where its state lies. */
  readonly dataDir: string;
  readonly url: string;
  /** Everything it said so far. */
  said(): string;
  ready(): Promise<string>;
  metrics(): Promise<string>;
  signal(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  readonly exitCode: () => number | null;
}
const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const NODE = ['--disable-warning=ExperimentalWarning', MAIN];

export interface SiteOptions {
  /** The platform's time runs so many times as fast. */
  readonly speed?: number;
}
export async function openSite(files: Readonly<Record<string, string>>, { speed = 1 }: SiteOptions = {}): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'trimtab-site-'));
  const server = await startSimulator({ clock: speed === 1 ? realClock : makeScaledClock(speed), seed: 'site', apiPort: 0, edgePort: 0 });
  const children: ChildProcess[] = [];
  let serial = 0;
  const envFor = (databaseUrl: string | null, dataDir: string, port: number) => ({
    PATH: process.env['PATH'] ?? '',
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
    FLY_API_TOKEN: 'a-token-for-tests',
    FLY_FLAPS_BASE_URL: server.apiUrl,
    FLY_API_BASE_URL: server.apiUrl,
    FLY_UIEX_BASE_URL: server.apiUrl,
    TRIMTAB_SOURCE: folder,
    TRIMTAB_DATA_DIR: dataDir,
    TRIMTAB_DATABASE_URL: databaseUrl ?? '',
    TRIMTAB_PORT: String(port),
    TRIMTAB_TICK_SECONDS: '1',
    TRIMTAB_POLL_SECONDS: '1',
  });
  const write = (changed: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(changed)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      // Whole or not at all: a controller reads whenever it likes.
      writeFileSync(`${join(folder, path)}.new`, text);
      renameSync(`${join(folder, path)}.new`, join(folder, path));
    }
  };
  write(files);
  return {
    folder,
    simulator: server.simulator,
    machines: (app) => machinesOf(server.simulator.world, app).filter(({ state }) => state !== 'destroyed'),
    write,
    byHand: async (method, path, body) => {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const headers = { authorization: 'Bearer somebody-else' };
      const answer = await server.simulator.fetch(new Request(`${server.apiUrl}${path}`, { method, headers, ...sent }));
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    },
    start: async ({ databaseUrl, env = {} }) => {
      const port = await freePort();
      const dataDir = join(folder, `data-${serial++}`);
      const options = { ...envFor(databaseUrl, dataDir, port), ...env };
      const child = spawn(process.execPath, [...NODE, 'run'], { env: options, stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      return watched(child, dataDir, `http://127.0.0.1:${port}`);
    },
    run: async (args, { databaseUrl, dataDir, env = {} } = {}) => {
      const port = await freePort();
      const options = { ...envFor(databaseUrl ?? null, dataDir ?? join(folder, `data-${serial++}`), port), ...env };
      const child = spawn(process.execPath, [...NODE, ...args], { env: options, stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      let out = '';
      let err = '';
      child.stdout.on('data', (data: Buffer) => {
        out += String(data);
      });
      child.stderr.on('data', (data: Buffer) => {
        err += String(data);
      });
      await once(child, 'close');
      return { code: child.exitCode, out, err };
    },
    close: async () => {
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
function watched(child: ChildProcess, dataDir: string, url: string): Process {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data: Buffer) => {
      text += String(data);
    });
  const ask = async (path: string): Promise<string> => {
    try {
      return await (await fetch(`${url}${path}`, { signal: AbortSignal.timeout(2_000) })).text();
    } catch {
      return 'no answer';
    }
  };
  return {
    dataDir,
    url,
    said: () => text,
    ready: async () => (await ask('/readyz')).trim(),
    metrics: () => ask('/metrics'),
    signal: async (signal) => {
      child.kill(signal);
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await once(child, 'exit');
    },
    exitCode: () => child.exitCode,
  };
}
/** A database of its own on the server that `url` names, so that a whole controller can have it. */
export async function openDatabase(url: string): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `site_${process.pid}_${realClock.now()}`;
  const admin = openPostgres(url);
  await admin.exec(`create database ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return {
    url: own.href,
    drop: async () => {
      await admin.exec(`drop database if exists ${name} with (force)`);
      await admin.close();
    },
  };
}
