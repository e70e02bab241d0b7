/** Wall time of commands, as whole processes, beside a running controller of the shipped world. */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, median, round } from './figure.ts';
import { freePort } from './free-port.ts';

const TRIMTAB = join(import.meta.dirname, '..', '..', 'bin', 'trimtab');
const RUNS = 5;
const PAUSE_MS = 3_000;

export async function measureCommands(folder: string): Promise<readonly Figure[]> {
  const data = join(folder, 'commands');
  mkdirSync(data);
  const [port, api, edge] = await Promise.all([freePort(), freePort(), freePort()]);
  const env = {
    ...process.env,
    FLY_API_TOKEN: '',
    TRIMTAB_DATABASE_URL: '',
    TRIMTAB_DATA_DIR: data,
    TRIMTAB_PORT: String(port),
    TRIMTAB_SIMULATOR_PORT: String(api),
    TRIMTAB_EDGE_PORT: String(edge),
  };
  const version = await timed(['--version'], env);
  const controller = spawn(TRIMTAB, ['run'], { env, stdio: 'ignore' });
  for (let tries = 0; tries < 90 && !(await isSynced(port)); tries++) await new Promise((next) => setTimeout(next, 1_000));
  const plan = await timed(['plan'], env);
  controller.kill('SIGTERM');
  await new Promise((done) => controller.once('exit', done));
  return [
    { name: 'version_wall', value: round(version), unit: 'ms', limit: 120, work: false },
    { name: 'plan_wall', value: round(plan), unit: 'ms', limit: 900, work: false },
  ];
}
async function timed(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    // A plan reads every app anew: asked too often it would wait for the platform's rate limits.
    await new Promise((next) => setTimeout(next, PAUSE_MS));
    const started = performance.now();
    await new Promise((done) => execFile(TRIMTAB, [...args], { env }, done));
    times.push(performance.now() - started);
  }
  return median(times);
}
async function isSynced(port: number): Promise<boolean> {
  try {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith('trimtab_app_info{'));
    return (
      lines.length > 0 &&
      lines.every((line) => line.includes('Excluded') || (line.includes('sync="Synced"') && line.includes('health="Healthy"')))
    );
  } catch {
    return false;
  }
}
