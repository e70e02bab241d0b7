/** A program that prints JSON: how a secret manager's own command line plugs in. An argument list, no shell; a deadline; what it prints is
 *  never shown, neither on its output nor on its error output. */
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { SecretSource } from '#domain/desired-sources.ts';
import type { ErrorCode } from '#domain/errors.ts';
import { isJsonObject } from '#domain/json.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { SecretFault } from '#domain/secret-picture.ts';
import { SecretValue } from '#domain/secret-value.ts';
import type { Origin } from './port.ts';

/** A manager's command line signs in and asks a server: seconds. */
const DEADLINE_MS = 20_000;
const LARGEST_ANSWER = 1_048_576;

export interface ExecDeps {
  readonly root: string;
  readonly process: Readonly<Record<string, string | undefined>>;
  readonly deadline: (span: number, signal: AbortSignal) => AbortSignal;
}
type Spec = NonNullable<SecretSource['exec']>;

export const makeExecOrigin = (deps: ExecDeps): Origin<'exec'> => ({
  kind: 'exec',
  cost: 'dear',
  read: async ({ name, spec, scene }, signal) => {
    const key = `exec ${JSON.stringify([spec.command, spec.timeout ?? null])}`;
    const reading = scene.round.get(key) ?? runOnce(deps, spec, signal);
    scene.round.set(key, reading);
    const values = await reading;
    return values.ok ? ok(values.value.get(spec.key ?? name) ?? null) : values;
  },
});

async function runOnce(deps: ExecDeps, spec: Spec, signal: AbortSignal): Promise<Result<ReadonlyMap<string, SecretValue>, SecretFault>> {
  const span = spec.timeout ?? DEADLINE_MS;
  const ended = await run(deps, spec.command, deps.deadline(span, signal));
  const program = basename(spec.command[0] ?? '');
  const fault = (code: ErrorCode, message: string, remedy: string) => err({ code, message: `${program} ${message}`, remedy });
  switch (ended.how) {
    case 'not-started':
      return fault('SECRET_SOURCE_FAILED', `cannot be started (${ended.code})`, 'install it where trimtab runs, or correct the command');
    case 'late':
      return fault(
        'SECRET_SOURCE_HANGS',
        `did not end within ${span / 1_000} s`,
        'run it by hand; is it waiting for a sign-in? give it more with timeout',
      );
    case 'too-much':
      return fault('SECRET_SOURCE_RUBBISH', 'printed more than a megabyte', 'let it print one JSON object of names and values');
    case 'exit':
      if (ended.code !== 0)
        return fault(
          'SECRET_SOURCE_FAILED',
          `ended with ${ended.code ?? 'a signal'}`,
          'run it by hand: what it says is not shown here, it may hold a value',
        );
  }
  const values = parseValues(ended.output);
  return values === null
    ? fault('SECRET_SOURCE_RUBBISH', 'printed no JSON object of names and texts', 'let it print one, such as {"NAME":"value"}')
    : ok(values);
}
/** Numbers and booleans count as their text; null as not there. Null: no object of such. */
function parseValues(output: string): ReadonlyMap<string, SecretValue> | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch {
    // The parser's message would quote the output.
    return null;
  }
  if (!isJsonObject(parsed)) return null;
  const values = new Map<string, SecretValue>();
  for (const [name, value] of Object.entries(parsed)) {
    if (value === null || value === undefined || value === '') continue;
    if (typeof value === 'object') return null;
    values.set(name, new SecretValue(String(value)));
  }
  return values;
}

type Ended =
  | { readonly how: 'not-started'; readonly code: string }
  | { readonly how: 'late' | 'too-much' }
  | { readonly how: 'exit'; readonly code: number | null; readonly output: string };
function run({ root, process: env }: ExecDeps, [program = '', ...given]: readonly string[], signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve) => {
    // A group of its own, so that what it started ends with it.
    const child = spawn(program, given, { cwd: root, env: { ...env }, stdio: ['ignore', 'pipe', 'ignore'], detached: true, shell: false });
    const parts: Buffer[] = [];
    let size = 0;
    const end = (ended: Ended): void => {
      signal.removeEventListener('abort', late);
      resolve(ended);
    };
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
      child.stdout.destroy();
    };
    const late = (): void => {
      kill();
      end({ how: 'late' });
    };
    child.once('error', (error) => end({ how: 'not-started', code: 'code' in error ? String(error.code) : 'unknown' }));
    child.stdout.on('data', (part: Buffer) => {
      size += part.length;
      parts.push(part);
      if (size <= LARGEST_ANSWER) return;
      kill();
      end({ how: 'too-much' });
    });
    child.once('close', (code) => end({ how: 'exit', code, output: Buffer.concat(parts).toString('utf8') }));
    if (signal.aborted) late();
    else signal.addEventListener('abort', late, { once: true });
  });
}
