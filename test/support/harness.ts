/** A controller, a simulated platform and a store in one process, on a clock that stands still until it is told to go on. */
import type { AppStatus } from '#domain/condition.ts';
import type { Event } from '#domain/events.ts';
import { environmentName } from '#domain/ids.ts';
import { type PriceBook, SHIPPED_BOOK } from '#domain/price-book.ts';
import { makeRandom } from '#domain/random.ts';
import { ok } from '#domain/result.ts';
import { instant, ms, seconds } from '#domain/units.ts';
import { type Controller, makeController } from '#engine/controller.ts';
import { makeHalts } from '#engine/halts.ts';
import { makeLocalOperator } from '#engine/local-operator.ts';
import { makeMemoryQueue } from '#engine/memory-queue.ts';
import { makeNotifyDesk } from '#engine/notices/desk.ts';
import type { Operator } from '#engine/operator.ts';
import { NO_PARTS, type ReleaseParts } from '#engine/release-ports.ts';
import { makeFlyClient } from '#platform/fly/client.ts';
import { makeLimits } from '#platform/fly/limits.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import type { Store } from '#platform/store/port.ts';
import { makeVirtualClock, type VirtualClock } from '#simulator/clock.ts';
import { makeSimulator, type Simulator } from '#simulator/simulator.ts';
import type { MachineRow, Tables } from '#simulator/world.ts';
import { machinesOf } from '#simulator/world.ts';
import { underContract } from '#test/support/contract.ts';
import { accountsOf } from './accounts.ts';
import { isReadOf, isReadOfPlatform } from './crash-points.ts';
import { peopleOf } from './people.ts';
import { makeTestReader, type TestSecrets } from './secrets.ts';
import { snapshotOf } from './snapshot.ts';

export const START = instant(Date.UTC(2026, 9, 1, 9, 0, 0));
export type Files = Record<string, string>;

export interface Harness {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  readonly store: Store;
  readonly events: readonly Event[];
  readonly files: Map<string, string>;
  /** Variables of the process: a change is seen at the next look. */
  readonly environment: Record<string, string>;
  /** Fingerprints of secrets that failed in a release. */
  readonly pinned: Set<string>;
  controller(): Controller;
  /** A person's hands on the controller; no environment here declares anything to prove. */
  operator(): Operator;
  /** Lets the world's time pass. */
  pass(seconds: number): Promise<void>;
  /** Until the environment's apps are Synced and healthy; fails after `limit` seconds. */
  untilSettled(limit?: number): Promise<void>;
  status(app: string): AppStatus | null;
  machines(app: string): readonly MachineRow[];
  /** Kills the controller where it stands and starts another on the same store. */
  restart(options?: { readonly store?: Store }): Promise<void>;
  stop(): Promise<void>;
  /** It does nothing more from now on. */
  kill(): void;
  /** A call by somebody else, by the platform's own API. */
  byHand(method: string, path: string, body?: unknown): Promise<Response>;
  writes(): number;
}
export interface HarnessOptions {
  readonly files: Files;
  /** The source is a git repository, and everything in it of this author's. */
  readonly author?: string;
  readonly seed?: string;
  readonly token?: string;
  readonly store?: Store;
  readonly environment?: Readonly<Record<string, string>>;
  /** A world that was there before. */
  readonly tables?: Tables;
  /** What `pinned` holds is taken for what failed, instead of what releases say. */
  readonly pinsSecrets?: boolean;
  readonly secrets?: Pick<TestSecrets, 'root' | 'key'>;
  readonly start?: boolean;
  readonly concurrency?: number;
  readonly parts?: ReleaseParts;
  readonly book?: PriceBook;
  /** A write that is through, on the platform or in the store. True: the controller is killed before it hears of it. */
  readonly kills?: (written: string) => boolean;
}

export async function makeHarness(options: HarnessOptions): Promise<Harness> {
  const clock = makeVirtualClock(START);
  const events: Event[] = [];
  const pinned = new Set<string>();
  const environment: Record<string, string> = { ...options.environment };
  const files = new Map(Object.entries(options.files));
  let store = options.store ?? makeMemoryStore();
  let stop = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let incarnation = 0;
  const kill = (): void => stop.abort(new Error('killed'));
  const simulator = makeSimulator({
    clock,
    seed: options.seed ?? 'harness',
    ...(options.tables === undefined ? {} : { tables: options.tables }),
    onCallerDeath: () => {
      kill();
      clock.touch();
    },
  });
  const asClient = underContract(simulator.fetch, 'client');
  const asHands = underContract(simulator.fetch, 'hands');
  let halts = makeHalts({ readOnly: false, fileReason: () => null });
  const tell = (event: Event): void => void events.push(event);
  let controller = makeOne();
  function makeOne(): Controller {
    halts = makeHalts({ readOnly: false, fileReason: () => null });
    const alive = stop.signal;
    incarnation += 1;
    const random = makeRandom(`controller-${incarnation}`);
    const limits = makeLimits({ clock });
    const survives = (written: string): boolean => {
      if (alive.aborted || options.kills?.(written) !== true) return !alive.aborted;
      kill();
      clock.touch();
      return false;
    };
    const fly = makeFlyClient({
      token: options.token ?? 'a-token-for-tests',
      flapsBaseUrl: 'http://sim.test',
      apiBaseUrl: 'http://sim.test',
      uiexBaseUrl: 'http://sim.test',
      // A dead caller sends nothing more.
      fetch: async (request) => {
        if (alive.aborted) return new Promise(() => undefined);
        clock.touch();
        const [reads, what] = [await isReadOfPlatform(request), `${request.method} ${new URL(request.url).pathname}`];
        const response = await asClient(request);
        clock.touch();
        return reads || survives(what) ? response : new Promise(() => undefined);
      },
      clock,
      random,
      limits,
      userAgent: 'trimtab/test',
    });
    return makeController({
      clock,
      random,
      store: mortal(store, alive, survives),
      source: {
        description: 'memory',
        read: () => Promise.resolve(ok(snapshotOf(files, options.author ?? null))),
      },
      tell: (event) => {
        if (!alive.aborted) events.push(event);
      },
      queue: makeMemoryQueue(clock),
      shared: false,
      startEmpty: limits.empty,
      halts,
      flyFor: () => ok(fly),
      parts: options.parts ?? NO_PARTS,
      desiredFolder: 'desired-state',
      process: environment,
      ...(options.pinsSecrets === true ? { pinnedSecrets: () => pinned } : {}),
      reader: makeTestReader({ clock, hold: clock.hold, process: environment, ...options.secrets }),
      only: null,
      selfApp: null,
      book: options.book ?? SHIPPED_BOOK,
      timeZone: 'UTC',
      deadline: (span, signal) => deadlineOf(clock, span, signal),
      tick: seconds(2),
      poll: seconds(15),
      resync: seconds(60),
      concurrency: options.concurrency ?? 8,
    });
  }
  const begin = (): void => {
    running = controller.run(stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
  };
  if (options.start !== false) begin();
  const harness: Harness = {
    clock,
    simulator,
    get store() {
      return store;
    },
    events,
    files,
    environment,
    pinned,
    controller: () => controller,
    operator: () => {
      const nothing = () => Promise.resolve(ok([]));
      return makeLocalOperator({
        controller,
        halts,
        store,
        clock,
        tell,
        proving: { preflight: nothing, smoke: nothing },
        db: { migrations: nothing, migrate: nothing },
        accounts: accountsOf(controller, store, clock),
        people: peopleOf({ store, clock }),
        notify: makeNotifyDesk({ store, clock, environments: controller.environments.all, send: () => Promise.resolve(ok(undefined)) }),
      });
    },
    pass: (span) => clock.advance(seconds(span)),
    untilSettled: async (limit = 300) => {
      for (let spent = 0; spent < limit; spent += 1) {
        await clock.advance(ms(1_000));
        if (isSettled(controller)) return;
      }
      throw new Error(`not settled after ${limit} s:\n${describe(controller)}`);
    },
    status: (app) => {
      const target = controller.environments.targets().find((one) => one.app.app === app);
      return target === undefined ? null : controller.statusOf(environmentName(target.environment.name), app);
    },
    machines: (app) => machinesOf(simulator.world, app).filter(({ state }) => state !== 'destroyed'),
    restart: async (again = {}) => {
      kill();
      await clock.settle();
      stop = new AbortController();
      store = again.store ?? store;
      controller = makeOne();
      begin();
      await clock.settle();
    },
    stop: async () => {
      kill();
      await clock.advance(seconds(1));
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 100))]);
    },
    kill,
    byHand: (method, path, body) => {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const headers = { authorization: 'Bearer somebody-else' };
      return asHands(new Request(`http://sim.test${path}`, { method, headers, ...sent }));
    },
    writes: () => simulator.world.counters.writes,
  };
  return harness;
}
function deadlineOf(clock: VirtualClock, span: number, signal: AbortSignal): AbortSignal {
  const late = new AbortController();
  clock.after(ms(span), () => late.abort(new Error('deadline')));
  return AbortSignal.any([signal, late.signal]);
}
/** A dead process writes nothing more, whatever its promises still do. */
function mortal(store: Store, alive: AbortSignal, survives: (written: string) => boolean): Store {
  const never = new Promise(() => undefined);
  return new Proxy(store, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...given: unknown[]) => {
        if (alive.aborted) return never;
        const answer: unknown = Reflect.apply(method, target, given);
        return isReadOf(name) ? answer : Promise.resolve(answer).then((value) => (survives(String(name)) ? value : never));
      };
    },
  });
}
export function isSettled(controller: Controller): boolean {
  const targets = controller.environments.targets();
  return (
    targets.length > 0 &&
    controller.environments.views().every(({ state }) => state === null || state.book.active === null || state.book.active.hold !== null) &&
    targets.every(({ environment, app, revision, waits }) => {
      // Its release is about to begin.
      if (waits?.reason === 'ReleaseWaits') return false;
      const status = controller.statusOf(environment.name, app.app);
      return status?.sync === 'Synced' && status.attemptedRevision === revision && ['Healthy', 'Suspended'].includes(status.health);
    })
  );
}
export function describe(controller: Controller): string {
  return controller.environments
    .targets()
    .map(({ environment, app }) => {
      const status = controller.statusOf(environment.name, app.app);
      const said = status?.conditions.map(({ type, status: is, reason, message }) => `${type}=${is} ${reason} ${message}`).join('\n    ');
      const pending = status?.pending.map(({ verb, subject, why }) => `${verb} ${subject}: ${why}`).join('\n    ');
      return `${app.app}: ${status?.sync} ${status?.health}\n    ${said}\n    ${pending}`;
    })
    .join('\n');
}
