/** Looks at apps without a pass: the plan of what was accepted, and how an app is now. Nothing is written to the platform. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import type { Decision } from './decide.ts';
import type { Environments } from './environments.ts';
import type { PassDeps } from './pass-deps.ts';
import type { AppStoreDep } from './ports.ts';
import { type Preview, previewApp } from './preview.ts';
import type { AppRuntime } from './runtime.ts';
import { statusAfterFailure } from './status.ts';
import { type AppTarget, targetKey } from './target.ts';

export interface Previews {
  /** What a pass would do now; null: no such app. */
  preview(key: string, signal: AbortSignal): Promise<Result<Decision, TrimtabError> | null>;
  /** How an app is, seen now, for a process that makes no passes. */
  look(key: string, signal: AbortSignal): Promise<void>;
}
export interface PreviewsDeps extends ClockDep, AppStoreDep {
  readonly environments: Pick<Environments, 'proposal'>;
  readonly flyFor: (environment: CompiledEnvironment) => Result<FlyClient, TrimtabError>;
  readonly passDeps: (fly: FlyClient) => PassDeps;
  readonly runtimeFor: (key: string) => AppRuntime;
  /** Other processes may know more than this one remembers. */
  readonly shared: boolean;
}
export function makePreviews({ clock, store, environments, flyFor, passDeps, runtimeFor, shared }: PreviewsDeps): Previews {
  const previewOf = async (target: AppTarget, signal: AbortSignal): Promise<Result<Preview, TrimtabError>> => {
    const fly = flyFor(target.environment);
    if (!fly.ok) return fly;
    const runtime = runtimeFor(targetKey(target));
    if (runtime.state !== null && !shared) return previewApp(passDeps(fly.value), target, runtime.state, signal);
    const read = await store.readApp(target.environment.name, target.app.app, signal);
    if (!read.ok) return read;
    runtime.status ??= read.value.status;
    return previewApp(passDeps(fly.value), target, read.value, signal);
  };
  return {
    preview: async (key, signal) => {
      const target = environments.proposal(key);
      if (target === null) return null;
      const seen = await previewOf(target, signal);
      return seen.ok ? ok(seen.value.decision) : seen;
    },
    look: async (key, signal) => {
      const target = environments.proposal(key);
      if (target === null) return;
      const seen = await previewOf(target, signal);
      const runtime = runtimeFor(key);
      runtime.status = seen.ok ? seen.value.status : statusAfterFailure(target, seen.error, runtime.status, clock.now());
    },
  };
}
