/** Where desired state comes from: one folder or repository for all, and for an environment its own where the configuration says so. */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { OwnSource } from '#engine/desired.ts';
import { realClock } from '#platform/clock.ts';
import { makeFolderSource } from '#platform/source/folder.ts';
import { makeGitSource } from '#platform/source/git.ts';
import { isGitAddress, parseGitAddress } from '#platform/source/git-address.ts';
import type { Config } from './config.ts';

export const DESIRED_FOLDER = 'desired-state';

type SourceConfig = Pick<Config, 'source' | 'sources' | 'dataDir' | 'gitToken' | 'gitKeyFile' | 'gitKnownHostsFile'>;
export interface Sources extends OwnSource {
  readonly own: ReadonlyMap<string, OwnSource>;
}
export function sourcesOf(config: SourceConfig): Result<Sources, TrimtabError> {
  const common = sourceFrom(config, 'TRIMTAB_SOURCE', config.source);
  if (!common.ok) return common;
  const own = new Map<string, OwnSource>();
  for (const [environment, text] of config.sources) {
    const source = sourceFrom(config, `TRIMTAB_SOURCE_${environment.toUpperCase().replaceAll('-', '_')}`, text);
    if (!source.ok) return source;
    own.set(environment, source.value);
  }
  return ok({ ...common.value, own });
}
/** A git URL, a folder with `desired-state/` in it, or that folder itself. */
function sourceFrom(config: SourceConfig, variable: string, text: string): Result<OwnSource, TrimtabError> {
  if (isGitAddress(text)) {
    const address = parseGitAddress(text, DESIRED_FOLDER);
    if (address === null) return err(failure('SOURCE_UNAVAILABLE', `${variable} is no address of a repository`));
    const access = { token: config.gitToken, keyFile: config.gitKeyFile, knownHostsFile: config.gitKnownHostsFile };
    return ok({
      source: makeGitSource({ address, copies: join(config.dataDir, 'git'), clock: realClock, access }),
      folder: address.folder,
    });
  }
  const path = resolve(text);
  if (existsSync(join(path, DESIRED_FOLDER)) || basename(path) !== DESIRED_FOLDER)
    return ok({ source: makeFolderSource({ root: path, folder: DESIRED_FOLDER }), folder: DESIRED_FOLDER });
  return ok({ source: makeFolderSource({ root: dirname(path), folder: basename(path) }), folder: basename(path) });
}
/** Null: one of them follows the default branch of its repository, or is a folder of this machine. */
export function followedBranches({ source, sources }: Pick<Config, 'source' | 'sources'>): ReadonlySet<string> | null {
  const branches = [source, ...sources.values()].map((text) => parseGitAddress(text, DESIRED_FOLDER)?.branch ?? null);
  const named = branches.filter((branch) => branch !== null);
  return named.length < branches.length ? null : new Set(named);
}
