/** The migrations of an environment: what is pending and what it would do, and the run itself. Asked by releases and by people. */
import type { ClockDep } from '#domain/clock.ts';
import { ERRORS, failure, remedyOf, type TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { type Danger, dangersOf } from '#domain/migrations/dangers.ts';
import { type Migration, type MigrationSet, readMigrations } from '#domain/migrations/files.ts';
import type { Outlook } from '#domain/migrations/history.ts';
import { lineAt, modeOf, type ParsedMigration } from '#domain/migrations/statements.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment, CompiledMigrations } from '#domain/revision.ts';
import { type Ms, ms } from '#domain/units.ts';
import type { MigrationRun, MigrationRunner } from '#platform/migrations/port.ts';
import { runTool, type ToolDeps } from './migration-tool.ts';
import type { HaltDep } from './ports.ts';
import type { MigrateDep, PhaseItem, PhaseReport } from './release-ports.ts';

export interface MigrationsDeps extends ClockDep, TellDep, HaltDep, ToolDeps {
  readonly runner: MigrationRunner;
  /** From the source that the environment names. Fails: DATABASE_URL_MISSING, and what the source says. */
  readonly databaseUrl: (environment: CompiledEnvironment, signal: AbortSignal) => Promise<Result<string, TrimtabError>>;
  readonly deadline: (span: number, signal: AbortSignal) => AbortSignal;
  /** The database trimtab stands on is never migrated. */
  readonly isOwn: (url: string) => boolean;
}
/** What a person sees before anything is run. */
export interface MigrationOutlook {
  readonly environment: string;
  /** Null: no address yet. */
  readonly database: string | null;
  readonly format: string;
  readonly set: string;
  readonly applied: number;
  readonly pending: readonly string[];
  /** Faults fail, dangers warn. */
  readonly items: readonly PhaseItem[];
  readonly notes: readonly string[];
}
export interface Migrations {
  readonly part: MigrateDep['migrations'];
  /** Everything known beforehand; reads the database, writes nothing. */
  look(environment: CompiledEnvironment, signal: AbortSignal): Promise<Result<MigrationOutlook, TrimtabError>>;
  /** The files alone, for when no database can be asked. */
  check(environment: CompiledEnvironment): Promise<readonly PhaseItem[]>;
}
/** For a table below this a lock is over before anybody notices. */
const SMALL_ROWS = 10_000;

export function makeMigrations(deps: MigrationsDeps): Migrations {
  const look: Migrations['look'] = async (environment, signal) => {
    const declared = declaredOf(environment);
    if (!declared.ok) return declared;
    const url = await addressOf(deps, environment, signal);
    if (!url.ok) return url;
    if (declared.value.command !== null) return lookAtTool(deps, environment, declared.value, url.value, signal);
    return lookAtFiles(deps, environment, declared.value, url.value, signal);
  };
  return {
    look,
    check: async (environment) => {
      const { migrations } = environment.declared ?? {};
      if (migrations === undefined || migrations.command !== null) return [];
      const read = await parseAll(deps, setOf(migrations));
      return [...read.faults, ...dangersOf(read.parsed).map(dangerItem)];
    },
    part: {
      plan: async (environment, signal) => {
        const declared = declaredOf(environment);
        if (!declared.ok) return declared;
        const { set } = declared.value;
        if (runOf(environment) === 'never') return ok({ set, pending: [] });
        const seen = await look(environment, signal);
        return seen.ok ? ok({ set, pending: seen.value.pending }) : seen;
      },
      apply: async (environment, signal) => {
        const ran = await apply(deps, environment, signal);
        // What a person has to put right is the phase's failure; what passes by itself is tried again.
        if (ran.ok || ERRORS[ran.error.code].retry !== 'stop') return ran;
        return ok({ items: [failedItem('migrations', ran.error)] });
      },
    },
  };
}
const runOf = ({ declared }: CompiledEnvironment): string => declared?.database?.migrations?.run ?? 'whenChanged';
function declaredOf({ name, declared }: CompiledEnvironment): Result<CompiledMigrations, TrimtabError> {
  const { migrations } = declared ?? {};
  return migrations === undefined ? err(failure('MIGRATION_INVALID', `${name} declares no database.migrations`)) : ok(migrations);
}
const setOf = ({ files, format }: CompiledMigrations): MigrationSet => readMigrations(files, format);
async function addressOf(
  { databaseUrl, isOwn }: MigrationsDeps,
  environment: CompiledEnvironment,
  signal: AbortSignal,
): Promise<Result<string, TrimtabError>> {
  const url = await databaseUrl(environment, signal);
  if (!url.ok) return url;
  return isOwn(url.value) ? err(failure('DATABASE_OWN', `the database of ${environment.name} is the one that trimtab stands on`)) : url;
}

interface Parsed {
  readonly parsed: readonly ParsedMigration[];
  readonly faults: readonly PhaseItem[];
}
/** By PostgreSQL's own grammar; a file that cannot be read stops the whole set before its first statement. */
async function parseAll({ runner }: Pick<MigrationsDeps, 'runner'>, set: MigrationSet, only?: ReadonlySet<number>): Promise<Parsed> {
  const parse = await runner.parser();
  const parsed: ParsedMigration[] = [];
  const faults: PhaseItem[] = set.problems.map(({ file, line, message, remedy }) => item(`${file}:${line}`, 'failed', message, remedy));
  for (const migration of set.migrations) {
    if (only !== undefined && !only.has(migration.version)) continue;
    const read = parse(migration.sql);
    if (read.ok) parsed.push({ migration, statements: read.value, mode: modeOf(migration, read.value) });
    else faults.push(syntaxItem(migration, read.error));
  }
  return { parsed, faults };
}
const syntaxItem = ({ file, sql }: Migration, { message, position }: { readonly message: string; readonly position: number }): PhaseItem =>
  item(`${file}:${lineAt(sql, position)}`, 'failed', message, 'correct it; nothing of the set is run before it can be read');
const dangerItem = ({ file, line, rule, message, remedy, fatal }: Danger): PhaseItem =>
  item(`${file}:${line}`, fatal ? 'failed' : 'warning', `${rule}: ${message}`, remedy);
const item = (what: string, state: PhaseItem['state'], message: string, remedy: string | null, took: Ms = ms(0)): PhaseItem => ({
  what,
  state,
  message,
  remedy,
  took,
});
const failedItem = (what: string, error: TrimtabError & { readonly remedy?: string }): PhaseItem =>
  item(what, 'failed', `${error.code}: ${error.message}`, error.remedy ?? remedyOf(error));

async function lookAtFiles(
  deps: MigrationsDeps,
  { name }: CompiledEnvironment,
  declared: CompiledMigrations,
  url: string,
  signal: AbortSignal,
): Promise<Result<MigrationOutlook, TrimtabError>> {
  const set = setOf(declared);
  // The database says which are pending; only then is it known which tables are asked about.
  const whole = await parseAll(deps, set);
  const dangersFor = (outlook: Outlook): readonly Danger[] => {
    const pending = new Set(outlook.pending.map(({ version }) => version));
    return dangersOf(whole.parsed.filter(({ migration }) => pending.has(migration.version)));
  };
  const tables = (outlook: Outlook): readonly string[] => [
    ...new Set(dangersFor(outlook).flatMap(({ table }) => (table === null ? [] : [table]))),
  ];
  const seen = await deps.runner.look(url, set, tables, signal);
  if (!seen.ok) return seen;
  const { outlook, rows, database, notes } = seen.value;
  const pending = new Set(outlook.pending.map(({ file }) => file));
  const hurts = dangersFor(outlook).filter(({ table, rule, fatal }) => fatal || !isHarmless(rule, table === null ? null : rows.get(table)));
  return ok({
    environment: name,
    database,
    format: set.format,
    set: set.hash,
    applied: outlook.applied.length,
    pending: [...pending],
    items: [
      ...outlook.faults.map((fault) => item(fault.file, 'failed', `${fault.code}: ${fault.message}`, fault.remedy)),
      ...whole.faults.filter(({ what }) => [...pending].some((file) => what.startsWith(`${file}:`))),
      ...hurts.map(dangerItem),
    ],
    notes,
  });
}
/** What only takes long, on a table that is small. */
function isHarmless(rule: Danger['rule'], rows: number | null | undefined): boolean {
  const slow: readonly Danger['rule'][] = ['index-blocks-writes', 'table-rewrite', 'scan-under-lock', 'every-row'];
  return typeof rows === 'number' && rows < SMALL_ROWS && slow.includes(rule);
}
async function lookAtTool(
  { runner }: MigrationsDeps,
  environment: CompiledEnvironment,
  { command, set }: CompiledMigrations,
  url: string,
  signal: AbortSignal,
): Promise<Result<MigrationOutlook, TrimtabError>> {
  const last = await runner.lastCommand(url, signal);
  if (!last.ok) return last;
  const due = last.value !== set || runOf(environment) === 'always';
  const words = (command ?? []).join(' ');
  const notes = due ? [] : ['the tool ended well with these files before'];
  return ok({
    environment: environment.name,
    database: null,
    format: 'command',
    set,
    applied: 0,
    pending: due ? [words] : [],
    items: [],
    notes,
  });
}

async function apply(
  deps: MigrationsDeps,
  environment: CompiledEnvironment,
  signal: AbortSignal,
): Promise<Result<PhaseReport, TrimtabError>> {
  const declared = declaredOf(environment);
  if (!declared.ok) return declared;
  const stop = deps.halted(environment.name);
  if (stop !== null) return err(failure('HALTED', stop));
  const url = await addressOf(deps, environment, signal);
  if (!url.ok) return url;
  const within = deps.deadline(declared.value.timeout, signal);
  if (declared.value.command !== null) return runTool(deps, environment, declared.value, url.value, within);
  const set = setOf(declared.value);
  const read = await parseAll(deps, set);
  const { statementTimeout: statement, lockTimeout: lock } = declared.value;
  const ran = await deps.runner.run(
    url.value,
    { set, parsed: read.parsed, limits: { statement, lock } },
    {
      stopped: () => deps.halted(environment.name),
      refuses: (pending) => refusal(set, read, pending),
      onApplied: ({ file, took }) => deps.tell({ type: 'MigrationApplied', environment: environment.name, file, took }),
    },
    within,
  );
  return reportOf(deps, environment, ran);
}
/** Nothing is begun that cannot be carried through: what is pending can be read, and none of it is sure to fail. */
function refusal(
  set: MigrationSet,
  { parsed, faults }: Parsed,
  pending: readonly Migration[],
): (TrimtabError & { readonly remedy: string }) | null {
  const due = new Set(pending.map(({ version }) => version));
  const unread = faults.find(({ what }) => set.problems.length > 0 || pending.some(({ file }) => what.startsWith(`${file}:`)));
  const fatal = dangersOf(parsed.filter(({ migration }) => due.has(migration.version))).find((danger) => danger.fatal);
  const wrong = unread ?? (fatal === undefined ? undefined : dangerItem(fatal));
  if (wrong === undefined) return null;
  return { ...failure('MIGRATION_INVALID', `${wrong.what}: ${wrong.message}`), remedy: wrong.remedy ?? '' };
}
function reportOf(deps: MigrationsDeps, { name }: CompiledEnvironment, ran: MigrationRun): Result<PhaseReport, TrimtabError> {
  const done = ran.applied.map(({ file, took }) => item(file, 'ok', 'applied', null, took));
  const notes = ran.notes.map((note) => item(ran.database, 'warning', note, null));
  const { error } = ran;
  if (error === null) {
    const nothing = done.length === 0 ? [item(ran.database, 'skipped', 'nothing is pending', null)] : [];
    return ok({ items: [...notes, ...done, ...nothing] });
  }
  deps.tell({
    type: 'MigrationFailed',
    environment: name,
    code: error.code,
    message: error.message,
    remedy: error.remedy ?? remedyOf(error),
  });
  if (ERRORS[error.code].retry !== 'stop') return err(error);
  return ok({ items: [...notes, ...done, failedItem(error.fault?.file ?? ran.database, error)] });
}
