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
import type { SecretReader } from '#engine/secret-reader.ts';
import { realClock } from '#platform/clock.ts';
import { isSameDatabase } from '#platform/migrations/address.ts';
import { makeMigrationRunner } from '#platform/migrations/runner.ts';
import { isGitAddress } from '#platform/source/git-address.ts';
import { insideRoot } from '#platform/source/limits.ts';
import type { Config } from './config.ts';

export interface DatabaseOptions extends TellDep, Pick<MigrationsDeps, 'halted' | 'deadline'> {
  readonly config: Pick<Config, 'variables' | 'databaseUrl' | 'source'>;
  readonly reader: Pick<SecretReader, 'connection'>;
}
export const composeMigrations = ({ config, reader, tell, halted, deadline }: DatabaseOptions): Migrations =>
  makeMigrations({
    clock: realClock,
    tell,
    halted,
    deadline,
    runner: makeMigrationRunner({ clock: realClock }),
    databaseUrl: (environment, signal) => addressOf(reader.connection, environment, signal),
    isOwn: (url) => config.databaseUrl !== null && isSameDatabase(url, config.databaseUrl),
    workshop: (files) => workshop(config, files),
  });

async function addressOf(
  connection: SecretReader['connection'],
  environment: CompiledEnvironment,
  signal: AbortSignal,
): Promise<Result<string, TrimtabError>> {
  const source = environment.declared?.database?.url?.from;
  if (source === undefined) return err(failure('DATABASE_URL_MISSING', `${environment.name} declares no database.url`));
  const given = await connection(environment, signal);
  if (!given.ok) return err(failure('DATABASE_URL_MISSING', given.error.message));
  if (given.value !== null && !given.value.isEmpty) return ok(given.value.reveal());
  const { env } = source;
  const names = env === undefined ? '' : `: set ${environment.declared?.envPrefix ?? ''}${env}`;
  return err(failure('DATABASE_URL_MISSING', `the source of database.url of ${environment.name} gives none${names}`));
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
