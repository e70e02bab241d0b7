/** What is said of a migration before it is run: rule, line, and a remedy each. */
import { beforeAll, expect, test } from 'vitest';
import { dangersOf } from '#domain/migrations/dangers.ts';
import { readMigrations } from '#domain/migrations/files.ts';
import { modeOf, type ParsedMigration, type ParseSql } from '#domain/migrations/statements.ts';
import { loadSqlParser } from '#platform/migrations/sql-parser.ts';

let parse: ParseSql;
beforeAll(async () => {
  parse = await loadSqlParser();
});
function parsed(...texts: readonly string[]): readonly ParsedMigration[] {
  const files = texts.map((text, at) => ({ path: `${at + 1}_x.up.sql`, text }));
  return readMigrations(files, 'golang-migrate').migrations.map((migration) => {
    const read = parse(migration.sql);
    if (!read.ok) throw new Error(`${migration.file}: ${read.error.message}`);
    return { migration, statements: read.value, mode: modeOf(migration, read.value) };
  });
}
const rules = (...texts: readonly string[]): readonly string[] =>
  dangersOf(parsed(...texts)).map(({ rule, file, line }) => `${file.slice(0, 1)}:${line} ${rule}`);

test.each([
  ['an index', 'create index i on users (id);', ['1:1 index-blocks-writes']],
  ['an index beside writes', 'create index concurrently i on users (id);', []],
  ['an index beside writes, in a transaction', 'select 1;\n-- ü\ncreate index concurrently i on users (id);', ['1:3 not-in-transaction']],
  ['an index beside writes, after an own begin', 'begin;\ncreate index concurrently i on users (id);\ncommit;', ['1:2 not-in-transaction']],
  ['an index dropped', 'drop index i;', ['1:1 index-blocks-writes']],
  ['a vacuum in a transaction', 'select 1; vacuum users;', ['1:1 not-in-transaction']],
  ['an analyze in a transaction', 'select 1; analyze users;', []],
  ['a reindex in a transaction', 'select 1; reindex table concurrently users;', ['1:1 not-in-transaction']],
  ['a column', 'alter table users add column n int;', []],
  ['a column with a constant', "alter table users add column n text not null default 'x';", []],
  ['a column with the time of now', 'alter table users add column at timestamptz not null default now();', []],
  ['a column with a value per row', 'alter table users add column u uuid default gen_random_uuid();', ['1:1 table-rewrite']],
  ['a column that counts', 'alter table users add column n bigserial;', ['1:1 table-rewrite']],
  ['an identity', 'alter table users add column n int generated always as identity;', ['1:1 table-rewrite']],
  ['a stored expression', 'alter table users add column n int generated always as (id * 2) stored;', ['1:1 table-rewrite']],
  ['a column that must be there, and is not', 'alter table users add column n int not null;', ['1:1 not-null']],
  ['another type', 'alter table users alter column id type bigint;', ['1:1 table-rewrite']],
  ['a column that must be filled', 'alter table users alter column n set not null;', ['1:1 not-null']],
  ['a check', 'alter table users add constraint c check (n > 0);', ['1:1 scan-under-lock']],
  ['a check that is not valid yet', 'alter table users add constraint c check (n > 0) not valid;', []],
  ['a validation', 'alter table users validate constraint c;', []],
  ['a foreign key', 'alter table users add foreign key (o) references orders (id);', ['1:1 scan-under-lock']],
  ['a unique constraint', 'alter table users add constraint u unique (n);', ['1:1 index-blocks-writes']],
  ['a unique constraint from an index', 'alter table users add constraint u unique using index i;', []],
  ['a column dropped', 'alter table users drop column n;', ['1:1 drop']],
  ['a table dropped', 'drop table users;', ['1:1 drop']],
  ['a table emptied', 'truncate users;', ['1:1 drop']],
  ['a column renamed', 'alter table users rename column a to b;', ['1:1 rename']],
  ['a table renamed', 'alter table users rename to people;', ['1:1 rename']],
  ['every row written', 'update users set n = 1;', ['1:1 every-row']],
  ['some rows written', 'update users set n = 1 where n is null;', []],
  ['every row deleted', 'delete from users;', ['1:1 every-row']],
  ['a view refreshed', 'refresh materialized view v;', ['1:1 scan-under-lock']],
  ['a table unlogged', 'alter table users set unlogged;', ['1:1 table-rewrite']],
  ['locks on two tables', 'alter table a add column n int;\nalter table b add column n int;', ['1:2 lock-pile-up']],
  ['one table twice', 'alter table a add column n int;\nalter table public.a add column m int;', []],
])('%s', (_what, sql, expected) => {
  expect(rules(sql)).toEqual(expected);
});
test('on a table that the same run makes nobody waits', () => {
  expect(rules('create table users (id int); create index i on users (id); alter table users alter column id type bigint;')).toEqual([]);
  expect(rules('create table users (id int);', 'create index i on users (id);\ncreate index j on orders (id);')).toEqual([
    '2:2 index-blocks-writes',
  ]);
  expect(rules('create table users as select 1 as id;', 'drop table users;')).toEqual([]);
});
test('each has a remedy and a table, and only what cannot work is fatal', () => {
  const found = dangersOf(parsed('create index i on app.users (id);\nvacuum app.users;'));
  expect(found.map(({ table, fatal }) => [table, fatal])).toEqual([
    ['app.users', false],
    [null, true],
  ]);
  for (const { remedy, message } of found) expect([remedy.length > 10, message.length > 10]).toEqual([true, true]);
});
test('a fault of grammar says where', () => {
  expect(parse('select 1;\nselec 2;')).toEqual({ ok: false, error: { message: 'syntax error at or near "selec"', position: 10 } });
});
