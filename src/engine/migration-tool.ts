/** The team's own migration tool in the place of our own runner. */
import { failure, type TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment, CompiledMigrations } from '#domain/revision.ts';
import type { MigrationRunner } from '#platform/migrations/port.ts';
import type { PhaseReport } from './release-ports.ts';

export interface ToolDeps extends TellDep {
  readonly runner: MigrationRunner;
  /** A folder to run it in that holds these files, and what the process's environment it may see. */
  readonly workshop: (files: CompiledMigrations['files']) => Promise<{
    readonly cwd: string;
    readonly environment: Readonly<Record<string, string>>;
    close(): Promise<void>;
  }>;
}
/** Of what it printed, as far as a table shows it. */
const SHOWN_LINES = 20;

export async function runTool(
  deps: ToolDeps,
  { name, declared }: CompiledEnvironment,
  { command, files, set }: CompiledMigrations,
  url: string,
  signal: AbortSignal,
): Promise<Result<PhaseReport, TrimtabError>> {
  const given = command ?? [];
  const place = await deps.workshop(files);
  try {
    const environment = { ...place.environment, ...declared?.variables, DATABASE_URL: url };
    const ran = await deps.runner.runCommand(url, { command: given, cwd: place.cwd, environment, set }, signal);
    if (!ran.ok) return ran;
    const { exitCode, output, took } = ran.value;
    const last = output.split('\n').slice(-SHOWN_LINES).join('\n');
    const what = given.join(' ');
    if (exitCode === 0) {
      deps.tell({ type: 'MigrationApplied', environment: name, file: what, took });
      return ok({ items: [{ what, state: 'ok', message: last === '' ? 'ended well' : last, remedy: null, took }] });
    }
    const how = exitCode === null ? 'was ended by a signal' : `ended with exit code ${exitCode}`;
    return err(failure('MIGRATION_COMMAND', `${what} ${how}${last === '' ? '' : `\n${last}`}`));
  } finally {
    await place.close();
  }
}
