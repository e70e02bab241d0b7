/** Values that are known anywhere they come out: what is searched for, and in which forms. */

/** In every value, twice; letters and digits only, so that quoting and encoding of URLs leave it as it is, whatever stands around it. */
export const MARK = 'Zq7MarkedX9';
/** And what each way of quoting and encoding changes in its own way. */
const ROUGH = 'Zq8"\\ü+/&=%20 <b>\nX8';
export const marked = (name: string): string => `${name}-${MARK}${ROUGH}end-${MARK}`;
/** Where no quote and no line end may stand: a token, a password in an address. */
export const markedWord = (name: string): string => `${name}-${MARK}-word`;

/** A text as it is, as addresses, forms and pages have it, in hex, and as JSON has it: plain letters, or all others as numbers. */
const WRITTEN: readonly ((text: string) => string)[] = [
  (text) => text,
  encodeURIComponent,
  (text) => new URLSearchParams({ text }).toString().slice('text='.length),
  (text) => JSON.stringify(text).slice(1, -1),
  (text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replace(/[^ -~]/g, numbered),
  (text) => Buffer.from(text).toString('hex'),
  (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
];
const numbered = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
/** The middle of what base64 makes of it, wherever in the encoded text it begins: the ends depend on what stands beside it. */
const inBase64 = (text: string): readonly string[] =>
  [0, 1, 2].flatMap((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]);
    const middle = bytes.toString('base64').slice(shift === 0 ? 0 : 4, -4);
    return [middle, middle.replaceAll('+', '-').replaceAll('/', '_')];
  });
const formsOf = (text: string): readonly string[] => {
  const written = WRITTEN.map((write) => write(text));
  return [...written, ...written.flatMap(inBase64), [...text].reverse().join('')];
};
export const NEEDLES: readonly string[] = [...new Set([...formsOf(MARK), ...formsOf(ROUGH)])];
/** Which of them stand in a text. */
export const found = (text: string): readonly string[] => NEEDLES.filter((needle) => text.includes(needle));

/** Everything that was said, by where. */
export interface Said {
  readonly all: { readonly where: string; readonly text: string }[];
  note(where: string, value: unknown): void;
  /** Where a value came out, with what stands there. */
  leaks(): readonly string[];
}
export function makeSaid(): Said {
  const all: { readonly where: string; readonly text: string }[] = [];
  return {
    all,
    note: (where, value) => void all.push({ where, text: typeof value === 'string' ? value : (JSON.stringify(value) ?? '') }),
    leaks: () => all.flatMap(({ where, text }) => (found(text).length === 0 ? [] : [`${where}: ${around(text)}`])),
  };
}
const AROUND = 150;
function around(text: string): string {
  const at = Math.min(...found(text).map((needle) => text.indexOf(needle)));
  return text.slice(Math.max(0, at - AROUND), at + AROUND);
}
