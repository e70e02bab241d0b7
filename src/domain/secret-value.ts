/** A secret's value. It cannot be printed, logged, serialised or cloned by accident: every such way gives `HIDDEN`. Rules and fingerprints are
 *  asked of it; the text itself leaves only by `reveal`, and `test/house.test.ts` lists the files that may call that. */
import { createHmac } from 'node:crypto';
import { CROSSED_OUT } from './secret-text.ts';

export const HIDDEN = '(hidden)';
/** The platform refuses longer ones, and a longer answer of a source is a mistake. */
export const LONGEST_VALUE = 65_536;

export class SecretValue {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  get isEmpty(): boolean {
    return this.#text === '';
  }
  get isTooLong(): boolean {
    return this.#text.length > LONGEST_VALUE;
  }
  contains(part: string): boolean {
    return this.#text.includes(part);
  }
  matches(pattern: string): boolean {
    return new RegExp(pattern, 'u').test(this.#text);
  }
  /** Keyed, and bound to its place: equal values of two secrets do not show. */
  fingerprint(key: StateKey, place: string): string {
    return createHmac('sha256', key.bytes)
      .update(`trimtab secret 1\n${place}\n`)
      .update(this.#text)
      .digest('hex')
      .slice(0, FINGERPRINT_HEX);
  }
  /** The text without this value, however it is written in it. Shorter values are words that any text may hold. */
  crossOut(text: string): string {
    const value = this.#text;
    if (value.length < SHORTEST_CROSSED_OUT) return text;
    return formsOf(value).reduce((left, form) => left.replaceAll(form, CROSSED_OUT), text);
  }
  /** Itself, and the password of an address that it may be: pages and programs show the one without the other. */
  parts(): readonly SecretValue[] {
    const password = URL.parse(this.#text)?.password ?? '';
    const [written, meant] = [password, decoded(password)];
    return [this, ...[...new Set([written, meant])].filter((one) => one !== '').map((one) => new SecretValue(one))];
  }
  /** Of an address that itself is the secret, every piece, as it is written and as it is sent: a receiver may say back any of them. */
  pieces(): readonly SecretValue[] {
    const url = URL.parse(this.#text);
    if (url === null) return [];
    const { href, pathname, search, username } = url;
    const pieces = [href, `${pathname}${search}`, ...pathname.split('/'), search.slice(1), ...url.searchParams.values(), username];
    const all = new Set([...pieces, ...pieces.map(decoded)]);
    return [...all].sort((a, b) => b.length - a.length).map((piece) => new SecretValue(piece));
  }
  /** For the write to the platform, and for a connection that is opened with it. */
  reveal(): string {
    return this.#text;
  }
  toString(): string {
    return HIDDEN;
  }
  toJSON(): string {
    return HIDDEN;
  }
  [Symbol.toPrimitive](): string {
    return HIDDEN;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return HIDDEN;
  }
}
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
/** As it is, and as addresses, forms, JSON, pages and base64 have it. */
function formsOf(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const page = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  const form = new URLSearchParams({ value }).toString().slice('value='.length);
  const all = [
    value,
    encodeURIComponent(value),
    form,
    json,
    json.replaceAll('/', '\\/'),
    page,
    page.replaceAll("'", '&#39;'),
    ...inBase64(value),
  ];
  // The longest first: a shorter one may be a part of it.
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}
/** Whole, and the middle of what it becomes behind one or two other bytes, as `user:password` does: its ends depend on what stands there. */
function inBase64(value: string): readonly string[] {
  const middles = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(value)]).toString('base64');
    const middle = text.slice(shift === 0 ? 0 : 4, -4);
    return middle.length < SHORTEST_CROSSED_OUT ? [] : [middle];
  });
  return [Buffer.from(value).toString('base64'), ...middles].flatMap((one) => [one, one.replaceAll('+', '-').replaceAll('/', '_')]);
}
/** 128 bits. */
const FINGERPRINT_HEX = 32;
const SHORTEST_CROSSED_OUT = 6;

/** What fingerprints are keyed with. Its id tells two keys apart and nothing about either. */
export class StateKey {
  readonly id: string;
  readonly #bytes: Buffer;
  constructor(text: string) {
    this.#bytes = Buffer.from(text, 'utf8');
    this.id = createHmac('sha256', this.#bytes).update('trimtab key id').digest('hex').slice(0, KEY_ID_HEX);
  }
  get bytes(): Buffer {
    return this.#bytes;
  }
  toJSON(): string {
    return HIDDEN;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return HIDDEN;
  }
}
const KEY_ID_HEX = 8;
