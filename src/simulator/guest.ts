/** Commands inside a machine, as far as a check needs them. A program the image lacks fails as one that cannot be started.
 *  `node -e SCRIPT TASK TARGET …`, where TASK is `grpc HOST:PORT SERVICE`, `http URL` or `tcp HOST:PORT`: the script itself is not run, its
 *  answer is given as JSON · `grpc_health_probe -addr=HOST:PORT` in images that say `probe` · `echo …` · `false`, `exit 1` fail. */
import type { JsonObject } from '#domain/json.ts';
import { ms } from '#domain/units.ts';
import { routeRequest } from './proxy.ts';
import { hangOf, pageOf, siteOf } from './site.ts';
import { type MachineRow, machinesOf, type World } from './world.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
/** Null: the image has no such program. */
export async function runInGuest(world: World, row: MachineRow, command: readonly string[], signal: AbortSignal): Promise<Ran | null> {
  const [program = '', ...given] = command;
  const tooled = !siteOf(world, row).has('notools');
  if (program === 'node' && given[0] === '-e') return tooled ? runNode(world, row, given.slice(2), signal) : null;
  if (program === 'grpc_health_probe') return tooled && row.image.repository.includes('probe') ? runProbe(world, row, given, signal) : null;
  if (SOMETIMES_THERE.has(program)) return null;
  if (program === 'echo') return ran(0, `${given.join(' ')}\n`);
  return ran(/\bfalse\b|exit 1/.test(command.join(' ')) ? 1 : 0);
}
/** Programs that no image has here. All others are taken to be there, and to do well. */
const SOMETIMES_THERE: ReadonlySet<string> = new Set(['node', 'curl', 'wget', 'nc', 'bash']);
const ran = (code: number, stdout = '', stderr = ''): Ran => ({ code, stdout, stderr });
async function runNode(world: World, row: MachineRow, task: readonly string[], signal: AbortSignal): Promise<Ran> {
  const [kind, target = '', service = ''] = task;
  const answer = kind === 'http' ? await askHttp(world, row, target, signal) : await askPort(world, row, target, kind === 'grpc', signal);
  const told = kind === 'grpc' && service !== '' && answer['status'] === 'SERVING' ? { error: 'NOT_FOUND' } : answer;
  return ran('error' in told ? 1 : 0, `${JSON.stringify(told)}\n`);
}
async function runProbe(world: World, row: MachineRow, given: readonly string[], signal: AbortSignal): Promise<Ran> {
  const target = given.find((one) => one.startsWith('-addr='))?.slice('-addr='.length) ?? '';
  const answer = await askPort(world, row, target, true, signal);
  if ('error' in answer) return ran(2, '', `timeout: failed to connect service "${target}": ${String(answer['error'])}\n`);
  return answer['status'] === 'SERVING'
    ? ran(0, 'status: SERVING\n')
    : ran(4, '', `service unhealthy (responded with "${answer['status']}")\n`);
}

/** A port of the private network. A port that gets HTTP from the proxy speaks no gRPC. */
async function askPort(world: World, row: MachineRow, target: string, grpc: boolean, signal: AbortSignal): Promise<JsonObject> {
  const at = target.lastIndexOf(':');
  const port = Number(target.slice(at + 1));
  const found = resolve(world, row, target.slice(0, at));
  if (found === null) return { error: 'ENOTFOUND' };
  const listening = found.find((machine) => portsOf(machine).has(port));
  if (listening === undefined) return { error: 'ECONNREFUSED' };
  const words = siteOf(world, listening);
  if (!grpc) return { connected: true };
  await world.clock.sleep(ms(hangOf(words)), signal).catch(() => undefined);
  if (webPortsOf(listening).has(port)) return { error: 'UNAVAILABLE' };
  return { status: words.has('fail') ? 'NOT_SERVING' : 'SERVING' };
}
async function askHttp(world: World, row: MachineRow, target: string, signal: AbortSignal): Promise<JsonObject> {
  if (!URL.canParse(target)) return { error: 'ERR_INVALID_URL' };
  const url = new URL(target);
  const outside = /^([a-z0-9-]+)\.fly\.dev$/.exec(url.hostname)?.[1];
  if (outside !== undefined) return toAnswer(await routeRequest(world, outside, signal, url));
  const found = resolve(world, row, url.hostname);
  if (found === null) return { error: 'ENOTFOUND' };
  const listening = found.find((machine) => portsOf(machine).has(Number(url.port || 80)));
  if (listening === undefined) return { error: 'ECONNREFUSED' };
  await world.clock.sleep(ms(hangOf(siteOf(world, listening))), signal).catch(() => undefined);
  return toAnswer(pageOf(world, listening, url));
}
const toAnswer = async (response: Response): Promise<JsonObject> => ({
  status: response.status,
  headers: Object.fromEntries(response.headers),
  body: await response.text(),
});

/** Names of the private network: `app.internal`, with a region or `vm`, `process` before it. Only started machines answer. */
function resolve(world: World, row: MachineRow, host: string): readonly MachineRow[] | null {
  const name = /(?:^|\.)([a-z0-9-]+)\.internal$/.exec(host)?.[1];
  const app = name === undefined ? undefined : world.apps.get(name);
  if (app === undefined || app.organization !== world.apps.get(row.app)?.organization) return null;
  const started = machinesOf(world, app.name).filter(({ state }) => state === 'started');
  return started.length === 0 ? null : started;
}
const webPortsOf = ({ config }: MachineRow): ReadonlySet<number> =>
  new Set((config.services ?? []).flatMap(({ internal_port }) => internal_port ?? []));
/** What its checks and services look at, and what its own variables call a port. */
function portsOf(row: MachineRow): ReadonlySet<number> {
  const checks = Object.values(row.config.checks ?? {}).flatMap(({ port }) => port ?? []);
  const named = Object.entries(row.config.env ?? {}).flatMap(([name, value]) => (/(^|_)PORT$/.test(name) ? Number(value) : []));
  return new Set([...webPortsOf(row), ...checks, ...named]);
}
