/** The way to run without any state: no controller, no database, nothing in the data folder. Each environment is locked on its own machines. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import type { Controller } from '#engine/controller.ts';
import { type ExecutorLock, makeExecutorLock } from '#engine/executor-lock.ts';
import type { Operator } from '#engine/operator.ts';
import { realClock } from '#platform/clock.ts';
import { lockedFly } from '#platform/fly/locked.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import type { FolderLock } from '#platform/store/lock.ts';
import type { Config } from './config.ts';

export interface StatelessOptions {
  /** Goes on where an environment has no machine to lock. */
  readonly unlocked: boolean;
  readonly say: (text: string) => void;
}
export const isStateless = (config: Config, folder: string): boolean => config.databaseUrl === null && !existsSync(join(folder, 'db'));
export const NOTICE =
  'no controller, no database, no state here: pins, overrides, approvals given elsewhere, history and the cost so far are not to be had (docs/ci-only.md)\n';
/** Nothing is kept in the folder, so nobody is kept out of it. */
export const NO_FOLDER_LOCK: FolderLock = { announce: () => Promise.resolve(), release: () => Promise.resolve() };

export interface Locks {
  readonly flyFor: (environment: CompiledEnvironment) => Result<FlyClient, TrimtabError>;
  /** Waits for whoever works there. */
  hold(environment: string, signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  release(): Promise<void>;
}
const RELEASE_WITHIN_MS = 10_000;
/** `lead` is told when this run holds a lock, and when it holds none any more. */
export function makeLocks(clients: Locks['flyFor'], lead: (leads: boolean) => void, { unlocked, say }: StatelessOptions): Locks {
  const id = `${hostname().replaceAll(' ', '-')}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const locks = new Map<string, { environment: CompiledEnvironment; readonly lock: ExecutorLock; readonly fly: FlyClient }>();
  return {
    flyFor: (environment) => {
      const client = clients(environment);
      if (!client.ok) return client;
      const known = locks.get(environment.name);
      if (known !== undefined) {
        known.environment = environment;
        return ok(known.fly);
      }
      const lock = makeExecutorLock({
        environment: () => locks.get(environment.name)?.environment ?? environment,
        ...{ fly: client.value, clock: realClock, id, unlocked },
        say: (text) => say(`${text}\n`),
        onLead: lead,
      });
      const fly = lockedFly(client.value, lock);
      locks.set(environment.name, { environment, lock, fly });
      return ok(fly);
    },
    hold: async (environment, signal) => {
      const held = await locks.get(environment)?.lock.hold(signal);
      return held === undefined || held.ok ? ok(undefined) : held;
    },
    release: async () => {
      const signal = AbortSignal.timeout(RELEASE_WITHIN_MS);
      for (const { lock } of locks.values()) await lock.release(signal);
    },
  };
}
/** Before the first pass writes: what would be written is known, and then the lock is held. */
export async function holdForWrites(
  { operator, controller, locks }: { readonly operator: Operator; readonly controller: Controller; readonly locks: Locks },
  only: (app: string) => boolean,
  signal: AbortSignal,
): Promise<Result<void, TrimtabError>> {
  const names = controller.environments.names();
  for (const name of names) {
    const plans = await operator.plan({ environment: name, app: null }, signal);
    if (!plans.ok) return plans;
    const writes = plans.value.some(({ app, plan }) => only(app) && plan !== null && plan.waves[0]?.ready === true);
    const held = writes ? await locks.hold(name, signal) : ok(undefined);
    if (!held.ok) return held;
  }
  return ok(undefined);
}
/** What only a store could keep is refused, not forgotten. */
export function forgetful(operator: Operator): Operator {
  const refuse = (what: string) => Promise.resolve(err(failure('NO_STATE', `${what} would be forgotten when this command ends`)));
  return { ...operator, halt: () => refuse('the halt'), unhalt: () => refuse('the end of a halt') };
}
