/** Live apps → a whole environment folder, such that the plan is empty afterwards: what fly.toml does not say is written down as it is. */
import { stringify as toToml } from 'smol-toml';
import { stringify as toYaml } from 'yaml';
import { compileEnvironment } from '#domain/compile.ts';
import { parseDesired } from '#domain/desired-parse.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { diffOwned, ownedView } from '#domain/flyconfig/ownership.ts';
import type { AppName, OrgSlug } from '#domain/ids.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type { ObservedAddress, ObservedCertificate, ObservedMachine } from '#domain/observed.ts';
import { isActive } from '#domain/observed.ts';
import { type Problem, problemText } from '#domain/problem.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledApp } from '#domain/revision.ts';
import { flyGroupOf, isFlyAppsMachine, isReserved } from '#domain/stamp.ts';
import type { FlyDep } from '#platform/fly/port.ts';

export interface ImportRequest {
  readonly environment: string;
  readonly organization: OrgSlug;
  readonly mode: 'observe' | 'manual' | 'automatic';
  readonly desiredFolder: string;
  readonly apps: readonly AppName[];
  /** fly.toml files at hand, by the app they name: where they lie, and their text. */
  readonly configs: ReadonlyMap<string, { readonly path: string; readonly text: string }>;
}
export interface Imported {
  /** Path from the root → text. */
  readonly files: ReadonlyMap<string, string>;
  /** What a person should know of it. */
  readonly notes: readonly string[];
  readonly problems: readonly Problem[];
}
interface Live {
  readonly app: AppName;
  readonly name: string;
  readonly machines: readonly ObservedMachine[];
  readonly addresses: readonly ObservedAddress[];
  readonly certificates: readonly ObservedCertificate[];
  readonly config: { readonly path: string; readonly text: string; readonly made: boolean };
}

export async function importEnvironment(
  deps: FlyDep,
  request: ImportRequest,
  signal: AbortSignal,
): Promise<Result<Imported, TrimtabError>> {
  const lives: Live[] = [];
  for (const app of request.apps) {
    const live = await lookAt(deps, request, app, signal);
    if (!live.ok) return live;
    lives.push(live.value);
  }
  const specs = new Map(lives.map((live) => [live.app, specOf(live)]));
  const first = filesOf(request, lives, specs);
  const compiled = compileFiles(request, first);
  if (!compiled.ok) return ok({ files: first, notes: [], problems: compiled.error });
  const notes: string[] = lives.flatMap(({ config, name }) =>
    config.made ? [`${name}: no fly.toml at hand; made from its last release: ${config.path}`] : [],
  );
  for (const live of lives) {
    const app = compiled.value.find((one) => one.app === live.app);
    if (app === undefined) continue;
    const { spec, said } = withDifferences(specs.get(live.app) ?? {}, app, live);
    specs.set(live.app, spec);
    notes.push(...said);
  }
  const files = filesOf(request, lives, specs);
  const again = compileFiles(request, files);
  return ok({ files, notes, problems: again.ok ? [] : again.error });
}
async function lookAt(deps: FlyDep, request: ImportRequest, app: AppName, signal: AbortSignal): Promise<Result<Live, TrimtabError>> {
  const machines = await deps.fly.listMachines(app, signal);
  if (!machines.ok) return machines;
  const addresses = await deps.fly.listAddresses(app, signal);
  if (!addresses.ok) return addresses;
  const certificates = await deps.fly.listCertificates(app, signal);
  if (!certificates.ok) return certificates;
  const name = shortName(app, request.environment, request.organization);
  const given = request.configs.get(app);
  const definition = given === undefined ? await deps.fly.releaseDefinition(app, signal) : ok(null);
  if (!definition.ok) return definition;
  const members = machines.value.filter((machine) => isActive(machine) && isFlyAppsMachine(machine) && !isReserved(machine));
  const config =
    given === undefined
      ? { path: `infra/fly/${request.environment}-${name}.fly.toml`, text: tomlOf(app, definition.value, members), made: true }
      : { ...given, made: false };
  return ok({ app, name, machines: members, addresses: addresses.value, certificates: certificates.value, config });
}
/** `acme-staging-backend` → `backend`: what people call it. */
function shortName(app: string, environment: string, organization: string): string {
  const parts = app.split('-').filter((part) => part !== environment && part !== organization && part !== 'prod');
  return parts.length === 0 ? app : parts.join('-');
}
/** As `fly config save` would: the definition of the newest release, without what is only about building. */
function tomlOf(app: AppName, definition: JsonObject | null, machines: readonly ObservedMachine[]): string {
  const region = machines[0]?.config?.env?.['PRIMARY_REGION'] ?? machines[0]?.region;
  const { build: _build, ...rest } = definition ?? {};
  const base = { app, ...(region === undefined ? {} : { primary_region: region }), ...rest };
  return toToml(JSON.parse(JSON.stringify(base)));
}

type Spec = Readonly<Record<string, Json>>;
function specOf(live: Live): Spec {
  const groups = Map.groupBy(live.machines, ({ metadata }) => flyGroupOf(metadata) ?? 'app');
  const kinds = [...new Set(live.addresses.map(({ type }) => type))].sort();
  const isPublic = kinds.some((type) => type !== 'private_v6');
  return {
    app: live.app,
    config: live.config.path,
    ...(isPublic ? { addresses: kinds } : {}),
    ...(live.certificates.length === 0 ? {} : { certificates: live.certificates.map(({ hostname }) => hostname).sort() }),
    ...(groups.size === 0 ? {} : { groups: Object.fromEntries([...groups].sort().map(([name, machines]) => [name, groupSpec(machines)])) }),
  };
}
function groupSpec(machines: readonly ObservedMachine[]): Json {
  const counted = machines.filter(({ config }) => (config?.standbys ?? []).length === 0);
  const regions = Map.groupBy(counted, ({ region }) => region);
  const guest = counted[0]?.config?.guest;
  const [service] = counted[0]?.config?.services ?? [];
  const { min_machines_running: floor, autostop } = service ?? {};
  return {
    machines: Object.fromEntries([...regions].sort().map(([region, all]) => [region, all.length])),
    ...(floor === undefined || floor === 0 ? {} : { minMachinesRunning: floor }),
    ...(autostop === undefined ? {} : { autostop: autostop === true ? 'stop' : autostop === false ? 'off' : autostop }),
    ...(guest === undefined ? {} : { vm: vmOf(guest) }),
  };
}
const vmOf = (guest: NonNullable<NonNullable<ObservedMachine['config']>['guest']>): Json => ({
  ...(guest.cpu_kind === 'shared' || guest.cpu_kind === 'performance' ? { cpuKind: guest.cpu_kind } : {}),
  ...(guest.cpus === undefined ? {} : { cpus: guest.cpus }),
  ...(guest.memory_mb === undefined ? {} : { memory: `${guest.memory_mb}mb` }),
});

/** What is different between the file and the machine is written down as the machine has it: environment as values, the rest as kept fields. */
function withDifferences(spec: Spec, app: CompiledApp, live: Live): { readonly spec: Spec; readonly said: readonly string[] } {
  const env: Record<string, string> = {};
  const ignored: { readonly group: string; readonly fields: readonly string[] }[] = [];
  const said: string[] = [];
  for (const group of app.groups) {
    const fields = new Set<string>();
    for (const { config, metadata, name } of live.machines) {
      if (config === null || (flyGroupOf(metadata) ?? 'app') !== group.name) continue;
      const wanted = ownedView(group.config, group.ownership);
      for (const { pointer, from } of diffOwned(wanted, ownedView(config, group.ownership))) {
        const variable = /^\/env\/([A-Za-z_][A-Za-z0-9_]*)$/.exec(pointer)?.[1];
        if (variable !== undefined && typeof from === 'string' && !variable.startsWith('FLY_')) env[variable] = from;
        else fields.add(pointer);
        said.push(`${live.name}: ${name} differs from ${live.config.path} at ${pointer}; kept as it is`);
      }
    }
    if (fields.size > 0) ignored.push({ group: group.name, fields: [...fields].sort() });
  }
  const kept = ignored.map(({ group, fields }): Json => ({ group, fields }));
  return {
    spec: { ...spec, ...(Object.keys(env).length === 0 ? {} : { env }), ...(kept.length === 0 ? {} : { ignoreDifferences: kept }) },
    said: [...new Set(said)],
  };
}

function filesOf(request: ImportRequest, lives: readonly Live[], specs: ReadonlyMap<AppName, Spec>): ReadonlyMap<string, string> {
  const folder = `${request.desiredFolder}/${request.environment}`;
  const region = lives.flatMap(({ machines }) => machines.map((machine) => machine.config?.env?.['PRIMARY_REGION'] ?? machine.region))[0];
  const environment = {
    organization: request.organization,
    ...(region === undefined ? {} : { primaryRegion: region }),
    sync: { mode: request.mode },
  };
  const files = new Map<string, string>([[`${folder}/environment.yaml`, documentText('Environment', request.environment, environment)]]);
  for (const live of lives) {
    files.set(`${folder}/${live.name}.yaml`, documentText('App', live.name, specs.get(live.app) ?? {}));
    if (live.config.made) files.set(live.config.path, live.config.text);
  }
  return files;
}
const documentText = (kind: string, name: string, spec: Spec): string =>
  `# yaml-language-server: $schema=../schema.json\n${toYaml({ apiVersion: 'trimtab.dev/v1alpha1', kind, metadata: { name }, spec })}`;

function compileFiles(request: ImportRequest, files: ReadonlyMap<string, string>): Result<readonly CompiledApp[], readonly Problem[]> {
  const folder = `${request.desiredFolder}/${request.environment}`;
  const yaml = new Map([...files].filter(([path]) => path.startsWith(`${folder}/`)));
  const parsed = parseDesired({ folder, files: yaml, lookup: { process: {}, bare: true, stored: {} } });
  const texts = new Map([...request.configs.values()].map(({ path, text }) => [path, text]));
  const compiled = compileEnvironment(parsed, {
    readFile: (path) => files.get(path) ?? texts.get(path) ?? null,
    resolvedImages: () => null,
  });
  return compiled.ok ? ok(compiled.value.document.apps) : { ok: false, error: compiled.error.problems };
}
export const importText = ({ files, notes, problems }: Imported): string =>
  [...[...files.keys()].map((path) => `wrote ${path}`), ...notes.map((note) => `note: ${note}`), ...problems.map(problemText)].join('\n');
