/** Peak resident memory of the program as people start it (`bin/trimtab run`, PostgreSQL, pg-boss): from its start until every app of the fleet
 *  was observed whole, compared and found as git says. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openPostgres } from '#platform/store/db.ts';
import type { Figure } from './figure.ts';
import { round } from './figure.ts';
import { APPS, fleetFiles } from './fleet.ts';
import { freePort } from './free-port.ts';

const TRIMTAB = join(import.meta.dirname, '..', '..', 'bin', 'trimtab');
const LONGEST_S = 300;

export async function measureMemory(folder: string, platform: string, databaseUrl: string): Promise<readonly Figure[]> {
  const source = join(folder, 'source');
  for (const [path, text] of Object.entries(fleetFiles(APPS))) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), text);
  }
  const server = openPostgres(databaseUrl);
  const peaks: number[] = [];
  // The first start fills the cache of compiled modules. Each has a database of its own: one that is known already is not read whole at once.
  for (const start of ['first', 'second']) {
    const name = `trimtab_bench_${process.pid}_${start}`;
    await server.exec(`create database ${name}`);
    const own = new URL(databaseUrl);
    own.pathname = `/${name}`;
    peaks.push(await peakOf(folder, start, { source, platform, databaseUrl: own.href }));
    await server.exec(`drop database ${name} with (force)`);
  }
  await server.close();
  const note = `bin/trimtab run with PostgreSQL and pg-boss, every app read by this process; ${round(peaks[0] ?? 0)} MiB at the very first start`;
  return [{ name: 'peak_resident_memory', value: round(peaks[1] ?? 0), unit: 'MiB', limit: 150, work: false, note }];
}
interface Place {
  readonly source: string;
  readonly platform: string;
  readonly databaseUrl: string;
}
async function peakOf(folder: string, start: string, { source, platform, databaseUrl }: Place): Promise<number> {
  const data = join(folder, `run-${start}`);
  mkdirSync(data);
  const port = await freePort();
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    FLY_API_TOKEN: 'bench',
    FLY_FLAPS_BASE_URL: platform,
    FLY_API_BASE_URL: platform,
    FLY_UIEX_BASE_URL: platform,
    TRIMTAB_DATABASE_URL: databaseUrl,
    TRIMTAB_DATA_DIR: data,
    TRIMTAB_SOURCE: source,
    TRIMTAB_PORT: String(port),
  };
  const controller = spawn(TRIMTAB, ['run'], { env, stdio: 'ignore' });
  const ended = new Promise((done) => controller.once('exit', done));
  let synced = 0;
  for (let tries = 0; tries < LONGEST_S / 3 && synced < APPS; tries++) {
    await new Promise((next) => setTimeout(next, 3_000));
    synced = await readApps(port);
  }
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${controller.pid}/status`, 'utf8'))?.[1]) / 1_024;
  controller.kill('SIGTERM');
  await ended;
  if (synced !== APPS) throw new Error(`${APPS - synced} apps are not Synced after ${LONGEST_S} s`);
  return peak;
}
/** Synced, by a pass of this process: a status that the store tells was not looked at. */
async function readApps(port: number): Promise<number> {
  try {
    const lines = (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).split('\n');
    const synced = lines.filter((line) => line.startsWith('trimtab_app_info{') && line.includes('sync="Synced"')).length;
    const passes = lines.find((line) => line.startsWith('trimtab_reconcile_total{result="synced"}'));
    return Math.min(synced, Number(passes?.split(' ')[1] ?? 0));
  } catch {
    return 0;
  }
}
