/** Apps that are not looked at: excluded on purpose, or gone with all that was theirs. */
import type { TrimtabError } from '#domain/errors.ts';
import type { AppMemory } from '#domain/memory.ts';
import { isActive, type ObservedApp } from '#domain/observed.ts';
import { ok, type Result } from '#domain/result.ts';
import { belongingOf, ownerOf } from '#domain/stamp.ts';
import type { Instant } from '#domain/units.ts';
import type { PassDeps } from './pass-deps.ts';
import type { AppState } from './ports.ts';
import type { AppRuntime } from './runtime.ts';
import { statusExcluded } from './status.ts';
import type { AppTarget } from './target.ts';

/** Not read at the platform, not compared, not touched. Written down once; when it comes back it is taken over anew. */
export async function leaveAlone(
  deps: PassDeps,
  target: AppTarget,
  runtime: AppRuntime,
  state: AppState,
  signal: AbortSignal,
): Promise<Result<void, TrimtabError>> {
  const status = statusExcluded(target, state.status, deps.clock.now());
  const known = runtime.status?.excluded === true && runtime.status.attemptedRevision === target.revision && state.memory.excluded;
  if (known) return ok(undefined);
  // What it was doing to it is over; what it knows of names and proofs stays.
  const memory: AppMemory = {
    ...state.memory,
    excluded: true,
    adopted: false,
    settling: false,
    drifts: {},
    corrections: {},
    release: null,
  };
  const generation = runtime.generation ?? state.generation;
  const saved = await deps.store.saveApp(target.environment.name, target.app.app, { generation, memory, status }, signal);
  if (!saved.ok) return saved;
  const previous = runtime.status;
  runtime.state = { generation, memory, status, fresh: false };
  runtime.status = status;
  runtime.full = null;
  const place = { environment: target.environment.name, app: target.app.app };
  deps.tell({
    type: 'AppStatusChanged',
    ...place,
    status,
    previous: previous === null ? null : { sync: previous.sync, health: previous.health },
  });
  await deps.onSynced(target, signal);
  return ok(undefined);
}
/** It left git, and nothing of ours runs in it any more: there is nothing to look after. */
export const isOver = (target: AppTarget, observed: ObservedApp): boolean =>
  target.gone &&
  observed.complete &&
  !observed.machines.some(
    (machine) =>
      isActive(machine) && belongingOf(machine, ownerOf(target.environment.organization, target.environment.name)).is !== 'foreign',
  );
export async function forget(
  deps: PassDeps,
  target: AppTarget,
  generation: number,
  signal: AbortSignal,
): Promise<Result<void, TrimtabError>> {
  const forgotten = await deps.store.forgetApp(target.environment.name, target.app.app, generation, signal);
  if (!forgotten.ok) return forgotten;
  deps.onForgotten(target);
  deps.tell({ type: 'AppForgotten', environment: target.environment.name, app: target.app.app });
  return ok(undefined);
}
/** The picture of an app that nobody looked at. */
export const unseen = ({ app }: AppTarget, now: Instant): ObservedApp => ({
  app: app.app,
  info: null,
  machines: [],
  volumes: [],
  addresses: [],
  certificates: [],
  secrets: [],
  currentRelease: null,
  observedAt: now,
  complete: true,
});
