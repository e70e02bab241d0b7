/** The only place where real adapters are chosen and handed up. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure, type TrimtabError } from '#domain/errors.ts';
import type { Event } from '#domain/events.ts';
import { makeRandom } from '#domain/random.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { seconds } from '#domain/units.ts';
import { allStatuses } from '#engine/all-statuses.ts';
import { auditedOperator } from '#engine/audited.ts';
import { type Controller, makeController } from '#engine/controller.ts';
import { makeDatabaseOperator } from '#engine/database-operator.ts';
import { makeHalts } from '#engine/halts.ts';
import { makeAccounts } from '#engine/local-accounts.ts';
import { makeLocalOperator } from '#engine/local-operator.ts';
import { makeNotifyDesk } from '#engine/notices/desk.ts';
import type { Notices } from '#engine/notices/notices.ts';
import type { Operator } from '#engine/operator.ts';
import { makePeople, type People } from '#engine/people.ts';
import { makeProving } from '#engine/proving.ts';
import { NO_PARTS } from '#engine/release-ports.ts';
import { realClock } from '#platform/clock.ts';
import { makeFlyClient } from '#platform/fly/client.ts';
import type { Limits } from '#platform/fly/limits.ts';
import { makeFlyMetrics } from '#platform/fly/metrics-api.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import { readOnlyFly } from '#platform/fly/read-only.ts';
import { makeTransport } from '#platform/fly/transport.ts';
import { makeNeonConsumption } from '#platform/neon/consumption.ts';
import { readPriceBook } from '#platform/price-file.ts';
import { readOutside } from '#platform/source/outside.ts';
import { type FolderLock, lockFolder } from '#platform/store/lock.ts';
import { makeClients } from './compose-clients.ts';
import { composeMigrations } from './compose-database.ts';
import { composeLimits, limitsAside } from './compose-limits.ts';
import { composeNotices } from './compose-notices.ts';
import { composeSecrets } from './compose-secrets.ts';
import { sourcesOf } from './compose-source.ts';
import type { Config } from './config.ts';
import { openNothing, openState } from './open-state.ts';
import { makeProofs } from './proofs.ts';
import { type Locks, makeLocks, NO_FOLDER_LOCK, type StatelessOptions } from './stateless.ts';

export interface Session {
  readonly controller: Controller;
  readonly notices: Notices;
  readonly operator: Operator;
  readonly people: People;
  readonly lock: FolderLock;
  /** What this process answers API writes with. */
  readonly token: string;
  /** Null: a real platform. */
  readonly simulator: SimulatedPlatform | null;
  /** Null: TRIMTAB_STATE_KEY is set; else the file that stands in for it. */
  readonly keyFile: string | null;
  /** Null: there is a store. */
  readonly locks: Locks | null;
  close(): Promise<void>;
}
export interface SessionOptions {
  readonly config: Config;
  readonly version: string;
  readonly tell: (event: Event) => void;
  readonly onRequest?: (operation: string, code: string, seconds: number) => void;
  readonly onThrottle?: (seconds: number) => void;
  /** Only this environment; null: all. */
  readonly only: string | null;
  /** A database that is not there yet is waited for. */
  readonly waits?: boolean;
  /** Keeps nothing, and is locked by the platform. */
  readonly stateless?: StatelessOptions;
}

/** Locks the data folder, opens the store, and puts a controller together. Nothing runs yet. */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Result<Session, TrimtabError>> {
  const { config } = options;
  let notices: Notices | null = null;
  const tell = (event: Event): void => {
    options.tell(event);
    notices?.hear(event);
  };
  const book = await readPriceBook(config.priceBook);
  if (!book.ok) return book;
  const folder = stateFolder(config);
  const lock = options.stateless === undefined ? await lockFolder(folder) : ok(NO_FOLDER_LOCK);
  if (!lock.ok) return lock;
  const embedded = config.flyToken === null ? await embedSimulator(config) : ok(null);
  if (!embedded.ok) {
    await lock.value.release();
    return embedded;
  }
  const simulator = embedded.value;
  const closing: (() => Promise<void>)[] = [async () => simulator?.close(), () => lock.value.release()];
  const close = async (): Promise<void> => {
    for (const step of closing) await step();
  };
  const platform = simulator === null ? config.flapsBaseUrl : 'simulator';
  const stated = { databaseUrl: config.databaseUrl, folder, platform, waits: options.waits === true };
  const opened = options.stateless === undefined ? await openState(stated, signal) : ok(openNothing());
  if (!opened.ok) {
    await close();
    return opened;
  }
  const { store, queue, shared } = opened.value;
  closing.unshift(opened.value.close);
  const source = sourcesOf(config);
  if (!source.ok) {
    await close();
    return source;
  }
  const halts = makeHalts({ readOnly: config.readOnly, fileReason: () => (existsSync(haltFile(config)) ? haltReason(config) : null) });
  const limits = composeLimits({
    store,
    shared,
    stateless: options.stateless !== undefined,
    controller: options.waits === true,
    onThrottle: options.onThrottle,
  });
  const onRequest: SessionOptions['onRequest'] = (operation, code, span) => {
    options.onRequest?.(operation, code, span);
    notices?.noteRequest(code);
  };
  const stopped = () => (config.readOnly || existsSync(haltFile(config)) ? 'writes are stopped' : null);
  const heard = { ...options, onRequest };
  const base = simulator?.apiUrl ?? null;
  const place = () => ({ variables: config.variables, only: options.only !== null, served: controller.environments.all() });
  const clientsBy = (within: Limits) =>
    makeClients({
      ...{ place, fixed: simulator === null ? null : 'simulated-token' },
      make: (token) => readOnlyFly(clientFor(heard, token, base, within), stopped),
    });
  const bare = clientsBy(limits.lead);
  const locks = options.stateless === undefined ? null : makeLocks(bare, limits.onLead, options.stateless);
  const leading = locks?.flyFor ?? bare;
  const clients = shared ? clientsBy(limits.rest) : leading;
  closing.unshift(async () => locks?.release());
  const { reader, part: secrets, keyFile } = await composeSecrets(config, { stateFolder: folder, simulated: simulator !== null });
  const deadline = (span: number, within: AbortSignal): AbortSignal => AbortSignal.any([within, AbortSignal.timeout(span)]);
  const migrations = composeMigrations({ config, tell, halted: halts.reasonFor, deadline, reader });
  const proofs = makeProofs({
    config,
    version: options.version,
    flyFor: clients,
    edgeUrl: simulator?.edgeUrl ?? null,
    halted: halts.reasonFor,
    reader,
    migrations,
  });
  const controller = makeController({
    reader,
    clock: realClock,
    random: makeRandom(randomBytes(8).toString('hex')),
    store,
    source: source.value.source,
    desiredFolder: source.value.folder,
    ownSources: source.value.own,
    readOutside,
    tell,
    queue,
    shared,
    startEmpty: limits.lead.empty,
    halts,
    flyFor: leading,
    asideFlyFor: clients,
    parts: { ...NO_PARTS, ...proofs.parts, secrets, migrations: migrations.part },
    process: config.variables,
    only: options.only,
    selfApp: config.selfApp,
    book: book.value,
    timeZone: config.timeZone,
    amounts: {
      metrics: config.metrics === null ? null : makeFlyMetrics({ ...config.metrics, fetch: (request) => fetch(request) }),
      neon: config.neon === null ? null : makeNeonConsumption({ ...config.neon, fetch: (request) => fetch(request) }),
    },
    deadline,
    tick: seconds(config.tickS),
    poll: seconds(config.pollS),
    resync: seconds(config.resyncS),
    concurrency: 8,
  });
  const life = new AbortController();
  closing.unshift(async () => life.abort(new Error('the session ends')));
  const environments = () => controller.environments.all();
  const db = makeDatabaseOperator({ migrations, store, clock: realClock, life: life.signal, environments });
  const proving = makeProving({ ...proofs.proving, environments: () => controller.environments });
  const accounts = makeAccounts({
    ...{ store, clock: realClock, money: controller.money, environments: controller.environments },
    ...{ book: book.value, timeZone: config.timeZone, statuses: () => allStatuses(controller) },
  });
  const people = makePeople({ store, clock: realClock, secret: () => randomBytes(32).toString('base64url') });
  notices = composeNotices({ ...{ config, version: options.version, controller, accounts }, ...{ store, tell, reader, deadline } });
  const notify = makeNotifyDesk({ store, clock: realClock, environments, send: notices.send });
  const local = makeLocalOperator({ controller, halts, store, clock: realClock, tell, proving, db, accounts, people, notify });
  const operator = auditedOperator(local, { store, clock: realClock });
  const token = randomBytes(24).toString('hex');
  return ok({ controller, notices, operator, people, lock: lock.value, token, simulator, keyFile, locks, close });
}
/** The simulator's world and state lie apart from those of a real organization. */
export const stateFolder = (config: Config): string => join(config.dataDir, config.flyToken === null ? 'simulated' : 'state');
/** Stops all writes while it exists, also when nothing else works. */
const haltFile = (config: Config): string => join(config.dataDir, 'HALT');
const haltReason = (config: Config): string => `${haltFile(config)}: ${readFileSync(haltFile(config), 'utf8').trim() || 'no reason given'}`;

export interface SimulatedPlatform {
  readonly apiUrl: string;
  readonly edgeUrl: string;
  close(): Promise<void>;
}
/** The one that runs already in another terminal, else a new one in this process on the same world. */
export async function embedSimulator(config: Config): Promise<Result<SimulatedPlatform, TrimtabError>> {
  const apiUrl = `http://127.0.0.1:${config.simulatorPort}`;
  if (config.simulatorPort !== 0 && (await isSimulator(apiUrl)))
    return ok({ apiUrl, edgeUrl: `http://127.0.0.1:${config.edgePort}`, close: () => Promise.resolve() });
  const folder = join(stateFolder(config), 'world');
  const lock = await lockFolder(folder);
  if (!lock.ok) return lock;
  // Loaded where it is needed: a controller of a real organization has no use for it.
  const { makeScaledClock } = await import('#simulator/clock.ts');
  const { startSimulator } = await import('#simulator/server.ts');
  const clock = config.simulatorSpeed === 1 ? realClock : makeScaledClock(config.simulatorSpeed);
  const ports = { apiPort: config.simulatorPort, edgePort: config.edgePort };
  try {
    const server = await startSimulator({ clock, seed: 'trimtab', folder, ...ports });
    const close = async (): Promise<void> => {
      await server.close();
      await lock.value.release();
    };
    return ok({ apiUrl: server.apiUrl, edgeUrl: server.edgeUrl, close });
  } catch (thrown) {
    await lock.value.release();
    if (!(thrown instanceof Error)) throw thrown;
    return err(failure('STORE_LOCKED', `the simulator cannot start: ${thrown.message} (TRIMTAB_SIMULATOR_PORT, TRIMTAB_EDGE_PORT)`));
  }
}
async function isSimulator(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/_sim/counters`, { signal: AbortSignal.timeout(500) })).ok;
  } catch {
    return false;
  }
}

export interface Platform {
  readonly fly: FlyClient;
  close(): Promise<void>;
}
/** The platform alone, without a store: for commands that only look. */
export async function openPlatform(config: Config): Promise<Result<Platform, TrimtabError>> {
  const simulator = config.flyToken === null ? await embedSimulator(config) : ok(null);
  if (!simulator.ok) return simulator;
  const base = simulator.value?.apiUrl ?? null;
  const fly = clientFor({ config, version: 'command' }, config.flyToken ?? 'simulated-token', base, limitsAside());
  return ok({ fly, close: async () => simulator.value?.close() });
}
interface ClientOptions extends Pick<SessionOptions, 'config' | 'version'> {
  readonly onRequest?: SessionOptions['onRequest'];
}
/** One `limits` for all tokens: the platform counts by machine and app, whoever asks. */
function clientFor({ config, version, onRequest }: ClientOptions, token: string, base: string | null, limits: Limits): FlyClient {
  return makeFlyClient({
    token,
    flapsBaseUrl: base ?? config.flapsBaseUrl,
    apiBaseUrl: base ?? config.apiBaseUrl,
    uiexBaseUrl: base ?? config.uiexBaseUrl,
    fetch: makeTransport(),
    clock: realClock,
    random: makeRandom(randomBytes(8).toString('hex')),
    limits,
    userAgent: `trimtab/${version}`,
    onRequest: ({ operation, code, duration }) => onRequest?.(operation, code, duration / 1_000),
  });
}
