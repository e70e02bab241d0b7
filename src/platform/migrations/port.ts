/** Migrations as the engine uses them: one database, one set, values out. */
import type { TrimtabError } from '#domain/errors.ts';
import type { Migration, MigrationSet } from '#domain/migrations/files.ts';
import type { Outlook } from '#domain/migrations/history.ts';
import type { ParsedMigration, ParseSql } from '#domain/migrations/statements.ts';
import type { Result } from '#domain/result.ts';
import type { Ms } from '#domain/units.ts';

export interface MigrationLimits {
  /** Of one statement; 0: none. */
  readonly statement: Ms;
  /** How long a statement waits for a lock. */
  readonly lock: Ms;
}
export interface Applied {
  readonly file: string;
  readonly took: Ms;
}
export interface MigrationFault {
  readonly file: string;
  /** In the file; null: not known. */
  readonly line: number | null;
  readonly statement: string | null;
  /** The database's words. */
  readonly message: string;
  /** Its five characters; null: it was not the database that spoke. */
  readonly sqlState: string | null;
}
/** What was done before the end, whichever way it ended. */
export interface MigrationRun {
  readonly database: string;
  readonly applied: readonly Applied[];
  readonly notes: readonly string[];
  readonly error: (TrimtabError & { readonly fault?: MigrationFault; readonly remedy?: string }) | null;
}
export interface LookedAt {
  readonly database: string;
  readonly outlook: Outlook;
  /** Rows by the planner's guess, of tables that are asked about. */
  readonly rows: ReadonlyMap<string, number>;
  readonly notes: readonly string[];
}
export interface CommandJob {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What decides whether it has to run again. */
  readonly set: string;
}
export interface CommandRun {
  readonly exitCode: number | null;
  /** Both streams, in order, without secrets; the last part when there is more. */
  readonly output: string;
  readonly took: Ms;
}
export interface MigrationRunner {
  readonly parser: () => Promise<ParseSql>;
  /** Reads only. `tables`: whose size is asked. */
  look(
    url: string,
    set: MigrationSet,
    tables: (outlook: Outlook) => readonly string[],
    signal: AbortSignal,
  ): Promise<Result<LookedAt, TrimtabError>>;
  /** `stopped`: asked before each; a reason ends the run. An error that ended it stands in the run: what was applied stays so. */
  run(
    url: string,
    job: { readonly set: MigrationSet; readonly parsed: readonly ParsedMigration[]; readonly limits: MigrationLimits },
    hooks: {
      readonly stopped: () => string | null;
      /** Of what is pending, before the first of them is run; null: go on. */
      readonly refuses: (pending: readonly Migration[]) => TrimtabError | null;
      readonly onApplied: (applied: Applied) => void;
    },
    signal: AbortSignal,
  ): Promise<MigrationRun>;
  /** The set of the last run of a command that ended well; null: none. */
  lastCommand(url: string, signal: AbortSignal): Promise<Result<string | null, TrimtabError>>;
  runCommand(url: string, job: CommandJob, signal: AbortSignal): Promise<Result<CommandRun, TrimtabError>>;
}
