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
    const forms = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), Buffer.from(value).toString('base64')];
    return forms.reduce((left, form) => left.replaceAll(form, CROSSED_OUT), text);
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
