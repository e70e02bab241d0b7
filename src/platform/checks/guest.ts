/** Commands inside a started machine of an app, by the platform's own exec. */

import type { TrimtabError } from '#domain/errors.ts';
import { remedyOf } from '#domain/errors.ts';
import type { AppName, MachineId } from '#domain/ids.ts';
import { isStarted, type ObservedMachine } from '#domain/observed.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { withoutSecrets } from '#domain/secret-text.ts';
import { isReserved } from '#domain/stamp.ts';
import type { ExecOutcome, FlyClient } from '#platform/fly/port.ts';
import { faultOf } from './faults.ts';
import type { Tool } from './guest-tools.ts';
import type { Fault } from './port.ts';

export interface Guest {
  readonly app: AppName;
  /** Fails with a `waiting` fault while no machine is started. */
  readonly run: (command: readonly string[], signal: AbortSignal) => Promise<Result<ExecOutcome, Fault>>;
}
/** What the platform gives a command at most; the check's own deadline is usually shorter. */
export const EXEC_LIMIT_S = 25;

type Inside = Pick<FlyClient, 'listMachines' | 'execInMachine'>;

export function makeGuest(fly: Inside, app: AppName): Guest {
  let machine: MachineId | null = null;
  return {
    app,
    run: async (command, signal) => {
      const found = machine === null ? await findMachine(fly, app, signal) : ok(machine);
      if (!found.ok) return found;
      machine = found.value;
      const ran = await fly.execInMachine(app, machine, command, EXEC_LIMIT_S, signal);
      return ran.ok ? ran : err(faultOfExec(ran.error, command[0] ?? ''));
    },
  };
}
async function findMachine(fly: Inside, app: AppName, signal: AbortSignal): Promise<Result<MachineId, Fault>> {
  const listed = await fly.listMachines(app, signal);
  if (!listed.ok) return err({ message: listed.error.message, remedy: remedyOf(listed.error) });
  const running = listed.value.filter((one) => isStarted(one) && one.hostStatus === 'ok' && !isReserved(one));
  const [best] = [...running].sort((a, b) => failing(a) - failing(b) || (a.id < b.id ? -1 : 1));
  if (best !== undefined) return ok(best.id);
  const asleep = listed.value.filter(({ state }) => state === 'stopped' || state === 'suspended').length;
  const remedy = asleep > 0 ? 'a request by its public address wakes one: check that address too' : 'see `trimtab status`';
  return err({ message: `no machine of ${app} is started${asleep > 0 ? ` (${asleep} asleep)` : ''}`, remedy, waiting: true });
}
const failing = ({ checks }: ObservedMachine): number => checks.filter(({ status }) => status !== 'passing').length;

/** By the words of the runtime inside: no document fixes what the platform answers when a program is not there. */
const ABSENT = /executable file not found|no such file or directory|os error 2|command not found/i;
const MISSING = 'this program is not in the image';
function faultOfExec(error: TrimtabError, program: string): Fault {
  if (ABSENT.test(error.message)) return { message: `${program}: ${MISSING}`, remedy: null, evidence: withoutSecrets(error.message) };
  if (error.status === 408 || error.code === 'FLY_TIMEOUT') return faultOf('ETIMEDOUT');
  return { message: error.message, remedy: remedyOf(error) };
}
/** Codes by which shells say that they cannot run a program. */
const SHELL_CODES: readonly number[] = [126, 127];
export const isAbsent = (ran: Result<ExecOutcome, Fault>): boolean =>
  ran.ok
    ? SHELL_CODES.includes(ran.value.exitCode) && ABSENT.test(`${ran.value.stderr} ${ran.value.stdout}`)
    : ran.error.message.endsWith(MISSING);

/** The first program that the image has. */
export async function runTool(
  guest: Guest,
  tools: readonly Tool[],
  signal: AbortSignal,
): Promise<Result<{ readonly tool: Tool; readonly ran: ExecOutcome }, Fault>> {
  for (const tool of tools) {
    const ran = await guest.run(tool.command, signal);
    if (isAbsent(ran)) continue;
    return ran.ok ? ok({ tool, ran: ran.value }) : ran;
  }
  const programs = tools.map(({ program }) => program);
  return err({
    message: `the image of ${guest.app} has neither ${programs.join(' nor ')}, one of which this check needs inside it`,
    remedy: `put ${programs.join(' or ')} into the image, use from: controller, or write an exec check with a program that is there`,
  });
}
