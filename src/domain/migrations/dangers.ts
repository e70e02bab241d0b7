/** What in a migration blocks, rewrites, loses or breaks, said beforehand with a remedy. Only tables that stand already are looked at: on one made
 *  by the same run nothing waits. Pure. */
import type { Json, JsonObject } from '#domain/json.ts';
import { alterDangers } from './alter.ts';
import { bearsNoTransaction, flag, inner, lineAt, list, object, type ParsedMigration, type Statement, text } from './statements.ts';

export interface Danger {
  readonly rule: DangerRule;
  readonly file: string;
  readonly line: number;
  readonly message: string;
  readonly remedy: string;
  /** `schema.table` or `table`; null: none is named. On a small one it does no harm. */
  readonly table: string | null;
  /** It cannot work. */
  readonly fatal: boolean;
}
export const DANGER_RULES = [
  'not-in-transaction',
  'index-blocks-writes',
  'table-rewrite',
  'scan-under-lock',
  'not-null',
  'drop',
  'rename',
  'every-row',
  'lock-pile-up',
] as const;
export type DangerRule = (typeof DANGER_RULES)[number];
export type Found = Pick<Danger, 'rule' | 'message' | 'remedy'> & { readonly fatal?: boolean };

/** In the order they are run: what an earlier one makes is new to the later ones. */
export function dangersOf(parsed: readonly ParsedMigration[]): readonly Danger[] {
  const fresh = new Set<string>();
  return parsed.flatMap((one) => {
    const { migration, statements } = one;
    const found = statements.flatMap((statement) => {
      for (const table of madeBy(statement)) fresh.add(table);
      const table = tableOf(statement);
      const line = lineAt(migration.sql, statement.start);
      return statementDangers(one, statement, table === null || !fresh.has(table)).map(
        ({ fatal = false, ...rest }): Danger => ({ ...rest, fatal, file: migration.file, line, table }),
      );
    });
    return [...found, ...pileUp(one, fresh)];
  });
}
function statementDangers({ mode, statements }: ParsedMigration, statement: Statement, stands: boolean): readonly Found[] {
  if (mode !== 'none' && bearsNoTransaction(statement)) {
    const alone = statements.length > 1 ? 'move it to a file of its own' : 'say so in the file (goose: `-- +goose NO TRANSACTION`)';
    return [{ rule: 'not-in-transaction', fatal: true, message: `${wordOf(statement)} cannot run inside a transaction`, remedy: alone }];
  }
  return stands ? byKind(statement) : [];
}
const wordOf = ({ kind }: Statement): string =>
  kind === 'IndexStmt'
    ? 'CREATE INDEX CONCURRENTLY'
    : kind === 'DropStmt'
      ? 'DROP INDEX CONCURRENTLY'
      : kind.replace(/Stmt$/, '').toUpperCase();

function byKind(statement: Statement): readonly Found[] {
  const { kind, node } = statement;
  switch (kind) {
    case 'IndexStmt':
      return flag(node, 'concurrent') ? [] : [INDEX];
    case 'AlterTableStmt':
      return alterDangers(node);
    case 'DropStmt':
      return dropDangers(node);
    case 'TruncateStmt':
      return [
        {
          rule: 'drop',
          message: 'TRUNCATE loses every row',
          remedy: 'make sure that nothing reads it any more, and that there is a restore point',
        },
      ];
    case 'RenameStmt':
      return renameDangers(node);
    case 'UpdateStmt':
    case 'DeleteStmt':
      return node['whereClause'] === undefined ? [EVERY_ROW] : [];
    case 'ClusterStmt':
    case 'RepackStmt':
      return [
        {
          rule: 'table-rewrite',
          message: 'the table is written anew under an exclusive lock',
          remedy: 'do it in a window, outside of a release',
        },
      ];
    case 'VacuumStmt':
      return list(node, 'options').some((option) => text(inner(option), 'defname') === 'full')
        ? [
            {
              rule: 'table-rewrite',
              message: 'VACUUM FULL writes the table anew under an exclusive lock',
              remedy: 'do it in a window, outside of a release',
            },
          ]
        : [];
    case 'RefreshMatViewStmt':
      return flag(node, 'concurrent')
        ? []
        : [
            {
              rule: 'scan-under-lock',
              message: 'nobody reads the view while it is refreshed',
              remedy: 'REFRESH MATERIALIZED VIEW CONCURRENTLY',
            },
          ];
    case 'ReindexStmt':
      return bearsNoTransaction(statement)
        ? []
        : [{ ...INDEX, message: 'REINDEX blocks writes until it is done', remedy: 'REINDEX … CONCURRENTLY, in a file of its own' }];
    default:
      return [];
  }
}
const INDEX: Found = {
  rule: 'index-blocks-writes',
  message: 'CREATE INDEX blocks every write to the table until it is built',
  remedy: 'CREATE INDEX CONCURRENTLY, in a file of its own and outside of a transaction',
};
const EVERY_ROW: Found = {
  rule: 'every-row',
  message: 'every row is written in one statement, and stays locked until the end',
  remedy: 'do it in batches, apart from the change of the schema',
};
const GONE: Readonly<Record<string, string>> = {
  OBJECT_TABLE: 'DROP TABLE loses the table',
  OBJECT_SCHEMA: 'DROP SCHEMA loses the schema',
  OBJECT_SEQUENCE: 'DROP SEQUENCE loses the sequence',
  OBJECT_TYPE: 'DROP TYPE loses the type',
  OBJECT_VIEW: 'DROP VIEW takes the view away',
  OBJECT_MATVIEW: 'DROP MATERIALIZED VIEW loses what it holds',
  OBJECT_FUNCTION: 'DROP FUNCTION takes the function away',
};
function dropDangers(node: JsonObject): readonly Found[] {
  const type = text(node, 'removeType');
  if (type === 'OBJECT_INDEX' && !flag(node, 'concurrent'))
    return [
      {
        rule: 'index-blocks-writes',
        message: 'DROP INDEX waits for, and blocks, everybody at the table',
        remedy: 'DROP INDEX CONCURRENTLY, in a file of its own',
      },
    ];
  const message = GONE[type];
  return message === undefined
    ? []
    : [{ rule: 'drop', message, remedy: 'release a version that no longer uses it first; drop it with a later release' }];
}
function renameDangers(node: JsonObject): readonly Found[] {
  const what = text(node, 'renameType') === 'OBJECT_COLUMN' ? 'column' : text(node, 'renameType') === 'OBJECT_TABLE' ? 'table' : null;
  return what === null
    ? []
    : [
        {
          rule: 'rename',
          message: `the version that runs still asks for the ${what} by its old name`,
          remedy: `add the new ${what}, write both, move readers over, and drop the old one with a later release`,
        },
      ];
}

/** One lock more for each table that is changed, all held until the end of the transaction: others queue behind every one of them. */
function pileUp({ migration, statements, mode }: ParsedMigration, fresh: ReadonlySet<string>): readonly Danger[] {
  if (mode === 'none') return [];
  const locked = statements.flatMap((statement) => {
    const table = locksExclusively(statement) ? tableOf(statement) : null;
    return table === null || fresh.has(table) ? [] : [{ table, line: lineAt(migration.sql, statement.start) }];
  });
  const tables = [...new Set(locked.map(({ table }) => table))];
  const second = locked.find(({ table }) => table === tables[1]);
  if (second === undefined) return [];
  return [
    {
      rule: 'lock-pile-up',
      file: migration.file,
      line: second.line,
      table: null,
      fatal: false,
      message: `one transaction holds exclusive locks on ${tables.join(', ')} until its end`,
      remedy: 'one table per file: each lock is then held for its own statement alone',
    },
  ];
}
const EXCLUSIVE: readonly string[] = ['AlterTableStmt', 'TruncateStmt', 'RenameStmt', 'ClusterStmt', 'LockStmt'];
const locksExclusively = ({ kind, node }: Statement): boolean =>
  EXCLUSIVE.includes(kind) ||
  (kind === 'DropStmt' && ['OBJECT_TABLE', 'OBJECT_TRIGGER', 'OBJECT_POLICY'].includes(text(node, 'removeType')));

const relation = (node: JsonObject): string | null => {
  const name = text(node, 'relname');
  return name === '' ? null : qualified(text(node, 'schemaname'), name);
};
const qualified = (schema: string, name: string): string => (schema === '' || schema === 'public' ? name : `${schema}.${name}`);
function madeBy({ kind, node }: Statement): readonly string[] {
  if (kind === 'CreateStmt') return [relation(object(node, 'relation'))].filter((name) => name !== null);
  if (kind === 'CreateTableAsStmt') return [relation(object(object(node, 'into'), 'rel'))].filter((name) => name !== null);
  return [];
}
function tableOf({ kind, node }: Statement): string | null {
  const named = relation(object(node, 'relation'));
  if (named !== null) return named;
  if (kind === 'TruncateStmt' || kind === 'LockStmt') return relation(inner(list(node, 'relations')[0]));
  if (kind === 'DropStmt') return nameOf(list(node, 'objects')[0]);
  return null;
}
/** `{ List: { items: [schema, name] } }`. */
function nameOf(wrapped: Json | undefined): string | null {
  const parts = list(inner(wrapped), 'items').map((item) => text(inner(item), 'sval'));
  const name = parts.at(-1) ?? '';
  return name === '' ? null : qualified(parts.at(-2) ?? '', name);
}
