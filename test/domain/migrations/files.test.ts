/** Names, numbers and annotations of migration files. */
import { describe, expect, test } from 'vitest';
import { formatOf, type MigrationFormat, readMigrations } from '#domain/migrations/files.ts';

const files = (texts: Readonly<Record<string, string>>) => Object.entries(texts).map(([name, text]) => ({ path: `db/${name}`, text }));
const read = (texts: Readonly<Record<string, string>>, format: MigrationFormat | null = null) => readMigrations(files(texts), format);
const told = ({ file, line, rule }: { readonly file: string; readonly line: number; readonly rule: string }): string =>
  `${file}:${line} ${rule}`;

test('the format is told by the files', () => {
  expect(formatOf(files({ '1_a.up.sql': '' }))).toBe('golang-migrate');
  expect(formatOf(files({ '1_a.sql': '-- +goose Up\nselect 1;' }))).toBe('goose');
  expect(formatOf(files({ '1_a.sql': 'select 1;' }))).toBe('plain');
});
test('numbers are numbers: in order, whatever their zeros, and times too', () => {
  const set = read({ '10_c.up.sql': '', '9_b.up.sql': '', '0001_a.up.sql': '', '20261124101500_d.up.sql': '', 'README.md': '' });
  expect(set.migrations.map(({ version, name }) => `${version} ${name}`)).toEqual(['1 a', '9 b', '10 c', '20261124101500 d']);
});
test.each([
  ['a name without a number', { 'users.up.sql': '' }, ['db/users.up.sql:1 migration-name']],
  ['a name without a way', { '1_users.sql': '', '2_x.up.sql': '' }, ['db/1_users.sql:1 migration-name']],
  ['a number that is too large', { '99999999999999999999_x.up.sql': '' }, ['db/99999999999999999999_x.up.sql:1 migration-name']],
  ['a number twice', { '1_a.up.sql': '', '001_b.up.sql': '' }, ['db/1_a.up.sql:1 migration-number-twice']],
  ['a way down alone', { '1_a.up.sql': '', '2_b.down.sql': '' }, ['db/2_b.down.sql:1 migration-without-up']],
])('%s is a problem', (_what, texts, expected) => {
  expect(read(texts, 'golang-migrate').problems.map(told)).toEqual(expected);
});
test('a gap and a missing way down are warnings; between two times there is no gap', () => {
  const set = read({
    '1_a.up.sql': '',
    '1_a.down.sql': '',
    '3_b.up.sql': '',
    '20261124101500_c.up.sql': '',
    '20261124101500_c.down.sql': '',
  });
  expect(set.problems).toEqual([]);
  expect(set.warnings.map(told)).toEqual(['db/3_b.up.sql:1 migration-gap', 'db/3_b.up.sql:1 migration-without-down']);
});

const UP = '-- +goose Up';
describe('goose', () => {
  test('keeps what goes up at the lines it has', () => {
    const text = `${UP}\nselect 1;\n-- +goose StatementBegin\nselect 2;\n-- +goose StatementEnd\n-- +goose Down\ndrop table a;\n`;
    const [one] = read({ '1_a.sql': text }).migrations;
    expect(one?.sql).toBe('\nselect 1;\n\nselect 2;\n\n\n\n');
    expect(one).toMatchObject({ down: 'db/1_a.sql', noTransaction: false });
  });
  test('NO TRANSACTION is heard, in any case', () => {
    expect(read({ '1_a.sql': `-- +GOOSE no transaction\n${UP}\nselect 1;` }).migrations[0]?.noTransaction).toBe(true);
  });
  test('a corrected way down is no edited migration', () => {
    const sum = (down: string) => read({ '1_a.sql': `${UP}\nselect 1;\n-- +goose Down\n${down}` }).migrations[0]?.checksum;
    expect(sum('drop table a;')).toBe(sum('drop table if exists a;'));
  });
  test.each([
    ['no Up', 'select 1;', 'db/1_a.sql:1 goose-annotation'],
    ['a begin without an end', `${UP}\n-- +goose StatementBegin\nselect 1;`, 'db/1_a.sql:2 goose-annotation'],
    ['an end without a begin', `${UP}\nselect 1;\n-- +goose StatementEnd`, 'db/1_a.sql:3 goose-annotation'],
    [
      'a begin inside a begin',
      `${UP}\n-- +goose StatementBegin\n-- +goose StatementBegin\n-- +goose StatementEnd`,
      'db/1_a.sql:3 goose-annotation',
    ],
    ['two ways up', `${UP}\n${UP}\nselect 1;`, 'db/1_a.sql:2 goose-annotation'],
    ['an annotation that is not carried out', `${UP}\n-- +goose ENVSUB ON\nselect 1;`, 'db/1_a.sql:2 goose-annotation'],
  ])('%s is a problem', (_what, text, expected) => {
    expect(read({ '1_a.sql': text }, 'goose').problems.map(told)).toEqual([expected]);
  });
});
test('plain files say it in a comment before the first statement', () => {
  const says = (text: string) => read({ '1_a.sql': text }, 'plain').migrations[0]?.noTransaction;
  expect(says('-- trimtab: no transaction\nselect 1;')).toBe(true);
  expect(says('\n-- words\n-- no-transaction\nselect 1;')).toBe(true);
  expect(says('select 1;\n-- no transaction')).toBe(false);
});
test('the hash of a set is that of what is run: order of files, ways down and line ends are nothing to it', () => {
  const base = { '1_a.up.sql': 'select 1;', '2_b.up.sql': 'select 2;' };
  const { hash } = read(base);
  expect(read({ '2_b.up.sql': 'select 2;\r\n', '1_a.up.sql': 'select 1;', '1_a.down.sql': 'x' }).hash).toBe(hash);
  expect(read({ ...base, '2_b.up.sql': 'select 3;' }).hash).not.toBe(hash);
  expect(read({ ...base, '3_c.up.sql': '' }).hash).not.toBe(hash);
  expect(read({ '1_a.up.sql': 'select 1;' }).hash).not.toBe(hash);
});
