/** PostgreSQL's own grammar (libpg-query, compiled to WebAssembly): statements with their places in the text. */
import { isJsonObject } from '#domain/json.ts';
import type { ParseSql, Statement } from '#domain/migrations/statements.ts';
import { err, ok } from '#domain/result.ts';

/** Loaded by the first that needs it: thirty milliseconds, and memory that a controller without migrations never takes. */
export async function loadSqlParser(): Promise<ParseSql> {
  const { hasSqlDetails, loadModule, parseSync } = await import('libpg-query');
  await loadModule();
  return (sql) => {
    // The parser takes an empty text for a mistake of its caller.
    if (sql.trim() === '') return ok([]);
    try {
      const tree: unknown = parseSync(sql);
      const statements = isJsonObject(tree) && Array.isArray(tree['stmts']) ? tree['stmts'] : [];
      const place = placer(sql);
      return ok(statements.flatMap((raw) => toStatement(raw, sql.length, place)));
    } catch (thrown) {
      if (!hasSqlDetails(thrown)) throw thrown;
      return err({ message: thrown.message, position: thrown.sqlDetails?.cursorPosition ?? 0 });
    }
  };
}
function toStatement(raw: unknown, end: number, place: (byte: number) => number): readonly Statement[] {
  if (!isJsonObject(raw) || !isJsonObject(raw['stmt'])) return [];
  const [kind] = Object.keys(raw['stmt']);
  const node = raw['stmt'][kind ?? ''];
  if (kind === undefined || !isJsonObject(node)) return [];
  const start = Number(raw['stmt_location'] ?? 0);
  const length = Number(raw['stmt_len'] ?? 0);
  return [{ kind, node, start: place(start), end: length === 0 ? end : place(start + length) }];
}
/** The parser counts bytes, texts have characters; nothing to translate where all is ASCII. Asked in rising order. */
function placer(sql: string): (byte: number) => number {
  if (!/[^\x00-\x7f]/.test(sql)) return (byte) => byte;
  const bytes = Buffer.from(sql);
  return (byte) => bytes.subarray(0, byte).toString('utf8').length;
}
