/** Migrations, put together: where the address comes from, the runner, and the place where a team's own tool is run. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { failure, type TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import type { ToolDeps } from '#engine/migration-tool.ts';
import { type Migrations, type MigrationsDeps, makeMigrations } from '#engine/migrations.ts';
import { realClock } from '#platform/clock.ts';
import { isSameDatabase } from '#platform/migrations/address.ts';
import { makeMigrationRunner } from '#platform/migrations/runner.ts';
import { isGitAddress } from '#platform/source/git-address.ts';
import { insideRoot } from '#platform/source/limits.ts';
import type { Config } from './config.ts';

export interface DatabaseOptions extends TellDep, Pick<MigrationsDeps, 'halted' | 'deadline'> {
  readonly config: Pick<Config, 'variables' | 'databaseUrl' | 'source'>;
  /** This process serves one environment alone: bare variables count. */
  readonly bare: () => boolean;
}
export const composeMigrations = ({ config, bare, tell, halted, deadline }: DatabaseOptions): Migrations =>
  makeMigrations({
    clock: realClock,
    tell,
    halted,
    deadline,
    runner: makeMigrationRunner({ clock: realClock }),
    databaseUrl: (environment) => Promise.resolve(addressOf(config.variables, environment, bare())),
    isOwn: (url) => config.databaseUrl !== null && isSameDatabase(url, config.databaseUrl),
    workshop: (files) => workshop(config, files),
  });

function addressOf(variables: Config['variables'], environment: CompiledEnvironment, bare: boolean): Result<string, TrimtabError> {
  const from = environment.declared?.database?.url?.from;
  if (from === undefined) return err(failure('DATABASE_URL_MISSING', `${environment.name} declares no database.url`));
  if (from.value !== undefined) return ok(from.value);
  if (from.env === undefined) return err(failure('DATABASE_URL_MISSING', `database.url of ${environment.name} is read from env only`));
  const prefixed = `${environment.declared?.envPrefix ?? ''}${from.env}`;
  const found = variables[prefixed] || (bare ? variables[from.env] : '') || null;
  const names = bare ? `neither ${prefixed} nor ${from.env}` : `${prefixed} is not`;
  return found === null ? err(failure('DATABASE_URL_MISSING', `${names} set`)) : ok(found);
}

/** What a program needs to run at all; no token, no secret. */
const SEEN: readonly string[] = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_PATH', 'GOPATH'];
/** In the folder that the source is; of a repository, in a new one that holds what the revision says. */
async function workshop({ source, variables }: DatabaseOptions['config'], files: Parameters<ToolDeps['workshop']>[0]) {
  const seen = SEEN.flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]] as const]));
  const environment = Object.fromEntries(seen);
  if (!isGitAddress(source)) return { cwd: resolve(source), environment, close: () => Promise.resolve() };
  const cwd = await mkdtemp(join(tmpdir(), 'trimtab-migrations-'));
  for (const { path, text } of files) {
    const inside = insideRoot(path);
    if (inside === null) continue;
    await mkdir(dirname(join(cwd, inside)), { recursive: true });
    await writeFile(join(cwd, inside), text);
  }
  return { cwd, environment, close: () => rm(cwd, { recursive: true, force: true }) };
}
