/** The team's own tool: an argument list, no shell, under our lock and our deadline; what it prints is kept without secrets. */
import { spawn } from 'node:child_process';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { elapsed } from '#domain/units.ts';
import { redact } from './address.ts';
import { noteCommandSet } from './history-tables.ts';
import type { CommandJob, CommandRun } from './port.ts';
import { cancelled, OUR_LOCK, type SessionDeps, takeLocks, unavailable, withSession } from './session.ts';

/** Of its output; the end is what tells. */
const KEPT_CHARS = 16_000;
const GRACE_MS = 5_000;

/** Our lock alone: the tool's own is for the tool. */
export function runCommand(deps: SessionDeps, job: CommandJob, signal: AbortSignal): Promise<Result<CommandRun, TrimtabError>> {
  const { clock, address } = deps;
  return withSession(deps, signal, async (session) => {
    if (!(await takeLocks(session, [OUR_LOCK], clock, signal))) return unavailable(address);
    const started = clock.now();
    const ended = await spawned(job, signal);
    if (!ended.ok) return err(failure('MIGRATION_COMMAND', `${job.command[0] ?? ''} cannot be started: ${ended.error}`));
    const run = { exitCode: ended.value.exitCode, output: redact(ended.value.output, address.url), took: elapsed(started, clock.now()) };
    if (signal.aborted) return err({ ...cancelled(address), message: `${cancelled(address).message}\n${run.output}` });
    if (run.exitCode === 0) await noteCommandSet(session, job.set);
    return ok(run);
  });
}
interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}
function spawned({ command, cwd, environment }: CommandJob, signal: AbortSignal): Promise<Result<Ended, string>> {
  const [program = '', ...given] = command;
  return new Promise((resolve) => {
    // A group of its own, so that what it starts ends with it.
    const child = spawn(program, given, { cwd, env: { ...environment }, stdio: ['ignore', 'pipe', 'pipe'], detached: true, shell: false });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = `${output}${chunk.toString('utf8')}`.slice(-KEPT_CHARS);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    let late: NodeJS.Timeout | undefined;
    const end = (): void => {
      kill(child.pid, 'SIGTERM');
      late = setTimeout(() => kill(child.pid, 'SIGKILL'), GRACE_MS);
    };
    const done = (result: Result<Ended, string>): void => {
      clearTimeout(late);
      signal.removeEventListener('abort', end);
      resolve(result);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    child.once('error', (error) => done(err(error.message)));
    child.once('close', (exitCode) => done(ok({ exitCode, output: output.trim() })));
  });
}
function kill(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (thrown) {
    // It has ended already.
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH')) throw thrown;
  }
}
