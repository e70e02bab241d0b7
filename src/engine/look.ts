/** A first look at an organization with nothing but a token: what runs, how it differs from the fly.toml files at hand, how old secrets are, what
 *  a month costs at the rate of now, and what could be saved. Reads only; no folder, no store. */
import { stringify as toYaml } from 'yaml';
import { adviseAll, type Holding, type Proposal } from '#domain/advise.ts';
import type { ClockDep } from '#domain/clock.ts';
import { compileEnvironment } from '#domain/compile.ts';
import { parseDesired } from '#domain/desired-parse.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { diffOwned, ownedView } from '#domain/flyconfig/ownership.ts';
import { type AppName, environmentName, type OrgSlug } from '#domain/ids.ts';
import type { Json } from '#domain/json.ts';
import { emptyMemory } from '#domain/memory.ts';
import { isActive, isStarted, type ObservedApp, type ObservedMachine, type ObservedSecret } from '#domain/observed.ts';
import { certificateClass, priceApp, totalPerHour, USUAL_ROOTFS_GB } from '#domain/price.ts';
import { type PriceBook, type Prices, pricesAt } from '#domain/price-book.ts';
import { isBilled } from '#domain/price-held.ts';
import { classOfGuest, type MeteredItem, rateOf, UNATTACHED } from '#domain/rates.ts';
import { amountOf } from '#domain/ratio.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledApp, CompiledEnvironment } from '#domain/revision.ts';
import { flyGroupOf, isReserved } from '#domain/stamp.ts';
import { elapsed, type Instant, instant } from '#domain/units.ts';
import type { FlyDep } from '#platform/fly/port.ts';
import { observeApp } from './observe.ts';

export interface LookedApp {
  readonly app: string;
  readonly machines: number;
  readonly started: number;
  readonly regions: readonly string[];
  /** Per hour. */
  readonly microUsdPerHour: number;
  /** Where its fly.toml lies; null: none was found. */
  readonly file: string | null;
  /** One line each: what differs from the file. */
  readonly differences: readonly string[];
  /** Days since the oldest secret was set; null: there is none, or nobody tells. */
  readonly oldestSecretDays: number | null;
  readonly secrets: number;
  readonly error: string | null;
}
export interface Look {
  readonly organization: string;
  readonly apps: readonly LookedApp[];
  /** At the rate of now, for a month of 720 hours. */
  readonly monthMicroUsd: number;
  readonly proposals: readonly Proposal[];
}
export interface LookRequest {
  readonly organization: OrgSlug;
  readonly book: PriceBook;
  /** fly.toml files at hand, by the app they name. */
  readonly configs: ReadonlyMap<string, { readonly path: string; readonly text: string }>;
}
/** What is looked at belongs to no environment of git yet. */
const LIVE = environmentName('live');
/** Side by side; the platform's limits are per app. */
const APPS_AT_A_TIME = 16;
const SHOWN_PROPOSALS = 3;
const DAY_MS = 86_400_000;
const HOURS = 720;

export async function lookAtOrganization(
  deps: FlyDep & ClockDep,
  request: LookRequest,
  signal: AbortSignal,
): Promise<Result<Look, TrimtabError>> {
  const listed = await deps.fly.listApps(request.organization, signal);
  if (!listed.ok) return listed;
  const names = listed.value.map(({ name }) => name).sort();
  const seen: Seen[] = [];
  for (let at = 0; at < names.length; at += APPS_AT_A_TIME)
    seen.push(...(await Promise.all(names.slice(at, at + APPS_AT_A_TIME).map((name) => lookAtApp(deps, request, name, signal)))));
  const prices = pricesAt(request.book, deps.clock.now());
  const environment = environmentOf(
    request,
    seen.flatMap(({ compiled }) => compiled ?? []),
  );
  const proposals = adviseAll({
    environments: environment,
    holdings: seen.flatMap(({ holdings }) => holdings),
    prices,
    peakMemoryMb: new Map(),
    month: [],
  });
  const monthMicroUsd = seen.reduce((sum, { looked }) => sum + looked.microUsdPerHour, 0) * HOURS;
  return ok({
    organization: request.organization,
    apps: seen.map(({ looked }) => looked),
    monthMicroUsd,
    proposals: proposals.slice(0, SHOWN_PROPOSALS),
  });
}
interface Seen {
  readonly looked: LookedApp;
  readonly holdings: readonly Holding[];
  readonly compiled: CompiledApp | null;
}
async function lookAtApp(deps: FlyDep & ClockDep, request: LookRequest, app: AppName, signal: AbortSignal): Promise<Seen> {
  const now = deps.clock.now();
  const prices = pricesAt(request.book, now);
  const file = request.configs.get(app) ?? null;
  const egress = await deps.fly.listEgressAddresses(app, signal);
  const observed = await observeApp({ fly: deps.fly, clock: deps.clock }, app, request.organization, emptyMemory(), signal);
  const none = {
    app,
    machines: 0,
    started: 0,
    regions: [],
    microUsdPerHour: 0,
    file: file?.path ?? null,
    differences: [],
    oldestSecretDays: null,
    secrets: 0,
  };
  if (!observed.ok) return { looked: { ...none, error: observed.error.message }, holdings: [], compiled: null };
  const machines = observed.value.machines.filter(isActive);
  const compiled = file === null ? null : compiledOf(request, app, file, machines);
  const hold = holderOf(app, prices, now);
  const out = (egress.ok ? egress.value : []).map(({ ip, region }) => hold(`egress/${ip}`, ip, region, 'address', 'egress', 1, now));
  const looked: LookedApp = {
    ...none,
    machines: machines.length,
    started: machines.filter(isStarted).length,
    regions: [...new Set(machines.map(({ region }) => region))].sort(),
    microUsdPerHour: totalPerHour(priceApp(observed.value, prices)) + out.reduce((sum, { amount }) => sum + amount, 0),
    differences: [
      ...(compiled === null ? [] : compiled.ok ? differencesOf(compiled.value, machines) : [compiled.error]),
      ...(egress.ok ? [] : [`static egress addresses are not counted: ${egress.error.message}`]),
    ],
    oldestSecretDays: oldestOf(observed.value.secrets, now),
    secrets: observed.value.secrets.length,
    error: null,
  };
  return {
    looked,
    holdings: [...holdingsOf(observed.value, hold, now), ...out],
    compiled: compiled?.ok ? compiled.value : null,
  };
}
function oldestOf(secrets: readonly ObservedSecret[], now: Instant): number | null {
  const times = secrets.flatMap(({ updatedAt, createdAt }) => updatedAt ?? createdAt ?? []);
  return times.length === 0 ? null : Math.floor(elapsed(instant(Math.min(...times)), now) / DAY_MS);
}
/** The file alone, with as many machines as there are: what it says of them is compared, not how many. */
function compiledOf(
  { organization }: LookRequest,
  app: AppName,
  file: { readonly path: string; readonly text: string },
  machines: readonly ObservedMachine[],
): Result<CompiledApp, string> {
  const folder = 'desired-state/look';
  const head = (kind: string, name: string, spec: Json): string =>
    toYaml({ apiVersion: 'trimtab.dev/v1alpha1', kind, metadata: { name }, spec });
  const region = machines[0]?.region;
  const files = new Map([
    [
      `${folder}/environment.yaml`,
      head('Environment', 'look', { organization, ...(region === undefined ? {} : { primaryRegion: region }) }),
    ],
    [`${folder}/app.yaml`, head('App', app, { app, config: 'fly.toml' })],
  ]);
  const compiled = compileEnvironment(parseDesired({ folder, files, lookup: { process: {}, bare: false, stored: {} } }), {
    readFile: (path) => (path === 'fly.toml' ? file.text : null),
    resolvedImages: () => null,
  });
  if (!compiled.ok) return { ok: false, error: compiled.error.problems[0]?.message ?? 'it cannot be read' };
  const [one] = compiled.value.document.apps;
  return one === undefined ? { ok: false, error: 'it names no app' } : ok(one);
}
function differencesOf(app: CompiledApp, machines: readonly ObservedMachine[]): readonly string[] {
  const told = machines
    .filter((machine) => !isReserved(machine))
    .flatMap(({ name, config, metadata }) => {
      const group = app.groups.find((one) => one.name === (flyGroupOf(metadata) ?? 'app'));
      if (config === null || group === undefined) return group === undefined ? [`${name} is of a group that it does not name`] : [];
      return diffOwned(ownedView(group.config, group.ownership), ownedView(config, group.ownership)).map(
        ({ pointer, from, to }) => `${name} ${pointer}: is ${shown(pointer, from)}, says ${shown(pointer, to)}`,
      );
    });
  return told;
}
/** Values of variables may be secret: only that they differ is told. */
const shown = (pointer: string, value: Json | undefined): string =>
  pointer.startsWith('/env') || pointer.startsWith('/files')
    ? value === undefined
      ? 'nothing'
      : 'another value'
    : (JSON.stringify(value) ?? 'nothing');

function environmentOf({ organization }: LookRequest, apps: readonly CompiledApp[]): readonly CompiledEnvironment[] {
  const [first] = apps;
  if (first === undefined) return [];
  return [{ compilerVersion: 0, name: LIVE, organization, protection: 'none', primaryRegion: null, owners: [], sync: first.sync, apps }];
}
const HOUR_MS = 3_600_000n;
type Hold = ReturnType<typeof holderOf>;
const holderOf =
  (app: AppName, prices: Prices, now: Instant) =>
  (resource: string, subject: string, region: string, item: MeteredItem, cls: string, quantity: number, since: Instant): Holding => ({
    ...{ resource, environment: LIVE, app, group: '', region, subject, item, cls, heldForMs: elapsed(since, now) },
    amount: amountOf(rateOf(prices, item, cls, region).rate, HOUR_MS * BigInt(quantity)),
  });
function holdingsOf(observed: ObservedApp, one: Hold, now: Instant): readonly Holding[] {
  return [
    ...observed.machines
      .filter(isActive)
      .map(({ id, name, region, config, updatedAt, state }) =>
        isBilled({ state })
          ? one(id, name, region, 'compute', classOfGuest(config === null ? null : config.guest), 1, updatedAt)
          : one(id, name, region, 'rootfs', '?', USUAL_ROOTFS_GB, updatedAt),
      ),
    ...observed.volumes.map(({ id, name, region, sizeGb, attachedMachine, createdAt }) =>
      one(id, name, region, 'volume', attachedMachine === null ? UNATTACHED : 'gb', sizeGb, createdAt),
    ),
    ...observed.addresses.filter(({ type }) => type === 'v4').map(({ ip }) => one(ip, ip, '', 'address', 'ipv4', 1, now)),
    ...observed.certificates.map(({ hostname }) => one(hostname, hostname, '', 'certificate', certificateClass(hostname), 1, now)),
  ];
}
