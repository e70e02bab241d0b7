/** Keeps two runs without any state apart: the lease of one machine of the environment, and in its metadata who holds it until when. */
import type { Clock } from '#domain/clock.ts';
import { ERRORS, failure, type TrimtabError } from '#domain/errors.ts';
import {
  type AppMachines,
  type FoundLock,
  LOCK_KEY,
  type LockPlace,
  lockPlaceOf,
  locksIn,
  lockToText,
  textToLock,
} from '#domain/executor-lock.ts';
import type { AppName, MachineId } from '#domain/ids.ts';
import { isActive, type ObservedMachine } from '#domain/observed.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { ownerOf } from '#domain/stamp.ts';
import { after, elapsed, type Instant, instantToIso, minutes, seconds } from '#domain/units.ts';
import type { FlyClient, HeldLease } from '#platform/fly/port.ts';

export interface ExecutorLock {
  /** `taken`: only now, so what was seen before may be old · `open`: there is no machine to lock, and a person said to go on without. */
  hold(signal: AbortSignal): Promise<Result<'held' | 'taken' | 'open', TrimtabError>>;
  /** The lease this run holds on that machine; null: none. */
  leaseOf(machine: MachineId): HeldLease | null;
  /** Before that machine goes away the lock moves to the next one. When it is the last, nothing is left that another run could harm. */
  leave(machine: MachineId, signal: AbortSignal): Promise<void>;
  release(signal: AbortSignal): Promise<void>;
  /** What this run has just seen of an app is not asked again for the lock: runs that wait leave the rate limits to the one that works. */
  saw(app: AppName, machines: readonly ObservedMachine[]): void;
}
export interface ExecutorLockOptions {
  /** As it is accepted now. */
  readonly environment: () => CompiledEnvironment;
  readonly fly: FlyClient;
  readonly clock: Clock;
  /** Never the same twice, and tells people whose it is. */
  readonly id: string;
  /** Goes on where no machine can be locked. */
  readonly unlocked: boolean;
  readonly say: (text: string) => void;
  /** From its lease on this run works and the others wait; what the one before it used of the rate limits is not known. */
  readonly onLead?: (leads: boolean) => void;
}
/** Long enough for a slow refresh, short enough that a killed run blocks the next one for a minute only. */
const TTL = seconds(60);
const REFRESH_EVERY = seconds(20);
const LOOK_EVERY = seconds(3);
/** A rollout of a large environment takes a while. */
const PATIENCE = minutes(15);
/** A picture this old still tells where the lock may stand; whether it is free is asked of the machine itself. */
const SEEN_FOR = seconds(30);

interface Held extends LockPlace {
  lease: HeldLease;
  readonly stop: () => void;
}
/** Somebody else has it. */
interface Busy {
  readonly who: string;
  /** Where that is written; absent: it is not written anywhere. */
  readonly lock?: FoundLock;
  /** Where it is tried again; absent: where there is one to be found then. */
  readonly place?: LockPlace;
}
type Taken = Promise<Result<'taken' | 'open' | Busy, TrimtabError>>;

export function makeExecutorLock(options: ExecutorLockOptions): ExecutorLock {
  const { fly, clock, id } = options;
  let held: Held | null = null;
  let acquiring: ReturnType<typeof acquire> | null = null;
  const seenOf = new Map<AppName, { readonly machines: readonly ObservedMachine[]; readonly at: Instant }>();
  const lead = (leads: boolean): void => options.onLead?.(leads);

  const write = ({ app, machine }: LockPlace, signal: AbortSignal) =>
    fly.patchMetadata(app, machine, { [LOCK_KEY]: lockToText({ id, until: after(clock.now(), TTL) }) }, null, signal);
  const erase = ({ app, machine }: LockPlace, signal: AbortSignal) => fly.patchMetadata(app, machine, { [LOCK_KEY]: null }, null, signal);
  const others = (seen: readonly AppMachines[]): readonly FoundLock[] =>
    locksIn(seen).filter((lock) => lock.id !== id && lock.until > clock.now());
  const busy = (lock: FoundLock): Busy => ({
    who: `${lock.id} works on ${options.environment().name} (until ${instantToIso(lock.until)} at the latest)`,
    lock,
  });
  /** One machine is asked, not every app: who holds the lock needs the rate limits. Null: the machine is gone, and the lock elsewhere. */
  const ends = async ({ app, machine, id: whose }: FoundLock, limit: Instant, signal: AbortSignal): Promise<LockPlace | null> => {
    for (;;) {
      await clock.sleep(LOOK_EVERY, signal).catch(() => undefined);
      if (signal.aborted || clock.now() >= limit) return null;
      const seen = await fly.getMachine(app, machine, signal);
      if (!seen.ok && seen.error.code !== 'FLY_NOT_FOUND') continue;
      if (!seen.ok || !isActive(seen.value)) return null;
      const lock = textToLock(seen.value.metadata[LOCK_KEY]);
      if (lock === null || lock.id !== whose || lock.until <= clock.now()) return { app, machine };
    }
  };
  /** Of every app that may carry the lock; asked only of those that were not seen a moment ago. */
  const picture = async (environment: CompiledEnvironment, signal: AbortSignal) => {
    const fresh = [...seenOf].filter(([, { at }]) => elapsed(at, clock.now()) <= SEEN_FOR);
    const known = new Map(fresh.map(([app, { machines }]) => [app, machines]));
    seenOf.clear();
    return machinesOf(fly, environment, signal, known);
  };

  /** The lease first: of two that come at the same time one gets it. Then the words, read back with all others there may be. */
  const take = async (place: LockPlace, signal: AbortSignal): Taken => {
    const lease = await fly.acquireLease(place.app, place.machine, TTL / 1_000, `trimtab ${id}`, signal);
    if (!lease.ok) {
      const { code } = lease.error;
      const who = `somebody holds the lease of ${place.machine}, which stands for the lock`;
      return code === 'FLY_LEASE_HELD' ? ok({ who, place }) : code === 'FLY_NOT_FOUND' ? ok({ who }) : lease;
    }
    lead(true);
    const giveUp = async <T>(answer: T): Promise<T> => {
      await erase(place, signal);
      await fly.releaseLease(place.app, place.machine, lease.value.nonce, signal);
      lead(false);
      return answer;
    };
    const written = await write(place, signal);
    const seen = written.ok ? await machinesOf(fly, options.environment(), signal) : written;
    if (!seen.ok) return giveUp(seen);
    // Both wrote at the same time, on two machines: the lower name goes on.
    const before = others(seen.value).find((lock) => lock.id < id);
    if (before !== undefined) return giveUp(ok(busy(before)));
    const mine = locksIn(seen.value).some((lock) => lock.id === id && lock.machine === place.machine);
    if (!mine) return giveUp(ok({ who: `${place.machine}, which stands for the lock, went away` }));
    held = { ...place, lease: lease.value, stop: keep(place) };
    // Of runs that were killed, and of this one where it stood before.
    for (const lock of locksIn(seen.value))
      if (lock.machine !== place.machine && (lock.until <= clock.now() || lock.id === id)) await erase(lock, signal);
    return ok('taken');
  };
  const attempt = async (except: MachineId | null, signal: AbortSignal): Taken => {
    const environment = options.environment();
    const seen = await picture(environment, signal);
    if (!seen.ok) return seen;
    const other = others(seen.value)[0];
    if (other !== undefined) return ok(busy(other));
    const left = seen.value.map(({ app, machines }) => ({ app, machines: machines.filter((one) => one.id !== except) }));
    const place = lockPlaceOf(left, ownerOf(environment.organization, environment.name));
    if (place !== null) return take(place, signal);
    if (options.unlocked || except !== null) return ok('open');
    return err(failure('ENVIRONMENT_EMPTY', `${environment.name} has no machine yet that could be locked against another run`));
  };
  async function acquire(except: MachineId | null, signal: AbortSignal): Promise<Result<'taken' | 'open', TrimtabError>> {
    const until = after(clock.now(), PATIENCE);
    let told = '';
    let place: LockPlace | null = null;
    for (;;) {
      const tried: Awaited<Taken> = await (place === null ? attempt(except, signal) : take(place, signal));
      if (!tried.ok && ERRORS[tried.error.code].retry === 'stop') return tried;
      // A platform that is busy, or does not answer, is waited for too.
      const result: 'taken' | 'open' | Busy = tried.ok ? tried.value : { who: tried.error.message };
      if (result === 'taken' || result === 'open') return ok(result);
      const { who, lock } = result;
      place = result.place ?? null;
      if (clock.now() >= until || signal.aborted) return err(failure('EXECUTOR_BUSY', who));
      if (who !== told) options.say(`waiting: ${who}`);
      told = who;
      if (lock === undefined) await clock.sleep(LOOK_EVERY, signal).catch(() => undefined);
      else place = await ends(lock, until, signal);
    }
  }
  /** Writes that come side by side wait for one answer. */
  const acquireOnce = (except: MachineId | null, signal: AbortSignal): ReturnType<typeof acquire> => {
    acquiring ??= acquire(except, signal).finally(() => {
      acquiring = null;
    });
    return acquiring;
  };
  /** What cannot be read back is not held: the next write takes it anew. */
  const keep = (place: LockPlace): (() => void) => {
    const ended = new AbortController();
    const refresh = async (): Promise<void> => {
      if (held === null || ended.signal.aborted) return;
      const lease = await fly.refreshLease(place.app, place.machine, TTL / 1_000, held.lease.nonce, ended.signal);
      const written = lease.ok ? await write(place, ended.signal) : lease;
      const read = written.ok ? await fly.getMachine(place.app, place.machine, ended.signal) : written;
      if (held === null || ended.signal.aborted) return;
      const kept = lease.ok && read.ok && textToLock(read.value.metadata[LOCK_KEY])?.id === id;
      if (kept) held.lease = lease.value;
      else if (elapsed(clock.now(), held.lease.expiresAt) <= REFRESH_EVERY) {
        held = null;
        lead(false);
      }
      disarm = clock.after(REFRESH_EVERY, () => void refresh());
    };
    let disarm = clock.after(REFRESH_EVERY, () => void refresh());
    return () => {
      ended.abort(new Error('the lock is given back'));
      disarm();
    };
  };
  return {
    hold: (signal) => (held !== null ? Promise.resolve(ok('held')) : acquireOnce(null, signal)),
    leaseOf: (machine) => (held?.machine === machine ? held.lease : null),
    leave: async (machine, signal) => {
      if (held?.machine !== machine) return;
      held.stop();
      held = null;
      await acquireOnce(machine, signal);
    },
    release: async (signal) => {
      if (held === null) return;
      const { app, machine, lease, stop } = held;
      held = null;
      stop();
      await erase({ app, machine }, signal);
      await fly.releaseLease(app, machine, lease.nonce, signal);
      lead(false);
    },
    saw: (app, machines) => void seenOf.set(app, { machines, at: clock.now() }),
  };
}
async function machinesOf(
  fly: FlyClient,
  environment: CompiledEnvironment,
  signal: AbortSignal,
  known: ReadonlyMap<AppName, readonly ObservedMachine[]> = new Map(),
): Promise<Result<readonly AppMachines[], TrimtabError>> {
  const apps = environment.apps.filter(({ excluded }) => !excluded).map(({ app }) => app);
  const list = async (app: AppName) => {
    const machines = known.get(app);
    return { app, listed: machines === undefined ? await fly.listMachines(app, signal) : ok(machines) };
  };
  const lists = await Promise.all(apps.map(list));
  const found: AppMachines[] = [];
  for (const { app, listed } of lists) {
    if (listed.ok) found.push({ app, machines: listed.value });
    else if (listed.error.code !== 'FLY_NOT_FOUND') return listed;
  }
  return ok(found);
}
