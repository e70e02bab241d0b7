/** Statements as PostgreSQL's own parser sees them; the parser itself is handed in. */
import type { Json, JsonObject } from '#domain/json.ts';
import { isJsonObject } from '#domain/json.ts';
import type { Result } from '#domain/result.ts';
import type { Migration } from './files.ts';

export interface Statement {
  /** The parser's word: `IndexStmt`, `AlterTableStmt`, … */
  readonly kind: string;
  readonly node: JsonObject;
  /** In characters of the parsed text; `end` is behind the last one. */
  readonly start: number;
  readonly end: number;
}
export interface SyntaxFault {
  readonly message: string;
  readonly position: number;
}
export type ParseSql = (sql: string) => Result<readonly Statement[], SyntaxFault>;
export interface ParsedMigration {
  readonly migration: Migration;
  readonly statements: readonly Statement[];
  readonly mode: TransactionMode;
}
/** `one`: in a transaction of ours · `own`: it has transactions of its own · `none`: statement by statement. */
export type TransactionMode = 'one' | 'own' | 'none';

/** golang-migrate sends a file as it is: one that opens transactions has its own, and a lone statement that bears none runs without. */
export function modeOf({ noTransaction }: Pick<Migration, 'noTransaction'>, statements: readonly Statement[]): TransactionMode {
  if (noTransaction) return 'none';
  if (statements.some(({ kind }) => kind === 'TransactionStmt')) return 'own';
  const [first] = statements;
  return statements.length === 1 && first !== undefined && bearsNoTransaction(first) ? 'none' : 'one';
}
const ALONE: readonly string[] = [
  'VacuumStmt',
  'CreatedbStmt',
  'DropdbStmt',
  'AlterSystemStmt',
  'CreateTableSpaceStmt',
  'DropTableSpaceStmt',
];
/** The server refuses these inside a transaction. */
export function bearsNoTransaction({ kind, node }: Statement): boolean {
  if (kind === 'VacuumStmt') return flag(node, 'is_vacuumcmd');
  if (ALONE.includes(kind)) return true;
  if (kind === 'ReindexStmt') return list(node, 'params').some((param) => text(inner(param), 'defname') === 'concurrently');
  return (kind === 'IndexStmt' || kind === 'DropStmt') && flag(node, 'concurrent');
}
export const lineAt = (sql: string, position: number): number => sql.slice(0, Math.max(0, position)).split('\n').length;

export const flag = (node: JsonObject, key: string): boolean => node[key] === true;
export const text = (node: JsonObject, key: string): string => {
  const value = node[key];
  return typeof value === 'string' ? value : '';
};
export const object = (node: JsonObject, key: string): JsonObject => {
  const value = node[key];
  return isJsonObject(value) ? value : {};
};
export const list = (node: JsonObject, key: string): readonly Json[] => {
  const value = node[key];
  return Array.isArray(value) ? value : [];
};
/** `{ Constraint: { … } }` → what is inside. */
export function inner(wrapped: Json | undefined): JsonObject {
  if (!isJsonObject(wrapped)) return {};
  const [value] = Object.values(wrapped);
  return isJsonObject(value) ? value : {};
}
