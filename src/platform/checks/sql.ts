/** A `sql` check: a statement succeeds on the environment's database, in a transaction that can write nothing. */
import type { ClockDep } from '#domain/clock.ts';
import type { Probe } from '#domain/smoke.ts';
import { judgeLatency } from '#domain/smoke-judge.ts';
import { elapsed, type Ms } from '#domain/units.ts';
import type { Given } from '#platform/secrets/port.ts';
import { readOnce } from '#platform/store/read-once.ts';
import { clip } from './evidence.ts';
import { codeOfThrown, faultOf } from './faults.ts';
import { type Attempt, failed } from './port.ts';

export interface SqlDeps extends ClockDep {
  /** The connection string, from the secret source that desired state names. */
  readonly databaseUrl: (signal: AbortSignal) => Given;
}

export async function checkSql(
  { clock, databaseUrl }: SqlDeps,
  { statement, value }: Extract<Probe, { readonly kind: 'sql' }>,
  latency: Ms | null,
  signal: AbortSignal,
): Promise<Attempt> {
  const url = await databaseUrl(signal);
  if (!url.ok) return failed({ message: clip(url.error.message, 300), remedy: url.error.remedy });
  if (url.value === null) return failed({ message: 'no address of the database is given', remedy: 'set what spec.database.url names' });
  const began = clock.now();
  const read = await readOnce(url.value.reveal(), statement, signal);
  if (!read.ok) {
    const fault = signal.aborted ? faultOf('ETIMEDOUT') : faultOf(codeOfThrown(read.error));
    const said = read.error instanceof Error ? clip(read.error.message, 300) : '';
    return failed({ message: fault.remedy === null ? said : fault.message, remedy: fault.remedy ?? REMEDY }, said);
  }
  const { rows, first } = read.value;
  const took = elapsed(began, clock.now());
  const wrong = [
    ...(value === null || first === value ? [] : [`the answer is ${clip(first ?? 'nothing', 100)}, expected ${value}`]),
    ...judgeLatency(latency, took),
  ];
  const evidence = `${rows} row${rows === 1 ? '' : 's'}${value === null ? '' : `, first value ${clip(first ?? 'nothing', 100)}`}`;
  if (wrong.length === 0) return { state: 'ok', message: `${rows} row${rows === 1 ? '' : 's'} in ${took} ms`, remedy: null, evidence };
  return failed({ message: wrong.join('; '), remedy: 'compare the answer with `expect` of the check' }, evidence);
}
const REMEDY = 'correct the statement, or the rights of the role; the check may only read';
