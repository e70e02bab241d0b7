/** Smoke checks against the rest of their folder: what cannot be right is a problem, and what lacks a variable is marked as skipped. */
import { RUN_WORDS } from './compile-migrations.ts';
import { suggest } from './desired-issues.ts';
import { SMOKE_SWITCH } from './desired-lookup.ts';
import type { DesiredFolder, Located } from './desired-parse.ts';
import type { EnvironmentDocument } from './desired-schema.ts';
import type { Run, Smoke, SmokeCheck, SmokeExpect } from './desired-smoke.ts';
import type { Path } from './desired-yaml.ts';
import type { Problem } from './problem.ts';
import { type CheckKind, kindOf, parseHostPort, targetOf, toHttpUrl } from './smoke.ts';

type DeclaredSmoke = ReturnType<(typeof Smoke)['parse']>;
export type CompiledCheck = SmokeCheck & {
  /** Variables it requires that are unset: it is skipped. Absent: none. */
  readonly missing?: readonly string[];
};
export type CompiledSmoke = Omit<DeclaredSmoke, 'checks'> & { readonly checks: readonly CompiledCheck[] };
export interface SmokeResult {
  /** Null: the environment declares none. */
  readonly smoke: CompiledSmoke | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export function compileSmoke(folder: DesiredFolder): SmokeResult {
  const environment = folder.environment;
  const smoke = environment?.document.spec.smoke;
  if (environment === null || smoke === undefined) return { smoke: null, problems: [], warnings: [] };
  const checks = smoke.checks.map((check) => marked(check, folder));
  const problems = checks.flatMap((check, at) => problemsOf(check, { folder, environment, path: ['spec', 'smoke', 'checks', at] }));
  const { run, ...said } = switched(smoke.run, folder, environment);
  return {
    smoke: { ...smoke, checks, ...(run === undefined ? {} : { run }) },
    problems: [...problems, ...sameNames(smoke.checks, environment), ...said.problems],
    warnings: said.warnings,
  };
}
/** What a person's command says by the switch goes before what git says, and is shown while it turns the checks off. */
function switched(stated: Run | undefined, { lookup }: DesiredFolder, { locate }: Located<EnvironmentDocument>) {
  const said = lookup.find(SMOKE_SWITCH);
  if (said === null) return { run: stated, problems: [], warnings: [] };
  const run = RUN_WORDS[said.toLowerCase()];
  const place = locate(['spec', 'smoke', 'run']);
  const wrong = {
    ...place,
    rule: 'invalid-value',
    message: `${SMOKE_SWITCH} is neither true nor false`,
    remedy: `set ${SMOKE_SWITCH}=true, or unset it`,
  };
  const off = {
    ...place,
    rule: 'smoke-off',
    message: `${SMOKE_SWITCH}=${said}: releases end without the smoke checks`,
    remedy: 'it stays so until a command comes without it',
  };
  return { run, problems: run === undefined ? [wrong] : [], warnings: run === 'never' && stated !== 'never' ? [off] : [] };
}
function marked(check: SmokeCheck, { lookup }: DesiredFolder): CompiledCheck {
  const missing = (check.requires ?? []).filter((name) => lookup.find(name) === null);
  return missing.length === 0 ? check : { ...check, missing };
}

interface Scene {
  readonly folder: DesiredFolder;
  readonly environment: Located<EnvironmentDocument>;
  /** Of the check. */
  readonly path: Path;
}
type Tell = (path: Path, rule: string, message: string, remedy: string, side?: 'key' | 'value') => Problem;

function problemsOf(check: CompiledCheck, scene: Scene): readonly Problem[] {
  const tell: Tell = (path, rule, message, remedy, side = 'value') => ({
    ...scene.environment.locate([...scene.path, ...path], side),
    rule,
    message,
    remedy,
  });
  return [
    ...misplaced(check, tell),
    ...unknownApps(check, scene, tell),
    ...unaddressed(check, tell),
    ...withoutDatabase(check, scene, tell),
  ];
}

const KEYS = {
  http: ['status', 'header', 'body', 'json', 'redirect', 'tlsDaysLeft', 'latency'],
  tcp: ['latency'],
  grpc: ['latency'],
  sql: ['value', 'latency'],
  exec: ['exitCode', 'output', 'latency'],
} as const satisfies Record<CheckKind, readonly (keyof SmokeExpect)[]>;
/** Keys that say nothing about this kind of check. */
function misplaced(check: CompiledCheck, tell: Tell): readonly Problem[] {
  const kind = kindOf(check);
  const known: readonly string[] = KEYS[kind];
  const keys = Object.keys(check.expect ?? {}).filter((key) => !known.includes(key));
  const wrong = keys.map((key) =>
    tell(['expect', key], 'misplaced-key', `${key} says nothing about a ${kind} check`, `known here: ${known.join(', ')}`, 'key'),
  );
  if (check.from === undefined || (kind !== 'sql' && kind !== 'exec')) return wrong;
  const remedy = kind === 'exec' ? 'take it out: exec.app says where' : 'take it out: the database is asked by the controller';
  return [...wrong, tell(['from'], 'misplaced-key', `from says nothing about a ${kind} check`, remedy, 'key')];
}
function unknownApps({ exec, from }: CompiledCheck, { folder }: Scene, tell: Tell): readonly Problem[] {
  const known = folder.apps.map(({ document }) => document.metadata.name);
  const named: readonly (readonly [Path, string])[] = [
    ...(exec === undefined ? [] : [[['exec', 'app'], exec.app] as const]),
    ...(typeof from === 'object' ? [[['from', 'app'], from.app] as const] : []),
  ];
  return named.flatMap(([path, name]) =>
    known.includes(name) ? [] : [tell(path, 'unknown-app', `no App is named ${name}`, suggest(name, known))],
  );
}
/** An address may depend on the variables that are missing: then it is not looked at. */
function unaddressed(check: CompiledCheck, tell: Tell): readonly Problem[] {
  if (check.missing !== undefined) return [];
  const kind = kindOf(check);
  if (kind === 'http') {
    const url = toHttpUrl(targetOf(check));
    if (url === null) return [tell(['http'], 'invalid-value', 'expected an address such as https://app.example.com/healthz', 'correct it')];
    const plain = check.expect?.tlsDaysLeft !== undefined && url.protocol === 'http:';
    return plain ? [tell(['expect', 'tlsDaysLeft'], 'invalid-value', 'http:// has no certificate', 'write https://, or take it out')] : [];
  }
  if (kind === 'sql' || kind === 'exec' || parseHostPort(targetOf(check)) !== null) return [];
  return [tell([kind], 'invalid-value', 'expected host:port, such as backend.internal:50051', 'correct it')];
}
function withoutDatabase({ sql }: CompiledCheck, { environment }: Scene, tell: Tell): readonly Problem[] {
  const { database } = environment.document.spec;
  if (sql === undefined || database?.url !== undefined || database?.neon !== undefined) return [];
  return [tell(['sql'], 'no-database', 'nothing says which database', 'add spec.database.url: { from: { env: DATABASE_URL } }', 'key')];
}
function sameNames(checks: readonly SmokeCheck[], { locate }: Located<EnvironmentDocument>): readonly Problem[] {
  const names = checks.map(({ name }) => name);
  return names.flatMap((name, at) => {
    if (name === undefined || names.indexOf(name) === at) return [];
    const place = locate(['spec', 'smoke', 'checks', at, 'name']);
    return [{ ...place, rule: 'duplicate-check', message: `a second check is named ${name}`, remedy: 'rename one of the two' }];
  });
}
