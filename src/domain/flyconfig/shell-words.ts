/** A command line → its words, by the rules of the platform's client: quotes, backslash, `#` comments; no variables, no globbing. */
import { err, ok, type Result } from '#domain/result.ts';

/** Fails with what is wrong, in a few words. */
export function shellWords(line: string): Result<readonly string[], string> {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  const characters = [...line];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? '';
    if (quote === "'" || (quote === '"' && character !== '\\')) {
      if (character === quote) quote = null;
      else word = `${word ?? ''}${character}`;
    } else if (character === '\\') {
      at += 1;
      if (at >= characters.length) return err('nothing follows the last backslash');
      word = `${word ?? ''}${characters[at] ?? ''}`;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (SPACE.includes(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (character === '#' && word === null) {
      const end = characters.indexOf('\n', at);
      at = end === -1 ? characters.length : end;
    } else word = `${word ?? ''}${character}`;
  }
  if (quote !== null) return err(`a quote (${quote}) is not closed`);
  if (word !== null) words.push(word);
  return ok(words);
}
const SPACE: readonly string[] = [' ', '\t', '\r', '\n'];
