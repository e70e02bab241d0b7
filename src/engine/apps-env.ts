/** The dotenv file beside the source that names apps and files for people's commands. Variables of the process win over it. */
import { parseEnv } from 'node:util';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { SourceSnapshot } from '#platform/source/port.ts';
import { readTexts } from './unchanged-source.ts';

/** The environment's own before the common one: the first that is there is read alone. */
export const appsEnvPaths = (environment: string): readonly string[] => [`infra/fly/apps.${environment}.env`, 'infra/fly/apps.env'];

export interface AppsEnv {
  readonly paths: readonly string[];
  readonly texts: ReadonlyMap<string, string>;
  readonly variables: Readonly<Record<string, string | undefined>>;
}
export async function readAppsEnv(
  snapshot: SourceSnapshot,
  environment: string,
  signal: AbortSignal,
): Promise<Result<AppsEnv, TrimtabError>> {
  const paths = appsEnvPaths(environment);
  const texts = await readTexts(snapshot, paths, signal);
  if (!texts.ok) return texts;
  const text = paths.map((path) => texts.value.get(path)).find((found) => found !== undefined) ?? '';
  return ok({ paths, texts: texts.value, variables: { ...parseEnv(text) } });
}
