/** One full pass over 1,000 apps and 5,000 machines that are as git says: the simulator in another process, over HTTP; the controller in one of its
 *  own, under the words of the launcher. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { type Figure, round } from './figure.ts';
import { APPS, MACHINES_PER_APP } from './fleet.ts';
import { spawnAsController } from './launcher.ts';
import { measureMemory } from './memory.ts';

const Noop = z.object({
  cpuS: z.number(),
  writes: z.number(),
  requests: z.number(),
  bytes: z.number(),
  statements: z.number(),
  storeWrites: z.number(),
  perTick: z.number(),
});

export async function measureIdle(folder: string): Promise<readonly Figure[]> {
  const databaseUrl = process.env['DATABASE_URL'];
  // Without a server a figure is missing: that is told, and in CI it is a failure.
  if (databaseUrl === undefined && process.env['CI'] === 'true') throw new Error('DATABASE_URL is missing: peak_resident_memory needs it');
  const world = join(folder, 'world');
  await ended(spawn(process.execPath, [join(import.meta.dirname, 'make-fleet.ts'), world], { stdio: 'inherit' }));
  const server = spawn(process.execPath, [join(import.meta.dirname, 'serve-fleet.ts'), world], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await firstLine(server);
  const noop = Noop.parse(JSON.parse(await firstLine(spawnAsController('noop.ts', [url]))));
  const violations = await counter(url, 'rateLimitViolations');
  if (databaseUrl === undefined) process.stdout.write('peak_resident_memory is not measured: DATABASE_URL is missing\n');
  const memory = databaseUrl === undefined ? [] : await measureMemory(folder, url, databaseUrl);
  server.kill('SIGTERM');
  const fleet = `${APPS} apps, ${APPS * MACHINES_PER_APP} machines`;
  // A count of statements is one of a server: the twin in memory has none.
  const store: readonly Figure[] =
    databaseUrl === undefined
      ? []
      : [
          { name: 'idle_pass_store_writes', value: noop.storeWrites, unit: 'statements', limit: 0, work: true },
          { name: 'idle_pass_statements', value: noop.statements, unit: 'statements', limit: APPS, work: true },
        ];
  return [
    { name: 'idle_pass_writes', value: noop.writes, unit: 'writes', limit: 0, work: true, note: fleet },
    ...store,
    { name: 'idle_pass_requests', value: noop.requests, unit: 'requests', limit: 2 * APPS, work: true },
    { name: 'idle_pass_parsed', value: round(noop.bytes / 1e6), unit: 'MB', limit: 20, work: true },
    { name: 'requests_per_idle_tick', value: noop.perTick, unit: 'requests', limit: 2, work: true },
    { name: 'rate_limit_violations_fleet', value: violations, unit: 'requests', limit: 0, work: true },
    {
      name: 'noop_pass_cpu',
      value: round(noop.cpuS),
      unit: 's',
      limit: 2,
      work: false,
      note: 'under the words of bin/trimtab; machines read anew, every app compared and planned',
    },
    ...memory,
  ];
}
async function counter(url: string, name: string): Promise<number> {
  const counters: unknown = await (await fetch(`${url}/_sim/counters`)).json();
  return typeof counters === 'object' && counters !== null && name in counters ? Number(Reflect.get(counters, name)) : Number.NaN;
}
const ended = (child: ChildProcess): Promise<void> =>
  new Promise((done, fail) => {
    child.once('exit', (code) => (code === 0 ? done() : fail(new Error(`exit ${code}`))));
  });
const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((done, fail) => {
    child.stdout?.once('data', (data: Buffer) => done(String(data).trim()));
    child.once('exit', (code) => fail(new Error(`ended with ${code} before it said anything`)));
  });
