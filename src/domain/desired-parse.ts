/** One folder of desired state: text → checked documents, every problem at once. Pure; what it looks up in the process is written down. */
import type { z } from 'zod';
import { issuesToProblems, suggest } from './desired-issues.ts';
import {
  defaultPrefix,
  hasPlaceholder,
  interpolate,
  type Lookup,
  type LookupInput,
  MIGRATIONS_SWITCH,
  makeLookup,
  resolveVariables,
  SMOKE_SWITCH,
} from './desired-lookup.ts';
import { type FoundDocuments, folderProblems } from './desired-rules.ts';
import { API_VERSION, AppDocument, BudgetDocument, EnvironmentDocument, KINDS, type KindName } from './desired-schema.ts';
import { type Locate, type Place, type RawDocument, type Rewrite, readYaml } from './desired-yaml.ts';
import { isJsonObject } from './json.ts';
import { type Problem, sortProblems } from './problem.ts';
import { isSecretName } from './secret-text.ts';

export interface DesiredInput {
  /** As messages name it, such as `desired-state/production`. */
  readonly folder: string;
  /** Path → text of its YAML files. */
  readonly files: ReadonlyMap<string, string>;
  readonly lookup: LookupInput;
}
export interface Located<Doc> {
  readonly document: Doc;
  readonly locate: Locate;
}
export interface DesiredFolder {
  readonly folder: string;
  /** Null when there is none that can be read. */
  readonly environment: Located<EnvironmentDocument> | null;
  readonly apps: readonly Located<AppDocument>[];
  readonly budgets: readonly Located<BudgetDocument>[];
  readonly problems: readonly Problem[];
  /** No document at all: nothing may be deleted because of that. */
  readonly empty: boolean;
  /** Variables of the process: asked and answered. */
  readonly lookup: Lookup;
}

/** More files than any folder of people holds. */
const MAX_FILES = 5_000;

export function parseDesired(input: DesiredInput): DesiredFolder {
  const problems: Problem[] = [];
  const raw: RawDocument[] = [];
  const paths = [...input.files.keys()].sort();
  if (paths.length > MAX_FILES) problems.push(tooManyFiles(input.folder));
  for (const path of paths.slice(0, MAX_FILES)) {
    const file = readYaml(path, input.files.get(path) ?? '');
    problems.push(...file.problems);
    raw.push(...file.documents);
  }
  const empty = raw.length === 0 && problems.length === 0;
  if (empty) problems.push(nothingThere(input.folder));
  const environmentRaw = raw.find((document) => document.peek(['kind']) === 'Environment') ?? null;
  const lookup = makeLookup(input.lookup, prefixOf(environmentRaw));
  const variables = variablesOf(environmentRaw, lookup);
  const documents = raw.map((document) => readDocument(document, variables, lookup, problems));
  const found = {
    environments: documents.flatMap((one) => (one?.kind === 'Environment' ? [one] : [])),
    apps: documents.flatMap((one) => (one?.kind === 'App' ? [one] : [])),
    budgets: documents.flatMap((one) => (one?.kind === 'Budget' ? [one] : [])),
  };
  askSwitches(found, lookup);
  const known = new Set(raw.map((document) => document.peek(['metadata', 'name'])).filter((name) => typeof name === 'string'));
  if (!empty) problems.push(...folderProblems(input.folder, found, { environmentSeen: environmentRaw !== null, known }));
  return {
    folder: input.folder,
    environment: found.environments[0] ?? null,
    apps: found.apps,
    budgets: found.budgets,
    problems: sortProblems(problems),
    empty,
    lookup,
  };
}

type Variables = ReadonlyMap<string, string>;
function prefixOf(environment: RawDocument | null): string {
  const stated = environment?.peek(['spec', 'envPrefix']);
  const name = environment?.peek(['metadata', 'name']);
  if (typeof stated === 'string' && !hasPlaceholder(stated)) return stated;
  return typeof name === 'string' && !hasPlaceholder(name) ? defaultPrefix(name) : '';
}
function variablesOf(environment: RawDocument | null, lookup: Lookup): Variables {
  const plain = environment === null ? null : environment.read(null).value;
  const spec = isJsonObject(plain) ? plain['spec'] : null;
  const stated = isJsonObject(spec) && isJsonObject(spec['variables']) ? spec['variables'] : {};
  const texts = Object.entries(stated).filter(([, value]) => value !== null && value !== undefined && typeof value !== 'object');
  return resolveVariables(new Map(texts.map(([name, value]) => [name, String(value)])), lookup.find);
}

/** Variables that stand as a name, not as `${…}`: asked here too, so that what was read is whole before anything is compiled. */
function askSwitches({ environments, apps }: Pick<FoundDocuments, 'environments' | 'apps'>, lookup: Lookup): void {
  const required = environments.flatMap(({ document }) => (document.spec.smoke?.checks ?? []).flatMap(({ requires }) => requires ?? []));
  const unless = apps.flatMap(({ document: { spec } }) => (typeof spec.excluded === 'object' ? [spec.excluded.unless] : []));
  const migrated = environments.some(({ document }) => document.spec.database?.migrations !== undefined);
  const smoked = environments.some(({ document }) => document.spec.smoke !== undefined);
  const switches = [...(migrated ? [MIGRATIONS_SWITCH] : []), ...(smoked ? [SMOKE_SWITCH] : [])];
  for (const name of [...required, ...unless, ...switches]) lookup.find(name);
}

type Read =
  | ({ readonly kind: 'Environment' } & Located<EnvironmentDocument>)
  | ({ readonly kind: 'App' } & Located<AppDocument>)
  | ({ readonly kind: 'Budget' } & Located<BudgetDocument>);
const isKind = (kind: unknown): kind is KindName => KINDS.some((known) => known === kind);

function readDocument(raw: RawDocument, variables: Variables, lookup: Lookup, problems: Problem[]): Read | null {
  const { value, problem } = raw.read(raw.hasPlaceholder ? rewriteWith(variables, lookup, problems) : null);
  if (problem !== null) problems.push(problem);
  if (problem !== null) return null;
  const { locate } = raw;
  if (!isJsonObject(value)) {
    problems.push({
      ...locate([]),
      rule: 'wrong-type',
      message: 'the document is no map of keys',
      remedy: 'start it with apiVersion and kind',
    });
    return null;
  }
  const { kind } = value;
  if (!isKind(kind)) {
    const message = kind === undefined ? 'kind is missing' : 'unknown kind';
    problems.push({ ...locate(['kind']), rule: 'unknown-kind', message, remedy: suggest(String(kind ?? ''), KINDS) });
    return null;
  }
  if (value['apiVersion'] !== API_VERSION) {
    const message = value['apiVersion'] === undefined ? 'apiVersion is missing' : 'unknown apiVersion';
    problems.push({ ...locate(['apiVersion']), rule: 'unknown-api-version', message, remedy: `write apiVersion: ${API_VERSION}` });
  }
  const checked = { ...value, apiVersion: API_VERSION };
  const check = <Schema extends z.ZodType>(schema: Schema): Located<z.infer<Schema>> | null => {
    const parsed = schema.safeParse(checked);
    if (parsed.success) return { document: parsed.data, locate };
    problems.push(...issuesToProblems(schema, checked, parsed.error.issues, locate));
    return null;
  };
  return byKind(kind, check);
}
type Check = <Schema extends z.ZodType>(schema: Schema) => Located<z.infer<Schema>> | null;
function byKind(kind: KindName, check: Check): Read | null {
  if (kind === 'Environment') {
    const read = check(EnvironmentDocument);
    return read === null ? null : { kind, ...read };
  }
  if (kind === 'App') {
    const read = check(AppDocument);
    return read === null ? null : { kind, ...read };
  }
  const read = check(BudgetDocument);
  return read === null ? null : { kind, ...read };
}

/** A name that secrets have is not put into text: the compiled document would hold its value. */
function rewriteWith(variables: Variables, lookup: Lookup, problems: Problem[]): Rewrite {
  return (text, place) => {
    if (!hasPlaceholder(text)) return null;
    const secrets: string[] = [];
    const put = interpolate(text, (name) => {
      const own = variables.get(name);
      if (own !== undefined) return own;
      if (isSecretName(name)) secrets.push(name);
      return isSecretName(name) ? '' : lookup.find(name);
    });
    if (secrets[0] !== undefined) problems.push(secretVariable(place(), secrets[0]));
    if (put.ok) return put.text;
    problems.push(badVariable(place(), put, [...variables.keys()]));
    return null;
  };
}
const secretVariable = (place: Place, name: string): Problem => ({
  ...place,
  rule: 'secret-in-git',
  message: `\${${name}} would put a secret into the desired state`,
  remedy: `declare it under spec.secrets of the app: ${name}: { from: { env: ${name} } }`,
});
function badVariable(place: Place, wrong: { readonly name: string; readonly why: string }, known: readonly string[]): Problem {
  if (wrong.why === 'malformed') {
    const remedy = `write \${NAME} or \${NAME:-default}; $\${ stands for the characters themselves`;
    return { ...place, rule: 'unknown-variable', message: 'a placeholder cannot be read', remedy };
  }
  if (wrong.why === 'too-long') {
    const message = `\${${wrong.name}} makes this text longer than the platform takes`;
    return { ...place, rule: 'too-large', message, remedy: 'shorten the variable' };
  }
  const near = known.length === 0 ? '' : `, or ${suggest(wrong.name, known)}`;
  const remedy = `set it under spec.variables or in the environment (prefixed name first), give a default \${${wrong.name}:-…}${near}`;
  return { ...place, rule: 'unknown-variable', message: `\${${wrong.name}} is set nowhere`, remedy };
}
const tooManyFiles = (folder: string): Problem => ({
  file: folder,
  line: 1,
  column: 1,
  rule: 'too-large',
  message: `more than ${MAX_FILES} files`,
  remedy: 'put several documents into one file',
});
const nothingThere = (folder: string): Problem => ({
  file: folder,
  line: 1,
  column: 1,
  rule: 'source-empty',
  message: 'the folder holds no document',
  remedy: 'put the files back; nothing is deleted because of that',
});
