/** What was applied, told by the team's own tool and by ours, against what is to be applied. Pure. */
import type { Migration, MigrationFormat, MigrationSet } from './files.ts';

export interface OwnRow {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  /** `adopted`: the old tool had applied it · `running`, `failed`: outside of a transaction, and not known how far. */
  readonly state: 'applied' | 'adopted' | 'running' | 'failed';
  readonly statement: string | null;
  readonly message: string | null;
}
export interface History {
  /** golang-migrate's one row; null: no table. `version` null: an empty one. */
  readonly golang: { readonly version: number | null; readonly dirty: boolean } | null;
  /** Versions of goose's table; null: no table. */
  readonly goose: readonly number[] | null;
  /** Ours. */
  readonly rows: readonly OwnRow[];
}
export const NO_HISTORY: History = { golang: null, goose: null, rows: [] };
export interface HistoryFault {
  readonly code: 'MIGRATION_DIRTY' | 'MIGRATION_EDITED' | 'MIGRATION_HISTORY';
  readonly file: string;
  readonly message: string;
  readonly remedy: string;
}
export interface Outlook {
  readonly pending: readonly Migration[];
  /** Applied by the old tool, and not noted here yet. */
  readonly adopted: readonly Migration[];
  readonly applied: readonly number[];
  /** Nothing is run while there are any. */
  readonly faults: readonly HistoryFault[];
  readonly notes: readonly string[];
}

export function outlookOf(set: MigrationSet, history: History): Outlook {
  const applied = appliedBy(set.format, history, set.migrations);
  const known = new Map(history.rows.map((row) => [row.version, row]));
  const highest = Math.max(-1, ...applied);
  const pending = set.migrations.filter(({ version }) => !applied.has(version));
  const own = history.rows.filter(({ state }) => state === 'applied' || state === 'adopted');
  const faults = [
    ...foreignHistory(set.format, history),
    ...dirty(set, history, applied),
    ...edited(set.migrations, known, applied),
    // What the old tool did not apply below its version is only known once there are rows of ours.
    ...(own.length === 0 && set.format === 'golang-migrate' ? [] : outOfOrder(set, pending, own, applied, highest)),
    ...unknownVersion(set, history, highest),
  ];
  const names = new Set(set.migrations.map(({ version }) => version));
  const ahead = [...applied].filter((version) => !names.has(version)).sort((a, b) => a - b);
  return {
    pending,
    adopted: set.migrations.filter(({ version }) => applied.has(version) && !known.has(version)),
    applied: [...applied].sort((a, b) => a - b),
    faults,
    notes: ahead.length === 0 ? [] : [`the database knows versions that are not here: ${ahead.slice(-5).join(', ')}`],
  };
}
function appliedBy(format: MigrationFormat, { golang, goose, rows }: History, migrations: readonly Migration[]): ReadonlySet<number> {
  if (format === 'goose') return new Set((goose ?? []).filter((version) => version > 0));
  const own = rows.filter(({ state }) => state === 'applied' || state === 'adopted').map(({ version }) => version);
  if (format === 'plain') return new Set(own);
  const upTo = golang?.version ?? -1;
  const dirtyNow = golang?.dirty === true ? upTo : -1;
  const below = migrations.map(({ version }) => version).filter((version) => version <= upTo);
  // A version that was forced back with the old tool is to be run again: what it says is what counts.
  return new Set(
    [...below, ...own.filter((version) => version <= upTo), ...(upTo < 0 ? [] : [upTo])].filter((version) => version !== dirtyNow),
  );
}
function foreignHistory(format: MigrationFormat, { golang, goose, rows }: History): readonly HistoryFault[] {
  if (rows.length > 0) return [];
  const other =
    format !== 'goose' && goose !== null && golang === null
      ? 'goose'
      : format !== 'golang-migrate' && golang !== null && goose === null
        ? 'golang-migrate'
        : null;
  if (other === null) return [];
  return [
    {
      code: 'MIGRATION_HISTORY',
      file: '',
      message: `the database was migrated with ${other}, and these files are ${format}`,
      remedy: `set database.migrations.format: ${other}, or point database.url at another database`,
    },
  ];
}
function dirty(set: MigrationSet, history: History, applied: ReadonlySet<number>): readonly HistoryFault[] {
  const open = history.rows.filter(({ state, version }) => (state === 'running' || state === 'failed') && !applied.has(version));
  const marked = history.golang?.dirty === true ? history.golang.version : null;
  // With golang-migrate its own mark decides: taken back there, it is taken back here.
  const version = set.format === 'golang-migrate' ? marked : (open[0]?.version ?? null);
  if (version === null) return [];
  const row = history.rows.find((one) => one.version === version);
  const file = set.migrations.find((one) => one.version === version)?.file ?? `version ${version}`;
  const how = row?.state === 'failed' ? 'failed half-way' : 'was cut off half-way';
  const said = row?.message === undefined || row.message === null ? '' : `: ${row.message}`;
  const at = row?.statement === undefined || row.statement === null ? '' : `\n  at: ${row.statement}`;
  return [
    {
      code: 'MIGRATION_DIRTY',
      file,
      message: `${file} ${how}, outside of a transaction${said}${at}`,
      remedy: cleanUp(set.format, version),
    },
  ];
}
function cleanUp(format: MigrationFormat, version: number): string {
  const look = 'look what of it is in the database, and finish it or take it back by hand; then';
  if (format === 'golang-migrate')
    return `${look} \`migrate force ${version}\` (UPDATE schema_migrations SET dirty = false) if it is finished, or \`migrate force\` to the version before if it is to run again`;
  const done =
    format === 'goose'
      ? `INSERT INTO goose_db_version (version_id, is_applied) VALUES (${version}, true)`
      : `UPDATE trimtab_migrations SET state = 'applied' WHERE version = ${version}`;
  return `${look} ${done} if it is finished, or DELETE FROM trimtab_migrations WHERE version = ${version} if it is to run again`;
}
const edited = (
  migrations: readonly Migration[],
  known: ReadonlyMap<number, OwnRow>,
  applied: ReadonlySet<number>,
): readonly HistoryFault[] =>
  migrations.flatMap(({ version, file, checksum }): readonly HistoryFault[] => {
    const row = known.get(version);
    if (row === undefined || !applied.has(version) || row.checksum === checksum || row.state === 'running' || row.state === 'failed')
      return [];
    return [
      {
        code: 'MIGRATION_EDITED',
        file,
        message: `${file} was applied as something else than it says now`,
        remedy: `put it back as it was (git log -p -- ${file}) and write the change as a new migration; if only words changed: UPDATE trimtab_migrations SET checksum = '${checksum}' WHERE version = ${version}`,
      },
    ];
  });
function outOfOrder(
  set: MigrationSet,
  pending: readonly Migration[],
  own: readonly OwnRow[],
  applied: ReadonlySet<number>,
  highest: number,
): readonly HistoryFault[] {
  const noted = new Set(own.map(({ version }) => version));
  const late =
    set.format === 'golang-migrate'
      ? set.migrations.filter(
          ({ version }) => applied.has(version) && version < highest && !noted.has(version) && own.some((row) => row.version > version),
        )
      : pending.filter(({ version }) => version < highest);
  return late.map(({ file, version }) => ({
    code: 'MIGRATION_HISTORY',
    file,
    message: `${file} came after version ${highest} was applied, with a lower number (${version})`,
    remedy: `give it a number above ${highest}`,
  }));
}
/** The database is at a version that nobody knows here, and there is more to run: what lies between is not known. */
function unknownVersion(set: MigrationSet, { golang }: History, highest: number): readonly HistoryFault[] {
  if (set.format !== 'golang-migrate' || golang?.version === null || golang === null) return [];
  const here = set.migrations.some(({ version }) => version === golang.version);
  const next = set.migrations.find(({ version }) => version > highest);
  if (here || next === undefined) return [];
  return [
    {
      code: 'MIGRATION_HISTORY',
      file: next.file,
      message: `the database is at version ${golang.version}, which is none of these files`,
      remedy: 'bring the missing file back; was the database migrated from another branch?',
    },
  ];
}
