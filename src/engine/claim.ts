/** Before a pass believes its memory: is the app still this process's, and what have others done meanwhile? */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { AppName } from '#domain/ids.ts';
import { ok, type Result } from '#domain/result.ts';
import type { PassDeps } from './pass-deps.ts';
import type { AppState, OpenIntent, Situation } from './ports.ts';
import type { AppRuntime } from './runtime.ts';
import { type AppTarget, dependenciesOf } from './target.ts';
import { dependentsOf } from './targets.ts';

type ClaimDeps = Pick<PassDeps, 'store' | 'follow' | 'startEmpty'> & ClockDep;
export interface Claim {
  readonly state: AppState;
  /** As it is now: another process may have taken a revision. */
  readonly target: AppTarget;
  readonly intents: readonly OpenIntent[];
  /** Somebody else wrote before us. */
  readonly takenOver: boolean;
}
/** Null: the app is no target any more. */
export async function claim(
  deps: ClaimDeps,
  given: AppTarget,
  runtime: AppRuntime,
  signal: AbortSignal,
): Promise<Result<Claim | null, TrimtabError>> {
  const seen = await situationOf(deps, given, signal);
  if (!seen.ok) return seen;
  const followed = await deps.follow(given, seen.value, signal);
  if (!followed.ok) return followed;
  const target = followed.value;
  if (target === null) return ok(null);
  const { generation, intents } = seen.value;
  if (runtime.state !== null && runtime.state.generation === generation)
    return ok({ state: runtime.state, target, intents, takenOver: false });
  const { environment, app } = target;
  const taken = await deps.store.takeApp(environment.name, app.app, runtime.highestStamp, signal);
  if (!taken.ok) return taken;
  const state = taken.value;
  const takenOver = runtime.generation !== generation;
  runtime.state = state;
  runtime.savedAt = null;
  runtime.generation = state.generation;
  runtime.status = state.status ?? runtime.status;
  if (!takenOver) return ok({ state, target, intents, takenOver });
  // What this process kept is from before: the other one may have made or taken away anything.
  runtime.full = null;
  // The former holder may have opened one more between the look and the takeover; after it, none.
  const left = await situationOf(deps, target, signal);
  if (!left.ok) return left;
  deps.startEmpty([app.app, ...left.value.intents.flatMap(machineOf)]);
  return ok({ state, target, intents: left.value.intents, takenOver });
}
const machineOf = ({ step: { action } }: OpenIntent): readonly string[] => ('machine' in action ? [action.machine] : []);

function situationOf({ store }: ClaimDeps, target: AppTarget, signal: AbortSignal): Promise<Result<Situation, TrimtabError>> {
  const { environment, app } = target;
  const others = new Set<AppName>([...dependenciesOf(target).map((one) => one.app), ...dependentsOf(environment, app.app)]);
  return store.situation(environment.name, app.app, [...others], signal);
}
