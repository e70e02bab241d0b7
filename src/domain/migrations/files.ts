/** A folder of migrations → an ordered set, in the form of the team's tool: golang-migrate, goose, or plain numbered SQL. Text in, values out. */
import { createHash } from 'node:crypto';
import type { Problem } from '#domain/problem.ts';
import { readGoose } from './goose.ts';

export const MIGRATION_FORMATS = ['golang-migrate', 'goose', 'plain'] as const;
export type MigrationFormat = (typeof MIGRATION_FORMATS)[number];
export interface MigrationFile {
  /** From the root of the source. */
  readonly path: string;
  readonly text: string;
}
export interface Migration {
  readonly version: number;
  readonly name: string;
  /** Where its way up is written. */
  readonly file: string;
  /** What is run, at the lines it has in its file. */
  readonly sql: string;
  /** Where its way down is written; null: nowhere. */
  readonly down: string | null;
  /** Over the way up alone: a corrected way down is no edited migration. */
  readonly checksum: string;
  /** The tool's own word for "not in a transaction". */
  readonly noTransaction: boolean;
}
export interface MigrationSet {
  readonly format: MigrationFormat;
  /** Rising. */
  readonly migrations: readonly Migration[];
  /** Over what would be run, in order: what a failed migration pins. */
  readonly hash: string;
  /** Nothing can be run with these. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const NAMES: Readonly<Record<MigrationFormat, RegExp>> = {
  'golang-migrate': /^(\d+)_(.+)\.(up|down)\.sql$/,
  goose: /^(\d+)_(.+)\.sql$/,
  plain: /^[Vv]?(\d+)(?:_|-|__|\.)(.+?)(?:\.(up|down))?\.sql$/,
};
const EXPECTED: Readonly<Record<MigrationFormat, string>> = {
  'golang-migrate': '0001_name.up.sql and 0001_name.down.sql',
  goose: '00001_name.sql',
  plain: '0001_name.sql',
};

/** What the files look like, when nobody says. */
export function formatOf(files: readonly MigrationFile[]): MigrationFormat {
  if (files.some(({ path }) => /\.(up|down)\.sql$/.test(path))) return 'golang-migrate';
  return files.some(({ text }) => /^--\s*\+goose\s+Up/im.test(text)) ? 'goose' : 'plain';
}
export function readMigrations(files: readonly MigrationFile[], stated: MigrationFormat | null): MigrationSet {
  const sql = [...files].filter(({ path }) => path.endsWith('.sql')).sort((a, b) => (a.path < b.path ? -1 : 1));
  const format = stated ?? formatOf(sql);
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const named = sql.flatMap((file) => nameOf(file, format, problems));
  const ups = named.filter(({ way }) => way !== 'down');
  const downs = new Map(named.filter(({ way }) => way === 'down').map((one) => [one.version, one.file.path]));
  const migrations = ups
    .map(({ file, version, name }) => migrationOf(file, { version, name, down: downs.get(version) ?? null }, format, problems))
    .sort((a, b) => a.version - b.version || (a.file < b.file ? -1 : 1));
  checkNumbers(migrations, downs, problems, warnings, format);
  return { format, migrations, hash: hashOf(migrations), problems, warnings };
}

interface Named {
  readonly file: MigrationFile;
  readonly version: number;
  readonly name: string;
  readonly way: 'up' | 'down' | null;
}
function nameOf(file: MigrationFile, format: MigrationFormat, problems: Problem[]): readonly Named[] {
  const base = file.path.slice(file.path.lastIndexOf('/') + 1);
  const found = NAMES[format].exec(base);
  const version = Number(found?.[1]);
  if (found === null || !Number.isSafeInteger(version)) {
    problems.push(
      problem(file.path, 1, 'migration-name', `${base} is not named as ${format} names its files`, `name it like ${EXPECTED[format]}`),
    );
    return [];
  }
  const way = found[3] === 'up' || found[3] === 'down' ? found[3] : null;
  return [{ file, version, name: found[2] ?? '', way }];
}
function migrationOf(
  { path, text }: MigrationFile,
  { version, name, down }: Pick<Migration, 'version' | 'name' | 'down'>,
  format: MigrationFormat,
  problems: Problem[],
): Migration {
  const base = { version, name, file: path };
  const plain = text.replace(/^\uFEFF/, ' ');
  if (format !== 'goose') return { ...base, sql: plain, down, checksum: checksumOf(plain), noTransaction: saysNoTransaction(plain) };
  const read = readGoose(plain);
  problems.push(...read.problems.map(({ line, message, remedy }) => problem(path, line, 'goose-annotation', message, remedy)));
  return { ...base, sql: read.up, down: read.down ? path : null, checksum: checksumOf(read.up), noTransaction: read.noTransaction };
}
/** Where the tool has no word for it: a comment before the first statement. */
function saysNoTransaction(text: string): boolean {
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (/^--\s*(?:trimtab:\s*)?no[- ]transaction\s*$/i.test(trimmed)) return true;
    if (trimmed !== '' && !trimmed.startsWith('--')) return false;
  }
  return false;
}
/** Line ends and space at their end are the editor's. */
const checksumOf = (text: string): string =>
  createHash('sha256')
    .update(
      text
        .split(/\r?\n/)
        .map((line) => line.trimEnd())
        .join('\n')
        .trim(),
    )
    .digest('hex');
const hashOf = (migrations: readonly Migration[]): string =>
  createHash('sha256')
    .update(JSON.stringify(migrations.map(({ version, checksum, noTransaction }) => [version, checksum, noTransaction])))
    .digest('hex')
    .slice(0, 32);

/** Numbers of this many digits are times: what lies between two of them is no gap. */
const TIMESTAMP_FROM = 1_000_000_000;
function checkNumbers(
  migrations: readonly Migration[],
  downs: ReadonlyMap<number, string>,
  problems: Problem[],
  warnings: Problem[],
  format: MigrationFormat,
): void {
  const ups = new Set(migrations.map(({ version }) => version));
  for (const [version, file] of downs)
    if (!ups.has(version))
      problems.push(
        problem(file, 1, 'migration-without-up', `version ${version} goes down and nowhere up`, 'add its .up.sql, or take it out'),
      );
  for (const [at, { version, file }] of migrations.entries()) {
    const before = migrations[at - 1];
    if (before !== undefined && before.version === version) {
      const remedy = 'give the one that was not applied yet the next free number';
      problems.push(problem(file, 1, 'migration-number-twice', `version ${version} is also ${before.file}`, remedy));
    }
    const gap = before !== undefined && version < TIMESTAMP_FROM && version - before.version > 1;
    if (gap)
      warnings.push(
        problem(file, 1, 'migration-gap', `no version lies between ${before.version} and ${version}`, 'nothing to do if that is meant'),
      );
  }
  warnings.push(...onlyUp(migrations, format));
}
/** Of a folder without any way down not each file is told. */
const TOLD = 3;
function onlyUp(migrations: readonly Migration[], format: MigrationFormat): readonly Problem[] {
  const without = format === 'plain' ? [] : migrations.filter(({ down }) => down === null);
  const remedy = 'nothing is reversed by itself; a way down helps by hand';
  const say = (file: string, message: string): Problem => problem(file, 1, 'migration-without-down', message, remedy);
  if (without.length <= TOLD) return without.map(({ file, version }) => say(file, `version ${version} has no way down`));
  const first = without.slice(0, TOLD).map(({ version }) => version);
  return [say(without[0]?.file ?? '', `${without.length} migrations have no way down: ${first.join(', ')}, …`)];
}
export const problem = (file: string, line: number, rule: string, message: string, remedy: string): Problem => ({
  file,
  line,
  column: 1,
  rule,
  message,
  remedy,
});
