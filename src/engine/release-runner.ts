/** Releases as the controller runs them: the key `release/<environment>` handed out, and what a person's command asks for at once. */
import type { TrimtabError } from '#domain/errors.ts';
import { type EnvironmentName, environmentName } from '#domain/ids.ts';
import { ok } from '#domain/result.ts';
import { after, type Instant, type Ms, ms, seconds } from '#domain/units.ts';
import type { Approvals } from './approvals.ts';
import { releaseKey } from './keys.ts';
import { PRIORITY } from './queue.ts';
import { type ReleasePassDeps, releasePass } from './release-pass.ts';
import type { Statuses } from './statuses.ts';
import { targetKey } from './target.ts';
import type { Handler } from './work.ts';

export interface Releases {
  /** One pass over an environment's release, now. */
  release(environment: EnvironmentName, signal: AbortSignal): Promise<Ms | null>;
  wakeRelease(environment: EnvironmentName, signal: AbortSignal): Promise<void>;
}
export interface ReleaseRunnerDeps extends Omit<ReleasePassDeps, 'refresh' | 'wakeApps' | 'onEnded'> {
  readonly statuses: Statuses;
  readonly approvals: Approvals;
  /** Other processes may know more than this one. */
  readonly shared: boolean;
  readonly noteStore: (error: TrimtabError | null) => void;
  readonly wake: (keys: readonly string[], priority: number, at: Instant, signal: AbortSignal) => Promise<void>;
}
const AFTER_TROUBLE = seconds(5);
/** An app that was read a moment ago by one controller is not read at once by another: the platform's limits are for both together. */
const HANDED_OVER_AFTER = seconds(1);

export function makeReleaseRunner(deps: ReleaseRunnerDeps): Releases & { readonly handler: Handler } {
  const { clock, environments, wake } = deps;
  const passDeps: ReleasePassDeps = {
    ...deps,
    refresh: async (name, signal) => {
      if (!deps.shared) return ok(undefined);
      const seen = await deps.statuses.refresh(signal);
      return seen.ok ? environments.refresh(name, signal) : seen;
    },
    wakeApps: (name, signal) => {
      const at = after(clock.now(), deps.shared ? HANDED_OVER_AFTER : ms(0));
      return wake(environments.targetsOf(name).map(targetKey), PRIORITY.asked, at, signal);
    },
    onEnded: deps.approvals.endAll,
  };
  const release: Releases['release'] = async (name, signal) => {
    const done = await releasePass(passDeps, name, signal);
    if (done.ok) return done.value;
    deps.noteStore(done.error);
    return AFTER_TROUBLE;
  };
  return {
    release,
    wakeRelease: (name, signal) => wake([releaseKey(name)], PRIORITY.asked, clock.now(), signal),
    handler: {
      priority: PRIORITY.asked,
      run: (key, signal) => release(environmentName(key.split('/')[1] ?? ''), signal),
      forget: () => undefined,
    },
  };
}
