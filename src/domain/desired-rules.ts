/** Rules between the documents of a folder, and between folders: names, order, and nothing secret written down. */
import { suggest } from './desired-issues.ts';
import type { Located } from './desired-parse.ts';
import type { AppDocument, BudgetDocument, EnvironmentDocument } from './desired-schema.ts';
import type { Locate, Path } from './desired-yaml.ts';
import type { Problem } from './problem.ts';
import { isSecretPair, looksSecret } from './secret-text.ts';

export interface FoundDocuments {
  readonly environments: readonly Located<EnvironmentDocument>[];
  readonly apps: readonly Located<AppDocument>[];
  readonly budgets: readonly Located<BudgetDocument>[];
}
export interface SeenDocuments {
  /** An Environment stands there, readable or not. */
  readonly environmentSeen: boolean;
  /** Names of all documents, also of those with other problems. */
  readonly known: ReadonlySet<string>;
}

export function folderProblems(folder: string, found: FoundDocuments, seen: SeenDocuments): readonly Problem[] {
  return [
    ...oneEnvironment(folder, found.environments, seen.environmentSeen),
    ...duplicates(found.apps, ['metadata', 'name'], ({ metadata }) => metadata.name, 'duplicate-app', 'App'),
    ...duplicates(found.apps, ['spec', 'app'], ({ spec }) => spec.app, 'duplicate-app', 'Fly app'),
    ...duplicates(found.budgets, ['metadata', 'name'], ({ metadata }) => metadata.name, 'duplicate-budget', 'Budget'),
    ...dependencies(found.apps, seen.known),
    ...found.environments.flatMap(({ document, locate }) => secretsIn(['spec', 'variables'], document.spec.variables, locate)),
    ...found.apps.flatMap(secretsOfApp),
    ...[...found.environments, ...found.apps, ...found.budgets].flatMap(looseSecrets),
  ];
}

/** One Fly app belongs to one environment; one environment has one folder. */
/** What no two folders may have both. */
export interface FolderClaims {
  readonly folder: string;
  readonly environment: { readonly document: { readonly metadata: { readonly name: string } }; readonly locate: Locate } | null;
  readonly apps: readonly { readonly document: { readonly spec: { readonly app: string } }; readonly locate: Locate }[];
}
/** The claims alone, without the documents they stand in. */
export const claimsOf = ({ folder, environment, apps }: FolderClaims): FolderClaims => ({
  folder,
  environment:
    environment === null ? null : { document: { metadata: { name: environment.document.metadata.name } }, locate: environment.locate },
  apps: apps.map(({ document, locate }) => ({ document: { spec: { app: document.spec.app } }, locate })),
});
export function problemsAcross(folders: readonly FolderClaims[]): readonly Problem[] {
  const apps = new Map<string, FolderClaims>();
  const names = new Map<string, FolderClaims>();
  const problems: Problem[] = [];
  for (const folder of [...folders].sort((a, b) => (a.folder < b.folder ? -1 : 1))) {
    const environment = folder.environment;
    if (environment !== null) {
      const other = names.get(environment.document.metadata.name);
      const message = `environment ${environment.document.metadata.name} is also in ${other?.folder ?? ''}`;
      const remedy = 'one environment has one folder: rename one of the two';
      if (other !== undefined) problems.push({ ...environment.locate(['metadata', 'name']), rule: 'one-environment', message, remedy });
      else names.set(environment.document.metadata.name, folder);
    }
    for (const { document, locate } of folder.apps) {
      const other = apps.get(document.spec.app);
      const message = `Fly app ${document.spec.app} is also in ${other?.folder ?? ''}`;
      const remedy = 'an app belongs to one environment: take it out of one folder, or name another app';
      if (other === undefined) apps.set(document.spec.app, folder);
      else if (other !== folder) problems.push({ ...locate(['spec', 'app']), rule: 'app-in-two-environments', message, remedy });
    }
  }
  return problems;
}

function oneEnvironment(folder: string, environments: FoundDocuments['environments'], seen: boolean): readonly Problem[] {
  const rule = 'one-environment';
  if (!seen) {
    const remedy = 'add one document of kind Environment with metadata.name and spec.organization';
    return [{ file: folder, line: 1, column: 1, rule, message: 'the folder has no Environment', remedy }];
  }
  const remedy = 'one folder is one environment: move this one and its apps to a folder of their own';
  return environments.slice(1).map(({ locate }) => ({ ...locate(['kind']), rule, message: 'a second Environment in one folder', remedy }));
}
function duplicates<Doc>(
  located: readonly Located<Doc>[],
  path: Path,
  nameOf: (document: Doc) => string,
  rule: string,
  what: string,
): readonly Problem[] {
  const first = new Map<string, Located<Doc>>();
  return located.flatMap((one) => {
    const name = nameOf(one.document);
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, one);
    if (earlier === undefined) return [];
    const { file, line } = earlier.locate(path);
    return [
      { ...one.locate(path), rule, message: `${what} ${name} is also in ${file}:${line}`, remedy: 'remove or rename one of the two' },
    ];
  });
}

function dependencies(apps: FoundDocuments['apps'], known: ReadonlySet<string>): readonly Problem[] {
  const byName = new Map(apps.map((app) => [app.document.metadata.name, app]));
  const unknown = apps.flatMap(({ document, locate }) =>
    (document.spec.dependsOn ?? []).flatMap((name, at) => {
      if (known.has(name)) return [];
      const place = locate(['spec', 'dependsOn', at]);
      return [{ ...place, rule: 'depends-on-unknown', message: `no App is named ${name}`, remedy: suggest(name, [...byName.keys()]) }];
    }),
  );
  return [...unknown, ...cycles(byName)];
}
/** Each circle once, told at the app that comes first by name. */
function cycles(byName: ReadonlyMap<string, Located<AppDocument>>): readonly Problem[] {
  const state = new Map<string, 'open' | 'done'>();
  const problems: Problem[] = [];
  for (const root of [...byName.keys()].sort()) {
    // Not recursive: a chain of a thousand apps is a list here, not a stack.
    const trail: { readonly name: string; readonly next: string[] }[] = [];
    const enter = (name: string): void => {
      if (state.get(name) === 'done' || !byName.has(name)) return;
      if (state.get(name) === 'open') {
        problems.push(cycle(byName, [...trail.slice(trail.findIndex((step) => step.name === name)).map((step) => step.name), name]));
        return;
      }
      state.set(name, 'open');
      trail.push({ name, next: [...(byName.get(name)?.document.spec.dependsOn ?? [])].sort() });
    };
    enter(root);
    for (let last = trail.at(-1); last !== undefined; last = trail.at(-1)) {
      const next = last.next.shift();
      if (next !== undefined) enter(next);
      else state.set(trail.pop()?.name ?? '', 'done');
    }
  }
  return problems;
}
function cycle(byName: ReadonlyMap<string, Located<AppDocument>>, names: readonly string[]): Problem {
  const place = byName.get(names[0] ?? '')?.locate(['spec', 'dependsOn']);
  return {
    ...(place ?? { file: '', line: 1, column: 1 }),
    rule: 'depends-on-cycle',
    message: `dependsOn runs in a circle: ${names.join(' → ')}`,
    remedy: 'take one of them out of dependsOn',
  };
}

function secretsOfApp({ document, locate }: Located<AppDocument>): readonly Problem[] {
  const { env, groups, secrets } = document.spec;
  const values = Object.entries(secrets ?? {}).flatMap(([name, { from, previous }]) =>
    Object.entries({ from, previous }).flatMap(([side, source]) => {
      const written = source?.value;
      const path = ['spec', 'secrets', name, side, 'value'];
      return written !== undefined && isSecretPair(name, written) ? [secretWritten(locate(path), name)] : [];
    }),
  );
  return [
    ...values,
    ...secretsIn(['spec', 'env'], env, locate),
    ...Object.entries(groups ?? {}).flatMap(([group, spec]) => secretsIn(['spec', 'groups', group, 'env'], spec.env, locate)),
  ];
}
function secretsIn(
  path: Path,
  values: Readonly<Record<string, string>> | undefined,
  locate: Located<unknown>['locate'],
): readonly Problem[] {
  return Object.entries(values ?? {}).flatMap(([name, value]) =>
    isSecretPair(name, value) ? [secretWritten(locate([...path, name]), name)] : [],
  );
}
const secretWritten = (place: ReturnType<Located<unknown>['locate']>, name: string): Problem => ({
  ...place,
  rule: 'secret-in-git',
  message: `${name} looks like a secret, and its value stands here`,
  remedy: `revoke the value, then declare it under spec.secrets of the app: ${name}: { from: { env: ${name} } }`,
});

/** Secrets anywhere else: a webhook's address, a connection string in a command. */
function looseSecrets({ document, locate }: Located<unknown>): readonly Problem[] {
  const problems: Problem[] = [];
  const walk = (value: unknown, path: Path): void => {
    if (typeof value === 'string') {
      const told = path.includes('variables') || path.includes('env') || path.at(-1) === 'value';
      if (!told && looksSecret(value)) problems.push(secretWritten(locate(path), String(path.at(-1))));
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    }
  };
  walk(document, []);
  return problems;
}
