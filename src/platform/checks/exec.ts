/** An `exec` check: a command inside a machine ends as it should. */
import type { ClockDep } from '#domain/clock.ts';
import type { Probe } from '#domain/smoke.ts';
import { judgeLatency } from '#domain/smoke-judge.ts';
import { elapsed, type Ms } from '#domain/units.ts';
import { clip } from './evidence.ts';
import { type Guest, isAbsent } from './guest.ts';
import { type Attempt, failed } from './port.ts';

export async function checkExec(
  { clock }: ClockDep,
  guest: Guest,
  { command, exitCode, output }: Extract<Probe, { readonly kind: 'exec' }>,
  latency: Ms | null,
  signal: AbortSignal,
): Promise<Attempt> {
  const began = clock.now();
  const ran = await guest.run(command, signal);
  if (isAbsent(ran)) {
    const message = `the image of ${guest.app} has no program ${command[0] ?? ''}`;
    return failed({ message, remedy: 'put it into the image, or name another program' });
  }
  if (!ran.ok) return failed(ran.error);
  const took = elapsed(began, clock.now());
  const said = `${ran.value.stdout}\n${ran.value.stderr}`;
  const wrong = [
    ...(ran.value.exitCode === exitCode ? [] : [`ended with ${ran.value.exitCode}, expected ${exitCode}`]),
    ...(output === null || said.includes(output) ? [] : [`the output lacks ${JSON.stringify(output)}`]),
    ...judgeLatency(latency, took),
  ];
  const evidence = clip(said);
  if (wrong.length === 0) return { state: 'ok', message: `ended with ${exitCode} in ${took} ms`, remedy: null, evidence };
  return failed({ message: wrong.join('; '), remedy: 'the evidence has what the command printed' }, evidence);
}
