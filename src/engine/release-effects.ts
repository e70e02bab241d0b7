/** Carries out the part of a phase that is not an app's: preflight, migrations, smoke. What came back is a fact of the next turn. */
import type { ClockDep } from '#domain/clock.ts';
import { failure, remedyOf, type TrimtabError } from '#domain/errors.ts';
import { type Effect, isVisible } from '#domain/release.ts';
import { err, type Result } from '#domain/result.ts';
import { elapsed, type Instant, type Ms, minutes, ms, seconds } from '#domain/units.ts';
import type { Environments } from './environments.ts';
import { NO_OUTCOME, type Outcome } from './release-facts.ts';
import type { PhaseReport, ReleaseParts } from './release-ports.ts';
import type { EnvironmentState } from './targets.ts';

export interface EffectsDeps extends ClockDep {
  readonly parts: ReleaseParts;
  readonly environments: Pick<Environments, 'view'>;
  readonly deadline: (span: number, signal: AbortSignal) => AbortSignal;
}
const MAY_TAKE: Readonly<Record<Effect, Ms>> = { preflight: minutes(5), migrations: minutes(60), smoke: minutes(10) };
type Asked = Promise<Result<PhaseReport, TrimtabError>>;
type Part = (signal: AbortSignal) => Asked;

export async function carryOut(deps: EffectsDeps, state: EnvironmentState, effect: Effect, signal: AbortSignal): Promise<Outcome> {
  const started = deps.clock.now();
  const part = partOf(deps.parts, state, effect);
  if (part === null)
    return reported(deps, effect, started, [{ state: 'skipped', message: 'no part of this build carries it out', remedy: null }]);
  const stop = new AbortController();
  const within = deps.deadline(MAY_TAKE[effect], AbortSignal.any([signal, stop.signal]));
  // A migration is never left half-way: it ends by itself, or by its own deadline.
  const asked = effect === 'migrations' ? part(within) : Promise.race([part(within), whenAborted(within)]);
  if (effect !== 'migrations') void watch(deps, state, within, stop);
  const answer = await asked;
  const late = within.aborted && !signal.aborted && !stop.signal.aborted;
  stop.abort(new Error('done'));
  if (answer.ok) return { report: { effect, took: elapsed(started, deps.clock.now()), items: [...answer.value.items] }, trouble: null };
  if (late) {
    const message = `it did not end within ${MAY_TAKE[effect] / 1_000} s`;
    return reported(deps, effect, started, [
      { state: 'failed', message, remedy: 'see why it hangs; it is tried again with the next release' },
    ]);
  }
  const { code, message } = answer.error;
  return code === 'FLY_CANCELLED' ? NO_OUTCOME : { report: null, trouble: `${message}. ${remedyOf(answer.error)}` };
}
function partOf({ preflight, migrations, smoke }: ReleaseParts, state: EnvironmentState, effect: Effect): Part | null {
  const environment = effect === 'smoke' ? smokedDocument(state) : (state.to?.document ?? state.effective.document);
  switch (effect) {
    case 'preflight': {
      const apps = environment.apps
        .filter(({ app }) => state.book.active?.changes.some((change) => change.app === app))
        .map(({ app }) => app);
      return preflight === null ? null : (signal) => preflight({ environment, apps }, signal);
    }
    case 'migrations':
      return migrations === null ? null : (signal) => migrations.apply(environment, signal);
    case 'smoke':
      return smoke === null ? null : (signal) => smoke({ environment, changed: isChanged(state) }, signal);
  }
}
/** A way back is always looked at. */
const isChanged = ({ book: { active } }: EnvironmentState): boolean =>
  active === null || active.phase !== 'smoke' || active.changes.some(isVisible);
/** On the way back the checks of what is gone back to. */
function smokedDocument({ book: { active }, to, good, effective }: EnvironmentState) {
  const forward = active?.phase === 'smoke' ? to : good;
  return forward?.document ?? effective.document;
}
function reported(
  { clock }: EffectsDeps,
  effect: Effect,
  started: Instant,
  lines: readonly { readonly state: 'failed' | 'skipped'; readonly message: string; readonly remedy: string | null }[],
): Outcome {
  const took = elapsed(started, clock.now());
  return { report: { effect, took, items: lines.map((line) => ({ ...line, what: effect, took: ms(0) })) }, trouble: null };
}
const whenAborted = (signal: AbortSignal): Asked =>
  new Promise((resolve) => {
    const give = (): void => resolve(err(failure('FLY_CANCELLED', 'it was ended')));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });

const LOOK_EVERY = seconds(1);
/** A newer revision is not kept waiting by a check that hangs. */
async function watch(
  { clock, environments }: EffectsDeps,
  state: EnvironmentState,
  within: AbortSignal,
  stop: AbortController,
): Promise<void> {
  const newer = (): boolean => {
    const now = environments.view(state.name)?.state ?? null;
    return now !== null && (now.accepted.id !== state.accepted.id || now.effective.id !== state.effective.id);
  };
  while (!within.aborted) {
    await clock.sleep(LOOK_EVERY, within).catch(() => undefined);
    if (newer()) stop.abort(new Error('a newer revision came'));
  }
}
