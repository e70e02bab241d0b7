/** One App document and its fly.toml → the app of a compiled document. */

import { type FlyConfig, readFlyConfig } from './compile-config.ts';
import { compileGroup } from './compile-group.ts';
import { compileImage, type ResolvedImages } from './compile-image.ts';
import { sealedFiles } from './compile-secrets.ts';
import { mergeSync } from './compile-sync.ts';
import { suggest } from './desired-issues.ts';
import type { Lookup } from './desired-lookup.ts';
import type { Located } from './desired-parse.ts';
import type { AppDocument } from './desired-schema.ts';
import type { Path } from './desired-yaml.ts';
import { type AppName, appName, type RegionCode, regionCode } from './ids.ts';
import type { AddressType } from './observed.ts';
import type { Problem } from './problem.ts';
import { isKnownRegion, REGIONS } from './regions.ts';
import type { CompiledApp, CompiledCommand, CompiledGroup, Rollout, SyncPolicy } from './revision.ts';
import { COMMAND_GROUP } from './stamp.ts';
import { minutes } from './units.ts';

export interface AppScene {
  readonly readFile: (path: string) => string | null;
  readonly resolvedImages: ResolvedImages;
  /** The environment's, with defaults. */
  readonly sync: SyncPolicy;
  readonly primaryRegion: RegionCode | null;
  readonly lookup: Lookup;
}
export interface AppResult {
  /** Null only with problems. */
  readonly app: CompiledApp | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}
/** Collects what is wrong with one app. */
export interface Complaints {
  readonly problem: (path: Path, rule: string, message: string, remedy: string, side?: 'key' | 'value') => void;
  readonly warning: (path: Path, rule: string, message: string, remedy: string) => void;
}

export function compileApp(located: Located<AppDocument>, scene: AppScene): AppResult {
  const { document, locate } = located;
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const complaints: Complaints = {
    problem: (path, rule, message, remedy, side = 'value') => problems.push({ ...locate(path, side), rule, message, remedy }),
    warning: (path, rule, message, remedy) => warnings.push({ ...locate(path), rule, message, remedy }),
  };
  const app = appName(document.spec.app);
  if (isExcluded(document, scene.lookup, complaints)) return { app: excludedApp(document, app, scene), problems, warnings };
  const config = configOf(document, app, scene, complaints, { problems, warnings });
  if (config === null) return { app: null, problems, warnings };
  const primaryRegion = regionOf(document, config, scene, complaints);
  const groups = groupsOf(document, config, primaryRegion, complaints);
  checkVisibility(document, groups, complaints);
  const image = document.spec.image ?? config.image;
  const sealed = sealedFiles(document, scene.readFile, complaints);
  return {
    problems,
    warnings,
    app: {
      ...shared(document, app, scene),
      excluded: false,
      primaryRegion,
      image: image === null ? null : compileImage(app, image, scene.resolvedImages),
      groups,
      addresses: addressesOf(document),
      certificates: document.spec.certificates === undefined ? null : [...new Set(document.spec.certificates)].sort(),
      rollout: rolloutOf(document, config),
      ...(config.releaseCommand === null ? {} : { releaseCommand: commandOf(document, config.releaseCommand, primaryRegion) }),
      ...(sealed === null ? {} : { sealed }),
      definition: { ...config.definition, app, ...(primaryRegion === null ? {} : { primary_region: primaryRegion }) },
    },
  };
}

type Shared = Omit<
  CompiledApp,
  'excluded' | 'primaryRegion' | 'image' | 'groups' | 'addresses' | 'certificates' | 'rollout' | 'definition'
>;
function shared({ metadata, spec }: AppDocument, app: AppName, scene: AppScene): Shared {
  return {
    name: metadata.name,
    app,
    labels: metadata.labels ?? {},
    enabled: spec.enabled ?? true,
    adopt: spec.adopt ?? true,
    visibility: spec.visibility ?? null,
    dependsOn: [...new Set(spec.dependsOn ?? [])].sort(),
    sync: mergeSync(scene.sync, spec.sync),
    ...(spec.secrets === undefined ? {} : { secrets: spec.secrets }),
    ...(spec.unknownSecrets === undefined ? {} : { unknownSecrets: spec.unknownSecrets }),
  };
}
const DEFAULT_ROLLOUT: Rollout = { strategy: 'rolling', maxUnavailable: 0.33, surge: 'auto', waitTimeout: minutes(5) };
/** Not created, compared or touched: no file is read for it. */
function excludedApp(document: AppDocument, app: AppName, scene: AppScene): CompiledApp {
  return {
    ...shared(document, app, scene),
    excluded: true,
    primaryRegion: null,
    image: null,
    groups: [],
    addresses: null,
    certificates: null,
    rollout: DEFAULT_ROLLOUT,
    definition: { app },
  };
}
const SWITCH: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false };
function isExcluded({ spec }: AppDocument, lookup: Lookup, { problem }: Complaints): boolean {
  if (typeof spec.excluded !== 'object') return spec.excluded ?? false;
  const name = spec.excluded.unless;
  const value = lookup.find(name);
  if (value === null) return true;
  const on = SWITCH[value.toLowerCase()];
  if (on === undefined)
    problem(['spec', 'excluded', 'unless'], 'invalid-value', `${name} is neither true nor false`, `set ${name}=true or unset it`);
  return on !== true;
}

interface Sinks {
  readonly problems: Problem[];
  readonly warnings: Problem[];
}
function configOf({ spec }: AppDocument, app: AppName, scene: AppScene, { problem }: Complaints, sinks: Sinks): FlyConfig | null {
  if (spec.config === undefined) {
    const remedy = 'name its fly.toml (fly config save -a NAME writes one), or set excluded: true';
    problem(['spec'], 'config-missing', `spec.config is missing: nothing says what ${app} is`, remedy, 'key');
    return null;
  }
  const text = scene.readFile(spec.config);
  if (text === null) {
    const remedy = 'correct the path (from the root of the source), commit the file, or set excluded: true';
    problem(['spec', 'config'], 'config-missing', `${spec.config} does not exist`, remedy);
    return null;
  }
  const read = readFlyConfig(spec.config, text, scene.readFile);
  sinks.problems.push(...read.problems);
  sinks.warnings.push(...read.warnings);
  return read.config;
}
/** Its own, then fly.toml's, then the environment's. */
function regionOf({ spec }: AppDocument, config: FlyConfig, scene: AppScene, { problem }: Complaints): RegionCode | null {
  const region = spec.primaryRegion ?? config.primaryRegion ?? scene.primaryRegion;
  if (region !== null && !isKnownRegion(region)) {
    const path = spec.primaryRegion === undefined ? ['spec', 'config'] : ['spec', 'primaryRegion'];
    problem(path, 'unknown-region', `primary region ${region} does not exist`, suggest(region, REGIONS));
  }
  return region === null ? null : regionCode(region);
}
function groupsOf(document: AppDocument, config: FlyConfig, primary: RegionCode | null, complaints: Complaints): readonly CompiledGroup[] {
  const names = config.groups.map(({ name }) => name);
  for (const name of Object.keys(document.spec.groups ?? {})) {
    if (names.includes(name)) continue;
    const message = `${document.spec.config ?? ''} has no process group ${name}`;
    complaints.problem(['spec', 'groups', name], 'unknown-group', message, suggest(name, names), 'key');
  }
  for (const [at, { group }] of (document.spec.ignoreDifferences ?? []).entries()) {
    if (group === undefined || names.includes(group)) continue;
    const message = `${document.spec.config ?? ''} has no process group ${group}`;
    complaints.problem(['spec', 'ignoreDifferences', at, 'group'], 'unknown-group', message, suggest(group, names));
  }
  return config.groups.map((group) => compileGroup(document, group, primary, complaints));
}

const PUBLIC: readonly AddressType[] = ['v4', 'v6', 'shared_v4'];
/** The platform's own default for an app with a public service. */
const PUBLIC_DEFAULT: readonly AddressType[] = ['shared_v4', 'v6'];
function addressesOf({ spec }: AppDocument): readonly AddressType[] | null {
  if (spec.addresses !== undefined) return [...new Set(spec.addresses)].sort();
  if (spec.visibility === undefined) return null;
  return spec.visibility === 'public' ? PUBLIC_DEFAULT : [];
}
function checkVisibility({ spec }: AppDocument, groups: readonly CompiledGroup[], { problem }: Complaints): void {
  const services = groups.flatMap(({ config }) => config.services ?? []);
  const ports = services.flatMap((service) => service.ports ?? []);
  const at = ['spec', 'visibility'];
  if (spec.visibility === 'private') {
    for (const [index, type] of (spec.addresses ?? []).entries()) {
      if (!PUBLIC.includes(type)) continue;
      const remedy = 'take it out; private_v6 makes the app reachable inside the organization';
      problem(['spec', 'addresses', index], 'private-but-public', `a private app has no public address (${type})`, remedy);
    }
    // Behind a private address services are for the organization only.
    if (ports.length > 0 && !(spec.addresses ?? []).includes('private_v6')) {
      const remedy = 'remove [http_service] and [[services]] from it, or give the app addresses: [private_v6]';
      problem(at, 'private-but-public', `a private app has no public service, but ${spec.config ?? ''} states one`, remedy);
    }
  }
  if (spec.visibility === 'public') {
    const missing = [80, 443].filter((wanted) => !ports.some((port) => port.port === wanted));
    const remedy = 'add [http_service], or take visibility: public out';
    if (missing.length > 0)
      problem(at, 'public-without-service', `no service of ${spec.config ?? ''} serves port ${missing.join(' and ')}`, remedy);
  }
}

/** It sees the same environment as the machines. */
const commandOf = ({ spec }: AppDocument, command: CompiledCommand, primary: RegionCode | null): CompiledCommand => ({
  ...command,
  config: {
    ...command.config,
    env: {
      ...command.config.env,
      ...spec.env,
      RELEASE_COMMAND: '1',
      FLY_PROCESS_GROUP: COMMAND_GROUP,
      ...(primary === null ? {} : { PRIMARY_REGION: primary }),
    },
  },
});

/** Said here, then in fly.toml's [deploy], then the defaults. */
function rolloutOf({ spec }: AppDocument, config: FlyConfig): Rollout {
  return {
    strategy: spec.rollout?.strategy ?? config.deploy.strategy ?? DEFAULT_ROLLOUT.strategy,
    maxUnavailable: spec.rollout?.maxUnavailable ?? config.deploy.maxUnavailable ?? DEFAULT_ROLLOUT.maxUnavailable,
    surge: spec.rollout?.surge ?? DEFAULT_ROLLOUT.surge,
    waitTimeout: spec.rollout?.waitTimeout ?? config.deploy.waitTimeout ?? DEFAULT_ROLLOUT.waitTimeout,
  };
}
