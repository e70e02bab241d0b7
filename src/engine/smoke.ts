/** The smoke phase: every check of an environment, side by side with a bound, each with its retries and its deadline. */
import type { ClockDep } from '#domain/clock.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { type Check, checksOf, whyNoSmoke } from '#domain/smoke.ts';
import { elapsed, type Ms, ms, seconds } from '#domain/units.ts';
import type { Attempt, ProberDep } from '#platform/checks/port.ts';
import { inTurns } from './in-turns.ts';
import type { PhaseItem, PhaseReport } from './release-ports.ts';

export interface SmokeItem extends PhaseItem {
  readonly evidence: string;
  readonly attempts: number;
}
export interface SmokeReport extends PhaseReport {
  readonly items: readonly SmokeItem[];
}
export interface SmokeDeps extends ClockDep, ProberDep {
  readonly deadline: (span: number, signal: AbortSignal) => AbortSignal;
}
export interface SmokeInput {
  readonly environment: CompiledEnvironment;
  /** Names of checks; absent: all. */
  readonly only?: readonly string[];
}

/** More would measure this machine instead of the system. */
const CHECKS_AT_A_TIME = 8;

export async function runSmoke(
  deps: SmokeDeps,
  { environment, only }: SmokeInput,
  signal: AbortSignal,
): Promise<Result<SmokeReport, TrimtabError>> {
  const checks = checksOf(environment).filter(({ name }) => only === undefined || only.includes(name));
  const items = await inTurns(checks, CHECKS_AT_A_TIME, (check) => runCheck(deps, check, environment, signal));
  return signal.aborted ? err(failure('FLY_CANCELLED', 'smoke checks: cancelled')) : ok({ items });
}

/** The last phase of a release. */
export function releaseSmoke(
  deps: SmokeDeps,
  { environment, changed }: { readonly environment: CompiledEnvironment; readonly changed: boolean },
  signal: AbortSignal,
): Promise<Result<SmokeReport, TrimtabError>> {
  const why = whyNoSmoke(environment, changed);
  if (why === null) return runSmoke(deps, { environment }, signal);
  const items = checksOf(environment).map((check) => skippedItem(check, why));
  return Promise.resolve(ok({ items }));
}
const skippedItem = ({ name }: Check, why: string): SmokeItem => ({
  what: name,
  state: 'skipped',
  message: why,
  remedy: null,
  took: ms(0),
  evidence: '',
  attempts: 0,
});

async function runCheck(deps: SmokeDeps, check: Check, environment: CompiledEnvironment, signal: AbortSignal): Promise<SmokeItem> {
  const began = deps.clock.now();
  if (check.skip !== null) return skippedItem(check, check.skip);
  const within = deps.deadline(check.deadline, signal);
  const late = abortOf(within);
  let last: Attempt | null = null;
  let attempts = 0;
  for (let failures = 0; ; ) {
    attempts += 1;
    // A check may not notice its signal at once; the deadline holds all the same.
    const attempt: Attempt | null = within.aborted ? null : await Promise.race([deps.prober.probe(check, environment, within), late]);
    if (attempt === null) break;
    last = attempt;
    if (attempt.state === 'failed') failures += 1;
    if (attempt.state === 'ok' || failures > check.retries) break;
    const rested = await rest(deps, attempt.state === 'waiting' ? WAIT_EVERY : pauseAfter(failures), within);
    if (!rested) break;
  }
  const took = elapsed(began, deps.clock.now());
  return itemOf(check, last, { attempts, took, late: within.aborted });
}
const WAIT_EVERY = seconds(2);
const LONGEST_PAUSE_MS = 5_000;
/** 1, 2, 4, then 5 seconds. */
const pauseAfter = (failures: number): Ms => ms(Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** (failures - 1)));
/** False: the deadline came first. */
const rest = ({ clock }: ClockDep, span: Ms, within: AbortSignal): Promise<boolean> =>
  clock.sleep(span, within).then(
    () => true,
    () => false,
  );
const abortOf = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });

interface Run {
  readonly attempts: number;
  readonly took: Ms;
  readonly late: boolean;
}
function itemOf(check: Check, last: Attempt | null, { attempts, took, late }: Run): SmokeItem {
  const shared = { what: check.name, took, evidence: last?.evidence ?? '', attempts };
  if (last?.state === 'ok') return { ...shared, state: 'ok', message: last.message, remedy: null };
  const tried = attempts === 1 ? '' : ` (${attempts} attempts)`;
  const deadline = `no good answer within ${check.deadline / 1_000} s`;
  if (last === null) return { ...shared, state: 'failed', message: deadline, remedy: HANGS };
  const message = late ? `${deadline}: ${last.message}` : `${last.message}${tried}`;
  return { ...shared, state: 'failed', message, remedy: last.remedy };
}
const HANGS = 'the other side hangs, or is slower than `timeout` of the check: look at the logs of the app';
