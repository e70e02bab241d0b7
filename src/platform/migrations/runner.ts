/** Applies what is pending, in order, on one connection: each in its transaction together with its row of history, unless it says otherwise. */
import type { Clock } from '#domain/clock.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import type { Migration, MigrationSet } from '#domain/migrations/files.ts';
import { type HistoryFault, type Outlook, outlookOf } from '#domain/migrations/history.ts';
import { lineAt, type ParsedMigration, type Statement } from '#domain/migrations/statements.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { elapsed, ms } from '#domain/units.ts';
import { type DatabaseAddress, directAddress } from './address.ts';
import { runCommand } from './command.ts';
import {
  findTables,
  lastCommandSet,
  makeTables,
  noteAdopted,
  noteApplied,
  noteFailed,
  noteRunning,
  readHistory,
  rowEstimates,
  type Tables,
} from './history-tables.ts';
import type { Applied, MigrationFault, MigrationLimits, MigrationRun, MigrationRunner } from './port.ts';
import {
  cancelled,
  databaseError,
  isAboutTheDatabase,
  isPassing,
  locksFor,
  type Session,
  settings,
  takeLocks,
  unavailable,
  withSession,
} from './session.ts';
import { loadSqlParser } from './sql-parser.ts';

/** For what only reads. */
const LOOKING: MigrationLimits = { statement: ms(15_000), lock: ms(5_000) };
/** A lock that is not given in time is asked for again: whoever held it may be done. */
const LOCK_TRIES = 3;
const LOCK_PAUSE = ms(2_000);
const LOCKED_OUT: readonly string[] = ['55P03', '40P01'];
const LOOK_EVERY = ms(500);
/** Of a statement, as far as people are shown it. */
const SHOWN = 600;

export function makeMigrationRunner(deps: { readonly clock: Clock }): MigrationRunner {
  const { clock } = deps;
  return {
    parser: loadSqlParser,
    look: async (url, set, tables, signal) => {
      const address = directAddress(url);
      if (!address.ok) return address;
      return withSession({ clock, address: address.value, limits: LOOKING }, signal, async (session) => {
        const seen = await outlook(session, set);
        if (!seen.ok) return seen;
        const rows = await rowEstimates(session, tables(seen.value.outlook));
        return ok({ database: address.value.shown, outlook: seen.value.outlook, rows, notes: notesOf(address.value, seen.value.outlook) });
      });
    },
    run: async (url, job, hooks, signal) => {
      const address = directAddress(url);
      if (!address.ok) return { database: '', applied: [], notes: [], error: address.error };
      const applied: Applied[] = [];
      const notes: string[] = address.value.note === null ? [] : [address.value.note];
      const scene = { ...job, ...hooks, clock, address: address.value, signal, applied, notes };
      const ended = await withSession({ clock, address: address.value, limits: job.limits }, signal, (session) => runAll(session, scene));
      return { database: address.value.shown, applied, notes, error: ended.ok ? null : ended.error };
    },
    lastCommand: async (url, signal) => {
      const address = directAddress(url);
      if (!address.ok) return address;
      return withSession({ clock, address: address.value, limits: LOOKING }, signal, async (session) => ok(await lastCommandSet(session)));
    },
    runCommand: async (url, job, signal) => {
      const address = directAddress(url);
      return address.ok ? runCommand({ clock, address: address.value, limits: LOOKING }, job, signal) : address;
    },
  };
}
const notesOf = ({ note }: DatabaseAddress, { notes }: Outlook): readonly string[] => [...(note === null ? [] : [note]), ...notes];

async function outlook(
  session: Session,
  set: MigrationSet,
): Promise<Result<{ readonly tables: Tables; readonly outlook: Outlook }, TrimtabError>> {
  const tables = await findTables(session);
  if (tables.strange !== null && set.format === 'golang-migrate')
    return err(failure('MIGRATION_HISTORY', `the table ${tables.strange} is not golang-migrate's: it has no version and dirty`));
  return ok({ tables, outlook: outlookOf(set, await readHistory(session, tables)) });
}

interface Scene {
  readonly clock: Clock;
  readonly address: DatabaseAddress;
  readonly signal: AbortSignal;
  readonly set: MigrationSet;
  readonly parsed: readonly ParsedMigration[];
  readonly limits: MigrationLimits;
  readonly stopped: () => string | null;
  readonly refuses: (pending: readonly Migration[]) => TrimtabError | null;
  readonly onApplied: (applied: Applied) => void;
  readonly applied: Applied[];
  readonly notes: string[];
}
type Failed = NonNullable<MigrationRun['error']>;
type Ended = Result<void, Failed>;

async function runAll(session: Session, scene: Scene): Promise<Ended> {
  const { clock, address, signal, set, notes } = scene;
  const first = await findTables(session);
  if (!(await takeLocks(session, locksFor(first.schema, address.database), clock, signal))) return unavailable(address);
  // Read under the lock: whoever held it before may have applied what is pending.
  const seen = await outlook(session, set);
  if (!seen.ok) return seen;
  const { pending, adopted, faults, notes: told } = seen.value.outlook;
  notes.push(...told);
  const [fault] = faults;
  if (fault !== undefined) return err(faultError(fault));
  const refused = scene.refuses(pending);
  if (refused !== null) return err(refused);
  if (pending.length === 0 && adopted.length === 0) return ok(undefined);
  const tables = await makeTables(session, set.format, seen.value.tables);
  if (adopted.length > 0) await session.query(noteAdopted(tables, adopted));
  const parsed = new Map(scene.parsed.map((one) => [one.migration.version, one]));
  for (const migration of pending) {
    const stop = scene.stopped();
    if (stop !== null) return err(failure('HALTED', stop));
    if (signal.aborted) return err(cancelled(address));
    const one = parsed.get(migration.version) ?? { migration, statements: [], mode: 'one' };
    const done = await applyOne(session, tables, one, scene);
    if (!done.ok) return done;
    scene.applied.push(done.value);
    scene.onApplied(done.value);
  }
  return ok(undefined);
}
export const faultError = ({ code, message, remedy }: HistoryFault): Failed => ({ ...failure(code, message), remedy });

async function applyOne(session: Session, tables: Tables, one: ParsedMigration, scene: Scene): Promise<Result<Applied, Failed>> {
  const started = scene.clock.now();
  const done = one.mode === 'one' ? await inTransaction(session, tables, one, scene) : await byStatement(session, tables, one, scene);
  return done.ok ? ok({ file: one.migration.file, took: elapsed(started, scene.clock.now()) }) : done;
}
/** Statements that may change the session; after others there is nothing to put back. */
const SETS: readonly string[] = ['VariableSetStmt', 'SelectStmt', 'DoStmt', 'CallStmt', 'DiscardStmt'];
const BEGIN = 'BEGIN;\n';
/** All of it or nothing of it, history included. */
async function inTransaction(session: Session, tables: Tables, one: ParsedMigration, scene: Scene): Promise<Ended> {
  const { migration, statements } = one;
  const { clock, set, limits } = scene;
  for (let tries = 1; ; tries++) {
    const started = clock.now();
    const unwatch = watchStops(session, scene);
    try {
      await session.query(`${BEGIN}${migration.sql}`);
      const row = noteApplied(tables, set.format, migration, elapsed(started, clock.now()));
      const sets = one.statements.some(({ kind }) => SETS.includes(kind));
      await session.query(sets ? `RESET SESSION AUTHORIZATION; RESET ROLE; ${row}; COMMIT; ${settings(limits)}` : `${row}; COMMIT`);
      return ok(undefined);
    } catch (thrown) {
      if (!isAboutTheDatabase(thrown)) throw thrown;
      const stop = scene.stopped();
      const at = statements[session.completed() - 1];
      await session.query(`ROLLBACK; ${settings(limits)}`).catch(() => undefined);
      if (stop !== null) return err(failure('HALTED', stop));
      const failed = describe(thrown, one, { at, offset: BEGIN.length, from: 0 }, scene);
      if (scene.signal.aborted || !LOCKED_OUT.includes(failed.fault?.sqlState ?? '') || tries === LOCK_TRIES) return err(failed);
      await clock.sleep(ms(LOCK_PAUSE * tries), scene.signal).catch(() => undefined);
    } finally {
      unwatch();
    }
  }
}
/** Writes that are stopped end what a transaction takes back, too, and within a second. What none protects ends by itself. */
function watchStops(session: Session, { clock, stopped }: Scene): () => void {
  let over = false;
  let disarm = (): void => undefined;
  const look = (): void => {
    if (over) return;
    if (stopped() !== null) session.cancel();
    disarm = clock.after(LOOK_EVERY, look);
  };
  disarm = clock.after(LOOK_EVERY, look);
  return () => {
    over = true;
    disarm();
  };
}
/** Nothing takes it back: it is marked before its first statement, so that a crash in the middle is seen. */
async function byStatement(session: Session, tables: Tables, one: ParsedMigration, scene: Scene): Promise<Ended> {
  const { migration, statements } = one;
  const { clock, set, limits } = scene;
  const started = clock.now();
  await session.query(noteRunning(tables, set.format, migration));
  for (const at of statements) {
    try {
      await session.query(migration.sql.slice(at.start, at.end));
    } catch (thrown) {
      if (!isAboutTheDatabase(thrown)) throw thrown;
      const failed = describe(thrown, one, { at, offset: 0, from: at.start }, scene);
      const { statement = null, message = failed.message } = failed.fault ?? {};
      await session
        .query(`ROLLBACK; ${settings(limits)}; ${noteFailed(tables, migration, statement, message)}`)
        // A connection that is gone leaves the mark it had: `running`.
        .catch(() => undefined);
      return err(failed);
    }
  }
  await session.query(`${settings(limits)}; begin; ${noteApplied(tables, set.format, migration, elapsed(started, clock.now()))}; commit`);
  return ok(undefined);
}

interface Sent {
  /** The one that was being carried out. */
  readonly at: Statement | undefined;
  /** What stood before it in what was sent. */
  readonly offset: number;
  /** Where it begins in the file. */
  readonly from: number;
}
/** Which statement of which file, in the database's words. */
function describe(thrown: unknown, { migration, statements }: ParsedMigration, sent: Sent, scene: Scene): Failed {
  if (scene.signal.aborted) return cancelled(scene.address);
  const { message, sqlState, position, hint } = databaseError(thrown, scene.address);
  const place = position === null ? null : sent.from + Math.max(0, position - 1 - sent.offset);
  const told = place === null ? undefined : statements.find(({ start, end }) => place >= start && place <= end);
  const at = told ?? sent.at;
  const line = place !== null ? lineAt(migration.sql, place) : at === undefined ? null : lineAt(migration.sql, at.start);
  const statement = at === undefined ? null : shorten(migration.sql.slice(at.start, at.end).trim());
  const fault: MigrationFault = { file: migration.file, line, statement, message, sqlState };
  const where = `${migration.file}${line === null ? '' : `:${line}`}`;
  const said = `${where}: ${message}${sqlState === null ? '' : ` (${sqlState})`}${hint === null ? '' : `; ${hint}`}`;
  const code = isPassing(sqlState) ? 'DATABASE_UNAVAILABLE' : 'MIGRATION_FAILED';
  return { ...failure(code, `${said}${statement === null ? '' : `\n  ${statement.replaceAll('\n', '\n  ')}`}`), fault };
}
const shorten = (text: string): string => (text.length <= SHOWN ? text : `${text.slice(0, SHOWN)} …`);
