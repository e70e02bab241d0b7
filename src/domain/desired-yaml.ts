/** YAML text → values that know where they stand. Bounded in size, nesting and aliases; never throws. */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Pair, parseAllDocuments, Scalar, visit } from 'yaml';
import type { Problem } from './problem.ts';

/** 1,000 apps in one file are about 1 MiB. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** How much aliases may multiply a document: written by hand they are a handful. */
const MAX_ALIASES = 100;
/** One broken line can break every line after it: the first few say enough. */
const MAX_SYNTAX_PROBLEMS = 20;
/** The composer is recursive, and tells of a full stack as a fault of the text. */
const STACK_FULL = /stack/i;

export type Path = readonly PropertyKey[];
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}
/** Where the value (or the key) at a path stands; the nearest thing around it when it is not there. */
export type Locate = (path: Path, side?: 'key' | 'value') => Place;
/** Changes one text; null leaves it. */
export type Rewrite = (text: string, place: () => Place) => string | null;
export interface YamlFile {
  readonly documents: readonly RawDocument[];
  readonly problems: readonly Problem[];
}
export interface RawDocument {
  /** As written. */
  readonly peek: (path: Path) => unknown;
  readonly locate: Locate;
  /** The file holds a placeholder somewhere: without one nothing needs rewriting. */
  readonly hasPlaceholder: boolean;
  /** The value, after each text that is no key went through `rewrite`. */
  readonly read: (rewrite: Rewrite | null) => { readonly value: unknown; readonly problem: Problem | null };
}

export function readYaml(file: string, text: string): YamlFile {
  // Nothing at all is what a file holds for a moment while somebody writes it: taken for an answer, everything in it would have left git.
  if (text === '') {
    const remedy = 'delete the file if nothing of it is meant to stay';
    return { documents: [], problems: [{ file, line: 1, column: 1, rule: 'empty-file', message: 'the file is empty', remedy }] };
  }
  const start = { file, line: 1, column: 1 };
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) return { documents: [], problems: [tooLarge(start)] };
  const lines = new LineCounter();
  const parsed = parse(text, lines);
  if (parsed === null) return { documents: [], problems: [tooDeep(start)] };
  const placeOf = placesOf(file, lines);
  const faults = parsed.flatMap((document) => [...document.errors, ...document.warnings]);
  if (faults.some(({ message }) => STACK_FULL.test(message))) return { documents: [], problems: [tooDeep(start)] };
  const problems = faults.slice(0, MAX_SYNTAX_PROBLEMS).map((wrong) => ({
    ...placeOf(wrong.pos[0]),
    rule: 'yaml-syntax',
    message: wrong.message,
    remedy: 'correct the YAML: indentation by spaces, quotes around text with special characters',
  }));
  const whole = parsed.filter(isWhole);
  const documents = text.includes('${')
    ? whole.map((document) => makeRaw(document, placeOf))
    : whole.map((document, at) => makePlain(document, locateLater(file, text, at)));
  return { documents, problems };
}
const placesOf =
  (file: string, lines: LineCounter) =>
  (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
const isWhole = (document: Document): boolean => document.errors.length === 0 && document.contents !== null && !isEmpty(document);
function parse(text: string, lineCounter: LineCounter): readonly Document[] | null {
  try {
    // Pretty errors quote the line they are about: it may hold a secret.
    const parsed = parseAllDocuments(text, { lineCounter, prettyErrors: false });
    return Array.isArray(parsed) ? parsed : [];
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
const isEmpty = (document: Document): boolean => isScalar(document.contents) && document.contents.value === null;

function makeRaw(document: Document, placeOf: (offset: number) => Place): RawDocument {
  const locate: Locate = (path, side = 'value') => placeOf(offsetOf(document, path, side));
  return {
    locate,
    hasPlaceholder: true,
    peek: (path) => document.getIn(path),
    read: (rewrite) => {
      if (rewrite !== null) rewriteScalars(document, rewrite, placeOf);
      return toValue(document, locate);
    },
  };
}
/** Nothing in it is rewritten: the value is taken and the tree let go. A thousand trees are what compiling would need most memory for, and only
 *  a problem asks where something stands. */
function makePlain(document: Document, locate: Locate): RawDocument {
  const read = toValue(document, locate);
  return { locate, hasPlaceholder: false, peek: (path) => valueAt(read.value, path), read: () => read };
}
/** Made apart from everything else: who keeps it keeps the text, and nothing that was read from it. */
const locateLater =
  (file: string, text: string, index: number): Locate =>
  (path, side) =>
    locateAgain(file, text, index)(path, side);
function locateAgain(file: string, text: string, index: number): Locate {
  const lines = new LineCounter();
  const document = (parse(text, lines) ?? []).filter(isWhole)[index];
  const placeOf = placesOf(file, lines);
  return (path, side = 'value') => placeOf(document === undefined ? 0 : offsetOf(document, path, side));
}
function toValue(document: Document, locate: Locate): ReturnType<RawDocument['read']> {
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), problem: null };
  } catch (error) {
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    return { value: null, problem: aliasBomb(locate([])) };
  }
}
const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((at, step) => (typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined), value);
function rewriteScalars(document: Document, rewrite: Rewrite, placeOf: (offset: number) => Place): void {
  visit(document, {
    Scalar: (key, node) => {
      if (key === 'key' || typeof node.value !== 'string') return;
      const written = rewrite(node.value, () => placeOf(node.range?.[0] ?? 0));
      if (written !== null) node.value = node.type === Scalar.PLAIN ? resolvePlain(written) : written;
    },
  });
}
/** Unquoted text is read as YAML would read the result, where that loses nothing. */
function resolvePlain(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && String(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text;
}

function offsetOf(document: Document, path: Path, side: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [at, step] of path.entries()) {
    const pair = pairAt(node, step);
    const next = pair === null ? (isSeq(node) ? node.items[Number(step)] : undefined) : pair.value;
    if (pair === null && next === undefined) return offset;
    const last = at === path.length - 1;
    offset = (last && side === 'key' ? startOf(pair?.key) : startOf(next)) ?? startOf(pair?.key) ?? offset;
    if (isAlias(next)) return offset;
    node = next;
  }
  return offset;
}
const pairAt = (node: unknown, step: PropertyKey): Pair | null =>
  isMap(node) ? (node.items.find(({ key }) => (isScalar(key) ? String(key.value) : String(key)) === String(step)) ?? null) : null;
const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

const tooLarge = (place: Place): Problem => ({
  ...place,
  rule: 'too-large',
  message: `the file is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`,
  remedy: 'split it into several files of the same folder',
});
const tooDeep = (place: Place): Problem => ({
  ...place,
  rule: 'too-large',
  message: 'the file is nested too deeply to be read',
  remedy: 'write it with the few levels the kinds have',
});
const aliasBomb = (place: Place): Problem => ({
  ...place,
  rule: 'too-large',
  message: 'anchors and aliases multiply this document beyond reason',
  remedy: `write the values out; at most ${MAX_ALIASES} uses of an alias are read`,
});
