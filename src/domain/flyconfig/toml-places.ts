/** Where the keys of a TOML text stand. The parser in use tells values only; a problem has to name file, line and column. Expects valid TOML. */

/** Offsets of keys and of their values. */
export interface TomlPlaces {
  readonly keys: ReadonlyMap<string, number>;
  readonly values: ReadonlyMap<string, number>;
}
export const placeKey = (path: readonly PropertyKey[]): string => path.map(String).join('\u0000');

type Steps = readonly (string | number)[];
interface Cursor {
  readonly text: string;
  at: number;
  readonly keys: Map<string, number>;
  readonly values: Map<string, number>;
  /** Length so far of each list of tables. */
  readonly counts: Map<string, number>;
}

export function tomlPlaces(text: string): TomlPlaces {
  const cursor: Cursor = { text, at: 0, keys: new Map(), values: new Map(), counts: new Map() };
  let table: Steps = [];
  for (skipSpace(cursor); cursor.at < text.length; skipSpace(cursor)) {
    const before = cursor.at;
    if (text[cursor.at] === '[') table = readHeader(cursor);
    else readPair(cursor, table);
    // Only text that is no TOML stands still.
    if (cursor.at === before) cursor.at += 1;
  }
  return { keys: cursor.keys, values: cursor.values };
}

/** `[a.b]` or `[[a.b]]`: the path of the table that follows. */
function readHeader(cursor: Cursor): Steps {
  const list = cursor.text[cursor.at + 1] === '[';
  const start = cursor.at;
  cursor.at += list ? 2 : 1;
  const parts = readKey(cursor);
  cursor.at += list ? 2 : 1;
  let path: Steps = [];
  for (const [index, { name }] of parts.entries()) {
    path = [...path, name];
    note(cursor, path, start, start);
    const known = cursor.counts.get(placeKey(path));
    if (index === parts.length - 1 && list) {
      cursor.counts.set(placeKey(path), (known ?? 0) + 1);
      path = [...path, known ?? 0];
      note(cursor, path, start, start);
    } else if (known !== undefined) path = [...path, known - 1];
  }
  return path;
}
function readPair(cursor: Cursor, table: Steps): void {
  let path = table;
  const parts = readKey(cursor);
  if (cursor.text[cursor.at] === '=') cursor.at += 1;
  skipBlanks(cursor);
  for (const { name, at } of parts) {
    path = [...path, name];
    note(cursor, path, at, cursor.at);
  }
  readValue(cursor, path);
}
function note(cursor: Cursor, path: Steps, key: number, value: number): void {
  const text = placeKey(path);
  if (cursor.keys.has(text)) return;
  cursor.keys.set(text, key);
  cursor.values.set(text, value);
}

interface KeyPart {
  readonly name: string;
  readonly at: number;
}
function readKey(cursor: Cursor): readonly KeyPart[] {
  const parts: KeyPart[] = [];
  for (;;) {
    skipBlanks(cursor);
    const at = cursor.at;
    const quote = cursor.text[at];
    if (quote === '"' || quote === "'") {
      skipText(cursor);
      const inside = cursor.text.slice(at + 1, cursor.at - 1);
      parts.push({ name: quote === '"' ? plainKey(inside) : inside, at });
    } else {
      while (/[A-Za-z0-9_-]/.test(cursor.text[cursor.at] ?? '')) cursor.at += 1;
      parts.push({ name: cursor.text.slice(at, cursor.at), at });
    }
    skipBlanks(cursor);
    if (cursor.text[cursor.at] !== '.') return parts;
    cursor.at += 1;
  }
}
/** Escapes in keys are rare: a key that is not found by name is told at the section around it. */
const plainKey = (text: string): string => text.replace(/\\(["\\])/g, '$1');

function readValue(cursor: Cursor, path: Steps): void {
  const first = cursor.text[cursor.at];
  if (first === '"' || first === "'") skipText(cursor);
  else if (first === '[') readList(cursor, path);
  else if (first === '{') readInline(cursor, path);
  else while (cursor.at < cursor.text.length && !/[,\]}#\n]/.test(cursor.text[cursor.at] ?? '')) cursor.at += 1;
}
function readList(cursor: Cursor, path: Steps): void {
  cursor.at += 1;
  for (let index = 0; cursor.at < cursor.text.length; index += 1) {
    skipSpace(cursor);
    if (cursor.text[cursor.at] === ']') break;
    note(cursor, [...path, index], cursor.at, cursor.at);
    readValue(cursor, [...path, index]);
    skipSpace(cursor);
    if (cursor.text[cursor.at] === ',') cursor.at += 1;
    else break;
  }
  cursor.at += 1;
}
function readInline(cursor: Cursor, path: Steps): void {
  cursor.at += 1;
  while (cursor.at < cursor.text.length) {
    skipSpace(cursor);
    if (cursor.text[cursor.at] === '}') break;
    readPair(cursor, path);
    skipSpace(cursor);
    if (cursor.text[cursor.at] === ',') cursor.at += 1;
    else break;
  }
  cursor.at += 1;
}
/** A text of any of the four kinds; the cursor stands behind it. */
function skipText(cursor: Cursor): void {
  const { text } = cursor;
  const quote = text[cursor.at] ?? '';
  const long = text.startsWith(quote.repeat(3), cursor.at);
  const end = long ? quote.repeat(3) : quote;
  cursor.at += end.length;
  while (cursor.at < text.length && !text.startsWith(end, cursor.at)) cursor.at += quote === '"' && text[cursor.at] === '\\' ? 2 : 1;
  cursor.at += end.length;
  // Up to two quotes may stand right before the closing three.
  while (long && text[cursor.at] === quote) cursor.at += 1;
}
function skipBlanks(cursor: Cursor): void {
  while (cursor.text[cursor.at] === ' ' || cursor.text[cursor.at] === '\t') cursor.at += 1;
}
/** White space, line ends and comments. */
function skipSpace(cursor: Cursor): void {
  for (;;) {
    while (/\s/.test(cursor.text[cursor.at] ?? '')) cursor.at += 1;
    if (cursor.text[cursor.at] !== '#') return;
    while (cursor.at < cursor.text.length && cursor.text[cursor.at] !== '\n') cursor.at += 1;
  }
}
