/** The controller: reads the source, watches the organizations, wakes apps, and carries passes out. Everything it knows can be lost without harm. */
import type { ClockDep } from '#domain/clock.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { Lookups } from '#domain/desired-lookup.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { type AppName, appName, type EnvironmentName } from '#domain/ids.ts';
import { type PriceBook, pricesAt } from '#domain/price-book.ts';
import type { RandomDep } from '#domain/random.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { after, type Instant, type MicroUsd, type Ms, microUsd, ms, seconds } from '#domain/units.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import type { DesiredSourceDep } from '#platform/source/port.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { AmountSources } from './amounts.ts';
import { type Approvals, makeApprovals } from './approvals.ts';
import type { OwnSource } from './desired.ts';
import { type Environments, makeEnvironments } from './environments.ts';
import { every } from './every.ts';
import { makeFleets, type Observation } from './fleets.ts';
import { gatesFor } from './gates.ts';
import type { Halts } from './halts.ts';
import { keyOf, organizationKey } from './keys.ts';
import { type Money, makeMoney } from './money.ts';
import type { ReadOutside } from './outside.ts';
import { runPass } from './pass.ts';
import type { PassDeps } from './pass-deps.ts';
import { makePreviews, type Previews } from './previews.ts';
import { PRIORITY, type Queue, type QueueDepth } from './queue.ts';
import { refusing } from './refusing.ts';
import { relaxedParts } from './relaxed-parts.ts';
import type { ReleaseParts } from './release-ports.ts';
import { makeReleaseRunner, type Releases } from './release-runner.ts';
import { type AppRuntime, makeRuntime } from './runtime.ts';
import type { SecretReader } from './secret-reader.ts';
import { makeSecretWatch } from './secret-watch.ts';
import { makeSourceReader } from './source-reader.ts';
import { makeAppStore } from './state.ts';
import { makeStatuses } from './statuses.ts';
import { type AppTarget, targetKey } from './target.ts';
import { dependentsOf } from './targets.ts';
import { makeTurns } from './turns.ts';
import { makeWatch } from './watch.ts';
import { makeWork } from './work.ts';

export interface ControllerDeps extends ClockDep, RandomDep, TellDep, StoreDep, DesiredSourceDep {
  readonly queue: Queue;
  readonly reader: SecretReader;
  /** Fingerprints that failed in a release; absent: as the releases of the environment say. */
  readonly pinnedSecrets?: PassDeps['pinnedSecrets'];
  /** Other processes may work on the same store and queue. */
  readonly shared: boolean;
  /** Somebody else may have used up the rate limits of these apps and machines. */
  readonly startEmpty: (ids: readonly string[]) => void;
  readonly halts: Halts;
  /** The client with the token an environment names, for passes: their keys are this process's own at that moment. */
  readonly flyFor: (environment: CompiledEnvironment) => Result<FlyClient, TrimtabError>;
  /** For everything beside them, where another process may have the keys; absent: the same. */
  readonly asideFlyFor?: ControllerDeps['flyFor'];
  /** Who carries out the phases of a release. */
  readonly parts: ReleaseParts;
  readonly desiredFolder: string;
  readonly ownSources?: ReadonlyMap<string, OwnSource>;
  readonly process: Readonly<Record<string, string | undefined>>;
  readonly readOutside?: ReadOutside;
  /** Only this environment; null: all. */
  readonly only: string | null;
  readonly selfApp: string | null;
  readonly book: PriceBook;
  /** Transfer and databases; absent: nobody tells. */
  readonly amounts?: AmountSources;
  /** Where the team's weeks begin. */
  readonly timeZone: string;
  readonly deadline: (span: number, signal: AbortSignal) => AbortSignal;
  readonly tick: Ms;
  readonly poll: Ms;
  readonly resync: Ms;
  readonly concurrency: number;
}
export interface Controller extends Previews, Releases, Pick<Queue, 'within'> {
  readonly environments: Environments;
  readonly approvals: Approvals;
  readonly money: Money;
  readonly secretReader: SecretReader;
  /** Reads the source once; new revisions are taken. */
  readSource(signal: AbortSignal, lookups?: Lookups): Promise<Result<void, TrimtabError>>;
  /** One pass over one app, now. */
  pass(key: string, signal: AbortSignal): Promise<Ms | null>;
  /** Ticks, polls and works until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** What people said meanwhile is read from the store, and what was learned is kept there. A running controller does so by itself. */
  keepBooks(signal: AbortSignal): Promise<void>;
  flyFor(target: AppTarget): Result<FlyClient, TrimtabError>;
  /** With no pass over this app under way in this process. */
  inTurn<T>(
    target: AppTarget,
    run: (deps: PassDeps, runtime: AppRuntime) => Promise<Result<T, TrimtabError>>,
  ): Promise<Result<T, TrimtabError>>;
  runtime(key: string): AppRuntime | null;
  statusOf(environment: EnvironmentName, app: string): AppStatus | null;
  wake(targets: readonly Pick<AppTarget, 'environment' | 'app'>[], signal: AbortSignal): Promise<void>;
  /** The age of the oldest organization's picture; null: one was never seen. */
  observedAt(): Instant | null;
  observations(): readonly Observation[];
  storeIsLost(): boolean;
  depth(): QueueDepth;
}

export function makeController(deps: ControllerDeps): Controller {
  const { clock, queue, tell } = deps;
  const runtimes = new Map<string, AppRuntime>();
  const environments = makeEnvironments(deps);
  const approvals = makeApprovals(deps);
  const writer = String(deps.random.fork('writer').next());
  const store = makeAppStore(deps.store, writer);
  const aside = { ...deps, flyFor: deps.asideFlyFor ?? deps.flyFor };
  const money = makeMoney({ ...aside, environments });
  /** What git says, with what budgets do about it. */
  const acted = (target: AppTarget | null): AppTarget | null => (target === null ? null : money.budgets.acted(target));
  const fleets = makeFleets({ ...deps, writer, onMoved: money.listed });
  const seeds = deps.random.fork('intents');
  const turns = makeTurns();
  const watchSecrets = makeSecretWatch(deps.reader, environments);
  const boot = clock.now();
  let passes = 0;
  let lost = false;

  const runtimeFor = (key: string): AppRuntime => {
    const runtime = runtimes.get(key) ?? makeRuntime();
    runtimes.set(key, runtime);
    return runtime;
  };
  const statuses = makeStatuses({ store: deps.store, writer, runtime: (key) => runtimes.get(key) ?? null });
  const statusOf: Controller['statusOf'] = (environment, app) => statuses.of(environment, appName(app));
  const wakeKeys = async (keys: readonly string[], priority: number, at: Instant, signal: AbortSignal): Promise<void> => {
    const woken = await queue.wake(
      keys.map((key) => ({ key, priority, at })),
      signal,
    );
    if (!woken.ok) noteStore(woken.error);
  };
  /** What the last plan of an app would add, and has not added yet. */
  const pendingOf = (key: string): MicroUsd => runtimes.get(key)?.pendingPerHour ?? microUsd(0);
  const noteStore = (error: TrimtabError | null): void => {
    const now = error?.code === 'STORE_UNAVAILABLE';
    if (now && !lost) tell({ type: 'StoreLost', message: error.message });
    if (!now && lost && error === null) tell({ type: 'StoreBack' });
    if (now || error === null) lost = now;
  };
  /** Who had nothing to write did not ask the database: that nothing went wrong says nothing of it. */
  const noteTrouble = (error: TrimtabError | null): void => (error === null ? undefined : noteStore(error));
  /** Spread, and longer for large fleets. */
  const resync = (): Ms => ms(Math.max(deps.resync, environments.size() * RESYNC_PER_APP_MS) * (0.9 + deps.random.next() * 0.2));

  const onSynced = async (target: AppTarget, signal: AbortSignal): Promise<void> => {
    approvals.end(target);
    if (!environments.awaitsSynced(target.environment.name)) return;
    // Whether it was the last one: others may have brought theirs there a moment ago.
    if (deps.shared) await statuses.refresh(signal);
    environments.noteSynced(target, statusOf);
  };
  const revisionOf: PassDeps['revisionOf'] = (environment, app) => environments.target(`app/${environment}/${app}`)?.revision ?? null;
  const onForgotten = (target: AppTarget): void => {
    environments.forget(target);
    runtimes.delete(targetKey(target));
  };
  const passDeps = (fly: FlyClient): PassDeps => ({
    ...{ fly, clock, tell, store, resync, statusOf, revisionOf, onSynced, onForgotten },
    random: deps.random,
    halted: deps.halts.reasonFor,
    deadline: deps.deadline,
    nextSeed: () => `${boot}/${passes++}/${seeds.next()}`,
    startEmpty: deps.startEmpty,
    follow: async (target, { approvals: given, others, accepted, book }, signal) => {
      approvals.know(target, given);
      statuses.absorb(others);
      const followed = await environments.follow(target.environment.name, { accepted, version: book }, signal);
      return followed.ok ? ok(acted(environments.target(targetKey(target)))) : followed;
    },
    isApproved: (target) => approvals.has(target),
    selfApp: deps.selfApp,
    reader: deps.reader,
    pinnedSecrets: deps.pinnedSecrets ?? ((target) => environments.pinnedSecrets(target)),
    prices: (at) => pricesAt(deps.book, at),
    shares: money.costs.shares,
    onObserved: money.observed,
    gates: (target) => gatesFor({ environments, statusOf, pendingOf }, target),
  });
  const pass = async (key: string, signal: AbortSignal): Promise<Ms | null> => {
    const target = acted(environments.target(key));
    if (target === null) return null;
    const fly = deps.flyFor(target.environment);
    const runtime = runtimeFor(key);
    const before = runtime.status?.sync ?? null;
    const verdict = JSON.stringify(runtime.status?.release);
    const clients = passDeps(fly.ok ? fly.value : refusing(fly.error));
    const { again, error } = await turns.take(key, () => runPass(clients, target, runtime, signal));
    noteStore(error);
    if (runtime.status?.sync === 'Synced' && before !== 'Synced')
      await wakeKeys(dependentKeys(target), PRIORITY.observed, clock.now(), signal);
    if (JSON.stringify(runtime.status?.release) !== verdict) await releases.wakeRelease(target.environment.name, signal);
    return again;
  };
  const parts = relaxedParts(deps.parts, money.budgets.releaseActs);
  const releases = makeReleaseRunner({ ...deps, parts, environments, statuses, statusOf, approvals, noteStore, wake: wakeKeys });
  const organizationKeys = (): readonly string[] => [
    ...new Set(environments.all().map(({ organization }) => organizationKey(organization))),
  ];
  const reader = makeSourceReader({ ...aside, environments, throttle: (environment) => money.budgets.releaseActs(environment).interval });
  const readSource: Controller['readSource'] = async (signal, lookups = 'kept') => {
    const moved = await reader(signal, lookups);
    if (!moved.ok) {
      noteStore(moved.error);
      return moved;
    }
    deps.reader.serves(environments.names());
    if (moved.value.length > 0) await wakeKeys(organizationKeys(), PRIORITY.watch, after(clock.now(), deps.tick), signal);
    await wakeKeys(moved.value, PRIORITY.asked, clock.now(), signal);
    return ok(undefined);
  };
  const watch = makeWatch({ clock, environments, fleets, money, tick: deps.tick, noteStore, wake: wakeKeys });
  const handlers = {
    app: { priority: PRIORITY.resync, run: pass, forget: (key: string) => void runtimes.delete(key) },
    organization: watch,
    release: releases.handler,
  };
  const work = makeWork({ clock, tell, wake: wakeKeys }, handlers);
  /** Keys come back by themselves; one that was lost all the same (its holder died at the wrong moment) is in the queue again after this. */
  const seed = async (signal: AbortSignal): Promise<void> => {
    await wakeKeys(organizationKeys(), PRIORITY.watch, after(clock.now(), deps.tick), signal);
    await wakeKeys(environments.targets().map(targetKey), PRIORITY.resync, after(clock.now(), resync()), signal);
  };
  const slow = async (signal: AbortSignal): Promise<void> => {
    const halts = await deps.store.halts(signal);
    if (halts.ok) deps.halts.setStored(halts.value);
    noteStore(halts.ok ? null : halts.error);
    if (deps.shared) await statuses.refresh(signal);
    await fleets.refresh(signal);
    await approvals.flush(signal);
    await approvals.load(environments.names(), signal);
    await environments.flush(signal);
    noteTrouble(await money.slow(signal));
  };
  const wakeForSecrets = async (signal: AbortSignal): Promise<void> => {
    const keys = await watchSecrets(signal);
    for (const key of keys) runtimeFor(key).wantsFull = true;
    if (keys.length > 0) await wakeKeys(keys, PRIORITY.asked, clock.now(), signal);
  };
  const { preview, look } = makePreviews({
    ...{ ...aside, store, passDeps, runtimeFor },
    environments: { proposal: (key) => acted(environments.proposal(key)) },
  });
  return {
    preview,
    look,
    keepBooks: slow,
    flyFor: (target) => aside.flyFor(target.environment),
    inTurn: async (target, run) => {
      const fly = aside.flyFor(target.environment);
      return fly.ok ? turns.take(targetKey(target), () => run(passDeps(fly.value), runtimeFor(targetKey(target)))) : fly;
    },
    ...{ environments, approvals, money },
    secretReader: deps.reader,
    readSource,
    pass,
    ...{ release: releases.release, wakeRelease: releases.wakeRelease },
    statusOf,
    runtime: (key) => runtimes.get(key) ?? null,
    storeIsLost: () => lost,
    ...{ depth: queue.depth, within: queue.within },
    ...{ observedAt: () => fleets.observedAt(environments.all()), observations: fleets.observations },
    wake: (targets, signal) => {
      const keys = targets.map(targetKey);
      for (const key of keys) runtimeFor(key).wantsFull = true;
      return wakeKeys(keys, PRIORITY.asked, clock.now(), signal);
    },
    run: async (signal) => {
      await slow(signal);
      await readSource(signal);
      noteTrouble(await money.begin(signal));
      const poll = (): Ms => ms(deps.poll * (0.9 + deps.random.next() * 0.2));
      await Promise.all([
        queue.run(work, deps.concurrency, signal),
        every(deps, () => SEED_EVERY, seed, signal),
        every(deps, poll, async () => void (await readSource(signal)), signal),
        every(deps, () => SLOW_EVERY, slow, signal),
        every(deps, () => deps.poll, wakeForSecrets, signal),
      ]);
    },
  };
}
/** Per app read of every resync, so that a thousand apps stay far below what the platform's lists bear. */
const RESYNC_PER_APP_MS = 150;
const SEED_EVERY = seconds(60);
const SLOW_EVERY = seconds(5);

const dependentKeys = ({ environment, app }: AppTarget): readonly string[] =>
  dependentsOf(environment, app.app).map((name: AppName) => keyOf({ environment: environment.name, app: name }));
