/** What is pending, by the old tool's table and ours. */
import { expect, test } from 'vitest';
import { type MigrationFormat, readMigrations } from '#domain/migrations/files.ts';
import { type History, NO_HISTORY, type OwnRow, outlookOf } from '#domain/migrations/history.ts';

const UP = '-- +goose Up\n';
const setOf = (format: MigrationFormat, ...versions: readonly number[]) =>
  readMigrations(
    versions.map((version) => ({ path: `${version}_x${format === 'golang-migrate' ? '.up' : ''}.sql`, text: `${UP}select ${version};` })),
    format,
  );
const row = (version: number, over: Partial<OwnRow> = {}): OwnRow => ({
  version,
  name: 'x',
  checksum: setOf('golang-migrate', version).migrations[0]?.checksum ?? '',
  state: 'applied',
  statement: null,
  message: null,
  ...over,
});
const golang = (version: number | null, dirty = false, rows: readonly OwnRow[] = []): History => ({
  ...NO_HISTORY,
  golang: { version, dirty },
  rows,
});
const seen = (format: MigrationFormat, versions: readonly number[], history: History) => {
  const { pending, faults, adopted } = outlookOf(setOf(format, ...versions), history);
  return {
    pending: pending.map(({ version }) => version),
    faults: faults.map(({ code }) => code),
    adopted: adopted.map(({ version }) => version),
  };
};
const fine = { faults: [], adopted: [] };

test.each<readonly [string, MigrationFormat, readonly number[], History, object]>([
  ['nothing was ever run', 'golang-migrate', [1, 2], NO_HISTORY, { ...fine, pending: [1, 2] }],
  ['an empty table', 'golang-migrate', [1], golang(null), { ...fine, pending: [1] }],
  ['some were run by the old tool', 'golang-migrate', [1, 2, 3], golang(2), { faults: [], adopted: [1, 2], pending: [3] }],
  ['some were run by us', 'golang-migrate', [1, 2], golang(1, false, [row(1)]), { ...fine, pending: [2] }],
  ['the old tool went on after us', 'golang-migrate', [1, 2, 3], golang(2, false, [row(1)]), { faults: [], adopted: [2], pending: [3] }],
  ['the old tool went back', 'golang-migrate', [1, 2], golang(1, false, [row(1), row(2)]), { ...fine, pending: [2] }],
  ['dirty', 'golang-migrate', [1, 2], golang(2, true), { faults: ['MIGRATION_DIRTY'], adopted: [1], pending: [2] }],
  ['dirty, and forced', 'golang-migrate', [1, 2], golang(2, false, [row(1), row(2, { state: 'failed' })]), { ...fine, pending: [] }],
  [
    'edited',
    'golang-migrate',
    [1],
    golang(1, false, [row(1, { checksum: 'other' })]),
    { ...fine, faults: ['MIGRATION_EDITED'], pending: [] },
  ],
  ['late', 'golang-migrate', [1, 2, 3], golang(3, false, [row(1), row(3)]), { faults: ['MIGRATION_HISTORY'], adopted: [2], pending: [] }],
  ['ahead of the files', 'golang-migrate', [1], golang(3, false, [row(1)]), { ...fine, pending: [] }],
  ['on another branch', 'golang-migrate', [1, 4], golang(3, false, [row(1)]), { ...fine, faults: ['MIGRATION_HISTORY'], pending: [4] }],
  ['goose’s own', 'goose', [1, 2, 3], { ...NO_HISTORY, goose: [0, 1, 2] }, { faults: [], adopted: [1, 2], pending: [3] }],
  [
    'goose’s, late',
    'goose',
    [1, 2, 3],
    { ...NO_HISTORY, goose: [0, 1, 3] },
    { faults: ['MIGRATION_HISTORY'], adopted: [1, 3], pending: [2] },
  ],
  [
    'cut off',
    'plain',
    [1, 2],
    { ...NO_HISTORY, rows: [row(1), row(2, { state: 'running' })] },
    { ...fine, faults: ['MIGRATION_DIRTY'], pending: [2] },
  ],
  [
    'goose’s, for other files',
    'golang-migrate',
    [1],
    { ...NO_HISTORY, goose: [0, 1] },
    { ...fine, faults: ['MIGRATION_HISTORY'], pending: [1] },
  ],
  ['golang-migrate’s, for other files', 'goose', [1], golang(1), { ...fine, faults: ['MIGRATION_HISTORY'], pending: [1] }],
])('%s (%s)', (_what, format, versions, history, expected) => {
  expect(seen(format, versions, history)).toEqual(expected);
});
