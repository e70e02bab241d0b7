/** The price book: the shipped one, with a file of one's own over it. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { makePriceBook, type PriceBook, SHIPPED_BOOK, SHIPPED_FILES } from '#domain/price-book.ts';
import { err, ok, type Result } from '#domain/result.ts';

const LONGEST_LIST = 12;
/** YAML or JSON. Null: the shipped book. Fails with PRICE_BOOK_INVALID, which names every fault. */
export async function readPriceBook(path: string | null): Promise<Result<PriceBook, TrimtabError>> {
  if (path === null) return ok(SHIPPED_BOOK);
  let given: unknown;
  try {
    given = parse(await readFile(path, 'utf8'));
  } catch (thrown) {
    return err(
      failure('PRICE_BOOK_INVALID', `${path}: ${thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown)}`),
    );
  }
  const made = makePriceBook(...SHIPPED_FILES, given);
  if (made.ok) return made;
  const more = made.error.length - LONGEST_LIST;
  const told = [...made.error.slice(0, LONGEST_LIST), ...(more > 0 ? [`and ${more} more`] : [])];
  return err(failure('PRICE_BOOK_INVALID', `${path}: ${told.join('; ')}`));
}
