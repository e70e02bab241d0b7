/** A folder of desired state as texts → what the compiler makes of it. */

import { type Compiled, compileEnvironment, type Rejected } from '#domain/compile.ts';
import type { LookupInput } from '#domain/desired-lookup.ts';
import { type DesiredFolder, parseDesired } from '#domain/desired-parse.ts';
import type { Digest } from '#domain/ids.ts';
import type { Problem } from '#domain/problem.ts';
import type { Result } from '#domain/result.ts';

export interface DesiredTexts {
  /** Path → text of YAML files. */
  readonly files: Readonly<Record<string, string>>;
  /** Path → text of everything else. */
  readonly others?: Readonly<Record<string, string>>;
  readonly process?: LookupInput['process'];
  readonly bare?: boolean;
  readonly stored?: LookupInput['stored'];
  readonly digests?: Readonly<Record<string, Digest>>;
}
export const FOLDER = 'desired-state/test';
export const parseTexts = ({ files, process = {}, bare = false, stored = {} }: DesiredTexts): DesiredFolder =>
  parseDesired({ folder: FOLDER, files: new Map(Object.entries(files)), lookup: { process, bare, stored } });
export const compileTexts = (texts: DesiredTexts): Result<Compiled, Rejected> =>
  compileEnvironment(parseTexts(texts), {
    readFile: (path) => texts.others?.[path] ?? null,
    readFolder: (folder) => {
      const found = Object.entries(texts.others ?? {}).filter(([path]) => path.startsWith(`${folder}/`));
      return found.length === 0 ? null : new Map(found);
    },
    resolvedImages: (_, reference) => texts.digests?.[reference] ?? null,
  });
/** Of a folder that has none, the test fails with the problems there are. */
export function compiledOf(texts: DesiredTexts): Compiled {
  const result = compileTexts(texts);
  if (result.ok) return result.value;
  throw new Error(result.error.problems.map(told).join('\n'));
}
export const problemsOf = (texts: DesiredTexts): readonly Problem[] => {
  const result = compileTexts(texts);
  return result.ok ? [] : result.error.problems;
};
/** `file:line:column rule`. */
export const told = ({ file, line, column, rule }: Problem): string => `${file}:${line}:${column} ${rule}`;

export const ENVIRONMENT = `apiVersion: trimtab.dev/v1alpha1
kind: Environment
metadata: { name: test }
spec: { organization: acme, primaryRegion: nrt }
`;
export const WEB_TOML = `[http_service]
internal_port = 8080
`;
/** An app whose spec continues with these lines. */
export const appText = (name: string, ...lines: readonly string[]): string =>
  ['apiVersion: trimtab.dev/v1alpha1', 'kind: App', `metadata: { name: ${name} }`, 'spec:', ...lines.map((line) => `  ${line}`), ''].join(
    '\n',
  );
